"""In which Python functions threads are, looked at from outside now and then: nothing is stopped, nothing is done in the process.

    _PyRuntime ─► interpreters ─► thread states: native_thread_id, current_frame ─► frame ─previous─► frame ─► …
                                                                                     f_executable ─► code: co_qualname, co_filename

The thread runs meanwhile, so anything may be torn: what does not look like a code object with two strings is dropped. CPython tells where
its fields are from 3.13 on; older ones cannot be looked at.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import engine.agent
from engine.probes import procfs
from engine.probes.elf import names as defines
from engine.probes.frame_layout import FrameLayout, located
from engine.probes.memory import Mapping, Window, mappings, read
from engine.probes.perf_records import Ints

_PERIOD_NS, _LISTING_SHARE, _LONGEST_LISTING_NS = 20_000_000, 500, 200_000_000
_MOST_LOOKS = 25
_RETRY_NS, _LONGEST_RETRY_NS = 20_000_000, 4_000_000_000
_MOST_INTERPRETERS, _MOST_THREADS, _MOST_FRAMES, _MOST_CODES = 100, 1_000, 64, 20_000
_MOST_CHARACTERS = 4_096
_TAGS = 7
_HIGHEST = 1 << 47
_ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
_SHIM = "__init__"
"""The file of the code that calls a class's `__init__`, which no source has."""
_SITE = str(Path(engine.agent.__file__).with_name("sitecustomize.py"))

_TOO_OLD = "In which functions threads were is told of CPython 3.13, 3.14 and 3.15; there were processes that ran another one."

_Row = tuple[int, int, int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """At `t` a thread was in the function `names[name]` ("Class.method (file.py)"). Columns of equal length, sorted by `t`."""

    t: Ints
    pid: Ints
    tid: Ints
    name: Ints
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.t)


class Functions:
    """Looks at the threads of the processes that it is told, and keeps what it saw until it is taken. Not thread-safe.

    Costs 10 µs a thread and look, fifty times a second; of very many threads some are looked at each time, in turn.
    """

    def __init__(self) -> None:
        self.notes: tuple[str, ...] = ()
        self.sees = False
        """Whether there was a process that can be looked at."""
        self._processes: dict[int, _Process] = {}
        self._waiting: dict[int, tuple[int, int]] = {}
        self._next_ns = self._next_listing_ns = 0
        self._turn = 0
        self._rows: list[_Row] = []

    def tick(self, pids: Iterable[int], now_ns: int) -> None:
        """One look, if it is time, at every thread of these processes, or at twenty-five of them. `now_ns`: the present time."""
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + _PERIOD_NS
        if now_ns >= self._next_listing_ns:
            cost_ns = self._list(set(pids), now_ns)
            self._next_listing_ns = now_ns + min(_LISTING_SHARE * cost_ns, _LONGEST_LISTING_NS)
        keys = [(process, tid) for process in self._processes.values() for tid in process.threads]
        if len(keys) > _MOST_LOOKS:
            self._turn = (self._turn + _MOST_LOOKS) % len(keys)
            keys = (keys + keys)[self._turn : self._turn + _MOST_LOOKS]
        for process, tid in keys:
            name = process.function(tid)
            if name:
                self._rows.append((time.monotonic_ns(), process.pid, tid, name))

    def take(self) -> Ran | None:
        """What was seen since the last time, if anything was."""
        rows, self._rows = self._rows, []
        if not rows:
            return None
        names: dict[str, int] = {}
        table = [(t, pid, tid, names.setdefault(name, len(names))) for t, pid, tid, name in rows]
        t, pid, tid, number = np.array(table, np.int64).T
        return Ran(t, pid, tid, number, tuple(names))

    def forget(self, pid: int) -> None:
        """It has become another program, or turns to its work: whatever was found before, the next look finds it anew."""
        self._processes.pop(pid, None)
        self._waiting.pop(pid, None)
        self._next_listing_ns = 0

    def _list(self, pids: set[int], now_ns: int) -> int:
        """Finds their threads. Answers what that cost, in ns on a core; to open one, which is done once, not counted."""
        for pid in self._processes.keys() - pids:
            del self._processes[pid]
        self._waiting = {pid: wait for pid, wait in self._waiting.items() if pid in pids}
        for pid in pids:
            if pid not in self._processes and now_ns >= self._waiting.get(pid, (0, 0))[0]:
                self._open(pid, now_ns)
        began = time.thread_time_ns()
        for pid, process in list(self._processes.items()):
            try:
                process.list()
                self.sees = True
            except OSError:
                # It has ended, or has become another program, or is only just beginning or ending.
                del self._processes[pid]
                self._wait(pid, now_ns)
        return time.thread_time_ns() - began

    def _open(self, pid: int, now_ns: int) -> None:
        try:
            mapped = mappings(pid)
        except OSError:
            self._wait(pid, now_ns)
            return
        found = located(mapped)
        if found is None:
            self._wait(pid, now_ns)
            if _is_python(mapped):
                self._note(_TOO_OLD)
            return
        self._processes[pid] = _Process(pid, *found)

    def _wait(self, pid: int, now_ns: int) -> None:
        pause = min(2 * self._waiting.get(pid, (0, _RETRY_NS // 2))[1], _LONGEST_RETRY_NS)
        self._waiting[pid] = (now_ns + pause, pause)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes = (*self.notes, text)


class _Process:
    """One process. `threads`: where the thread state of each of its threads is, by thread id."""

    __slots__ = ("_code", "_frame", "_head", "_interpreter", "_interpreter_base", "_layout", "_names", "_state", "_type", "pid", "threads")

    def __init__(self, pid: int, layout: FrameLayout, bias: int) -> None:
        self.pid = pid
        self.threads: dict[int, int] = {}
        self._layout = layout
        self._head = Window(pid, layout.runtime + bias + layout.runtime_interpreters, 8)
        self._interpreter_base = min(layout.interpreter_next, layout.interpreter_threads)
        self._interpreter = Window(pid, 0, max(layout.interpreter_next, layout.interpreter_threads) + 8 - self._interpreter_base)
        self._state = Window(pid, 0, max(layout.thread_next, layout.thread_frame, layout.thread_native_id) + 8)
        self._frame = Window(pid, 0, max(layout.frame_previous + 8, layout.frame_executable + 8, layout.frame_owner + 1))
        # All of a code object up to its names, but for the count of its references: what tells it from another one at the same address.
        self._code = Window(pid, 0, max(layout.code_file, layout.code_name) + 8 - layout.object_type)
        self._names: dict[bytes, str] = {}
        self._type = 0

    def list(self) -> None:
        """Finds its threads. Raises OSError when there is no such interpreter (any more)."""
        layout, base = self._layout, self._interpreter_base
        alive = set(procfs.threads(self.pid))
        self.threads = {}
        interpreter = _word(self._head.read(), 0)
        for _ in range(_MOST_INTERPRETERS):
            if not _plausible(interpreter):
                return
            self._interpreter.move(interpreter + base)
            fields = self._interpreter.read()
            interpreter, state = _word(fields, layout.interpreter_next - base), _word(fields, layout.interpreter_threads - base)
            # Who ends meanwhile may lead astray: the kernel knows who there is.
            with contextlib.suppress(OSError):
                for _ in range(_MOST_THREADS):
                    if not _plausible(state):
                        break
                    self._state.move(state)
                    fields = self._state.read()
                    tid = _word(fields, layout.thread_native_id)
                    if tid in alive:
                        self.threads.setdefault(tid, state)
                    state = _word(fields, layout.thread_next)

    def function(self, tid: int) -> str:
        """The function in which that thread is; "" where none is, or it cannot be told."""
        layout = self._layout
        try:
            self._state.move(self.threads[tid])
            state = self._state.read()
            if _word(state, layout.thread_native_id) != tid:
                return ""
            frame = _word(state, layout.thread_frame)
            for _ in range(_MOST_FRAMES):
                if not _plausible(frame):
                    return ""
                self._frame.move(frame)
                fields = self._frame.read()
                if fields[layout.frame_owner] < layout.owned_by_c:
                    name = self._name(_word(fields, layout.frame_executable) & ~_TAGS)
                    if name is not None:
                        return name
                frame = _word(fields, layout.frame_previous)
        except (OSError, ValueError):
            return ""
        return ""

    def _name(self, code: int) -> str | None:
        """What the code at that address is called; None where it is gilscope's own, or CPython's. Raises ValueError for what is no code."""
        layout = self._layout
        if not _plausible(code):
            raise ValueError
        self._code.move(code + layout.object_type)
        key = bytes(self._code.read())
        known = self._names.get(key)
        if known is None:
            if not self._is_code(_word(key, 0)):
                raise ValueError
            path, name = (self._text(_word(key, field - layout.object_type)) for field in (layout.code_file, layout.code_name))
            folder, _, file = path.rpartition("/")
            own = folder.endswith("/_gilscope") or "/_gilscope/" in folder or path in (_SITE, _SHIM)
            if len(self._names) >= _MOST_CODES:
                self._names.clear()
            known = self._names[key] = "" if own else f"{name} ({file})"
        return known or None

    def _is_code(self, kind: int) -> bool:
        if kind != self._type and _plausible(kind):
            name = _word(read(self.pid, kind + self._layout.type_name, 8), 0)
            if _plausible(name, 1) and read(self.pid, name, 5) == b"code\0":
                self._type = kind
        return kind == self._type

    def _text(self, address: int) -> str:
        layout = self._layout
        if not _plausible(address):
            raise ValueError
        head = read(self.pid, address, layout.str_ascii_size)
        length = _word(head, layout.str_length)
        state = int.from_bytes(head[layout.str_state : layout.str_state + 4], "little") >> layout.str_shift
        width, compact, ascii_only = state & 7, state >> 3 & 1, state >> 4 & 1
        if not compact or width not in _ENCODINGS or not 0 < length <= _MOST_CHARACTERS:
            raise ValueError
        start = address + layout.str_ascii_size + (0 if ascii_only else 16)
        text = read(self.pid, start, length * width).decode(_ENCODINGS[width])
        if not text.isprintable():
            raise ValueError
        return text


def _word(fields: bytes | bytearray, at: int) -> int:
    return int.from_bytes(fields[at : at + 8], "little")


def _plausible(address: int, alignment: int = 8) -> bool:
    return 4096 <= address < _HIGHEST and address % alignment == 0


def _is_python(mapped: Iterable[Mapping]) -> bool:
    paths = dict.fromkeys(mapping.path for mapping in mapped if "x" in mapping.permissions)
    return any("python" in path and defines(path, "Py_BytesMain") for path in paths)
