"""What a machine allows, read from settings of machines that are not ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import limits as module
from engine.limits import Limit, limits

NOBODY, ROOT, PERFMON = "0", "1ffffffffff", f"{1 << 38:x}"

Machine = Callable[..., dict[str, Limit]]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Answers the limits, by name, of a machine with these files under /proc and /run."""

    def told(capabilities: str = NOBODY, seccomp: str = "0", **files: str) -> dict[str, Limit]:
        for name, text in {"self/status": f"Seccomp:\t{seccomp}\nCapEff:\t{capabilities}\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return {limit.name: limit for limit in limits()}

    monkeypatch.setattr(module, "_PROC", tmp_path)
    monkeypatch.setattr(module, "_RUN", tmp_path / "run")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return told


@pytest.mark.parametrize(
    ("level", "allows", "mend"),
    [
        ("4", "forbids", "kernel.perf_event_paranoid=1"),
        ("2", "allows switches and watchpoints;", "kernel.perf_event_paranoid=1"),
        ("1", "allows switches, watchpoints and what threads block in;", "record as root"),
    ],
)
def test_the_level_of_perf_events_is_told_with_what_it_allows_and_what_would_allow_more(
    machine: Machine, level: str, allows: str, mend: str
) -> None:
    limit = machine(**{"sys/kernel/perf_event_paranoid": level + "\n"})["kernel.perf_event_paranoid"]
    assert limit.value == level
    assert limit.means.startswith(allows)
    assert mend in limit.mend


@pytest.mark.parametrize("capabilities", [ROOT, PERFMON])
def test_who_may_look_at_the_kernel_has_nothing_to_mend_at_any_level(machine: Machine, capabilities: str) -> None:
    told = machine(capabilities, **{"sys/kernel/perf_event_paranoid": "4"})
    assert told["kernel.perf_event_paranoid"].mend == ""


def test_a_kernel_without_perf_events_is_told_so(machine: Machine) -> None:
    limit = machine()["kernel.perf_event_paranoid"]
    assert limit.value == "missing"
    assert limit.mend


@pytest.mark.parametrize(
    ("files", "name", "mend"),
    [
        ({"1/environ": "HOME=/\0container=lxc\0"}, "LXC", "on the host"),
        ({"1/environ": "container=podman\0PATH=/bin\0"}, "podman", "--cap-add PERFMON"),
        ({"run/systemd/container": "docker\n"}, "docker", "--cap-add PERFMON"),
    ],
)
def test_a_container_is_named_with_the_flag_that_opens_it(machine: Machine, files: dict[str, str], name: str, mend: str) -> None:
    limit = machine(**files)["container"]
    assert limit.value == name
    assert mend in limit.mend


def test_a_sandbox_with_a_kernel_of_its_own_is_told_from_a_container(machine: Machine) -> None:
    told = machine(version="Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n")
    assert told["sandbox"].value == "gVisor"
    assert "container" not in told


def test_a_filter_of_calls_is_told_whoever_we_are(machine: Machine) -> None:
    assert "seccomp" not in machine(ROOT)
    assert "perf_event_open" in machine(ROOT, seccomp="2")["seccomp"].means


def test_little_memory_for_the_kernels_records_is_told_to_ordinary_users_only(machine: Machine) -> None:
    little = {"sys/kernel/perf_event_mlock_kb": "16"}
    assert "perf_event_mlock_kb=516" in machine(**little)["kernel.perf_event_mlock_kb"].mend
    assert "kernel.perf_event_mlock_kb" not in machine(PERFMON, **little)


def test_reading_children_is_a_limit_only_where_even_children_may_not_be_read(machine: Machine) -> None:
    name = "kernel.yama.ptrace_scope"
    assert name not in machine(**{"sys/kernel/yama/ptrace_scope": "1"})
    assert machine(**{"sys/kernel/yama/ptrace_scope": "2"})[name].mend


def test_every_limit_has_a_meaning_and_one_line_each(machine: Machine) -> None:
    for limit in machine(seccomp="2", **{"sys/kernel/perf_event_paranoid": "3", "sys/kernel/yama/ptrace_scope": "3"}).values():
        assert limit.means
        assert "\n" not in limit.value + limit.means + limit.mend
