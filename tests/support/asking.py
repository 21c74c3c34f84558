"""Small traces told in ms, to ask why of.

play = Play()
a, b = play.thread("a"), play.thread("b")
play.was(b, 0, 5, "running")
play.was(play.gil, 0, 5, "held", ref=b)
play.was(a, 0, 5, "gil_wait")
play.why(a, 3)["text"]
"""

from __future__ import annotations

from typing import Any

from engine.explain import explain
from engine.trace import EdgeKind, LaneKind, Record, State, Trace
from engine.views import ViewIndex
from tests.support.scene import MS, Scene
from tests.support.synthetic import EXACT, record


class Play:
    """One process (lane 1) with a GIL, and as many cores as are asked for. What is known of the record can be changed by `knows`."""

    def __init__(self, cores: int = 2) -> None:
        self.scene = Scene()
        self.process = self.scene.lane("process", "app.py", pid=100)
        self.gil = self.scene.lane("interpreter", "GIL", parent=self.process, pid=100)
        self.cores = [self.scene.lane("cpu", f"CPU {n}") for n in range(cores)]
        self._changes: dict[str, Any] = {"status": "complete", "sources": EXACT, "host": {"cores": cores}}
        self._spec: dict[str, Any] = {}

    def thread(self, name: str, parent: int | None = None, **more: Any) -> int:
        return self.lane("thread", name, parent, **{"pid": 100, "measured": True, **more})

    def task(self, name: str, host: int) -> int:
        return self.lane("task", name, host, pid=100)

    def lane(self, kind: LaneKind, name: str, parent: int | None = None, **more: Any) -> int:
        return self.scene.lane(kind, name, self.process if parent is None else parent, **more)

    def was(self, lane: int, start: float, end: float, state: str, detail: str | None = None, ref: int = -1) -> None:
        self.scene.spell(lane, round(start * MS), round(end * MS), State[state], detail, ref)

    def edge(self, kind: EdgeKind, maker: tuple[int, float], made: tuple[int, float]) -> None:
        self.scene.edge(kind, (maker[0], round(maker[1] * MS)), (made[0], round(made[1] * MS)))

    def knows(self, spec: dict[str, Any] | None = None, **changes: Any) -> None:
        """Of the spec, and of what the last frame tells of the record."""
        self._spec.update(spec or {})
        self._changes.update(changes)

    def trace(self) -> Trace:
        """As it ended."""
        return Trace(self._record()).grown(self.scene.frames(self._changes))

    def live(self, frames: int) -> Trace:
        """As it was after so many frames of 250 ms."""
        return Trace(self._record()).grown(self.scene.frames(self._changes)[:frames])

    def why(self, lane: int, at: float, trace: Trace | None = None) -> dict[str, Any]:
        """The answer as JSON, with `says`: per lane that it points at, what it says of it."""
        whole = self.trace() if trace is None else trace
        told = explain(ViewIndex(whole), lane, round(at * MS)).to_json()
        return told | {"says": {whole.lanes[one["lane"]].name: one["text"] for one in reversed(told["because"])}}

    def _record(self) -> Record:
        return record("cpu", "threads", 2, **self._spec)
