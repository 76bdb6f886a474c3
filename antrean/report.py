"""The report of a run: one self-contained HTML file, made from nothing but the data in the run's folder."""

import base64
import io
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from antrean import charts
from antrean.calibration.calibration_report import in_words
from antrean.national import error_words, legend, marks, national_table
from antrean.runs import Run
from antrean.summary import answer_table, column_words, duration, faults_of, first_days, lab_days
from antrean.wording import enumerated
from model.offices import all_offices
from model.scenario import Scenario
from model.scenario_file import load as load_scenario
from model.staffing import plan_offices
from model.units import DAY_S

OTHER_DAYS = ("upgrade", "faults")
"""What a normal day can be compared with."""


def write_report(run: Run) -> Path:
    """Write report.html into the run's folder and return its path.

    Raises:
        FileNotFoundError: the run has no summary yet.
    """
    summary = run.load_json("summary.json")
    scenario = load_scenario(str(run.folder / "scenario.toml"))
    national = "national" in summary
    page = render(
        "report.html",
        meta=run.load_json("meta.json"),
        run=run.folder.name,
        scenario=scenario,
        scenario_text=(run.folder / "scenario.toml").read_text(encoding="utf-8"),
        summary=summary,
        answer=answer(summary),
        table=_table(*answer_table(lab_days(first_days(summary)) if national else first_days(summary))),
        nation=_nation(summary) if national else {},
        focus=_table(*answer_table(lab_days(summary["focus"]) if national else summary["focus"])),
        focus_name=all_offices()[scenario.load.offices[0]].name,
        lab=_lab(run),
        faults=faults_of(summary),
        moment=lambda seconds: scenario.moment_at(seconds).strftime("%H:%M"),
        pictures=_pictures(run, summary, scenario),
    )
    return run.save_text("report.html", page)


def render(template: str, **values: Any) -> str:
    """Fill a template; a value that it misses is an error."""
    environment = Environment(loader=PackageLoader("antrean"), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"duration": duration, "interval": in_words}
    return environment.get_template(template).render(**values)


def answer(summary: dict[str, Any]) -> list[str]:
    """Say in a few sentences what happened to the citizens, from the figures alone."""
    days = first_days(summary)
    alone = not any(part.endswith(f"-{day}") for part in days for day in OTHER_DAYS)
    sentences = []
    for kind, who in (("lab", "Measured"), ("nation", "Simulated for the nation")):
        other = next((day for day in OTHER_DAYS if days.get(f"{kind}-{day}")), None)
        normal = days.get(f"{kind}-normal")
        if normal and alone:
            sentences.append(
                f"{who}: half of the citizens had their card within {duration(normal['wait_median_s'])} and 95 of 100 "
                f"within {duration(normal['wait_p95_s'])}; {normal['backlog_at_closing']:,} of {normal['arrivals']:,} "
                f"still waited when the doors closed, and {normal['unserved']:,} went home at night without a card."
            )
        if not normal or not other:
            continue
        later = days[f"{kind}-{other}"]
        waits = _checked(summary, f"{kind}-normal", "wait_median_s", "wait_p95_s")
        rest = _checked(summary, f"{kind}-normal", "backlog_at_closing", "unserved", "overtime_h")
        sentences.append(
            f"{who}: on the normal day half of the citizens had their card within {duration(normal['wait_median_s'])} "
            f"and 95 of 100 within {duration(normal['wait_p95_s'])}; on the {other} day within "
            f"{duration(later['wait_median_s'])} and {duration(later['wait_p95_s'])}{waits}."
        )
        sentences.append(
            f"When the doors closed, {later['backlog_at_closing']:,} of {later['arrivals']:,} still waited "
            f"(normal day: {normal['backlog_at_closing']:,}), {later['unserved']:,} went home at night without a "
            f"card ({normal['unserved']:,}), and staff worked {later['overtime_h']:,.0f} hours overtime "
            f"({normal['overtime_h']:,.0f}){rest}."
        )
    return sentences


def _checked(summary: dict[str, Any], part: str, *measures: str) -> str:
    """Say in brackets how far the twin was off in measures of a part of the nation; nothing of what was measured."""
    national = summary.get("national", {})
    if part not in national.get("parts", {}):
        return ""
    off = enumerated([error_words(national["parts"][part].get(name)) for name in measures])
    return f" (validated to {off} on {national['validated_on']})"


def _table(columns: list[str], lines: list[tuple[str, list[str]]]) -> dict[str, Any]:
    return {"columns": [column_words(column) for column in columns], "lines": lines}


def _nation(summary: dict[str, Any]) -> dict[str, Any]:
    """The nation's tables, of all offices and of the first alone, and what explains them."""
    national = summary["national"]
    return {
        "table": _table(*national_table(first_days(summary), national)),
        "focus": _table(*national_table(summary["focus"], national, "focus")),
        "legend": legend(national),
    }


def _lab(run: Run) -> dict[str, Any]:
    path = run.folder / "lab.toml"
    if not path.exists():
        return {}
    lab = load_scenario(str(path))
    names = [all_offices()[code].name for code in lab.offices.which]
    return {"offices": names, "volume": lab.demand.volume, "speedup": lab.load.speedup, "peak": lab.load.peak_share}


def _pictures(run: Run, summary: dict[str, Any], scenario: Scenario) -> list[dict[str, Any]]:
    frames = {part: run.load_events(part) for part in summary["parts"]}
    pairs = {
        kind: {day: frames[f"{kind}-{day}"] for day in ("normal", *OTHER_DAYS) if f"{kind}-{day}" in frames}
        for kind in ("lab", "nation")
    }
    twins = [part.removeprefix("twin-") for part in frames if part.startswith("twin-")]
    pictures, faults = [], faults_of(summary)
    with charts.style():
        if pairs["lab"]:
            speedup = load_scenario(str(run.folder / "lab.toml")).load.speedup
            figure = charts.day_in_hours(pairs["lab"], scenario, upgrade_window(summary), speedup, faults)
            pictures.append(picture("The measured day in hours", figure, _DAY_CAPTION))
            pictures += _upgrade_picture(pairs["lab"], scenario, summary, speedup)
        if twins:
            days = [*twins, *(("faults",) if "lab-faults" in frames else ())]
            both = {
                (kind, day): frames[f"{kind}-{day}"]
                for kind in ("lab", "twin")
                for day in days
                if f"{kind}-{day}" in frames
            }
            figure = charts.twin_over_measurement(both, scenario, faults)
            pictures.append(picture("The twin over the measurement", figure, _TWIN_CAPTION))
        if pairs["nation"]:
            beyond = marks(list(summary.get("national", {}).get("beyond", {}).values()))
            figure = charts.nation_in_hours(pairs["nation"], scenario, beyond)
            pictures.append(picture("The nation", figure, _NATION_CAPTION))
            nation = load_scenario(str(run.folder / "nation.toml"))
            zones = {code: plan.office.zone.value for code, plan in plan_offices(nation).items()}
            figure = charts.nation_by_zone(pairs["nation"], zones, beyond)
            pictures.append(picture("The nation by time zone", figure, _ZONE_CAPTION))
    return pictures


def _upgrade_picture(
    frames: dict[str, pl.DataFrame], scenario: Scenario, summary: dict[str, Any], speedup: float
) -> list[dict[str, Any]]:
    cost = summary["upgrade_cost"]
    if not cost:
        return []
    figure = charts.upgrade_day(
        frames, scenario, summary["upgrade"]["phases"], cost["normal_again_s"], speedup, faults_of(summary)
    )
    return [picture("The upgrade day, phase by phase", figure, _UPGRADE_CAPTION)]


_DAY_CAPTION = (
    "Grey: the server's known peak windows. Tinted, between the dotted lines: while the upgrade worked. Hatched and "
    "numbered: faults. Citizens and cards in the day's time; the server's times by its own clock, from a record's "
    "receipt to its card being ready for the printer."
)
_UPGRADE_CAPTION = (
    "Tinted: the upgrade's phases. A record is at the centre from an office's first sending until its card is ready "
    "for the printer. The green line: from here on, for an hour, the queue was no longer than the normal day's longest."
)
_TWIN_CAPTION = (
    "The same citizens, measured and simulated with a draw of the calibration. What the upgrade costs is calibrated on "
    "the upgrade day itself; of a quick run's normal day the morning was seen, of a second normal day nothing."
)
_NATION_CAPTION = (
    "The centre is scaled so that the normal day's peak hour fills the share of it that the scenario gives; the "
    "upgrade slows it as much as it slowed the measured server, for as long as the authority expected."
)
_ZONE_CAPTION = "Each office in its own local time; all share the one centre."


def upgrade_window(summary: dict[str, Any]) -> tuple[float, float] | None:
    """Return between which scenario seconds the upgrade worked, until the day's end if it had not ended."""
    upgrade = summary["upgrade"]
    if not upgrade:
        return None
    return upgrade["start_s"], upgrade["end_s"] or DAY_S


def picture(title: str, figure: Figure, caption: str) -> dict[str, Any]:
    """Return a chart as the templates take it, its image within the page."""
    image = io.BytesIO()
    figure.savefig(image, format="png")
    data = base64.b64encode(image.getvalue()).decode()
    return {"title": title, "source": Markup(f"data:image/png;base64,{data}"), "caption": caption}  # noqa: S704 - ours
