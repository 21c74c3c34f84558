"""Signals of a program in the foreground: one that the whole process group had is not sent to the program once more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.imports import ROOT

# Whoever makes a Front hears signals: a process of its own, whose clock is the test's.
_SCRIPT = """
import os, signal, subprocess, sys, time
from engine.probes import procfs
from engine.supervisor import front
class Clock:
    now = 10_000_000_000
    def monotonic_ns(self): return self.now
clock = front.time = Clock()
def after(ms): clock.now += ms * 1_000_000
_, report = os.pipe()
one = front.Front(report)
with subprocess.Popen(["sleep", "1000"]) as program:
    one.began(program.pid)
    {story}
    program.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, program.pid, os.WSTOPPED | os.WNOWAIT)
    after({late})
    one.look([], signal.SIGSTOP, alive=True)
    # What is sent to oneself is had before the call returns; to another, the kernel has changed its state by then.
    print(procfs.status(program.pid).state == "T")
    program.kill()
"""
_GROUP = "os.kill(os.getpid(), signal.SIGCONT); one.look([signal.SIGCONT], 0, alive=True)"
_PARENT = "one.look([signal.SIGCONT], 0, alive=True)"


@pytest.mark.parametrize("late", [30, 2_000])
@pytest.mark.parametrize(("story", "stays"), [(_GROUP, True), (_PARENT, False)], ids=["all of them had it", "our parent alone had it"])
def test_what_all_had_is_not_sent_again_however_late_one_looks(story: str, stays: bool, late: int) -> None:
    script = _SCRIPT.format(story=story, late=late)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [str(stays)]
