"""What a worker process does. Beside `models`, because a child that is to start quickly must not import every model."""

from . import marks
from .perform import perform_jobs

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from .shapes import Jobs, Outcome


def serve(work: "Jobs", name: str, indices: range, sender: "Connection[list[Outcome], None]") -> None:
    """Carries out its jobs and sends their outcomes, all at once."""
    mine = marks.name_this_thread(name)
    work.load()
    marks.ready()
    sender.send(perform_jobs(work, indices, mine))
    sender.close()
