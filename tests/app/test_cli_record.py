"""A recorded program is what it is without us: byte for byte, to its exit code."""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.real_runs import VERSIONS
from tests.support.real_runs import python as interpreter
from tests.support.recorded import Ended, ended, environment, kept, none_kept, record

SELF = "import os, sys; print(__name__, __file__, sys.argv, sys.path[0], os.getcwd(), sys.executable, sys.flags, sys.stdin is None)\n"
SPAWNS = """import multiprocessing as m
if __name__ == "__main__":
    with m.get_context("spawn").Pool(1) as pool:
        print(pool.map(abs, [-1, 2]))
"""


def both(folder: Path, *words: str, stdin: bytes = b"") -> tuple[Ended, Ended]:
    """A program without us, and with us."""
    return ended([sys.executable, *words], folder, stdin=stdin), ended(record(*words), folder, stdin=stdin)


@pytest.mark.parametrize(
    "text",
    [
        SELF,
        SPAWNS,
        "import sys; sys.exit(3)",
        "import sys; sys.exit('in words')",
        "def inner():\n    return 1 / 0\ndef outer():\n    inner()\nouter()\n",
        "import sys\ndef f():\n    raise LookupError('in a thread')\nimport threading; t = threading.Thread(target=f); t.start(); t.join()",
        "def (",
        "import app, engine; print(app.__file__, engine.__file__, app.WHO, engine.WHO)",
        "import os; os.fork() or print('child', flush=True) or os._exit(0); os.wait(); print('parent')",
        "import os; os._exit(7)",
        "import os; os.execv('/bin/echo', ['echo', 'another', 'program'])",
        "import sys; print('out'); print('err', file=sys.stderr); print('out again')",
        "import sys; sys.stdout.reconfigure(write_through=False); print('no end of line', end='')",
        "import atexit; atexit.register(print, 'at exit')",
        "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.argv)', 'a'], capture_output=True))",
    ],
)
def test_what_it_prints_and_how_it_exits_is_the_same(tmp_path: Path, text: str) -> None:
    for name in ("app", "engine"):
        (tmp_path / f"{name}.py").write_text(f"WHO = 'the program\\'s own {name}'\n")
    (tmp_path / "script.py").write_text(text)
    # The command line itself needs the folder of ours, and so is not to be run in one with another `app`.
    plain = ended([sys.executable, "script.py", "a", "--", "-b"], tmp_path)
    command = [sys.executable, "-c", _FROM_ELSEWHERE, *record("script.py", "a", "--", "-b")[3:]]
    assert ended(command, tmp_path) == plain


_FROM_ELSEWHERE = "import sys; del sys.path[0]; from app.__main__ import main; sys.exit(main())"
"""As the installed command starts: the folder that we stand in is not on its path."""


@pytest.mark.parametrize(
    "words",
    [("-m", "package", "a"), ("-mpackage",), ("-c", "import sys; print(sys.argv, sys.path[0])", "b"), ("package",), ("packed.zip", "c")],
)
def test_every_way_to_name_a_program_is_the_interpreters_own(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(SELF)
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("__main__.py", SELF)
    plain, recorded = both(tmp_path, *words)
    assert plain.code == 0
    assert recorded == plain


def test_the_interpreters_own_options_are_passed_on(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SELF + "assert False, 'not with -O'")
    plain, recorded = both(tmp_path, "-O", "-X", "dev", "-Wignore", "script.py")
    assert plain.code == 0
    assert recorded == plain


@pytest.mark.parametrize("shim", [False, True], ids=["file", "shim"])
def test_the_first_python3_on_path_is_meant_and_is_called_as_there(tmp_path: Path, shim: bool) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    there = Path(sys.executable).with_name("python3")
    if shim:
        (folder / "python3").write_text(f'#!/bin/sh\nexec {there} "$@"\n')
        (folder / "python3").chmod(0o755)
    else:
        (folder / "python3").symlink_to(Path(sys.executable).resolve())
    env = environment(tmp_path / "data", PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")
    text = "import sys; print(sys.executable, sys.prefix, sys.path[1:2])"
    plain = ended(["python3", "-c", text], tmp_path, env=env)
    recorded = ended([sys.executable, "-m", "app", "record", "--quiet", "--", "-c", text], tmp_path, env=env)
    assert str(there if shim else folder / "python3") in plain.out.decode()
    assert recorded == plain


@pytest.mark.parametrize(("options", "enabled"), [([], "False"), (["--gil", "on"], "True"), (["--gil", "off"], "False")])
def test_a_free_threaded_interpreter_has_the_gil_that_is_asked_for_in_its_children_too(
    tmp_path: Path, options: list[str], enabled: str
) -> None:
    (tmp_path / "script.py").write_text(
        "import subprocess, sys\nprint(sys._is_gil_enabled(), flush=True)\n"
        "if not sys.argv[1:]: subprocess.run([sys.executable, __file__, 'child'])\n"
    )
    told = ended(record("script.py", options=("--quiet", *options), python=interpreter("3.13t").path), tmp_path)
    assert told == (0, f"{enabled}\n{enabled}\n".encode(), b"")


def test_standard_input_and_output_are_passed_through_whatever_they_carry(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import sys, hashlib\ndata = sys.stdin.buffer.read()\nsys.stdout.buffer.write(data[::-1])\nsys.stderr.buffer.write(data[:1000])\n"
    )
    plain, recorded = both(tmp_path, "script.py", stdin=os.urandom(5_000_000))
    assert len(plain.out) == 5_000_000
    assert recorded == plain


def test_a_script_on_standard_input_is_read_from_there(tmp_path: Path) -> None:
    plain, recorded = both(tmp_path, "-", "a", stdin=b"import sys; print(sys.argv)")
    assert plain.code == 0
    assert recorded == plain


def test_files_as_streams_are_the_same_files(tmp_path: Path) -> None:
    """Copied through a pipe, an offset would not be shared, and a seek fail."""
    (tmp_path / "script.py").write_text(
        "import os, sys\n"
        "print(os.lseek(0, 0, 1), os.lseek(1, 0, 1), os.path.realpath('/proc/self/fd/1'), os.fstat(2).st_ino == os.fstat(1).st_ino)"
    )
    told = []
    for command in ([sys.executable, "script.py"], record("script.py")):
        with (tmp_path / "in").open("wb+") as source, (tmp_path / "out").open("wb+") as sink:
            source.write(b"abcdef")
            source.seek(3)
            sink.write(b"before\n")
            sink.flush()
            _run(command, tmp_path, source.fileno(), sink.fileno())
        told.append((tmp_path / "out").read_text())
    assert told[0].startswith("before\n3 7 ")
    assert told[1] == told[0]


def _run(command: list[str], folder: Path, source: int, sink: int) -> None:
    import subprocess

    subprocess.run(command, cwd=folder, env=environment(folder / "data"), stdin=source, stdout=sink, stderr=sink, check=True, timeout=60)


def test_descriptors_beyond_the_standard_ones_are_inherited(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import os, sys; print(os.read(int(sys.argv[1]), 9)); os.fstat(int(sys.argv[1]))")
    found = []
    for command in ([sys.executable, "script.py"], record("script.py")):
        reading, writing = os.pipe()
        os.write(writing, b"handed on")
        os.close(writing)
        found.append(ended([*command, str(reading)], tmp_path, pass_fds=[reading]))
        os.close(reading)
    assert found[0].out == b"b'handed on'\n"
    assert found[1] == found[0]


def test_no_descriptor_of_ours_is_open_in_it_but_for_its_marks(tmp_path: Path) -> None:
    """Before 3.13 a mapping keeps the descriptor that it was made from."""
    (tmp_path / "script.py").write_text(
        "import os\n"
        "for number in os.listdir('/proc/self/fd'):\n"
        "    path = os.path.realpath(f'/proc/self/fd/{number}')\n"
        "    if int(number) > 2 and os.path.exists(path) and not path.startswith(os.environ.get('GILSCOPE_MARKS', '-')):\n"
        "        print(number, path)\n"
    )
    plain, recorded = both(tmp_path, "script.py")
    assert plain == (0, b"", b"")
    assert recorded == plain


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_stream_that_was_closed_does_no_harm(tmp_path: Path, closed: int) -> None:
    text = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(4)"
    command = ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *record("-c", text)]
    told = ended(command, tmp_path)
    assert told == (4, b"" if closed == 1 else b"out\n", b"" if closed == 2 else b"err\n")


def test_its_environment_differs_by_what_brings_the_recorder_in_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import json, os; print(json.dumps(dict(os.environ)))")
    plain, recorded = (json.loads(one.out) for one in both(tmp_path, "script.py"))
    changed = {name for name in plain.keys() | recorded.keys() if plain.get(name) != recorded.get(name)}
    assert changed <= {"PYTHONPATH", "GILSCOPE_MARKS", "GILSCOPE_INSTRUMENT", "GILSCOPE_PROGRAM", "GILSCOPE_RUN"}
    assert recorded["PYTHONPATH"].endswith(os.pathsep + plain["PYTHONPATH"])


def test_its_signals_priority_and_limits_are_what_they_are_without_us(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import os, re, resource, signal\n"
        "print(re.findall(r'(?m)^(?:Sig(?!Q)|Shd|Cpus|Seccomp|NoNewPrivs|CapEff|Umask).*', open('/proc/self/status').read()))\n"
        "print(os.nice(0), os.sched_getscheduler(0), [resource.getrlimit(n) for n in range(16)], signal.getitimer(0))\n"
        "print([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD)])\n"
    )
    plain, recorded = both(tmp_path, "script.py")
    assert plain.code == 0, plain.err
    assert recorded == plain


def test_what_gilscope_was_started_with_as_ignored_stays_ignored(tmp_path: Path) -> None:
    text = "import signal; print([signal.getsignal(n).name for n in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)])"
    command = ["sh", "-c", 'trap "" HUP INT; exec "$@"', "sh"]
    plain, recorded = (ended([*command, *words], tmp_path) for words in ([sys.executable, "-c", text], record("-c", text)))
    assert plain.out == b"['SIG_IGN', 'SIG_IGN', 'SIG_DFL']\n"
    assert recorded == plain


def test_a_reader_that_goes_away_is_the_programs_own_to_notice(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys\nfor number in range(100_000):\n    print(number)\n")
    plain, recorded = (
        ended(["bash", "-c", '"$@" | head -1; echo ${PIPESTATUS[0]}', "bash", *words], tmp_path)
        for words in ([sys.executable, "script.py"], record("script.py"))
    )
    assert b"BrokenPipeError" in plain.err
    assert recorded == plain


def test_the_exit_code_is_told_though_nobody_hears_our_line(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import os, sys, time\n"
        "while True:\n    try:\n        os.write(2, b'.')\n        time.sleep(0.01)\n    except OSError:\n        sys.exit(7)\n"
    )
    command = ["bash", "-c", '"$@" 2> >(exit); echo $?', "bash", *record("script.py", options=())]
    assert ended(command, tmp_path).out == b"7\n"


def test_the_trace_tells_the_program_and_how_it_ended(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import asyncio, sys, threading\n"
        "async def nap(): await asyncio.sleep(0.01)\n"
        "async def main(): await asyncio.gather(nap(), nap())\n"
        "thread = threading.Thread(target=sum, args=(range(2_000_000),), name='adder'); thread.start(); thread.join()\n"
        "asyncio.run(main())\n"
        "sys.exit(3)\n"
    )
    told = ended(record("script.py", "x", options=["--label", "mine", "--json", "trace.json"]), tmp_path)
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert (told.code, told.out) == (3, b"")
    assert told.err.decode() == f"complete: trace {trace['id']} is kept · gilscope open {trace['id']}\n"
    assert (trace["status"], trace["error"], trace["result"], trace["label"]) == ("complete", None, {"exit_code": 3}, "mine")
    spec = trace["spec"]
    assert (spec["workload"], spec["model"], spec["jobs"], spec["program"]) == ("script.py", "program", 0, ["script.py", "x"])
    assert kept(tmp_path) == trace
    shown = ended([sys.executable, "-m", "app", "show", trace["id"]], tmp_path).out.decode()
    assert "adder" in shown


EVERYTHING = """
import asyncio, concurrent.futures as futures, multiprocessing, os, queue, subprocess, sys, threading

def double(number):
    return 2 * number

async def step(number):
    await asyncio.sleep(0.001 * number)
    return asyncio.current_task().get_name(), (await asyncio.to_thread(double, number))

async def main():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(step(number), name=f"step {number}") for number in range(5)]
    reader = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('from a child')", stdout=subprocess.PIPE)
    return [task.result() for task in tasks], await reader.communicate()

if __name__ == "__main__":
    print(sys.version_info[:2], sys.argv, sys.path[0] == os.path.dirname(os.path.abspath(__file__)), threading.enumerate())
    print(asyncio.run(main()))
    with futures.ThreadPoolExecutor(3) as pool:
        print(sorted(pool.map(double, range(9))))
    with futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(sys.argv[1])) as pool:
        print(sorted(pool.map(double, range(9))))
    line = queue.Queue()
    threads = [threading.Thread(target=line.put, args=(number,), name=f"putter {number}") for number in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    print(sorted(line.get() for _ in threads), threading.enumerate())
    print(subprocess.run(["echo", "no Python"], capture_output=True))
    print(subprocess.run([sys.executable, "-c", "raise SystemExit(4)"]).returncode)
    if not (child := os.fork()):
        print("forked", flush=True)
        os._exit(3)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    threading.Thread(target=lambda: 1 / 0, name="fails").start()
    sys.exit(9)
"""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("start_method", ["spawn", "fork", "forkserver"])
def test_a_program_of_every_kind_of_concurrency_is_the_same_on_every_interpreter(tmp_path: Path, version: str, start_method: str) -> None:
    python = interpreter(version).path
    (tmp_path / "script.py").write_text(EVERYTHING)
    plain = ended([python, "-W", "ignore", "script.py", start_method], tmp_path)
    recorded = ended(record("-W", "ignore", "script.py", start_method, python=python), tmp_path)
    assert plain.code == 9, plain.err.decode()
    assert _told(recorded) == _told(plain)
    assert kept(tmp_path)["result"] == {"exit_code": 9}


def _told(one: Ended) -> tuple[int, str, str]:
    """Without what is another number in each run."""
    out, err = (re.sub(r"0x[0-9a-f]+|, started \w+\)|\(\w+, \d+\)", "…", text.decode()) for text in (one.out, one.err))
    return one.code, out, err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name a program after --"),
        (("missing.py",), "there is no script missing.py"),
        (("work.py:job",), "gilscope run work.py:job"),
        (("python3", "work.py"), "name the script itself"),
        (("empty",), "without a __main__.py"),
        (("empty.zip",), "without a __main__.py"),
        (("work.py/deeper",), "cannot be read: Not a directory"),
        (("-m",), "nothing follows -m"),
        (("-c",), "nothing follows -c"),
        (("--version",), "is no option of an interpreter that runs a program"),
        (("-X", "dev"), "name a program after --"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_line_before_anything_is_stored(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    (tmp_path / "work.py").write_text("def job(): pass\n")
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("other.py", "")
    told = ended(record(*words, options=()), tmp_path)
    assert (told.code, told.out, told.err.count(b"\n")) == (2, b"", 1)
    assert says in told.err.decode()
    assert none_kept(tmp_path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--python", "2.7"], "there is no interpreter '2.7'"),
        (["--python", "/bin/true"], "/bin/true"),
        (["--gil", "off"], "needs a free-threaded interpreter"),
        (["--json", "-"], "standard output is the program's own"),
        (["--json", "no/such/folder.json"], "cannot be written: No such file or directory"),
        (["--data", "/dev/null/data"], "/dev/null/data"),
        (["--sources", "kernel"], "must name marks"),
    ],
)
def test_options_that_cannot_be_meant_start_nothing(tmp_path: Path, options: list[str], says: str) -> None:
    told = ended(record("-c", "open('started', 'w')", options=options), tmp_path)
    assert (told.code, told.out) == (2, b"")
    assert says in told.err.decode()
    assert not (tmp_path / "started").exists()


def test_a_program_without_the_two_dashes_is_told_where_to_put_them(tmp_path: Path) -> None:
    told = ended([sys.executable, "-m", "app", "record", "script.py"], tmp_path)
    assert told.code == 2
    assert b"put -- before the program: gilscope record -- script.py" in told.err
