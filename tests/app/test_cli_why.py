"""Why, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.store import Store
from tests.support import synthetic
from tests.support.commands import gilscope
from tests.support.demo_server import put

TURNS = "k3v9m2x7q4ab"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("data")
    store = Store(directory)
    put(store, synthetic.threads_taking_turns(seconds=0.2))
    put(store, synthetic.processes_at_once(seconds=0.2))
    store.close()
    return directory


@pytest.mark.parametrize("question", ["worker-1@45ms", "4@0.045 s", "worker-1@45000000ns"])
def test_a_lane_and_a_time_are_answered_in_words(data: Path, question: str) -> None:
    told = gilscope("show", TURNS, "--why", question, "--width", "80", data=data)
    assert told.code == 0
    assert " ".join(told.out.split()).startswith(
        "worker-1 waited 15.0 ms for the GIL: worker-2 (4.99 ms), worker-3 (4.99 ms) and worker-4 (4.99 ms) held it in turn; "
        "worker-4 gave it up only when made to, after the switch interval of 5.00 ms. "
        "- worker-2, at 37.008 ms for 4.99 ms: held it for 4.99 ms, running Python - worker-3"
    )
    assert max(map(len, told.out.splitlines())) <= 80


def test_programs_get_the_object_that_the_interface_tells(data: Path) -> None:
    told = json.loads(gilscope("show", TURNS, "--why", "worker-1@45ms", "--json", data=data).out)
    assert told["segment"]["state"] == "gil_wait"
    assert [one["lane"] for one in told["because"]] == [5, 6, 7]


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("worker-1", "--why takes LANE@TIME, as worker-1@45ms"),
        ("worker-1@45", "a time is written with its unit"),
        ("worker-1@1e400s", "a time is written with its unit"),
        ("worker-9@45ms", "no lane is called worker-9: there are MainThread, worker-1"),
        ("99@45ms", "This trace has no lane 99"),
        ("²@45ms", "no lane is called ²"),
        ("9" * 5000 + "@45ms", "no lane is called 999"),
        ("", "--why takes LANE@TIME"),
        ("worker-1@45s", "must lie within the trace"),
    ],
)
def test_a_question_that_cannot_be_says_what_to_write(data: Path, question: str, says: str) -> None:
    told = gilscope("show", TURNS, "--why", question, data=data)
    assert told.code == 2
    assert says in told.err


def test_a_name_that_several_have_is_to_be_told_by_id(data: Path) -> None:
    told = gilscope("show", "p7c2d9f4h6jk", "--why", "MainThread@100ms", data=data)
    assert told.code == 2
    assert "3 lanes are called MainThread: name one by its id, " in told.err


def test_a_name_that_only_a_process_has_means_the_process(data: Path) -> None:
    assert gilscope("show", "p7c2d9f4h6jk", "--why", "worker-1@100ms", data=data).out.startswith("Process worker-1 ran for")
