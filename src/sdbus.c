/* SPDX-License-Identifier: Apache-2.0 */
/* The names as the library has them. */
#define SDBUS_OWN_NAMES
#include "src/sdbus.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#define LIBRARY "libsystemd.so.0"

struct sdbus sdbus;

#define SDBUS_ENTRY(f) {#f, &sdbus.f},
static const struct {
	const char *name;
	void *pointer; /* to a function of any type */
} functions[] = {SDBUS_FUNCTIONS(SDBUS_ENTRY)};

int sdbus_load(struct error *err)
{
	static bool is_loaded;
	void *library;

	if (is_loaded)
		return 0;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return error_set(err, ENOPKG, "the systemd cgroup driver needs libsystemd: %s",
				 dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		void *function = dlsym(library, functions[i].name);

		if (!function)
			return error_set(err, ENOPKG, LIBRARY " has no %s", functions[i].name);
		memcpy(functions[i].pointer, &function, sizeof(function));
	}
	is_loaded = true;
	return 0;
}
