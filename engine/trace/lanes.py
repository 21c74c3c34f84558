"""Lanes: the rows of the picture; and the jobs that some of them carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

LaneKind = Literal["process", "interpreter", "thread", "task", "cpu"]
Exactness = Literal["exact", "sampled", "inferred"]

KINDS: tuple[LaneKind, ...] = ("process", "interpreter", "thread", "task", "cpu")
EXACTNESSES: tuple[Exactness, ...] = ("exact", "sampled", "inferred")


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: something that is in exactly one state at any time of its life.

    `start_ns` and `end_ns` bound that life (`end_ns` None: still alive). `tid` is None for tasks and processes.
    `exactness` is that of the weakest source that its segments rest on. `note` says in words what a reader must know
    ("GIL disabled", "exact until 1.2 s, then sampled"). `measured` lanes carry jobs and are the ones that figures sum over.
    """

    id: int
    parent: int | None
    kind: LaneKind
    name: str
    pid: int | None
    tid: int | None
    start_ns: int
    end_ns: int | None = None
    exactness: Exactness = "exact"
    measured: bool = False
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        # `asdict` copies deeply: a tenth of a second for ten thousand tasks.
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Any) -> Lane:
        """Builds a lane from hostile JSON. Raises ValueError that names what is wrong."""
        if not isinstance(value, dict):
            raise ValueError("a lane must be an object")
        kind, exactness = value.get("kind"), value.get("exactness", "exact")
        if kind not in KINDS:
            raise ValueError(f"a lane's kind must be one of {', '.join(KINDS)}")
        if exactness not in EXACTNESSES:
            raise ValueError(f"a lane's exactness must be one of {', '.join(EXACTNESSES)}")
        note = value.get("note")
        return cls(
            id=_int(value, "id"),
            parent=_int_or_none(value, "parent"),
            kind=kind,
            name=str(value.get("name", ""))[:200],
            pid=_int_or_none(value, "pid"),
            tid=_int_or_none(value, "tid"),
            start_ns=_int(value, "start_ns"),
            end_ns=_int_or_none(value, "end_ns"),
            exactness=exactness,
            measured=value.get("measured") is True,
            note=None if note is None else str(note)[:500],
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One job as one lane carried it out: `[start_ns, end_ns)`, and whether it came to its end without an error."""

    lane: int
    index: int
    start_ns: int
    end_ns: int
    ok: bool

    def to_json(self) -> list[int]:
        return [self.lane, self.index, self.start_ns, self.end_ns, int(self.ok)]

    @classmethod
    def from_json(cls, value: Any) -> Job:
        if not isinstance(value, list) or len(value) != 5 or not all(isinstance(item, int) for item in value):
            raise ValueError("a job must be [lane, index, start_ns, end_ns, ok]")
        lane, index, start, end, ok = value
        return cls(lane, index, start, end, bool(ok))


def _int(value: dict[str, Any], key: str) -> int:
    found = value.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not -(2**62) < found < 2**62:
        raise ValueError(f"a lane's {key} must be an integer")
    return found


def _int_or_none(value: dict[str, Any], key: str) -> int | None:
    return None if value.get(key) is None else _int(value, key)
