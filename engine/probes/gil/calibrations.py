"""The calibrations that a run needs, each made once: remembered here, and in a folder from run to run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from pathlib import Path

from engine.probes.errors import ProbeUnavailable
from engine.probes.gil.calibration import calibrate
from engine.probes.gil.structs import GilStruct


class Calibrations:
    """Answers by executable. A calibration in the folder counts only while neither the executable nor the library has changed."""

    def __init__(self, folder: Path | None = None, *, watch: bool = True) -> None:
        """`folder` is made when there is something to write; what cannot be read or written there is made anew each time."""
        self._folder = folder
        self._watch = watch
        self._known: dict[str, GilStruct | ProbeUnavailable] = {}
        self._underway: dict[str, threading.Thread] = {}

    def get(self, executable: str) -> GilStruct:
        """Takes a tenth of a second the first time. Raises ProbeUnavailable, as `calibrate`."""
        executable = os.path.realpath(executable)
        if executable not in self._known:
            self._learn(executable)
        known = self._known[executable]
        if isinstance(known, ProbeUnavailable):
            raise known
        return known

    def ask(self, executable: str) -> GilStruct | None:
        """Returns at once: None while it is being learnt in the background. Raises ProbeUnavailable, as `calibrate`."""
        executable = os.path.realpath(executable)
        if executable in self._known:
            return self.get(executable)
        if executable not in self._underway:
            thread = threading.Thread(target=self._learn, args=(executable,), name="gil-calibration", daemon=True)
            self._underway[executable] = thread
            thread.start()
        return None

    def _learn(self, executable: str) -> None:
        try:
            known = self._recall(executable) or calibrate(executable, watch=self._watch)
        except ProbeUnavailable as error:
            self._known[executable] = error
        except Exception as error:
            self._known[executable] = ProbeUnavailable(f"the GIL of {executable} could not be found: {error!r}")
        else:
            self._known[executable] = known
            self._keep(executable, known)

    def _recall(self, executable: str) -> GilStruct | None:
        if self._folder is None:
            return None
        try:
            record = json.loads(self._path(executable).read_text())
            known = GilStruct.from_json(record["struct"])
            return known if record["stamps"] == _stamps(known) and (known.acquires or not self._watch) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, executable: str, known: GilStruct) -> None:
        if self._folder is None or not known.acquires:
            return
        record = {"stamps": _stamps(known), "struct": known.to_json()}
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._path(executable)
            new = path.with_name(f"{path.name}.{os.getpid()}")
            new.write_text(json.dumps(record))
            new.replace(path)

    def _path(self, executable: str) -> Path:
        assert self._folder is not None
        return self._folder / f"gil-{hashlib.sha256(executable.encode()).hexdigest()[:16]}.json"


def _stamps(known: GilStruct) -> dict[str, list[int]]:
    stats = {path: Path(path).stat() for path in (known.executable, known.module)}
    return {path: [stat.st_mtime_ns, stat.st_size] for path, stat in stats.items()}
