"""Errands: what citizens come for, and which steps each needs.

What the centre does for each is the mock server's rule as well (mock_server/replacement.py, docs/decisions/009): only
who is new is captured and matched; a replacement is personalised from what is known.
"""

from enum import StrEnum
from functools import cache
from typing import NamedTuple

from model.stages import CENTRAL_STAGES, Stage


class Errand(StrEnum):
    """What a citizen comes for."""

    ENROLLMENT = "enrollment"
    """Recording and a first card."""
    REPLACEMENT = "replacement"
    """A new card for a lost or damaged one, at the office of the citizen's home."""
    REPLACEMENT_AWAY = "replacement_away"
    """The same at any other office, with a police letter."""
    FOREIGN_RESIDENT = "foreign_resident"
    """Recording and a card for a foreigner with a permit to stay."""
    CORRECTION = "correction"
    """A mistake in the biodata put right, at the office of the citizen's home, and a new card that bears it."""


class Needs(NamedTuple):
    """What an errand needs."""

    capture: bool
    """Biometrics are taken; else the operator looks at papers."""
    stages: tuple[Stage, ...]
    """What the centre does, in order."""
    since: str
    """The first version that offers it."""


NEEDS = {
    Errand.ENROLLMENT: Needs(True, CENTRAL_STAGES, "5.4"),
    Errand.REPLACEMENT: Needs(False, (Stage.PERSONALISATION,), "5.4"),
    Errand.REPLACEMENT_AWAY: Needs(False, (Stage.PERSONALISATION,), "5.5"),
    Errand.FOREIGN_RESIDENT: Needs(True, CENTRAL_STAGES, "5.5"),
    Errand.CORRECTION: Needs(False, (Stage.PERSONALISATION,), "5.4"),
}


@cache
def offers(version: str, errand: Errand) -> bool:
    """Tell whether a version of the centre's software offers an errand; who comes for another is turned away."""
    return _parts(version) >= _parts(NEEDS[errand].since)


def depends_on_version(errand: Errand) -> bool:
    """Tell whether some version does not offer an errand: only then does anybody have to ask which one runs."""
    return _parts(NEEDS[errand].since) > min(_parts(needs.since) for needs in NEEDS.values())


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
