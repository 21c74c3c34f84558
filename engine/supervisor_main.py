"""The supervisor's start: by absolute path and isolated, so that no folder of the user's can stand in for ours.

Its arguments are where its parent finds modules; they come last, and give what is nowhere else.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path += [path for path in sys.argv[1:] if path not in sys.path]

from engine.supervisor.session import main

if __name__ == "__main__":
    sys.exit(main())
