"""`gilscope`, also `python -m app`: hears the command line, does the command, answers with an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from app.cli.errors import CommandError, UsageError
from app.cli.terminal import Terminal

_COMMANDS = {
    "serve": ("app.cli.serve", "serve"),
    "run": ("app.cli.run", "run"),
    "compare": ("app.cli.compare", "compare"),
    "record": ("app.cli.record", "record"),
    "list": ("app.cli.traces", "list_traces"),
    "show": ("app.cli.traces", "show"),
    "delete": ("app.cli.traces", "delete"),
    "export": ("app.cli.bundles", "export"),
    "import": ("app.cli.bundles", "import_bundle"),
    "open": ("app.cli.opening", "open_trace"),
    "doctor": ("app.cli.diagnosis", "doctor"),
}
"""Module and function of each command. Loaded when needed: `gilscope list` must not wait for a web server's imports."""

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0: done. 1: it failed. 2: the command line was wrong. 130: Ctrl-C ended it."""
    _fill_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that is not UTF-8 shows question marks; that is no reason to end.
            stream.reconfigure(errors="replace")
    terminal = Terminal()
    command = "gilscope"
    try:
        # What takes a moment to load is loaded where Ctrl-C ends it without a word.
        from app.cli.arguments import parse

        options = parse(sys.argv[1:] if arguments is None else arguments)
        command = f"gilscope {options.command}"
        module, function = _COMMANDS[options.command]
        code: int = getattr(import_module(module), function)(options, terminal)
        sys.stdout.flush()
    except UsageError as error:
        terminal.say(f"{command}: {error}")
        return 2
    except CommandError as error:
        terminal.say(f"{command}: {error}")
        return 1
    except KeyboardInterrupt:
        terminal.clear()
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough (`| head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    return code


def _fill_closed_streams() -> None:
    """Where a standard stream was closed when we were started, the next file that is opened would be taken for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - it stays open


if __name__ == "__main__":
    sys.exit(main())
