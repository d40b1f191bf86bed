/* SPDX-License-Identifier: Apache-2.0 */
/* The passes, and what they share with each other and with exec: for src/syscont*.c only. */
#pragma once

#include <stdbool.h>

#include "lib/error.h"

struct spec;
struct spec_mount;
struct spec_process;
struct syscont;
struct syscont_owner;

/* One file each: src/syscont-<name>.c; in which order, and why: src/syscont-passes.c. */
int syscont_ns(struct syscont *sc, struct error *err);
int syscont_ids(struct syscont *sc, struct error *err);
int syscont_owner(struct syscont *sc, struct error *err);
int syscont_paths(struct syscont *sc, struct error *err);
int syscont_mounts(struct syscont *sc, struct error *err);
int syscont_cgroup(struct syscont *sc, struct error *err);
int syscont_devices(struct syscont *sc, struct error *err);
int syscont_caps(struct syscont *sc, struct error *err);
int syscont_emul(struct syscont *sc, struct error *err);
int syscont_lsm(struct syscont *sc, struct error *err);
int syscont_seccomp(struct syscont *sc, struct error *err);
int syscont_stores(struct syscont *sc, struct error *err);
int syscont_sysctl(struct syscont *sc, struct error *err);
int syscont_systemd(struct syscont *sc, struct error *err);

/* What holds for a process of exec, too. */
void syscont_process_env(struct syscont *sc, struct spec_process *p);
void syscont_process_caps(const struct syscont *sc, struct spec_process *p);
void syscont_process_lsm(struct spec_process *p);

void syscont_mount_remove(struct spec *s, struct spec_mount *m);
/* "PATH:UID:GID:UID:GID", on disk and inside; the caller frees ret->target. */
bool syscont_owner_parse(const char *text, struct syscont_owner *ret);
/* Does the image have a journald that insists on a /dev/kmsg that can be polled? */
bool syscont_polls_kmsg(const struct syscont *sc);
