"""Makes the standard library mark what programs that know nothing of marks do with it.

One file an instrument; each changes what it needs of a module in place, once the program itself has imported that module: nothing is
imported before. What changes keeps its name, signature, behaviour and tracebacks. What an instrument cannot do it leaves undone.
"""

import sys

from .arrivals import when_imported

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from types import ModuleType

_INSTRUMENTS = {
    "threading": ("threads", "of_threading"),
    "queue": ("waits", "of_queue"),
    "concurrent.futures._base": ("waits", "of_futures"),
    "concurrent.futures.thread": ("pools", "of_thread_pools"),
    "concurrent.futures.process": ("pools", "of_process_pools"),
    "multiprocessing.util": ("processes", "of_children"),
    "multiprocessing.process": ("processes", "of_processes"),
    "multiprocessing.queues": ("processes", "of_queues"),
    "multiprocessing.pool": ("processes", "of_pools"),
    "asyncio": ("loops", "of_asyncio"),
}


def begin() -> None:
    """Instruments all of it, each module when it comes. Nothing is raised and nothing but this package imported."""
    for name in _INSTRUMENTS:
        when_imported(name, _instrument)
    if "t" in getattr(sys, "abiflags", ""):
        from . import collector

        collector.begin()


def _instrument(module: "ModuleType") -> None:
    file, function = _INSTRUMENTS[module.__name__]
    getattr(__import__(f"{__name__}.{file}", fromlist=[function]), function)(module)
