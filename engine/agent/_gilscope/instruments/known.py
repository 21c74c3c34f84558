"""What instruments know of an event loop and of each task: kept on these themselves, as `_gilscope`, and gone with them."""

import sys

from .. import codes, marks
from . import awaited

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Mark

INSIDE, AGAIN = 0.0, -1.0
_NEVER = float("inf")


class Home:
    """What is known of one loop. `mark` is of the thread that runs it, None while none does; `eager` is a factory whose tasks are."""

    __slots__ = ("eager", "mark", "silent", "starting")

    def __init__(self) -> None:
        self.mark: Mark | None = None
        self.silent = False
        self.starting: list[Known] = []
        self.eager: Any = None


def _nobody(_: int) -> float:
    """A thread's marks that know of nothing."""
    return 0.0


class Known:
    """What is known of one task, which carries this as `_gilscope`. `number` is where marks want it, and four words are ready made.
    `met` and `named` are the marks that know of the task, and of its name. `ended` is when its last step did, and within a step
    `INSIDE`, or `AGAIN` once its loop was asked to call it again."""

    __slots__ = ("again", "begins", "ended", "ends", "home", "met", "named", "number", "ready")

    def __init__(self, home: Home) -> None:
        self.home = home
        self.number = number = marks.number() << 8
        self.ready, self.begins = codes.TASK_READY | number, codes.STEP_BEGIN | number
        self.ends, self.again = codes.STEP_END | number, codes.STEP_AGAIN | number
        self.met: Mark = _nobody
        self.named: Mark = _nobody
        self.ended = _NEVER

    def meet(self, mark: "Mark") -> None:
        self.met = mark
        mark(codes.TASK_NEW | self.number)

    def name(self, task: "Any", mark: "Mark", coroutine: "Any" = None) -> None:
        """Tells its name, which by its first step it has for good."""
        if self.met is not mark:
            self.meet(mark)
        self.named = mark
        marks.of_this_thread().text(codes.TASK_NEW, self.number >> 8, awaited.name_of(task, coroutine))

    def ends_step(self, task: "Any", mark: "Mark") -> None:
        if self.ended == AGAIN:
            self.ended = mark(self.again)
        elif task is None or task.done():
            self.ended = mark(codes.TASK_END | self.number)
        else:
            self.ended = mark(self.ends)


def home_of(loop: "Any") -> Home:
    """What is known of a loop, from now on if nothing was."""
    # Not by its `__dict__`: to ask for that makes every attribute of the loop slower from then on.
    home = getattr(loop, "_gilscope", None)
    if type(home) is not Home:
        home = Home()
        try:
            loop._gilscope = home
        except Exception:  # A class of the program's own, which will not have it.
            home.silent = True
    return home


def meet(loop: "Any", task: "Any") -> "Known | None":
    """Makes a task known that its loop is asked to call for the first time. None if it is to be left alone."""
    home = home_of(loop)
    if home.silent:
        return None
    if home.starting and sys.modules["asyncio.tasks"].current_task(loop) is task:
        # One that is seen for the first time while it runs was started at once.
        known = home.starting[-1]
    else:
        known = Known(home)
        if home.mark is not None:
            known.meet(home.mark)
    return known if carry(task, known) else None


def carry(task: "Any", known: Known) -> bool:
    """Makes a task carry what is known of it. Answers whether it does."""
    try:
        task._gilscope = known
    except Exception:  # A class of the program's own, which will not have it.
        return False
    return True
