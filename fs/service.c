/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/service.h"

#include <assert.h>

#include "lib/macro.h"

const struct service *const services[] = {
	&engine_view_service,
	&emul_fast_service,
	&emul_plain_service,
};
const size_t n_services = ARRAY_SIZE(services);

static_assert(ARRAY_SIZE(services) <= SERVICES_MAX, "the keeper has room for each service");
