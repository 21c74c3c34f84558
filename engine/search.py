"""What a reader looks for in a trace: lanes by name, segments by what they are, on whose account, and how long they are.

    worker-2                  lanes whose names hold this; segments whose detail does (a function, a lock, a peer, a file)
    gil_wait                  segments in this state, the longest first
    gil_wait > 5ms            of them those that took longer; `<`, `>=` and `<=` likewise, two of them for a span
    parse > 1ms < 20ms        segments that a name says and a duration
    "wait for reply"          quoted: this text, whatever its words mean by themselves
    <lambda>                  likewise: so Python calls what has no name

Everything is said of whole segments, also of those that a window would cut, and of growing ones as long as they are so far.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.exports.names import names
from engine.trace import Segments, State, Trace
from engine.wording import duration

Ints = npt.NDArray[np.int64]

LONGEST_QUERY = 200
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "min": 60_000_000_000}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|(?P<nameless><[A-Za-z_]\w*>)|'
    r'(?P<sign>[<>]=?)\s*(?P<bound>[\d.]+\s*[^\s\d<>"]*|[^\s<>"]*)|(?P<word>[^\s<>"]+)'
)
_BOUND = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})\s*(?P<unit>[a-zµμ]*)")
_COMPOSED = tuple(name for name in State.__members__ if "_" in name)
"""States that one may misspell. The others are words, as names of functions are."""
_EXAMPLE = "as in `gil_wait > 5ms`"


class SearchError(ValueError):
    """A query that cannot be understood. The message says how to write it."""


@dataclass(frozen=True, slots=True)
class Query:
    """`text` in lower case, "" for any; `least` and `most` ns, both included, None for any."""

    text: str = ""
    state: State | None = None
    least: int | None = None
    most: int | None = None

    @property
    def plain(self) -> bool:
        """Whether it is nothing but text: then lanes are meant, too."""
        return self.state is None and self.least is None and self.most is None


@dataclass(frozen=True, slots=True)
class Found:
    """`lanes`: ids of all that are meant, by name. `segments`: one page of what was found, the longest first; `total` of how many."""

    query: Query
    lanes: tuple[int, ...]
    segments: Segments
    total: int


def parsed(text: str) -> Query:
    """Raises SearchError."""
    if len(text) > LONGEST_QUERY:
        raise SearchError(f"a search has at most {LONGEST_QUERY} characters; this one has {len(text)}")
    query, words = Query(), []
    for token in _TOKEN.finditer(text):
        if token["sign"]:
            query = _bounded(query, token["sign"], token["bound"])
        elif token["word"] in State.__members__:
            if query.state is not None:
                raise SearchError(f"a segment is in one state at a time: search for `{query.state.name}` or for `{token['word']}`")
            query = replace(query, state=State[token["word"]])
        else:
            words.append(token["quoted"] if token["quoted"] is not None else token["nameless"] or token["word"])
    said = " ".join(words).strip()
    if query == Query() and not said:
        raise SearchError(f"write what to look for: a lane's name, a function, a lock, or a state and a duration, {_EXAMPLE}")
    if not query.plain and (close := get_close_matches(said.casefold(), _COMPOSED, 1, 0.8)):
        raise SearchError(f"there is no state `{said}`; did you mean `{close[0]}`? In quotation marks it is looked for as text")
    if query.least is not None and query.most is not None and query.least > query.most:
        raise SearchError(f"nothing is longer than {duration(query.least)} and shorter than {duration(query.most)}")
    return replace(query, text=said.casefold())


def search(trace: Trace, query: Query, first: int, limit: int) -> Found:
    """At most `limit` lanes and segments together, from the `first` one on: lanes before segments.

    Of plain text, segments are those whose detail holds it. With a state or a duration, also those of lanes whose names do, and no
    lanes by themselves.
    """
    named = _named(trace, query.text)
    lanes = named if query.plain else []
    hits = [(part, _matching(trace, part, query, named)) for part in (trace.segments, trace.open)]
    skip, room = max(first - len(lanes), 0), limit - len(lanes[first : first + limit])
    return Found(query, tuple(lanes), _longest(hits, skip, room), sum(len(rows) for _, rows in hits))


def _bounded(query: Query, sign: str, said: str) -> Query:
    bound = _BOUND.fullmatch(said.casefold())
    if bound is None:
        raise SearchError(
            f"`{sign}` is followed by a duration, {_EXAMPLE}; got {said!r}" if said else f"`{sign}` is followed by a duration, {_EXAMPLE}"
        )
    if bound["unit"] not in _UNITS:
        raise SearchError(
            f"a duration has a unit, one of {', '.join(_UNITS)}: write `{sign} {bound['number']}ms` if milliseconds are meant"
        )
    ns = float(bound["number"]) * _UNITS[bound["unit"]]
    if sign.startswith(">"):
        return replace(query, least=int(-(-ns // 1)) if sign == ">=" else int(ns) + 1)
    return replace(query, most=int(ns) if sign == "<=" else int(-(-ns // 1)) - 1)


def _named(trace: Trace, text: str) -> list[int]:
    """Lanes whose names hold the text, those that begin with it first, then by name with its numbers in order.

    Where several have the same name, that of their process belongs to it: `MainThread of worker-2`.
    """
    if not text:
        return []
    found = [(lane, name.casefold()) for lane, name in names(trace).items() if text in name.casefold()]
    return [lane for lane, name in sorted(found, key=lambda one: (not one[1].startswith(text), _natural(one[1]), one[0]))]


def _natural(name: str) -> list[Any]:
    """`worker-10` comes after `worker-9`."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", name) if part]


def _matching(trace: Trace, part: Segments, query: Query, named: list[int]) -> Ints:
    """The rows that the query means."""
    kept = np.ones(len(part), bool)
    if query.state is not None:
        kept &= part.state == int(query.state)
    if query.least is not None:
        kept &= part.end - part.start >= query.least
    if query.most is not None:
        kept &= part.end - part.start <= query.most
    if query.text:
        said = np.array([query.text in text.casefold() for text in trace.strings] + [False], bool)
        # -1, no detail, reads the last entry; a detail that the table does not have says nothing, either.
        detail = np.where((part.detail >= 0) & (part.detail < len(trace.strings)), part.detail, -1)
        kept &= said[detail] if query.plain else said[detail] | np.isin(part.lane, named)
    return np.flatnonzero(kept)


def _longest(hits: list[tuple[Segments, Ints]], skip: int, room: int) -> Segments:
    """Of these rows of these segments, from place `skip` on, by length; of equally long ones the earlier first."""
    total = sum(len(rows) for _, rows in hits)
    if room <= 0 or skip >= total:
        return Segments.empty()
    # Lengths alone are looked at, and what is not told is not copied: a query may mean all of millions.
    lengths = [part.end[rows] - part.start[rows] for part, rows in hits]
    upto = min(skip + room, total)
    if upto < total:
        every = np.concatenate(lengths)
        every.partition(total - upto)
        hits = [(part, rows[length >= every[total - upto]]) for (part, rows), length in zip(hits, lengths, strict=True)]
    found = Segments.concat(part.take(rows) for part, rows in hits)
    order = np.lexsort((found.lane, found.start, found.start - found.end))
    return found.take(order[skip:upto])
