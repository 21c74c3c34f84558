"""Finding the GIL of every interpreter there is, and refusing what has none."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.interpreters import own
from engine.probes import ProbeUnavailable
from engine.probes.gil import calibrations
from engine.probes.gil.calibration import calibrate
from engine.probes.gil.calibrations import Calibrations
from engine.probes.gil.sample import GilSampler
from engine.probes.gil.structs import Gil, GilStruct, locate
from tests.support.gil_watching import WANTED, interpreter, why_not_exact

_WAITING = "import sys; sys.setswitchinterval(0.00777); print(flush=True); sys.stdin.read()"


@pytest.mark.parametrize("version", WANTED)
def test_the_gil_of_another_process_is_where_calibration_says(version: str) -> None:
    python = interpreter(version)
    known = calibrate(python, watch=False)
    assert known.version.startswith(version.rstrip("t"))
    assert known.free_threaded == version.endswith("t")
    with subprocess.Popen([python, "-X", "gil=1", "-c", _WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        gil = locate(process.pid, known)
        assert gil is not None
        assert int.from_bytes(gil.window(process.pid).read()[8:16], "little") == 7770, "the switch interval stands at its head"
        assert GilSampler(process.pid, gil).look().last == process.pid, "its one thread held it last"
        process.stdin.close()


@pytest.mark.parametrize("version", WANTED)
def test_two_calibrations_agree(version: str) -> None:
    python = interpreter(version)
    assert calibrate(python) == calibrate(python)


@pytest.mark.skipif(why_not_exact() is not None, reason=str(why_not_exact()))
@pytest.mark.parametrize("version", WANTED)
def test_it_learns_what_takes_the_gil_and_where_asking_begins(version: str) -> None:
    known = calibrate(interpreter(version))
    assert not known.unwatchable
    assert known.take_gil is not None
    assert known.acquires
    assert all(0 < ip - known.take_gil < 4096 for ip in known.acquires), "the GIL is taken inside take_gil"


def test_a_free_threaded_interpreter_without_its_gil_says_so() -> None:
    python = interpreter("3.13t")
    known = calibrate(python)
    with subprocess.Popen([python, "-X", "gil=0", "-c", _WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        gil = locate(process.pid, known)
        assert gil is not None
        sampler = GilSampler(process.pid, gil)
        sampler.look()
        assert not sampler.enabled
        process.stdin.close()


def test_a_process_of_another_binary_has_no_such_gil() -> None:
    known = calibrate(own().path, watch=False)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert locate(process.pid, known) is None
        process.stdin.close()


def test_what_is_no_python_is_refused_and_never_started(tmp_path: Path) -> None:
    with pytest.raises(ProbeUnavailable, match="is not a CPython interpreter"):
        calibrate(shutil.which("ls") or "/bin/ls")
    pretender = tmp_path / "python3"
    pretender.write_text(f"#!/bin/sh\ntouch {tmp_path / 'started'}\n")
    pretender.chmod(0o755)
    with pytest.raises(ProbeUnavailable, match="is not a CPython interpreter"):
        calibrate(str(pretender))
    with pytest.raises(ProbeUnavailable, match="is not a CPython interpreter"):
        calibrate(str(tmp_path / "python-that-is-not-there"))
    assert not (tmp_path / "started").exists()


def test_a_binary_that_only_looks_like_python_is_refused_with_the_reason(tmp_path: Path) -> None:
    pretender = tmp_path / "python3"
    shutil.copy(shutil.which("true") or "/bin/true", pretender)
    with pretender.open("ab") as file:
        file.write(b"\0Py_BytesMain\0")
    with pytest.raises(ProbeUnavailable, match="could not be found: it ended or fell silent"):
        calibrate(str(pretender))


def test_a_calibration_leaves_no_process_and_no_descriptor_behind() -> None:
    python = own().path
    calibrate(python)
    before = sorted(Path("/proc/self/fd").iterdir())
    calibrate(python)
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert not any("4321" in Path(f"/proc/{child}/cmdline").read_text() for child in children)


def test_a_calibration_survives_being_written_down() -> None:
    known = calibrate(own().path)
    assert GilStruct.from_json(known.to_json()) == known
    broken: Any
    for broken in (None, {}, [], {"format": 99}, known.to_json() | {"more": 1}, known.to_json() | {"format": 0}):
        with pytest.raises(ValueError, match="calibration"):
            GilStruct.from_json(broken)


@pytest.mark.skipif(why_not_exact() is not None, reason=str(why_not_exact()))
def test_calibrations_are_kept_in_a_folder_until_the_binary_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = own().path
    folder = tmp_path / "not" / "there" / "yet"
    known = Calibrations(folder).get(python)
    (file,) = folder.iterdir()
    made = replace(known, version="another one")
    monkeypatch.setattr(calibrations, "calibrate", lambda *_, **__: made)
    assert Calibrations(folder).get(python) == known
    file.write_text(file.read_text().replace('"stamps": {"', '"stamps": {"/'))
    assert Calibrations(folder).get(python) == made
    file.write_text("no JSON")
    assert Calibrations(folder).get(python) == made


def test_a_calibration_in_the_background_answers_later_and_fails_as_clearly() -> None:
    many = Calibrations(watch=False)
    many.get(own().path)
    assert isinstance(many.ask(own().path), GilStruct)
    foreign = shutil.which("cat") or "/bin/cat"
    with pytest.raises(ProbeUnavailable, match="is not a CPython interpreter"):  # noqa: PT012 - it is asked until it answers
        while many.ask(foreign) is None:
            os.sched_yield()


def test_addresses_follow_the_place_where_the_module_is_mapped() -> None:
    known = GilStruct("/p", "/p", "3.13.0", 0x1000, 160, False, (0x20, 0x30), 0x10)
    gil = Gil(known, 0x7F0000000000)
    assert gil.locked == 0x7F0000001010
    assert gil.acquires == {0x7F0000000020, 0x7F0000000030}
    assert gil.take_gil == 0x7F0000000010
