"""The two channels of a command: results on stdout, talk on stderr; and what the terminal behind them can show."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

NARROWEST, WIDEST = 40, 200


class Terminal:
    """Writes for people. Progress replaces itself on one line where stderr is a terminal (`lively`), and is left out elsewhere."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err
        self._environment = os.environ if environment is None else environment
        self.lively = self._err.isatty() and self._environment.get("TERM") != "dumb"
        self._shown = ""

    @property
    def color(self) -> bool:
        """Whether stdout takes colours: it is a terminal, and NO_COLOR (no-color.org) is not set."""
        return self._out.isatty() and not self._environment.get("NO_COLOR") and self._environment.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns to fill: of the terminal, of COLUMNS, or 100."""
        return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((100, 24)).columns))

    def result(self, text: str) -> None:
        """One or more lines on stdout, at once: a reader down the pipe waits for them."""
        self.clear()
        print(text, file=self._out, flush=True)

    def say(self, text: str) -> None:
        """A line that stays, on stderr."""
        self.clear()
        print(text, file=self._err, flush=True)

    def progress(self, text: str) -> None:
        """A line that the next one replaces."""
        if self.lively:
            text = text[: self.width - 1]
            print(f"\r{text}{' ' * (len(self._shown) - len(text))}", end="", file=self._err, flush=True)
            self._shown = text

    def clear(self) -> None:
        """Takes the progress away."""
        if self._shown:
            print(f"\r{' ' * len(self._shown)}\r", end="", file=self._err, flush=True)
            self._shown = ""
