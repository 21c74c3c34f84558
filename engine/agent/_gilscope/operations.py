"""Operations: what a workload asks for, independent of the model that carries it out.

A job is a generator of these; each model performs them in its own idiom, with the real primitives.
"""

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Compute:
    """Pure Python work: `call(*args)` holds the GIL, and lasts about a millisecond so that the ticks between calls are close."""

    __slots__ = ("args", "call")

    def __init__(self, call: "Callable[..., Any]", *args: "Any") -> None:
        self.call = call
        self.args = args


class Native:
    """Work in C that releases the GIL while it goes on: `call(*args)`."""

    __slots__ = ("args", "call")

    def __init__(self, call: "Callable[..., Any]", *args: "Any") -> None:
        self.call = call
        self.args = args


class Sleep:
    """A timed wait of `seconds`."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Fetch:
    """One HTTP request of `path` from `server` (host, port) over a connection of its own; its result is the body."""

    __slots__ = ("path", "server")

    def __init__(self, server: tuple[str, int], path: str) -> None:
        self.server = server
        self.path = path

    @property
    def request(self) -> bytes:
        host, port = self.server
        return f"GET {self.path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode("ascii")

    @staticmethod
    def body(response: bytes) -> bytes:
        """The body of a whole response. Raises ConnectionError when the server did not answer 200."""
        head, _, body = response.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(f"the server answered {head[:60]!r}")
        return body


class Call:
    """The user's own function, sync or async, of which nothing is known: `call(*args)`."""

    __slots__ = ("args", "call")

    def __init__(self, call: "Callable[..., Any]", *args: "Any") -> None:
        self.call = call
        self.args = args
