"""From evidence to lanes, segments and edges, on small stories. Times are in ms; a letter of a drawing is one."""

from __future__ import annotations

import pytest

from engine.agent._gilscope import codes
from engine.timeline.evidence import (
    BECAME_BLIND,
    BECAME_FOREIGN,
    BECAME_PYTHON,
    GIL_ABSENT,
    GIL_EXACT,
    GIL_OFF,
    GIL_SAMPLED,
    WAIT_LOCK,
    WAIT_SLEEP,
    WAIT_SOCKET,
    WAIT_STOPPED,
)
from engine.trace import State
from tests.support.legality import breaches, gaps
from tests.support.story import MS, PID, Story, Told

A, B = PID, 101


@pytest.fixture(params=[(), (3,), (2, 5, 7, 11, 12)], ids=["at once", "in two", "piecemeal"])
def harvests(request: pytest.FixtureRequest) -> tuple[float, ...]:
    """What comes out is the same however it was harvested."""
    found: tuple[float, ...] = request.param
    return found


def told(story: Story, end: float, harvests: tuple[float, ...] = ()) -> Told:
    found = story.told(end, tuple(t for t in harvests if t < end))
    assert breaches(found.trace) == []
    assert gaps(found.trace) == []
    return found


def two_threads(**options: object) -> Story:
    """A program's main thread and one more, both known from 0 on, the GIL watched."""
    story = Story(**options)
    story.born(A)
    story.sees()
    story.born(B, by=A)
    story.marks(0, A, codes.THREAD_BEGIN, text="main")
    story.marks(0, B, codes.THREAD_BEGIN, text="other")
    return story


class TestInterpreters:
    def test_two_gils_of_one_process_are_held_at_once(self, harvests: tuple[float, ...]) -> None:
        story = two_threads()
        story.sees(interpreter=1)
        story.sees(interpreter=2)
        for cpu, (tid, number) in enumerate(((A, 1), (B, 2))):
            story.on(0, tid, cpu)
            story.marks(0, tid, codes.TICK, within=number)
            story.holds(0, tid, interpreter=number)
            story.holds(8, 0, interpreter=number)
            story.off(8, tid, cpu)
        found = told(story, 10, harvests)
        assert found.drawn("main")[:8] == found.drawn("other")[:8] == "rrrrrrrr"
        assert found.drawn("GIL of interpreter 1") == found.drawn("GIL of interpreter 2") == "hhhhhhhhff"
        assert found.trace.counters["gil_oncore_overlap_ns"] == 0

    def test_a_thread_waits_for_the_gil_of_the_interpreter_that_it_is_in(self, harvests: tuple[float, ...]) -> None:
        story = two_threads()
        story.sees(interpreter=1)
        story.on(0, A, 0)
        story.marks(0, A, codes.TICK, within=1)
        story.holds(0, A, interpreter=1)
        story.on(0, B, 1)
        story.marks(0, B, codes.TICK, within=1)
        story.asks(1, B)
        story.off(1, B, 1)
        story.holds(6, B, interpreter=1)
        story.on(6, B, 1)
        story.off(6, A, 0)
        story.asks(6, A)
        found = told(story, 10, harvests)
        assert found.drawn("other")[1:] == "GGGGGrrrr"
        assert found.refs("other", State.gil_wait) == ["main"]

    def test_a_lane_says_how_well_its_own_gil_is_seen(self) -> None:
        story = two_threads()
        story.sees(GIL_SAMPLED, interpreter=1)
        story.holds(1, A, interpreter=1)
        lanes = {lane.name: lane.exactness for lane in told(story, 5).trace.lanes.values() if lane.kind == "interpreter"}
        assert lanes == {"GIL": "exact", "GIL of interpreter 1": "sampled"}


class TestHowWell:
    def test_a_lane_is_as_well_known_as_the_weakest_source_of_its_own_life(self) -> None:
        story = two_threads()
        story.sees(GIL_SAMPLED, 2, why="too many records")
        story.sees(GIL_EXACT, 4)
        story.born(102, by=A, t=6)
        story.marks(6, 102, codes.THREAD_BEGIN, text="late")
        found = told(story, 10, (3, 5)).trace
        known = {lane.name: (lane.exactness, lane.note) for lane in found.lanes.values() if lane.kind == "thread"}
        assert known["main"] == known["other"] == ("sampled", "too many records; from 0.004 s: exact")
        assert known["late"] == ("exact", None)


class TestOperations:
    def test_what_is_around_an_operation_goes_on_after_it(self, harvests: tuple[float, ...]) -> None:
        story = Story(program=False)
        story.born(A)
        story.sees()
        story.on(0, A)
        story.holds(0, A)
        story.marks(0, A, codes.JOB_BEGIN)
        story.marks(1, A, codes.OP_BEGIN, codes.CALL)
        story.marks(3, A, codes.OP_BEGIN, codes.GET | 7 << 8, text="jobs")
        story.holds(3, 0)
        story.off(3, A)
        story.on(6, A)
        story.holds(6, A)
        story.marks(6, A, codes.OP_END)
        story.holds(8, 0)
        story.off(8, A)
        story.on(9, A)
        story.holds(9, A)
        found = told(story, 10, harvests)
        assert found.drawn("main")[:10] == "rrrLLLrrIr"
        assert found.details("main", State.lock_wait, State.io_wait) == ["get", "call"]

    def test_an_operation_names_what_it_is_on(self) -> None:
        story = two_threads()
        story.on(0, A)
        story.holds(0, A)
        story.names(A, codes.OP_BEGIN, 7, "Queue 1")
        story.marks(1, A, codes.OP_BEGIN, codes.GET | 7 << 8)
        story.holds(1, 0)
        story.off(1, A)
        assert told(story, 5).details("main", State.lock_wait) == ["get Queue 1"]

    def test_where_marks_are_missing_nothing_is_known_until_the_next(self) -> None:
        story = two_threads()
        story.on(0, A)
        story.holds(0, A)
        story.marks(2, A, codes.TICK)
        story.loses(2.5, A)
        story.marks(6, A, codes.OP_END)
        found = told(story, 10, (4,))
        assert found.drawn("main") == "rr????rrrr"


class TestWaitsThatNothingMarks:
    @pytest.mark.parametrize(
        ("what", "on", "letter", "detail"),
        [
            (WAIT_LOCK, "lock 1", "L", "lock 1"),
            (WAIT_SOCKET, "socket 127.0.0.1:80", "I", "socket 127.0.0.1:80"),
            (WAIT_SLEEP, "", "I", "sleep"),
            (WAIT_STOPPED, "", "I", "stopped"),
        ],
    )
    def test_a_block_is_what_the_thread_was_seen_to_be_blocked_in(
        self, what: int, on: str, letter: str, detail: str, harvests: tuple[float, ...]
    ) -> None:
        story = two_threads(waits="exact")
        story.on(0, A)
        story.holds(0, A)
        story.holds(2, 0)
        story.off(2, A)
        story.waits(2, A, what, on)
        story.on(9, A)
        story.holds(9, A)
        found = told(story, 10, harvests)
        assert found.drawn("main") == f"rr{letter * 7}r"
        assert found.details("main", State.lock_wait, State.io_wait) == [detail]

    def test_what_was_not_seen_is_unknown(self, harvests: tuple[float, ...]) -> None:
        story = two_threads(waits="exact")
        story.on(0, A)
        story.holds(0, A)
        story.holds(2, 0)
        story.off(2, A)
        assert told(story, 10, harvests).drawn("main") == "rr????????"

    def test_asking_for_the_gil_is_no_wait_for_anything_else(self) -> None:
        story = two_threads(waits="exact")
        story.on(0, A)
        story.holds(0, B)
        story.asks(2, A)
        story.off(2, A)
        story.waits(2, A, WAIT_LOCK, "lock 1")
        assert told(story, 10).drawn("main")[2:] == "GGGGGGGG"

    def test_blocked_with_the_gil_says_so(self) -> None:
        story = two_threads(waits="exact")
        story.on(0, A)
        story.holds(0, A)
        story.off(2, A)
        story.waits(2, A, WAIT_SLEEP)
        found = told(story, 10)
        assert found.details("main", State.io_wait) == ["blocked_holding_gil: sleep"]

    def test_a_collection_without_a_gil_stops_the_others(self) -> None:
        story = Story()
        story.born(A)
        story.sees(GIL_ABSENT)
        story.born(B, by=A)
        for cpu, (tid, name) in enumerate(((A, "main"), (B, "other"))):
            story.marks(0, tid, codes.THREAD_BEGIN, text=name)
            story.on(0, tid, cpu)
        story.marks(2, A, codes.COLLECT_BEGIN)
        story.off(2, B, 1)
        story.on(6, B, 1)
        story.marks(6, A, codes.COLLECT_END)
        found = told(story, 10)
        assert found.drawn("other") == "rrLLLLrrrr"
        assert found.details("other", State.lock_wait) == ["stop_the_world"]


def test_work_says_in_which_function_it_was_seen_most_or_made_to_wait() -> None:
    story = two_threads()
    story.on(0, A)
    story.holds(0, A)
    story.off(6, A, preempted=True)
    story.on(8, A)
    story.off(10, A)
    for t, name in ((1, "parse"), (3, "crunch"), (5, "crunch"), (7, "tell")):
        story.runs(t, A, name)
    found = told(story, 12)
    assert [(state, detail) for _, _, state, detail, _ in found.rows("main")][:3] == [
        (State.running, "crunch"),
        (State.runnable, None),
        (State.running, "tell"),
    ]


class TestWhoseDoing:
    def test_who_lacks_a_core_refers_to_who_had_it(self, harvests: tuple[float, ...]) -> None:
        story = two_threads()
        story.on(0, A, 1)
        story.holds(0, A)
        story.off(2, A, 1, preempted=True)
        story.on(2, B, 1)
        story.off(8, B, 1)
        story.on(8, A, 1)
        found = told(story, 10, harvests)
        assert found.drawn("main") == "rrRRRRRRrr"
        assert found.refs("main", State.runnable) == ["other"]

    def test_a_ready_task_refers_to_the_one_that_had_the_loop(self, harvests: tuple[float, ...]) -> None:
        story = two_threads()
        story.on(0, A)
        story.holds(0, A)
        for number, name in ((1, "quick"), (2, "slow")):
            story.marks(0, A, codes.TASK_NEW, number, text=name)
            story.marks(0, A, codes.TASK_READY, number)
        story.marks(1, A, codes.STEP_BEGIN, 2)
        story.marks(7, A, codes.STEP_END, 2)
        story.marks(7, A, codes.STEP_BEGIN, 1)
        story.marks(9, A, codes.TASK_END, 1)
        found = told(story, 10, harvests)
        assert found.drawn("quick") == "DDDDDDDrr"
        assert found.refs("quick", State.ready) == ["slow"]
        assert found.drawn("slow") == "Drrrrrrsss"

    def test_a_task_says_once_it_is_ready_what_it_had_awaited(self, harvests: tuple[float, ...]) -> None:
        story = two_threads()
        story.on(0, A)
        story.holds(0, A)
        story.marks(0, A, codes.TASK_NEW, 1, text="waiter")
        story.marks(0, A, codes.TASK_READY, 1)
        for t in (1, 7):
            story.marks(t, A, codes.STEP_BEGIN, 1)
            story.marks(t + 1, A, codes.STEP_END, 1)
        story.marks(6, A, codes.TASK_READY, 1)
        story.marks(6.001, A, codes.AWAITED, codes.SLEEP | 4 << 8)
        story.names(A, codes.AWAITED, 4, "gather")
        found = told(story, 10, harvests)
        assert found.drawn("waiter") == "DrssssDrss"
        assert found.details("waiter", State.suspended) == ["sleep gather", None]

    def test_a_task_that_gives_way_is_ready_at_once(self, harvests: tuple[float, ...]) -> None:
        story = two_threads()
        story.on(0, A)
        story.holds(0, A)
        story.marks(0, A, codes.TASK_NEW, 1, text="polite")
        story.marks(1, A, codes.STEP_BEGIN, 1)
        story.marks(3, A, codes.STEP_AGAIN, 1)
        story.marks(6, A, codes.STEP_BEGIN, 1)
        assert told(story, 10, harvests).drawn("polite") == "DrrDDDrrrr"

    def test_who_waited_for_a_lock_refers_to_who_let_go(self, harvests: tuple[float, ...]) -> None:
        story = two_threads(waits="exact")
        story.on(0, A, 0)
        story.off(2, A, 0)
        story.waits(2, A, WAIT_LOCK, "lock 1")
        story.on(0, B, 1)
        story.wakes(6, B, A)
        story.on(6.5, A, 0)
        found = told(story, 10, harvests)
        assert found.refs("main", State.lock_wait) == ["other"]
        assert ("release", "other", 6.0, "main", 6.5) in found.edges()


class TestEdges:
    def test_a_thread_comes_from_its_maker(self) -> None:
        assert ("spawn", "main", 0.0, "other", 0.0) in told(two_threads(), 5).edges()

    @pytest.mark.parametrize("first", [A, B])
    def test_what_is_handed_on_goes_from_who_gave_it_to_who_took_it(self, first: int) -> None:
        """Whichever of the two was heard of first."""
        story = two_threads()
        token = 5 << 2 | codes.SUBMIT
        ends = [(3.0, A, codes.GIVE), (4.0, B, codes.TAKE)]
        for t, tid, kind in sorted(ends, key=lambda end: end[1] != first):
            story.marks(t, tid, kind, token)
        assert ("submit", "main", 3.0, "other", 4.0) in told(story, 10).edges()

    def test_what_nobody_took_is_no_edge(self) -> None:
        story = two_threads()
        story.marks(3, A, codes.GIVE, 5 << 2 | codes.MESSAGE)
        assert [edge[0] for edge in told(story, 10).edges()] == ["spawn"]

    def test_what_a_task_hands_on_comes_from_the_task(self) -> None:
        story = two_threads()
        story.marks(1, A, codes.TASK_NEW, 1, text="giver")
        story.marks(1, A, codes.TASK_READY, 1)
        story.marks(2, A, codes.STEP_BEGIN, 1)
        story.marks(3, A, codes.GIVE, 5 << 2 | codes.SUBMIT)
        story.marks(4, A, codes.STEP_END, 1)
        story.marks(5, B, codes.TAKE, 5 << 2 | codes.SUBMIT)
        assert ("submit", "giver", 3.0, "other", 5.0) in told(story, 10).edges()

    def test_a_wake_up_out_of_a_receive_is_a_message(self) -> None:
        story = two_threads(waits="exact")
        story.on(0, A, 0)
        story.off(2, A, 0)
        story.waits(2, A, WAIT_SOCKET)
        story.on(0, B, 1)
        story.wakes(6, B, A)
        story.on(7, A, 0)
        assert ("message", "other", 6.0, "main", 7.0) in told(story, 10).edges()


@pytest.mark.parametrize(("instrumented", "measured"), [(True, ["main", "made"]), (False, ["main"])])
def test_what_a_users_job_starts_works_for_the_job(instrumented: bool, measured: list[str]) -> None:
    story = Story(program=False, instrumented=instrumented)
    story.born(A)
    story.born(B, by=A)
    story.marks(1, A, codes.JOB_BEGIN)
    story.born(102, by=A, t=2)
    story.marks(2, 102, codes.THREAD_BEGIN, text="made")
    found = told(story, 10, (1.5,))
    assert [lane.name for lane in found.trace.lanes.values() if lane.measured] == measured


class TestOtherPrograms:
    def test_what_is_no_python_works_natively(self, harvests: tuple[float, ...]) -> None:
        story = two_threads(waits="exact")
        story.born(200, by=A, t=1, pid=200)
        story.becomes(2, 200, BECAME_FOREIGN, "sleep 1")
        story.on(1, 200, 0, pid=200)
        story.off(6, 200, 0, pid=200)
        story.waits(6, 200, WAIT_SLEEP)
        story.on(9, 200, 0, pid=200)
        story.ends(10, 200, pid=200)
        found = told(story, 12, harvests)
        (thread,) = [lane for lane in found.trace.lanes.values() if lane.kind == "thread" and lane.pid == 200]
        found.trace.lanes[thread.id] = thread.__class__(thread.id, thread.parent, "thread", "foreign", 200, 200, 0)
        assert found.drawn("foreign") == ".nnnnIIIn"
        assert [lane.name for lane in found.trace.lanes.values() if lane.kind == "process"] == ["main", "sleep 1"]
        assert not any(lane.kind == "interpreter" and lane.pid == 200 for lane in found.trace.lanes.values())

    def test_a_python_that_may_not_mark_is_unknown_inside(self) -> None:
        story = Story()
        story.born(A)
        story.becomes(1, PID, BECAME_BLIND, "isolated.py")
        story.on(0, A)
        assert told(story, 10).drawn("main") == ".?????????"

    def test_a_python_that_follows_on_a_fork_starts_anew(self) -> None:
        story = two_threads()
        story.on(0, A)
        story.holds(0, A)
        story.becomes(3, PID, BECAME_PYTHON, "next.py")
        story.marks(6, A, codes.THREAD_BEGIN, text="main")
        found = told(story, 10)
        assert found.drawn("main") == "rrr...rrrr"


def test_gils_of_other_processes_are_other_gils() -> None:
    story = two_threads()
    story.born(200, by=A, t=0, pid=200)
    story.marks(0, 200, codes.THREAD_BEGIN, text="child", pid=200)
    story.sees(GIL_EXACT, pid=200)
    for cpu, (tid, pid) in enumerate(((A, PID), (200, 200))):
        story.on(0, tid, cpu, pid=pid)
        story.holds(0, tid, pid=pid)
    found = told(story, 8)
    assert [lane.name for lane in found.trace.lanes.values() if lane.kind == "interpreter"] == ["GIL", "GIL"]
    assert found.drawn("main") == "rrrrrrrr"


def test_a_process_that_only_marks_tell_of_has_been_there_since_its_first() -> None:
    """Whoever looks for its GIL comes later."""
    story = Story(kernel="inferred", gil_is_seen=False)
    story.marks(0, A, codes.THREAD_BEGIN, text="main")
    story.marks(3, 200, codes.THREAD_BEGIN, text="child", pid=200)
    story.sees(GIL_OFF, t=8, pid=200, why="nobody looks")
    story.ends(6, 200, pid=200)
    found = told(story, 10)
    (process,) = (lane for lane in found.trace.lanes.values() if lane.kind == "process" and lane.pid == 200)
    assert process.start_ns == 3 * MS
    assert gaps(found.trace) == []
