"""A finished trace as text: headline, timeline, key figures, findings."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import Any

from app.store import Snapshot
from app.trace_object import title
from engine.text import timeline
from engine.wording import duration, percent

_MARKS = {"warning": "!", "error": "!", "info": "·"}


def report(snapshot: Snapshot, width: int, color: bool) -> str:
    """Several lines, none wider than `width` columns except for names that are."""
    row = snapshot.row
    parts = [_wrapped(f"{row.label or title(row.record.spec)}  ({row.id}, {row.status})", width)]
    if row.headline:
        parts.append(_wrapped(row.headline, width))
    if row.record.error and row.record.error.get("traceback"):
        # What happened is in the headline; where, only the traceback tells.
        lines = str(row.record.error["traceback"]).rstrip().expandtabs().splitlines()
        parts.append("\n".join(f"  {printable(line)}" for line in lines))
    if snapshot.trace.lanes:
        parts.append(timeline(snapshot.trace, width, color).rstrip("\n"))
    if row.metrics:
        parts.append(_wrapped(_figures(row.metrics), width))
    if row.findings:
        parts.append("\n".join(_wrapped(finding["text"], width, f"{_MARKS.get(finding['severity'], '·')} ") for finding in row.findings))
    if row.record.notes:
        parts.append("\n".join(_wrapped(note, width, "  note: ") for note in row.record.notes))
    return "\n\n".join(parts)


def time_or_unknown(ns: int | None) -> str:
    """A duration in words; ? if nobody knows it."""
    return "?" if ns is None else duration(ns)


def local(instant: str) -> str:
    """A stored instant as the clock on the wall here showed it."""
    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _figures(metrics: dict[str, Any]) -> str:
    jobs, gil = metrics["jobs"], metrics["gil"]
    told = [f"wall {time_or_unknown(metrics['wall_ns'])}", f"CPU {time_or_unknown(metrics['cpu_ns'])}"]
    if metrics["parallelism"] is not None:
        most = metrics["max_parallelism"]
        told.append(f"{metrics['parallelism']:.2f} cores used" + (f" (at most {most} at once)" if most else ""))
    if metrics["speedup"] is not None:
        told.append(f"{metrics['speedup']:.2f}× sequential")
    if jobs["total"]:
        told.append(f"{jobs['completed']} of {jobs['total']} jobs completed")
    if queue := metrics.get("queue_wait_ns"):
        told.append(f"queue wait {duration(queue['median'])} (median), at most {duration(queue['max'])}")
    if gil["handoffs"] is not None:
        seen = "" if gil["seen_handoffs"] is None else f" ({gil['seen_handoffs']} seen)"
        told.append(f"{gil['handoffs']} GIL hand-offs{seen}")
    told += _recorder(metrics)
    return " · ".join(told)


def _recorder(metrics: dict[str, Any]) -> list[str]:
    """What recording lost and cost; as a share of the time on cores, or of the wall time where hardly any was spent on one."""
    recorder = metrics["recorder"]
    told = [f"{recorder['dropped']:,} records dropped"] if recorder["dropped"] else []
    cost, whole = recorder["overhead_ns"], max(metrics["cpu_ns"] or 0, metrics["wall_ns"] or 0)
    if cost is not None and whole:
        told.append(f"recording cost about {duration(cost)} ({percent(cost / whole)})")
    return told


def _wrapped(text: str, width: int, first: str = "") -> str:
    return textwrap.fill(printable(text), width, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False)


def printable(text: str) -> str:
    """Names and messages may come from a stranger's file: nothing in them may speak to the terminal."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text)
