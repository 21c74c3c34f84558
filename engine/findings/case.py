"""A trace as the findings look at it: its figures, who carried the jobs, and what share of their time went where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from engine.scope import Scope, process_of, scope_of, tasks_of
from engine.trace import Segments, Trace
from engine.wording import count


@dataclass(frozen=True)
class Case:
    """`figures` are those of `metrics.metrics` of the trace; the window is theirs."""

    trace: Trace
    figures: dict[str, Any]

    @cached_property
    def scope(self) -> Scope:
        return scope_of(self.trace, self.figures.get("t0_ns"), self.figures.get("t1_ns"))

    @cached_property
    def carried(self) -> Segments:
        """What the lanes that carry jobs did in the window, sorted by lane and start."""
        return self._done_by(self.scope.carriers)

    @cached_property
    def tasks(self) -> tuple[int, ...]:
        """The tasks that carry jobs, or that the threads of a recorded program ran."""
        if self.is_program:
            return tasks_of(self.trace, self.scope.hosts)
        return tuple(lane for lane in self.scope.carriers if self.trace.lanes[lane].kind == "task")

    @cached_property
    def done_by_tasks(self) -> Segments:
        """What they did in the window, sorted by lane and start."""
        return self.carried if self.tasks == self.scope.carriers else self._done_by(self.tasks)

    def _done_by(self, lanes: tuple[int, ...]) -> Segments:
        if self.scope.t0 is None or self.scope.t1 is None or not lanes:
            return Segments.empty()
        every = Segments.concat([self.trace.segments, self.trace.open])
        return every.take(np.isin(every.lane, lanes)).clipped(self.scope.t0, self.scope.t1).sorted()

    @property
    def is_program(self) -> bool:
        """A program as it was written: it has threads and tasks, but no jobs."""
        return bool(self.trace.record.spec.program)

    @property
    def noun(self) -> str:
        """What the carriers are: `task`, `process` (each alone in its own), `thread`, or `worker` for tasks and threads together."""
        lanes = self.scope.carriers
        kinds = {self.trace.lanes[lane].kind for lane in lanes}
        if "task" in kinds:
            return "task" if len(kinds) == 1 else "worker"
        return "process" if len(self.processes) > 1 and len(self.processes) == len(lanes) else "thread"

    @cached_property
    def processes(self) -> frozenset[int]:
        """The process lanes that the carriers live in."""
        return frozenset(process for lane in self.scope.carriers if (process := process_of(self.trace, lane)) is not None)

    def who(self, number: int | None = None) -> str:
        """`4 threads`; without a number, as many as carried jobs: then also `2 tasks and 4 threads`."""
        many = len(self.scope.carriers) if number is None else number
        if self.noun == "worker" and number is None:
            return f"{count(len(self.tasks), 'task')} and {count(many - len(self.tasks), 'thread')}"
        return count(many, self.noun, "processes" if self.noun == "process" else None)

    @property
    def cores(self) -> int | None:
        """How many cores the machine has."""
        cores = self.trace.record.host.get("cores")
        return cores if isinstance(cores, int) and cores > 0 else None

    @property
    def wall_ns(self) -> int:
        """0 when no job has begun."""
        return self.figures.get("wall_ns") or 0

    @property
    def parallelism(self) -> float | None:
        return self.figures.get("parallelism")

    @property
    def gil(self) -> dict[str, int | None]:
        return self.figures.get("gil") or {}

    @property
    def without_gil(self) -> bool:
        """A free-threaded interpreter that runs as one."""
        interpreter = self.trace.record.spec.interpreter
        return interpreter.get("free_threaded") is True and interpreter.get("gil_enabled") is False

    def time_in(self, *states: str) -> int:
        """ns that the carriers spent in these states, summed over them."""
        known: dict[str, int] = self.figures.get("states") or {}
        return sum(known.get(state, 0) for state in states)

    def share_of(self, *states: str) -> float:
        """The same, of all the time in which the carriers' states are known and they were alive."""
        known: dict[str, int] = self.figures.get("states") or {}
        lived = sum(known.values()) - self.time_in("unknown", "crashed")
        return self.time_in(*states) / lived if lived > 0 else 0.0

    @property
    def at_once(self) -> float:
        """How many carriers waited at the same time, on average: for I/O or a timer, not for the GIL, a core, a lock or their turn."""
        return self.time_in("io_wait", "suspended") / self.wall_ns if self.wall_ns else 0.0
