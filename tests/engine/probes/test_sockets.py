"""Names of sockets, as /proc and as the program that has them say."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from engine.probes.sockets import Sockets, address


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0100007F:1F90", "127.0.0.1:8080"),
        ("00000000000000000000000001000000:0050", "[::1]:80"),
        ("0000000000000000FFFF00000100007F:1F90", "127.0.0.1:8080"),
        ("00000000:0000", "0.0.0.0:0"),
    ],
)
def test_addresses_are_read_as_the_kernel_writes_them(text: str, shown: str) -> None:
    assert address(text) == shown


def test_a_socket_is_called_by_its_peer_and_without_one_by_its_own_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        port = server.getsockname()[1]
        local.bind(str(tmp_path / "here"))
        with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
            sockets = Sockets()
            names = [sockets.name(os.getpid(), os.fstat(one.fileno()).st_ino) for one in (local, server, client, accepted)]
            assert names == [str(tmp_path / "here"), f"127.0.0.1:{port}", f"127.0.0.1:{port}", f"127.0.0.1:{client.getsockname()[1]}"]


def test_tables_are_not_read_again_at_once_for_a_socket_that_is_in_none() -> None:
    sockets = Sockets()
    assert sockets.name(os.getpid(), 1) == ""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert sockets.name(os.getpid(), os.fstat(server.fileno()).st_ino) == ""
