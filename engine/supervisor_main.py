"""The supervisor's start: by absolute path and isolated, so that no folder of the user's can stand in for ours."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.supervisor.session import main

if __name__ == "__main__":
    sys.exit(main())
