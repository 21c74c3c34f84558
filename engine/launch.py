"""Starts a supervisor and reads the frames that it tells.

The supervisor is a process of its own, and the ancestor of everything measured: reading another process's memory needs that, and what
shares an interpreter with the measured program measures itself. It is started by absolute path and isolated (`-I`), so that a folder
with an `engine` of its own cannot stand in for ours.

    us → its stdin:   the spec as one line of JSON, with `streams`, `echo`, `watched` where that is so; then words, a line each
    its stdout → us:  u32 length and `encode_frame`, again and again; the last one carries a finished status

    word            means
    cancel          end the run now, and keep what there is
    signal N        N was sent to us: the program in the foreground is to have it, unless it was sent to the whole process group
    release         stop recording, leave the program in the foreground alone, and go
    end of input    kill everything and go; in the foreground: we were killed, so the program's first process is, too
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from engine.leftovers import BRAND, end_leftovers, remove_folders
from engine.streams import Streams
from engine.trace import Frame, FrameError, RunSpec, decode_frame
from engine.trace.record import FINISHED

_MAIN = Path(__file__).with_name("supervisor_main.py")
_PATIENCE_S = 10.0


class Run:
    """One run, from spec to last frame. Use it as a context manager: leaving ends the supervisor and with it everything measured.

    Without a `spec` its supervisor only gets ready, until `begin` tells what to run.

    With `streams` the program runs in the foreground, in our session and process group, and is nobody's to kill: leaving then ends the
    recording and the supervisor, and the program goes on as our child, if we are a subreaper. `echo` is a descriptor to which what
    the program prints is written as it comes, too. `watched`: somebody looks on, so that frames come ten times a second instead of four
    times, which costs the supervisor half as much again.
    """

    def __init__(
        self, spec: RunSpec | None = None, streams: Streams | None = None, echo: int | None = None, *, watched: bool = False
    ) -> None:
        self._last_ns = 0
        self._gate = threading.Lock()
        self._foreground = streams is not None
        self.brand = uuid.uuid4().hex
        """What every process of the run carries in its environment, as `GILSCOPE_RUN`."""
        passed = streams.all if streams is not None else () if echo is None else (echo,)
        self._process = subprocess.Popen(
            # Isolated it lacks what a user or PYTHONPATH adds, and NumPy may be there.
            [sys.executable, "-I", str(_MAIN), *filter(None, sys.path)],
            env={**os.environ, BRAND: self.brand},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=passed,
            # Its own session: Ctrl-C in our terminal is ours to handle, and reaches it as the end of its input. A program in the
            # foreground must be in ours, or the terminal would not be its own.
            start_new_session=not self._foreground,
        )
        self._complaint: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, name="supervisor-stderr", daemon=True)
        self._listener.start()
        self._wish = {"streams": streams.to_json() if streams is not None else None, "echo": echo, "watched": watched}
        if spec is not None:
            self.begin(spec)

    def begin(self, spec: RunSpec) -> bool:
        """To be called once. False where the supervisor has ended meanwhile."""
        if self._process.poll() is not None:
            return False
        self._say(json.dumps({**spec.to_json(), **self._wish}).encode() + b"\n")
        return True

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    def frames(self) -> Iterator[Frame]:
        """Every frame as it comes, up to and with the one whose `changes["status"]` is a finished one.

        There always is such a last frame: when the supervisor itself dies, it is made here, `failed`, with what it said last.
        """
        stdout = self._process.stdout
        assert stdout is not None
        while (data := _message(stdout)) is not None:
            try:
                frame = decode_frame(data)
            except FrameError as error:
                yield self._broken(f"the supervisor told something that is no frame: {error}")
                return
            self._last_ns = frame.t_ns
            yield frame
            if frame.changes.get("status") in FINISHED:
                return
        self._process.wait()
        # What is left of the run may hold the pipe of its complaints open.
        self._clear_up()
        self._listener.join(1)
        said = b"".join(self._complaint).decode(errors="replace").strip()
        yield self._broken(f"the supervisor ended without a last word (exit code {self._process.returncode})", said)

    def cancel(self) -> None:
        """Asks the run to end now and keep what it has. Safe from any thread, and after the end."""
        self._say(b"cancel\n")

    def forward(self, number: int) -> None:
        """Tells that a signal was sent to us which is meant for the program in the foreground. Safe from any thread, and after the end."""
        self._say(f"signal {number}\n".encode())

    def close(self) -> None:
        """Ends the supervisor, and through it every process of the run, but for a program in the foreground. Idempotent."""
        if self._foreground:
            self._say(b"release\n")
        with self._gate:
            if self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode:
            self._clear_up()
        self._listener.join(1)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _clear_up(self) -> None:
        if self._foreground:
            remove_folders(self.brand)
        else:
            end_leftovers(self.brand)

    def _say(self, data: bytes) -> None:
        with self._gate:
            stdin = self._process.stdin
            if stdin is None or stdin.closed:
                return
            try:
                stdin.write(data)
                stdin.flush()
            except OSError:
                pass  # It has ended; its last frame, or the lack of one, says how.

    def _listen(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while data := os.read(stderr.fileno(), 65536):
            self._complaint.append(data)
            del self._complaint[:-16]

    def _broken(self, message: str, said: str = "") -> Frame:
        error = {"kind": "recorder", "message": message, "traceback": said[-8000:] or None}
        return Frame(t_ns=self._last_ns, changes={"status": "failed", "error": error})


def _message(stream: IO[bytes]) -> bytes | None:
    """One length-prefixed message, or None when the stream ends (in the middle of one, too)."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head, "little")
    data = stream.read(length)
    return data if len(data) == length else None
