"""Signals, terminals and stops reach a recorded program as they would without us, and so does its end reach who waits for us."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.probes import procfs
from tests.support.recorded import begun, ended, environment, kept, record
from tests.support.terminals import Terminal
from tests.support.until import until

COUNTS = """
import os, signal, sys
had = []
def handler(number, frame):
    had.append(number)
    print("had", signal.Signals(number).name, flush=True)
for name in ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM", "WINCH", "CONT"):
    number = signal.Signals["SIG" + name]
    signal.signal(number, handler)
print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    break
print("had in all", len(had), flush=True)
"""
"""Says each signal that it has, until there is a line to read."""


@contextmanager
def counting(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "script.py").write_text(COUNTS)
    process = begun(record("script.py"), folder, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGWINCH")


@pytest.mark.parametrize("to_group", [False, True], ids=["alone", "group"])
def test_what_is_sent_to_us_or_to_our_process_group_reaches_the_program_once(tmp_path: Path, to_group: bool) -> None:
    with counting(tmp_path) as process:
        assert process.stdout is not None
        for name in NAMES:
            (os.killpg if to_group else os.kill)(process.pid, signal.Signals[name])
            assert process.stdout.readline().decode() == f"had {name}\n"
        # What is forwarded keeps its order: a second one of any of them would come before this one.
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout.readline() == b"had SIGCONT\n"
        out, err = process.communicate(b"\n", timeout=60)
        assert out.decode().splitlines() == [f"had in all {len(NAMES) + 1}"]
        assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL", "SIGSEGV", "SIGUSR1", "SIGPIPE", "SIGRTMIN"])
def test_we_die_of_what_the_program_dies_of(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    text = f"import os, signal, sys; signal.signal({number}, signal.SIG_DFL) if {number} != 9 else 0; os.kill(os.getpid(), {number})"
    told = ended(record("-c", text), tmp_path)
    assert told == (-number, b"", b"")
    trace = kept(tmp_path)
    assert trace["result"] == {"signal": name}
    assert trace["status"] == ("failed" if name in ("SIGKILL", "SIGSEGV") else "complete")


def test_a_kill_that_nobody_can_pass_on_ends_the_program_but_not_its_children(tmp_path: Path) -> None:
    text = "import os, subprocess, time; print(os.getpid(), subprocess.Popen(['sleep', '300']).pid, flush=True); time.sleep(300)"
    process = subprocess.Popen(record("-c", text), cwd=tmp_path, env=environment(tmp_path / "data"), stdout=subprocess.PIPE)
    assert process.stdout is not None
    program, child = map(int, process.stdout.readline().split())
    try:
        process.kill()
        until(lambda: not _alive(program))
        assert _alive(child)
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()
    until(lambda: _gone(tmp_path))
    assert kept(tmp_path)["status"] == "interrupted"


@contextmanager
def terminal(folder: Path, *command: str) -> Iterator[Terminal]:
    with Terminal(list(command), folder, {**environment(folder / "data"), "TERM": "dumb", "PS1": "% "}) as one:
        yield one


ASKS = """
import os, select, signal, sys
def interrupted(*_):
    print("interrupted", flush=True)
    print("ready> ", end="", flush=True)
signal.signal(signal.SIGINT, interrupted)
print([os.isatty(number) for number in range(3)], os.tcgetpgrp(0) == os.getpgrp(), os.ttyname(0) == os.ttyname(2), flush=True)
while True:
    print("ready> ", end="", flush=True)
    # Not in a plain read, which a signal that comes just before it does not end.
    while not select.select([0], [], [], 0.05)[0]:
        pass
    line = sys.stdin.readline().strip()
    print("read", line, flush=True)
    if line == "end":
        sys.exit(5)
"""


def test_a_terminal_stays_a_terminal_and_its_keys_are_the_programs(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(ASKS)
    with terminal(tmp_path, *record("script.py", options=())) as one:
        assert "[True, True, True] True True" in one.until("ready> ")
        for _ in range(3):
            one.type("\x03")
            assert one.until("ready> ").count("interrupted") == 1
        one.type("end\n")
        one.until("read end")
        one.until("complete: trace")
        assert os.waitstatus_to_exitcode(one.ended()) == 5


def test_ctrl_c_ends_a_program_that_does_not_expect_it_and_us_in_the_same_way(tmp_path: Path) -> None:
    with terminal(tmp_path, *record("-c", "import time; print('ready', flush=True); time.sleep(300)")) as one:
        one.until("ready")
        one.type("\x03")
        one.until("KeyboardInterrupt")
        assert os.waitstatus_to_exitcode(one.ended()) == -signal.SIGINT
    trace = kept(tmp_path)
    assert (trace["status"], trace["result"]) == ("complete", {"signal": "SIGINT"})


def test_a_terminal_that_goes_away_is_told_to_the_program(tmp_path: Path) -> None:
    text = "import signal; signal.signal(signal.SIGHUP, lambda *_: open('hung up', 'w')); print('ready', flush=True); signal.pause()"
    with terminal(tmp_path, *record("-c", text)) as one:
        one.until("ready\r\n")
        one.hang_up()
        assert os.waitstatus_to_exitcode(one.ended()) == 0
    assert (tmp_path / "hung up").exists()
    assert kept(tmp_path)["status"] == "complete"


def test_ctrl_z_gives_the_terminal_back_to_the_shell_until_fg(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(ASKS)
    with terminal(tmp_path, "bash", "--norc", "--noediting", "-i") as shell:
        shell.until("% ")
        shell.type(" ".join(record("script.py")) + "\n")
        shell.until("ready> ")
        for _ in range(2):
            shell.type("\x1a")
            shell.until("Stopped")
            shell.until("% ")
            shell.type("jobs -s | wc -l\n")
            shell.until("\n1")
            shell.type("fg\n")
            shell.until("script.py")
            shell.type("again\n")
            shell.until("read again")
        shell.type("end\n")
        shell.until("read end")
        shell.until("% ")
        shell.type("echo code $?; exit 0\n")
        shell.until("code 5")
        assert shell.ended() == 0
    assert kept(tmp_path)["status"] == "complete"


def test_a_program_that_ignores_ctrl_z_keeps_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import signal\nsignal.signal(signal.SIGTSTP, lambda *_: print('no stop', flush=True))\n" + ASKS)
    with terminal(tmp_path, "bash", "--norc", "--noediting", "-i") as shell:
        shell.until("% ")
        shell.type(" ".join(record("script.py")) + "\n")
        shell.until("ready> ")
        shell.type("\x1a")
        shell.until("no stop")
        shell.type("end\n")
        shell.until("read end")
        shell.until("% ")


def test_a_program_in_the_background_is_stopped_when_it_reads_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("print('ready', flush=True)\nprint('read', input(), flush=True)\n")
    with terminal(tmp_path, "bash", "--norc", "--noediting", "-i") as shell:
        shell.until("% ")
        shell.type(" ".join(record("script.py")) + " &\n")
        shell.until("ready")
        until_stopped = "until jobs -s | grep -q Stopped; do sleep 0.1; done; echo it is\n"
        shell.type(until_stopped)
        shell.until("\nit is")
        shell.type("fg\n")
        shell.until("script.py")
        shell.type("words\n")
        shell.until("read words")
        shell.until("% ")


def test_a_stop_and_a_go_that_are_sent_to_one_of_us_are_for_both(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import os, time\nprint('program', os.getpid(), flush=True)\n"
        "while not os.path.exists('go'):\n    time.sleep(0.01)\nprint('went', flush=True)\n"
    )
    with terminal(tmp_path, "bash", "--norc", "--noediting", "-i") as shell:
        shell.until("% ")
        shell.type(" ".join(record("script.py")) + "\n")
        shell.until("program ")
        program = int(shell.until("\n"))
        supervisor = procfs.status(program)
        assert supervisor is not None
        gilscope = procfs.status(supervisor.ppid)
        assert gilscope is not None
        pair = (program, gilscope.ppid)
        for stopped, number in ((1, signal.SIGTSTP), (0, signal.SIGSTOP)):
            os.kill(pair[stopped], number)
            until(lambda: [_state(pid) for pid in pair] == ["T", "T"])
            os.kill(pair[stopped], signal.SIGCONT)
            until(lambda: "T" not in [_state(pid) for pid in pair])
        shell.type("fg\n")
        shell.until("script.py")
        (tmp_path / "go").touch()
        shell.until("went")
        shell.until("% ")


def test_an_interrupt_before_the_program_is_started_starts_nothing(tmp_path: Path) -> None:
    first = begun(record("-c", "print('ready', flush=True); input()"), tmp_path, stdin=subprocess.PIPE)
    command = record("-c", "open('started', 'w')", options=())
    second = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path / "data"), stderr=subprocess.PIPE)
    assert second.stderr is not None
    assert second.stderr.readline().startswith(b"queued: 1 run before this one")
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=60)
    assert second.returncode == -signal.SIGINT
    first.communicate(b"\n", timeout=60)
    assert first.returncode == 0
    assert not (tmp_path / "started").exists()


def test_recordings_on_one_data_directory_take_turns(tmp_path: Path) -> None:
    first = begun(record("-c", "print('ready', flush=True); input()"), tmp_path, stdin=subprocess.PIPE)
    command = record("-c", "print('second', flush=True)", options=())
    second = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path / "data"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert second.stderr is not None
    assert second.stderr.readline().startswith(b"queued: 1 run before this one")
    first.communicate(b"\n", timeout=60)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out) == (0, b"second\n")
    assert err.startswith(b"complete: trace ")


def _state(pid: int) -> str:
    status = procfs.status(pid)
    assert status is not None
    return status.state


def _alive(pid: int) -> bool:
    status = procfs.status(pid)
    return status is not None and not status.ended


def _gone(folder: Path) -> bool:
    """Whether no recorder is at work on the data of that folder."""
    return not any(str(folder).encode() in _environ(entry) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _environ(entry: Path) -> bytes:
    try:
        return (entry / "environ").read_bytes()
    except OSError:
        return b""
