"""The doctor tries every way to record, and says why one does not work."""

from __future__ import annotations

import errno
import sys

import pytest

from engine import doctor
from engine.doctor import Check, best, checks
from engine.probes import ProbeUnavailable, perf


def test_every_source_of_a_run_is_tried_and_marks_always_work() -> None:
    found = checks()
    assert [(check.source, check.gives) for check in found] == [
        ("marks", "exact"),
        ("kernel", "exact"),
        ("kernel", "sampled"),
        ("gil", "exact"),
        ("gil", "sampled"),
    ]
    assert found[0].works
    assert all(check.said for check in found)


def test_a_refusal_of_the_kernel_is_told_with_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ProbeUnavailable("it is forbidden", "allow it")

    monkeypatch.setattr(perf, "Rings", refused)
    told = {(check.source, check.gives): check for check in checks()}
    for source in ("kernel", "gil"):
        check = told[source, "exact"]
        assert (check.works, check.said, check.mend) == (False, "it is forbidden", "allow it")


def test_a_probe_that_fails_in_an_unknown_way_does_not_end_the_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise OSError(errno.EIO, "disk on fire")

    monkeypatch.setattr(doctor, "_schedstat", broken)
    check = checks()[2]
    assert not check.works
    assert "disk on fire" in check.said


def test_other_systems_have_marks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert best(checks()) == {"marks": "exact", "kernel": "inferred", "gil": "inferred"}


def test_the_best_that_works_is_what_a_trace_will_have() -> None:
    found = [
        Check("marks", "m", "exact", True, ""),
        Check("kernel", "a", "exact", False, ""),
        Check("kernel", "b", "sampled", True, ""),
        Check("gil", "a", "exact", True, ""),
        Check("gil", "b", "sampled", True, ""),
    ]
    assert best(found) == {"marks": "exact", "kernel": "sampled", "gil": "exact"}
