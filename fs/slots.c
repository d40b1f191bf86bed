/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * SIGKILL may strike between any two instructions of the worker, so the order of the stores
 * is the protocol:
 *
 *	first word = 0; busy = 1; read(2) fills the memory; ...answer...; busy = 0
 *
 * The kernel finishes copying a request that it has taken off its queue before the reader can
 * die. So busy with a nonzero first word means a whole request; busy with zero means that
 * read(2) delivered nothing. If the worker is killed between the answer and busy = 0, the
 * request is answered twice, and the kernel refuses the second answer with ENOENT, for FUSE
 * and for seccomp alike: harmless.
 *
 * Only one process works at a time; the stores need an order for the compiler and for the
 * successor, to which they become visible by the death in between. Sequentially consistent
 * atomics give both at a negligible cost.
 */
#include "fs/slots.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

int slots_map(struct slots *ret, size_t n, size_t size, struct error *err)
{
	size_t heads_size = whole_pages(n * sizeof(struct slot_head));
	struct slots s = {.n = n, .size = whole_pages(size)};
	void *p = mmap(NULL, heads_size + n * s.size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return error_errno(err, errno, "map %zu request slots", n);
	s.heads = p;
	s.mem = (char *)p + heads_size;
	*ret = s;
	return 0;
}

void *slots_mem(const struct slots *s, size_t i)
{
	return s->mem + i * s->size;
}

static uint64_t *first_word(const struct slots *s, size_t i)
{
	return slots_mem(s, i);
}

ssize_t slots_receive(struct slots *s, size_t i, slots_receive_fn receive, void *arg)
{
	struct slot_head *h = &s->heads[i];
	ssize_t n;

	__atomic_store_n(first_word(s, i), 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&h->attempts, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&h->busy, 1, __ATOMIC_SEQ_CST);
	n = receive(slots_mem(s, i), s->size, arg);
	if (n <= 0)
		slots_release(s, i);
	else
		(void)__atomic_add_fetch(&h->received, 1, __ATOMIC_RELAXED);
	return n;
}

void slots_release(struct slots *s, size_t i)
{
	__atomic_store_n(&s->heads[i].busy, 0, __ATOMIC_SEQ_CST);
}

uint32_t slots_received(const struct slots *s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += __atomic_load_n(&s->heads[i].received, __ATOMIC_RELAXED);
	return n;
}

bool slots_is_pending(const struct slots *s, size_t i)
{
	return __atomic_load_n(&s->heads[i].busy, __ATOMIC_SEQ_CST) &&
	       __atomic_load_n(first_word(s, i), __ATOMIC_SEQ_CST) != 0;
}

uint32_t slots_retry(struct slots *s, size_t i)
{
	return __atomic_add_fetch(&s->heads[i].attempts, 1, __ATOMIC_SEQ_CST);
}
