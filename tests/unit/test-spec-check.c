/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "lib/str.h"
#include "lib/strbuf.h"
#include "src/spec.h"

/*
 * A sound configuration with holes: what a row gives for a hole is put there, the
 * rest stays as it is, so that each row is about one thing.
 */
enum hole {
	OCI_VERSION,
	ROOT,
	PROCESS,
	TOP,	    /* further members of the configuration */
	NAMESPACES, /* further namespaces behind mount, pid, network, ipc, uts */
	LINUX,	    /* further members of `linux` */
	N_HOLES
};

static const char *const usual[N_HOLES] = {
	[OCI_VERSION] = "1.2.0",
	[ROOT] = "{'path':'rootfs'}",
	[PROCESS] = "'args':['sh'],'cwd':'/'",
	[TOP] = "",
	[NAMESPACES] = "",
	[LINUX] = "",
};

struct row {
	enum hole hole;
	const char *text;
	const char *message; /* NULL: is accepted */
};

/* Rows are written with ' for ", in the JSON and in the message: they are many. */
static char *requote(const char *s)
{
	char *copy = xstrdup(s);

	for (char *p = copy; (p = strchr(p, '\'')); p++)
		*p = '"';
	return copy;
}

static char *compose(enum hole hole, const char *members)
{
	const char *h[N_HOLES];
	_cleanup_free_ char *text = NULL;

	memcpy(h, usual, sizeof(h));
	h[hole] = members;
	text = xasprintf("{'ociVersion':'%s','root':%s,'process':{%s}%s%s,"
			 "'linux':{'namespaces':[{'type':'mount'},{'type':'pid'},"
			 "{'type':'network'},{'type':'ipc'},{'type':'uts'}%s%s]%s%s}}",
			 h[OCI_VERSION], h[ROOT], h[PROCESS], *h[TOP] ? "," : "", h[TOP],
			 *h[NAMESPACES] ? "," : "", h[NAMESPACES], *h[LINUX] ? "," : "",
			 h[LINUX]);
	return requote(text);
}

/* Read and checked; the caller says what was to be expected. */
static int check(const char *text, struct error *err)
{
	_cleanup_(spec_freep) struct spec *s = NULL;

	if (spec_parse(&s, text, strlen(text), "config.json", err) < 0)
		fail_msg("%s: %s", text, err->text);
	return spec_check(s, err);
}

static void assert_verdict(const char *text, const char *message)
{
	_cleanup_free_ char *want = message ? requote(message) : NULL;
	struct error err = {0};
	int r = check(text, &err);

	if (!want && r < 0)
		fail_msg("%s: refused: %s", text, err.text);
	if (want && r == 0)
		fail_msg("%s: accepted", text);
	if (want && strcmp(err.text, want) != 0)
		fail_msg("%s: \"%s\", but want \"%s\"", text, err.text, want);
}

/* The test of every table: its rows are the initial state. */
static void check_rows(void **state)
{
	for (const struct row *row = *state; row->text; row++) {
		_cleanup_free_ char *text = compose(row->hole, row->text);

		assert_verdict(text, row->message);
	}
}
#define ROWS(table)                                                                            \
	{                                                                                      \
		.name = #table, .test_func = check_rows, .initial_state = (void *)(table)      \
	}

static const struct row spec_check__version[] = {
	{OCI_VERSION, "1.0.0", NULL},
	{OCI_VERSION, "1.0.2-dev", NULL},
	{OCI_VERSION, "1.0.0-rc5+dev.1", NULL},
	{OCI_VERSION, "1.99.0", NULL},
	{OCI_VERSION, "", "ociVersion: not a version: ''"},
	{OCI_VERSION, "1.0", "ociVersion: not a version: '1.0'"},
	{OCI_VERSION, "1.0.x", "ociVersion: not a version: '1.0.x'"},
	{OCI_VERSION, "1.0.0 ", "ociVersion: not a version: '1.0.0 '"},
	{OCI_VERSION, "v1.0.0", "ociVersion: not a version: 'v1.0.0'"},
	{OCI_VERSION, "99999999999.0.0", "ociVersion: not a version: '99999999999.0.0'"},
	{OCI_VERSION, "0.9.0", "ociVersion: 0.9.0 is not supported, only 1.x is"},
	{OCI_VERSION, "2.0.0", "ociVersion: 2.0.0 is not supported, only 1.x is"},
	{0},
};

static const struct row spec_check__root[] = {
	{ROOT, "null", "root: is missing"},
	{ROOT, "{'path':''}", "root.path: must not be empty"},
	{ROOT, "{'path':'/abs','readonly':true}", NULL},
	{0},
};

static const struct row spec_process_check__args[] = {
	{PROCESS, "'cwd':'/'", "process.args: must not be empty"},
	{PROCESS, "'cwd':'/','args':[]", "process.args: must not be empty"},
	{PROCESS, "'cwd':'/','args':['']", "process.args[0]: must not be empty"},
	{PROCESS, "'cwd':'/','args':['a','']", NULL},
	{0},
};

#define P "'args':['sh'],'cwd':'/',"
static const struct row spec_process_check__cwd[] = {
	{PROCESS, "'args':['sh']", "process.cwd: must not be empty"},
	{PROCESS, "'args':['sh'],'cwd':'tmp'",
	 "process.cwd: must be an absolute path, not 'tmp'"},
	{0},
};

static const struct row spec_process_check__env[] = {
	{PROCESS, P "'env':['A=','B=c=d']", NULL},
	{PROCESS, P "'env':['A=b','SECRET']", "process.env[1]: no '=' in it"},
	{PROCESS, P "'env':['=b']", "process.env[0]: no name before '='"},
	{0},
};

static const struct row spec_process_check__user[] = {
	{PROCESS, P "'user':{'uid':4294967295,'gid':1,'umask':511}", NULL},
	{PROCESS, P "'user':{'uid':0,'gid':0,'umask':512}",
	 "process.user.umask: 512 is not a umask"},
	{0},
};

static const struct row spec_process_check__rlimits[] = {
	{PROCESS, P "'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551615}]",
	 NULL},
	{PROCESS, P "'rlimits':[{'type':'RLIMIT_X','soft':0,'hard':0}]",
	 "process.rlimits[0].type: unknown limit 'RLIMIT_X'"},
	{PROCESS, P "'rlimits':[{'type':'NOFILE','soft':0,'hard':0}]",
	 "process.rlimits[0].type: unknown limit 'NOFILE'"},
	{PROCESS,
	 P "'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':1},{'type':'RLIMIT_"
	   "CPU',"
	   "'soft':1,'hard':1}]",
	 "process.rlimits[1].type: RLIMIT_CPU twice"},
	{PROCESS, P "'rlimits':[{'type':'RLIMIT_CPU','soft':2,'hard':1}]",
	 "process.rlimits[0]: soft limit of RLIMIT_CPU above the hard one"},
	{0},
};

static const struct row spec_process_check__oom_score_adj[] = {
	{PROCESS, P "'oomScoreAdj':-1000", NULL},
	{PROCESS, P "'oomScoreAdj':1000", NULL},
	{PROCESS, P "'oomScoreAdj':-1001",
	 "process.oomScoreAdj: -1001 is not within -1000 to 1000"},
	{PROCESS, P "'oomScoreAdj':1001",
	 "process.oomScoreAdj: 1001 is not within -1000 to 1000"},
	{0},
};

static const struct row spec_process_check__scheduler[] = {
	{PROCESS, P "'scheduler':{'policy':'SCHED_BATCH','nice':-20}", NULL},
	{PROCESS, P "'scheduler':{'policy':'SCHED_FIFO','priority':99}", NULL},
	{PROCESS,
	 P "'scheduler':{'policy':'SCHED_DEADLINE','runtime':1,'deadline':2,"
	   "'period':3,"
	   "'flags':['SCHED_FLAG_RESET_ON_FORK']}",
	 NULL},
	{PROCESS, P "'scheduler':{'policy':''}", "process.scheduler.policy: unknown policy ''"},
	{PROCESS, P "'scheduler':{'policy':'SCHED_X'}",
	 "process.scheduler.policy: unknown policy 'SCHED_X'"},
	{PROCESS, P "'scheduler':{'policy':'SCHED_OTHER','flags':['F']}",
	 "process.scheduler.flags[0]: unknown flag 'F'"},
	{PROCESS, P "'scheduler':{'policy':'SCHED_OTHER','nice':20}",
	 "process.scheduler.nice: 20 is not within -20 to 19"},
	{PROCESS, P "'scheduler':{'policy':'SCHED_BATCH','nice':-21}",
	 "process.scheduler.nice: -21 is not within -20 to 19"},
	{PROCESS, P "'scheduler':{'policy':'SCHED_OTHER','priority':1}",
	 "process.scheduler.priority: not with SCHED_OTHER"},
	{PROCESS, P "'scheduler':{'policy':'SCHED_RR','period':1}",
	 "process.scheduler: runtime, deadline and period not with SCHED_RR"},
	{0},
};

static const struct row spec_process_check__io_priority[] = {
	{PROCESS, P "'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':7}", NULL},
	{PROCESS, P "'ioPriority':{'class':'IOPRIO_CLASS_X','priority':0}",
	 "process.ioPriority.class: unknown class 'IOPRIO_CLASS_X'"},
	{PROCESS, P "'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}",
	 "process.ioPriority.priority: 8 is not within 0 to 7"},
	{PROCESS, P "'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':-1}",
	 "process.ioPriority.priority: -1 is not within 0 to 7"},
	{0},
};

static const struct row spec_process_check__cpu_affinity[] = {
	{PROCESS, P "'execCPUAffinity':{'initial':'0-3,7, 9,','final':'8191'}", NULL},
	{PROCESS, P "'execCPUAffinity':{'initial':'x'}",
	 "process.execCPUAffinity.initial: 'x' is not a list of CPUs"},
	{PROCESS, P "'execCPUAffinity':{'final':'3-1'}",
	 "process.execCPUAffinity.final: '3-1' is not a list of CPUs"},
	{PROCESS, P "'execCPUAffinity':{'final':'1-'}",
	 "process.execCPUAffinity.final: '1-' is not a list of CPUs"},
	{PROCESS, P "'execCPUAffinity':{'final':'8192'}",
	 "process.execCPUAffinity.final: '8192' is not a list of CPUs"},
	{PROCESS, P "'execCPUAffinity':{'final':'1;2'}",
	 "process.execCPUAffinity.final: '1;2' is not a list of CPUs"},
	{0},
};

#undef P

#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
static const struct row spec_check__names[] = {
	{TOP, "'hostname':'" LONG_NAME "'", NULL},
	{TOP, "'hostname':'" LONG_NAME "a'", "hostname: longer than 64 characters"},
	{TOP, "'domainname':'" LONG_NAME "a'", "domainname: longer than 64 characters"},
	{0},
};

#define M(text) "'mounts':[{'destination':'/a'," text "}]"
static const struct row spec_check__mounts[] = {
	{TOP, "'mounts':[{'destination':'rel','type':'tmpfs'}]", NULL},
	{TOP, "'mounts':[{'destination':'/'},{'destination':''}]",
	 "mounts[1].destination: must not be empty"},
	{TOP, M("'type':'tmpfs','options':['size=1m']"), NULL},
	{TOP,
	 M("'type':'bind','source':'/"
	   "s','options':['rbind','ro','rprivate','rnosuid','idmap']"),
	 NULL},
	{TOP, M("'source':'rel','options':['bind']"), NULL},
	{TOP, M("'options':['rbind']"), "mounts[0].source: a bind mount needs one"},
	{TOP, M("'type':'bind'"), "mounts[0].source: a bind mount needs one"},
	{TOP, M("'source':'/s','options':['bind','size=1m']"),
	 "mounts[0].options[1]: 'size=1m' is not an option of a bind mount"},
	{TOP, M("'uidMappings':[{'containerID':0,'hostID':1,'size':1}]"),
	 "mounts[0]: uidMappings and gidMappings go together"},
	{TOP,
	 M("'uidMappings':[{'containerID':0,'hostID':1,'size':1}],"
	   "'gidMappings':[{'containerID':0,'hostID':1,'size':1}]"),
	 NULL},
	{0},
};

static const struct row spec_check__hooks[] = {
	{TOP, "'hooks':{'prestart':[{'path':'/a','timeout':1}],'poststop':[]}", NULL},
	{TOP, "'hooks':{'prestart':[{'path':'a'}]}",
	 "hooks.prestart[0].path: must be an absolute path, not 'a'"},
	{TOP, "'hooks':{'createRuntime':[{'path':'/a'},{'path':''}]}",
	 "hooks.createRuntime[1].path: must not be empty"},
	{TOP, "'hooks':{'createContainer':[{'path':'/a','timeout':0}]}",
	 "hooks.createContainer[0].timeout: 0 is not within 1 to 2147483647"},
	{TOP, "'hooks':{'startContainer':[{'path':'/a','timeout':-1}]}",
	 "hooks.startContainer[0].timeout: -1 is not within 1 to 2147483647"},
	{TOP, "'hooks':{'poststart':[{'path':'/a','timeout':2147483648}]}",
	 "hooks.poststart[0].timeout: 2147483648 is not within 1 to 2147483647"},
	{TOP, "'hooks':{'poststop':[{'path':'./a'}]}",
	 "hooks.poststop[0].path: must be an absolute path, not './a'"},
	{0},
};

static const struct row spec_check__annotations[] = {
	{TOP, "'annotations':{'a':''}", NULL},
	{TOP, "'annotations':{'':'a'}", "annotations: a key must not be empty"},
	{0},
};

static const struct row spec_check__namespaces[] = {
	{NAMESPACES,
	 "{'type':'user'},{'type':'cgroup','path':'/proc/1/ns/"
	 "cgroup'},{'type':'time'}",
	 NULL},
	{NAMESPACES, "{'type':'net'}", "linux.namespaces[5].type: unknown namespace 'net'"},
	{NAMESPACES, "{'type':''}", "linux.namespaces[5].type: unknown namespace ''"},
	{NAMESPACES, "{'type':'pid','path':'/x'}", "linux.namespaces[5].type: pid twice"},
	{NAMESPACES, "{'type':'user','path':'x'}",
	 "linux.namespaces[5].path: must be an absolute path, not 'x'"},
	{0},
};

#define MAP(c, h, s) "{'containerID':" #c ",'hostID':" #h ",'size':" #s "}"
static const struct row spec_check__id_mappings[] = {
	{LINUX, "'uidMappings':[" MAP(0, 1, 65536) "],'gidMappings':[" MAP(0, 1, 65536) "]",
	 NULL},
	{LINUX,
	 "'uidMappings':[" MAP(0, 0, 4294967295) "],'gidMappings':[" MAP(0, 0, 4294967295) "]",
	 NULL},
	{LINUX, "'gidMappings':[" MAP(0, 1, 1) "]",
	 "linux: uidMappings and gidMappings go together"},
	{0},
};

static const struct row spec_check__masks[] = {
	{LINUX, "'maskedPaths':['/a'],'readonlyPaths':['/b']", NULL},
	{LINUX, "'maskedPaths':['/a','b']",
	 "linux.maskedPaths[1]: must be an absolute path, not 'b'"},
	{LINUX, "'readonlyPaths':['']",
	 "linux.readonlyPaths[0]: must be an absolute path, not ''"},
	{0},
};

static const struct row spec_check__words[] = {
	{LINUX, "'rootfsPropagation':'rshared'", NULL},
	{LINUX, "'rootfsPropagation':'bind'",
	 "linux.rootfsPropagation: unknown propagation 'bind'"},
	{LINUX, "'personality':{'domain':'LINUX'}", NULL},
	{LINUX, "'personality':{'domain':'linux'}",
	 "linux.personality.domain: unknown domain 'linux'"},
	{0},
};

#define DEV(text) "'devices':[{'path':'/dev/x','type':'c','major':1,'minor':3," text "}]"
static const struct row spec_check__devices[] = {
	{LINUX, DEV("'fileMode':8630,'uid':4294967295,'gid':0"), NULL},
	{LINUX, "'devices':[{'path':'/dev/p','type':'p'}]", NULL},
	{LINUX, "'devices':[{'path':'x','type':'c'}]",
	 "linux.devices[0].path: must be an absolute path, not 'x'"},
	{LINUX, "'devices':[{'path':'/x','type':'cb'}]",
	 "linux.devices[0].type: unknown type 'cb'"},
	{LINUX, "'devices':[{'path':'/x','type':'b','major':-1,'minor':0}]",
	 "linux.devices[0]: no device has number -1:0"},
	{LINUX, "'devices':[{'path':'/x','type':'b','major':4096,'minor':0}]",
	 "linux.devices[0]: no device has number 4096:0"},
	{LINUX, "'devices':[{'path':'/x','type':'u','major':0,'minor':1048576}]",
	 "linux.devices[0]: no device has number 0:1048576"},
	{LINUX, DEV("'uid':4294967296"),
	 "linux.devices[0].uid: 4294967296 is out of range (0 to 4294967295)"},
	{0},
};

#define RES(text) "'resources':{" text "}"
static const struct row spec_resources_check__device_rules[] = {
	{LINUX,
	 RES("'devices':[{'allow':false,'access':'rwm'},{'allow':true,'type':'c',"
	     "'major':-1,'minor':3,'access':'r'}]"),
	 NULL},
	{LINUX, RES("'devices':[{'allow':true,'type':'u','access':'r'}]"),
	 "linux.resources.devices[0].type: unknown type 'u'"},
	{LINUX, RES("'devices':[{'allow':true}]"),
	 "linux.resources.devices[0].access: must be of 'rwm', not ''"},
	{LINUX, RES("'devices':[{'allow':true,'access':'rx'}]"),
	 "linux.resources.devices[0].access: must be of 'rwm', not 'rx'"},
	{LINUX, RES("'devices':[{'allow':true,'access':'r','minor':-2}]"),
	 "linux.resources.devices[0]: negative device number"},
	{0},
};

static const struct row spec_resources_check__limits[] = {
	{LINUX, RES("'memory':{'swappiness':18446744073709551615}"), NULL},
	{LINUX, RES("'memory':{'swappiness':201}"),
	 "linux.resources.memory.swappiness: 201 is out of range (0 to 200)"},
	{LINUX, RES("'blockIO':{'weight':65536}"),
	 "linux.resources.blockIO.weight: 65536 is out of range (0 to 65535)"},
	{LINUX, RES("'blockIO':{'weightDevice':[{'major':8,'minor':0,'leafWeight':65536}]}"),
	 "linux.resources.blockIO.weightDevice[0]: 65536 is out of range (0 to 65535)"},
	{LINUX, RES("'network':{'classID':4294967296}"),
	 "linux.resources.network.classID: 4294967296 is out of range (0 to 4294967295)"},
	{LINUX, RES("'rdma':{'a':{'hcaHandles':4294967296}}"),
	 "linux.resources.rdma.hcaHandles: 4294967296 is out of range (0 to 4294967295)"},
	{0},
};

static const struct row spec_resources_check__names_of_files_and_words[] = {
	{LINUX, RES("'hugepageLimits':[{'pageSize':'64KB','limit':0}]"), NULL},
	{LINUX, RES("'hugepageLimits':[{'pageSize':'2M','limit':0}]"),
	 "linux.resources.hugepageLimits[0].pageSize: not like '2MB': '2M'"},
	{LINUX, RES("'hugepageLimits':[{'pageSize':'2MB/../x','limit':0}]"),
	 "linux.resources.hugepageLimits[0].pageSize: not like '2MB': '2MB/../x'"},
	{LINUX, RES("'hugepageLimits':[{'pageSize':'0MB','limit':0}]"),
	 "linux.resources.hugepageLimits[0].pageSize: not like '2MB': '0MB'"},
	{LINUX, RES("'network':{'priorities':[{'name':'eth0 1\\neth1','priority':1}]}"),
	 "linux.resources.network.priorities[0].name: not an interface: 'eth0 1\neth1'"},
	{LINUX, RES("'rdma':{'a b':{'hcaHandles':1}}"),
	 "linux.resources.rdma: not a device: 'a b'"},
	{LINUX, RES("'rdma':{'a':{}}"),
	 "linux.resources.rdma: no hcaHandles or hcaObjects for 'a'"},
	{LINUX, RES("'unified':{'memory.high':'1'}"), NULL},
	{LINUX, RES("'unified':{'../x.max':'1'}"),
	 "linux.resources.unified: not a cgroup file: '../x.max'"},
	{LINUX, RES("'unified':{'a/memory.high':'1'}"),
	 "linux.resources.unified: not a cgroup file: 'a/memory.high'"},
	{LINUX, RES("'unified':{'..':'1'}"),
	 "linux.resources.unified: not a cgroup file: '..'"},
	{LINUX, RES("'unified':{'memory':'1'}"),
	 "linux.resources.unified: not a cgroup file: 'memory'"},
	{LINUX, RES("'unified':{'':'1'}"), "linux.resources.unified: not a cgroup file: ''"},
	{0},
};

#define SEC(text)  "'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'," text "}"
#define RULE(text) SEC("'syscalls':[{'names':['read']," text "}]")
static const struct row spec_check__seccomp[] = {
	{LINUX, "'seccomp':{}", NULL},
	{LINUX, "'seccomp':{'architectures':['nonsense']}", NULL},
	{LINUX,
	 SEC("'architectures':['SCMP_ARCH_RISCV64'],'flags':['SECCOMP_FILTER_FLAG_"
	     "TSYNC']"),
	 NULL},
	{LINUX, SEC("'architectures':['SCMP_ARCH_X86_64','X']"),
	 "linux.seccomp.architectures[1]: unknown: 'X'"},
	{LINUX, SEC("'flags':['F']"), "linux.seccomp.flags[0]: unknown: 'F'"},
	{LINUX, "'seccomp':{'defaultAction':'ALLOW'}",
	 "linux.seccomp.defaultAction: unknown action 'ALLOW'"},
	{LINUX, "'seccomp':{'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG'}]}",
	 "linux.seccomp.defaultAction: unknown action ''"},
	{LINUX, "'seccomp':{'defaultAction':'SCMP_ACT_NOTIFY','listenerPath':'/a'}",
	 "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default"},
	{LINUX, SEC("'defaultErrnoRet':1"),
	 "linux.seccomp.defaultAction: SCMP_ACT_ALLOW returns no value to the caller"},
	{LINUX, SEC("'listenerMetadata':'m'"),
	 "linux.seccomp.listenerMetadata: needs a listenerPath"},
	{0},
};

static const struct row spec_check__seccomp_rules[] = {
	{LINUX, RULE("'action':'SCMP_ACT_ERRNO','errnoRet':65535"), NULL},
	{LINUX,
	 RULE("'action':'SCMP_ACT_TRACE','errnoRet':1,'args':[{'index':5,'value':"
	      "18446744073709551615,'op':'SCMP_CMP_NE'}]"),
	 NULL},
	{LINUX, RULE("'action':'SCMP_ACT_NOTIFY'"),
	 "linux.seccomp.listenerPath: is missing, but SCMP_ACT_NOTIFY is used"},
	{LINUX, RULE("'action':'SCMP_ACT_KILL','errnoRet':1"),
	 "linux.seccomp.syscalls[0].action: SCMP_ACT_KILL returns no value to the caller"},
	{LINUX, RULE("'action':'SCMP_ACT_ERRNO','errnoRet':65536"),
	 "linux.seccomp.syscalls[0].action: 65536 is out of range (0 to 65535)"},
	{LINUX, RULE("'action':'X'"), "linux.seccomp.syscalls[0].action: unknown action 'X'"},
	{LINUX, SEC("'syscalls':[{'names':[],'action':'SCMP_ACT_LOG'}]"),
	 "linux.seccomp.syscalls[0].names: must not be empty"},
	{LINUX,
	 RULE("'action':'SCMP_ACT_LOG','args':[{'index':6,'value':0,'op':'SCMP_"
	      "CMP_"
	      "EQ'}]"),
	 "linux.seccomp.syscalls[0].args[0].index: 6, but calls have six arguments"},
	{LINUX, RULE("'action':'SCMP_ACT_LOG','args':[{'index':0,'value':0,'op':'EQ'}]"),
	 "linux.seccomp.syscalls[0].args[0].op: unknown operator 'EQ'"},
	{0},
};

#define SYSCTL(key) "'sysctl':{'" key "':'1'}"
static const struct row spec_check__sysctl[] = {
	{LINUX, SYSCTL("net.ipv4.ip_forward"), NULL},
	{LINUX, SYSCTL("net/ipv4/conf/eth0.1/rp_filter"), NULL},
	{LINUX, SYSCTL("net.ipv4.conf.eth0/1.rp_filter"), NULL},
	{LINUX, SYSCTL("kernel.shm_rmid_forced"), NULL},
	{LINUX, SYSCTL("vm.max_map_count"), NULL},
	{LINUX, SYSCTL("kernel.hostname"),
	 "linux.sysctl: set the `hostname`, not 'kernel.hostname'"},
	{LINUX, SYSCTL("kernel/hostname"),
	 "linux.sysctl: set the `hostname`, not 'kernel/hostname'"},
	{LINUX, SYSCTL(""), "linux.sysctl: not the name of a sysctl: ''"},
	{LINUX, SYSCTL("net..x"), "linux.sysctl: not the name of a sysctl: 'net..x'"},
	{LINUX, SYSCTL(".x"), "linux.sysctl: not the name of a sysctl: '.x'"},
	{LINUX, SYSCTL("/x"), "linux.sysctl: not the name of a sysctl: '/x'"},
	{LINUX, SYSCTL("net/../x"), "linux.sysctl: not the name of a sysctl: 'net/../x'"},
	{LINUX, SYSCTL("net.//.x"), "linux.sysctl: not the name of a sysctl: 'net.//.x'"},
	{LINUX, SYSCTL("net./.x"), "linux.sysctl: not the name of a sysctl: 'net./.x'"},
	{LINUX, SYSCTL(".."), "linux.sysctl: not the name of a sysctl: '..'"},
	{LINUX, SYSCTL("net.x y"), "linux.sysctl: not the name of a sysctl: 'net.x y'"},
	{0},
};

static const struct row spec_check__net_devices[] = {
	{LINUX, "'netDevices':{'eth0':{'name':'lan'},'a23456789012345':{}}", NULL},
	{LINUX, "'netDevices':{'':{}}", "linux.netDevices: not an interface: ''"},
	{LINUX, "'netDevices':{'..':{}}", "linux.netDevices: not an interface: '..'"},
	{LINUX, "'netDevices':{'a/b':{}}", "linux.netDevices: not an interface: 'a/b'"},
	{LINUX, "'netDevices':{'a234567890123456':{}}",
	 "linux.netDevices: not an interface: 'a234567890123456'"},
	{LINUX, "'netDevices':{'eth0':{'name':'a:b'}}",
	 "linux.netDevices['eth0'].name: not an interface: 'a:b'"},
	{0},
};

static const struct row spec_check__time_offsets[] = {
	{LINUX, "'timeOffsets':{'boottime':{'secs':1}}",
	 "linux.timeOffsets: needs a namespace of type time"},
	{NAMESPACES, "{'type':'time'}],'timeOffsets':{'boottime':{'secs':-1}},'devices':[",
	 NULL},
	{NAMESPACES,
	 "{'type':'time'}],'timeOffsets':{'boottime':{'nanosecs':1000000000}},"
	 "'devices':[",
	 "linux.timeOffsets.boottime.nanosecs: 1000000000 is a second or more"},
	{NAMESPACES,
	 "{'type':'time'}],'timeOffsets':{'monotonic':{'nanosecs':4294967295}},"
	 "'devices':[",
	 "linux.timeOffsets.monotonic.nanosecs: 4294967295 is a second or more"},
	{NAMESPACES, "{'type':'time','path':'/t'}],'timeOffsets':{},'devices':[",
	 "linux.timeOffsets: not with a time namespace given by path"},
	{0},
};

/* The same things where no namespace keeps them from the host. */
static void spec_check__needs_namespaces(void **state)
{
	static const struct {
		const char *members;
		const char *linux_members;
		const char *message;
	} rows[] = {
		{"", "", NULL},
		{",'hostname':'h'", "", "hostname: needs a namespace of type uts"},
		{",'domainname':'d'", "", "domainname: needs a namespace of type uts"},
		{"", "'maskedPaths':['/a']",
		 "linux.maskedPaths: needs a namespace of type mount"},
		{"", "'maskedPaths':[]", NULL},
		{"", "'readonlyPaths':['/a']",
		 "linux.readonlyPaths: needs a namespace of type mount"},
		{"", "'netDevices':{'a':{}}",
		 "linux.netDevices: needs a namespace of type network"},
		{"", "'sysctl':{'net.x':'1'}",
		 "linux.sysctl: needs a namespace of type network: 'net.x'"},
		{"", "'sysctl':{'fs.mqueue.msg_max':'1'}",
		 "linux.sysctl: needs a namespace of type ipc: 'fs.mqueue.msg_max'"},
		{"", "'sysctl':{'kernel/shmmax':'1'}",
		 "linux.sysctl: needs a namespace of type ipc: 'kernel/shmmax'"},
		{"", "'sysctl':{'kernel.domainname':'1'}",
		 "linux.sysctl: needs a namespace of type uts: 'kernel.domainname'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *single =
			xasprintf("{'ociVersion':'1.0.0','root':{'path':'r'},"
				  "'process':{'args':['a'],'cwd':'/'},'linux':{%s}%s}",
				  rows[i].linux_members, rows[i].members);
		_cleanup_free_ char *text = requote(single);

		assert_verdict(text, rows[i].message);
	}
}

static void spec_check__process_is_required(void **state)
{
	_cleanup_free_ char *text = requote("{'ociVersion':'1.0.0','root':{'path':'r'}}");

	(void)state;
	assert_verdict(text, "process: is missing");
}

/* The words are lib/idmap's; that the list is named, and which one, is ours. */
static void spec_check__unsound_id_mappings(void **state)
{
	static const char *const maps[] = {
		MAP(0, 1, 0),			   /* empty */
		MAP(0, 0, 10) "," MAP(5, 100, 10), /* overlap inside */
		MAP(0, 0, 10) "," MAP(100, 5, 10), /* overlap outside */
		MAP(4294967295, 0, 2),		   /* beyond the largest id */
		MAP(0, 4294967295, 4294967295),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		_cleanup_free_ char *members = xasprintf(
			"'uidMappings':[" MAP(0, 1, 1) "],'gidMappings':[%s]", maps[i]);
		_cleanup_free_ char *text = compose(LINUX, members);
		struct error err = {0};

		assert_int_equal(check(text, &err), -EINVAL);
		assert_true(str_has_prefix(err.text, "linux.gidMappings"));
	}
}

static void spec_check__too_many_id_mappings(void **state)
{
	_cleanup_strbuf_ struct strbuf b = STRBUF_EMPTY;
	_cleanup_free_ char *text = NULL;

	(void)state;
	strbuf_adds(&b, "'gidMappings':[" MAP(0, 1, 1) "],'uidMappings':[");
	for (int i = 0; i < 341; i++)
		strbuf_addf(&b, "%s{'containerID':%d,'hostID':%d,'size':1}", i ? "," : "", i,
			    i);
	strbuf_adds(&b, "]");
	text = compose(LINUX, strbuf_str(&b));
	assert_verdict(text, "linux.uidMappings: more than 340 entries");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS(spec_check__version),
		ROWS(spec_check__root),
		ROWS(spec_process_check__args),
		ROWS(spec_process_check__cwd),
		ROWS(spec_process_check__env),
		ROWS(spec_process_check__user),
		ROWS(spec_process_check__rlimits),
		ROWS(spec_process_check__oom_score_adj),
		ROWS(spec_process_check__scheduler),
		ROWS(spec_process_check__io_priority),
		ROWS(spec_process_check__cpu_affinity),
		ROWS(spec_check__names),
		ROWS(spec_check__mounts),
		ROWS(spec_check__hooks),
		ROWS(spec_check__annotations),
		ROWS(spec_check__namespaces),
		ROWS(spec_check__id_mappings),
		ROWS(spec_check__masks),
		ROWS(spec_check__words),
		ROWS(spec_check__devices),
		ROWS(spec_resources_check__device_rules),
		ROWS(spec_resources_check__limits),
		ROWS(spec_resources_check__names_of_files_and_words),
		ROWS(spec_check__seccomp),
		ROWS(spec_check__seccomp_rules),
		ROWS(spec_check__sysctl),
		ROWS(spec_check__net_devices),
		ROWS(spec_check__time_offsets),
		cmocka_unit_test(spec_check__needs_namespaces),
		cmocka_unit_test(spec_check__process_is_required),
		cmocka_unit_test(spec_check__unsound_id_mappings),
		cmocka_unit_test(spec_check__too_many_id_mappings),
	};

	return RUN(tests);
}
