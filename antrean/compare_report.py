"""The result of a comparison: a table, comparison.json, and a self-contained page with advice and charts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from antrean.advice import advice
from antrean.charts import style
from antrean.compare_charts import Point, differences_from_as_is, trade_offs
from antrean.experiment import Experiment, Lineup, lineup
from antrean.ranking import Ranking, Standing
from antrean.report import picture, render
from antrean.runs import Run
from antrean.wording import enumerated, percent, shown, shown_difference, shown_interval
from model.performance import PERFORMANCE
from model.scenario import Scenario
from model.units import DAY_S

SCHEMA_VERSION = 1
_DIFFERENCES_CAPTION = (
    "The intervals hold together: with the stated confidence every one of them covers the true difference. One that "
    "covers zero leaves open whether the schedule does better or worse than as-is."
)
_TRADE_OFFS_CAPTION = (
    "Further down is less waiting, further left cheaper. The dashed line is the Pareto front: of the schedules on it "
    "none is better in one without being worse in the other. Thin lines are each mean's interval."
)


def ranking_table(
    ranking: Ranking, measures: Sequence[str] = tuple(PERFORMANCE)
) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the columns (verdict, then measures) and the lines (rank and name, cells) of the table."""
    columns = ["Verdict", *(PERFORMANCE[name].label for name in measures)]
    return columns, [
        (_name(each), [each.verdict.value, *(shown(name, each.measures[name].mean) for name in measures)])
        for each in ranking.standings
    ]


def save_comparison(run: Run, scenario: Scenario, experiment: Experiment, ranking: Ranking) -> Path:
    """Write comparison.json and comparison.html into the comparison's folder; return the page's path."""
    chosen = lineup(scenario, experiment)
    run.save_json(
        "comparison.json",
        {
            "schema_version": SCHEMA_VERSION,
            "advice": advice(ranking),
            "ranking": {
                **ranking._asdict(),
                "standings": [_standing_json(standing) for standing in ranking.standings],
            },
            "left_out": chosen.left_out,
        },
    )
    idle = [name for name in PERFORMANCE if not any(standing.measures[name].mean for standing in ranking.standings)]
    columns, lines = ranking_table(ranking, [name for name in PERFORMANCE if name not in idle])
    page = render(
        "comparison.html",
        scenario=scenario,
        scenario_text=(run.folder / "scenario.toml").read_text(encoding="utf-8"),
        meta=run.load_json("meta.json"),
        run=run.folder.name,
        experiment=experiment,
        ranking=ranking,
        label=PERFORMANCE[ranking.measure].label,
        advice=advice(ranking),
        notes=notes(experiment, chosen, ranking),
        table={"columns": columns, "lines": lines},
        zero=enumerated([PERFORMANCE[name].label for name in idle]),
        intervals=[_intervals(standing, ranking.measure) for standing in ranking.standings],
        confidence=percent(ranking.confidence),
        indifference=shown(ranking.measure, ranking.indifference),
        pictures=_pictures(ranking),
        left_out=chosen.left_out,
    )
    return run.save_text("comparison.html", page)


def notes(experiment: Experiment, chosen: Lineup, ranking: Ranking) -> list[str]:
    """Say what makes the figures doubtful."""
    found = []
    late = [name for name, each in chosen.candidates.items() if _ends_late(each.scenario, experiment.days)]
    if late:
        found.append(
            f"The days that were compared (--days {experiment.days}) end before the upgrade does in "
            f"{enumerated(late)}: what it costs afterwards is not in the figures."
        )
    if experiment.offices is not None:
        found.append(
            f"A quick look at {len(experiment.offices)} offices with their part of the centre: good for the order, "
            "coarse in the figures."
        )
    idle = [standing.name for standing in ranking.standings if standing.changed_nothing]
    if idle:
        found.append(
            f"Exactly as as-is in every replication and every measure: {enumerated(idle)}. What is changed there never "
            "came to bear in this scenario."
        )
    if not ranking.precise:
        found.append(
            f"After {ranking.replications} replications the means are not yet known to {percent(experiment.precision)}."
        )
    return found


def _name(standing: Standing) -> str:
    return f"{standing.rank or '-'} {standing.name}{' (= as-is)' if standing.changed_nothing else ''}"


def _intervals(standing: Standing, measure: str) -> list[str]:
    return [
        _name(standing),
        shown_interval(measure, standing.measures[measure]),
        shown_difference(measure, standing.differences[measure]),
        shown_difference(measure, standing.gap) if standing.gap else "-",
        str(standing.replications),
    ]


def _standing_json(standing: Standing) -> dict[str, Any]:
    return {
        **standing._asdict(),
        "measures": {name: found._asdict() for name, found in standing.measures.items()},
        "differences": {name: found._asdict() for name, found in standing.differences.items()},
        "gap": standing.gap._asdict() if standing.gap else None,
    }


def _ends_late(scenario: Scenario, days: int) -> bool:
    return scenario.upgrade is not None and scenario.seconds_at(scenario.upgrade.expected_end) > days * DAY_S


def _pictures(ranking: Ranking) -> list[dict[str, Any]]:
    points = [Point(standing.name, standing.measures, standing.verdict) for standing in ranking.standings]
    pictures = []
    with style():
        if len(points) > 1:
            pictures.append(picture("How far from as-is", differences_from_as_is(ranking), _DIFFERENCES_CAPTION))
        figure = trade_offs(points, ranking.measure)
        pictures.append(picture("What a shorter wait is paid with", figure, _TRADE_OFFS_CAPTION))
    return pictures
