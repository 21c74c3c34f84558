"""The built wheel is the whole product: installed elsewhere, it serves its pages without the work tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import httpx
import pytest

from app.assets import plotly_url
from tests.support.imports import ROOT
from tests.support.servers import serving


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but the installed wheel; its dependencies come from where the tests run."""
    folder = tmp_path_factory.mktemp("site")
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel), cwd=folder)
    return folder


def test_it_carries_every_page_every_static_file_and_the_agent(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder, packed in (("templates", "app/_templates"), ("static", "app/_static")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"{packed}/{path.relative_to(ROOT / folder)}" in names
    assert "engine/agent/sitecustomize.py" in names
    assert "engine/agent/_gilscope/__main__.py" in names


def test_it_carries_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"app", "engine"}


def test_installed_it_serves_its_pages_from_any_folder(site: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    where = _run(sys.executable, "-c", "import app; print(app.__file__)", cwd=tmp_path, env=environment)
    assert Path(where.strip()).is_relative_to(site)
    script = str(site / "bin" / "gilscope")
    with serving(tmp_path / "data", command=(sys.executable, script), cwd=tmp_path, environment=environment) as url:
        page = httpx.get(url)
        assert page.status_code == 200
        assert "gilscope" in page.text
        sheets = [part.split('"')[0] for part in page.text.split('href="') if part.startswith("/static/")]
        assert sheets
        for sheet in sheets:
            assert httpx.get(url + sheet.lstrip("/")).status_code == 200, sheet
        assert httpx.get(url + plotly_url().lstrip("/")).status_code == 200


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="needs the interpreter below a virtual environment, which has no packages")
def test_a_run_finds_its_packages_where_only_the_parent_looks(site: Path, tmp_path: Path) -> None:
    # As after `pip install --user`, which isolated interpreters do not see.
    packages = sysconfig.get_paths()["purelib"]
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{packages}", "GILSCOPE_DATA": str(tmp_path / "data")}
    bare = str(Path(sys.executable).resolve())
    command = (bare, "-s", "-m", "app", "run", "cpu", "--model", "threads", "--workers", "1", "--set", "rounds=10000", "--json")
    assert json.loads(_run(*command, cwd=tmp_path, env=environment))["status"] == "complete"


def _run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    return subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
