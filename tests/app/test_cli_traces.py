"""Stored traces from the command line: listed, shown, given away, taken in, deleted."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.store import Store
from tests.support import synthetic
from tests.support.commands import gilscope
from tests.support.demo_server import put
from tests.support.imports import ROOT
from tests.support.servers import serving
from tests.support.until import until

TURNS, DEAD = "k3v9m2x7q4ab", "f2g4h6j8k3mn"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two traces: one complete, one failed. Tests that change something make their own."""
    return filled(tmp_path_factory.mktemp("data"))


def filled(directory: Path) -> Path:
    store = Store(directory)
    put(store, synthetic.threads_taking_turns())
    put(store, synthetic.failed())
    store.close()
    return directory


def test_traces_are_listed_a_line_each(data: Path) -> None:
    told = gilscope("list", data=data)
    assert told.code == 0
    head, *lines = told.out.splitlines()
    assert head.split() == ["ID", "RECORDED", "STATUS", "WALL", "CORES", "TRACE"]
    assert {line.split()[0] for line in lines} == {TURNS, DEAD}
    assert any("cpu · threads ×4 · 3.13" in line and "complete" in line for line in lines)


def test_a_list_can_be_narrowed_and_read_by_programs(data: Path) -> None:
    told = gilscope("list", "--status", "failed", "--json", data=data)
    (line,) = told.out.splitlines()
    assert json.loads(line)["id"] == DEAD
    assert gilscope("list", "--model", "asyncio", data=data).err == "no such traces\n"


def test_a_new_data_directory_lists_nothing_and_says_what_to_try(tmp_path: Path) -> None:
    told = gilscope("list", data=tmp_path / "new")
    assert (told.code, told.out) == (0, "")
    assert "gilscope run cpu --model threads" in told.err


def test_show_prints_headline_timeline_figures_and_findings(data: Path) -> None:
    told = gilscope("show", TURNS, data=data)
    assert told.code == 0
    assert "4 threads, one GIL" in told.out
    assert "worker-4" in told.out
    assert "75 % gil_wait" in told.out
    assert "4 of 4 jobs completed" in told.out
    assert "\x1b" not in told.out, "colours go to terminals only"


@pytest.mark.parametrize("width", [40, 72, 200])
def test_show_keeps_to_the_width(data: Path, width: int) -> None:
    told = gilscope("show", TURNS, "--width", str(width), data=data)
    assert max(map(len, told.out.splitlines())) <= width


def test_a_permalink_and_an_address_name_a_trace_as_well_as_its_id(data: Path) -> None:
    for name in (f"/t/{TURNS}", f"http://127.0.0.1:8181/t/{TURNS}?v=1", TURNS.upper()):
        assert json.loads(gilscope("show", name, "--json", data=data).out)["id"] == TURNS


@pytest.mark.parametrize("command", ["show", "open", "export"])
def test_an_unknown_trace_is_an_error_that_says_where_to_look(data: Path, command: str) -> None:
    told = gilscope(command, "aaaaaaaaaaaa", data=data)
    assert (told.code, told.out) == (1, "")
    assert "there is no trace aaaaaaaaaaaa" in told.err
    assert "gilscope list" in told.err
    assert "is no id of a trace" in gilscope(command, "../../etc/passwd", data=data).err


def test_a_bundle_taken_elsewhere_shows_the_same_under_the_same_id(data: Path, tmp_path: Path) -> None:
    told = gilscope("export", TURNS, "-o", tmp_path / "turns.gilscope", data=data)
    assert (told.code, told.out.strip()) == (0, str(tmp_path / "turns.gilscope"))
    there = tmp_path / "there"
    first = gilscope("import", tmp_path / "turns.gilscope", data=there)
    assert (first.code, first.out.strip()) == (0, TURNS)
    again = gilscope("import", tmp_path / "turns.gilscope", data=there)
    assert (again.code, again.out.strip()) == (0, TURNS)
    assert "it is here already" in again.err
    assert len(gilscope("list", "--json", data=there).out.splitlines()) == 1
    here, gone = (json.loads(gilscope("show", TURNS, "--json", data=place).out) for place in (data, there))
    assert gone == {**here, "imported": True}


def test_a_bundle_goes_through_pipes(data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "export", DEAD, "--data", str(data)]
    bundle = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert gilscope("import", "-", data=tmp_path, stdin=bundle).out.strip() == DEAD


def test_what_is_no_bundle_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "no").write_text("hello" * 100)
    told = gilscope("import", tmp_path / "no", data=data)
    assert (told.code, told.out) == (1, "")
    assert "this is no gilscope bundle" in told.err
    assert "cannot be read" in gilscope("import", tmp_path / "nowhere", data=data).err


def test_a_bundle_that_cannot_be_written_leaves_nothing_behind(data: Path, tmp_path: Path) -> None:
    told = gilscope("export", TURNS, "-o", tmp_path / "no" / "x", data=data)
    assert told.code == 1
    assert "name another file with -o" in told.err
    assert list(tmp_path.iterdir()) == []


def test_deleting_asks_and_without_anybody_to_ask_wants_yes(tmp_path: Path) -> None:
    data = filled(tmp_path)
    told = gilscope("delete", TURNS, data=data)
    assert told.code == 2
    assert "--yes" in told.err
    assert gilscope("delete", TURNS, DEAD, "--yes", data=data).err == f"deleted {TURNS}\ndeleted {DEAD}\n"
    assert gilscope("list", "--json", data=data).out == ""


def test_one_unknown_id_deletes_none(tmp_path: Path) -> None:
    data = filled(tmp_path)
    assert gilscope("delete", TURNS, "aaaaaaaaaaaa", "--yes", data=data).code == 1
    assert len(gilscope("list", "--json", data=data).out.splitlines()) == 2


def test_a_reader_that_has_had_enough_is_no_error(data: Path) -> None:
    command = f"{sys.executable} -m app show {TURNS} --data {data} | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_without_unicode_shows_question_marks(data: Path) -> None:
    told = gilscope("show", TURNS, data=data, PYTHONIOENCODING="ascii")
    assert (told.code, told.err) == (0, "")
    assert "worker-4   x???" in told.out
    trace = json.loads(gilscope("show", TURNS, "--json", data=data, PYTHONIOENCODING="ascii").out)
    assert trace["title"] == "cpu · threads ×4 · 3.13"


def test_open_tells_the_address_of_the_server_that_shows_the_data(tmp_path: Path) -> None:
    data = filled(tmp_path)
    with serving(data) as url:
        told = gilscope("open", TURNS, "--no-open", data=data)
        assert (told.code, told.out) == (0, f"{url}t/{TURNS}\n")
        assert f"{url}t/{TURNS}" in gilscope("show", TURNS, data=data).err
    assert "gilscope serve" in gilscope("doctor", data=data).out


def test_doctor_tells_probes_interpreters_versions_and_the_data(data: Path) -> None:
    told = gilscope("doctor", data=data)
    assert told.code == 0
    for part in ("Recording", "marks, exact", "Interpreters", "(our own)", "numpy", str(data)):
        assert part in told.out
    found = json.loads(gilscope("doctor", "--json", data=data).out)
    assert set(found["sources"]) == {"marks", "kernel", "gil"}
    assert found["data"]["bytes"] > 0
    assert found["interpreters"][0]["own"]


def test_a_data_directory_that_cannot_be_used_is_told_with_the_flag_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = gilscope("list", data=tmp_path / "file")
    assert told.code == 1
    assert "--data" in told.err


@pytest.mark.parametrize(
    ("wanted", "name", "begins"),
    [
        ("chrome", f"gilscope-{TURNS}.trace.json", b'{"displayTimeUnit"'),
        ("csv", f"gilscope-{TURNS}.csv", b"lane,kind,name"),
        ("html", f"gilscope-{TURNS}.html", b"<!doctype html>"),
    ],
)
def test_a_trace_is_written_in_the_formats_of_others(data: Path, tmp_path: Path, wanted: str, name: str, begins: bytes) -> None:
    told = gilscope("export", TURNS, "--format", wanted, "-o", tmp_path / name, data=data)
    assert (told.code, told.out) == (0, f"{tmp_path / name}\n")
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_a_file_whose_name_ends_in_gz_is_packed(data: Path, tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.json", tmp_path / "a.json.gz"
    for file in (plain, packed):
        assert gilscope("export", TURNS, "--format", "chrome", "-o", file, data=data).code == 0
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_is_ended_leaves_no_half_of_a_file(tmp_path: Path, number: int) -> None:
    """It is ended where it cannot be quicker than we are: at a pipe that nobody reads."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = (
        "import sys; from pathlib import Path; from app.cli import bundles\n"
        "def pieces():\n    yield b'half'\n    Path(sys.argv[2]).open('w')\n"
        "bundles._write(Path(sys.argv[1]), pieces())"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path / "out", pipe], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        until(lambda: [file for file in tmp_path.iterdir() if file != pipe])
        process.send_signal(number)
    assert process.returncode in (128 + number, -number)
    assert list(tmp_path.iterdir()) == [pipe]


def test_standard_output_that_is_full_is_told_in_words(data: Path) -> None:
    command = [sys.executable, "-m", "app", "export", TURNS, "--format", "csv", "--data", str(data)]
    with Path("/dev/full").open("wb") as full:
        told = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (told.returncode, told.stderr) == (
        1,
        b"gilscope export: standard output cannot be written: No space left on device; name a file with -o\n",
    )


def test_what_is_no_file_is_written_to_and_not_replaced(data: Path, tmp_path: Path) -> None:
    pipe, link, linked = tmp_path / "pipe", tmp_path / "link", tmp_path / "linked"
    os.mkfifo(pipe)
    link.symlink_to(linked)
    with (tmp_path / "read").open("wb") as out, subprocess.Popen(["cat", pipe], stdout=out) as reader:
        told = gilscope("export", TURNS, "--format", "csv", "-o", pipe, data=data)
        if not pipe.is_fifo():
            reader.kill()
    assert (told.code, pipe.is_fifo()) == (0, True)
    read = (tmp_path / "read").read_bytes()
    assert read.startswith(b"lane,kind,name")
    assert gilscope("export", TURNS, "--format", "csv", "-o", link, data=data).code == 0
    assert link.is_symlink()
    assert linked.read_bytes() == read


def test_a_window_of_a_trace_is_written_to_standard_output(data: Path) -> None:
    told = gilscope("export", TURNS, "--format", "csv", "--t0", "500000000", "--t1", "510000000", data=data)
    assert told.code == 0
    assert 2 < len(told.out.splitlines()) < 60


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--format", "pdf"), 2, "invalid choice: 'pdf'"),
        (("--t0", "5"), 2, "a bundle holds the whole trace"),
        (("--format", "csv", "--t0", "90000000000"), 2, "lies outside the trace"),
        (("--format", "html", "--t0", "9", "--t1", "3"), 2, "must be after t0"),
    ],
)
def test_an_export_that_cannot_be_is_refused_in_words(data: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    told = gilscope("export", TURNS, *arguments, data=data)
    assert (told.code, told.out) == (code, "")
    assert said in told.err
