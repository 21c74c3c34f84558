"""A wish becomes exactly one run, on an interpreter that is here."""

from __future__ import annotations

import pytest

from app import wishes
from app.conclude import work_key
from app.trace_object import title
from app.wishes import RefusedError, Wish, spec_of
from engine.interpreters import with_gil
from engine.trace import Interpreter

FREE = Interpreter("3.14.2t-0a1b2c", "/opt/python3.14t", "3.14.2", free_threaded=True, gil_enabled=False)
PLAIN = Interpreter("3.14.2-3d4e5f", "/opt/python3.14", "3.14.2")


@pytest.fixture(autouse=True)
def two_interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishes, "choices", lambda: (PLAIN, FREE, with_gil(FREE, True)))


def test_the_gil_of_a_free_threaded_interpreter_is_on_or_off_by_the_id_that_is_asked_for() -> None:
    off, on, plain = (spec_of(Wish("cpu", "threads", interpreter=one)) for one in (FREE.id, f"{FREE.id}-gil", PLAIN.id))
    assert [spec.interpreter["gil_enabled"] for spec in (off, on, plain)] == [False, True, True]
    assert off.interpreter["path"] == on.interpreter["path"]
    assert [title(spec) for spec in (off, on, plain)] == [
        "cpu · threads ×4 · 3.14t",
        "cpu · threads ×4 · 3.14t with GIL",
        "cpu · threads ×4 · 3.14",
    ]
    assert len({work_key(spec) for spec in (off, on, plain)}) == 3


def test_an_interpreter_that_is_not_here_is_answered_with_those_that_are() -> None:
    with pytest.raises(RefusedError) as refused:
        spec_of(Wish("cpu", "threads", interpreter=f"{PLAIN.id}-gil"))
    (problem,) = refused.value.problems
    assert problem.field == "interpreter"
    assert f"{FREE.id}-gil" in problem.message


def test_a_recorded_program_is_nothing_that_can_be_wished_for() -> None:
    with pytest.raises(RefusedError, match="gilscope record"):
        spec_of(Wish("crawl.py", "program"))
