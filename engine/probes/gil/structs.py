"""Where interpreters keep their GILs: what calibration learns once for a binary, and what it means for a running process.

struct _gil_runtime_state {          CPython 3.11 – 3.15, pycore_gil.h
    int enabled;                     free-threaded builds only
    unsigned long interval;          microseconds              ← `address` points here
    PyThreadState *last_holder;      survives a release
    int locked;                      1: held by last_holder
    unsigned long switch_number;     counts changes of last_holder
    PyCOND_T cond;                   signalled by who has dropped it
    PyMUTEX_T mutex;
    PyCOND_T switch_cond;            signalled by who has taken it
    PyMUTEX_T switch_mutex;
};

From 3.12 on an interpreter may have a GIL of its own, inside its PyInterpreterState; the main one's lies there, too.
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from typing import Any

from engine.probes.elf import elf
from engine.probes.memory import Window, mappings

ENABLED, LAST_HOLDER, LOCKED, SWITCH_NUMBER = -8, 8, 16, 24
"""Offsets from `interval`, bytes."""

FORMAT = 2
_FIELDS = struct.Struct("<i4xQQi4xQ")


@dataclass(frozen=True, slots=True)
class Signals:
    """Where every GIL of a process is told of: `stub` jumps to pthread_cond_signal, whose argument is the address of a GIL's struct plus
    `taken` for who has just taken it, plus `dropped` for who has just dropped it."""

    stub: int
    taken: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a process has its interpreters: `head` points at the newest one. In each, at `id` stands its number, at `next` the address of
    the next older one, at `gil` that of its GIL (where the main one's points at the struct plus `slack`); its own one is at `own`."""

    head: int
    id: int
    next: int
    gil: int
    slack: int
    own: int


@dataclass(frozen=True, slots=True)
class GilStruct:
    """What is known of one interpreter binary. Addresses are link-time ones of `module`.

    `executable` and `module` are real paths; they differ where the interpreter is a shared library. `native_thread_id`: its offset in a
    thread state. `acquires`: where the processor stands after a store to `locked` that takes the GIL (every other store drops it).
    `take_gil`: the entry of the function that takes it (None: unknown, so asking for the GIL cannot be seen). Where `acquires` is empty,
    `unwatchable` says why. `listing`: None before CPython 3.13, which tells nobody; only the main GIL is known there. `signals`: None
    where other GILs than the main one can only be sampled.
    """

    executable: str
    module: str
    version: str
    address: int
    native_thread_id: int
    free_threaded: bool
    acquires: tuple[int, ...] = ()
    take_gil: int | None = None
    unwatchable: str = ""
    listing: Listing | None = None
    signals: Signals | None = None

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT} | asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> GilStruct:
        """Raises ValueError for anything that `to_json` of this version did not write."""
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise ValueError(f"not a calibration of format {FORMAT}")
        fields = {name: field for name, field in value.items() if name != "format"}
        try:
            fields["acquires"] = tuple(fields["acquires"])
            fields["listing"] = fields["listing"] and Listing(**fields["listing"])
            fields["signals"] = fields["signals"] and Signals(**fields["signals"])
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a calibration: {error}") from None


@dataclass(frozen=True, slots=True)
class Gil:
    """A GIL of a running process: that of its main interpreter, or the `own` one of another, at that address.

    Valid until it calls exec; forked children have the main one at the same address.
    """

    struct: GilStruct
    bias: int
    own: int | None = None

    @property
    def address(self) -> int:
        return self.struct.address + self.bias if self.own is None else self.own

    @property
    def locked(self) -> int:
        return self.address + LOCKED

    @property
    def acquires(self) -> frozenset[int]:
        return frozenset(ip + self.bias for ip in self.struct.acquires)

    @property
    def take_gil(self) -> int | None:
        return None if self.struct.take_gil is None else self.struct.take_gil + self.bias

    @property
    def stub(self) -> int | None:
        return None if self.struct.signals is None else self.struct.signals.stub + self.bias

    def window(self, pid: int) -> Window:
        """What `decode` decodes, in process `pid`."""
        return Window(pid, self.address + ENABLED, _FIELDS.size)

    def decode(self, buffer: bytearray) -> GilState:
        enabled, _, last_holder, locked, switch_number = _FIELDS.unpack_from(buffer)
        return GilState(not self.struct.free_threaded or enabled != 0, last_holder, locked == 1, switch_number)


@dataclass(frozen=True, slots=True)
class GilState:
    """The struct's fields at one moment. `last_holder` is the address of a thread state, 0 before there was any."""

    enabled: bool
    last_holder: int
    locked: bool
    switch_number: int


def locate(pid: int, known: GilStruct) -> Gil | None:
    """The GIL of a process that runs the calibrated binary; None while (or if) it has not mapped it.

    Raises ProcessLookupError or FileNotFoundError when the process is gone, PermissionError when it is not ours.
    """
    mapped = mappings(pid)
    bias = elf(known.module).bias(mapped)
    if bias is None:
        return None
    gil = Gil(known, bias)
    ready = any(mapping.writable and mapping.start <= gil.address and gil.address + SWITCH_NUMBER < mapping.end for mapping in mapped)
    return gil if ready else None
