"""Who may do what: the roles, the caller of a request, and the keys that callers show.

A key reads `ank_<id>_<secret>`. The id is public and names the key in the audit log; of the secret only an argon2 hash
is kept.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PREFIX = "ank"
_ID_BYTES, _SECRET_BYTES = 6, 32
# OWASP's least: guessing at 256 random bits is hopeless at any cost, and every key costs the server this once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Role(StrEnum):
    """What a key is for."""

    OPERATOR = "operator"
    """Sends packets and hands out cards, for one office."""
    SUPERVISOR = "supervisor"
    """An operator who also decides what takes a second pair of eyes, for one office."""
    AUDITOR = "auditor"
    """Reads everything and changes nothing."""
    ADMIN = "admin"
    """May do everything, everywhere."""


OF_AN_OFFICE = frozenset({Role.OPERATOR, Role.SUPERVISOR})
"""Roles that belong to one office; the others are national."""
DECIDES = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""Roles that may decide what an operator may not."""


class NotAuthenticatedError(PermissionError):
    """The request needs a key, and shows none that is valid."""


class ForbiddenError(PermissionError):
    """The key is valid, but not for this."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request."""

    key: str | None
    """The key's id; None where no key exists and none is needed."""
    role: Role
    office: str | None
    """The office whose records the caller works with; None for all of them."""

    def sees(self, office: str) -> bool:
        """Tell whether the caller may know of an office's records."""
        return self.office is None or self.office == office

    def must_see(self, office: str) -> None:
        """Make sure that the caller may ask for an office's records.

        Raises:
            ForbiddenError: the office is another's.
        """
        if not self.sees(office):
            raise ForbiddenError(f"this key is for office {self.office}")

    def must_oversee(self) -> None:
        """Make sure that the caller may see what waits for a decision, which names residents of other records.

        Raises:
            ForbiddenError: an operator.
        """
        if self.role is Role.OPERATOR:
            raise ForbiddenError(f"a key of role {self.role} does not see what waits for a decision")

    def must_change(self, office: str, *, deciding: bool = False) -> None:
        """Make sure that the caller may change an office's records; `deciding` asks for more than an operator.

        Raises:
            ForbiddenError: the office is another's, or the role does not do such things.
        """
        self.must_see(office)
        if self.role is Role.AUDITOR or (deciding and self.role not in DECIDES):
            raise ForbiddenError(f"role {self.role} may not do this")

    def must_administer(self) -> None:
        """Make sure that the caller may do to the system what only its administrators may.

        Raises:
            ForbiddenError: the role is another.
        """
        if self.role is not Role.ADMIN:
            raise ForbiddenError(f"role {self.role} may not do this")


EVERYONE = Caller(None, Role.ADMIN, None)
"""The caller where no key exists: on loopback, in the tests and first steps."""


@dataclass(frozen=True)
class Token:
    """A key as it is shown: its id and its secret."""

    id: str
    secret: str

    @classmethod
    def new(cls) -> "Token":
        """Make a key that nobody has."""
        return cls(secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> "Token":
        """Read a key.

        Raises:
            NotAuthenticatedError: it is no key.
        """
        prefix, _, rest = text.partition("_")
        # The secret may contain the separator, the id does not.
        id_, _, secret = rest.partition("_")
        if prefix != PREFIX or not id_ or not secret:
            raise NotAuthenticatedError("this is no key")
        return cls(id_, secret)

    def __str__(self) -> str:
        return f"{PREFIX}_{self.id}_{self.secret}"

    def hash(self) -> str:
        """Hash the secret with argon2, for keeping; tens of milliseconds."""
        return _HASHER.hash(self.secret)

    def fits(self, kept: str) -> bool:
        """Tell whether this is the key of a kept hash; tens of milliseconds, without holding the interpreter's lock."""
        try:
            return _HASHER.verify(kept, self.secret)
        except (VerificationError, InvalidHashError):
            return False
