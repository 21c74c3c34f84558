"""In which functions the threads of real programs are, as told from outside."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.probes.frame_layout import frame_layout, located
from engine.probes.functions import Functions
from engine.probes.memory import mappings
from tests.support.gil_watching import interpreter
from tests.support.until import LOOK_S, until

NEW = ("3.13", "3.13t", "3.14", "3.15")
OLD = ("3.11", "3.12")

_ZOO = """
import json, sys, threading, time
{own}
class Animal:
    def __init__(self):
        self.legs = [leg for leg in range(50)]
    def spin(self):
        while True:
            for _ in range(1000): pass
    @staticmethod
    def sleep():
        def nested():
            time.sleep(1000)
        nested()
def numbers():
    while True:
        for _ in range(1000): pass
        yield 1
def generate():
    for _ in numbers(): pass
def make():
    while True: Animal()
def żółw():
    threading.Event().wait()
def called_back():
    ([0] * 2000).sort(key=lambda _: time.sleep(1000))
tids = {{}}
ready = threading.Barrier(8)
def run(what):
    tids[what.__name__] = threading.get_native_id()
    ready.wait()
    what()
animal = Animal()
for what in (animal.spin, animal.sleep, generate, make, żółw, called_back, waits):
    threading.Thread(target=run, args=(what,), daemon=True).start()
def end():
    print(json.dumps(tids), flush=True)
    sys.stdin.read()
ready.wait()
end()
"""

_NOT_OURS = "def waits(): time.sleep(1000)"


@dataclass
class Zoo:
    process: subprocess.Popen[str]
    tids: dict[str, int]
    functions: Functions = field(default_factory=Functions)
    told: dict[int, set[str]] = field(default_factory=dict)

    def look(self) -> dict[int, set[str]]:
        """All that was told so far, by thread, after one more look."""
        look(self.functions, self.process.pid)
        ran = self.functions.take()
        if ran is not None:
            assert set(ran.pid.tolist()) == {self.process.pid}
            for tid, name in zip(ran.tid.tolist(), ran.name.tolist(), strict=True):
                self.told.setdefault(tid, set()).add(ran.names[name])
        return self.told


def look(functions: Functions, *pids: int) -> None:
    """As time goes by: each of these is a look."""
    time.sleep(LOOK_S)
    functions.tick(pids, time.monotonic_ns())


@contextmanager
def zoo(python: str, folder: Path, own: str = _NOT_OURS) -> Iterator[Zoo]:
    program = folder / "zoo.py"
    program.write_text(_ZOO.format(own=own))
    process = subprocess.Popen([python, "-I", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        try:
            yield Zoo(process, json.loads(process.stdout.readline()))
        finally:
            process.kill()


@pytest.mark.parametrize("version", NEW)
class TestWhatCanBeLookedAt:
    def test_tells_the_innermost_python_function_of_every_thread(self, version: str, tmp_path: Path) -> None:
        with zoo(interpreter(version), tmp_path) as seen:
            expected = {
                seen.process.pid: "end (zoo.py)",
                seen.tids["spin"]: "Animal.spin (zoo.py)",
                seen.tids["sleep"]: "Animal.sleep.<locals>.nested (zoo.py)",
                seen.tids["generate"]: "numbers (zoo.py)",
                seen.tids["make"]: "Animal.__init__ (zoo.py)",
                seen.tids["żółw"]: "Condition.wait (threading.py)",
                seen.tids["called_back"]: "called_back.<locals>.<lambda> (zoo.py)",
                seen.tids["waits"]: "waits (zoo.py)",
            }
            until(lambda: all(name in seen.look().get(tid, ()) for tid, name in expected.items()))
            seen.told.clear()
            for _ in range(30):
                seen.look()
            assert seen.told[seen.tids["generate"]] <= {"numbers (zoo.py)", "generate (zoo.py)"}, "a torn look was taken for something"
            assert seen.told[seen.tids["make"]] <= {"make (zoo.py)", "Animal.__init__ (zoo.py)"}, "a torn look was taken for something"
            assert seen.functions.sees
            assert not seen.functions.notes

    def test_leaves_out_what_is_gilscopes_own(self, version: str, tmp_path: Path) -> None:
        package = tmp_path / "_gilscope"
        package.mkdir()
        (package / "__init__.py").write_text("def call(what): what()\ndef rest():\n    import time\n    time.sleep(1000)\n")
        own = f"sys.path.insert(0, {str(tmp_path)!r})\nimport _gilscope\ndef waits(): _gilscope.call(_gilscope.rest)"
        with zoo(interpreter(version), tmp_path, own) as seen:
            until(lambda: seen.look().get(seen.tids["waits"]))
            until(lambda: "waits (zoo.py)" in seen.look()[seen.tids["waits"]])
            assert not [name for name in seen.told[seen.tids["waits"]] if "__init__.py" in name]

    def test_one_that_ends_is_told_of_no_more_and_harms_nothing(self, version: str, tmp_path: Path) -> None:
        with zoo(interpreter(version), tmp_path) as seen:
            until(seen.look)
            seen.process.kill()
            seen.process.wait()
            for _ in range(3):
                look(seen.functions, seen.process.pid)
            assert seen.functions.take() is None

    def test_a_program_that_it_becomes_is_looked_at_anew(self, version: str) -> None:
        python = interpreter(version)
        script = "import os, sys, time\ndef {0}(): {1}\n{0}()"
        second = script.format("second", "time.sleep(1000)")
        first = script.format("first", f"sys.stdin.readline(); os.execv({python!r}, [{python!r}, '-I', '-c', {second!r}])")
        process = subprocess.Popen([python, "-I", "-c", first], stdin=subprocess.PIPE, text=True)
        with process:
            functions = Functions()
            assert process.stdin is not None
            until(_tells(functions, process.pid, "first (<string>)"))
            print(file=process.stdin, flush=True)
            until(_tells(functions, process.pid, "second (<string>)"))
            process.kill()


@pytest.mark.parametrize("version", OLD)
def test_an_older_python_says_that_it_cannot_be_looked_at(version: str, tmp_path: Path) -> None:
    with zoo(interpreter(version), tmp_path) as seen:
        look(seen.functions, seen.process.pid)
        assert not seen.look()
        assert not seen.functions.sees
        assert "3.13" in seen.functions.notes[0]
        for _ in range(2):
            look(seen.functions, seen.process.pid)
        assert len(seen.functions.notes) == 1


def test_what_is_no_python_is_left_alone() -> None:
    functions = Functions()
    with subprocess.Popen(["sleep", "60"]) as process:
        look(functions, process.pid)
        look(functions, process.pid)
        assert (functions.take(), functions.sees, functions.notes) == (None, False, ())
        process.kill()


def test_a_process_that_never_was_harms_nothing() -> None:
    functions = Functions()
    look(functions, 2**22 + 1)
    assert functions.take() is None


def test_of_very_many_threads_some_are_looked_at_each_time_and_all_in_turn() -> None:
    many = "import threading, time\nfor _ in range(119): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
    python = interpreter("3.14")
    process = subprocess.Popen([python, "-I", "-c", f"{many}print(1, flush=True)\ntime.sleep(1000)"], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        functions = Functions()
        told: set[int] = set()

        def all_told() -> bool:
            look(functions, process.pid)
            ran = functions.take()
            if ran is None:
                return False
            assert len(ran) <= 25
            assert (ran.t[1:] >= ran.t[:-1]).all()
            told.update(ran.tid.tolist())
            return len(told) == 120

        until(all_told)
        process.kill()


def test_looks_no_more_often_than_each_twenty_milliseconds(tmp_path: Path) -> None:
    with zoo(interpreter("3.14"), tmp_path) as seen:
        until(seen.look)
        now = time.monotonic_ns() + 1_000_000_000
        seen.functions.tick([seen.process.pid], now)
        first = seen.functions.take()
        assert first is not None
        seen.functions.tick([seen.process.pid], now + 19_999_999)
        assert seen.functions.take() is None
        seen.functions.tick([seen.process.pid], now + 20_000_000)
        assert seen.functions.take() is not None


def test_who_turns_to_its_work_is_found_by_the_next_look_however_long_it_was_looked_at_in_vain() -> None:
    script = "print(flush=True); __import__('time').sleep(1000)"
    command = ["sh", "-c", 'read _; exec "$@"', "sh", interpreter("3.14"), "-I", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        functions, now = Functions(), time.monotonic_ns()
        for second in range(20):
            functions.tick([process.pid], now + second * 1_000_000_000)
        assert process.stdin is not None
        assert process.stdout is not None
        print(file=process.stdin, flush=True)
        process.stdout.readline()
        functions.tick([process.pid], now + 19_020_000_000)
        assert functions.take() is None, "it should rarely be looked at by now"
        functions.forget(process.pid)
        functions.tick([process.pid], now + 19_040_000_000)
        assert functions.take() is not None
        process.kill()


@pytest.mark.parametrize("change", [(10, b"\x10\x03"), (8, b"\xa1")])
def test_a_version_that_is_not_known_is_not_read(change: tuple[int, bytes], tmp_path: Path) -> None:
    """Neither a later one, nor one before its release candidates: its words may mean something else."""
    at, new = change
    with zoo(interpreter("3.14"), tmp_path) as seen:
        found = located(mappings(seen.process.pid))
    assert found is not None
    content = bytearray(Path(found[0].module).read_bytes())
    where = content.index(b"xdebugpy" + b"\xf0")
    known, other = tmp_path / "known", tmp_path / "other"
    known.write_bytes(content)
    content[where + at : where + at + len(new)] = new
    other.write_bytes(content)
    assert frame_layout(str(known)) is not None
    assert frame_layout(str(other)) is None


def _tells(functions: Functions, pid: int, name: str) -> Callable[[], bool]:
    def told() -> bool:
        look(functions, pid)
        ran = functions.take()
        return ran is not None and name in ran.names

    return told
