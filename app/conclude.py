"""The end of a trace: what is derived from it once and frozen with it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.store import Conclusion, Row, Store
from engine.bundle import digest_of
from engine.findings import findings, headline
from engine.metrics import metrics, with_baseline
from engine.overview import overview_of
from engine.trace import Frame, RunSpec, Trace, decode_frame, encode_frame
from engine.views import ViewIndex

log = logging.getLogger("gilscope")


def work_key(spec: RunSpec) -> str:
    """Equal for the same work on the same interpreter: what a speed-up may be told against."""
    interpreter = {name: spec.interpreter.get(name) for name in ("id", "path", "version", "free_threaded", "gil_enabled")}
    same = {"workload": spec.workload, "params": spec.params, "jobs": spec.jobs, "interpreter": interpreter}
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def concluded(trace: Trace, compared: dict[str, Any]) -> Conclusion:
    """Metrics, findings and headline of a finished trace; `compared` is its `speedup` and `baseline`.

    A failure in deriving them is logged, and leaves them None.
    """
    try:
        figures = {**metrics(trace), **compared}
        return Conclusion(headline=headline(trace, figures), metrics=figures, findings=findings(trace, figures))
    except Exception:
        log.exception("the figures of trace %s could not be derived", trace.record.id)
        return Conclusion()


def comparison(trace: Trace, baseline: Row | None) -> dict[str, Any]:
    """`speedup` and `baseline` of a whole run; None for one that broke off, and for the sequential one itself."""
    whole = trace.record.status == "complete" and trace.record.spec.model != "sequential"
    elapsed = None if baseline is None or baseline.metrics is None else baseline.metrics["elapsed_ns"]
    counted = {"elapsed_ns": trace.counters.get("elapsed_ns")}
    compared = with_baseline(counted, baseline.id if whole and baseline else None, elapsed)
    return {name: compared[name] for name in ("speedup", "baseline")}


def finish(store: Store, trace_id: str, ending: Callable[[Trace], Frame]) -> bool:
    """Appends the last frame with everything that its end freezes, at one stroke: no reader sees a finished trace without its figures.

    `ending` makes that frame from the whole trace before it. False if it was finished already, or is gone.
    """
    row = store.row(trace_id)
    if row is None or row.finished:
        return False
    trace = Trace(row.record).grown(decode_frame(body) for _, body in store.frames(row.number))
    last = ending(trace)
    whole, body = trace.grown([last]), encode_frame(last)
    conclusion = concluded(whole, comparison(whole, store.baseline(row.work)))
    done = store.append(row.id, whole.record, [(last.t_ns, body)], replace(conclusion, digest=digest_of(whole)))
    if done:
        keep_overview(store, whole)
    return done


def keep_overview(store: Store, trace: Trace) -> None:
    """Of a large trace, so that it is seen at once when it is opened. A failure is logged: the trace is whole without."""
    try:
        overview = overview_of(ViewIndex(trace))
        if overview is not None:
            store.overviews.put(trace.record.id, overview)
    except Exception:
        log.exception("an overview of trace %s could not be made", trace.record.id)


def cut_off(trace: Trace, changes: dict[str, Any]) -> Frame:
    """The last frame of a trace that nobody tells further: lanes and open segments end at `t_ns`."""
    lanes = tuple(replace(lane, end_ns=trace.t_ns) for lane in trace.lanes.values() if lane.end_ns is None)
    return Frame(trace.t_ns, lanes=lanes, segments=trace.open.take(trace.open.end > trace.open.start), changes=changes)


def interrupted(reason: str) -> Callable[[Trace], Frame]:
    """The ending of a trace whose recorder is gone: all that was recorded is kept."""
    return lambda trace: cut_off(trace, interruption(reason))


def interruption(reason: str) -> dict[str, Any]:
    """What it changes in the record."""
    return {"status": "interrupted", "error": {"kind": "interrupted", "message": reason, "traceback": None}}


def cancelled(trace: Trace) -> Frame:
    """The ending of a trace whose recorder was stopped on demand, or never started."""
    return cut_off(trace, {"status": "cancelled"})


def failed(message: str) -> Callable[[Trace], Frame]:
    """The ending of a trace whose recorder failed."""
    return lambda trace: cut_off(trace, {"status": "failed", "error": {"kind": "recorder", "message": message, "traceback": None}})
