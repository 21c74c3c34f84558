"""What was run, where, by which sources it was seen, and how it ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Status = Literal["queued", "starting", "running", "complete", "failed", "cancelled", "interrupted"]
SOURCES = {
    "marks": "what the measured program marks: always needed",
    "kernel": "the kernel's context switches, or, where it refuses them, its accounts",
    "schedstat": "the kernel's accounts of each thread, read every few milliseconds",
    "gil": "a watchpoint on the GIL, or, where there is none to be had, samples of it",
    "gil-sampled": "samples of the GIL, read about every millisecond",
}
"""What may be used to record."""
DEFAULT_SOURCES = ("marks", "kernel", "gil")

_CHANGEABLE = ("status", "error", "clock", "host", "sources", "notes", "result", "usage")
FINISHED: frozenset[str] = frozenset({"complete", "failed", "cancelled", "interrupted"})


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython that can be measured. `id` is stable for one executable on one machine and safe to show in a URL.

    `build` says in words how it was built: its kind where that is special, the compiler, the day. Old traces do not tell it.
    """

    id: str
    path: str
    version: str
    implementation: str = "CPython"
    free_threaded: bool = False
    gil_enabled: bool = True
    own: bool = False
    build: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything that decides what a run does. `interpreter` is an `Interpreter` as JSON; `sources` are the probes that may be used.

    `program`: what a recorded program's interpreter is given as arguments, the script first; then `model` is "program", `workload` the
    script's name, and `jobs` 0. Its output is its own, and there is no limit of time (`time_limit_s` None).
    """

    workload: str
    model: str
    workers: int
    jobs: int
    params: dict[str, Any] = field(default_factory=dict)
    interpreter: dict[str, Any] = field(default_factory=dict)
    start_method: str | None = None
    switch_interval: float = 0.005
    sources: tuple[str, ...] = DEFAULT_SOURCES
    time_limit_s: float | None = 600.0
    program: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Of the interpreter, in short: `3.13`, `3.13t`, `3.13t with GIL`; "" where nobody has told."""
        version = ".".join(str(self.interpreter.get("version", "")).split(".")[:2])
        if not version or not self.interpreter.get("free_threaded"):
            return version
        return f"{version}t with GIL" if self.interpreter.get("gil_enabled") else f"{version}t"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "sources": list(self.sources), "program": list(self.program)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> RunSpec:
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        known["sources"] = tuple(known.get("sources", DEFAULT_SOURCES))
        known["program"] = tuple(str(word) for word in known.get("program", ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Record:
    """The head of a trace. Frozen for good once `status` is one of FINISHED; label and pin are not part of it.

    `clock`: `{"monotonic_ns", "wall"}`, the reading of CLOCK_MONOTONIC and of the wall clock at 0. `sources`: per probe `exact`,
    `sampled`, `inferred` or `off`. `notes`: what the reader must know of the sources, in sentences. `result`: what the workload found.
    `usage`: the kernel's own account of the measured processes (`getrusage` of waited-for children), for cross-checks.
    """

    id: str
    created_at: str
    spec: RunSpec
    status: Status = "queued"
    error: dict[str, Any] | None = None
    clock: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    result: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    def changed(self, changes: dict[str, Any]) -> Record:
        """With the fields that a frame's `changes` carry; unknown ones are ignored (a newer engine may know more)."""
        known = {name: changes[name] for name in _CHANGEABLE if name in changes}
        if "notes" in known:
            known["notes"] = tuple(str(note) for note in known["notes"])
        return replace(self, **known)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "spec": self.spec.to_json(), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Record:
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        known["spec"] = RunSpec.from_json(known["spec"])
        known["notes"] = tuple(known.get("notes", ()))
        return cls(**known)
