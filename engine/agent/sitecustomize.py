"""Starts the marks of an interpreter that is to be measured, then gets out of the way.

Runs before anything of the program. `GILSCOPE_MARKS` names the folder for marks; with `GILSCOPE_INSTRUMENT` the program knows nothing of
them, and what it uses is to make them; with `GILSCOPE_PROGRAM` all of it is measured, from its first line on.

This folder moves to the end of `sys.path`, so that the program's own modules always win, and the `sitecustomize` that would have run
without us runs now. Where there is none, this import fails as it would have failed without us.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _step_aside() -> None:
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
    del sys.modules["sitecustomize"]
    try:
        __import__("sitecustomize")
    finally:
        sys.path.append(_HERE)


if os.environ.get("GILSCOPE_MARKS"):
    try:
        from _gilscope import marks

        marks.begin(os.environ["GILSCOPE_MARKS"], ready_at_once=bool(os.environ.get("GILSCOPE_PROGRAM")))
        if os.environ.get("GILSCOPE_INSTRUMENT"):
            from _gilscope import instruments

            instruments.begin()
    except Exception as error:
        # Whatever it is, the program must run as it would have; that its marks are missing shows on the trace as unknown.
        if sys.flags.verbose:
            sys.stderr.write(f"gilscope: no marks: {error!r}\n")
_step_aside()
