"""Marks: exact times from inside, at about 100 ns each, without a lock, a system call or a wait.

One memory-mapped file per thread, which outlives a crash. `of_this_thread()` opens it on first use; its `mark(word)` is a closure over
the mapped words because that is the fastest that Python offers. `word` is `kind | argument << 8`, of the numbers in `codes`. Where no
recording goes on, marks go nowhere.
"""

import _thread
import mmap
import os
import sys
from _thread import RLock, _local, get_native_id
from time import perf_counter, perf_counter_ns, sleep

from . import codes

TYPE_CHECKING = False  # Importing typing would cost every measured interpreter two milliseconds.
if TYPE_CHECKING:
    from _collections_abc import Callable

    from .shapes import Mark

_FIRST_RING_PART = 256  # A thread that does little takes little: a program may start thousands.
_RING_PART = 4096
_FIRST_TEXT_PART = 4096
_TEXT_PART = 16384
_TEXT_AT = codes.HEADER + codes.CAPACITY * 16

_folder = ""
_interpreter = 0
_ready_at_once = False
_here = _local()
_newest = 0
_kept: "list[mmap.mmap | bytearray]" = []
_turn = RLock()  # For a signal's handler may come in between.


class Marks:
    """The marks of one thread in this interpreter. Only that thread may use them. `words` are the file's; `told` is for whoever must
    remember what the file says already."""

    __slots__ = ("_descriptor", "_file", "_map", "_move", "_path", "_text_room", "mark", "told", "words")

    _map: "mmap.mmap | bytearray"

    def __init__(self, path: str) -> None:
        """An empty `path`, or one that cannot be written, makes marks that go nowhere."""
        self._open(path)
        self.mark, self._move = _writer(self.words, self._path)

    def move(self, path: str) -> None:
        """Goes on in a new file. What has been handed out of this writes there from now on, too."""
        self._let_go()
        self._open(path)
        self._move(self.words, self._path)

    def text(self, kind: int, argument: int, text: str) -> None:
        """Names an argument of a kind of mark. To be called before the mark itself. Dropped when there is no room."""
        data = text.encode("utf-8", "replace")[:1000]
        head = self.words[codes.H_TEXT_HEAD]
        size = 24 + (len(data) + 7 & ~7)
        if head + size > self._text_room and not self._more_text_room(head + size):
            return
        at = (_TEXT_AT + head) // 8
        self.words[at] = kind
        self.words[at + 1] = argument
        self.words[at + 2] = len(data)
        start = (at + 3) * 8
        self._map[start : start + len(data)] = data
        self.words[codes.H_TEXT_HEAD] = head + size

    def _open(self, path: str) -> None:
        self.told: set[int] = set()
        self._map, self._path, self._descriptor, self._file = bytearray(codes.HEADER), "", -1, (0, 0)
        if path:
            try:
                self._map, self._descriptor, self._file = _mapped(path)
                self._path = path
            except OSError:
                pass  # A full disk must not alter the program; that its marks are missing shows on the trace as unknown.
        self._text_room = _FIRST_TEXT_PART if self._path else 0
        words = self.words = memoryview(self._map).cast("q")
        words[codes.H_VERSION] = codes.VERSION
        words[codes.H_PID] = os.getpid()
        words[codes.H_TID] = get_native_id()
        words[codes.H_PARENT] = os.getppid()
        words[codes.H_CAPACITY] = codes.CAPACITY
        words[codes.H_TEXT_CAPACITY] = codes.TEXT_CAPACITY
        words[codes.H_INTERPRETER] = _interpreter
        words[codes.H_MAGIC] = codes.MAGIC
        if self._path:
            os.rename(path + ".new", path)

    def __del__(self) -> None:
        self._let_go()

    def _let_go(self) -> None:
        """To be called before the mapping goes. It would close a descriptor that by now may be the program's: then it stays."""
        if self._descriptor >= 0 and _file_of(self._descriptor) != self._file:
            _kept.append(self._map)

    def _more_text_room(self, wanted: int) -> bool:
        more = min(_TEXT_PART, codes.TEXT_CAPACITY - self._text_room)
        if wanted > codes.TEXT_CAPACITY or not _took_room(self._path, _TEXT_AT + self._text_room, more):
            return False
        self._text_room += more
        return True


def _mapped(path: str) -> "tuple[mmap.mmap, int, tuple[int, int]]":
    """A new file with room for the first marks and texts, still called `path` + ".new". Raises OSError.

    With the descriptor that the mapping keeps, -1 from 3.13 on, and what tells whether that still is this file.
    """
    size = _TEXT_AT + codes.TEXT_CAPACITY
    descriptor = os.open(path + ".new", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(descriptor, size)
        _take_room(descriptor, 0, codes.HEADER + _FIRST_RING_PART * 16)
        _take_room(descriptor, _TEXT_AT, _FIRST_TEXT_PART)
        if sys.version_info >= (3, 13):
            return mmap.mmap(descriptor, size, trackfd=False), -1, (0, 0)
        next_free = os.dup(descriptor)
        os.close(next_free)
        mapped, file = mmap.mmap(descriptor, size), _file_of(descriptor)
        return mapped, next_free if _file_of(next_free) == file else -1, file
    except OSError:
        os.unlink(path + ".new")
        raise
    finally:
        os.close(descriptor)


def _file_of(descriptor: int) -> "tuple[int, int]":
    try:
        status = os.fstat(descriptor)
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def _take_room(descriptor: int, at: int, size: int) -> None:
    """Takes room on the file's device. Unasked, a full one would end the program by SIGBUS where it marks. Raises OSError."""
    if os.pwrite(descriptor, bytes(size), at) != size:
        raise OSError("the device is full")


def _took_room(path: str, at: int, size: int) -> bool:
    # By its name, for a descriptor that is kept open could be closed by the program, and mean another file then.
    if not path:
        return False
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            _take_room(descriptor, at, size)
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return True


def _writer(words: "memoryview[int]", path: str) -> "tuple[Mark, Callable[[memoryview[int], str], None]]":
    """Answers `mark` and `move`, which makes it write to other words of another file from their beginning."""
    capacity = codes.CAPACITY
    first = codes.HEADER // 8
    tail_at, dropped_at = codes.H_TAIL, codes.H_DROPPED
    at = limit = first
    before = room = 0  # The records of earlier laps, and how many fit into the file as it is.
    times, whats = words.cast("B").cast("d"), words[:0]

    def mark(word: int, now: "Callable[[], float]" = perf_counter) -> float:
        nonlocal at
        # A signal's handler runs right after this call, if at all: it finds no place that is taken but not filled, and leaves none.
        t = now()
        place = at
        try:
            whats[place] = word
        except IndexError:  # At the limit.
            return mark(word) if look_further(word) else drop()
        at = place + 2
        times[place] = t
        return t

    def drop() -> float:
        words[dropped_at] += 1
        return perf_counter()

    def look_further(word: int) -> bool:
        """Moves the limit to where the ring ends, the room ends, or the reader has not read yet. Answers whether there is a place."""
        nonlocal at, before, limit, room, whats
        if at >= first + capacity * 2:
            at, before = first, before + capacity
        in_lap = (at - first) // 2
        if in_lap == room < capacity:
            more = min(_RING_PART, capacity - room)
            if _took_room(path, codes.HEADER + room * 16, more * 16):
                room += more
        free = words[tail_at] - before + capacity
        limit = first + min(free - codes.RESERVE, room) * 2
        if at >= limit and word & 0xFF in codes.VITAL and at < first + min(free, room) * 2:
            limit = at + 2
        whats = words[1 : max(limit, 0) + 1]
        return at < limit

    def move(to: "memoryview[int]", to_path: str) -> None:
        nonlocal words, times, whats, path, at, before, limit, room
        words, path = to, to_path
        at, before = first, 0
        room = _FIRST_RING_PART if path else 0
        limit = first + room * 2
        times, whats = to.cast("B").cast("d"), to[1 : limit + 1]

    move(words, path)
    return mark, move


def begin(folder: str, *, ready_at_once: bool = False) -> None:
    """Records from now on, into `folder`; in children by fork, too. `ready_at_once`: all that each process does is what is measured.

    In a subinterpreter it is a thread of another one that comes in: it has its name from there, and a file here once it marks.
    """
    global _folder, _interpreter, _ready_at_once
    _folder = folder
    _ready_at_once = ready_at_once
    _interpreter = _number_of_this_interpreter()
    os.register_at_fork(after_in_child=_begin_anew)
    if not _interpreter:
        name_this_thread("main")
        if ready_at_once:
            ready()


def _number_of_this_interpreter() -> int:
    """CPython's own number: 0 is the main one. On 3.11, where all of them share one GIL and nothing cheap tells them apart, always 0."""
    is_main = getattr(_thread, "_is_main_interpreter", None)
    if is_main is None or is_main():
        return 0
    try:
        interpreters = __import__("_interpreters")
    except ImportError:
        interpreters = __import__("_xxsubinterpreters")  # What 3.12 calls it.
    current = interpreters.get_current()
    return int(current[0] if isinstance(current, tuple) else current)


def _begin_anew() -> None:
    global _turn
    _turn = RLock()
    # The mapping is shared with the parent, which goes on writing to it.
    mine = getattr(_here, "marks", None)
    if mine is not None:
        mine.move(_new_path())
    name_this_thread("main").words[codes.H_FORKED] = 1
    if _ready_at_once:
        ready()


def all_is_measured() -> bool:
    """Whether all that this process does is measured, and not some jobs in it."""
    return _ready_at_once


def of_this_thread() -> Marks:
    """The `Marks` of the calling thread, opened when it has none yet."""
    try:
        mine: Marks = _here.marks
    except AttributeError:
        mine = _here.marks = Marks(_new_path())
    return mine


def _new_path() -> str:
    return _folder and f"{_folder}/{os.getpid()}-{get_native_id()}-{perf_counter_ns()}"


def token() -> int:
    """A number for something that is handed on, which no other process and no other interpreter uses."""
    return os.getpid() << 28 | number() & 0xFFFFFFF


def number() -> int:
    """A number above 0 that is given once in this process."""
    global _newest
    with _turn:
        _newest += 1
        return (_interpreter << 20) + _newest


def ready() -> None:
    """Tells that this process turns to its jobs now."""
    of_this_thread().words[codes.H_READY] = 1


def ready_when_watched(patience_s: float = 0.25) -> None:
    """Tells it, and waits until somebody watches. To be called before anything is measured."""
    ready()
    mine = of_this_thread()
    deadline = perf_counter_ns() + int(patience_s * 1e9)
    while _folder and not mine.words[codes.H_GO] and perf_counter_ns() < deadline:
        sleep(0.0005)


def name_this_thread(name: str) -> Marks:
    """Marks that the calling thread is alive and what it is called. Answers its `Marks`."""
    mine = of_this_thread()
    mine.text(codes.THREAD_BEGIN, 0, name)
    mine.mark(codes.THREAD_BEGIN)
    return mine
