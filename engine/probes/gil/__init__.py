"""Who holds the GILs of a run's processes, seen from outside: one for each interpreter that has one.

structs        where an interpreter keeps its GIL          calibration    how that is learnt, once for a binary
interpreters   which interpreters a process has            roles, signals what the watchpoints mean
watch          the watchpoints of related processes        sample         one look at the memory instead
guard          when watching costs too much                fold           from single observations to holders
probe          all of it, for the processes of one run     events         what it tells
"""

from engine.probes.gil.guard import GilLimits
from engine.probes.gil.probe import LONE, GilProbe, check

__all__ = ["LONE", "GilLimits", "GilProbe", "check"]
