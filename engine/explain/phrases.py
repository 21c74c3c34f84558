"""What lanes do, as a person says it: from states and details to parts of sentences."""

from __future__ import annotations

from dataclasses import dataclass

from engine.trace import State

_HOLDING = "blocked_holding_gil"
_SIMPLE = {
    State.running: "running Python",
    State.native: "running code outside the GIL",
    State.gil_wait: "waiting for the GIL",
    State.runnable: "waiting for a core",
    State.ready: "waiting for its turn on the loop",
    State.starting: "starting",
    State.crashed: "crashed",
    State.unknown: "not observed",
    State.idle: "idle",
    State.exited: "gone",
}
_WAITS = {
    "lock": "for {a lock}",
    "condition": "to be notified through {a condition}",
    "event": "for {an event} to be set",
    "semaphore": "for {a semaphore}",
    "barrier": "for the others at {a barrier}",
    "get": "for something to come out of {a queue}",
    "put": "for room in {a queue}",
    "join": "for {others} to end",
    "results": "for results",
    "sleep": "for a sleep to be over",
    "connect": "for a connection",
    "send": "for room to send",
    "receive": "for data",
    "socket": "for {a socket}",
    "file": "for {a file}",
    "pipe": "for {a pipe}",
    "poll": "for any of several files or sockets",
    "child": "for a child process",
    "call": "inside a call",
    "to_thread": "for work in a thread",
}
_ENDS = {
    "get": "put something in",
    "put": "took something out",
    "event": "set it",
    "condition": "notified it",
    "semaphore": "released it",
    "barrier": "came, too",
    "results": "had them",
    "join": "came to its end",
    "to_thread": "had done it",
    "child": "ended",
}
_HELD_BY_SOMEBODY = ("lock", "semaphore")


@dataclass(frozen=True, slots=True)
class Wait:
    """What a wait is for. `kind`: the operation or the thing ("" where it has no name); `target`: on what ("" where that has none)."""

    kind: str
    target: str = ""
    holding: bool = False
    stops_world: bool = False
    stopped: bool = False

    @classmethod
    def of(cls, detail: str | None) -> Wait:
        """From a segment's detail: `lock 2`, `get Queue 1`, `blocked_holding_gil: sleep`, `stop_the_world`."""
        text = detail or ""
        holding = text == _HOLDING or text.startswith(f"{_HOLDING}: ")
        if holding:
            text = text[len(_HOLDING) + 2 :]
        kind, _, target = text.partition(" ")
        if kind.startswith("/"):
            kind, target = "file", text
        return cls(kind, target.strip(), holding, text == "stop_the_world", text == "stopped")

    @property
    def is_of_a_lock(self) -> bool:
        """Whether somebody has what is waited for; a queue, an event or a thread's end is nobody's."""
        return not self.kind or self.kind in _HELD_BY_SOMEBODY

    @property
    def what(self) -> str:
        """`for lock 2`, `for something to come out of Queue 1`, `for holder to end`; without an object where none is named."""
        if self.stops_world:
            return "until a stop-the-world pause was over"
        if self.stopped:
            return "stopped by a signal"
        if self.kind == "event" and self.target == "thread start":
            return "for a new thread to start"
        if self.kind == "condition" and not self.target:
            return "to be notified through a condition"
        if self.kind == "join" and self.target == "future":
            return "for others to end"
        if self.kind == "join" and self.target.rpartition(" › ")[2].endswith("gather()"):
            return f"for all that {self.target} gathers"
        if self.kind == "results":
            return f"for results of {_some(self.target)}" if self.target else "for results"
        if self.kind == "child":
            return "for a child process to end" if self.target in ("", "process") else f"for child process {self.target} to end"
        pattern = _WAITS.get(self.kind)
        if pattern is None:
            return f"for {self.kind} {self.target}".rstrip() if self.kind else "for something of which nothing more is recorded"
        before, brace, after = pattern.partition("{")
        if not brace:
            return f"{pattern} ({self.target})" if self.target else pattern
        default, _, rest = after.partition("}")
        return f"{before}{self._named(default)}{rest}"

    @property
    def ended(self) -> str:
        """What somebody did who ended it: `released it`, `put something in`."""
        if self.is_of_a_lock:
            return "released it"
        if self.kind == "event" and self.target == "thread start":
            return "had begun"
        return _ENDS.get(self.kind, "let it go on")

    @property
    def doing(self) -> str:
        """As what somebody is at: `asleep`, `waiting for lock 2`."""
        if self.kind == "sleep":
            return "asleep"
        if self.kind == "call":
            return "waiting inside a call"
        return self.what if self.stopped else f"waiting {self.what}"

    def _named(self, default: str) -> str:
        if not self.target:
            return default
        if self.kind in ("socket", "pipe") or (self.kind in ("lock", "file") and self.target.isdigit()):
            return f"{self.kind} {self.target}"
        if self.kind == "file":
            return self.target
        # What a coroutine was in, innermost last: `serve › Lock.acquire`.
        return f"{default} ({self.target})" if "." in self.target or "›" in self.target else self.target


def doing(state: State, detail: str | None) -> str:
    """What somebody is at: `running Python in spin (prog.py)`, `asleep`, `waiting for lock 2`."""
    if state in (State.lock_wait, State.io_wait):
        wait = Wait.of(detail)
        return f"{wait.doing}, with the GIL in hand" if wait.holding else wait.doing
    if state is State.suspended:
        return f"awaiting {awaited(detail)}" if detail else "awaiting something"
    said = _SIMPLE.get(state, state.name)
    return f"{said} in {detail}" if detail and state in (State.running, State.native) else said


def generally(state: State) -> str:
    """What several are at, whatever each is waiting for."""
    waits = {State.lock_wait: "waiting for a lock, a queue or a join", State.io_wait: "waiting for I/O or asleep"}
    return waits.get(state) or doing(state, None)


def awaited(detail: str) -> str:
    """What a task awaits: `a sleep`, `a lock (Lock.acquire)`, `gather()`, `fetch › inner`."""
    wait = Wait.of(detail)
    simple = {
        "sleep": "a sleep",
        "call": "a call",
        "future": "a future",
        "to_thread": "work in a thread (to_thread)",
        "receive": "data",
        "send": "room to send",
        "connect": "a connection",
        "get": "something from a queue",
        "put": "room in a queue",
        "lock": "a lock",
        "condition": "a notification through a condition",
        "event": "an event",
        "semaphore": "a semaphore",
        "barrier": "the others at a barrier",
    }
    if wait.kind in simple:
        return f"{simple[wait.kind]} ({path_of(wait.target)})" if wait.target else simple[wait.kind]
    if wait.kind == "join":
        return "others to end" if wait.target in ("", "future") else path_of(wait.target)
    return detail


def path_of(target: str) -> str:
    """`serve › StreamReader.read` of `serve › StreamReader.read › StreamReader.read`: without what asyncio does within itself."""
    parts = [part for part in dict.fromkeys(target.split(" › ")) if not part.startswith("Base")]
    return " › ".join(parts) or target


def opened(text: str) -> str:
    """As the beginning of a sentence. Names stay as they are: only words of ours become upper case."""
    ours = ("task ", "the ", "process ", "nobody", "no ", "for ")
    return text[:1].upper() + text[1:] if text.startswith(ours) else text


def _some(target: str) -> str:
    return {"future": "a future", "futures": "futures", "pool": "a pool"}.get(target, target)
