"""Threads of a real child, each blocked in a call of its own for as long as it is looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_PROGRAM = """
import json, os, select, socket, sys, threading, time

ready, go = threading.Barrier(8), threading.Event()
listener = socket.create_server(("127.0.0.1", 0))
peer = socket.create_server(("127.0.0.1", 0))
reading, writing = os.pipe()
lock = threading.Lock()
lock.acquire()

def acquire(): lock.acquire()
def sleep(): time.sleep(60)
def accept(): listener.accept()
def receive(): connected.recv(1)
def receive_in_time(): patient.recv(1)
def read(): os.read(reading, 1)
def poll(): select.select([reading, listener], [], [], 60)

connected = socket.create_connection(peer.getsockname())
patient = socket.create_connection(peer.getsockname(), timeout=60)
known = {}

def run(what):
    known[what.__name__] = threading.get_native_id()
    ready.wait()
    what()

for what in (acquire, sleep, accept, receive, receive_in_time, read, poll):
    threading.Thread(target=run, args=(what,), daemon=True).start()
ready.wait()
print(json.dumps({"tids": known, "listener": listener.getsockname()[1], "peer": peer.getsockname()[1],
    "pipe": os.fstat(reading).st_ino, "stdin": os.fstat(0).st_ino}), flush=True)
pid = os.fork()
if not pid:
    sys.stdin.readline()
    os._exit(0)
print(json.dumps(pid), flush=True)
os.waitpid(pid, 0)
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Blocked:
    """`tids`: of the threads, by what they do; the first thread waits for `child`, which reads its `stdin`. Ports are those that it listens
    on; pipes are named by their inodes."""

    pid: int
    child: int
    tids: dict[str, int]
    listener: int
    peer: int
    pipe: int
    stdin: int


@contextmanager
def blocked(*, user: int | None = None, start: Any = subprocess.Popen, python: str = sys.executable) -> Iterator[Blocked]:
    """`user`: whose process it is. `start` is called as Popen is. It ends with the block."""
    import json

    process = start(
        [python, "-I", "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **({} if user is None else {"user": user})
    )
    try:
        said, child = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
        yield Blocked(process.pid, child, **said)
    finally:
        os.kill(process.pid, 18)
        process.stdin.write(b"\n")
        process.communicate()
