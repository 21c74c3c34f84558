"""The supervisor's loop. What goes in and out is told in `engine.launch`."""

from __future__ import annotations

import json
import math
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.agent._gilscope.workloads import WORKLOADS
from engine.host import cpu_times, host
from engine.supervisor.harvest import Harvest
from engine.supervisor.helper import HttpHelper
from engine.supervisor.measured import Measured
from engine.supervisor.pace import Pace, give_way
from engine.timeline.timeline import Timeline
from engine.trace import Frame, RunSpec, encode_frame

_LEFTOVERS_S = 0.3


def main() -> int:
    """Runs the spec on stdin, tells frames on stdout; always ends with a finished one, and with nothing of the run alive."""
    voice = Voice()
    signal.signal(signal.SIGTERM, lambda *_: voice.cancel())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = voice.first_line()
    if line is None:
        return 0
    spec = RunSpec.from_json(json.loads(line))
    try:
        Session(spec, voice).run()
    except BrokenPipeError:
        return 1
    return 0


class Voice:
    """What we are told on stdin, and what we tell on stdout. `cancelled` once we are told so, or nobody is there to tell us."""

    def __init__(self) -> None:
        self._in, self._out = sys.stdin.fileno(), os.dup(sys.stdout.fileno())
        # Nothing that prints by accident may end up among the frames.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self._heard = b""
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def first_line(self) -> bytes | None:
        """The spec, or None when the input ends before it is whole."""
        while b"\n" not in self._heard:
            data = os.read(self._in, 65536)
            if not data:
                return None
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    def listen(self, seconds: float, others: Sequence[int] = ()) -> None:
        """Waits that long, or until there is something to hear, or one of `others` (file descriptors) can be read."""
        readable, _, _ = select.select([*([] if self.cancelled else [self._in]), *others], [], [], seconds)
        if self._in in readable and (not (data := os.read(self._in, 65536)) or b"cancel" in data):
            self.cancelled = True

    def tell(self, frame: Frame) -> None:
        data = encode_frame(frame)
        message = memoryview(len(data).to_bytes(4, "little") + data)
        while message:
            message = message[os.write(self._out, message) :]


class Session:
    """One run: started, followed at ten frames a second, ended, told."""

    def __init__(self, spec: RunSpec, voice: Voice) -> None:
        self._spec = spec
        self._voice = voice
        self._ending: tuple[str, dict[str, Any] | None] | None = None

    def run(self) -> None:
        needs_server = getattr(WORKLOADS.get(self._spec.workload), "NEEDS_SERVER", False)
        if not needs_server:
            self._measure(None)
            return
        with HttpHelper() as helper:
            self._measure(helper)

    def _measure(self, helper: HttpHelper | None) -> None:
        measured = Measured(self._spec, helper.address if helper else None)
        harvest = Harvest(self._spec, measured.marks, _cache())
        try:
            harvest.prepare()
            steal = cpu_times()
            origin = time.monotonic_ns()
            wall = datetime.now(UTC).isoformat()
            measured.start(harvest.watch, {helper.pid} if helper else set())
            harvest.begin(measured.pid)
            give_way()
            timeline = Timeline(
                origin,
                harvest.kernel,
                gil_is_seen=harvest.sources["gil"] != "off",
                waits=harvest.sources.get("waits", "off"),
                switch_interval_ns=round(self._spec.switch_interval * 1e9),
                program=bool(self._spec.program),
            )
            self._voice.tell(
                Frame(
                    t_ns=0,
                    changes={
                        "status": "starting",
                        "clock": {"monotonic_ns": origin, "wall": wall},
                        "host": host(),
                        "sources": harvest.sources,
                        "notes": list(harvest.notes),
                    },
                    counters={"jobs_total": self._spec.jobs},
                )
            )
            self._loop(measured, harvest, timeline, origin)
            measured.end()
            self._finish(measured, harvest, timeline, steal)
        finally:
            measured.end()
            harvest.close()
            measured.close()

    def _loop(self, measured: Measured, harvest: Harvest, timeline: Timeline, origin: int) -> None:
        limit_s = self._spec.time_limit_s
        deadline = math.inf if limit_s is None else origin + limit_s * 1e9
        pace, next_frame, ended_at, said_running = Pace(), time.monotonic(), None, False
        while True:
            self._voice.listen(min(harvest.tick(), max(0.0, next_frame - time.monotonic())), measured.waiting_for)
            now = time.monotonic()
            measured.look()
            if measured.ended is not None:
                ended_at = ended_at or now
                if now > ended_at + _LEFTOVERS_S or not measured.alive():
                    return
            if self._voice.cancelled:
                self._ending = ("cancelled", None)
                return
            if time.monotonic_ns() > deadline:
                limit = f"the run took longer than its limit of {limit_s:g} s, and was ended"
                self._ending = ("failed", {"kind": "time_limit", "message": limit, "traceback": None})
                return
            if now < next_frame:
                continue
            next_frame = now + pace.next_frame_s()
            frame = timeline.feed(harvest.harvest(measured.alive()))
            changes: dict[str, Any] = {"sources": harvest.sources}
            if timeline.running and not said_running:
                said_running = True
                changes["status"] = "running"
            self._voice.tell(replace(frame, counters={**frame.counters, **harvest.counters()}, changes=changes))

    def _finish(self, measured: Measured, harvest: Harvest, timeline: Timeline, steal: Any) -> None:
        end = time.monotonic_ns()
        frame = timeline.feed(harvest.harvest([], last=True))
        self._voice.tell(replace(frame, counters={**frame.counters, **harvest.counters()}))
        last = timeline.finish(end)
        status, error = self._ending or self._verdict(measured)
        said = measured.said()
        changes: dict[str, Any] = {
            "status": status,
            "error": error,
            "result": said.get("result", {}),
            "sources": harvest.sources,
            "notes": list(harvest.notes),
        }
        if measured.ended is not None:
            usage = measured.ended[1]
            changes["usage"] = {
                "cpu_ns": round((usage.ru_utime + usage.ru_stime) * 1e9),
                "voluntary": usage.ru_nvcsw,
                "involuntary": usage.ru_nivcsw,
                "max_rss_bytes": usage.ru_maxrss * 1024,
            }
        now = cpu_times()
        changes["host"] = {**host(), "steal_ratio": now.steal_ratio(steal) if now is not None and steal is not None else None}
        self._voice.tell(replace(last, counters={**last.counters, **harvest.counters(), **_own_cost()}, changes=changes))

    def _verdict(self, measured: Measured) -> tuple[str, dict[str, Any] | None]:
        said = measured.said()
        error = said.get("error")
        if error is not None:
            message = f"{error['type']}: {error['message']}" if error.get("message") else error["type"]
            if error.get("job") is not None:
                message = f"job {error['job']} failed: {message}"
            return "failed", {"kind": "workload", "message": message, "traceback": error.get("traceback")}
        assert measured.ended is not None
        status = measured.ended[0]
        if os.WIFSIGNALED(status):
            how = f"was killed by {signal.Signals(os.WTERMSIG(status)).name}"
        elif os.WEXITSTATUS(status) or not said:
            how = f"exited with code {os.WEXITSTATUS(status)} before its work was done"
        else:
            return "complete", None
        return "failed", {"kind": "process", "message": f"the measured process {how}", "traceback": measured.output[-8000:] or None}


def _own_cost() -> dict[str, int]:
    return {"recorder_cpu_ns": time.process_time_ns()}


def _cache() -> Path:
    """Where calibrations are kept from run to run; they hold nothing but offsets."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gilscope"
