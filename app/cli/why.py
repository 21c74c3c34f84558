"""`gilscope show ID --why LANE@TIME`: the answer of `engine.explain` as text."""

from __future__ import annotations

import re
import textwrap

from app.cli.errors import UsageError
from app.cli.report import printable
from app.store import Snapshot
from engine.explain import ExplainError, Explanation, explain
from engine.trace import Trace
from engine.wording import count, duration, instant

_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_TIME = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*([a-zµ]+)")
_ID = re.compile(r"[0-9]{1,18}")
_NAMED = 8


def explained(snapshot: Snapshot, question: str) -> Explanation:
    """`question` is `LANE@TIME`, a lane's name or id and a time with its unit. Raises UsageError."""
    lane, at, time = question.rpartition("@")
    if not at or not lane:
        raise UsageError(f"--why takes LANE@TIME, as worker-1@45ms: {question!r} has no lane, or no time")
    try:
        return explain(snapshot.index, _lane(snapshot.trace, lane), _ns(time))
    except ExplainError as error:
        raise UsageError(f"--why {question}: {error}") from None


def answer(explanation: Explanation, trace: Trace, width: int) -> str:
    """Several lines of at most `width` columns."""
    told = explanation.answer
    places = [
        f"- {trace.lanes[one.lane].name}, at {instant(one.start_ns)} for {duration(one.end_ns - one.start_ns)}: {one.text}"
        for one in told.because
    ]
    lines = [told.text, *places, *([told.advice] if told.advice else [])]
    if explanation.exactness != "exact":
        lines.append(f"(partly {explanation.exactness})")
    return "\n".join(textwrap.fill(printable(line), width, subsequent_indent="  " if line.startswith("- ") else "") for line in lines)


def _lane(trace: Trace, text: str) -> int:
    if _ID.fullmatch(text):
        return int(text)
    # A process and its first thread share their name: who asks by name means the thread.
    order = {"thread": 0, "task": 1, "interpreter": 2, "cpu": 3, "process": 4}
    found = sorted((order[lane.kind], lane.id) for lane in trace.lanes.values() if lane.name == text)
    best = [lane for kind, lane in found if kind == found[0][0]]
    if len(best) == 1:
        return best[0]
    if best:
        ids = ", ".join(str(lane) for lane in best[:_NAMED])
        raise UsageError(f"{count(len(best), 'lane')} are called {text}: name one by its id, {ids}{' …' if len(best) > _NAMED else ''}")
    names = dict.fromkeys(lane.name for lane in trace.lanes.values() if lane.kind in ("thread", "task"))
    raise UsageError(
        f"no lane is called {text}: there are {printable(', '.join(list(names)[:_NAMED]))}{' …' if len(names) > _NAMED else ''}"
    )


def _ns(text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None or found[2] not in _NS:
        raise UsageError(f"a time is written with its unit, one of {', '.join(_NS)}: as in worker-1@45ms; got {text!r}")
    return round(float(found[1]) * _NS[found[2]])
