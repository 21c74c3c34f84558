"""Threads that each carry out some jobs: started, named, waited for."""

import threading

from . import codes, marks
from .perform import failed

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .marks import Marks
    from .shapes import Outcome


def in_threads(shares: "Iterable[tuple[str, range]]", perform: "Callable[[range, Marks], list[Outcome]]") -> "list[Outcome]":
    """Starts a thread for each (name, indices), which calls `perform` with its indices and its marks; waits for all of them.

    What `perform` raises, and what keeps a thread from starting, is the failure of that thread's jobs alone.
    """
    outcomes: list[Outcome] = []

    def worker(name: str, indices: range) -> None:
        mine = marks.name_this_thread(name)
        try:
            outcomes.extend(perform(indices, mine))
        except BaseException as error:
            outcomes.extend([failed(index, error) for index in indices])
        mine.mark(codes.THREAD_END)

    threads = []
    for name, indices in shares:
        thread = threading.Thread(target=worker, args=(name, indices), name=name)
        try:
            thread.start()
        except RuntimeError as error:
            outcomes.extend([failed(index, error) for index in indices])
        else:
            threads.append(thread)
    mark = marks.of_this_thread().mark
    mark(codes.OP_BEGIN | codes.JOIN << 8)
    for thread in threads:
        thread.join()
    mark(codes.OP_END)
    return outcomes
