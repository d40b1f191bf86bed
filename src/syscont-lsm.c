/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security modules. The AppArmor profiles that engines generate forbid mount(2),
 * writes below /proc and ptrace: made for containers whose root is the host's.
 * Here the user namespace draws that line. A profile that somebody wrote and
 * named is a decision, and stays.
 *
 * SELinux labels separate containers from each other and from the host by
 * category, and the container types allow what a user namespace allows: kept.
 */
#include <fnmatch.h>
#include <stdlib.h>

#include "lib/macro.h"
#include "src/spec.h"
#include "src/syscont-passes.h"
#include "src/syscont.h"

static const char *const generated[] = {
	"docker-default",
	"cri-containerd.apparmor.d", /* containerd, for Kubernetes and `ctr --apparmor-...` */
	"nerdctl-default",
	"crio-default*",
	"containers-default-*", /* podman, buildah: the library's version follows */
};

void syscont_process_lsm(struct spec_process *p)
{
	for (size_t i = 0; p->apparmor_profile && i < ARRAY_SIZE(generated); i++) {
		if (fnmatch(generated[i], p->apparmor_profile, 0) != 0)
			continue;
		free(p->apparmor_profile);
		p->apparmor_profile = NULL;
	}
}

int syscont_lsm(struct syscont *sc, struct error *err)
{
	(void)err; /* a pass by its type; nothing here can fail */
	syscont_process_lsm(sc->spec->process);
	return 0;
}
