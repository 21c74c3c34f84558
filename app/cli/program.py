"""The program of `gilscope record`, as its interpreter is given it: what it is called, and whether there is one at all."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

from app.cli.errors import UsageError

_ALONE = frozenset("bBdEiIOPqRsSuvVx")
"""Options of CPython without a value; `-h`, `-?` and the like run no program."""
_PYTHON = re.compile(r"(python|pypy)[\d.]*t?(\.exe)?$")
_HOW = "gilscope record -- script.py args…, or -- -m module, or -- -c code"


def name_of(words: tuple[str, ...]) -> str:
    """What to call a program: the script's path, `-m module`, or `-c`. Raises UsageError when there is none, and says how to mend it."""
    at = 0
    while at < len(words):
        word = words[at]
        if word == "-":
            return "standard input"
        if not word.startswith("-"):
            _check(word)
            return word
        if word in ("-X", "-W"):
            at += 2
            continue
        if word[:2] in ("-X", "-W"):
            at += 1
            continue
        flags = word[1:]
        while flags and flags[0] in _ALONE:
            flags = flags[1:]
        if flags[:1] in ("c", "m"):
            what = flags[1:] or (words[at + 1] if at + 1 < len(words) else "")
            if not what:
                raise UsageError(f"nothing follows -{flags[0]}: write {_HOW}")
            return f"-m {what}" if flags[0] == "m" else "-c"
        if flags:
            raise UsageError(f"{word} is no option of an interpreter that runs a program: write {_HOW}")
        at += 1
    raise UsageError(f"name a program after --: {_HOW}")


def _check(script: str) -> None:
    path = Path(script)
    try:
        if path.is_dir():
            if not (path / "__main__.py").exists():
                raise UsageError(f"{script} is a directory without a __main__.py: name the script in it, or -m and the package")
            return
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04" and zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    if not any(name in archive.namelist() for name in ("__main__.py", "__main__.pyc")):
                        raise UsageError(f"{script} is an archive without a __main__.py: name one that can be run")
    except FileNotFoundError:
        raise UsageError(f"there is no script {script}{_hint(script)}") from None
    except OSError as error:
        raise UsageError(f"{script} cannot be read: {error.strerror}") from None


def _hint(script: str) -> str:
    path, colon, _ = script.rpartition(":")
    if colon and Path(path).exists():
        return f": one function of a file is for `gilscope run {script} --model M`"
    if _PYTHON.match(Path(script).name):
        return f": name the script itself, and its interpreter with --python {script}"
    if shutil.which(script):
        return f" here; the one on PATH is {shutil.which(script)}"
    return f": write {_HOW}"
