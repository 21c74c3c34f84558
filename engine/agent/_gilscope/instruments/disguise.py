"""How instruments stay unseen: functions that take the place of others without showing in signatures, tracebacks or stacks."""

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from types import CodeType, FunctionType
    from typing import Any, TypeVar

    _F = TypeVar("_F")

_LONG_FORM = 14  # Of an entry of a table of locations: lines and columns, from and to (CPython, Objects/locations.md).


def take_place(owner: "Any", name: str, ours: "Any") -> None:
    """Puts `ours` in the place of the function `owner.name`, which it is to look like and which it calls itself."""
    original = getattr(owner, name)
    setattr(owner, name, like(ours, original))


def like(ours: "Any", original: "Any") -> "Any":
    """`ours`, looking like the function that it calls itself."""
    for what in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(ours, what, getattr(original, what))
    ours.__annotations__ = {}
    ours.__wrapped__ = original
    return ours


def forget_frame(error: BaseException) -> None:
    """Takes the frame that catches an error out of its traceback; a bare `raise` right after does not add it again."""
    traceback = error.__traceback__
    error.__traceback__ = traceback and traceback.tb_next


def appear_at(function: "_F", code: "CodeType", instruction: int) -> "_F":
    """Makes a function show in tracebacks and stacks as if all of it were one instruction (its offset in bytes) of another's code."""
    mine: FunctionType = function  # type: ignore[assignment]
    line, end_line, column, end_column = list(code.co_positions())[instruction // 2]
    line = line or code.co_firstlineno
    place = (
        _varint((end_line or line) - line)
        + _varint(0 if column is None else column + 1)
        + _varint(0 if end_column is None else end_column + 1)
    )
    table = bytearray()
    left = len(mine.__code__.co_code) // 2
    delta = line - code.co_firstlineno
    while left:
        units = min(left, 8)
        table += bytes([0x80 | _LONG_FORM << 3 | units - 1]) + _varint(delta << 1 if delta >= 0 else -delta << 1 | 1) + place
        left -= units
        delta = 0
    mine.__code__ = mine.__code__.replace(
        co_filename=code.co_filename,
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_firstlineno=code.co_firstlineno,
        co_linetable=bytes(table),
    )
    return function


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 64:
        found.append(64 | value & 63)
        value >>= 6
    found.append(value)
    return bytes(found)
