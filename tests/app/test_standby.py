"""A supervisor that waits for its run: real processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.context import Context
from app.factory import create_app
from app.settings import Settings
from app.standby import Standby
from engine.launch import Run
from tests.support.alive import running
from tests.support.puppet import until
from tests.support.real_runs import spec
from tests.support.serving import served

SHORT = spec("sleep", "threads", 1)


@pytest.fixture
def standby() -> Iterator[Standby]:
    made = Standby()
    yield made
    made.close()


def waiting(standby: Standby) -> int | None:
    """As `standby.pid`, which changes by itself."""
    return standby.pid


def expected(standby: Standby) -> int:
    standby.expect()
    assert standby.pid is not None
    return standby.pid


def status_of(run: Run) -> object:
    with run:
        return list(run.frames())[-1].changes["status"]


def test_the_process_that_waits_becomes_the_run(standby: Standby) -> None:
    pid = expected(standby)
    assert expected(standby) == pid, "one is enough"
    run = standby(SHORT)
    assert (run.pid, standby.pid) == (pid, None)
    assert status_of(run) == "complete"
    assert not running(pid)


def test_without_one_a_run_is_started_all_the_same(standby: Standby) -> None:
    assert status_of(standby(SHORT)) == "complete"


def test_one_that_died_while_it_waited_costs_nobody_a_run(standby: Standby) -> None:
    pid = expected(standby)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not running(pid))
    run = standby(SHORT)
    assert run.pid != pid
    assert status_of(run) == "complete"


def test_it_does_not_wait_for_ever() -> None:
    standby = Standby(idle_s=0.05)
    pid = expected(standby)
    until(lambda: standby.pid is None)
    until(lambda: not running(pid))


def test_once_closed_nothing_waits_and_nothing_is_started_in_advance(standby: Standby) -> None:
    pid = expected(standby)
    standby.close()
    assert not running(pid)
    standby.expect()
    assert standby.pid is None


def test_who_opens_the_page_where_runs_are_started_has_one_ready_and_after_a_run_the_next(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path))
    context: Context = app.state.context
    standby = context.standby
    assert standby is not None
    with served(app, tmp_path) as url:
        assert waiting(standby) is None, "who only looks at traces needs none"
        httpx.get(url, timeout=30).raise_for_status()
        first = waiting(standby)
        assert first is not None
        wish = {"workload": "sleep", "model": "threads", "workers": 1}
        trace = httpx.post(f"{url}/api/v1/traces", json=wish, timeout=30).json()
        assert httpx.get(f"{url}/api/v1/traces/{trace['id']}", params={"wait": 60}, timeout=70).json()["status"] == "complete"
        until(lambda: waiting(standby) not in (None, first))
        second = waiting(standby)
    context.close()
    assert second is not None
    assert not running(second)


def test_nothing_is_started_in_advance_where_nothing_may_run(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, read_only=True))
    context: Context = app.state.context
    assert context.standby is not None
    with served(app, tmp_path) as url:
        httpx.get(url, timeout=30).raise_for_status()
        assert context.standby.pid is None
    context.close()
