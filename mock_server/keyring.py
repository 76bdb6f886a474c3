"""The keyring: tells from the key or session that a request shows who sent it, without asking argon2 each time."""

import asyncio
import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mock_server.access import EVERYONE, Caller, NotAuthenticatedError, Role, Token
from mock_server.database import AnyRow
from mock_server.sessions import find_session, hash_of, is_session
from mock_server.tables import access_keys

log = logging.getLogger(__name__)

TRUST_S = 10.0
"""How long a key is taken for what it was when it was last looked up: a revocation holds after that at the latest."""
MOST_KEYS = 4_096


@dataclass(frozen=True)
class _Known:
    """A key whose secret argon2 has confirmed."""

    caller: Caller
    hash: str
    expires_at: float
    looked_up_at: float


class Keyring:
    """Knows the keys seen lately, by the SHA-256 of the whole key; the keys themselves are not kept."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], float] = time.time) -> None:
        """Look keys up over the engine."""
        self._engine = engine
        self._now = now
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        # One check at a time: argon2 is made to be expensive, and a flood of wrong keys must not take all cores.
        self._checking = asyncio.Lock()
        self._keys_exist = False
        self._openness_looked_up_at = float("-inf")

    async def caller(self, shown: str | None) -> Caller:
        """Tell who shows this key or session's token; while no key was ever issued, anybody may do everything.

        Raises:
            NotAuthenticatedError: none is shown, or it is unknown, wrong, expired or revoked.
        """
        if await self._is_open():
            return EVERYONE
        if shown is None:
            raise NotAuthenticatedError("a key is needed: Authorization: Bearer ank_...")
        digest = sha256(shown.encode()).digest()
        known = self._recent(digest)
        if known is None and is_session(shown):
            known = await self._look_up_session(shown, digest)
        known = known or await self._look_up(Token.parse(shown), digest)
        if known.expires_at <= self._now():
            raise NotAuthenticatedError(f"the {'session' if is_session(shown) else 'key'} has expired")
        return known.caller

    async def _is_open(self) -> bool:
        """Tell whether no key was ever issued; once one was, the server never opens again."""
        if not self._keys_exist and self._now() - self._openness_looked_up_at > TRUST_S:
            async with self._engine.connect() as connection:
                self._keys_exist = bool(await connection.scalar(select(exists().select_from(access_keys))))
            if not self._keys_exist and self._openness_looked_up_at == float("-inf"):
                log.warning(
                    "no key was ever issued: whoever reaches this port may do everything; it is on loopback only"
                )
            self._openness_looked_up_at = self._now()
        return not self._keys_exist

    def _recent(self, digest: bytes) -> _Known | None:
        known = self._known.get(digest)
        return known if known and self._now() - known.looked_up_at <= TRUST_S else None

    async def _look_up(self, token: Token, digest: bytes) -> _Known:
        """Read the key's row, and check its secret unless that was done before."""
        looked_up_at = self._now()
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(access_keys).where(access_keys.c.id == token.id))).one_or_none()
        if row is None or row.revoked_at is not None or not await self._fits(token, digest, row.hash):
            self._known.pop(digest, None)
            raise NotAuthenticatedError("the key is unknown or revoked")
        return self._remember(digest, _Known(_caller(row), row.hash, row.expires_at, looked_up_at))

    async def _look_up_session(self, token: str, digest: bytes) -> _Known:
        looked_up_at = self._now()
        async with self._engine.connect() as connection:
            row = await find_session(connection, token)
        if row is None or row.revoked or not hmac.compare_digest(row.hash, hash_of(token)):
            self._known.pop(digest, None)
            raise NotAuthenticatedError("the session is unknown, or its key revoked")
        caller = Caller(row.key, Role(row.role), row.office)
        return self._remember(digest, _Known(caller, row.hash, row.expires_at, looked_up_at))

    def _remember(self, digest: bytes, known: _Known) -> _Known:
        self._known[digest] = known
        self._known.move_to_end(digest)
        if len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)
        return known

    async def _fits(self, token: Token, digest: bytes, kept: str) -> bool:
        """Tell whether the key is that of a kept hash; argon2 is asked only for keys that it has not confirmed."""
        if self._is_confirmed(digest, kept):
            return True
        async with self._checking:
            # Somebody before us in the line may have shown the same key. In a thread, for the event loop has other
            # requests to serve.
            return self._is_confirmed(digest, kept) or await asyncio.to_thread(token.fits, kept)

    def _is_confirmed(self, digest: bytes, kept: str) -> bool:
        known = self._known.get(digest)
        return known is not None and known.hash == kept


def _caller(row: AnyRow) -> Caller:
    return Caller(row.id, Role(row.role), row.office)
