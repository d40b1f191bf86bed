/* SPDX-License-Identifier: Apache-2.0 */
/* What a container writes to a private sysctl: refused, or it reads back and is taken again. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fs/node-value.h"
#include "lib/emul.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_row(const struct emul_file *row, const char *data, size_t size)
{
	const struct node_value_text t = {data, size, size && data[0] == '\n' ? 1 : 0};
	struct node_values_store *s;
	struct error err;
	char first[NODE_VALUE_MAX], second[NODE_VALUE_MAX];
	ssize_t n;

	must(node_values_map(&s, &err) == 0);
	const struct node_value_place p = {s, {-1, NULL}, -1};
	n = node_value_write(row, &p, &t);
	must(n <= (ssize_t)size);
	if (n >= 0) {
		n = node_value_read(row, s, &p.host, first);
		must(n > 0 && n < NODE_VALUE_MAX && first[n - 1] == '\n');
		const struct node_value_text again = {first, (size_t)n, 0};
		must(node_value_write(row, &p, &again) == n);
		must(node_value_read(row, s, &p.host, second) == n);
		must(strcmp(first, second) == 0);
	}
	node_values_unmap(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < n_emul_files; i++)
		if (emul_files[i].kind == EMUL_VALUE)
			try_row(&emul_files[i], (const char *)data, size);
	return 0;
}
