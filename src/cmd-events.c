/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics and OOM events, one JSON object per line, in runc's form. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/cli.h"
#include "src/cmd.h"
#include "src/container.h"

#define DEFAULT_INTERVAL "5s"
#define NS_PER_SEC	 1e9
/* Of an interval, in nanoseconds: what fits in a struct timespec with room to spare. */
#define INTERVAL_MAX 1e18

struct events {
	const char *interval;
	bool stats;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct events, "interval", 0, STRING, interval, "TIME",
		   "between two lines of statistics, such as 500ms or 1m30s [" DEFAULT_INTERVAL
		   "]"),
	CLI_OPTION(struct events, "stats", 0, FLAG, stats, NULL,
		   "print the statistics once and exit"),
	{0},
};

/* A duration of Go: "1h2m3.5s", units ns us ms s m h. */
static int parse_duration(const char *text, double *ret_ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},
	};
	double sum = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		size_t digits = strspn(text, "0123456789."), len;
		char *end;
		double n = strtod(text, &end), unit = 0;

		if (digits == 0 || end != text + digits)
			return -EINVAL;
		len = strspn(end, "nusmh");
		for (size_t i = 0; i < ARRAY_SIZE(units); i++)
			if (strlen(units[i].name) == len &&
			    strncmp(units[i].name, end, len) == 0)
				unit = units[i].ns;
		if (unit == 0)
			return -EINVAL;
		sum += n * unit;
		text = end + len;
	}
	if (!(sum < INTERVAL_MAX))
		return -ERANGE;
	*ret_ns = sum;
	return 0;
}

static void print_event(const char *type, const char *id, const char *data)
{
	_cleanup_(strbuf_done) struct strbuf line = STRBUF_EMPTY;

	strbuf_addf(&line, "{\"type\":\"%s\",\"id\":", type);
	json_quote(&line, id);
	if (data)
		strbuf_addf(&line, ",\"data\":%s", data);
	strbuf_addc(&line, '}');
	puts(strbuf_str(&line));
	fflush(stdout);
}

static int print_stats(const struct container *ct, struct error *err)
{
	_cleanup_(strbuf_done) struct strbuf data = STRBUF_EMPTY;
	int r;

	r = cgroup_stats(&ct->state.cgroup, &data, err);
	if (r == 0)
		print_event("stats", ct->state.id, strbuf_str(&data));
	return r;
}

static int timer_open(double interval_ns, struct error *err)
{
	double sec = floor(interval_ns / NS_PER_SEC);
	struct timespec t = {.tv_sec = (time_t)sec,
			     .tv_nsec = (long)(interval_ns - sec * NS_PER_SEC)};
	struct itimerspec spec = {.it_interval = t, .it_value = t};
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		return error_errno(err, errno, "set up a timer");
	return take_fd(&fd);
}

struct watch {
	const struct container *ct;
	int oom_fd;
	int timer_fd;
	int pidfd;
	int64_t oom_kills; /* reported so far; on v2 */
};

static void watch_done(struct watch *w)
{
	fd_close(w->oom_fd);
	fd_close(w->timer_fd);
	fd_close(w->pidfd);
}

static int watch_open(struct watch *w, double interval_ns, struct error *err)
{
	w->pidfd = state_init_pidfd(&w->ct->state, err);
	if (w->pidfd < 0)
		return w->pidfd;
	w->timer_fd = timer_open(interval_ns, err);
	if (w->timer_fd < 0)
		return w->timer_fd;
	w->oom_fd = cgroup_oom_fd(&w->ct->state.cgroup, err);
	if (w->oom_fd < 0)
		return w->oom_fd;
	w->oom_kills = cgroup_oom_kills(&w->ct->state.cgroup);
	return 0;
}

/*
 * The descriptor also wakes us when the group goes, and on v2 at every other event
 * of memory: there the counter tells.
 */
static void on_oom(struct watch *w)
{
	const struct cgroup *cg = &w->ct->state.cgroup;
	char drain[4096];
	int64_t kills;

	while (read(w->oom_fd, drain, sizeof(drain)) > 0)
		;
	kills = cgroup_oom_kills(cg);
	if (kills < 0 || (cg->is_v2 && kills <= w->oom_kills))
		return;
	w->oom_kills = kills;
	print_event("oom", w->ct->state.id, NULL);
}

static void on_timer(struct watch *w)
{
	struct error err = {0};
	uint64_t ticks;

	if (read(w->timer_fd, &ticks, sizeof(ticks)) < 0)
		return;
	if (print_stats(w->ct, &err) < 0)
		log_error("%s", err.text);
}

static int watch_loop(struct watch *w, struct error *err)
{
	for (;;) {
		struct pollfd p[] = {
			{.fd = w->oom_fd, .events = POLLIN},
			{.fd = w->timer_fd, .events = POLLIN},
			{.fd = w->pidfd, .events = POLLIN},
		};

		if (poll(p, ARRAY_SIZE(p), -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_errno(err, errno, "wait for events");
		}
		if (p[0].revents)
			on_oom(w);
		if (p[2].revents)
			return 0; /* the container has ended */
		if (p[1].revents)
			on_timer(w);
	}
}

static int run(struct cmd *c, struct error *err)
{
	_cleanup_(container_done) struct container ct = CONTAINER_EMPTY;
	_cleanup_(watch_done) struct watch w = {&ct, -EBADF, -EBADF, -EBADF, 0};
	const struct events *a = c->values;
	double interval;
	int r;

	if (parse_duration(a->interval ? a->interval : DEFAULT_INTERVAL, &interval) < 0)
		return error_set(err, EINVAL, "invalid value for interval: \"%s\"",
				 a->interval);
	if (interval < 1)
		return error_set(err, EINVAL, "duration interval must be greater than 0");
	r = container_open(&ct, c->options->root, c->args[0], STATE_SHARED, err);
	if (r < 0)
		return r;
	if (state_status(&ct.dir, &ct.state) == STATE_STOPPED)
		return error_set(err, ESRCH, "container with id %s is not running",
				 ct.state.id);
	if (a->stats)
		return print_stats(&ct, err);
	r = watch_open(&w, interval, err);
	return r < 0 ? r : watch_loop(&w, err);
}

const struct verb verb_events = {
	.name = "events",
	.arguments = "CONTAINER",
	.summary = "print statistics and out-of-memory events of a container",
	.options = options,
	.values_size = sizeof(struct events),
	.min_args = 1,
	.max_args = 1,
	.cli_flags = CLI_PERMUTE,
	.run = run,
};
