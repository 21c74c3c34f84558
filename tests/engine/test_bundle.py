"""Bundles: what was exported comes back as it was, and nothing else comes in."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.bundle import VERSION, Aside, BundleError, Limits, digest_of, read_bundle, write_bundle
from engine.bundle import reader as reader_module
from engine.trace import Edge, Frame, Job, Lane, Record, RunSpec, Segments, State, Trace, encode_frame
from tests.support import synthetic, synthetic_programs
from tests.support.scene import MS, Recording

ALL = [
    synthetic.threads_taking_turns,
    synthetic.processes_at_once,
    synthetic.tasks_on_a_loop,
    synthetic.waits_overlapping,
    synthetic.failed,
    synthetic_programs.program,
    synthetic_programs.pool,
    synthetic_programs.interpreters,
]


def exported(recording: Recording, **more: Any) -> bytes:
    file, trace = io.BytesIO(), recording.trace
    write_bundle(file, trace.record, [encode_frame(frame) for frame in recording.frames], digest_of(trace), **more)
    return file.getvalue()


def imported(data: bytes, limits: Limits | None = None) -> Any:
    return read_bundle(io.BytesIO(data)) if limits is None else read_bundle(io.BytesIO(data), limits)


def repacked(
    data: bytes, head: Callable[[Any], Any] = lambda head: head, frames: Callable[[bytes], bytes] = lambda frames: frames
) -> bytes:
    """The bundle with its head or its frames changed, and the zip around them as it should be."""
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        text, bodies = bundle.read("trace.json"), bundle.read("frames.bin")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        changed = head(json.loads(text))
        bundle.writestr("trace.json", changed if isinstance(changed, str) else json.dumps(changed))
        bundle.writestr("frames.bin", frames(bodies))
    return file.getvalue()


def with_frames(*frames: Frame) -> bytes:
    """A bundle of these frames, with a digest that fits whatever they make."""
    record = synthetic.record("cpu", "threads", 2)
    last = Frame(frames[-1].t_ns, changes={"status": "complete"})
    return exported(Recording(record, [*frames, last]))


@pytest.mark.parametrize("make", ALL)
def test_a_bundle_gives_back_the_trace(make: Callable[[], Recording]) -> None:
    recording = make()
    trace, back = recording.trace, imported(exported(recording, aside=Aside("für Ada ✓", 1.5, "aaaabbbbcccc")))
    assert back.record == trace.record
    assert back.aside == Aside("für Ada ✓", 1.5, "aaaabbbbcccc")
    assert back.trace.everything.rows() == trace.everything.rows()
    assert (back.trace.lanes, back.trace.jobs, back.trace.counters, back.trace.strings) == (
        trace.lanes,
        trace.jobs,
        trace.counters,
        trace.strings,
    )
    assert back.frames == tuple(encode_frame(frame) for frame in recording.frames)
    assert back.digest == digest_of(trace)


def test_a_bundle_exported_again_is_the_same_file() -> None:
    data = exported(synthetic.threads_taking_turns(), aside=Aside("a"))
    back, file = imported(data), io.BytesIO()
    write_bundle(file, back.record, back.frames, back.digest, back.aside)
    assert file.getvalue() == data


def test_the_digest_is_of_the_trace_and_not_of_how_it_was_cut_into_frames() -> None:
    recording = synthetic.threads_taking_turns()
    trace = recording.trace
    lanes = tuple(trace.lanes.values())
    at_once = Frame(trace.t_ns, lanes, trace.segments, trace.open, trace.strings, trace.jobs, trace.counters, {}, trace.edges)
    whole = Trace(trace.record).grown([at_once])
    assert digest_of(whole) == digest_of(trace)
    assert digest_of(imported(exported(Recording(trace.record, [at_once]))).trace) == digest_of(trace)


@pytest.mark.parametrize(
    "change",
    [
        lambda trace: replace(trace, record=replace(trace.record, id="aaaabbbbcccc")),
        lambda trace: replace(trace, counters={**trace.counters, "marks": 1}),
        lambda trace: replace(trace, jobs=trace.jobs[:-1]),
        lambda trace: replace(trace, lanes={**trace.lanes, 1: replace(trace.lanes[1], name="other")}),
        lambda trace: replace(trace, segments=trace.segments.take(slice(1, None))),
        lambda trace: replace(trace, strings=("other",)),
        lambda trace: replace(trace, edges=trace.edges[:-1]),
        lambda trace: replace(trace, edges=()),
        lambda trace: replace(trace, edges=(replace(trace.edges[0], kind="release"), *trace.edges[1:])),
        lambda trace: replace(trace, record=replace(trace.record, spec=replace(trace.record.spec, program=("other.py",)))),
    ],
)
def test_any_change_of_the_trace_changes_its_digest(change: Callable[[Trace], Trace]) -> None:
    trace = synthetic.threads_taking_turns().trace
    assert digest_of(change(trace)) != digest_of(trace)


def test_a_trace_without_edges_or_program_has_the_digest_that_it_had_before_there_were_any() -> None:
    spec = RunSpec("cpu", "threads", 2, 2, {"rounds": 10}, {"version": "3.13.5"})
    record = Record("k3v9m2x7q4ab", "2026-01-02T03:04:05.678Z", spec, "complete")
    lanes = {1: Lane(1, None, "process", "python", 7, None, 0, 9), 2: Lane(2, 1, "thread", "worker", 7, 8, 1, 9, measured=True)}
    trace = Trace(record, 9, lanes, Segments.of([1, 2], [0, 1], [9, 9], [State.running, State.gil_wait]), jobs=(Job(2, 0, 1, 9, True),))
    assert digest_of(trace) == "sha256:28b8174ec51fe02890eb5598137617920f1fd91cbdd1274074f21ec10dd54bcd"


def test_a_program_may_have_been_given_many_and_long_words() -> None:
    recording = synthetic_programs.program()
    spec = replace(recording.record.spec, program=("-c", "x" * 50_000, *map(str, range(3_000))))
    long = Recording(replace(recording.record, spec=spec), recording.frames)
    assert imported(exported(long)).record.spec.program == spec.program


@pytest.mark.parametrize("program", ["crawl.py", ["crawl.py", 1], [["crawl.py"]], None, {"crawl.py": 1}])
def test_a_program_that_is_no_list_of_words_is_refused(program: Any) -> None:
    def forged(head: Any) -> Any:
        head["record"]["spec"]["program"] = program
        return head

    with pytest.raises(BundleError, match="a program's words"):
        imported(repacked(exported(synthetic_programs.program()), head=forged))


@pytest.mark.parametrize("limit", [0, -1, "soon", True])
def test_a_time_limit_is_above_nothing_or_none_at_all(limit: Any) -> None:
    def forged(head: Any) -> Any:
        head["record"]["spec"]["time_limit_s"] = limit
        return head

    assert imported(exported(synthetic_programs.program())).record.spec.time_limit_s is None
    with pytest.raises(BundleError, match="a time limit above 0 or null"):
        imported(repacked(exported(synthetic_programs.program()), head=forged))


def test_edges_come_back_as_they_were_told() -> None:
    recording = synthetic.threads_taking_turns()
    assert recording.trace.edges
    assert imported(exported(recording)).trace.edges == recording.trace.edges


@pytest.mark.parametrize(
    ("edge", "why"),
    [
        (Edge("spawn", 1, 0, 77, 10), "edges between lanes that it does not name"),
        (Edge("spawn", 77, 0, 1, 10), "edges between lanes that it does not name"),
        (Edge("submit", 1, 0, 1, 11), "edges that end after the trace does"),
        (Edge("submit", 1, 0, 1, 2**60), "a time in it is not within"),
    ],
)
def test_edges_to_nowhere_are_refused(edge: Edge, why: str) -> None:
    with pytest.raises(BundleError, match=why):
        imported(with_frames(Frame(10, lanes=(Lane(1, None, "process", "python", 7, None, 0, 10),), edges=(edge,))))


@pytest.mark.parametrize(
    "edge",
    [
        ["kiss", 1, 0, 1, 5],
        ["spawn", 1, 5, 1, 4],
        ["spawn", 1, -5, 1, 4],
        ["spawn", 1, 0, 1],
        ["spawn", 1, 0.5, 1, 4],
        ["spawn", True, 0, 1, 4],
        {"kind": "spawn"},
        [["spawn"], 1, 0, 1, 4],
    ],
)
def test_edges_that_are_none_are_refused(edge: Any) -> None:
    good = Frame(10, lanes=(Lane(1, None, "process", "python", 7, None, 0, 10),), edges=(Edge("spawn", 1, 0, 1, 5),))

    def forged(frames: bytes) -> bytes:
        forged = frames.replace(b'"edges":[["spawn",1,0,1,5]]', b'"edges":[' + json.dumps(edge).encode() + b"]")
        (length,), (head,) = struct.unpack_from("<I", frames), struct.unpack_from("<I", frames, 4)
        grown = len(forged) - len(frames)
        return struct.pack("<II", length + grown, head + grown) + forged[8:]

    data = with_frames(good)
    assert imported(data).trace.edges
    with pytest.raises(BundleError, match="an edge"):
        imported(repacked(data, frames=forged))


def test_no_more_edges_than_can_be_held_come_in() -> None:
    lane = Lane(1, None, "process", "python", 7, None, 0, 10)
    data = with_frames(Frame(10, lanes=(lane,), edges=(Edge("spawn", 1, 0, 1, 5),) * 50))
    with pytest.raises(BundleError, match="more lanes, jobs, names and edges"):
        imported(data, Limits(pieces=50))


def test_a_large_trace_makes_the_journey() -> None:
    recording = synthetic.large(200_000)
    assert len(imported(exported(recording)).trace.segments) == 200_001 - 200_000 % 16


def test_a_bundle_can_be_written_to_a_pipe() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.told = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.told += data
            return len(data)

    pipe, recording = Pipe(), synthetic.failed()
    write_bundle(pipe, recording.trace.record, map(encode_frame, recording.frames), digest_of(recording.trace))  # type: ignore[arg-type]
    assert imported(bytes(pipe.told)).record == recording.trace.record


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x05\x06" + b"\0" * 18, b"x" * 100_000, b"PK\x03\x04" + b"\0" * 100])
def test_a_file_that_is_none_is_refused_as_such(data: bytes) -> None:
    with pytest.raises(BundleError, match="no gilscope bundle"):
        imported(data)


def test_a_zip_of_something_else_is_refused_as_such() -> None:
    for names in (["a", "b"], ["trace.json"], ["trace.json", "frames.bin", "more"], ["trace.json", "../../etc/passwd"]):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, "{}")
        with pytest.raises(BundleError, match="no gilscope bundle"):
            imported(file.getvalue())


def test_a_bundle_of_a_newer_version_says_that_a_newer_gilscope_is_needed() -> None:
    newer = repacked(exported(synthetic.failed()), head=lambda head: {**head, "version": VERSION + 1})
    with pytest.raises(BundleError, match=f"format version {VERSION + 1}.*newer gilscope"):
        imported(newer)


def test_an_older_version_is_upgraded_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reader_module.UPGRADERS, VERSION - 1, lambda head: {**head, "label": head["title"]})
    older = repacked(exported(synthetic.failed()), head=lambda head: {**head, "version": VERSION - 1, "title": "old"})
    assert imported(older).aside.label == "old"


@pytest.mark.parametrize(
    "aside", [{"label": 5}, {"speedup": 0}, {"speedup": True}, {"speedup": 1e300}, {"speedup": "2"}, {"baseline": "../x"}, {"baseline": 7}]
)
def test_what_goes_beside_the_record_is_checked_too(aside: dict[str, Any]) -> None:
    data = exported(synthetic.threads_taking_turns())
    with pytest.raises(BundleError, match="damaged"):
        imported(repacked(data, head=lambda head: {**head, **aside}))


def test_a_bundle_that_was_changed_is_refused_by_its_digest() -> None:
    data = exported(synthetic.threads_taking_turns())

    def slower(head: Any) -> Any:
        head["record"]["spec"]["workers"] = 64
        return head

    with pytest.raises(BundleError, match="digest"):
        imported(repacked(data, head=slower))


def test_a_flipped_bit_anywhere_never_gets_in_nor_breaks_out() -> None:
    """Whatever is damaged: a BundleError, or (where the bit means nothing, in the zip's own dates, say) the very same trace."""
    data = exported(synthetic.failed(workers=2, seconds=0.1))
    digest = imported(data).digest
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << (at % 8)
        with contextlib.suppress(BundleError):
            assert imported(bytes(damaged)).digest == digest


@pytest.mark.parametrize("seed", range(5))
def test_a_bundle_cut_short_is_refused(seed: int) -> None:
    data = exported(synthetic.failed())
    for length in np.random.default_rng(seed).integers(0, len(data), 20).tolist():
        with pytest.raises(BundleError):
            imported(data[:length])


def test_sizes_are_bounded_before_anything_is_unpacked() -> None:
    data = exported(synthetic.threads_taking_turns())
    for limits in (
        Limits(file=100),
        Limits(head=100),
        Limits(frames=3),
        Limits(frame=50),
        Limits(frame_head=50),
        Limits(inflated=500),
        Limits(segments=1000),
        Limits(pieces=5),
    ):
        with pytest.raises(BundleError, match=r"larger|more|size"):
            imported(data, limits)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = repacked(exported(synthetic.failed()), frames=lambda _: struct.pack("<I", 2**31) + b"\0" * 20_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(BundleError, match="larger than a trace may be"):
        imported(bomb)


def test_a_list_of_a_million_entries_is_not_read() -> None:
    data = bytearray(exported(synthetic.failed()))
    data[-10:-6] = struct.pack("<I", 50_000_000)
    with pytest.raises(BundleError, match="no gilscope bundle"):
        imported(bytes(data))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "../../etc"),
        ("id", "SHOUTING1234"),
        ("id", None),
        ("created_at", "yesterday"),
        ("created_at", "2026-01-02T03:04:05"),
        ("status", "running"),
        ("status", []),
        ("error", "text"),
        ("error", {"message": {"deep": 1}}),
        ("notes", "text"),
        ("notes", [1]),
        ("host", []),
        ("sources", {"gil": 7}),
        ("result", [1]),
        ("result", {"n": float("nan")}),
        ("result", {"n": float("inf")}),
        ("result", {"n": 2**70}),
        ("spec", []),
        ("spec.workload", 7),
        ("spec.model", ""),
        ("spec.workers", "4"),
        ("spec.workers", True),
        ("spec.jobs", -1),
        ("spec.params", []),
        ("spec.interpreter", "python"),
        ("spec.start_method", 3),
        ("spec.switch_interval", "fast"),
        ("spec.switch_interval", 0),
        ("spec.sources", {"gil": 1}),
    ],
)
def test_a_record_with_a_field_of_the_wrong_kind_is_refused(field: str, value: Any) -> None:
    def forged(head: Any) -> Any:
        at = head["record"]["spec"] if field.startswith("spec.") else head["record"]
        at[field.removeprefix("spec.")] = value
        return head

    with pytest.raises(BundleError, match=r"damaged|no object"):
        imported(repacked(exported(synthetic.failed()), head=forged))


@pytest.mark.parametrize(
    "head",
    [
        "[]",
        "null",
        "{}",
        "{",
        "[" * 100_000,
        '{"format": "gilscope bundle"}',
        '{"format": "gilscope bundle", "version": "1"}',
        '{"format": "gilscope bundle", "version": -1}',
        '{"format": "gilscope bundle", "version": 1, "digest": "md5:0"}',
        '{"format": "gilscope bundle", "version": 1, "digest": "sha256:' + "0" * 64 + '", "label": 3}',
        '{"format": "gilscope bundle", "version": 1, "digest": "sha256:' + "0" * 64 + '", "frames": "all"}',
        '{"format": "gilscope bundle", "version": 1, "digest": "sha256:' + "0" * 64 + '", "frames": 3}',
    ],
)
def test_a_head_that_is_none_is_refused(head: str) -> None:
    with pytest.raises(BundleError):
        imported(repacked(exported(synthetic.failed()), head=lambda _: head))


def test_a_record_nested_too_deeply_is_refused() -> None:
    deep: Any = 1
    for _ in range(50):
        deep = {"a": deep}

    def forged(head: Any) -> Any:
        head["record"]["result"] = {"a": deep}
        return head

    with pytest.raises(BundleError, match="nested"):
        imported(repacked(exported(synthetic.failed()), head=forged))


THREAD = Lane(1, None, "thread", "one", 1, 1, 0, 5, "exact", True)
RUN = Segments.from_rows([[1, 0, 5, State.running, -1, -1]])


@pytest.mark.parametrize(
    "frame",
    [
        Frame(2**60, (THREAD,), RUN),
        Frame(-1, (THREAD,), RUN),
        Frame(5, (), RUN),
        Frame(5, (replace(THREAD, id=2**40),)),
        Frame(5, (replace(THREAD, id=-1),)),
        Frame(5, (replace(THREAD, parent=9),)),
        Frame(5, (replace(THREAD, parent=1),)),
        Frame(5, (replace(THREAD, parent=2), replace(THREAD, id=2, parent=1))),
        Frame(5, (replace(THREAD, start_ns=-5),)),
        Frame(5, (THREAD,), Segments.from_rows([[1, -5, 5, 2, -1, -1]])),
        Frame(5, (THREAD,), Segments.from_rows([[1, 0, 2**60, 2, -1, -1]])),
        Frame(5, (THREAD,), jobs=(Job(7, 0, 0, 5, True),)),
        Frame(5, (THREAD,), jobs=(Job(1, 0, 0, 2**61, True),)),
        Frame(5, (THREAD,), changes={"notes": 5}),
        Frame(5, (THREAD,), changes={"error": []}),
        Frame(5, (THREAD,), changes={"result": {"n": float("nan")}}),
    ],
)
def test_frames_that_tell_what_cannot_be_are_refused(frame: Frame) -> None:
    if frame.changes:
        data = repacked(with_frames(replace(frame, changes={})), frames=lambda bodies: _with_changes(bodies, frame.changes))
    else:
        data = with_frames(frame)
    with pytest.raises(BundleError, match="damaged"):
        imported(data)


def _with_changes(bodies: bytes, changes: dict[str, Any]) -> bytes:
    (length,) = struct.unpack_from("<I", bodies)
    first = encode_frame(Frame(5, (THREAD,), changes=changes))
    return struct.pack("<I", len(first)) + first + bodies[4 + length :]


def test_a_trace_that_calls_itself_finished_may_have_nothing_open() -> None:
    record = synthetic.record("cpu", "threads", 2)
    frame = Frame(5 * MS, (THREAD,), Segments.empty(), RUN, changes={"status": "complete"})
    with pytest.raises(BundleError, match="open segments"):
        imported(exported(Recording(record, [frame])))


def test_frames_that_contradict_the_record_are_refused() -> None:
    recording = synthetic.failed()
    other = replace(recording.trace.record, result={"n": 1}, status="complete")
    file = io.BytesIO()
    write_bundle(file, other, map(encode_frame, recording.frames), digest_of(recording.trace))
    with pytest.raises(BundleError, match="another record"):
        imported(file.getvalue())


def test_a_record_survives_its_own_json() -> None:
    record = synthetic.failed().trace.record
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record
