/* SPDX-License-Identifier: Apache-2.0 */
/* sysbox-fs: the supervisor of one container. sysbox-runc starts it with a socket as fd 3. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fs/keeper.h"
#include "lib/log.h"
#include "lib/proto.h"

static bool is_started_by_runtime(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(PROTO_SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	struct error err;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("sysbox-fs %s\n", PACKAGE_VERSION);
		return EXIT_SUCCESS;
	}
	if (argc != 1 || !is_started_by_runtime()) {
		fprintf(stderr, "sysbox-fs supervises one container and is started by "
				"`sysbox-runc create`; see sysbox-fs(8)\n");
		return EXIT_FAILURE;
	}
	if (keeper_run(PROTO_SOCKET_FD, &err) < 0) {
		log_error("%s", err.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
