/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about an image, read from its root file system before anything of it runs. */
#pragma once

#include "lib/error.h"
#include "src/syscont.h"

struct spec_process;

/*
 * Host root, host namespaces; nothing of the image is executed, and no symlink of
 * it leads out of it. What cannot be found is zero; only a root that cannot be
 * opened is an error. `dirs` are the directories whose symlinks are wanted, `p` is
 * the process whose program may be a script; NULL: none.
 */
int image_read(struct image *ret, const char *rootfs, char *const *dirs,
	       const struct spec_process *p, struct error *err);
void image_done(struct image *im);
