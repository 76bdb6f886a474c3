"""Worktrees: a version of the program out of git, in a temporary folder, as a build that can be started."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from antrean.build import Build

LOCK = "requirements.lock"
HERE = "."
"""In place of a reference: the files as they lie in the current folder's repository, committed or not."""


class RefError(ValueError):
    """There is no such version, or it cannot be made."""


@contextmanager
def checked_out(ref: str, side: str, settings: dict[str, str]) -> Iterator[tuple[str, Build]]:
    """Have a version's files while the block lasts; yields what to call it, and the build.

    It runs with the interpreter that runs here, unless its requirements.lock differs: then with a virtual environment
    of its own.

    Raises:
        RefError: there is no repository here, no such version in it, or its requirements cannot be installed.
    """
    repository = Path(_git(Path.cwd(), "rev-parse", "--show-toplevel"))
    if ref == HERE:
        yield f"the files in {repository.name}/", Build(Path(sys.executable), repository, settings)
        return
    commit = _git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    with TemporaryDirectory(prefix=f"antrean-{side.lower()}-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "tree"
        _git(repository, "worktree", "add", "--detach", "--quiet", str(tree), commit)
        try:
            python = _interpreter(repository, tree, Path(folder))
            yield f"{ref} ({commit[:10]})", Build(python, tree, settings)
        finally:
            _git(repository, "worktree", "remove", "--force", str(tree))


def _interpreter(repository: Path, tree: Path, folder: Path) -> Path:
    """The interpreter that runs here, or one with what the tree's lock asks for."""
    if _digest(repository / LOCK) == _digest(tree / LOCK):
        return Path(sys.executable)
    python = folder / "venv" / "bin" / "python"
    quiet = ("--quiet", "--disable-pip-version-check", "--require-hashes")
    _run([sys.executable, "-m", "venv", str(folder / "venv")], "a virtual environment")
    _run([str(python), "-m", "pip", "install", *quiet, "-r", str(tree / LOCK)], f"its {LOCK}")
    return python


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the project's own
    if done.returncode:
        raise RefError(f"{what} cannot be installed: {done.stderr.strip()[-500:]}")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - names no shell
    if done.returncode:
        said = done.stderr.strip() or f"there is no version {arguments[-1].removesuffix('^{commit}')!r} in {folder}"
        raise RefError(f"git {arguments[0]}: {said}")
    return done.stdout.strip()
