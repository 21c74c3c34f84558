"""The user's own function is located without running the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.functions import FunctionError, located, names_a_function


@pytest.mark.parametrize(
    ("text", "means"), [("cpu", False), ("work.py:job", True), ("/a/b.py:job", True), ("b.py", False), ("a.txt:job", False)]
)
def test_a_function_is_told_from_a_built_in_workload(text: str, means: bool) -> None:
    assert names_a_function(text) is means


def test_the_file_is_named_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work.py").write_text("def job(index): ...\n")
    monkeypatch.chdir(tmp_path)
    assert located("work.py:job") == f"{tmp_path.resolve()}/work.py:job"


@pytest.mark.parametrize(
    "source",
    ["async def job(): ...", "class job: ...", "job = print", "job: object = print", "from os import getpid as job", "import job.deeper"],
)
def test_whatever_binds_the_name_counts(tmp_path: Path, source: str) -> None:
    (tmp_path / "work.py").write_text(source)
    assert located(f"{tmp_path}/work.py:job").endswith("work.py:job")


@pytest.mark.parametrize(
    "source", ["if True:\n  def job(): ...", "from os import *", "def job(:", "with x:\n  job = 1", "globals()['job'] = print"]
)
def test_what_only_running_the_file_could_tell_is_left_to_the_run(tmp_path: Path, source: str) -> None:
    (tmp_path / "work.py").write_text(source)
    assert located(f"{tmp_path}/work.py:job").endswith("work.py:job")


@pytest.mark.parametrize(
    "source", ["if True:\n  other = 1", "for other in (job for job in ()): ...", "def other():\n  job = 1", "print(1)"]
)
def test_a_file_that_does_more_than_define_is_looked_through_all_the_same(tmp_path: Path, source: str) -> None:
    (tmp_path / "work.py").write_text(source)
    with pytest.raises(FunctionError, match="has no function 'job'"):
        located(f"{tmp_path}/work.py:job")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("work.py:jbo", "has no function 'jbo': did you mean job?"),
        ("work.py:else_", r"has no function 'else_': it defines job, other"),
        ("work.py:", "name a function after the colon"),
        ("none.py:job", "cannot be read: No such file or directory"),
        (".py:job", "cannot be read"),
    ],
)
def test_a_mistake_is_answered_with_what_there_is(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "work.py").write_text("def job(index): ...\n\n'words'\n\ndef other(): ...\n")
    with pytest.raises(FunctionError, match=said):
        located(f"{tmp_path}/{text}")
