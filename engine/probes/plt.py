"""The stub through which a module calls a function of another one: a single instruction that every such call passes.

    call f@plt ─► stub:  jmp *slot        slot: the address of f, which the dynamic linker writes there
                                          relocation: (slot, symbol)        symbol: name

Source: the System V ABI for x86-64, "Procedure Linkage Table". Elsewhere, and in modules that call through their slots at once, there is
none to be found. Addresses are link-time ones.
"""

from __future__ import annotations

import numpy as np

from engine.probes.elf import Elf

_PLTRELSZ, _STRTAB, _SYMTAB, _RELA, _RELASZ, _STRSZ, _JMPREL = 2, 5, 6, 7, 8, 10, 23
_DYNAMIC, _LOAD, _EXECUTE = 2, 1, 1
_GLOB_DAT, _JUMP_SLOT = 6, 7
_SYMBOL_BYTES = 24
_JMP = b"\xff\x25"


def stub(binary: Elf, name: str) -> int | None:
    """Address of the instruction that jumps to the function `name`; None when there is not exactly one. Raises ElfError, OSError."""
    slots = _slots(binary, name)
    found: list[int] = []
    for segment in binary.segments:
        if slots and segment.kind == _LOAD and segment.flags & _EXECUTE:
            code = np.frombuffer(binary.read(segment.address, segment.file_size), np.uint8)
            at = np.flatnonzero((code[:-5] == _JMP[0]) & (code[1:-4] == _JMP[1]))
            relative = np.zeros(len(at), np.uint32)
            for byte in range(4):
                relative |= code[at + 2 + byte].astype(np.uint32) << np.uint32(8 * byte)
            target = segment.address + at + 6 + relative.view(np.int32)
            found.extend((segment.address + at[np.isin(target, slots)]).tolist())
    return found[0] if len(found) == 1 else None


def _slots(binary: Elf, name: str) -> list[int]:
    """Where the dynamic linker writes the address of the function."""
    segment = next((segment for segment in binary.segments if segment.kind == _DYNAMIC), None)
    if segment is None:
        return []
    words = np.frombuffer(binary.read(segment.address, segment.file_size // 16 * 16), "<u8").reshape(-1, 2)
    dynamic: dict[int, int] = dict(words.tolist())
    tables = [
        np.frombuffer(binary.read(dynamic[table], dynamic[size] // 24 * 24), "<u8").reshape(-1, 3)
        for table, size in ((_RELA, _RELASZ), (_JMPREL, _PLTRELSZ))
        if dynamic.get(size)
    ]
    if not tables:
        return []
    rows = np.concatenate(tables)
    rows = rows[np.isin(rows[:, 1] & 0xFFFFFFFF, (_GLOB_DAT, _JUMP_SLOT))]
    names = binary.read(dynamic[_STRTAB], dynamic[_STRSZ])
    at = names.find(b"\0" + name.encode() + b"\0") + 1
    symbols = (rows[:, 1] >> 32).tolist()
    table = binary.read(dynamic[_SYMTAB], _SYMBOL_BYTES * (max(symbols, default=0) + 1))
    called = (int.from_bytes(table[_SYMBOL_BYTES * symbol : _SYMBOL_BYTES * symbol + 4], "little") for symbol in symbols)
    return [int(slot) for slot, begins in zip(rows[:, 0].tolist(), called, strict=True) if at and begins == at]
