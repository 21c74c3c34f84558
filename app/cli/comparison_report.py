"""A comparison as text: what won and why, and a table of all."""

from __future__ import annotations

import textwrap
from typing import Any

from app.cli.report import local, printable, time_or_unknown
from engine.wording import duration, percent, ranged

_HEAD = ("MODEL", "TIME", "SPEEDUP", "CORES", "CPU", "GIL WAIT")
_WENT = "WHERE WORKER TIME WENT"
_MOST_STATES = 3
_BAR = 20
_ROOM_FOR_BARS = 110


def comparison_report(told: dict[str, Any], width: int) -> str:
    """Several lines, none wider than `width` columns except for names that are. `told` is the comparison object."""
    name = told["label"] or told["title"]
    verdict = told["verdict"]
    clauses = [verdict["answer"], *verdict["clauses"]]
    parts = [
        textwrap.fill(printable(f"{name}  ({told['id']}, {told['status']})"), width),
        "\n".join(_wrapped(clause["text"], width, "" if at == 0 else "  ") for at, clause in enumerate(clauses)),
        "\n".join(_table(told["rows"], width)),
    ]
    if verdict["notes"]:
        parts.append("\n".join(_wrapped(note, width, "· ") for note in verdict["notes"]))
    return "\n\n".join(parts)


def comparison_list(told: list[dict[str, Any]]) -> str:
    """A line each, with its answer."""
    cells = [("ID", "MADE", "STATUS"), *((one["id"], local(one["created_at"]), one["status"]) for one in told)]
    said = ["COMPARISON", *(f"{one['label'] or one['title']}: {one['verdict']['answer']['text']}" for one in told)]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    rows = ([*(cell.ljust(width) for cell, width in zip(line, widths, strict=True)), text] for line, text in zip(cells, said, strict=True))
    return "\n".join(printable("  ".join(row)) for row in rows)


def _table(rows: list[dict[str, Any]], width: int) -> list[str]:
    cells = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    slowest = max((row["elapsed_ns"] or 0 for row in rows), default=0)
    bars = ["", *(_bar(row, slowest) for row in rows)] if width >= _ROOM_FOR_BARS else None
    went = [_WENT, *map(_went, rows)]
    lines = []
    for at, line in enumerate(cells):
        first, *numbers = (
            cell.ljust(wide) if column == 0 else cell.rjust(wide) for column, (cell, wide) in enumerate(zip(line, widths, strict=True))
        )
        bar = [] if bars is None else [bars[at].ljust(_BAR)]
        lines.append(_fitted("  ".join([first, *bar, *numbers, went[at]]).rstrip(), width))
    return lines


def _fitted(line: str, width: int) -> str:
    """Without the last parts of an enumeration that has no room."""
    while len(line) > width and ", " in line:
        line = line.rpartition(", ")[0]
    return line


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    spread, cores = row["spread_ns"], row["parallelism"]
    time = time_or_unknown(row["elapsed_ns"]) if row["elapsed_ns"] else row["status"]
    waited = row["shares"].get("gil_wait")
    return (
        printable(row["name"]),
        f"{time} ({ranged(spread[0], spread[1], duration)})" if spread else time,
        "" if row["speedup"] is None else f"{row['speedup']:.2f}×",
        "" if cores is None else f"{cores:.2f}",
        time_or_unknown(row["cpu_ns"]) if row["elapsed_ns"] else "",
        "" if waited is None else percent(waited),
    )


def _bar(row: dict[str, Any], slowest: int) -> str:
    return "█" * max(1, round(_BAR * row["elapsed_ns"] / slowest)) if row["elapsed_ns"] else ""


def _went(row: dict[str, Any]) -> str:
    first = sorted(row["shares"].items(), key=lambda item: -item[1])[:_MOST_STATES]
    return ", ".join(f"{percent(share)} {state}" for state, share in first if share >= 0.01)


def _wrapped(text: str, width: int, first: str) -> str:
    return textwrap.fill(printable(text), width, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False)
