"""`.ci/gate`, with a stand-in for the command: when it fails, and when it passes and says why."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository of one commit that has the script."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "gate", tmp_path / ".ci" / "gate")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "first")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@localhost")
    subprocess.run(["/usr/bin/env", "git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    (folder / "file").write_text(message)
    git(folder, "add", ".ci", "file")
    git(folder, "commit", "--quiet", "-m", message)


def gate(folder: Path, ends_with: int = 0) -> tuple[int, str]:
    """Run the script where `antrean` only says how it was called, and ends as told."""
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True, exist_ok=True)
    (tools / "antrean").write_text(f'#!/bin/sh\necho "called: $*"\nexit {ends_with}\n')
    (tools / "antrean").chmod(0o755)
    done = subprocess.run([folder / ".ci" / "gate"], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_first_commit_has_nothing_to_be_compared_with(clone: Path) -> None:
    code, said = gate(clone, ends_with=1)
    assert code == 0
    assert "nothing is compared" in said


@pytest.mark.parametrize(("ends_with", "code"), [(0, 0), (1, 1), (2, 0), (3, 0), (130, 0)])
def test_only_a_sure_regression_fails(clone: Path, ends_with: int, code: int) -> None:
    commit(clone, "second")
    found, said = gate(clone, ends_with)
    assert found == code
    assert ("could not be told" in said) == (ends_with not in (0, 1))


def test_the_last_release_comes_before_the_parent_commit(clone: Path) -> None:
    git(clone, "tag", "v1")
    commit(clone, "second")
    commit(clone, "third")
    assert "--a-ref v1 --b-ref HEAD" in gate(clone)[1]
