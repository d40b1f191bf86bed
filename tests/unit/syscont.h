/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration, a host, and what becomes of them: for tests of the pure stages. */
#pragma once

#include "tests/unit/unit.h"

#include "lib/str.h"
#include "lib/strv.h"
#include "lib/sys.h"
#include "src/host.h"
#include "src/plan-parts.h"
#include "src/plan.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

#define ALL_NAMESPACES                                                                         \
	(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |             \
	 CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWTIME)

struct fixture {
	struct spec *spec;
	struct host host;
	struct syscont sc;
	struct plan *plan;
	struct error err;
};

/*
 * Members of the configuration as JSON text, in single quotes for double ones: the
 * three objects are completed with what every configuration has.
 */
struct parts {
	const char *process;
	const char *root;
	const char *mounts;
	const char *linux_;
};

static inline _unused_ void fixture_open(struct fixture *f, struct parts p)
{
	_cleanup_free_ char *text = xasprintf(
		"{'ociVersion':'1.2.0','process':{'user':{'uid':0,'gid':0},'args':['sh'],'cwd':"
		"'/'%s%s},"
		"'root':{'path':'rootfs'%s%s},'mounts':[%s],'linux':{'namespaces':[{'type':'"
		"mount'},"
		"{'type':'pid'},{'type':'network'},{'type':'ipc'},{'type':'uts'}]%s%s}}",
		p.process ? "," : "", p.process ? p.process : "", p.root ? "," : "",
		p.root ? p.root : "", p.mounts ? p.mounts : "", p.linux_ ? "," : "",
		p.linux_ ? p.linux_ : "");

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	*f = (struct fixture){.sc = SYSCONT_EMPTY};
	f->host.namespaces = ALL_NAMESPACES;
	f->host.caps = 0x7;
	f->host.has_fuse = f->host.has_tun = true;
	if (spec_parse(&f->spec, text, strlen(text), "test", &f->err) < 0)
		fail_msg("%s\n%s", f->err.text, text);
	f->sc.spec = f->spec;
	f->sc.host = &f->host;
	idmap_add(&f->sc.idmap.uids, 0, 100000, 65536);
	idmap_add(&f->sc.idmap.gids, 0, 100000, 65536);
}

static inline _unused_ void fixture_done(struct fixture *f)
{
	(void)plan_free(f->plan);
	(void)spec_free(f->spec);
	syscont_done(&f->sc);
}

/* The passes, and the plan: 0 or the error's number. */
static inline _unused_ int fixture_rewrite(struct fixture *f)
{
	syscont_env(&f->sc);
	return syscont_rewrite(&f->sc, &f->err);
}

static inline _unused_ int fixture_plan(struct fixture *f)
{
	int r = fixture_rewrite(f);

	return r == 0 ? plan_make(&f->plan, &f->sc, &f->err) : r;
}

/* Does any warning contain this? */
static inline _unused_ bool fixture_warns(const struct fixture *f, const char *text)
{
	for (char **w = f->sc.warnings; w && *w; w++)
		if (strstr(*w, text))
			return true;
	return false;
}
