"""Who holds the GILs of a run's processes, seen from outside: one for each interpreter that has one.

structs        where an interpreter keeps its GIL          calibration    how that is learnt, once for a binary
interpreters   which interpreters a process has            roles, signals what the watchpoints mean
watch          the watchpoints of related processes        sample         one look at the memory instead
family, guard  when watching costs too much                fold           from single observations to holders
process        the GILs that a process has                 roster         how each of them is seen
probe          all of it, for the processes of one run     events         what it tells
"""

from engine.probes.gil.guard import GilLimits
from engine.probes.gil.probe import GilProbe, check
from engine.probes.gil.roster import LONE

__all__ = ["LONE", "GilLimits", "GilProbe", "check"]
