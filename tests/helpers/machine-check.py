#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does a container see the machine that it was given?

usage: machine-check.py PID

PID is the container's init as the host sees it.  Every emulated file is read in its mount
namespace and compared with arithmetic on the cgroup files of the host, done here anew.  What is
emulated stands in docs/emulation.md: a file that this program has no check for is a failure, too.
"""
import math
import pathlib
import re
import sys
import time

PID = sys.argv[1]
TABLE = pathlib.Path(__file__).resolve().parents[2] / 'docs/emulation.md'
ROOT = pathlib.Path(f'/proc/{PID}/root')
PAGE = 4096
SLACK = 24 << 20  # what may be used or freed between two reads
problems = []


def inside(path):
    return (ROOT / path).read_text(errors='replace')


def host(path):
    return pathlib.Path('/' + path).read_text()


def numbers(text):
    """"0-2,5" as a set."""
    result = set()
    for part in text.strip().split(','):
        if part:
            first, _, last = part.partition('-')
            result |= set(range(int(first), int(last or first) + 1))
    return result


# --- what the cgroups say -----------------------------------------------------------------------

def hierarchies():
    """(controllers, is v2, mount point) of the host."""
    for line in host('proc/self/mountinfo').splitlines():
        fields, _, rest = line.partition(' - ')
        fstype, _, options = rest.split(' ', 2)
        if fstype == 'cgroup2':
            yield '', True, fields.split()[4]
        elif fstype == 'cgroup':
            yield options, False, fields.split()[4]


def cgroup_levels(controller):
    """The directories from the top to the container's cgroup, and whether they are v2."""
    wanted = None
    for line in host(f'proc/{PID}/cgroup').splitlines():
        _, names, path = line.split(':', 2)
        if controller in names.split(',') or (not names and wanted is None):
            wanted = (names, path)
    names, path = wanted
    for options, is_v2, target in hierarchies():
        if is_v2 == (not names) and (is_v2 or set(names.split(',')) <= set(re.split('[, ]', options))):
            path = path.removesuffix('/init.scope') if is_v2 else path  # a leaf of the container's
            parts = pathlib.PurePath(path.lstrip('/')).parts
            top = pathlib.Path(target)
            return [top.joinpath(*parts[:i]) for i in range(len(parts) + 1)], is_v2
    raise SystemExit(f'no cgroup for {controller}')


def limit(controller, v1, v2):
    levels, is_v2 = cgroup_levels(controller)
    values = []
    for level in levels:
        file = level / (v2 if is_v2 else v1)
        text = file.read_text().strip() if file.exists() else 'max'
        values.append(math.inf if text == 'max' or int(text) >= 1 << 62 else int(text))
    return min(values)


def leaf(controller, v1, v2):
    levels, is_v2 = cgroup_levels(controller)
    file = levels[-1] / (v2 if is_v2 else v1)
    return file.read_text() if file.exists() else None


def quota_cpus():
    levels, is_v2 = cgroup_levels('cpu')
    least = math.inf
    for level in levels:
        if is_v2 and (level / 'cpu.max').exists():
            quota, period = (level / 'cpu.max').read_text().split()
        elif not is_v2:
            quota = (level / 'cpu.cfs_quota_us').read_text().strip()
            period = (level / 'cpu.cfs_period_us').read_text()
        else:
            continue
        if quota not in ('max', '-1'):
            least = min(least, max(1, -(-int(quota) // int(period))))
    return least


def expected_cpus():
    cpus = numbers(host('sys/devices/system/cpu/online'))
    levels, is_v2 = cgroup_levels('cpuset')
    for level in reversed(levels):
        file = level / ('cpuset.cpus.effective' if is_v2 else 'cpuset.effective_cpus')
        if file.exists():
            cpus &= numbers(file.read_text())
            break
    return set(sorted(cpus)[:min(len(cpus), quota_cpus())])


def kilobytes(text):
    return {k: int(v) << 10 for k, v in re.findall(r'^(?:Node \d+ )?([\w()]+):\s+(\d+) kB$', text, re.M)}


HOST_MEM = kilobytes(host('proc/meminfo'))
MEMORY = min(limit('memory', 'memory.limit_in_bytes', 'memory.max'), HOST_MEM['MemTotal'])
LIMITED = MEMORY < HOST_MEM['MemTotal']
CPUS = expected_cpus()
HOST_NODES = pathlib.Path('/sys/devices/system/node/online')  # not on a kernel without NUMA
NODES = numbers(HOST_NODES.read_text()) if HOST_NODES.exists() else set()


def used():
    return int(leaf('memory', 'memory.usage_in_bytes', 'memory.current'))


# --- the checks ---------------------------------------------------------------------------------

def expect(what, got, want, slack=0):
    if not (abs(got - want) <= slack if slack else got == want):
        problems.append(f'{what}: {got}, not {want}')


def check_meminfo(path):
    m = kilobytes(inside(path))
    expect(f'{path} MemTotal', m['MemTotal'], MEMORY)
    if LIMITED:
        expect(f'{path} MemFree', m['MemFree'], MEMORY - used(), SLACK)
        if 'MemAvailable' in m and not m['MemFree'] <= m['MemAvailable'] <= m['MemTotal']:
            problems.append(f'{path}: MemAvailable {m["MemAvailable"]}')


def check_swaps(path):
    rows = [x.split() for x in inside(path).splitlines()[1:]]
    total = sum(int(r[2]) << 10 for r in rows)
    expect(path, total, min(swap_limit(), HOST_MEM['SwapTotal']))


def swap_limit():
    levels, is_v2 = cgroup_levels('memory')
    both = limit('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max')
    memory = limit('memory', 'memory.limit_in_bytes', 'memory.max')
    return both if is_v2 or both == math.inf else max(0, both - memory)


def check_vmstat(path):
    v = dict(x.split() for x in inside(path).splitlines())
    if LIMITED:
        expect(path, int(v['nr_free_pages']) * PAGE, MEMORY - used(), SLACK)
    if 'pgfault' not in v:
        problems.append(f'{path}: no pgfault')


def check_slabinfo(path):
    expect(path, inside(path).split('\n')[0], 'slabinfo - version: 2.1')


def check_cpuinfo(path):
    expect(path, set(map(int, re.findall(r'^processor\s*: (\d+)', inside(path), re.M))), CPUS)


def check_stat(path):
    text = inside(path)
    rows = re.findall(r'^cpu(\d+) (.*)$', text, re.M)
    expect(path, {int(n) for n, _ in rows}, CPUS)
    total = sum(int(x) for x in re.search(r'^cpu  (.*)$', text, re.M).group(1).split())
    up = float(inside('proc/uptime').split()[0])
    # A tick is a hundredth; every column of every CPU is rounded down.
    if abs(total - up * 100 * len(CPUS)) > 60 + 3 * len(CPUS) and total < up * 100 * len(CPUS):
        problems.append(f'{path}: {total} ticks in {up} s on {len(CPUS)} CPUs')
    btime = int(re.search(r'^btime (\d+)', text, re.M).group(1))
    expect(f'{path} btime', btime, time.time() - up, 3)


def check_cpu_list(path):
    expect(path, numbers(inside(path)), CPUS)


def check_loadavg(path):
    text = inside(path)
    if not re.fullmatch(r'(\d+\.\d\d ){3}\d+/\d+ \d+\n', text):
        problems.append(f'{path}: {text!r}')
    tasks = int(text.split()[3].split('/')[1])
    pids = int(inside('sys/fs/cgroup/pids/pids.current') if (ROOT / 'sys/fs/cgroup/pids').exists()
               else inside('sys/fs/cgroup/pids.current'))
    expect(f'{path} tasks', tasks, pids, max(5, pids // 2))


def check_uptime(path):
    offsets = pathlib.Path(f'/proc/{PID}/timens_offsets')  # not on a kernel without time namespaces
    offset = int(re.search(r'boottime\s+(-?\d+)', offsets.read_text()).group(1)) if offsets.exists() else 0
    up = float(inside(path).split()[0])
    expect(path, up, float(host('proc/uptime').split()[0]) + offset, 3)


def check_disks(path):
    known = {x.split()[2] for x in host('proc/diskstats').splitlines()}
    column = 2 if path.endswith('diskstats') else 3
    rows = [x.split()[column] for x in inside(path).splitlines() if x and not x.startswith('major')]
    if not set(rows) <= known:
        problems.append(f'{path}: {rows}')


def check_block_dir(path):
    """The disks of /proc/diskstats, with its figures."""
    lines = inside('proc/diskstats').splitlines()
    seen = {p.name for p in (ROOT / path).iterdir()}
    again = inside('proc/diskstats').splitlines()
    there = {p.name for p in pathlib.Path('/' + path).iterdir()}
    if not there & {x.split()[2] for x in lines} <= seen <= there & {x.split()[2] for x in again}:
        problems.append(f'{path}: {seen}')
    for p in (ROOT / path).glob('*/stat' if path == 'sys/block' else '-'):
        figures = [int(x) for x in p.read_text().split()]
        before, after = (next(([int(n) for n in x.split()[3:]] for x in text
                               if x.split()[2] == p.parent.name), [])
                         for text in (lines, inside('proc/diskstats').splitlines()))
        if len(figures) != 17 or not all(a <= b <= c for a, b, c in zip(before, figures, after)):
            problems.append(f'{p}: {figures}, not from {before} to {after}')


def check_pressure(path):
    if not re.match(r'some avg10=[\d.]+ avg60=[\d.]+ avg300=[\d.]+ total=\d+\nfull ', inside(path)):
        problems.append(f'{path}: {inside(path)!r}')


def check_boot_id(path):
    if not re.fullmatch(r'[0-9a-f-]{36}\n', inside(path)) or inside(path) == host(path):
        problems.append(f'{path}: {inside(path)!r}')


def check_console(path):
    if (pathlib.Path('/') / path).exists():  # not on a machine without virtual terminals
        expect(path, inside(path), 'console\n')


def check_cpu_dir(path):
    names = {int(p.name[3:]) for p in (ROOT / path).iterdir() if re.fullmatch(r'cpu\d+', p.name)}
    expect(path, names, CPUS)
    for p in (ROOT / path).glob('cpu*/topology/*_list'):
        if not numbers(p.read_text()) <= CPUS:
            problems.append(f'{p}: {p.read_text()!r}')
    for p in (ROOT / path).glob('cpu*/cache/index*/shared_cpu_map'):
        if int(p.read_text().replace(',', ''), 16) & ~sum(1 << c for c in CPUS):
            problems.append(f'{p}: {p.read_text()!r}')


def check_node_dir(path):
    names = {int(p.name[4:]) for p in (ROOT / path).iterdir() if re.fullmatch(r'node\d+', p.name)}
    expect(path, names <= NODES and bool(names), True)
    total = sum(kilobytes((ROOT / path / f'node{n}/meminfo').read_text())['MemTotal'] for n in names)
    if LIMITED:
        expect(f'{path} MemTotal', total, MEMORY, PAGE * len(names))
    cpus = set().union(*(numbers((ROOT / path / f'node{n}/cpulist').read_text()) for n in names))
    expect(f'{path} cpulist', cpus, CPUS)


def check_no_blocks(path):
    expect(path, [p.name for p in (ROOT / path).glob('memory[0-9]*')], [])


def check_sysctl_dir(path):
    for p in pathlib.Path('/' + path).iterdir():
        if not (ROOT / path / p.name).exists():
            problems.append(f'{path}: no {p.name}')


def check_value(path):
    """Untouched, it is the host's."""
    source = pathlib.Path('/' + path)
    if source.exists() and not path.startswith('sys/module'):
        expect(path, inside(path).split(), source.read_text().split())


def check_empty(path):
    expect(path, inside(path), '')


CHECKS = {
    'proc/meminfo': check_meminfo, 'proc/swaps': check_swaps, 'proc/vmstat': check_vmstat,
    'proc/slabinfo': check_slabinfo, 'proc/cpuinfo': check_cpuinfo, 'proc/stat': check_stat,
    'proc/loadavg': check_loadavg, 'proc/uptime': check_uptime, 'proc/diskstats': check_disks,
    'proc/partitions': check_disks, 'proc/pressure/cpu': check_pressure,
    'proc/pressure/io': check_pressure, 'proc/pressure/memory': check_pressure,
    'proc/sys/kernel/random/boot_id': check_boot_id,
    'sys/devices/virtual/tty/console/active': check_console,
    'sys/devices/system/cpu': check_cpu_dir, 'sys/devices/system/cpu/online': check_cpu_list,
    'sys/devices/system/cpu/possible': check_cpu_list,
    'sys/devices/system/cpu/present': check_cpu_list,
    'sys/block': check_block_dir, 'sys/class/block': check_block_dir,
    'sys/devices/system/node': check_node_dir, 'sys/devices/system/memory': check_no_blocks,
    'proc/sys/vm': check_sysctl_dir, 'proc/sys/kernel/keys': check_sysctl_dir,
    'proc/sys/fs/inotify': check_sysctl_dir,
    'proc/sys/net/ipv4/neigh': None, 'proc/sys/net/ipv4/neigh/default': None,  # the kernel's, perhaps
    'dev/kmsg': None,  # sysctl.bats
    'hidden': None,
    'sys/kernel/boot_params/data': check_empty, 'sys/kernel/notes': check_empty,
    'sys/kernel/vmcoreinfo': check_empty,
}


def main():
    n = 0
    for line in TABLE.read_text().splitlines():
        cells = [c.strip() for c in line.split('|')]
        if len(cells) != 8 or not cells[1].startswith('`/'):
            continue
        path, kind = cells[1].strip('`/'), cells[3]
        if path.startswith('sys/devices/virtual/dmi') and not (ROOT / path).exists():
            continue  # this machine has none
        check = CHECKS.get(path, check_value if kind == 'private value' else 'none')
        if check == 'none' and not path.startswith('sys/devices/virtual/dmi'):
            problems.append(f'no check for {path}')
        elif callable(check) and (ROOT / path).exists():
            check(path)
            n += 1
    print('\n'.join(problems) or f'{n} files agree: {len(CPUS)} CPUs, {MEMORY >> 20} MB')
    sys.exit(bool(problems))


main()
