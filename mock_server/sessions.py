"""Operators and their sessions: who logs in with a password works with a session's token in place of the office's key.

A token reads `ans_<id>_<secret>`. Of the secret only a SHA-256 hash is kept: 256 random bits need no slow one.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.access import Caller
from mock_server.keys import NoSuchOfficeError
from mock_server.passwords import DECOY, hash_password
from mock_server.tables import access_keys, offices, operators, sessions

PREFIX = "ans"
_ID_BYTES, _SECRET_BYTES, _PASSWORD_BYTES = 6, 32, 9


class Operator(NamedTuple):
    """Somebody who may log in."""

    office: str | None
    """None of an operator who does not exist."""
    hash: str
    """The password's."""


class Opened(NamedTuple):
    """A session that was opened just now; nobody can read its token later."""

    id: str
    token: str
    expires_at: float
    """Seconds since the epoch."""


class SessionRow(NamedTuple):
    """What is kept of a session, and of the key that it was opened with."""

    hash: str
    key: str
    role: str
    office: str | None
    expires_at: float
    """When it or its key expires."""
    revoked: bool
    """Whether the key is."""


def enlist(connection: Connection, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Give each office's operators, {"35.07": ["35.07/counter-1"]}, a new password each; returns them by name.

    Raises:
        NoSuchOfficeError: an office is unknown.
        sqlalchemy.exc.IntegrityError: an operator of that name has a password.
    """
    known = set(connection.scalars(select(offices.c.code)))
    for office in names:
        if office not in known:
            raise NoSuchOfficeError(office)
    passwords = {name: secrets.token_urlsafe(_PASSWORD_BYTES) for those in names.values() for name in those}
    # scrypt leaves the interpreter's lock alone, so threads hash side by side.
    with ThreadPoolExecutor() as threads:
        hashes = dict(zip(passwords, threads.map(hash_password, passwords.values()), strict=True))
    rows = [{"name": name, "office": office, "hash": hashes[name]} for office in names for name in names[office]]
    if rows:
        connection.execute(insert(operators), rows)
    return passwords


async def find_operator(connection: AsyncConnection, name: str, caller: Caller) -> Operator:
    """Return an operator of an office that the caller sees; else one whose password nobody knows."""
    query = select(operators.c.office, operators.c.hash).where(operators.c.name == name)
    row = (await connection.execute(query)).one_or_none()
    if row is None or not caller.sees(row.office):
        return Operator(None, DECOY)
    return Operator(row.office, row.hash)


async def open_session(connection: AsyncConnection, operator: str, caller: Caller, valid_s: float) -> Opened:
    """Open a session for so many seconds, and clear those away that have ended; the caller commits."""
    now = time.time()
    id_ = secrets.token_hex(_ID_BYTES)
    token = f"{PREFIX}_{id_}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    opened = Opened(id_, token, now + valid_s)
    await connection.execute(delete(sessions).where(sessions.c.expires_at < now))
    await connection.execute(
        insert(sessions).values(
            id=opened.id,
            hash=hash_of(token),
            operator=operator,
            key=caller.key,
            created_at=now,
            expires_at=opened.expires_at,
        )
    )
    return opened


async def find_session(connection: AsyncConnection, token: str) -> SessionRow | None:
    """Return the session of a token, whose secret is still to be compared; None if there is none.

    Nor is there one that was opened when no key was needed.
    """
    id_ = token.split("_")[1]
    query = (
        select(sessions.c.hash, sessions.c.expires_at, access_keys.c.id, access_keys.c.role, access_keys.c.office)
        .add_columns(access_keys.c.expires_at.label("key_expires_at"), access_keys.c.revoked_at)
        .join(access_keys, access_keys.c.id == sessions.c.key)
        .where(sessions.c.id == id_)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    ends_at = min(row.expires_at, row.key_expires_at)
    return SessionRow(row.hash, row.id, row.role, row.office, ends_at, row.revoked_at is not None)


def is_session(token: str) -> bool:
    """Tell whether this may be a session's token, and not a key."""
    return token.startswith(f"{PREFIX}_")


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode()).hexdigest()
