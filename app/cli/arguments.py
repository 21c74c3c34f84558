"""What may be said on the command line, and what the environment says in its place.

Every option of `_option(…, mirrored=True)` has an environment variable of the same name: `--read-only` is `GILSCOPE_READ_ONLY`.
A flag wins over the environment.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn, get_args

from app.cli.errors import UsageError
from app.formats import FORMATS
from app.settings import DEFAULT_PORT
from engine.grid import LAST_NS
from engine.trace.record import DEFAULT_SOURCES, SOURCES, Status

STATUSES: tuple[str, ...] = get_args(Status)
MAX_REPEAT = 1000
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})


class Parser(argparse.ArgumentParser):
    """argparse that raises UsageError with one line, and shows no usage that pushes the reason off the screen."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command and its options. `serve` is meant where no command is named. Raises UsageError; SystemExit(0) after --help."""
    said = list(arguments)
    program: list[str] = []
    if said[:1] == ["record"] and "--" in said:
        # What follows is the program's own, whatever it looks like.
        said, program = said[: said.index("--")], said[said.index("--") + 1 :]
    if not said or (said[0].startswith("-") and said[0] not in ("-h", "--help", "--version")):
        said.insert(0, "serve")
    if not said[0].startswith("-") and said[0] not in COMMANDS:
        near = difflib.get_close_matches(said[0], COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
        raise UsageError(f"there is no command {said[0]!r}: {hint}")
    options = parser().parse_args(said)
    if said[0] == "record":
        if options.program:
            raise UsageError(f"put -- before the program: gilscope record -- {' '.join(options.program)}")
        options.program = tuple(program)
    return options


def parser() -> Parser:
    """The whole command line."""
    top = Parser(prog="gilscope", description="See what Python concurrency really does.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"gilscope {_version()}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name, (summary, build) in _BUILDERS.items():
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        build(command)
        _option(command, "--data", metavar="DIR", type=Path, help="the data directory (default: the platform's own)", mirrored=True)
    return top


def _serve(command: Parser) -> None:
    _option(command, "--host", default="127.0.0.1", help="a loopback address to listen on (default: %(default)s)", mirrored=True)
    _option(
        command,
        "--port",
        type=_whole(0, 65535),
        help=f"0 picks a free one (default: {DEFAULT_PORT}, or the next free one)",
        mirrored=True,
    )
    command.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=None,
        help="another name that a request's Host may carry; may be given again (environment: GILSCOPE_ALLOW_HOST, separated by commas)",
    )
    _flag(command, "--read-only", help="serve what there is, start and change nothing")
    _flag(command, "--no-open", help="do not open the browser")


def _run(command: Parser) -> None:
    _add_workload(command)
    command.add_argument("--model", metavar="M", help="the concurrency model to run it under")
    _add_work(command)
    command.add_argument("--label", metavar="L", default="", help="a name for the trace")
    command.add_argument("--repeat", metavar="R", type=_whole(1, MAX_REPEAT), default=1, help="run it so many times, a trace each")
    _add_sources(command)
    command.add_argument("--json", action="store_true", help="print one trace object a line, and nothing else, on stdout")


def _compare(command: Parser) -> None:
    _add_workload(command)
    command.add_argument(
        "--models", metavar="M,M", type=_names, help="which models, in this order (default: all that the interpreter can run)"
    )
    _add_work(command)
    command.add_argument("--label", metavar="L", default="", help="a name for the comparison")
    command.add_argument("--repeat", metavar="R", type=int, default=1, help="run each so many times, in turn, and tell medians and spreads")
    _add_sources(command)
    command.add_argument("--json", action="store_true", help="print the comparison object, and nothing else, on stdout")


def _record(command: Parser) -> None:
    command.usage = "gilscope record [OPTIONS] -- [INTERPRETER OPTIONS] SCRIPT | -m MODULE | -c CODE [ARGUMENTS]"
    command.epilog = (
        "The program has our terminal, standard streams, environment, folder, signals and priority, and we end as it ends: with its exit "
        "code, or of its signal. What gilscope has to say is on stderr when the program has ended, or before it is started."
    )
    command.add_argument("program", metavar="PROGRAM", nargs="*", help="what follows -- : what you would write after `python3`")
    _option(command, "--python", metavar="VERSION|PATH", help="the interpreter (default: the first python3 on PATH)", mirrored=True)
    command.add_argument("--gil", choices=("on", "off"), help="on a free-threaded interpreter: with the GIL or without")
    command.add_argument("--label", metavar="L", default="", help="a name for the trace")
    _add_sources(command)
    command.add_argument("--json", metavar="FILE", help="write the trace object there when the program has ended")
    command.add_argument("--quiet", action="store_true", help="say nothing but errors")


def _list(command: Parser) -> None:
    command.add_argument("--workload", metavar="W", help="of this workload only")
    command.add_argument("--model", metavar="M", help="of this model only")
    command.add_argument("--status", choices=STATUSES, metavar="S", help=f"of this status only: {', '.join(STATUSES)}")
    command.add_argument("--comparisons", action="store_true", help="list comparisons instead")
    command.add_argument("--limit", type=_whole(1, 10_000), default=20, help="at most so many (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print one trace object a line")


def _show(command: Parser) -> None:
    _id(command)
    command.add_argument("--width", type=_whole(40, 1000), help="columns of the timeline (default: the terminal's)")
    command.add_argument("--json", action="store_true", help="print the trace object")
    command.add_argument("--why", metavar="LANE@TIME", help="only why that lane was in what it was in then, as worker-1@45ms")


def _open(command: Parser) -> None:
    _id(command)
    _option(command, "--port", type=_whole(0, 65535), help="of the server that is started if none runs", mirrored=True)
    _flag(command, "--no-open", help="print the address only; without a running server: start one and leave the browser alone")


def _export(command: Parser) -> None:
    _id(command)
    command.add_argument(
        "--format",
        choices=FORMATS,
        default="bundle",
        help="bundle: for another gilscope; chrome: for Perfetto's UI; csv: a table; html: a page without a server (default: %(default)s)",
    )
    command.add_argument(
        "--t0", metavar="NS", type=_whole(0, LAST_NS), help="only from here on, in ns since the trace began; not of a bundle"
    )
    command.add_argument("--t1", metavar="NS", type=_whole(0, LAST_NS), help="only up to here; not of a bundle")
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where to; - is standard output (default: there, if it is redirected, else a name of its own here); NAME.gz is packed",
    )


def _import(command: Parser) -> None:
    command.add_argument("file", metavar="FILE", help="a bundle that `gilscope export` wrote; - is standard input")


def _delete(command: Parser) -> None:
    command.add_argument("id", metavar="ID", nargs="+", help="of a trace or a comparison, as `gilscope list` shows it")
    command.add_argument("--yes", action="store_true", help="do not ask")


def _doctor(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _add_workload(command: Parser) -> None:
    command.add_argument("workload", metavar="WORKLOAD", help="a built-in workload, or FILE.py:function")


def _add_work(command: Parser) -> None:
    command.add_argument("--workers", metavar="N", type=int, default=4, help="how many workers (default: %(default)s)")
    command.add_argument("--jobs", metavar="J", type=int, help="how many equal jobs they do in all (default: one each)")
    command.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="a parameter of the workload; may be given again")
    _option(command, "--python", metavar="VERSION|PATH", help="the interpreter: 3.12, 3.13t, a path or an id of doctor's", mirrored=True)
    command.add_argument("--gil", choices=("on", "off"), help="on a free-threaded interpreter: with the GIL or without")
    command.add_argument("--start-method", metavar="S", help="how processes are started: spawn, fork, forkserver")
    command.add_argument("--switch-interval", metavar="SECONDS", type=float, default=0.005, help="of the GIL (default: %(default)s)")


def _add_sources(command: Parser) -> None:
    _option(
        command,
        "--sources",
        metavar="S,S",
        type=_sources,
        default=DEFAULT_SOURCES,
        help=f"what may be used to record, of {', '.join(SOURCES)} (default: {','.join(DEFAULT_SOURCES)}, each with its fallback)",
        mirrored=True,
    )


def _id(command: Parser) -> None:
    command.add_argument("id", metavar="ID", help="of a trace (or a comparison), as `gilscope list` shows it, or its permalink")


_BUILDERS = {
    "serve": ("serve the dashboard", _serve),
    "run": ("run a workload here and print what happened", _run),
    "compare": ("run the same work under each model and say which is best, and why", _compare),
    "record": ("record any program as it is written", _record),
    "list": ("list the stored traces or comparisons, newest first", _list),
    "show": ("show a stored trace or comparison as text", _show),
    "open": ("open a trace or a comparison in the browser", _open),
    "export": ("write a trace to a file: for another gilscope, or in the formats of others", _export),
    "import": ("take in a trace that another gilscope exported", _import),
    "delete": ("delete traces or comparisons for good", _delete),
    "doctor": ("say what works on this machine, what does not, and why", _doctor),
}
COMMANDS = tuple(_BUILDERS)


def _option(command: Parser, name: str, *, mirrored: bool, help: str, **more: Any) -> None:  # noqa: A002 - argparse's own word
    """An option with a value, whose default is what the environment says."""
    variable = f"GILSCOPE_{name.strip('-').replace('-', '_').upper()}"
    if mirrored and (said := os.environ.get(variable)):
        # argparse passes a default that is a string through `type`, and complains of it as of the option.
        more["default"] = said
    command.add_argument(name, help=f"{help} (environment: {variable})" if mirrored else help, **more)


def _flag(command: Parser, name: str, *, help: str) -> None:  # noqa: A002 - argparse's own word
    variable = f"GILSCOPE_{name.strip('-').replace('-', '_').upper()}"
    said = os.environ.get(variable, "").lower()
    if said not in _YES | _NO:
        raise UsageError(f"{variable} must be 1 or 0, not {said!r}")
    command.add_argument(name, action="store_true", default=said in _YES, help=f"{help} (environment: {variable}=1)")


class _whole:  # noqa: N801 - reads as a function: `type=_whole(0, 9)`
    """An argparse type: a whole number within bounds."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def __call__(self, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = self._low - 1
        if not self._low <= value <= self._high:
            raise argparse.ArgumentTypeError(f"must be a whole number between {self._low} and {self._high}, not {text!r}")
        return value


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _sources(text: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(_names(text)))
    if unknown := [name for name in named if name not in SOURCES]:
        raise argparse.ArgumentTypeError(f"there is no source {unknown[0]!r}; there are {', '.join(SOURCES)}")
    if "marks" not in named:
        raise argparse.ArgumentTypeError("must name marks: without them no job can be told from another")
    return named


def _version() -> str:
    try:
        return metadata.version("gilscope")
    except metadata.PackageNotFoundError:
        return f"(not installed) on Python {sys.version.split()[0]}"
