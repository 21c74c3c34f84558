"""Numbers and names of what threads wait for: the same in all threads of the process, told once in each that uses them."""

import os
from _thread import RLock
from _weakref import ref

from .. import codes, marks

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any


_MOST = 20_000

_turn = RLock()
_of_texts: "dict[str, int]" = {}
_of_objects: "dict[int, tuple[Any, int, str]]" = {}
_of_classes: "dict[str, int]" = {}


def _begin_anew() -> None:
    global _turn
    _turn = RLock()


os.register_at_fork(after_in_child=_begin_anew)


def on_text(mine: "marks.Marks", operation: int, text: str) -> int:
    """The argument of a mark for an operation on what is called so."""
    number = _of_texts.get(text)
    if number is None:
        with _turn:
            if len(_of_texts) >= _MOST:
                return operation
            number = _of_texts.setdefault(text, marks.number())
    return _told(mine, operation, number, text)


def on_object(mine: "marks.Marks", operation: int, thing: "Any") -> int:
    """The argument of a mark for an operation on an object, called by its own name if it has one, else by its class and a number."""
    known = _of_objects.get(id(thing))
    if known is None or known[0]() is not thing:
        known = _meet(thing)
    _, number, text = known
    return _told(mine, operation, number, text) if number else operation


def _meet(thing: "Any") -> "tuple[Any, int, str]":
    kind = type(thing).__name__
    # Only what it simply has: to ask for more would be to run code of the program's.
    asks = hasattr(type(thing), "name") or hasattr(type(thing), "__getattr__")
    name = None if asks else getattr(thing, "name", None)
    with _turn:
        if len(_of_objects) >= _MOST:
            for key, (there, _, _) in list(_of_objects.items()):
                if there() is None:
                    del _of_objects[key]
        try:
            there = ref(thing)
        except TypeError:
            return _nothing, 0, ""
        if len(_of_objects) >= _MOST:
            return there, 0, ""
        count = _of_classes[kind] = _of_classes.get(kind, 0) + 1
        text = name if isinstance(name, str) and name else f"{kind} {count}"
        known = _of_objects[id(thing)] = (there, marks.number(), text)
    return known


def _nothing() -> None: ...


def _told(mine: "marks.Marks", operation: int, number: int, text: str) -> int:
    if number not in mine.told:
        if len(mine.told) >= _MOST:
            return operation
        mine.told.add(number)
        mine.text(codes.OP_BEGIN, number, text)
    return operation | number << 8
