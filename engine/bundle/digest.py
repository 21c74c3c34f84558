"""What makes two traces the same trace."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from engine.trace import Trace

_LITTLE = ("<i4", "<i8", "<i8", "u1", "<i4", "<i4")


def digest_of(trace: Trace) -> str:
    """`sha256:…` of a finished trace: its record, lanes, jobs, counters, strings, segments and edges in one order and one encoding.

    How the trace was cut into frames, and how these were compressed, does not matter; label and pin are no part of it. What later
    versions added is left out where there is none of it: the digest of an old trace stays what it was.
    """
    sum_of = hashlib.sha256()
    sum_of.update(_canonical(_record(trace)))
    sum_of.update(_canonical([trace.lanes[lane].to_json() for lane in sorted(trace.lanes)]))
    sum_of.update(_canonical(sorted(job.to_json() for job in trace.jobs)))
    sum_of.update(_canonical(trace.counters))
    sum_of.update(_canonical([*trace.strings, trace.t_ns]))
    for column, encoding in zip(trace.everything.columns, _LITTLE, strict=True):
        sum_of.update(column.astype(encoding, copy=False).tobytes())
    if trace.edges:
        sum_of.update(_canonical(sorted(edge.to_json() for edge in trace.edges)))
    return f"sha256:{sum_of.hexdigest()}"


def _record(trace: Trace) -> dict[str, Any]:
    told = trace.record.to_json()
    if not told["spec"]["program"]:
        del told["spec"]["program"]
    return told


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"
