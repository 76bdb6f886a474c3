"""The nation's figures, each with how far the twin was off in it where that could be checked, and what is beyond."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from antrean.charts import MARK
from antrean.held_out import HeldOut
from antrean.summary import ROWS
from antrean.validation.comparison import Pair
from model.measures import DayMeasures

EXACT = ("arrivals",)
"""Measures that no centre has any part in: the citizens are those of the scenario."""
ERROR = "error"
"""The last column of the nation's table."""


class Prediction(NamedTuple):
    """What a run knows of how good its twin is."""

    held_out: HeldOut
    verdict: str
    errors: dict[str, Pair]
    """By measure, of the lab's offices on the hours held out; empty when none could be compared."""
    focus: dict[str, Pair]
    """The same of the first office alone."""
    spread: dict[str, dict[str, float]]
    """By part, such as nation-upgrade, and measure: see `extrapolation.fit_spread`."""
    draws: int
    """From how many draws the spread is."""
    offices: int
    """In how many offices."""
    beyond: dict[str, list[str]]
    """By part: what of it was never measured."""


def national_figures(
    days: Mapping[str, Mapping[str, Any]], focus: Mapping[str, Mapping[str, Any]], prediction: Prediction
) -> dict[str, Any]:
    """Put the validation's error beside every national figure, as summary.json holds it.

    Args:
        days: the first day's measures of each part.
        focus: the same of the first office alone.
        prediction: what is known of the twin.
    """
    return {
        "validated_on": prediction.held_out.words,
        "verdict": prediction.verdict,
        "draws": prediction.draws,
        "draws_offices": prediction.offices,
        "beyond": prediction.beyond,
        "parts": {part: _figures(days[part], prediction.errors, prediction.spread[part]) for part in prediction.beyond},
        "focus": {part: _figures(focus[part], prediction.focus, {}) for part in prediction.beyond},
    }


def _figures(day: Mapping[str, Any], errors: Mapping[str, Pair], spread: Mapping[str, float]) -> dict[str, Any]:
    return {
        name: {
            "value": day[name],
            "measured": errors[name].measured if name in errors else None,
            "predicted": errors[name].predicted if name in errors else None,
            "error": errors[name].error if name in errors else None,
            "fit_half_width": spread.get(name),
        }
        for name in DayMeasures._fields[1:]
        if day and name not in EXACT
    }


def cell(shown: str, figure: Mapping[str, Any] | None, *, extrapolated: bool) -> str:
    """Write a national figure, what the fit leaves open and, where it is extrapolated, the mark: "41 min ±7 % *"."""
    if figure is None:
        return shown
    half = figure["fit_half_width"]
    known = half is not None and not math.isnan(half) and figure["value"]
    around = f" ±{100 * half:.0f} %" if known else ""
    return f"{shown}{around}{f' {MARK}' if extrapolated else ''}"


def error_words(figure: Mapping[str, Any] | None) -> str:
    """Write how far the twin was off: "-6 %", or "3 for 0" where nothing was measured that it could be relative to."""
    if figure is None:
        return "exact"
    if figure["measured"] is None or figure["predicted"] is None:
        return "not checked"
    pair = Pair(figure["measured"], figure["predicted"])
    if math.isnan(pair.error):
        return "0" if round(pair.predicted) == 0 else f"{pair.predicted:,.0f} for 0"
    return pair.words


def national_table(
    days: Mapping[str, Mapping[str, Any]], national: Mapping[str, Any], figures: str = "parts"
) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the columns and lines (label, a cell a column) of the nation's table; the last column is the error.

    Args:
        days: the first day's measures of each part.
        national: the summary's table of that name.
        figures: which of its tables: "parts" for all offices, "focus" for the first alone.
    """
    parts = {part: table for part, table in national[figures].items() if days.get(part)}
    lines = []
    for row in ROWS:
        found = [table.get(row.measure) for table in parts.values()]
        cells = [
            cell(row.write(days[part][row.measure]), figure, extrapolated=bool(national["beyond"][part]))
            for part, figure in zip(parts, found, strict=True)
        ]
        lines.append((row.label, [*cells, error_words(found[0] if found else None)]))
    return [*parts, ERROR], lines


def legend(national: Mapping[str, Any]) -> list[str]:
    """Explain the table of national figures, a sentence or two a line."""
    told = [f"Error: how far the twin was off in the lab's offices on {national['validated_on']}."]
    if national["draws"]:
        told.append(
            f"±: half of the 90% interval that the calibration's own uncertainty leaves, from {national['draws']} "
            f"draws in {national['draws_offices']} offices."
        )
    return told + marks(list(national["beyond"].values()))


def marks(beyond: Sequence[Sequence[str]]) -> list[str]:
    """Say what the mark stands for; nothing where nothing is beyond the calibrated range."""
    all_of_them = list(dict.fromkeys(words for of_part in beyond for words in of_part))
    return [f"{MARK} Extrapolated beyond what was calibrated: {'; '.join(all_of_them)}."] if all_of_them else []
