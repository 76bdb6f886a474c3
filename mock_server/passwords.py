"""Passwords: hashed with scrypt, which takes a core for a tenth of a second and 16 MB.

OWASP's cost of 2023 (Password Storage Cheat Sheet) in the form that needs the least memory: when all operators of a
zone log in at once, memory is what a server runs out of first.
"""

import asyncio
import hashlib
import hmac
import os

COST, BLOCK, PARALLEL = 2**14, 8, 5
MOST_MEMORY_BYTES = 64 * 2**20
_SALT_BYTES = 16
DECOY = f"scrypt${'00' * _SALT_BYTES}${'00' * 64}"
"""The hash of no password: to check it takes as long as any other."""


def hash_password(password: str) -> str:
    """Hash a password with a salt of its own, for keeping."""
    salt = os.urandom(_SALT_BYTES)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def fits(password: str, kept: str) -> bool:
    """Tell whether this is the password of a kept hash; without holding the interpreter's lock."""
    _, salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(digest))


class Checks:
    """Checks passwords beside the event loop, as many at a time as there are cores: more would only fill the memory."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def fits(self, password: str, kept: str) -> bool:
        """Wait for a turn and tell whether this is the password of a kept hash."""
        async with self._turns:
            return await asyncio.to_thread(fits, password, kept)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=MOST_MEMORY_BYTES)
