/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the plan of a container, one file each: for src/plan*.c only. */
#pragma once

#include "lib/error.h"

struct plan;
struct syscont;

int plan_namespaces(struct plan *p, const struct syscont *sc, struct error *err);
int plan_mounts(struct plan *p, const struct syscont *sc, struct error *err);
int plan_devices(struct plan *p, const struct syscont *sc, struct error *err);
