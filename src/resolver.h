/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for inner containers.
 *
 * On a network of the user's, Docker's resolver listens on 127.0.0.11 in the container's
 * network namespace, and resolv.conf says so. An inner engine cannot hand that address on:
 * each of its containers has a 127.0.0.0/8 of its own. So the resolver gets a second
 * address, one that every inner network can reach, and resolv.conf names that one.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

/* Link-local (RFC 3927): no router knows it, and it is on the "lo" of one namespace only. */
#define RESOLVER_ADDRESS "169.254.11.53"

/*
 * Runtime, host namespaces, when the engine has set up the network and before the user's
 * program runs. `resolv_conf` is the engine's own file on the host, which the container
 * has mounted; one that does not name 127.0.0.11 is left alone. On failure it is, too.
 */
int resolver_share(const char *resolv_conf, pid_t init_pid, struct error *err);

/* The pure parts. */

/* With the engine's resolver replaced in all nameserver lines; NULL: it is in none. Owned. */
char *resolver_rewrite(const char *text);
/*
 * The local port of the first socket on 127.0.0.11 in /proc/PID/net/{udp,tcp}; 0 none. With
 * `listening` only a socket in LISTEN counts.
 */
in_port_t resolver_port(const char *text, bool listening);
