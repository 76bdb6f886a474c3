"""What a sensitivity analysis found: a table, sensitivity.json and the tornado chart."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from antrean.charts import style
from antrean.compare_charts import axis_name, factor
from antrean.optimise import written
from antrean.runs import Run
from antrean.sensitivity import Conclusion
from antrean.wording import shown_value_with_sign
from model.optimise import Written
from model.performance import PERFORMANCE
from model.sensitivity import Sensitivity

SCHEMA_VERSION = 1
AT_LOW, AT_HIGH = "#0072B2", "#D55E00"
LABELLED = 0.01
"""A bar shorter than this share of the widest has no value beside it."""


def effects_table(conclusion: Conclusion) -> tuple[list[str], list[list[str]]]:
    """Return the columns and a line a guess, the strongest first."""
    measure = conclusion.measure
    columns = [PERFORMANCE[measure].label, "range", "at least", "at most", "mu*", "sigma"]
    return columns, [
        [
            effect.guess,
            f"{written(effect.low)} to {written(effect.high)}",
            *(
                shown_value_with_sign(measure, value)
                for value in (effect.at_low, effect.at_high, effect.mu_star, effect.sigma)
            ),
        ]
        for effect in conclusion.effects
    ]


def sentence(conclusion: Conclusion, asked: Sensitivity) -> str:
    """Say whether the conclusion holds whatever the guesses are."""
    count, same = conclusion.combinations, conclusion.same_sign
    holds = f"all {count}" if same == count else f"{same} of {count}"
    return (
        f"{PERFORMANCE[conclusion.measure].label}: {asked.schedule} less {asked.against} is "
        f"{shown_value_with_sign(conclusion.measure, conclusion.difference)} with the guesses as they are, and has the "
        f"same sign in {holds} combinations of them; {conclusion.effects[0].guess} moves it most."
    )


def save_sensitivity(begun: Run, conclusions: list[Conclusion], asked: Sensitivity) -> Path:
    """Write sensitivity.json and tornado.png into the analysis' folder; return the chart's path."""
    begun.save_json("sensitivity.json", plain(conclusions, asked))
    path = begun.folder / "tornado.png"
    with style():
        tornado(conclusions, asked).savefig(path)
    return path


def plain(conclusions: list[Conclusion], asked: Sensitivity) -> dict[str, Any]:
    """Return what a JSON file holds of the analysis."""
    return {
        "schema_version": SCHEMA_VERSION,
        "schedule": asked.schedule,
        "against": asked.against,
        "conclusions": [
            each._asdict()
            | {
                "effects": [
                    effect._asdict() | {"low": written(effect.low), "high": written(effect.high)}
                    for effect in each.effects
                ]
            }
            for each in conclusions
        ],
    }


def tornado(conclusions: list[Conclusion], asked: Sensitivity) -> Figure:
    """Draw for each measure how far each guess alone moves the difference between the two schedules."""
    rows = len(conclusions[0].effects)
    figure = Figure(figsize=(10, len(conclusions) * (1.1 + 0.32 * rows) + 0.4))
    axes = figure.subplots(len(conclusions), 1, squeeze=False)[:, 0]
    for axis, conclusion in zip(axes, conclusions, strict=True):
        _bars(axis, conclusion)
    axes[0].set_title(f"{asked.schedule} less {asked.against}, with one guess at a time at its bounds")
    keys = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    figure.legend(keys.values(), keys.keys(), loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _bars(axis: Axes, conclusion: Conclusion) -> None:
    by = factor(PERFORMANCE[conclusion.measure])
    middle = conclusion.difference * by
    widest = max(abs(end * by - middle) for effect in conclusion.effects for end in (effect.at_low, effect.at_high))
    for row, effect in enumerate(conclusion.effects):
        bars: list[tuple[float, Written, dict[str, Any]]] = [
            (effect.at_low * by - middle, effect.low, {"color": AT_LOW, "label": "at its least value"}),
            (
                effect.at_high * by - middle,
                effect.high,
                {"color": AT_HIGH, "label": "at its largest value", "hatch": "//"},
            ),
        ]
        # Where both go to one side, the longer first, so that neither hides the other, and its value above the other's.
        raised = (4, -4) if bars[0][0] * bars[1][0] > 0 else (0, 0)
        for (width, value, drawn), up in zip(sorted(bars, key=lambda bar: -abs(bar[0])), raised, strict=True):
            axis.barh(row, width, left=middle, height=0.6, alpha=0.8, **drawn)
            if abs(width) > LABELLED * widest:
                right = width > 0
                axis.annotate(
                    written(value),
                    (middle + width, row),
                    xytext=(4 if right else -4, up),
                    textcoords="offset points",
                    ha="left" if right else "right",
                    va="center",
                    fontsize=7,
                )
    axis.axvline(middle, color="#222222", linewidth=1)
    axis.axvline(0, color="#222222", linewidth=1, linestyle=":")
    axis.set_yticks(range(len(conclusion.effects)), [effect.guess for effect in conclusion.effects])
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.set_xlabel(f"difference in {axis_name(conclusion.measure)}")
