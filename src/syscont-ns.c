/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces. An engine that leaves one out means "the host's"; root inside
 * would then hold capabilities over nothing that it sees (the host's network is
 * not the user namespace's), and would see what is not its own. That is refused,
 * in the words of the option that led there. What engines never ask for, because
 * their containers do not need it, is added.
 *
 * Some engines say "the host's" by a path instead. Whether /proc/1/ns/net or
 * /run/docker/netns/default is the host's, only the kernel knows: launch looks.
 */
#include <errno.h>

#include "lib/alloc.h"
#include "lib/flags.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/host.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

static const struct {
	const char *type;
	const char *option; /* of docker run and podman run, as most users know it */
} required[] = {
	{"mount", NULL}, /* no engine can do without; a config.json by hand can */
	{"pid", "--pid=host"}, {"network", "--net=host"},
	{"ipc", "--ipc=host"}, {"uts", "--uts=host"},
};

/* In the order in which they are added. */
static const char *const added[] = {
	"user",	  /* what everything else rests on */
	"cgroup", /* /proc/self/cgroup and /sys/fs/cgroup begin at the container's own */
	"time",	  /* uptime counts from the container's start */
};

static int check_required(const struct spec *s, struct error *err)
{
	_cleanup_strbuf_ struct strbuf missing = STRBUF_EMPTY, options = STRBUF_EMPTY;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		if (spec_find_namespace(s, required[i].type))
			continue;
		strbuf_addf(&missing, "%s%s", n++ ? " and " : "", required[i].type);
		if (required[i].option)
			strbuf_addf(&options, "%s%s", options.len ? " and " : "",
				    required[i].option);
	}
	if (!n)
		return 0;
	if (!options.len)
		return error_set(err, EINVAL,
				 "linux.namespaces: a system container needs a %s "
				 "namespace of its own",
				 strbuf_str(&missing));
	return error_set(err, EINVAL,
			 "a system container needs %s%s namespace%s of its own; run without %s",
			 n == 1 ? "a " : "", strbuf_str(&missing), n == 1 ? "" : "s",
			 strbuf_str(&options));
}

static void add_namespace(struct spec_linux *l, const char *type)
{
	struct spec_namespace *ns =
		array_add((void **)&l->namespaces, &l->n_namespaces, sizeof(*ns));

	ns->type = xstrdup(type);
}

int syscont_ns(struct syscont *sc, struct error *err)
{
	int r = check_required(sc->spec, err);

	if (r < 0)
		return r;
	/* Who names one says what its offsets are: those of the specification, or none. */
	sc->time_is_ours = !spec_find_namespace(sc->spec, "time");
	for (size_t i = 0; i < ARRAY_SIZE(added); i++) {
		const struct flag_name *f = flag_find(flags_namespaces, added[i]);

		if (!spec_find_namespace(sc->spec, added[i]) &&
		    (sc->host->namespaces & f->value))
			add_namespace(sc->spec->linux_, added[i]);
	}
	if (!spec_find_namespace(sc->spec, "user"))
		return error_set(err, ENOTSUP, "this kernel has no user namespaces");
	return 0;
}
