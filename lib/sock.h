/* SPDX-License-Identifier: Apache-2.0 */
/* Unix SEQPACKET sockets: one datagram is one message, descriptors travel beside it. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SOCK_FDS_MAX 16

/* A connected pair, close-on-exec. */
int sock_pair(int ret[2]);
/* Send one message with n fds (borrowed). -EPIPE without a signal when the peer is gone. */
int sock_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds);
/*
 * Receive one message of at most `len` bytes; its length is returned, 0 at end
 * of file. Received fds are owned by the caller; -EMSGSIZE (and nothing is kept)
 * when the message or the fds do not fit.
 */
ssize_t sock_recv(int sock, void *data, size_t len, int *fds, size_t max_fds,
		  size_t *ret_n_fds);
/* Until there is a message, or the end of file: 0; -ETIMEDOUT. */
int sock_wait(int sock, int timeout_ms);
/* Connect to a SOCK_STREAM unix socket by path of any length (console sockets). */
int sock_connect_stream(const char *path);
/*
 * A SEQPACKET socket that listens at dirfd/name, replacing what a dead one left; and one
 * connected to it. Needs /proc.
 */
int sock_listen_at(int dirfd, const char *name);
int sock_connect_at(int dirfd, const char *name);
/* The next connection, close-on-exec. */
int sock_accept(int sock);
/* Send one fd with a short text over a stream socket (the console protocol of runc). */
int sock_send_fd(int sock, int fd, const char *text);
