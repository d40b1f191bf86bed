/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: does one run, and does it know this program? */
#include <unistd.h>

#include "lib/str.h"
#include "src/doctor-internal.h"
#include "src/install.h"

static void probe_docker(const struct doctor *d, struct doctor_row *row)
{
	const char *path;

	if (d->daemon.pid == 0 && !d->has_docker) {
		doctor_found(row, "no Docker engine runs here");
		doctor_mend(
			row, DOCTOR_WARN,
			"systemctl start docker (apt-get install docker.io); not needed for "
			"Podman and containerd");
		return;
	}
	if (!d->has_docker) {
		doctor_found(row, "dockerd (pid %d) does not answer at %s", d->daemon.pid,
			     d->daemon.socket);
		doctor_mend(row, DOCTOR_FAIL, "look into dockerd's log: journalctl -u docker");
		return;
	}
	path = docker_info_runtime(&d->docker, INSTALL_NAME);
	if (!path) {
		doctor_found(row, "Docker %s runs and does not know " INSTALL_NAME,
			     d->docker.version);
		doctor_mend(row, DOCTOR_FAIL, INSTALL_NAME " install");
		return;
	}
	doctor_found(row, "Docker %s, %s, cgroup driver %s; " INSTALL_NAME " is %s",
		     d->docker.version, d->docker.driver, d->docker.cgroup_driver, path);
	if (*path == '/' && access(path, X_OK) < 0)
		doctor_mend(row, DOCTOR_FAIL,
			    "that program is not there: " INSTALL_NAME " install");
	else if (*path == '/' && !str_eq(path, d->program))
		doctor_mend(row, DOCTOR_WARN,
			    "this program is %s; to use it: " INSTALL_NAME " install",
			    d->program);
}

static const struct doctor_probe probes[] = {
	{"docker", probe_docker},
};
const struct doctor_area doctor_engine = {probes, ARRAY_SIZE(probes)};
