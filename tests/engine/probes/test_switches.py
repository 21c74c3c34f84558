"""The kernel's switches of real programs, held against what those programs know of themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.probes import ProbeUnavailable, perf_event
from engine.probes.spawn import spawn_watched
from engine.probes.switches import OUT_BLOCKED, OUT_PREEMPTED, KernelSwitches, check
from tests.support.watching import watch

_WHY_NOT = check()
kernel_tells = pytest.mark.skipif(_WHY_NOT is not None, reason=str(_WHY_NOT))

_THREADS = """
import json, os, threading, time
def compute():
    while time.thread_time() < 0.3:
        pass
    tell()
def rest():
    for _ in range(50):
        time.sleep(0.002)
    tell()
def tell():
    said.append([os.getpid(), threading.get_native_id(), time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID), time.monotonic_ns()])
said = []
threads = [threading.Thread(target=each) for each in (compute, compute, compute, rest)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for each in said:
    print(json.dumps(each))
"""


def _stolen_ns() -> int:
    ticks = int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8])
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@kernel_tells
def test_time_on_a_core_is_the_threads_own_clock_within_two_percent() -> None:
    """Not counting what the hypervisor took meanwhile, and the switches themselves: those are the thread's by its own clock only."""
    stolen = _stolen_ns()
    seen = watch(_THREADS)
    stolen = _stolen_ns() - stolen
    start, end, _, _, tids = seen.spells()
    assert seen.lost == 0
    on_core = {
        tid: int((np.minimum(end[tids == tid], read_ns) - np.minimum(start[tids == tid], read_ns)).sum())
        for _, tid, _, read_ns in seen.said
    }
    assert len(on_core) == 4
    for _, tid, clock_ns, _ in seen.said:
        assert 0 < on_core[tid] <= 1.02 * clock_ns + stolen
        if clock_ns >= 300_000_000:
            assert on_core[tid] >= 0.98 * clock_ns - stolen


@kernel_tells
def test_a_core_never_has_two_threads_at_once() -> None:
    start, end, cpu, _, _ = watch(_THREADS).spells()
    assert len(start)
    for core in set(cpu.tolist()):
        here = cpu == core
        assert np.all(end[here][:-1] <= start[here][1:])


@kernel_tells
def test_every_switch_that_the_kernel_counts_is_told_with_its_reason() -> None:
    """/proc counts a thread's voluntary and involuntary switches; two processes pinned to one core give it plenty of both."""
    seen = watch(
        """
import json, os, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
child = os.fork()
while time.process_time() < 0.15:
    pass
for _ in range(40):
    time.sleep(0.0005)
before = time.monotonic_ns()
with open("/proc/self/status") as file:
    fields = dict(line.split(":", 1) for line in file)
after = time.monotonic_ns()
counts = [int(fields[name]) for name in ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")]
print(json.dumps([os.getpid(), before, after, *counts]), flush=True)
if child:
    os.waitpid(child, 0)
"""
    )
    t, _, _, tid, kind = seen.rows
    assert len(seen.said) == 2
    for pid, before, after, *counts in seen.said:
        assert counts[0] >= 40
        assert counts[1] >= 1
        for reason, count in zip((OUT_BLOCKED, OUT_PREEMPTED), counts, strict=True):
            outs = t[(tid == pid) & (kind == reason)]
            assert np.count_nonzero(outs < before) <= count <= np.count_nonzero(outs <= after)


@kernel_tells
def test_offspring_is_watched_through_fork_and_exec_and_a_session_of_its_own() -> None:
    seen = watch(
        """
import json, os, subprocess, sys, threading
def beget():
    grandchild = "import os, time; time.sleep(0.01); print(os.getpid(), flush=True)"
    subprocess.run([sys.executable, "-I", "-c", grandchild], start_new_session=True, check=True)
thread = threading.Thread(target=beget)
thread.start()
print(json.dumps(thread.native_id), flush=True)
thread.join()
child = os.fork()
if not child:
    os.setsid()
    if not os.fork():
        print(json.dumps(os.getpid()), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    )
    thread, executed, _ = seen.said
    births = {(birth.pid, birth.tid): birth for birth in seen.births}
    ends = {(end.pid, end.tid) for end in seen.exits}
    assert births[seen.pid, seen.pid].ppid == os.getpid()
    assert births[seen.pid, thread].ptid == seen.pid
    assert births[executed, executed].ptid == thread
    assert {act.pid for act in seen.execs} == {seen.pid, executed}
    (forked,) = (birth for birth in seen.births if birth.pid not in (seen.pid, executed) and birth.ppid == seen.pid)
    assert any(birth.ppid == forked.pid for birth in seen.births)
    assert {(seen.pid, seen.pid), (seen.pid, thread), (executed, executed), (forked.pid, forked.pid)} <= ends
    assert births.keys() <= {(pid, tid) for _, _, pid, tid, _ in seen.rows.T.tolist()} | ends


@kernel_tells
def test_the_watermark_never_passes_what_is_still_to_come() -> None:
    opened: list[KernelSwitches] = []
    source = "import time\nfor _ in range(100): time.sleep(0.001)"
    process = spawn_watched([sys.executable, "-I", "-c", source], lambda tid: opened.append(KernelSwitches.open(tid)))
    told = 0
    with opened[0] as switches, process:
        while process.poll() is None:
            got = switches.drain()
            assert not len(got) or got.t[0] >= told
            told = got.watermark_ns


@kernel_tells
def test_the_watching_thread_itself_is_left_out() -> None:
    seen = watch("pass")
    assert os.getpid() not in seen.rows[2]
    assert not any(end.pid == os.getpid() for end in seen.exits)


@kernel_tells
def test_without_switches_there_are_still_births_and_exits() -> None:
    opened: list[KernelSwitches] = []
    process = spawn_watched([sys.executable, "-I", "-c", ""], lambda tid: opened.append(KernelSwitches.open(tid, switches=False)))
    with opened[0] as switches:
        process.wait()
        got = switches.drain(last=True)
    assert len(got) == 0
    assert got.exits[0].t < got.watermark_ns
    assert [birth.pid for birth in got.births] == [process.pid]
    assert [act.pid for act in got.execs] == [process.pid]
    assert [end.pid for end in got.exits] == [process.pid]


@kernel_tells
def test_a_process_that_runs_already_can_be_joined_to_the_watch() -> None:
    source = "import subprocess, sys; sys.stdin.readline(); subprocess.run([sys.executable, '-I', '-c', ''])"
    process = subprocess.Popen([sys.executable, "-I", "-c", source], stdin=subprocess.PIPE)
    opened: list[KernelSwitches] = []
    first = spawn_watched([sys.executable, "-I", "-c", ""], lambda tid: opened.append(KernelSwitches.open(tid)))
    with opened[0] as switches:
        switches.rings.watch(process.pid)
        process.communicate(b"\n")
        first.wait()
        got = switches.drain(last=True)
    assert {process.pid, first.pid} <= set(got.pid.tolist())
    assert [birth.ppid for birth in got.births if birth.pid != first.pid] == [process.pid]


@kernel_tells
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif((perf_event.paranoid() or 0) > 2, reason="kernel.perf_event_paranoid forbids it to ordinary users")
def test_an_ordinary_user_may_watch_too() -> None:
    source = """
import json, os, sys, threading
sys.path.insert(0, sys.argv[1])
from engine.probes.spawn import spawn_watched
from engine.probes.switches import KernelSwitches, check
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
assert check() is None
opened = []
process = spawn_watched(["/bin/sh", "-c", "sleep 0.01; exit 7"], lambda tid: opened.append(KernelSwitches.open(tid)))
process.wait()
got = opened[0].drain()
opened[0].close()
print(json.dumps([process.returncode, process.pid in got.pid, len(got.exits), got.lost]))
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-I", "-c", source, str(root)], cwd="/", capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == [7, True, 2, 0]


def test_a_refusal_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    level = tmp_path / "paranoid"
    monkeypatch.setattr(perf_event, "_PARANOID", level)
    refusal = PermissionError(13, "Permission denied")
    level.write_text("4\n")
    assert "perf_event_paranoid=2" in perf_event.unavailable(refusal, "it").mend
    level.write_text("2\n")
    assert "--cap-add PERFMON" in perf_event.unavailable(refusal, "it").mend
    assert "ulimit -n" in perf_event.unavailable(OSError(24, "Too many open files"), "it").mend


def test_a_thread_that_is_not_there_cannot_be_watched() -> None:
    with pytest.raises(ProbeUnavailable, match="cannot be observed"):
        KernelSwitches.open(2**22 + 1)


def test_a_watched_program_starts_as_any_other() -> None:
    """Same environment, signals, limits and open files as from a plain Popen; only the ids differ."""
    source = """
import os, signal, json
fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps([
    dict(os.environ), os.getcwd(), sorted(os.listdir("/proc/self/fd")), os.getppid(), os.getsid(0) == os.getpid(),
    [fields[name] for name in ("SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Cpus_allowed")],
]))
"""
    argv = [sys.executable, "-I", "-c", source]
    plain = subprocess.run(argv, env={"ONLY": "this"}, cwd="/", start_new_session=True, stdout=subprocess.PIPE, check=True).stdout
    seen: list[int] = []
    with spawn_watched(argv, seen.append, env={"ONLY": "this"}, cwd="/", start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        watched = process.stdout.read()
    assert json.loads(watched) == json.loads(plain)
    assert seen != [threading.get_native_id()]


def test_what_fails_to_start_fails_as_from_popen() -> None:
    with pytest.raises(FileNotFoundError):
        spawn_watched(["/nowhere/at/all"], lambda _: None)
    with pytest.raises(ZeroDivisionError):
        spawn_watched([sys.executable], lambda _: 1 // 0)
