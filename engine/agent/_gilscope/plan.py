"""The plan of a run: which workload under which model, as the supervisor wrote it down."""

import json

_FIELDS = ("workload", "model", "params", "workers", "jobs", "start_method", "switch_interval", "server")


class Plan:
    """Plain data, so that it can be pickled into any child. `server` is the (host, port) of the `http` helper, or None."""

    __slots__ = _FIELDS

    def __init__(self, values):
        for name in _FIELDS:
            setattr(self, name, values[name])
        if self.server is not None:
            self.server = tuple(self.server)

    def __reduce__(self):
        return Plan, ({name: getattr(self, name) for name in _FIELDS},)

    @classmethod
    def read(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def indices(self, worker):
        """The jobs of one worker: every `workers`-th, so that equal jobs are shared out equally."""
        return range(worker, self.jobs, self.workers)
