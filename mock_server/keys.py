"""The keys in the database: issued, revoked, looked up."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, exists, func, insert, select, update

from mock_server.access import OF_AN_OFFICE, Role, Token
from mock_server.database import AnyRow
from mock_server.tables import access_keys, offices


class RoleNeedsError(ValueError):
    """A role of an office was given none, or a national one was given some."""

    def __init__(self, role: Role) -> None:
        needs = "an office" if role in OF_AN_OFFICE else "no office: it is national"
        super().__init__(f"role {role} needs {needs}")


class NoSuchOfficeError(ValueError):
    """There is no office with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"there is no office {code!r}")


class NoSuchKeyError(LookupError):
    """There is no key with this id."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no key {key!r}")


def issue(connection: Connection, role: Role, office: str | None, valid_s: float) -> Token:
    """Issue a key for so many seconds and return it; nobody can read its secret later.

    Raises:
        RoleNeedsError: role and office do not go together.
        NoSuchOfficeError: the office is unknown.
    """
    if (role in OF_AN_OFFICE) != (office is not None):
        raise RoleNeedsError(role)
    if office is not None and not connection.scalar(select(exists().where(offices.c.code == office))):
        raise NoSuchOfficeError(office)
    token, now = Token.new(), time.time()
    connection.execute(
        insert(access_keys).values(
            id=token.id, hash=token.hash(), role=role, office=office, created_at=now, expires_at=now + valid_s
        )
    )
    return token


def revoke(connection: Connection, key: str) -> None:
    """Revoke a key; one that is revoked stays as it is.

    Raises:
        NoSuchKeyError: there is none with this id.
    """
    revoked_at = func.coalesce(access_keys.c.revoked_at, time.time())
    done = connection.execute(update(access_keys).where(access_keys.c.id == key).values(revoked_at=revoked_at))
    if not done.rowcount:
        raise NoSuchKeyError(key)


def list_all(connection: Connection) -> Sequence[AnyRow]:
    """Return all keys without their hashes, the oldest first."""
    columns = [column for column in access_keys.c if column.name != "hash"]
    return connection.execute(select(*columns).order_by(access_keys.c.created_at, access_keys.c.id)).all()


def any_active(connection: Connection) -> bool:
    """Tell whether somebody could get in: there is a key neither expired nor revoked."""
    active = exists().where(access_keys.c.revoked_at.is_(None), access_keys.c.expires_at > time.time())
    return bool(connection.scalar(select(active)))


def write_secretly(path: Path, tokens: Mapping[str, str]) -> None:
    """Write keys by holder, {"35.07": "ank_..."}, to a new file that only its owner may read.

    Raises:
        FileExistsError: there is one, which others may be able to read.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(tokens), file)
