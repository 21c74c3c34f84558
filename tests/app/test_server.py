"""The server as a process: it says where it answers, takes a free port, ends on Ctrl-C, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.server import Listening
from app.settings import DEFAULT_PORT, Settings, SettingsError, default_data

PROGRAM = (
    "import sys; from pathlib import Path; from app.server import run_server, Listening; from app.factory import create_app\n"
    "from app.settings import Settings; from tests.support.replaying import replayer\n"
    "settings = Settings(data=Path(sys.argv[1]), port=0)\n"
    "run_server(create_app(settings, replayer(60, pace=1)), Listening.open(settings))\n"
)


@contextmanager
def server(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout, process.stderr:
        line = process.stdout.readline()
        assert line.startswith("Serving on http://127.0.0.1:"), process.stderr.read()
        try:
            yield process, line.split()[-1].rstrip("/")
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_soon_with_a_page_open_and_keeps_the_run(tmp_path: Path, number: signal.Signals) -> None:
    with server(tmp_path) as (process, url):
        note = json.loads((tmp_path / "server.json").read_text())
        assert note == {"url": f"{url}/", "pid": process.pid}
        trace = httpx.post(f"{url}/api/v1/traces", json={"workload": "cpu", "model": "threads"}, timeout=20).json()
        with httpx.stream("GET", f"{url}/api/v1/traces/{trace['id']}/stream", timeout=20) as response:
            lines = response.iter_lines()
            while not next(lines).startswith("id: 2"):
                pass
            begun = time.monotonic()
            process.send_signal(number)
            for _ in lines:
                pass
            process.wait(20)
        assert time.monotonic() - begun < 15
        assert process.stderr is not None
        assert process.stdout is not None
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
        assert not (tmp_path / "server.json").exists()
    with server(tmp_path) as (process, url):
        again = httpx.get(f"{url}/api/v1/traces/{trace['id']}", timeout=20).json()
        segments = httpx.get(f"{url}/api/v1/traces/{trace['id']}/segments", timeout=20).json()["items"]
        assert again["status"] == "interrupted"
        assert segments
        process.send_signal(signal.SIGINT)
        process.wait(20)


def test_a_killed_servers_run_is_interrupted_and_kept(tmp_path: Path) -> None:
    with server(tmp_path) as (process, url):
        trace = httpx.post(f"{url}/api/v1/traces", json={"workload": "cpu", "model": "threads"}, timeout=20).json()
        with httpx.stream("GET", f"{url}/api/v1/traces/{trace['id']}/stream", timeout=20) as response:
            lines = response.iter_lines()
            while not next(lines).startswith("id: 3"):
                pass
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    with server(tmp_path) as (process, url):
        again = httpx.get(f"{url}/api/v1/traces/{trace['id']}", timeout=20).json()
        assert again["status"] == "interrupted"
        assert again["error"]["kind"] == "interrupted"
        assert again["metrics"]["states"]
        assert httpx.get(f"{url}/t/{trace['id']}", timeout=20).status_code == 200
        process.send_signal(signal.SIGINT)
        process.wait(20)


@contextmanager
def taken(port: int = 0) -> Iterator[int]:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", port))
        busy.listen()
        yield busy.getsockname()[1]


def test_a_busy_port_that_was_asked_for_is_an_error_that_tells_the_way_out(tmp_path: Path) -> None:
    with taken() as port, pytest.raises(SettingsError, match=f"port {port} is in use: name another one with --port"):
        Listening.open(Settings(data=tmp_path, port=port))


def test_a_busy_default_port_falls_to_the_next_free_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with taken() as port:
        monkeypatch.setattr("app.server.DEFAULT_PORT", port)
        listening = Listening.open(Settings(data=tmp_path))
        with listening.socket:
            assert port < listening.socket.getsockname()[1] < port + 20
    assert DEFAULT_PORT == 8181


def test_port_0_picks_a_free_one_and_ipv6_has_its_brackets(tmp_path: Path) -> None:
    listening = Listening.open(Settings(data=tmp_path, port=0, host="::1"))
    with listening.socket:
        assert listening.url == f"http://[::1]:{listening.socket.getsockname()[1]}/"


def test_an_impossible_port_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="between 0 and 65535"):
        Settings(data=tmp_path, port=70_000)


def test_the_environment_names_the_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GILSCOPE_DATA", str(tmp_path))
    assert default_data() == tmp_path
    monkeypatch.delenv("GILSCOPE_DATA")
    assert default_data().name == "gilscope"
