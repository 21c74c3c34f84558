"""Whatever becomes of the recording, the program comes to its own end, and nothing of ours remains."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.queue import RunQueue
from app.store import Store
from engine.leftovers import folder_home
from engine.probes import procfs
from tests.support.imports import ROOT
from tests.support.recorded import begun, ended, environment, kept, record
from tests.support.until import until

WAITS = "import os, sys; print('ready', os.getpid(), flush=True); sys.stdin.readline(); print('went on', flush=True); sys.exit(6)"
BROKE = b"gilscope record: the recording broke off, and the program went on without"


@pytest.fixture(autouse=True)
def no_folder_left() -> Iterator[None]:
    before = set(folder_home().glob("gilscope-*"))
    yield
    ours = [folder for folder in set(folder_home().glob("gilscope-*")) - before if folder.stat().st_uid == os.getuid()]
    until(lambda: not any(_is_ours(folder) for folder in ours))


def _is_ours(folder: Path) -> bool:
    # Those of other tests that run beside this one have a supervisor; what a dead one has left has none.
    return folder.exists() and not any(folder.name.split("-")[1].encode() in _environ(pid) for pid in procfs._pids())


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def test_the_program_goes_on_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    process = begun(record("-c", WAITS), tmp_path, stdin=subprocess.PIPE)
    (supervisor,) = procfs.children(process.pid)
    (program,) = procfs.children(supervisor)
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: _parent(program) == process.pid)
    out, err = process.communicate(b"\n", timeout=60)
    assert (process.returncode, out) == (6, b"went on\n")
    assert err.startswith(BROKE)
    trace = kept(tmp_path)
    assert (trace["status"], trace["error"]["kind"]) == ("failed", "recorder")


def test_a_program_that_goes_on_alone_has_its_signals_and_stops(tmp_path: Path) -> None:
    process = begun(record("-c", WAITS), tmp_path, stdin=subprocess.PIPE)
    (supervisor,) = procfs.children(process.pid)
    (program,) = procfs.children(supervisor)
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: _parent(program) == process.pid)
    os.kill(program, signal.SIGSTOP)
    until(lambda: _state(process.pid) == "T")
    os.kill(process.pid, signal.SIGCONT)
    until(lambda: _state(program) != "T")
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    process.communicate()
    assert process.returncode == -signal.SIGTERM


PATCHED = """
import sys
from pathlib import Path
del sys.path[0]
{patch}
from app.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "patch",
    [
        "import engine.launch as launch; launch._MAIN = Path('/no/such/supervisor.py')",
        "import engine.launch as launch\ndef no(*_, **__): raise OSError('no more processes')\nlaunch.Run.__init__ = no",
        "import os; os.environ['XDG_CACHE_HOME'] = '/dev/null/x'",
    ],
    ids=["dies", "does not start", "no cache"],
)
def test_the_program_runs_even_where_nothing_can_be_recorded(tmp_path: Path, patch: str) -> None:
    command = [sys.executable, "-c", PATCHED.format(patch=patch), *record("-c", "import sys; print(input()); sys.exit(6)", options=())[3:]]
    told = ended(command, tmp_path, stdin=b"words\n")
    assert (told.code, told.out) == (6, b"words\n")
    assert told.err.startswith(BROKE if "launch" in patch else b"complete: ")


FULL = """
import app.store
kept = app.store.Store.append
def append(self, trace_id, record, frames, *more):
    if record.status != "starting":
        raise app.store.StoreError("the disk is full")
    return kept(self, trace_id, record, frames, *more)
app.store.Store.append = append
"""


def test_the_program_goes_on_when_its_trace_cannot_be_stored_any_more(tmp_path: Path) -> None:
    text = "import threading; t = threading.Thread(target=sum, args=([],)); t.start(); t.join()\n" + WAITS
    process = begun([sys.executable, "-c", PATCHED.format(patch=FULL), *record("-c", text)[3:]], tmp_path, stdin=subprocess.PIPE)
    out, err = process.communicate(b"\n", timeout=60)
    assert (process.returncode, out) == (6, b"went on\n")
    assert BROKE in err


def test_children_live_on_and_the_trace_says_which(tmp_path: Path) -> None:
    text = "import subprocess; print(subprocess.Popen(['sleep', '300'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid)"
    told = ended(record("-c", text), tmp_path)
    child = int(told.out)
    try:
        assert (told.code, told.err) == (0, b"")
        status = procfs.status(child)
        assert status is not None
        assert status.state == "S"
        (note,) = [note for note in kept(tmp_path)["notes"] if "Still alive" in note]
        assert f"sleep 300 (process {child})" in note
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_daemon_lives_on_and_goes_on_working(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import os, sys, threading, time\n"
        "if os.fork(): os.wait(); sys.exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "for number in range(3): os.dup2(os.open(os.devnull, os.O_RDWR), number)\n"
        "def work():\n    open('pid', 'w').write(str(os.getpid()))\n    os.rename('pid', 'began')\n"
        "    while not os.path.exists('go'): time.sleep(0.01)\n"
        "threading.Thread(target=work).start()\n"
        "while threading.active_count() > 1: sum(range(1000)); time.sleep(0.01)\n"
        "threads = [threading.Thread(target=sum, args=(range(100_000),)) for _ in range(20)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "open('done', 'w')\n"
    )
    told = ended(record("script.py"), tmp_path)
    assert told == (0, b"", b"")
    until(lambda: (tmp_path / "began").exists())
    daemon = int((tmp_path / "began").read_text())
    try:
        until(lambda: _parent(daemon) == 1 or _is_reaper(_parent(daemon)))
        (tmp_path / "go").touch()
        until(lambda: (tmp_path / "done").exists())
    finally:
        if procfs.status(daemon) is not None:
            os.kill(daemon, signal.SIGKILL)


def test_a_recording_is_cancelled_by_a_request_to_end(tmp_path: Path) -> None:
    process = begun(record("-c", WAITS), tmp_path, stdin=subprocess.PIPE)
    store = Store(tmp_path / "data")
    with RunQueue(store) as queue:
        (row,) = store.unfinished()
        queue.cancel(row.id)
        process.wait(60)
    store.close()
    process.communicate()
    assert process.returncode == -signal.SIGTERM
    trace = kept(tmp_path)
    assert (trace["status"], trace["result"]) == ("cancelled", {"signal": "SIGTERM"})


def test_a_recorded_program_cannot_wait_for_its_own_recording_to_end(tmp_path: Path) -> None:
    told = ended(record(*record("-c", "print('inner')", options=())[1:], options=()), tmp_path)
    assert (told.code, told.out) == (2, b"")
    assert b"is being recorded itself" in told.err


def test_a_recorded_program_may_record_elsewhere(tmp_path: Path) -> None:
    inner = record("-c", "print('inner')", options=("--data", str(tmp_path / "other"), "--quiet"))
    assert ended(record(*inner[1:]), tmp_path) == (0, b"inner\n", b"")


def test_what_reads_its_output_sees_the_end_when_the_program_closes_it(tmp_path: Path) -> None:
    """And not only when gilscope has ended."""
    text = "import os, sys; print('ready', flush=True); os.close(1); sys.stdin.readline(); os._exit(0)"
    process = begun(record("-c", text), tmp_path, stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read() == b""
    process.communicate(b"\n", timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("sources", ["marks", "marks,schedstat,gil-sampled"])
def test_it_is_recorded_by_what_there_is(tmp_path: Path, sources: str) -> None:
    told = ended(record("-c", "print(sum(range(1_000_000)))", options=("--quiet", "--sources", sources)), tmp_path)
    assert told == (0, b"499999500000\n", b"")
    assert kept(tmp_path)["status"] == "complete"


def test_what_a_users_function_prints_is_shown_as_it_comes(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "import os, sys, time\n"
        "def job(index):\n    print('out', index, flush=True)\n    os.write(2, b'err\\n')\n    print('no end', end='', flush=True)\n"
        "    while not os.path.exists('seen'): time.sleep(0.01)\n"
    )
    command = [
        sys.executable,
        "-m",
        "app",
        "run",
        "work.py:job",
        "--model",
        "threads",
        "--workers",
        "1",
        "--json",
        "--python",
        sys.executable,
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path / "data"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert [process.stderr.readline() for _ in range(2)] == ["out 0\n", "err\n"]
    (tmp_path / "seen").touch()
    out, err = process.communicate(timeout=60)
    assert err.splitlines()[0] == "no end"
    assert json.loads(out)["status"] == "complete"


def _parent(pid: int) -> int:
    status = procfs.status(pid)
    return -1 if status is None else status.ppid


def _state(pid: int) -> str:
    status = procfs.status(pid)
    return "" if status is None else status.state


def _is_reaper(pid: int) -> bool:
    """Whether a process is none of ours, but who takes orphans in here."""
    return str(ROOT / "engine") not in " ".join(procfs.command_line(pid) or ())
