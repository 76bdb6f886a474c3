"""The tables of docs/april-2016.md, in Markdown, from results/benchmarks/april-2016.json."""

from collections.abc import Sequence
from typing import Any

from antrean.compare_charts import axis_name, factor
from benchmarks.april_2016_claims import NORMAL, UPGRADE
from model.performance import PERFORMANCE

FIGURES = {
    "malang_last_card_h": "Malang: last card, hours after 17:00",
    "malang_evening_cards": "Malang: cards printed after 17:00, a day",
    "load 08:00-10:00": "Work coming in from 08:00 to 10:00, of the centre's capacity",
    "load 16:00-18:00": "... from 16:00 to 18:00",
    "centre_p95_s 08:00-10:00": "From receipt to a card that can be printed, 95 of 100 records of 08:00 to 10:00, s",
    "centre_p95_s 16:00-18:00": "... of 16:00 to 18:00, s",
    "wait_median_s": "Median wait from ticket to card, s",
    "queue_p95_s": "Wait for a counter, 95 of 100 citizens, s",
    "waiting_at_closing": "Citizens without a card when the doors close",
    "unserved_at_night": "... when the evening ends",
    "overtime_h": "Overtime a day, h",
    "malang_per_staffed_hour_afternoon": "Malang: records per operator hour, 13:00 to 17:00",
    "malang_per_staffed_hour_evening": "... from 17:00",
    "per_staffed_hour_afternoon": "All offices: records per operator hour, 13:00 to 17:00",
    "per_staffed_hour_evening": "... from 17:00",
    "per_working_hour_afternoon": "All offices: records per hour of an operator at work, 13:00 to 17:00",
    "per_working_hour_evening": "... from 17:00",
}
"""What the table of figures shows, and how it is called there."""
SLOWER_FIGURES = {
    "load 08:00-10:00": "Work from 08:00 to 10:00",
    "load 16:00-18:00": "... from 16:00 to 18:00",
    "waiting_at_closing": "Without a card at closing",
    "unserved_at_night": "... when the evening ends",
    "malang_last_card_h": "Malang: last card, h after 17:00",
}
"""What the table of slower centres shows, and how it is called there."""
STRONGEST = 4
"""How many guesses a measure the table shows."""


def claims_table(result: dict[str, Any]) -> str:
    """Return a row a claim: by how much it is met, with its interval, and the verdict."""
    lines = [
        [
            claim["text"],
            f"{_signed(claim['mean'])} ({_signed(claim['low'])} to {_signed(claim['high'])}) {claim['unit']}",
            f"**{claim['verdict']}**",
        ]
        for claim in result["claims"].values()
    ]
    return _markdown(["Claim", "Met by", "The model"], lines)


def figures_table(result: dict[str, Any]) -> str:
    """Return a row a figure: its mean on normal days and in the upgrade, each with the half-width of its interval."""
    days = (result["figures"][NORMAL], result["figures"][UPGRADE])
    lines = [[label, *(_with_half_width(day[name]) for day in days)] for name, label in FIGURES.items()]
    return _markdown(["Figure, the mean of a day", "Normal", "Upgrade"], lines)


def slower_table(result: dict[str, Any]) -> str:
    """Return a row for each value of `upgrade.cost.during`: figures of the upgrade's days in some offices."""
    lines = [
        [during, *(_with_half_width(figures[name]) for name in SLOWER_FIGURES)]
        for during, figures in result["slower"].items()
    ]
    return _markdown(["`upgrade.cost.during`", *SLOWER_FIGURES.values()], lines)


def guesses_table(result: dict[str, Any]) -> str:
    """Return a row a measure and guess, the strongest: the conclusion at its bounds, and Morris' mu* and sigma."""
    lines = []
    for conclusion in result["sensitivity"]["conclusions"]:
        measure = PERFORMANCE[conclusion["measure"]]
        lines += [
            [
                axis_name(conclusion["measure"]),
                f"`{effect['guess']}`",
                f"{effect['low']} to {effect['high']}",
                *(_signed(effect[name] * factor(measure)) for name in ("at_low", "at_high")),
                f"{effect['mu_star'] * factor(measure):.2f} ± {effect['mu_star_half_width'] * factor(measure):.2f}",
                f"{effect['sigma'] * factor(measure):.2f}",
            ]
            for effect in conclusion["effects"][:STRONGEST]
        ]
    return _markdown(["Upgrade less normal", "Guess", "Range", "At least", "At most", "mu*", "sigma"], lines)


def _markdown(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _signed(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.2f}"


def _with_half_width(found: dict[str, float]) -> str:
    half = (found["high"] - found["low"]) / 2
    digits = 0 if abs(found["mean"]) >= 100 else 2
    return f"{found['mean']:,.{digits}f} ± {half:,.{digits}f}"
