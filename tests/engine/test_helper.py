"""The server that the workloads speak to."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from engine.supervisor.helper import HttpHelper


@pytest.fixture
def helper() -> Iterator[HttpHelper]:
    with HttpHelper() as one:
        yield one


def asked(helper: HttpHelper, request: bytes) -> bytes:
    with socket.create_connection(helper.address, timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_it_answers_with_as_many_bytes_as_are_asked_for(helper: HttpHelper) -> None:
    head, _, body = asked(helper, b"GET /?bytes=70000&latency_ms=1 HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n")
    assert body == b"x" * 70000


@pytest.mark.parametrize(
    "request_",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /?latency_ms=abc HTTP/1.1\r\n\r\n",
        b"GET /?bytes=-5&latency_ms=nan HTTP/1.1\r\n\r\n",
        b"\xff\xfe /\xff HTTP/1.1\r\n\r\n",
        b"GET /never-ends",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_a_hostile_request_does_not_stop_it(helper: HttpHelper, request_: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        asked(helper, request_)
    assert asked(helper, b"GET /?bytes=3 HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\nxxx")


def test_many_connections_are_served_at_once(helper: HttpHelper) -> None:
    open_ = [socket.create_connection(helper.address, timeout=20) for _ in range(200)]
    for one in open_:
        one.sendall(b"GET /?bytes=1&latency_ms=20 HTTP/1.1\r\n\r\n")
    for one in open_:
        with one:
            assert b"".join(iter(lambda one=one: one.recv(4096), b"")).endswith(b"\r\n\r\nx")  # type: ignore[misc]


def test_it_ends_with_its_input_even_while_somebody_keeps_a_connection_open() -> None:
    helper = HttpHelper()
    with socket.create_connection(helper.address, timeout=20):
        helper.close()
    assert helper._process.returncode == 0
