/* SPDX-License-Identifier: Apache-2.0 */
/* Which calls are trapped, how their arguments are read; and the descriptors behind one. */
#include "tests/unit/unit.h"

#include <linux/audit.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "fs/fdset.h"
#include "fs/trap-mount.h"
#include "fs/trap.h"

static void trap_find__by_architecture(void **state)
{
	static const struct {
		uint32_t arch, nr;
		const struct trap *trap;
	} rows[] = {
		{AUDIT_ARCH_X86_64, 165, &trap_mount},
		{AUDIT_ARCH_X86_64, 166, &trap_umount},
		{AUDIT_ARCH_X86_64, 429, &trap_move_mount},
		{AUDIT_ARCH_X86_64, 0x40000000 + 165, &trap_mount},
		{AUDIT_ARCH_I386, 21, &trap_mount},
		{AUDIT_ARCH_I386, 52, &trap_umount},
		{AUDIT_ARCH_AARCH64, 40, &trap_mount},
		{AUDIT_ARCH_RISCV64, 39, &trap_umount},
		{AUDIT_ARCH_X86_64, 99, &trap_sysinfo},
		{AUDIT_ARCH_X86_64, 204, &trap_affinity},
		{AUDIT_ARCH_X86_64, 92, &trap_chown},
		{AUDIT_ARCH_X86_64, 94, &trap_lchown},
		{AUDIT_ARCH_X86_64, 93, &trap_fchown},
		{AUDIT_ARCH_X86_64, 260, &trap_fchownat},
		{AUDIT_ARCH_AARCH64, 54, &trap_fchownat},
		{AUDIT_ARCH_AARCH64, 92, NULL},
		{AUDIT_ARCH_I386, 116, NULL},
		{AUDIT_ARCH_I386, 242, NULL},
		{AUDIT_ARCH_I386, 165, NULL},
		{AUDIT_ARCH_X86_64, 21, NULL},
		{AUDIT_ARCH_X86_64, UINT32_MAX, NULL},
		{0, 165, NULL},
		{AUDIT_ARCH_AARCH64, 442, &trap_remount},
		{0, 429, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_ptr_equal(trap_find(rows[i].arch, rows[i].nr), rows[i].trap);
#ifdef __x86_64__
	assert_ptr_equal(trap_find(AUDIT_ARCH_X86_64, SYS_mount), &trap_mount);
	assert_ptr_equal(trap_find(AUDIT_ARCH_X86_64, SYS_umount2), &trap_umount);
	assert_ptr_equal(trap_find(AUDIT_ARCH_X86_64, SYS_move_mount), &trap_move_mount);
#endif
}

static void trap_of__three_kinds_of_mount(void **state)
{
	struct seccomp_data d = {.arch = AUDIT_ARCH_X86_64, .nr = 165};

	(void)state;
	d.args[TRAP_MOUNT_FLAGS] = MS_RDONLY;
	assert_ptr_equal(trap_of(&d), &trap_mount);
	d.args[TRAP_MOUNT_FLAGS] = MS_REMOUNT | MS_BIND | MS_RDONLY;
	assert_ptr_equal(trap_of(&d), &trap_remount);
	d.args[TRAP_MOUNT_FLAGS] = MS_BIND | MS_RDONLY;
	assert_ptr_equal(trap_of(&d), &trap_bind);
	d.nr = 166;
	assert_ptr_equal(trap_of(&d), &trap_umount);
	assert_false(trap_is_setattr(&d));
	d.nr = 442;
	assert_ptr_equal(trap_of(&d), &trap_remount);
	assert_true(trap_is_setattr(&d));
}

static void trap_mount_attrs__as_the_kernel(void **state)
{
	struct trap_attrs a = trap_mount_attrs(MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV);

	(void)state;
	assert_int_equal(a.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
	assert_int_equal(a.clear,
			 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW);
	/* A time of access that is named replaces the others. */
	a = trap_mount_attrs(MS_REMOUNT | MS_BIND | MS_NOATIME);
	assert_int_equal(a.set, MOUNT_ATTR_NOATIME);
	assert_int_equal(a.clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					  MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
					  MOUNT_ATTR_NODIRATIME | MOUNT_ATTR__ATIME);
	a = trap_mount_attrs(MS_REMOUNT | MS_BIND | MS_RELATIME);
	assert_int_equal(a.set, 0);
	assert_true((a.clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME);
}

static void overmount_kind_of_type__types(void **state)
{
	(void)state;
	assert_int_equal(overmount_kind_of_type("proc"), OVERMOUNT_PROC);
	assert_int_equal(overmount_kind_of_type("sysfs"), OVERMOUNT_SYS);
	assert_int_equal(overmount_kind_of_type("procx"), OVERMOUNT_NONE);
	assert_int_equal(overmount_kind_of_type(""), OVERMOUNT_NONE);
	assert_int_equal(overmount_kind_of_type("tmpfs"), OVERMOUNT_NONE);
}

static void trap_mount_decode__flags(void **state)
{
	static const struct {
		uint64_t flags, sb_flags, attrs;
	} rows[] = {
		{0, 0, 0},
		{MS_MGC_VAL, 0, 0},
		{MS_MGC_VAL | MS_RDONLY, MS_RDONLY, MOUNT_ATTR_RDONLY},
		{MS_NOSUID | MS_NODEV | MS_NOEXEC, 0,
		 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
		{MS_NOATIME, 0, MOUNT_ATTR_NOATIME},
		{MS_NOATIME | MS_STRICTATIME, 0, MOUNT_ATTR_STRICTATIME},
		{MS_RELATIME | MS_NODIRATIME, 0, MOUNT_ATTR_NODIRATIME},
		{MS_SILENT | MS_SYNCHRONOUS | MS_LAZYTIME, MS_SYNCHRONOUS | MS_LAZYTIME, 0},
		{256, 0, MOUNT_ATTR_NOSYMFOLLOW},
	};
	_cleanup_free_ struct trap_mount_args *a = xcalloc(1, sizeof(*a));
	struct mount_new m;

	(void)state;
	strcpy(a->fstype, "proc");
	strcpy(a->options, "hidepid=2");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		a->flags = rows[i].flags;
		assert_int_equal(trap_mount_decode(a, &m), 0);
		assert_true(m.sb_flags == rows[i].sb_flags);
		assert_true(m.attrs == rows[i].attrs);
		assert_null(m.source);
		assert_string_equal(m.options, "hidepid=2");
	}
}

static void trap_mount_decode__refused(void **state)
{
	static const uint64_t flags[] = {MS_BIND,	MS_MOVE,	  MS_REMOUNT,
					 MS_SHARED,	MS_PRIVATE,	  MS_SLAVE,
					 MS_UNBINDABLE, UINT64_C(1) << 31};
	static const char *const options[] = {"a=\"b,c\"", "a\\,b"};
	_cleanup_free_ struct trap_mount_args *a = xcalloc(1, sizeof(*a));
	struct mount_new m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		a->flags = flags[i];
		assert_int_equal(trap_mount_decode(a, &m), -EOPNOTSUPP);
	}
	a->flags = 0;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		strcpy(a->options, options[i]);
		assert_int_equal(trap_mount_decode(a, &m), -EOPNOTSUPP);
	}
}

static void fdset__add_next_remove(void **state)
{
	struct fdset s = FDSET_EMPTY;
	struct error err;
	int a[2], b[2];
	uint64_t number;
	uint32_t events;

	(void)state;
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	assert_int_equal(fdset_add(&s, 1, a[0], &err), 0);
	assert_int_equal(fdset_watch(&s, EPOLLIN, &err), 0);
	assert_int_equal(fdset_add(&s, 2, b[0], &err), 0);
	assert_false(fdset_next(&s, &number, &events));
	assert_int_equal(write(b[1], "x", 1), 1);
	assert_true(fdset_next(&s, &number, &events));
	assert_int_equal(number, 2);
	assert_int_equal(fdset_find(&s, 1), a[0]);
	fdset_remove(&s, 2);
	fdset_remove(&s, 2);
	assert_int_equal(fdset_find(&s, 2), -EBADF);
	assert_false(fdset_next(&s, &number, &events));
	/* Hang-ups come without being asked for. */
	assert_int_equal(fdset_watch(&s, 0, &err), 0);
	close(a[1]);
	assert_true(fdset_next(&s, &number, &events));
	assert_true(number == 1 && (events & EPOLLHUP));
	fdset_done(&s);
	close(b[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_find__by_architecture),
		cmocka_unit_test(trap_of__three_kinds_of_mount),
		cmocka_unit_test(trap_mount_attrs__as_the_kernel),
		cmocka_unit_test(overmount_kind_of_type__types),
		cmocka_unit_test(trap_mount_decode__flags),
		cmocka_unit_test(trap_mount_decode__refused),
		cmocka_unit_test(fdset__add_next_remove),
	};

	return RUN(tests);
}
