"""One run at a time on a data directory, whoever starts it; and whatever happens, a trace ends and the line goes on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.conclude import work_key
from app.owner import Owner, is_alive
from app.queue import QueueFullError, RunQueue, recover
from app.store import Row, Store, StoreError
from engine.trace import Frame, Lane, Record, RunSpec, Segments, State, Trace, decode_frame
from tests.support import synthetic
from tests.support.puppet import Puppet, Stage, until
from tests.support.replaying import replayer

SPEC = RunSpec("cpu", "threads", 2, 2)
FIRST = Frame(
    1000,
    lanes=(Lane(1, None, "process", "python", 42, None, 0), Lane(2, 1, "thread", "worker-1", 42, 43, 100, measured=True)),
    segments=Segments.from_rows([[2, 100, 600, State.starting, -1, -1]]),
    open=Segments.from_rows([[1, 0, 1000, State.running, -1, -1], [2, 600, 1000, State.running, -1, -1]]),
    changes={"status": "running"},
)
LAST = Frame(2000, segments=Segments.from_rows([[2, 600, 2000, State.running, -1, -1]]), changes={"status": "complete"})


@pytest.fixture
def queue(store: Store, stage: Stage) -> Iterator[RunQueue]:
    made = RunQueue(store, stage.launch)
    yield made
    made.close()


def row_of(store: Store, trace_id: str) -> Row:
    row = store.row(trace_id)
    assert row is not None
    return row


def ended(store: Store, trace_id: str) -> Row:
    until(lambda: row_of(store, trace_id).finished)
    return row_of(store, trace_id)


def whole(store: Store, row: Row) -> Trace:
    return Trace(row.record).grown(decode_frame(body) for _, body in store.frames(row.number))


def test_it_says_when_the_line_is_empty_after_a_run(store: Store) -> None:
    rests: list[int] = []
    with RunQueue(store, replayer(), on_rest=lambda: rests.append(len(store.unfinished()))) as queue:
        queue.submit_together([RunSpec("cpu", "threads", 4, 4), RunSpec("cpu", "threads", 4, 4)], {})
        until(lambda: bool(rests))
    assert rests == [0], "it was said between two runs"


def test_a_run_is_stored_frame_by_frame_and_concluded_at_its_end(store: Store) -> None:
    with RunQueue(store, replayer()) as queue:
        trace_id = queue.submit(RunSpec("cpu", "threads", 4, 4), "mine")
        row = ended(store, trace_id)
    recording = synthetic.threads_taking_turns()
    assert (row.status, row.label, row.owner) == ("complete", "mine", None)
    assert whole(store, row).segments.rows() == recording.trace.segments.rows()
    assert row.metrics is not None
    assert row.metrics["jobs"]["completed"] == 4
    assert row.digest is not None
    assert row.digest.startswith("sha256:")
    assert row.headline
    assert row.findings


def test_frames_are_in_the_store_while_the_run_goes_on(store: Store, queue: RunQueue, stage: Stage) -> None:
    trace_id = queue.submit(SPEC)
    puppet = stage.puppet()
    puppet.tell(FIRST)
    until(lambda: row_of(store, trace_id).status == "running")
    assert row_of(store, trace_id).t_ns == 1000
    puppet.tell(LAST)
    assert ended(store, trace_id).t_ns == 2000


def test_runs_go_one_after_another_in_the_order_of_submission(store: Store, queue: RunQueue, stage: Stage) -> None:
    ids = [queue.submit(RunSpec("cpu", "threads", workers, 2)) for workers in (1, 2, 3)]
    assert [store.position(row_of(store, trace_id).number) for trace_id in ids] == [0, 1, 2]
    for number in range(3):
        puppet = stage.puppet(number)
        assert len(stage.puppets) == number + 1
        assert puppet.spec.workers == number + 1
        puppet.tell(FIRST, LAST)
        ended(store, ids[number])


def test_two_processes_on_one_directory_share_the_line(tmp_path: Path, store: Store, queue: RunQueue, stage: Stage) -> None:
    first = queue.submit(SPEC)
    stage.puppet().tell(FIRST)
    until(lambda: row_of(store, first).status == "running")
    other_store, other_stage = Store(tmp_path / "data"), Stage()
    with RunQueue(other_store, other_stage.launch) as other:
        second = other.submit(SPEC)
        third = queue.submit(SPEC)
        until(lambda: store.position(row_of(store, second).number) == 1)
        assert other_stage.puppets == []
        stage.puppet().tell(LAST)
        other_stage.puppet().tell(FIRST)
        until(lambda: row_of(store, second).status == "running")
        assert row_of(store, third).status == "queued"
        assert len(stage.puppets) == 1
        other_stage.puppet().tell(LAST)
        ended(store, second)
        stage.puppet(1).tell(FIRST, LAST)
        assert ended(store, third).status == "complete"
    other_store.close()


def test_a_queued_run_that_is_cancelled_never_starts(store: Store, queue: RunQueue, stage: Stage) -> None:
    running, waiting = queue.submit(SPEC), queue.submit(SPEC)
    puppet = stage.puppet()
    queue.cancel(waiting)
    puppet.tell(FIRST, LAST)
    ended(store, running)
    assert ended(store, waiting).status == "cancelled"
    last = queue.submit(SPEC)
    stage.puppet(1).tell(FIRST, LAST)
    ended(store, last)
    assert len(stage.puppets) == 2


def test_a_running_run_that_is_cancelled_keeps_what_it_has(store: Store, queue: RunQueue, stage: Stage) -> None:
    trace_id = queue.submit(SPEC)
    stage.puppet().tell(FIRST)
    until(lambda: row_of(store, trace_id).status == "running")
    queue.cancel(trace_id)
    row = ended(store, trace_id)
    assert row.status == "cancelled"
    assert len(whole(store, row).lanes) == 2


def test_another_process_can_cancel_a_run(tmp_path: Path, store: Store, queue: RunQueue, stage: Stage) -> None:
    trace_id = queue.submit(SPEC)
    stage.puppet().tell(FIRST)
    other_store = Store(tmp_path / "data")
    with RunQueue(other_store, Stage().launch) as other:
        other.cancel(trace_id)
        assert ended(store, trace_id).status == "cancelled"
    other_store.close()
    assert stage.puppet().cancelled.is_set()


def test_a_run_that_does_not_heed_its_cancellation_is_ended_by_force(
    store: Store, queue: RunQueue, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.queue.PATIENCE_S", 0.05)
    trace_id = queue.submit(SPEC)
    puppet = stage.puppet()
    puppet.obedient = False
    puppet.tell(FIRST)
    until(lambda: row_of(store, trace_id).status == "running")
    queue.cancel(trace_id)
    row = ended(store, trace_id)
    assert row.status == "cancelled"
    assert puppet.closed.is_set()
    assert len(whole(store, row).open) == 0


def test_a_supervisor_that_dies_leaves_a_failed_trace_whose_open_segments_are_closed(store: Store, queue: RunQueue, stage: Stage) -> None:
    trace_id = queue.submit(SPEC)
    error = {"kind": "recorder", "message": "the supervisor ended without a last word (exit code -9)", "traceback": None}
    stage.puppet().tell(FIRST, Frame(1000, changes={"status": "failed", "error": error}))
    row = ended(store, trace_id)
    trace = whole(store, row)
    assert (row.status, row.record.error) == ("failed", error)
    assert trace.segments.rows() == [
        [1, 0, 1000, State.running, -1, -1],
        [2, 100, 600, State.starting, -1, -1],
        [2, 600, 1000, State.running, -1, -1],
    ]
    assert [lane.end_ns for lane in trace.lanes.values()] == [1000, 1000]
    assert len(trace.open) == 0


@pytest.mark.parametrize("how", ["fail", "fall_silent", "refuse"])
def test_whatever_breaks_in_one_run_the_line_goes_on(store: Store, stage: Stage, how: str) -> None:
    def launch(spec: RunSpec) -> Puppet:
        if how == "refuse" and not stage.puppets:
            stage.launch(spec)
            raise OSError("no more processes")
        return stage.launch(spec)

    with RunQueue(store, launch) as queue:
        broken = queue.submit(SPEC)
        if how == "fail":
            stage.puppet().tell(FIRST)
            stage.puppet().fail(RuntimeError("inside"))
        elif how == "fall_silent":
            stage.puppet().fall_silent()
        row = ended(store, broken)
        assert row.status == "failed"
        assert row.record.error is not None
        assert row.record.error["kind"] == "recorder"
        sound = queue.submit(SPEC)
        stage.puppet(1).tell(FIRST, LAST)
        assert ended(store, sound).status == "complete"


def test_figures_that_cannot_be_derived_do_not_keep_a_trace_from_ending(
    store: Store, queue: RunQueue, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Trace) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.conclude.metrics", broken)
    trace_id = queue.submit(SPEC)
    stage.puppet().tell(FIRST, LAST)
    row = ended(store, trace_id)
    assert (row.status, row.metrics) == ("complete", None)


def test_closing_ends_the_run_and_the_line_as_interrupted(store: Store, stage: Stage) -> None:
    queue = RunQueue(store, stage.launch)
    running, waiting = queue.submit(SPEC), queue.submit(SPEC)
    stage.puppet().tell(FIRST)
    until(lambda: row_of(store, running).status == "running")
    queue.close()
    assert stage.puppet().closed.is_set()
    assert row_of(store, running).status == row_of(store, waiting).status == "interrupted"
    assert len(whole(store, row_of(store, running)).segments) == 3
    assert len(stage.puppets) == 1


def test_what_a_killed_process_left_is_interrupted_and_keeps_what_was_recorded(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from app.queue import RunQueue; from app.store import Store\n"
        "from tests.support.puppet import Stage, until; from tests.app.test_queue import FIRST, SPEC\n"
        "store, stage = Store(Path(sys.argv[1])), Stage(); queue = RunQueue(store, stage.launch)\n"
        "running, waiting = queue.submit(SPEC), queue.submit(SPEC); stage.puppet().tell(FIRST)\n"
        "until(lambda: store.row(running).status == 'running'); print(running, waiting, flush=True); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -9
    running, waiting = done.stdout.split()
    store = Store(tmp_path)
    assert row_of(store, running).status == "running"
    recover(store)
    cut, never = row_of(store, running), row_of(store, waiting)
    trace = whole(store, cut)
    store.close()
    assert cut.status == never.status == "interrupted"
    assert cut.record.error is not None
    assert "everything up to then is kept" in cut.record.error["message"]
    assert [row[2] for row in trace.segments.rows()] == [1000, 600, 1000]
    assert cut.digest is not None


def test_what_a_living_process_runs_is_not_touched_by_another_one_that_starts(
    tmp_path: Path, store: Store, queue: RunQueue, stage: Stage
) -> None:
    trace_id = queue.submit(SPEC)
    stage.puppet().tell(FIRST)
    until(lambda: row_of(store, trace_id).status == "running")
    other_store = Store(tmp_path / "data")
    RunQueue(other_store, Stage().launch).close()
    other_store.close()
    assert row_of(store, trace_id).status == "running"


def test_the_line_moves_on_past_a_dead_process(store: Store, queue: RunQueue, stage: Stage) -> None:
    record = Record(id="abandoned123", created_at="2026-01-02T03:04:05.000000Z", spec=SPEC)
    store.add(record, work_key(SPEC), "", {"token": "0123456789abcdef", "pid": 1})
    trace_id = queue.submit(SPEC)
    stage.puppet().tell(FIRST, LAST)
    assert ended(store, trace_id).status == "complete"
    assert row_of(store, record.id).status == "interrupted"


def test_a_disk_that_is_full_for_a_while_costs_one_run_and_no_more(
    store: Store, queue: RunQueue, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.queue.RETRY_S", 0.01)
    append, tried, full = Store.append, threading.Semaphore(0), threading.Event()
    full.set()

    def appending(self: Store, *what: Any) -> bool:
        if full.is_set():
            tried.release()
            raise StoreError("database or disk is full")
        return append(self, *what)

    monkeypatch.setattr(Store, "append", appending)
    broken = queue.submit(SPEC)
    stage.puppet().tell(FIRST, LAST)
    assert all(tried.acquire(timeout=20) for _ in range(5))
    full.clear()
    assert ended(store, broken).status == "failed"
    sound = queue.submit(SPEC)
    stage.puppet(1).tell(FIRST, LAST)
    assert ended(store, sound).status == "complete"
    assert len(stage.puppets) == 2


def test_an_owner_is_alive_until_its_process_lets_go(tmp_path: Path) -> None:
    first = Owner(tmp_path)
    assert is_alive(tmp_path, first.to_json())
    second = Owner(tmp_path)
    assert is_alive(tmp_path, first.to_json())
    first.close()
    assert not is_alive(tmp_path, first.to_json())
    (tmp_path / "owners" / "0123456789abcdef").touch()  # What a killed process leaves.
    third = Owner(tmp_path)
    assert sorted(path.name for path in (tmp_path / "owners").iterdir()) == sorted([second.token, third.token])
    assert not is_alive(tmp_path, {"token": "../run.lock"})
    second.close()
    third.close()


def test_the_line_has_an_end(queue: RunQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.queue.MAX_QUEUED", 2)
    queue.submit(SPEC)
    queue.submit(SPEC)
    with pytest.raises(QueueFullError, match="cancel some"):
        queue.submit(SPEC)


def test_the_speed_up_is_told_against_the_latest_sequential_trace_and_frozen(store: Store, queue: RunQueue, stage: Stage) -> None:
    def run(model: str, elapsed_ns: int) -> Row:
        before = len(stage.puppets)
        trace_id = queue.submit(RunSpec("cpu", model, 4, 4))
        stage.puppet(before).tell(FIRST, Frame(2000, counters={"elapsed_ns": elapsed_ns}, changes={"status": "complete"}))
        return ended(store, trace_id)

    alone = run("threads", 500)
    sequential = run("sequential", 1000)
    threads = run("threads", 400)
    assert alone.metrics is not None
    assert sequential.metrics is not None
    assert threads.metrics is not None
    assert (alone.metrics["speedup"], alone.metrics["baseline"]) == (None, None)
    assert (sequential.metrics["speedup"], sequential.metrics["baseline"]) == (None, None)
    assert (threads.metrics["speedup"], threads.metrics["baseline"]) == (2.5, sequential.id)
    run("sequential", 800)
    assert row_of(store, threads.id).metrics == threads.metrics
