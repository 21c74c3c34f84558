"""One file a workload, each with NAME, TITLE, DESCRIPTION, PARAMETERS, NEEDS_SERVER, `job(index, params, server)` and `result(values)`.

`job` is a generator of operations; what it returns is the job's value. None knows a model. PARAMETERS are plain data.
"""

from . import cpu, http, mixed, native, sleep

WORKLOADS = {workload.NAME: workload for workload in (cpu, native, sleep, http, mixed)}
