"""Marks: exact times from inside, at about 150 ns each, without a lock, a system call or a wait.

One memory-mapped file per thread, which outlives a crash. `of_this_thread()` opens it on first use; its `mark(kind, argument)` is a
closure over the mapped words because that is the fastest that Python offers. Where no recording goes on, marks go nowhere.
"""

import mmap
import os
from _thread import _local, get_native_id
from time import perf_counter_ns, sleep

from . import codes

_folder = ""
_here = _local()


class Marks:
    """The marks of one thread. Only that thread may use them. `words` are the file's."""

    __slots__ = ("_map", "mark", "words")

    def __init__(self, path):
        size = codes.HEADER + codes.CAPACITY * 16 + codes.TEXT_CAPACITY
        descriptor = os.open(path + ".new", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, size)
            self._map = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        words = self.words = memoryview(self._map).cast("q")
        words[codes.H_VERSION] = codes.VERSION
        words[codes.H_PID] = os.getpid()
        words[codes.H_TID] = get_native_id()
        words[codes.H_PARENT] = os.getppid()
        words[codes.H_CAPACITY] = codes.CAPACITY
        words[codes.H_TEXT_CAPACITY] = codes.TEXT_CAPACITY
        words[codes.H_MAGIC] = codes.MAGIC
        os.rename(path + ".new", path)
        self.mark = _writer(words)

    def text(self, kind, argument, text):
        """Names an argument of a kind of mark. To be called before the mark itself. Dropped when there is no room."""
        data = text.encode("utf-8", "replace")[:1000]
        head = self.words[codes.H_TEXT_HEAD]
        size = 24 + (len(data) + 7 & ~7)
        if head + size > codes.TEXT_CAPACITY:
            return
        at = (codes.HEADER + codes.CAPACITY * 16 + head) // 8
        self.words[at] = kind
        self.words[at + 1] = argument
        self.words[at + 2] = len(data)
        start = (at + 3) * 8
        self._map[start : start + len(data)] = data
        self.words[codes.H_TEXT_HEAD] = head + size


def _writer(words):
    capacity = codes.CAPACITY
    first = codes.HEADER // 8
    head_at, tail_at, dropped_at = codes.H_HEAD, codes.H_TAIL, codes.H_DROPPED
    head = 0
    limit = capacity

    def mark(kind, argument=0, now=perf_counter_ns):
        nonlocal head, limit
        if head == limit:
            limit = words[tail_at] + capacity
            if head == limit:
                words[dropped_at] += 1
                return
        at = first + head % capacity * 2
        words[at] = now()
        words[at + 1] = argument << 8 | kind
        head += 1
        words[head_at] = head

    return mark


class Silence:
    """Marks of a program that nobody records."""

    @staticmethod
    def mark(kind, argument=0):
        """Does nothing."""

    @staticmethod
    def text(kind, argument, text):
        """Does nothing."""


def begin(folder):
    """Records from now on, into `folder`; in children by fork, too."""
    global _folder
    _folder = folder
    os.register_at_fork(after_in_child=_begin_anew)
    name_this_thread("main")


def _begin_anew():
    # The mapping is shared with the parent, which goes on writing to it.
    global _here
    _here = _local()
    name_this_thread("main")


def of_this_thread():
    """The `Marks` of the calling thread, opened when it has none yet."""
    try:
        return _here.marks
    except AttributeError:
        pass
    if not _folder:
        return Silence
    try:
        _here.marks = Marks(f"{_folder}/{os.getpid()}-{get_native_id()}-{perf_counter_ns()}")
    except OSError:
        # A full disk must not alter the program; that its marks are missing shows on the trace as unknown.
        _here.marks = Silence
    return _here.marks


def ready():
    """Tells that this process turns to its jobs now."""
    mine = of_this_thread()
    if mine is not Silence:
        mine.words[codes.H_READY] = 1


def ready_when_watched(patience_s=0.25):
    """Tells it, and waits until somebody watches. To be called before anything is measured."""
    ready()
    mine = of_this_thread()
    if mine is Silence:
        return
    deadline = perf_counter_ns() + int(patience_s * 1e9)
    while not mine.words[codes.H_GO] and perf_counter_ns() < deadline:
        sleep(0.0005)


def name_this_thread(name):
    """Marks that the calling thread is alive and what it is called. Answers its `Marks`."""
    mine = of_this_thread()
    mine.text(codes.THREAD_BEGIN, 0, name)
    mine.mark(codes.THREAD_BEGIN)
    return mine
