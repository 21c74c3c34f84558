"""What a finding is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from engine.findings.case import Case

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a trace shows, with the numbers it rests on as fields.

    `check` looks at a case and answers a finding, or None where it does not apply. `text` says it in plain English with units. `lanes`
    and `[t0_ns, t1_ns)` are where to look; without them it is about the trace as a whole.
    """

    kind: ClassVar[str]
    severity: Severity = "info"
    lanes: tuple[int, ...] = ()
    t0_ns: int | None = None
    t1_ns: int | None = None

    @classmethod
    def check(cls, case: Case) -> Self | None:
        raise NotImplementedError

    @property
    def text(self) -> str:
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "severity": self.severity,
            "text": self.text,
            "lanes": list(self.lanes),
            "t0_ns": self.t0_ns,
            "t1_ns": self.t1_ns,
        }


def place(case: Case) -> dict[str, Any]:
    """The carriers over the window, as the fields of a finding."""
    return {"lanes": case.scope.carriers, "t0_ns": case.scope.t0, "t1_ns": case.scope.t1}
