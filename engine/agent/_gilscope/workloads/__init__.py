"""One file a workload, each with NAME, TITLE, DESCRIPTION, PARAMETERS, NEEDS_SERVER, `job(index, params, server)` and `result(values)`.

`job` is a generator of operations; what it returns is the job's value. None knows a model. PARAMETERS are plain data.
"""

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..shapes import BuiltIn

NAMES = ("cpu", "native", "sleep", "http", "mixed")
"""In the order to show them; each is its module's name, too."""


def loaded(name: str) -> "BuiltIn":
    """The workload of that name. Imports no other one: each process and each interpreter of a run would pay for them."""
    workload: BuiltIn = __import__(f"{__name__}.{name}", fromlist=["job"])
    return workload
