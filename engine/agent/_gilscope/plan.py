"""The plan of a run: which workload under which model, as the supervisor wrote it down."""

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any


class Plan:
    """Plain data, so that it can be pickled into any child. `server` is the (host, port) of the `http` helper, or None."""

    __slots__ = ("jobs", "model", "params", "server", "start_method", "switch_interval", "workers", "workload")

    workload: str
    model: str
    params: "dict[str, Any]"
    workers: int
    jobs: int
    start_method: "str | None"
    switch_interval: float
    server: "tuple[str, int] | None"

    def __init__(self, values: "dict[str, Any]") -> None:
        for name in self.__slots__:
            setattr(self, name, values[name])
        if self.server is not None:
            host, port = self.server
            self.server = (host, port)

    def __reduce__(self) -> "tuple[type[Plan], tuple[dict[str, Any]]]":
        return Plan, ({name: getattr(self, name) for name in self.__slots__},)

    @classmethod
    def read(cls, path: str) -> "Plan":
        import json  # The children of a run are handed their plan; only its first process reads one.

        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def shares(self) -> "list[tuple[str, range]]":
        """Each worker's name and its jobs: every `workers`-th, so that equal jobs are shared out equally."""
        return [(f"worker-{number + 1}", range(number, self.jobs, self.workers)) for number in range(self.workers)]
