"""Foreign residents: who is one, the permit that lets her stay, and until when.

A card goes to the holder of a permanent permit (KITAP) and expires with it (Law 24/2013, articles 63 and 64). Who
stays for a limited time (KITAS) is registered otherwise and gets none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

CITIZEN = "WNI"
"""Warga negara Indonesia: a citizen's nationality; anything else is a foreign resident's."""
MAX_NUMBER_CHARACTERS = 40
"""The chip has to hold it, too."""


class PermitKind(StrEnum):
    """What a residence permit is called."""

    KITAP = "KITAP"
    """Kartu izin tinggal tetap: to stay for good, renewed every five years."""
    KITAS = "KITAS"
    """Kartu izin tinggal terbatas: to stay for a limited time."""


@dataclass(frozen=True)
class Permit:
    """A residence permit; it is good through the day on which it expires."""

    kind: PermitKind
    number: str
    expires: date

    @classmethod
    def from_json(cls, kept: Mapping[str, str] | None) -> "Permit | None":
        """Read a permit as a record keeps it; a citizen's record keeps none."""
        if kept is None:
            return None
        return cls(PermitKind(kept["kind"]), kept["number"], date.fromisoformat(kept["expires"]))

    def as_json(self) -> dict[str, str]:
        """Write it as a record keeps it."""
        return {"kind": self.kind, "number": self.number, "expires": self.expires.isoformat()}

    def has_expired(self, today: date) -> bool:
        """Tell whether it is good no more."""
        return self.expires < today

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def is_foreign(nationality: str | None) -> bool:
    """Tell whether a nationality is a foreign resident's; one that is missing says nothing."""
    said = (nationality or "").strip().upper()
    return said not in ("", CITIZEN)


def permit_faults(nationality: str, permit: Permit | None, today: date) -> Iterator[str]:
    """Tell what is wrong between a person's nationality and her permit, on a given day."""
    if permit is None:
        if is_foreign(nationality):
            yield f"permit: missing; a nationality other than {CITIZEN} needs one"
        return
    if nationality.strip() and not is_foreign(nationality):
        yield f"permit: nationality is {nationality}, and only foreign residents have one"
    if permit.kind != PermitKind.KITAP:
        yield f"permit: a {permit.kind} gives no right to a card, a {PermitKind.KITAP} does"
    if permit.has_expired(today):
        yield f"permit: {permit} expired on {permit.expires}"
