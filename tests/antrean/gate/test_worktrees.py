import subprocess
import sys
from pathlib import Path

import pytest

from antrean.gate.worktrees import HERE, LOCK, RefError, checked_out


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits; the current folder is in it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for text in ("old", "new"):
        (folder / "file").write_text(text)
        (folder / LOCK).write_text("the same\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", text)
    monkeypatch.chdir(folder)
    return folder


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@localhost")
    command = ["/usr/bin/env", "git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_version_is_there_while_it_is_needed_and_gone_after(repository: Path) -> None:
    with checked_out("HEAD^", "A", {"X": "1"}) as (label, build):
        assert build.root is not None
        assert (build.root / "file").read_text() == "old"
        assert build.python == Path(sys.executable)
        assert build.environment() == {"PYTHONPATH": str(build.root), "PYTHONSAFEPATH": "1", "X": "1"}
        assert label.startswith("HEAD^ (")
    assert not build.root.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_a_version_with_other_requirements_gets_an_interpreter_of_its_own(repository: Path) -> None:
    (repository / LOCK).write_text("# none at all\n")
    git(repository, "commit", "--quiet", "--all", "-m", "other requirements")
    git(repository, "reset", "--quiet", "--hard", "HEAD^")
    with checked_out("ORIG_HEAD", "A", {}) as (_, build):
        done = subprocess.run([build.python, "-c", "import sys; print(sys.prefix)"], capture_output=True, check=True)
        assert done.stdout.decode().strip() != sys.prefix
        assert build.python.is_relative_to(build.root.parent if build.root else "")
    assert not build.python.exists()


def test_a_dot_is_the_files_as_they_lie(repository: Path) -> None:
    (repository / "file").write_text("not committed")
    with checked_out(HERE, "B", {}) as (_, build):
        assert build.root == repository
    assert (repository / "file").read_text() == "not committed"


def test_an_unknown_version_is_told(repository: Path) -> None:
    with (
        pytest.raises(RefError, match=rf"there is no version 'v9' in {repository}"),
        checked_out("v9", "A", {}),
    ):
        pass


def test_outside_of_a_repository_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RefError, match="not a git repository"), checked_out("HEAD", "A", {}):
        pass
