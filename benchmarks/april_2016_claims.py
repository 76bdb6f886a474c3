"""What is told of April 2016 (docs/domain.md), each as a difference of figures that must be above zero."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from antrean.replications import Rows
from model.replicate import Interval, interval

NORMAL, UPGRADE = "without-upgrade", "as-is"
"""The two schedules that are simulated with the same citizens."""
CONFIDENCE = 0.95
"""Of all intervals together."""


class Days(NamedTuple):
    """The figures of a run of normal days and of one with the upgrade, with the same citizens."""

    normal: Mapping[str, float]
    upgrade: Mapping[str, float]


class Verdict(StrEnum):
    """What the model says of a claim."""

    REPRODUCED = "reproduced"
    """The interval lies above zero."""
    NOT_REPRODUCED = "not reproduced"
    """It lies at or below zero."""
    OPEN = "open"
    """It covers zero."""


class Claim(NamedTuple):
    """Something that was told, or that it should rest on."""

    name: str
    text: str
    unit: str
    of: Callable[[Days], float]
    """Above zero if it is so."""


class Finding(NamedTuple):
    """A claim and what the replications say of it."""

    claim: Claim
    found: Interval
    verdict: Verdict

    def plain(self) -> dict[str, Any]:
        """Return what a JSON file holds of it."""
        return {
            "text": self.claim.text,
            "unit": self.claim.unit,
            **self.found._asdict(),
            "verdict": self.verdict.value,
        }


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "malang_evening",
        "On a normal day Malang's last card is printed after 17:00",
        "h",
        lambda days: days.normal["malang_last_card_h"],
    ),
    Claim(
        "malang_past_closing",
        "... and after 18:00, when the doors close",
        "h",
        lambda days: days.normal["malang_last_card_h"] - 1,
    ),
    Claim(
        "saturated_morning",
        "In the upgrade more work comes in at the centre from 08:00 to 10:00 than it can do",
        "of its capacity",
        lambda days: days.upgrade["load 08:00-10:00"] - 1,
    ),
    Claim(
        "saturated_afternoon",
        "... and from 16:00 to 18:00",
        "of its capacity",
        lambda days: days.upgrade["load 16:00-18:00"] - 1,
    ),
    Claim(
        "normal_morning",
        "On a normal day it can do the work of 08:00 to 10:00",
        "of its capacity",
        lambda days: 1 - days.normal["load 08:00-10:00"],
    ),
    Claim(
        "normal_afternoon",
        "... and of 16:00 to 18:00",
        "of its capacity",
        lambda days: 1 - days.normal["load 16:00-18:00"],
    ),
    Claim(
        "behind_at_closing",
        "Offices fall behind: in the upgrade more citizens are still without a card when the doors close",
        "citizens",
        lambda days: days.upgrade["waiting_at_closing"] - days.normal["waiting_at_closing"],
    ),
    Claim(
        "behind_at_night",
        "... and when the evening ends",
        "citizens",
        lambda days: days.upgrade["unserved_at_night"] - days.normal["unserved_at_night"],
    ),
    Claim(
        "malang_later",
        "In the upgrade Malang prints a quarter of an hour longer into the evening at least",
        "h",
        lambda days: days.upgrade["malang_last_card_h"] - days.normal["malang_last_card_h"] - 0.25,
    ),
    Claim(
        "evening_per_staffed_hour",
        "In the upgrade Malang's operators send more records an hour from 17:00 than from 13:00 to 17:00",
        "records an hour",
        lambda days: (
            days.upgrade["malang_per_staffed_hour_evening"] - days.upgrade["malang_per_staffed_hour_afternoon"]
        ),
    ),
    Claim(
        "evening_per_staffed_hour_everywhere",
        "... and so do those of all offices",
        "records an hour",
        lambda days: days.upgrade["per_staffed_hour_evening"] - days.upgrade["per_staffed_hour_afternoon"],
    ),
    Claim(
        "because_of_the_upgrade",
        "... and by more than on a normal day",
        "records an hour",
        lambda days: (
            (days.upgrade["per_staffed_hour_evening"] - days.upgrade["per_staffed_hour_afternoon"])
            - (days.normal["per_staffed_hour_evening"] - days.normal["per_staffed_hour_afternoon"])
        ),
    ),
    Claim(
        "because_of_the_centre",
        "An operator at work sends more records an hour in the evening, as the centre answers sooner",
        "records an hour",
        lambda days: days.upgrade["per_working_hour_evening"] - days.upgrade["per_working_hour_afternoon"],
    ),
)
"""In the order in which they are told; one that begins with dots goes on from the one before."""


def examine(rows: Rows, replications: int) -> list[Finding]:
    """Test every claim on the replications; the intervals hold together (Bonferroni).

    Raises:
        ValueError: fewer than two replications.
    """
    single = 1 - (1 - CONFIDENCE) / len(CLAIMS)
    normal, upgrade = (figures_of(rows, name, replications) for name in (NORMAL, UPGRADE))
    pairs = [Days(*pair) for pair in zip(normal, upgrade, strict=True)]
    findings = []
    for claim in CLAIMS:
        found = interval([claim.of(pair) for pair in pairs], single)
        findings.append(Finding(claim, found, _verdict(found)))
    return findings


def figures_of(rows: Rows, name: str, replications: int) -> list[dict[str, float]]:
    """Return a schedule's figures, a mapping a replication."""
    frame = rows.frame()
    names = [column for column in frame.columns if column not in ("schedule", "replication")]
    columns: dict[str, Sequence[float]] = {each: rows.values(name, each, replications) for each in names}
    return [{each: values[number] for each, values in columns.items()} for number in range(replications)]


def _verdict(found: Interval) -> Verdict:
    if found.low > 0:
        return Verdict.REPRODUCED
    return Verdict.OPEN if found.high > 0 else Verdict.NOT_REPRODUCED
