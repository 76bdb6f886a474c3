"""Seeded databases kept between runs in a folder of their own, with the key that signed their chips.

A database is named by a hash of everything that it depends on, and marked as complete by a comment on it when all of it
is there: one that was interrupted, or that another version of the program made, is never taken for it.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from mock_server.adapters.signer import create_key

KEY_FILE = "signing-key.pem"
PREFIX = "antrean_seed_"
_COMPLETE = "a complete seed of antrean"
# Whatever makes the rows: these modules of the project's, and the packages that deal names and numbers.
_SOURCES = (
    "mock_server/seed*.py",
    "mock_server/migrations/**/*.py",
    "mock_server/pipeline/*.py",
    "mock_server/tables.py",
    "mock_server/adapters/signer.py",
    "model/streams.py",
    "model/stages.py",
)
_PACKAGES = ("faker", "numpy")


class SeedInUseError(RuntimeError):
    """Another run has the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another run uses the seeds kept in {folder}; wait for its end, or keep seeds elsewhere")


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Have the folder for oneself while the block lasts, made if it is missing, with a signing key in it.

    Raises:
        SeedInUseError: another run has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SeedInUseError(folder) from None
        _make_key(folder / KEY_FILE)
        yield


def _make_key(path: Path) -> None:
    """Make the key, if it is missing, at once: a run may be killed at any moment."""
    if not path.exists():
        unfinished = path.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        create_key(unfinished)
        unfinished.replace(path)


def database_name(folder: Path, arguments: Sequence[str], weights: Mapping[str, float]) -> str:
    """Name the database that a seeding with these arguments and the folder's key makes."""
    what = {
        "arguments": list(arguments),
        "weights": dict(weights),
        "key": hashlib.sha256((folder / KEY_FILE).read_bytes()).hexdigest(),
    }
    return f"{current_prefix()}{_digest(json.dumps(what, sort_keys=True).encode())}"


def current_prefix() -> str:
    """Return how the names of the databases begin that this version of the program makes."""
    parts = [f"{package} {version(package)}".encode() for package in _PACKAGES]
    for pattern in _SOURCES:
        package, _, rest = pattern.partition("/")
        parts += [path.read_bytes() for path in sorted(_folder_of(package).glob(rest))]
    return f"{PREFIX}{_digest(*parts)}_"


def is_complete(database_url: str, database: str) -> bool:
    """Tell whether the server has this database, and all of it."""
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    with psycopg.connect(database_url) as connection:
        return connection.execute(query, (database,)).fetchone() == (_COMPLETE,)


def mark_complete(database: str) -> sql.Composed:
    """Return the statement that marks a database as complete."""
    return sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(_COMPLETE))


def drop_leftovers(database_url: str) -> None:
    """Drop, on a server that is the kept seeds' own, what killed runs and other versions of the program left."""
    names = "SELECT datname FROM pg_database WHERE starts_with(datname, 'antrean_') AND NOT starts_with(datname, %s)"
    with psycopg.connect(database_url, autocommit=True) as connection:
        for (name,) in connection.execute(names, (current_prefix(),)).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {} (FORCE)").format(sql.Identifier(name)))


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent


def _digest(*parts: bytes) -> str:
    """Return the first 12 digits of a hash of the parts, each told apart from the next."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:12]
