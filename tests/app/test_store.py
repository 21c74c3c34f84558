"""What is stored stays, in whichever process it was written."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from app.conclude import finish, work_key
from app.store import Comparison, Conclusion, ConflictError, Database, Listing, Reader, Store, StoreError
from app.store.schema import UPGRADERS
from engine.trace import Record, RunSpec, Trace, encode_frame
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.scene import Recording

OWNER = {"token": "somebody", "pid": 1}


def queued(store: Store, number: int, **spec: object) -> Record:
    record = Record(
        id=f"trace{number:07d}",
        created_at=f"2026-01-02T03:04:{number:02d}.000000Z",
        spec=RunSpec(**{"workload": "cpu", "model": "threads", "workers": 2, "jobs": 2, **spec}),  # type: ignore[arg-type]
    )
    store.add(record, work_key(record.spec), "", OWNER)
    return record


def test_a_trace_survives_a_restart_and_looks_the_same(tmp_path: Path) -> None:
    recording = synthetic.threads_taking_turns()
    store = Store(tmp_path)
    put(store, recording)
    before = Reader(store).snapshot(recording.record.id)
    store.close()
    again = Store(tmp_path)
    after = Reader(again).snapshot(recording.record.id)
    again.close()
    assert before is not None
    assert after is not None
    assert before.row == after.row
    assert after.trace.segments.rows() == recording.trace.segments.rows()
    assert after.trace.lanes == recording.trace.lanes
    assert after.trace.record.sources == recording.trace.record.sources


def test_frames_are_numbered_from_one_in_the_order_of_their_writing(store: Store) -> None:
    record = queued(store, 1)
    recording = synthetic.threads_taking_turns()
    for frame in recording.frames[:4]:
        assert store.append(record.id, record, [(frame.t_ns, encode_frame(frame))])
    row = store.row(record.id)
    assert row is not None
    assert [seq for seq, _ in store.frames(row.number)] == [1, 2, 3, 4]
    assert store.frames(row.number, after=2) == store.frames(row.number)[2:]
    assert row.t_ns == recording.frames[3].t_ns


def test_nothing_is_appended_to_a_finished_trace(store: Store) -> None:
    recording = synthetic.processes_at_once()
    put(store, recording)
    assert not store.append(recording.record.id, recording.record, [(0, b"late")])
    assert not finish(store, recording.record.id, lambda _: recording.frames[-1])


def test_the_listing_is_newest_first_and_its_cursor_neither_skips_nor_repeats(store: Store) -> None:
    for number in range(5):
        queued(store, number, model="asyncio" if number % 2 else "threads")
    first, more = store.rows(Listing(limit=2))
    assert [row.id for row in first] == ["trace0000004", "trace0000003"]
    assert more
    queued(store, 9)
    rest, more = store.rows(Listing(limit=10, cursor=(first[-1].created_at, first[-1].id)))
    assert [row.id for row in rest] == ["trace0000002", "trace0000001", "trace0000000"]
    assert not more


def test_the_listing_filters_by_workload_model_and_status(store: Store) -> None:
    queued(store, 1)
    queued(store, 2, model="asyncio")
    put(store, synthetic.waits_overlapping())
    assert [row.id for row in store.rows(Listing(model="asyncio"))[0]] == ["trace0000002"]
    assert [row.status for row in store.rows(Listing(status="complete"))[0]] == ["complete"]
    assert store.rows(Listing(workload="nothing")) == ([], False)


def test_label_and_pin_change_alone_and_leave_the_digest(store: Store) -> None:
    recording = synthetic.threads_taking_turns()
    put(store, recording)
    before = store.row(recording.record.id)
    store.change(recording.record.id, "before the fix", None)
    store.change(recording.record.id, None, True)
    after = store.row(recording.record.id)
    assert before is not None
    assert after == replace(before, label="before the fix", pinned=True)


def test_deleting_takes_the_frames_along_and_spares_what_still_waits(store: Store) -> None:
    recording = synthetic.threads_taking_turns()
    put(store, recording)
    row = store.row(recording.record.id)
    assert row is not None
    assert store.delete(row.id)
    assert store.row(row.id) is None
    assert store.frames(row.number) == []
    assert not store.delete(row.id)
    waiting = queued(store, 1)
    with pytest.raises(ConflictError, match="cancel it first"):
        store.delete(waiting.id)


def test_the_baseline_is_the_latest_complete_sequential_trace_of_the_same_work(store: Store) -> None:
    def sequential(identity: str, status: str, **more: object) -> None:
        spec = RunSpec(**{"workload": "cpu", "model": "sequential", "workers": 1, "jobs": 4, **more})  # type: ignore[arg-type]
        record = Record(id=identity, created_at="2026-01-02T03:04:05.000000Z", spec=spec)
        store.add(record, work_key(spec), "", OWNER)
        ended = record.changed({"status": status})
        store.append(identity, ended, [], Conclusion(digest=identity, metrics={"elapsed_ns": 100}))

    sequential("sequential01", "complete")
    sequential("sequential02", "complete")
    sequential("sequential03", "failed")
    sequential("sequential04", "complete", jobs=8)
    sequential("sequential05", "complete", interpreter={"id": "another"})
    found = store.baseline(work_key(RunSpec("cpu", "threads", 4, 4)))
    assert found is not None
    assert found.id == "sequential02"
    assert store.baseline(work_key(RunSpec("cpu", "threads", 4, 4, params={"size": 2}))) is None


def test_an_imported_trace_is_put_once_and_never_over_another_one(store: Store) -> None:
    recording = synthetic.threads_taking_turns()
    trace = recording.trace
    frames = [(frame.t_ns, encode_frame(frame)) for frame in recording.frames]
    assert store.put(trace.record, "work", "theirs", frames, Conclusion(digest="sha256:1"))
    assert not store.put(trace.record, "work", "theirs", frames, Conclusion(digest="sha256:1"))
    with pytest.raises(ConflictError, match="delete that one first"):
        store.put(trace.record, "work", "", frames, Conclusion(digest="sha256:2"))
    row = store.row(trace.record.id)
    assert row is not None
    assert row.imported
    assert row.label == "theirs"


def test_a_reader_grows_with_the_frames_of_another_process(tmp_path: Path) -> None:
    recording = synthetic.threads_taking_turns()
    store = Store(tmp_path)
    record = queued(store, 1)
    reader = Reader(store)
    early = reader.snapshot(record.id)
    other = Store(tmp_path)  # What a command in another process has.
    version = store.database.version()
    other.append(record.id, record, [(frame.t_ns, encode_frame(frame)) for frame in recording.frames[:3]])
    assert store.database.version() != version
    late = reader.snapshot(record.id)
    other.close()
    store.close()
    assert early is not None
    assert late is not None
    assert (early.seq, late.seq) == (0, 3)
    assert len(early.trace.segments) == 0
    assert late.trace.segments.rows() == Trace(record).grown(recording.frames[:3]).segments.rows()


def test_a_reader_answers_the_same_snapshot_as_long_as_nothing_changed(store: Store) -> None:
    recording = synthetic.tasks_on_a_loop()
    put(store, recording)
    reader = Reader(store)
    assert reader.snapshot(recording.record.id) is reader.snapshot(recording.record.id)
    store.change(recording.record.id, "renamed", None)
    renamed = reader.snapshot(recording.record.id)
    assert renamed is not None
    assert renamed.row.label == "renamed"


def test_a_reader_forgets_what_was_asked_for_longest_ago(store: Store) -> None:
    recordings: list[Recording] = [synthetic.threads_taking_turns(), synthetic.processes_at_once(), synthetic.tasks_on_a_loop()]
    for recording in recordings:
        put(store, recording)
    reader = Reader(store, limit=1)
    first = reader.snapshot(recordings[0].record.id)
    assert reader.snapshot(recordings[0].record.id) is first
    reader.snapshot(recordings[1].record.id)
    assert reader.snapshot(recordings[0].record.id) is not first


def test_an_id_that_is_deleted_and_imported_again_is_read_anew(store: Store) -> None:
    one, two = synthetic.threads_taking_turns(), synthetic.processes_at_once()
    put(store, one)
    reader = Reader(store)
    reader.snapshot(one.record.id)
    store.delete(one.record.id)
    put(store, Recording(replace(two.record, id=one.record.id), two.frames))
    snapshot = reader.snapshot(one.record.id)
    assert snapshot is not None
    assert snapshot.trace.record.spec.model == "processes"
    assert len(snapshot.trace.segments) == len(two.trace.segments)


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.database.writing() as connection:
            connection.execute("UPDATE traces SET label = 'half'")
            raise RuntimeError("in the middle")

    record = queued(store, 1)
    with pytest.raises(RuntimeError):
        half()
    row = store.row(record.id)
    assert row is not None
    assert row.label == ""


def test_writers_of_many_threads_and_processes_take_turns_and_lose_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    records = [queued(store, number) for number in range(3)]
    program = (
        "import sys; from pathlib import Path; from app.store import Store; from engine.trace import Record\n"
        "store = Store(Path(sys.argv[1])); record = store.row(sys.argv[2]).record\n"
        "for n in range(100): store.append(record.id, record, [(n, b'x' * 50_000)])\n"
        "store.close()\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), record.id]) for record in records[:2]]

    def write() -> None:
        for n in range(50):
            store.append(records[2].id, records[2], [(n, b"y")])

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    rows = [store.row(record.id) for record in records]
    counts = [len(store.frames(row.number)) for row in rows if row is not None]
    with store.database.reading() as connection:
        sound = [tuple(row) for row in connection.execute("PRAGMA integrity_check")]
    store.close()
    assert counts == [100, 100, 100]
    assert sound == [("ok",)]


def test_the_write_ahead_log_is_cut_back_by_the_writer(store: Store) -> None:
    record = queued(store, 1)
    for number in range(12):
        store.append(record.id, record, [(number, bytes(2 * 2**20))])
    assert store.database.path.with_name("gilscope.db-wal").stat().st_size < 24 * 2**20


def test_a_store_of_a_newer_gilscope_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "gilscope.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"newer gilscope .*: update gilscope, or name another directory"):
        Store(tmp_path)


def test_a_directory_that_cannot_be_used_says_which_flag_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="--data"):
        Store(tmp_path / "file")
    (tmp_path / "gilscope.db").write_bytes(b"this is no database, whatever it is called" * 100)
    with pytest.raises(StoreError, match="--data"):
        Database(tmp_path)


def test_a_file_of_the_first_version_is_upgraded_and_keeps_its_traces(tmp_path: Path) -> None:
    path = tmp_path / "gilscope.db"
    connection = sqlite3.connect(path)
    UPGRADERS[0](connection)
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    store = Store(tmp_path)
    record = queued(store, 1)
    assert store.comparisons.newest(1) == ([], False)
    comparison = Comparison("c7m4p2w9x3kd", record.created_at, {"models": ["threads"]}, (record.id,))
    store.add_together(comparison, [], OWNER)
    store.close()
    again = Store(tmp_path)
    assert again.comparisons.get("c7m4p2w9x3kd") == comparison
    assert again.comparisons.with_trace(record.id) == [comparison]
    assert again.comparisons.with_trace("k3v9m2x7q4ab") == []
    assert again.row(record.id) is not None
    again.close()


def test_a_comparison_whose_traces_cannot_all_be_queued_is_not_kept(store: Store) -> None:
    there = queued(store, 1)
    other = replace(there, id="trace0000002")
    comparison = Comparison("c7m4p2w9x3kd", there.created_at, {"models": ["threads"]}, (other.id, there.id))
    with pytest.raises(StoreError):
        store.add_together(comparison, [(other, "work"), (there, "work")], OWNER)
    assert store.row(other.id) is None
    assert store.comparisons.get(comparison.id) is None
