"""Real processes, as /proc tells them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.probes import procfs

NOBODY = 2**22 + 1


@contextmanager
def _running(*argv: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The program, and the first line that it said; it is killed afterwards."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


_TREE = """
import os, subprocess, sys
depth = int(sys.argv[1])
if not depth:
    print(os.getpid(), flush=True)
    sys.stdin.read()
else:
    argv = [sys.executable, "-I", "-c", sys.argv[2], str(depth - 1), sys.argv[2]]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
    print(child.stdout.readline().strip(), os.getpid(), flush=True)
    child.wait()
"""


def test_descendants_are_found_through_sessions_parents_first() -> None:
    with _running(sys.executable, "-I", "-c", _TREE, "3", _TREE) as (root, said):
        deepest, *line = [int(pid) for pid in said]
        assert line[-1] == root.pid
        below = [*reversed(line[:-1]), deepest]
        assert procfs.descendants(root.pid) == below
        assert procfs.children(root.pid) == below[:1]
        assert set(below) < set(procfs.descendants(os.getpid()))
        assert procfs._by_parent()[root.pid] == below[:1]


def test_a_child_belongs_to_its_process_whichever_thread_made_it() -> None:
    found: list[subprocess.Popen[bytes]] = []
    done = threading.Event()

    def beget() -> None:
        found.append(subprocess.Popen([sys.executable, "-I", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE))
        ready.set()
        done.wait()

    ready = threading.Event()
    thread = threading.Thread(target=beget)
    thread.start()
    ready.wait()
    try:
        assert found[0].pid in procfs.children(os.getpid())
        assert thread.native_id in procfs.threads(os.getpid())
    finally:
        done.set()
        thread.join()
        with found[0]:
            found[0].kill()


def test_a_status_tells_name_state_memory_and_switches() -> None:
    source = "import sys, threading; threading.Thread(target=sys.stdin.read).start(); print(flush=True)"
    with _running(sys.executable, "-I", "-c", source) as (process, _):
        found = procfs.status(process.pid)
        assert found is not None
        assert (found.pid, found.tid, found.ppid, found.threads) == (process.pid, process.pid, os.getpid(), 2)
        assert found.state in "RSD"
        assert found.resident_bytes > 1_000_000
        assert found.voluntary + found.involuntary > 0
        (other,) = (tid for tid in procfs.threads(process.pid) if tid != process.pid)
        thread = procfs.status(process.pid, other)
        assert thread is not None
        assert (thread.pid, thread.tid) == (process.pid, other)
        process.kill()
        process.wait()
        assert procfs.status(process.pid) is None


def test_a_process_that_was_not_waited_for_is_a_zombie() -> None:
    process = subprocess.Popen([sys.executable, "-I", "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    found = procfs.status(process.pid)
    assert found is not None
    assert found.state == "Z"
    assert procfs.command_line(process.pid) == ()
    process.wait()


def test_a_command_line_is_told_argument_by_argument() -> None:
    argv = (sys.executable, "-I", "-c", "import sys; print(flush=True); sys.stdin.read()", "", "two words")
    with _running(*argv) as (process, _):
        assert procfs.command_line(process.pid) == argv


def test_what_is_not_there_has_nothing() -> None:
    assert procfs.threads(NOBODY) == []
    assert procfs.children(NOBODY) == []
    assert procfs.descendants(NOBODY) == []
    assert procfs.status(NOBODY) is None
    assert procfs.command_line(NOBODY) is None
    assert procfs.namespace_ids(NOBODY) is None
    assert procfs.started_ticks(NOBODY) is None


def test_pids_are_told_apart_by_when_they_began() -> None:
    with _running(sys.executable, "-I", "-c", "import sys; print(flush=True); sys.stdin.read()") as (process, _):
        mine, its = procfs.started_ticks(os.getpid()), procfs.started_ticks(process.pid)
        assert mine is not None
        assert its is not None
        assert mine <= its


def test_the_first_id_of_a_thread_is_the_one_that_we_know_it_by() -> None:
    assert (procfs.namespace_ids(os.getpid(), threading.get_native_id()) or ())[:1] == (threading.get_native_id(),)


def test_an_inner_namespace_has_its_own_id_for_a_process() -> None:
    inner = [sys.executable, "-I", "-c", "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"]
    try:
        subprocess.run(["unshare", "-p", "-f", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not make PID namespaces")
    with _running("unshare", "-p", "-f", "--kill-child", *inner) as (process, said):
        (child,) = procfs.children(process.pid)
        ids = procfs.namespace_ids(child)
        assert ids is not None
        assert (ids[0], ids[-1]) == (child, int(said[0]))
