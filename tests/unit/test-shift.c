/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include "fs/shift.h"
#include "lib/idmap.h"

#define CAPS "security.capability"
#define ACL  "system.posix_acl_access"

static int setup(void **state)
{
	struct idmap *m = xcalloc(1, sizeof(*m));

	idmap_add(&m->uids, 0, 100000, 65536);
	idmap_add(&m->gids, 0, 200000, 65536);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	idmap_done(*state);
	free(*state);
	return 0;
}

static void shift_stat__owner(void **state)
{
	struct stat st = {.st_uid = 100007, .st_gid = 200008};

	shift_stat(*state, &st);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_gid, 8);
}

static void shift_stat__owner_outside_the_range(void **state)
{
	struct stat st = {.st_uid = 0, .st_gid = 300000};

	shift_stat(*state, &st);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 65534);
}

static size_t put_caps(char *buf, uint32_t magic, uint32_t root, size_t len)
{
	const struct vfs_ns_cap_data c = {
		.magic_etc = htole32(magic),
		.data = {{htole32(1 << CAP_NET_RAW), 0}},
		.rootid = htole32(root),
	};

	memcpy(buf, &c, len);
	return len;
}

static void assert_caps(const char *buf, uint32_t magic, uint32_t root, size_t len)
{
	char expected[64];

	put_caps(expected, magic, root, len);
	assert_memory_equal(buf, expected, len);
}

#define V2     (VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE)
#define V3     (VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE)
#define V2_LEN XATTR_CAPS_SZ_2
#define V3_LEN XATTR_CAPS_SZ_3

static void shift_xattr__caps_of_the_image(void **state)
{
	char buf[64];
	size_t n = put_caps(buf, V2, 0, V2_LEN);

	assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, CAPS, buf, n), V3_LEN);
	assert_caps(buf, V3, 100000, V3_LEN);
	assert_int_equal(shift_xattr(*state, SHIFT_TO_INSIDE, CAPS, buf, V3_LEN), V2_LEN);
	assert_caps(buf, V2, 0, V2_LEN);
}

static void shift_xattr__caps_of_a_nested_namespace(void **state)
{
	char buf[64];
	size_t n = put_caps(buf, V3, 5000, V3_LEN);

	assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, CAPS, buf, n), V3_LEN);
	assert_caps(buf, V3, 105000, V3_LEN);
	assert_int_equal(shift_xattr(*state, SHIFT_TO_INSIDE, CAPS, buf, n), V3_LEN);
	assert_caps(buf, V3, 5000, V3_LEN);
}

static void shift_xattr__caps_of_a_root_that_is_not_there(void **state)
{
	char buf[64];
	size_t n = put_caps(buf, V3, 70000, V3_LEN);

	assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, CAPS, buf, n), -EOVERFLOW);
}

static void shift_xattr__caps_of_version_2_are_read_as_they_are(void **state)
{
	char buf[64];
	size_t n = put_caps(buf, V2, 0, V2_LEN);

	assert_int_equal(shift_xattr(*state, SHIFT_TO_INSIDE, CAPS, buf, n), V2_LEN);
	assert_caps(buf, V2, 0, V2_LEN);
}

static void shift_xattr__caps_of_another_length(void **state)
{
	char buf[64] = "12345678";

	for (size_t n = 0; n < 64; n++)
		if (n != V2_LEN && n != V3_LEN)
			assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, CAPS, buf, n),
					 n);
	assert_string_equal(buf, "12345678");
}

struct list {
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry e[4];
};

static struct list list(uint32_t uid, uint32_t gid)
{
	return (struct list){
		.head.a_version = htole32(POSIX_ACL_XATTR_VERSION),
		.e =
			{
				{htole16(ACL_USER_OBJ), htole16(6),
				 htole32((uint32_t)ACL_UNDEFINED_ID)},
				{htole16(ACL_USER), htole16(6), htole32(uid)},
				{htole16(ACL_GROUP), htole16(4), htole32(gid)},
				{htole16(ACL_OTHER), 0, htole32((uint32_t)ACL_UNDEFINED_ID)},
			},
	};
}

static void shift_xattr__acl(void **state)
{
	struct list l = list(1000, 50), outside = list(101000, 200050), inside = l;

	assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, ACL, &l, sizeof(l)), sizeof(l));
	assert_memory_equal(&l, &outside, sizeof(l));
	assert_int_equal(shift_xattr(*state, SHIFT_TO_INSIDE, ACL, &l, sizeof(l)), sizeof(l));
	assert_memory_equal(&l, &inside, sizeof(l));
}

/* As Linux 6.1 shows them through an overlay of id-mapped layers. */
static void shift_xattr__acl_as_it_is_on_disk(void **state)
{
	struct list l = list(1000, 50), disk = l;

	assert_int_equal(shift_xattr(*state, SHIFT_TO_INSIDE, ACL, &l, sizeof(l)), sizeof(l));
	assert_memory_equal(&l, &disk, sizeof(l));
}

static void shift_xattr__acl_of_nobody_there(void **state)
{
	struct list l = list(70000, 50), read = list(65534, 65534);

	assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, ACL, &l, sizeof(l)), -EOVERFLOW);
	l = list(70000, 300000);
	assert_int_equal(shift_xattr(*state, SHIFT_TO_INSIDE, ACL, &l, sizeof(l)), sizeof(l));
	assert_memory_equal(&l, &read, sizeof(l));
}

static void shift_xattr__acl_malformed(void **state)
{
	struct list l = list(1, 1);

	assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, ACL, &l, 0), 0);
	for (size_t n = 1; n < sizeof(l); n++)
		if (n % 8 != 4)
			assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, ACL, &l, n),
					 -EINVAL);
}

static void shift_xattr__others_are_not_touched(void **state)
{
	char buf[] = "value of twenty bytes";

	assert_int_equal(shift_xattr(*state, SHIFT_TO_OUTSIDE, "user.x", buf, 20), 20);
	assert_string_equal(buf, "value of twenty bytes");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(shift_stat__owner),
		T(shift_stat__owner_outside_the_range),
		T(shift_xattr__caps_of_the_image),
		T(shift_xattr__caps_of_a_nested_namespace),
		T(shift_xattr__caps_of_a_root_that_is_not_there),
		T(shift_xattr__caps_of_version_2_are_read_as_they_are),
		T(shift_xattr__caps_of_another_length),
		T(shift_xattr__acl),
		T(shift_xattr__acl_as_it_is_on_disk),
		T(shift_xattr__acl_of_nobody_there),
		T(shift_xattr__acl_malformed),
		T(shift_xattr__others_are_not_touched),
	};

	return RUN(tests);
}
