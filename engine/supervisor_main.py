"""The supervisor's start: by absolute path and isolated, so that no folder of the user's can stand in for ours.

Its arguments are where its parent finds modules; they come last, and give what is nowhere else.
"""

import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path += [path for path in sys.argv[1:] if path not in sys.path]

if __name__ == "__main__":
    # NumPy's linear algebra, which nobody here uses, starts a thread for every core when it is loaded; each spins for a while.
    alone = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS") if name not in os.environ}
    os.environ.update(alone)

    from engine.supervisor.session import main

    # What is measured inherits this environment.
    for name in alone:
        del os.environ[name]
    # What is loaded stays: nobody need look through it for garbage while something is measured.
    gc.freeze()
    sys.exit(main())
