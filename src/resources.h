/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as values: an update and what was set before. Pure. */
#pragma once

struct spec_resources;

/*
 * Take over into `saved` what `update` sets, so that the next update knows it; zero
 * and empty mean "leave it" where they do so at create. Then complete `update` by
 * the saved halves of what the kernel takes in one piece, or checks together:
 * quota and period, memory and memory+swap. Device rules and what does not
 * change in a running container stay as they are.
 */
void resources_merge(struct spec_resources *saved, struct spec_resources *update);
