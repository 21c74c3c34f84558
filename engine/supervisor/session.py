"""The supervisor's loop. What goes in and out is told in `engine.launch`."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.agent._gilscope import workloads
from engine.functions import names_a_function
from engine.host import cpu_times, host
from engine.streams import Streams
from engine.supervisor import verdict
from engine.supervisor.front import Front
from engine.supervisor.harvest import Harvest
from engine.supervisor.helper import HttpHelper
from engine.supervisor.measured import Measured
from engine.supervisor.outlet import Captured, Passed
from engine.supervisor.pace import Pace, give_way, stay_prompt
from engine.supervisor.voice import Voice
from engine.timeline.timeline import Timeline
from engine.trace import Frame, RunSpec

_LEFTOVERS_S = 0.3


def main() -> int:
    """Runs the spec on stdin, tells frames on stdout; always ends with a finished one, and with nothing of the run alive.

    A program in the foreground is left alone whenever something is wrong with us: whoever started us looks after it then.
    """
    voice = Voice()
    line = voice.first_line()
    if line is None:
        return 0
    wish = json.loads(line)
    streams = Streams.from_json(wish["streams"]) if wish.get("streams") else None
    if streams is None:
        # Handlers, for what is ignored here would be so in what is started, too.
        signal.signal(signal.SIGTERM, lambda *_: voice.cancel())
        signal.signal(signal.SIGINT, lambda *_: None)
    try:
        Session(RunSpec.from_json(wish), voice, streams, wish.get("echo"), watched=bool(wish.get("watched"))).run()
        voice.finish()
    except BrokenPipeError:
        return 1
    return 0


class Session:
    """One run: started, followed at some frames a second, ended, told."""

    def __init__(
        self, spec: RunSpec, voice: Voice, streams: Streams | None = None, echo: int | None = None, *, watched: bool = False
    ) -> None:
        self._spec = spec
        self._voice = voice
        self._front = Front(streams.report) if streams is not None else None
        self._outlet = Passed(streams) if streams is not None else Captured(echo)
        self._ending: verdict.Verdict | None = None
        self._began_cpu_ns = 0
        self._said_running = False
        self._watched = watched

    def run(self) -> None:
        name = self._spec.workload
        needs_server = name in workloads.NAMES and workloads.loaded(name).NEEDS_SERVER
        if not needs_server:
            self._measure(None)
            return
        with HttpHelper() as helper:
            self._measure(helper)

    def _measure(self, helper: HttpHelper | None) -> None:
        measured = Measured(self._spec, helper.address if helper else None, self._outlet)
        harvest = Harvest(self._spec, measured.marks, _cache())
        try:
            harvest.prepare()
            steal = cpu_times()
            # What it took to load us nobody was there to be kept waiting by.
            self._began_cpu_ns = time.process_time_ns()
            origin = time.monotonic_ns()
            wall = datetime.now(UTC).isoformat()
            measured.start(harvest.watch, {helper.pid} if helper else set())
            if self._front is not None:
                self._front.began(measured.pid)
            harvest.begin(measured.pid)
            sees_moments = "sampled" in (harvest.kernel, harvest.sources["gil"])
            if sees_moments:
                stay_prompt()
            timeline = Timeline(
                origin,
                harvest.kernel,
                gil_is_seen=harvest.gil_is_seen,
                waits=harvest.sources.get("waits", "off"),
                switch_interval_ns=round(self._spec.switch_interval * 1e9),
                program=bool(self._spec.program),
                instrumented=names_a_function(self._spec.workload),
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
            self._loop(measured, harvest, timeline, origin, gives_way=not sees_moments)
            if self._voice.released:
                return
            measured.end()
            self._finish(measured, harvest, timeline, steal)
        finally:
            measured.end()
            harvest.close()
            measured.close()

    def _loop(self, measured: Measured, harvest: Harvest, timeline: Timeline, origin: int, *, gives_way: bool) -> None:
        limit_s = self._spec.time_limit_s
        deadline = math.inf if limit_s is None else origin + limit_s * 1e9
        pace, ended_at = Pace(watched=self._watched, foreign=bool(self._spec.program) or names_a_function(self._spec.workload)), None
        next_look = drawn = time.monotonic()
        while True:
            self._listen(min(harvest.tick(), max(0.0, next_look - time.monotonic())), measured)
            now = time.monotonic()
            if measured.ended is not None:
                ended_at = ended_at or now
                if now > ended_at + _LEFTOVERS_S or not measured.alive():
                    return
            if self._over(measured):
                return
            if time.monotonic_ns() > deadline:
                limit = f"the run took longer than its limit of {limit_s:g} s, and was ended"
                self._ending = ("failed", {"kind": "time_limit", "message": limit, "traceback": None})
                return
            brims = harvest.brims
            if now < next_look and not brims:
                continue
            settled = timeline.running and not harvest.starting
            if gives_way and settled:
                # Not before: whose GIL is to be watched from its first job on cannot wait until a core is free.
                give_way()
                gives_way = False
            next_look = now + pace.look_s(settled=settled)
            timeline.take(harvest.harvest(measured.alive()))
            if brims or pace.draws(now - drawn) or timeline.running != self._said_running:
                drawn = now
                self._tell(timeline, timeline.grew(), harvest)

    def _tell(self, timeline: Timeline, frame: Frame, harvest: Harvest) -> None:
        changes: dict[str, Any] = {"sources": harvest.sources}
        if timeline.running and not self._said_running:
            self._said_running = True
            changes["status"] = "running"
        self._voice.tell(replace(frame, counters={**frame.counters, **harvest.counters()}, changes=changes))

    def _listen(self, seconds: float, measured: Measured) -> None:
        """Waits that long, or until something happens, and takes in what the measured program does meanwhile."""
        front = self._front
        if front is None:
            self._voice.listen(seconds, measured.waiting_for)
            measured.look()
            return
        self._voice.listen(min(seconds, front.patience_s), [*measured.waiting_for, front.wakes])
        ended = measured.ended
        measured.look()
        front.look(self._voice.signals, measured.stopped, alive=measured.ended is None)
        if measured.ended is not None and ended is None:
            front.ended(measured.ended[0])

    def _over(self, measured: Measured) -> bool:
        """Whether we are told to end this now. A program in the foreground is asked to end, or killed when who started us was."""
        if self._voice.released:
            return True
        if not self._voice.cancelled and not self._voice.deserted:
            return False
        self._ending = ("cancelled", None)
        if self._front is None:
            return True
        if self._voice.deserted and measured.ended is None:
            os.kill(measured.pid, signal.SIGKILL)
        elif measured.ended is None:
            self._front.ask_to_end()
        return False

    def _finish(self, measured: Measured, harvest: Harvest, timeline: Timeline, steal: Any) -> None:
        end = time.monotonic_ns()
        self._tell(timeline, timeline.feed(harvest.harvest([], last=True)), harvest)
        last = timeline.finish(end)
        program = bool(self._spec.program)
        status, error = self._ending or (verdict.of_program(measured) if program else verdict.of_jobs(measured))
        changes: dict[str, Any] = {
            "status": status,
            "error": error,
            "result": verdict.result_of_program(measured) if program else measured.said().get("result", {}),
            "sources": harvest.sources,
            "notes": [*harvest.notes, *(verdict.notes_of_program(measured) if program else verdict.notes_of_jobs(measured, self._spec))],
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
        counters = {**last.counters, **harvest.counters(), "recorder_cpu_ns": time.process_time_ns() - self._began_cpu_ns}
        self._voice.tell(replace(last, counters=counters, changes=changes))


def _cache() -> Path:
    """Where calibrations are kept from run to run; they hold nothing but offsets."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gilscope"
