"""What answers look like, for the OpenAPI description and its page. `tests/app/test_pages.py` holds them against real answers."""

from __future__ import annotations

from typing import Any

METRICS: dict[str, Any] = {
    "t0_ns": 32_000_000,
    "t1_ns": 2_032_000_000,
    "elapsed_ns": 2_004_000_000,
    "wall_ns": 2_000_000_000,
    "cpu_ns": 1_996_800_000,
    "parallelism": 0.998,
    "max_parallelism": 1,
    "jobs": {"total": 4, "completed": 4, "failed": 0},
    "states": {"running": 1_996_800_000, "gil_wait": 5_990_000_000, "runnable": 3_200_000},
    "queue_wait_ns": {"count": 4, "median": 250_000, "max": 900_000},
    "gil": {
        "handoffs": 402,
        "seen_handoffs": 401,
        "held_ns": 1_996_800_000,
        "free_ns": 3_200_000,
        "wait_ns": 5_990_000_000,
        "overlap_ns": 0,
        "oncore_overlap_ns": 8_000_000,
    },
    "switches": {"voluntary": 800, "involuntary": 50},
    "recorder": {"marks": 160, "dropped": 0, "overhead_ns": None, "cpu_ns": 90_000_000},
    "speedup": 0.99,
    "baseline": "s2q4n6t8l3ab",
}
INTERPRETER: dict[str, Any] = {
    "id": "3.13.5-0a1b2c",
    "path": "/usr/bin/python3.13",
    "version": "3.13.5",
    "implementation": "CPython",
    "free_threaded": False,
    "gil_enabled": True,
    "own": True,
    "build": "GCC 14.2.0, Jun 12 2025",
}
TRACE: dict[str, Any] = {
    "id": "k3v9m2x7q4ab",
    "digest": "sha256:5b1f2c…",
    "permalink": "/t/k3v9m2x7q4ab",
    "title": "cpu · threads ×4 · 3.13",
    "label": "before the fix",
    "pinned": False,
    "imported": False,
    "status": "complete",
    "position": None,
    "error": None,
    "headline": "4 threads, one GIL: 1.00 cores used, 75 % of thread time spent waiting for the GIL; no faster than sequential",
    "created_at": "2026-01-02T03:04:05.678000Z",
    "spec": {
        "workload": "cpu",
        "model": "threads",
        "workers": 4,
        "jobs": 4,
        "params": {"rounds": 6_000_000},
        "interpreter": INTERPRETER,
        "start_method": None,
        "switch_interval": 0.005,
        "sources": ["marks", "kernel", "gil"],
        "time_limit_s": 600.0,
        "program": [],
    },
    "clock": {"monotonic_ns": 123_456_789_000, "wall": "2026-01-02T03:04:05.700000Z"},
    "host": {"cores": 2, "platform": "Debian GNU/Linux 13 (trixie)", "kernel": "6.18.0", "steal_ratio": 0.002},
    "sources": {"marks": "exact", "kernel": "exact", "gil": "exact"},
    "notes": [],
    "t_ns": 2_034_000_000,
    "metrics": METRICS,
    "result": {"checksum": 1_234_567_890},
    "usage": {"utime_ns": 2_000_000_000, "stime_ns": 10_000_000},
    "findings": [
        {
            "kind": "gil_bound",
            "severity": "warning",
            "text": "The threads spent 75 % of their time waiting for the GIL.",
            "lanes": [4, 5, 6, 7],
            "t0_ns": 32_000_000,
            "t1_ns": 2_032_000_000,
        }
    ],
}
COMPARISON: dict[str, Any] = {
    "id": "c7m4p2w9x3kd",
    "permalink": "/c/c7m4p2w9x3kd",
    "title": "cpu · 2 models ×4 · 3.13",
    "label": "",
    "created_at": "2026-01-02T03:04:05.678000Z",
    "spec": {
        "workload": "cpu",
        "params": {"rounds": 6_000_000},
        "workers": 4,
        "jobs": 4,
        "models": ["sequential", "threads"],
        "repeat": 1,
        "interpreter": INTERPRETER,
        "start_method": None,
        "switch_interval": 0.005,
    },
    "status": "complete",
    "progress": {"total": 2, "finished": 2, "running": None},
    "sentence": "Nothing is faster than sequential here (1.98 s); threads: no faster, took turns on the GIL (75 % of worker time spent …)",
    "verdict": {
        "answer": {
            "names": [],
            "gain": "Nothing is faster than sequential here (1.98 s)",
            "reason": "",
            "against": "alike",
            "text": "Nothing is faster than sequential here (1.98 s)",
        },
        "clauses": [
            {
                "names": ["threads"],
                "gain": "no faster",
                "reason": "took turns on the GIL (75 % of worker time spent waiting for it)",
                "against": "alike",
                "text": "threads: no faster, took turns on the GIL (75 % of worker time spent waiting for it)",
            }
        ],
        "notes": ["One run each: differences under 10 % count as none. Repeat the runs to see how far their times spread."],
        "so_far": False,
        "disturbed": False,
    },
    "baseline": 0,
    "rows": [
        {
            "name": "threads",
            "model": "threads",
            "status": "complete",
            "traces": ["k3v9m2x7q4ab"],
            "trace": "k3v9m2x7q4ab",
            "runs": {"total": 1, "complete": 1},
            "error": None,
            "elapsed_ns": 2_004_000_000,
            "spread_ns": None,
            "speedup": 0.99,
            "against": "alike",
            "leads": False,
            "reason": "took turns on the GIL (75 % of worker time spent waiting for it)",
            "wall_ns": 2_000_000_000,
            "around_ns": 4_000_000,
            "cpu_ns": 1_996_800_000,
            "parallelism": 0.998,
            "gil_wait_ns": 5_990_000_000,
            "disturbance": 0.0004,
            "states": METRICS["states"],
            "shares": {"running": 0.25, "gil_wait": 0.75},
        }
    ],
    "traces": [
        {
            "id": "k3v9m2x7q4ab",
            "name": "threads",
            "turn": 0,
            "status": "complete",
            "permalink": "/t/k3v9m2x7q4ab",
            "title": "cpu · threads ×4 · 3.13",
            "position": None,
            "t_ns": 2_034_000_000,
            "elapsed_ns": 2_004_000_000,
            "headline": TRACE["headline"],
            "error": None,
            "cores": 2,
        }
    ],
}
LANE: dict[str, Any] = {
    "id": 4,
    "parent": 1,
    "kind": "thread",
    "name": "worker-1",
    "pid": 4242,
    "tid": 4243,
    "start_ns": 30_000_000,
    "end_ns": 2_033_000_000,
    "exactness": "exact",
    "measured": True,
    "note": None,
}
SEGMENT: dict[str, Any] = {"lane": 4, "start_ns": 37_000_000, "end_ns": 52_000_000, "state": "gil_wait", "detail": None, "ref": None}
EDGE: dict[str, Any] = {"kind": "spawn", "from_lane": 3, "from_ns": 29_800_000, "to_lane": 4, "to_ns": 30_000_000}
VIEW: dict[str, Any] = {
    "t0_ns": 0,
    "t1_ns": 2_048_000_000,
    "columns": 4,
    "ns_per_column": 536_870_912,
    "lanes": [4],
    "coverage": {"4": {"running": "PUBAQA==", "gil_wait": "tr6+vg=="}},
    "holders": {"2": {"4": "PUBAQA=="}},
    "totals": {"4": {"running": 500_000_000, "gil_wait": 1_499_000_000}},
    "at_work": {"most": 0.999, "bytes": "/v7+Sg=="},
    "sums": {"running": 2_000_000_000, "gil_wait": 5_996_000_000},
    "segments": [{**SEGMENT, "holders": [[5, 5_000_000], [6, 5_000_000], [7, 4_992_000]]}],
    "open": [],
    "edges": [EDGE],
    "edges_in_window": 1,
    "segments_in_window": 400,
    "segments_shown": 1,
    "grown_to_ns": 2_034_000_000,
    "resolution": "exact",
    "opened": 1.0,
}
SEARCH: dict[str, Any] = {
    "items": [
        {
            "lane": 4,
            "start_ns": 37_000_000,
            "end_ns": 52_000_000,
            "state": "gil_wait",
            "detail": None,
            "text": "15.0 ms gil_wait of worker-1",
        }
    ],
    "next_cursor": "1",
    "lanes_found": 0,
    "segments_found": 399,
    "query": {"text": "", "state": "gil_wait", "least_ns": 5_000_001, "most_ns": None},
}
EXCERPT: dict[str, Any] = {
    "items": [{**SEGMENT, "holders": [[5, 5_000_000], [6, 5_000_000], [7, 4_992_000]], "open": False}],
    "next_cursor": "37000000",
    "total": 101,
    "before": 0,
    "t0_ns": 36_000_000,
    "t1_ns": 2_034_000_000,
}
_WAIT: dict[str, Any] = {"lane": 4, "start_ns": 37_000_000, "end_ns": 52_000_000, "state": "gil_wait", "ns": 15_000_000}
SELECTION: dict[str, Any] = {
    "t0_ns": 32_000_000,
    "t1_ns": 2_032_000_000,
    "span_ns": 2_000_000_000,
    "lanes": 9,
    "work_lanes": 4,
    "segments": 1_605,
    "states": {"running": 1_996_800_000, "gil_wait": 5_990_000_000, "runnable": 3_200_000},
    "parallelism": 0.998,
    "max_parallelism": 1,
    "handoffs": 401,
    "longest_wait": _WAIT,
    "states_found": ["starting", "running", "gil_wait", "runnable", "lock_wait", "idle", "held", "free", "busy"],
    "items": [
        {
            "lane": 4,
            "kind": "thread",
            "name": "worker-1",
            "work": True,
            "states": {"running": 499_200_000, "gil_wait": 1_500_000_000, "runnable": 800_000},
            "segments": 301,
            "longest_wait": _WAIT,
        }
    ],
    "items_in_all": 9,
    "next_cursor": "1",
}
EXPLANATION: dict[str, Any] = {
    "lane": 4,
    "t_ns": 40_000_000,
    "segment": SEGMENT,
    "open": False,
    "text": "worker-1 waited 15.0 ms for the GIL while worker-2 (5.00 ms), worker-3 (5.00 ms) and worker-4 (4.99 ms) held it in turn; "
    "worker-4 gave it up only when made to, after the switch interval of 5.00 ms.",
    "because": [
        {
            "lane": 5,
            "start_ns": 37_008_000,
            "end_ns": 42_000_000,
            "state": "running",
            "ns": 4_992_000,
            "text": "held it for 4.99 ms: running Python in crunch (work.py)",
        }
    ],
    "edges": [],
    "exactness": "exact",
    "advice": "Threads that compute take turns on one GIL: processes, or a free-threaded Python, would run them at the same time.",
}
FIGURE: dict[str, Any] = {
    "data": [
        {
            "name": "waiting for the GIL",
            "type": "bar",
            "orientation": "h",
            "base": [37.0],
            "x": [15.0],
            "y": [1],
            "marker": {"color": "#d55e00", "pattern": {"shape": "/"}},
        }
    ],
    "layout": {"title": {"text": "cpu · threads ×4 · 3.13"}, "xaxis": {"title": {"text": "time since the trace began (ms)"}}},
}


def told(example: Any, status: int = 200, description: str = "Done") -> dict[int | str, dict[str, Any]]:
    """A response of the OpenAPI description with an example."""
    return {status: {"description": description, "content": {"application/json": {"example": example}}}}


def page_of(example: Any) -> dict[str, Any]:
    """As lists are told."""
    return {"items": [example], "next_cursor": None}
