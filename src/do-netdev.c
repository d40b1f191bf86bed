/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices of the host that become the container's (linux.netDevices).
 *
 * The kernel moves a device with its name, MTU and hardware address, and takes its
 * addresses away: those of global scope that somebody has set are read before and set
 * again inside (config-linux.md, "Network Devices"). A name may be taken inside, so the
 * new one is given with the move, in one request.
 *
 * When the container ends, its namespace does, and the kernel gives a physical device
 * back to the host; virtual ones go with it.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/ns.h"
#include "lib/spawn.h"
#include "src/do.h"
#include "src/plan.h"

/* An address as RTM_GETADDR reports it and RTM_NEWADDR takes it. */
struct address {
	struct ifaddrmsg header;
	unsigned char local[16];
	unsigned char peer[16];
	unsigned char broadcast[4];
	bool has_local, has_peer, has_broadcast;
};

struct device {
	const char *name;
	const char *new_name;
	int netns_fd; /* the container's */
	struct address *addresses;
	size_t n_addresses;
};

struct request {
	struct nlmsghdr header;
	unsigned char room[512];
};

/* ------------------------------------------------------------------ netlink */

static void *append(struct request *q, const void *data, size_t len)
{
	void *at = (unsigned char *)q + NLMSG_ALIGN(q->header.nlmsg_len);

	memcpy(at, data, len);
	q->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->header.nlmsg_len) + len);
	return at;
}

static void add_attribute(struct request *q, unsigned short type, const void *data, size_t len)
{
	const struct rtattr a = {.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(len)};

	append(q, &a, sizeof(a));
	append(q, data, len);
}

static struct request request(uint16_t type, uint16_t flags)
{
	return (struct request){
		.header = {.nlmsg_len = NLMSG_HDRLEN,
			   .nlmsg_type = type,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
	};
}

static int open_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

/* NLMSG_NEXT and RTA_NEXT by way of void: the kernel aligns both, and compilers cannot know. */
static const struct nlmsghdr *next_message(const struct nlmsghdr *h, size_t *left)
{
	size_t step = NLMSG_ALIGN(h->nlmsg_len);

	*left -= step < *left ? step : *left;
	return (const void *)((const char *)h + step);
}

static const struct rtattr *next_attribute(const struct rtattr *a, size_t *left)
{
	size_t step = RTA_ALIGN(a->rta_len);

	*left -= step < *left ? step : *left;
	return (const void *)((const char *)a + step);
}

typedef int (*on_message)(const struct nlmsghdr *h, void *arg);

/* Everything up to the acknowledgement, or to the end of a dump. */
static int exchange(int sock, const struct request *q, on_message fn, void *arg)
{
	_Alignas(struct nlmsghdr) unsigned char buf[8192];

	if (send(sock, q, q->header.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(sock, buf, sizeof(buf), 0);
		size_t left = n > 0 ? (size_t)n : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		for (const struct nlmsghdr *h = (const void *)buf; NLMSG_OK(h, left);
		     h = next_message(h, &left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (fn)
				fn(h, arg);
		}
	}
}

static int link_request(int sock, unsigned int index, unsigned int flags, unsigned int change,
			const struct device *move)
{
	struct request q = request(RTM_NEWLINK, NLM_F_ACK);
	const struct ifinfomsg link = {
		.ifi_index = (int)index,
		.ifi_flags = flags,
		.ifi_change = change,
	};

	append(&q, &link, sizeof(link));
	if (move) {
		const uint32_t fd = (uint32_t)move->netns_fd;

		add_attribute(&q, IFLA_NET_NS_FD, &fd, sizeof(fd));
		add_attribute(&q, IFLA_IFNAME, move->new_name, strlen(move->new_name) + 1);
	}
	return exchange(sock, &q, NULL, NULL);
}

/* ------------------------------------------------------------------ addresses */

struct gathering {
	struct device *device;
	unsigned int index;
};

static void take_bytes(unsigned char *to, size_t size, bool *has, const struct rtattr *a)
{
	if (RTA_PAYLOAD(a) > size)
		return;
	memcpy(to, RTA_DATA(a), RTA_PAYLOAD(a));
	*has = true;
}

/* Those from a router or a DHCP client are assigned again, or are not ours to keep. */
static int gather_address(const struct nlmsghdr *h, void *arg)
{
	const struct gathering *g = arg;
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
	struct address *a;

	if (h->nlmsg_type != RTM_NEWADDR || m->ifa_index != g->index ||
	    m->ifa_scope != RT_SCOPE_UNIVERSE || !(m->ifa_flags & IFA_F_PERMANENT))
		return 0;
	a = array_add((void **)&g->device->addresses, &g->device->n_addresses, sizeof(*a));
	a->header = *m;
	for (const struct rtattr *r = (const void *)(m + 1); RTA_OK(r, left);
	     r = next_attribute(r, &left)) {
		if (r->rta_type == IFA_LOCAL)
			take_bytes(a->local, sizeof(a->local), &a->has_local, r);
		else if (r->rta_type == IFA_ADDRESS)
			take_bytes(a->peer, sizeof(a->peer), &a->has_peer, r);
		else if (r->rta_type == IFA_BROADCAST)
			take_bytes(a->broadcast, sizeof(a->broadcast), &a->has_broadcast, r);
	}
	return 0;
}

static int gather_addresses(int sock, struct device *d, unsigned int index)
{
	struct gathering g = {.device = d, .index = index};
	struct request q = request(RTM_GETADDR, NLM_F_DUMP);
	const struct ifaddrmsg any = {.ifa_family = AF_UNSPEC};

	append(&q, &any, sizeof(any));
	return exchange(sock, &q, gather_address, &g);
}

static int set_address(int sock, const struct address *a, unsigned int index)
{
	const size_t len = a->header.ifa_family == AF_INET ? 4 : 16;
	struct request q = request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg m = a->header;

	m.ifa_index = index;
	append(&q, &m, sizeof(m));
	if (a->has_local)
		add_attribute(&q, IFA_LOCAL, a->local, len);
	if (a->has_peer)
		add_attribute(&q, IFA_ADDRESS, a->peer, len);
	if (a->has_broadcast)
		add_attribute(&q, IFA_BROADCAST, a->broadcast, sizeof(a->broadcast));
	return exchange(sock, &q, NULL, NULL);
}

/* ------------------------------------------------------------------ one device */

/* In the host's network namespace. */
static int send_device(struct device *d)
{
	_cleanup_close_ int sock = open_netlink();
	unsigned int index = if_nametoindex(d->name);
	int r;

	if (sock < 0)
		return sock;
	if (!index)
		return -errno;
	r = gather_addresses(sock, d, index);
	/* A device that is up cannot be renamed. */
	if (r == 0)
		r = link_request(sock, index, 0, IFF_UP, NULL);
	return r < 0 ? r : link_request(sock, index, 0, 0, d);
}

/* In the container's: a child of ours. */
static int receive_device(void *arg)
{
	const struct device *d = arg;
	_cleanup_close_ int sock = -EBADF;
	unsigned int index;
	int r = 0;

	if (setns(d->netns_fd, CLONE_NEWNET) < 0)
		return -errno;
	index = if_nametoindex(d->new_name);
	if (!index)
		return -errno;
	sock = open_netlink();
	if (sock < 0)
		return sock;
	for (size_t i = 0; r == 0 && i < d->n_addresses; i++)
		r = set_address(sock, &d->addresses[i], index);
	return r < 0 ? r : link_request(sock, index, IFF_UP, IFF_UP, NULL);
}

static int move_device(struct device *d, struct error *err)
{
	int r = send_device(d);

	if (r < 0)
		return error_errno(err, -r,
				   "linux.netDevices: move the network device \"%s\" into the "
				   "container as \"%s\"",
				   d->name, d->new_name);
	r = spawn_call(receive_device, d);
	return r < 0 ? error_errno(err, -r, "linux.netDevices: set up \"%s\" in the container",
				   d->new_name)
		     : 0;
}

int do_net_devices(const struct plan *p, pid_t init, struct error *err)
{
	_cleanup_close_ int netns = -EBADF;
	int r = 0;

	if (!p->n_net_devices)
		return 0;
	netns = ns_open(init, CLONE_NEWNET);
	if (netns < 0)
		return error_errno(err, -netns, "open the container's network namespace");
	for (size_t i = 0; r == 0 && i < p->n_net_devices; i++) {
		struct device d = {
			.name = p->net_devices[i].key,
			.new_name = p->net_devices[i].value,
			.netns_fd = netns,
		};

		r = move_device(&d, err);
		free(d.addresses);
	}
	return r;
}
