"""Threads of `threading`: when each begins and ends, by the name that the program gives it, and who waits for it.

Hooked are the two methods that a thread calls on itself before and after everything of the program's, so that nothing stands between it
and what it runs.
"""

from _thread import _local

from .. import codes, marks
from . import names, waits
from .disguise import forget_frame, like, take_place

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_here = _local()


def of_threading(threading: "ModuleType") -> None:
    """Instruments threads, and what they wait with. Idempotent."""
    thread: Any = threading.Thread
    if hasattr(thread._delete, "__wrapped__"):
        return
    _begin_and_end(thread)
    _rename(thread, threading.get_ident)
    _join(thread)
    waits.of_threading(threading)


def _begin_and_end(thread: "Any") -> None:
    native_id, delete = thread._set_native_id, thread._delete

    def _set_native_id(self: "Any") -> None:
        native_id(self)
        # Others call this, too, for threads that have begun long since.
        if not self._started.is_set():
            _here.name = self._name
            mine = marks.name_this_thread(self._name)
            if not marks.all_is_measured():
                # A thread that somebody's function made: not in a job of ours, and in code that nobody knows.
                mine.mark(codes.OP_BEGIN | codes.CALL << 8)

    def _delete(self: "Any") -> None:
        name = getattr(_here, "name", None)
        if name is not None:
            mine = marks.of_this_thread()
            if name != self._name:
                mine.text(codes.THREAD_BEGIN, 0, self._name)
            mine.mark(codes.THREAD_END)
        delete(self)

    take_place(thread, "_set_native_id", _set_native_id)
    take_place(thread, "_delete", _delete)


def _rename(thread: "Any", get_ident: "Any") -> None:
    before = thread.name
    fset = before.fset

    def name(self: "Any", name: str) -> None:
        try:
            fset(self, name)
        except BaseException as error:
            forget_frame(error)
            raise
        # Another thread's marks are not ours to write: it tells its new name itself, when it ends.
        if self._ident == get_ident():
            _here.name = self._name
            marks.of_this_thread().text(codes.THREAD_BEGIN, 0, self._name)

    thread.name = property(before.fget, like(name, fset), before.fdel, before.__doc__)


def _join(thread: "Any") -> None:
    join, is_alive = thread.join, thread.is_alive

    def waited(self: "Any", timeout: "float | None" = None) -> None:
        try:
            if not self._initialized or not is_alive(self):
                return join(self, timeout)  # type: ignore[no-any-return]
            mine = marks.of_this_thread()
            mine.mark(codes.OP_BEGIN | names.on_text(mine, codes.JOIN, self._name) << 8)
            try:
                return join(self, timeout)  # type: ignore[no-any-return]
            finally:
                mine.mark(codes.OP_END)
        except BaseException as error:
            forget_frame(error)
            raise

    take_place(thread, "join", waited)
