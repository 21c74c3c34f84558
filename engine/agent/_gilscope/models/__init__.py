"""One file a model, each with NAME, TITLE, DESCRIPTION, START_METHODS, OLDEST and `run(plan, work)`. None knows a workload.

`run` answers the outcomes of all jobs: (index, True, value) or (index, False, error as plain data).
"""

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..shapes import Model

_MODULES = {
    "sequential": "sequential",
    "threads": "threads",
    "thread_pool": "thread_pool",
    "asyncio": "aio",
    "asyncio_threads": "aio_threads",
    "processes": "processes",
    "process_pool": "process_pool",
    "processes_threads": "processes_threads",
    "interpreters": "interpreters",
}
NAMES = tuple(_MODULES)
"""In the order to show them."""


def loaded(name: str) -> "Model":
    """The model of that name. Imports no other one: what asyncio and the pools import takes longer than the interpreter's own start."""
    model: Model = __import__(f"{__name__}.{_MODULES[name]}", fromlist=["run"])
    return model
