"""The event loops of asyncio: every step of every task, when each became ready, what it awaited, and when a loop had nothing to do.

    a loop is asked to call a task soon            TASK_NEW the first time, TASK_READY, after a long wait AWAITED
    it calls the task: a step                      STEP_BEGIN … STEP_END; STEP_AGAIN when it was asked to call it again meanwhile
    after the last one                             TASK_END
    a task is made that starts at once (eagerly)   TASK_NEW and its first step, between two steps of its maker

Tasks, coroutines and factories stay the program's own, and so do loops: what waits in `loop._ready` for a task is a `Handle` with the stock
one's attributes that marks around what the stock one does, and shows in tracebacks and stacks as that one.
"""

from types import BuiltinMethodType

from .. import codes, marks
from . import awaited, selecting
from .disguise import appear_at, forget_frame, take_place
from .known import INSIDE, Home, Known, carry, home_of, meet

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from contextvars import Context
    from types import ModuleType
    from typing import Any

_LONG_S = 0.001
_EAGER_FACTORY = "create_eager_task_factory.<locals>.factory"

_KNOWN = {"_callback", "_args", "_cancelled", "_loop", "_source_traceback", "_repr", "__weakref__", "_context"}
"""What a stock handle is made of."""

_asyncio: "Any" = None


def of_asyncio(asyncio: "ModuleType") -> None:
    """Instruments the loops that asyncio itself is made of, and all that inherit from them. Idempotent."""
    global _asyncio
    loops: Any = asyncio.base_events.BaseEventLoop
    if _asyncio is not None or set(asyncio.events.Handle.__slots__) != _KNOWN or not hasattr(loops, "_call_soon"):
        return  # Done, or an asyncio of later than we know.
    _asyncio = asyncio
    handle, lean = _handles_of(asyncio.events)
    _call_soon(loops, handle, lean)
    _create_task(loops)
    _running(asyncio.events, loops, (handle, lean))


def fall_silent(loop: "Any") -> None:
    """Tasks of this loop that are made from now on are not marked."""
    home_of(loop).silent = True


def _handles_of(events: "Any") -> "tuple[Any, Any]":
    """Two classes of handles for steps of tasks, which are the stock one in all but what they mark. The second keeps what we know where
    the stock one keeps what it is told in debug mode alone, so that it takes no more room and time to make."""
    last = codes.TASK_END
    is_done = _asyncio.tasks.Task.done  # Only tasks of this class, or that inherit from it, come here.

    class Handle(events.Handle):  # type: ignore[misc]
        __slots__ = ("_gilscope", "_gilscope_task")

        def _run(self) -> None:
            known = self._gilscope
            mark = known.home.mark
            if known.named is not mark:
                if mark is None:  # Somebody calls the loop's handles without running the loop.
                    events.Handle._run(self)
                    return
                known.name(self._gilscope_task, mark)
            known.ended = 0.0  # INSIDE
            mark(known.begins)
            args = self._args
            try:
                if not args:
                    self._context.run(self._callback)
                elif len(args) == 1:  # Which takes less time than to unpack them.
                    self._context.run(self._callback, args[0])
                else:
                    self._context.run(self._callback, *args)
            except BaseException as error:
                known.ends_step(self._gilscope_task, mark)
                if isinstance(error, (SystemExit, KeyboardInterrupt)):
                    raise
                complain(self, error)
            else:
                # What `ends_step` does, where it happens often.
                if known.ended:  # AGAIN
                    known.ended = mark(known.again)
                elif is_done(self._gilscope_task):
                    known.ended = mark(last | known.number)
                else:
                    known.ended = mark(known.ends)
            # As the stock one does: the frame may live on, as a caller in the traceback of what the task raised.
            self = args = None  # type: ignore[assignment]

    def complain(handle: "Any", error: BaseException) -> None:
        """Lets the stock handle say what it says of an error that comes out of a callback; out of a task's, none should."""
        callback = handle._callback
        handle._callback = _RaisesAgain(error, callback)
        events.Handle._run(handle)
        handle._callback = callback

    appear_at(Handle._run, events.Handle._run.__code__, _where_it_calls(events.Handle))

    class Lean(events.Handle):  # type: ignore[misc]
        __slots__ = ()
        _gilscope, _gilscope_task = events.Handle._source_traceback, events.Handle._repr
        # What would be kept here if debug mode began meanwhile only makes texts longer.
        _source_traceback = _repr = property(lambda self: None, lambda self, value: None)
        _run = Handle._run

    for each in (Handle, Lean):
        each.__name__, each.__qualname__, each.__module__ = events.Handle.__name__, events.Handle.__qualname__, events.Handle.__module__
    return Handle, Lean


class _RaisesAgain:
    """Looks like a callback, and raises what that one raised, as from there."""

    def __init__(self, error: BaseException, like: "Any") -> None:
        self._error, self._like = error, like
        self._traceback = error.__traceback__ and error.__traceback__.tb_next

    def __call__(self, *_: "Any") -> None:
        try:
            raise self._error
        except BaseException as error:
            error.__traceback__ = self._traceback
            raise

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._like, name)

    def __repr__(self) -> str:
        return repr(self._like)


def _where_it_calls(stock: "Any") -> int:
    """The instruction of the stock handle's `_run` that calls the callback: found by calling one that raises."""

    class Raises:
        @staticmethod
        def run(*_: "Any") -> None:
            raise SystemExit

    handle = stock.__new__(stock)
    handle._context, handle._callback, handle._args = Raises, None, ()
    try:
        handle._run()
    except SystemExit as error:
        traceback: Any = error.__traceback__
        return traceback.tb_next.tb_lasti  # type: ignore[no-any-return]
    raise LookupError("the stock handle does not call its callback")


def _call_soon(loops: "Any", handle_type: "Any", lean: "Any") -> None:
    original = loops.call_soon
    tell, new, long = awaited.tell, lean.__new__, _LONG_S
    step_type: type | None = None

    def call_soon(self: "Any", callback: "Any", *args: "Any", context: "Context | None" = None) -> "Any":
        nonlocal step_type
        kind = type(callback)
        # What asyncio's C code asks a loop to call has no public names, and no words on what it does. To ask it for its name takes longer.
        if kind is step_type or (kind is BuiltinMethodType and context is not None and callback.__doc__ is None):
            task = callback.__self__
            try:
                known = task._gilscope
                ended = known.ended
            except Exception:
                known = meet(self, task) if kind is step_type or callback.__name__ == "task_wakeup" else None
                ended = INSIDE if known is None else known.ended
        elif step_type is None and kind.__name__ == "TaskStepMethWrapper":
            step_type = kind
            task = callback.__self__
            known = meet(self, task)
            ended = INSIDE if known is None else known.ended
        elif self._debug or self._closed:
            known = None
        else:
            return self._call_soon(callback, args, context)
        if known is None or self._debug or self._closed or context is None:
            try:
                handle = original(self, callback, *args, context=context) if known is None else checked(self, callback, args, context)
            except BaseException as error:
                forget_frame(error)
                raise
            if handle._source_traceback:
                _forget_us(handle._source_traceback)
            if known is None:
                return handle
        else:
            # What the stock loop does, without the calls that it makes of it.
            handle = new(lean)
            handle._context = context
            handle._loop = self
            handle._callback = callback
            handle._args = args
            handle._cancelled = False
        handle._gilscope = known
        handle._gilscope_task = task
        self._ready.append(handle)
        if ended > 0.0:
            mark = known.home.mark
            if known.met is not mark:
                if mark is None:
                    return handle
                known.meet(mark)
            if mark(known.ready) - ended > long:
                tell(task, mark)
        else:
            known.ended = -1.0  # AGAIN
        return handle

    def checked(loop: "Any", callback: "Any", args: "Any", context: "Any") -> "Any":
        """The stock loop's way to a handle, with its checks and what it records to debug."""
        try:
            loop._check_closed()
            if loop._debug:
                loop._check_thread()
                loop._check_callback(callback, "call_soon")
            return handle_type(callback, args, loop, context)
        except BaseException as error:
            forget_frame(error)
            raise

    take_place(loops, "call_soon", call_soon)


def _create_task(loops: "Any") -> None:
    original = loops.create_task

    def create_task(self: "Any", coro: "Any", **options: "Any") -> "Any":
        home, factory = home_of(self), self._task_factory
        running = home.mark is not None and not home.silent
        eager = running and options.get("eager_start", factory is not None and _is_eager(factory, home))
        try:
            task = started(self, home, coro, options) if eager else original(self, coro, **options)
        except BaseException as error:
            forget_frame(error)
            raise
        if running and factory is not None and not eager and not hasattr(task, "_gilscope"):
            # The loop was not asked to call it: this factory starts tasks at once, which will be told from the next one on.
            home.eager = factory
        if source := getattr(task, "_source_traceback", None):
            _forget_us(source)
        try:
            return task
        finally:
            del task  # This frame may live on in a traceback of what the task raises.

    def started(loop: "Any", home: Home, coro: "Any", options: "dict[str, Any]") -> "Any":
        mark: Any = home.mark
        maker = _asyncio.tasks.current_task(loop)
        interrupted = None if maker is None else getattr(maker, "_gilscope", None) or meet(loop, maker)
        if interrupted is not None:
            interrupted.ended = mark(interrupted.ends)
        known = Known(home)
        known.meet(mark)
        mark(known.begins)
        known.ended = INSIDE
        home.starting.append(known)
        task = None
        try:
            task = original(loop, coro, **options)
        except BaseException as error:
            forget_frame(error)
            raise
        else:
            carry(task, known)
            known.name(task, mark, coro)
        finally:
            home.starting.pop()
            known.ends_step(task, mark)
            if interrupted is not None:
                mark(interrupted.begins)
        try:
            return task
        finally:
            del task

    take_place(loops, "create_task", create_task)


def _is_eager(factory: "Any", home: Home) -> bool:
    return factory is home.eager or getattr(factory, "__qualname__", None) == _EAGER_FACTORY


def _running(events: "Any", loops: "Any", handle_types: "tuple[Any, ...]") -> None:
    """Hooks what a loop calls when it begins and ends to run in a thread."""
    original, current = events._set_running_loop, events._get_running_loop

    def _set_running_loop(loop: "Any") -> None:
        before = current() if loop is None else None
        original(loop)
        if isinstance(loop, loops):
            begins(loop)
        elif isinstance(before, loops):
            home_of(before).mark = None
            selecting.unmark(before)

    def begins(loop: "Any") -> None:
        home, mark = home_of(loop), marks.of_this_thread().mark
        home.mark = mark
        selecting.mark(loop, mark)
        for handle in loop._ready.copy():
            if type(handle) in handle_types and not handle._cancelled:
                known = handle._gilscope
                if known.met is not mark:
                    known.meet(mark)
                mark(codes.TASK_READY | known.number)

    take_place(events, "_set_running_loop", _set_running_loop)


def _forget_us(source: "Any") -> None:
    """Takes our frames out of a recorded stack."""
    source[:] = [entry for entry in source if entry[0] != __file__]
