"""One file a model, each with NAME, TITLE, DESCRIPTION, START_METHODS and `run(plan, work)`. None knows a workload.

`run` answers the outcomes of all jobs: (index, True, value) or (index, False, error as plain data).
"""

from . import aio, processes, sequential, threads

MODELS = {model.NAME: model for model in (sequential, threads, aio, processes)}
