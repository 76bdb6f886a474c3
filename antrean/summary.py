"""The summary of a run: the measures of every part of it, warnings, and the one table that answers the question."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

from antrean.fault_day import FaultTimes
from antrean.gate.run_cost import COST
from antrean.runs import Run
from model import scenario_file
from model.measures import measure_day
from model.normal_service import normal_again_s, usual_queue
from model.scenario import Scenario
from model.staffing import OfficePlan, plan_offices
from model.units import HOUR_S, MINUTE_S
from model.upgrade_cost import NO_SIGNALS, Signals, at_centre, queue_at_centre, span_costs, spans_of

SCHEMA_VERSION = 1
PARTS = {
    "lab-normal": "lab.toml",
    "lab-second": "lab.toml",
    "lab-upgrade": "lab.toml",
    "lab-faults": "lab.toml",
    "twin-normal": "lab.toml",
    "twin-second": "lab.toml",
    "twin-upgrade": "lab.toml",
    "nation-normal": "nation.toml",
    "nation-upgrade": "nation.toml",
}
"""Every part of a run and the scenario file that it played."""
KINDS = {"lab": "measured", "twin": "twin", "nation": "nation"}
"""What the first word of a part's name means."""


def summarise(
    run: Run,
    capacity: dict[str, Any],
    load: dict[str, dict[str, Any]],
    upgrade: dict[str, Any] | None,
    calibration: dict[str, Any] | None,
    nation_days: int,
    signals: Signals = NO_SIGNALS,
) -> dict[str, Any]:
    """Measure every part of the run that has events, and put it beside what else was found.

    Times of the measures are scenario seconds, except `server_*_s`: seconds of the server's own clock, which no
    speedup compresses.
    """
    parts: dict[str, Any] = {}
    focus: dict[str, Any] = {}
    for part, played in PARTS.items():
        if not (run.folder / part / "events.parquet").exists():
            continue
        scenario = scenario_file.load(str(run.folder / played))
        speedup = 1.0 if part.startswith("nation") else scenario.load.speedup
        days = nation_days if part.startswith("nation") else 1
        frame, plans = run.load_events(part), plan_offices(scenario)
        parts[part] = [_measured(frame, scenario, plans, day, speedup) for day in range(days)]
        code = scenario.load.offices[0]
        one = frame.filter(pl.col("office") == code)
        focus[part] = _measured(one, scenario, {code: plans[code]}, 0, speedup)
    return {
        "schema_version": SCHEMA_VERSION,
        "capacity": capacity,
        "load": load,
        "upgrade": upgrade,
        "faults": _faults(run),
        "upgrade_cost": upgrade_cost(run, upgrade, signals),
        "calibration": calibration,
        "cost": _costs(run),
        "parts": parts,
        "focus": focus,
        "warnings": _warnings(run, load, upgrade, parts),
    }


def _faults(run: Run) -> dict[str, dict[str, Any]]:
    """What became of the faults of each part that had any."""
    return {
        part: run.load_json(f"{part}/faults.json") for part in PARTS if (run.folder / part / "faults.json").exists()
    }


def _costs(run: Run) -> dict[str, dict[str, Any]]:
    """What each measured day cost the server, see `antrean.gate.run_cost`."""
    return {part: run.load_json(f"{part}/{COST}") for part in PARTS if (run.folder / part / COST).exists()}


def faults_of(summary: dict[str, Any]) -> dict[str, list[FaultTimes]]:
    """Return the faults that were injected in the lab, by the day; a summary of before there were faults has none."""
    return {
        part.split("-")[1]: [FaultTimes(**fault) for fault in faults["injected"]]
        for part, faults in summary.get("faults", {}).items()
    }


def _measured(
    frame: pl.DataFrame, scenario: Scenario, plans: dict[str, OfficePlan], day: int, speedup: float
) -> dict[str, Any]:
    try:
        measures = measure_day(frame, scenario, plans, day)
    except ValueError:
        # A day that was stopped before its first citizen came.
        return {}
    return measures._replace(
        server_p50_s=measures.server_p50_s / speedup, server_p95_s=measures.server_p95_s / speedup
    )._asdict()


def _warnings(
    run: Run,
    load_summaries: dict[str, dict[str, Any]],
    upgrade: dict[str, Any] | None,
    parts: dict[str, Any],
) -> list[str]:
    found = []
    if (run.folder / "lab.toml").exists():
        volume = scenario_file.load(str(run.folder / "lab.toml")).demand.volume
        if not 0.7 <= volume <= 1.4:
            found.append(
                f"The lab's offices had {volume:.2f} times their citizens: counters and printers are whole numbers, so "
                "how busy they were is only roughly right."
            )
    if run.load_json("meta.json")["quick"]:
        found.append("A quick run: a short compressed day, coarse in everything. Take figures from a full run.")
    found += _load_warnings(load_summaries)
    found += _fault_warnings(_faults(run), upgrade)
    if upgrade and upgrade["error"]:
        found.append(f"The upgrade failed: {upgrade['error']}")
    elif upgrade and upgrade["end_s"] is None:
        found.append("The upgrade had not ended when the day did; the new version alone was not measured.")
    if any(part.startswith("nation") for part in parts):
        found.append(
            "The nation's figures are extrapolated: more offices, people and processors than the lab measured."
        )
    return found


def _load_warnings(load_summaries: dict[str, dict[str, Any]]) -> list[str]:
    found = []
    for part, summary in load_summaries.items():
        if summary.get("valid_for_latency") is False:
            lag_ms = summary.get("dispatch_lag", {}).get("p99_ms", math.nan)
            found.append(f"{part}: the load generator lagged (p99 {lag_ms:.0f} ms); its latencies are not valid.")
        if summary.get("failed"):
            found.append(f"{part}: {summary['failed']} submissions failed for good.")
        if summary.get("dropped"):
            found.append(f"{part}: the generator dropped {summary['dropped']} citizens.")
    return found


def _fault_warnings(faults: dict[str, dict[str, Any]], upgrade: dict[str, Any] | None) -> list[str]:
    found = []
    for part, told in faults.items():
        names = "; ".join(FaultTimes(**fault).name for fault in told["injected"])
        if names:
            costs = " What the upgrade cost has their cost in it." if upgrade else ""
            found.append(f"{part}: faults were injected ({names}), which twin and nation do not know.{costs}")
        found += [f"{part}: {sentence}" for sentence in told["left_out"]]
    return found


def upgrade_cost(run: Run, upgrade: dict[str, Any] | None, signals: Signals) -> dict[str, Any] | None:
    """Measure what each phase of the lab's upgrade cost, and when normal service was back.

    Normal service is that of the normal day: its longest queue at the centre; where no normal day was played, that of
    the hour before the upgrade. `model.normal_service` says when it is back. Returns None without an upgrade day.
    """
    if not upgrade or not (run.folder / "lab-upgrade" / "events.parquet").exists():
        return None
    events = run.load_events("lab-upgrade")
    records, last_s = at_centre(events), float(events["finished_s"].max() or 0.0)  # type: ignore[arg-type] # a number
    if records.is_empty():
        return None
    spans = spans_of(upgrade["phases"], last_s)
    speedup = scenario_file.load(str(run.folder / "lab.toml")).load.speedup
    queue, reference = queue_at_centre(records), "the normal day"
    if (run.folder / "lab-normal" / "events.parquet").exists():
        usual = usual_queue(queue_at_centre(at_centre(run.load_events("lab-normal"))))
    else:
        reference = "the hour before the upgrade"
        usual = usual_queue(queue, upgrade["start_s"] - HOUR_S, upgrade["start_s"])
    return {
        "spans": [cost._asdict() for cost in span_costs(records, spans, speedup, signals)],
        "usual_queue": usual,
        "usual_is_of": reference,
        "normal_again_s": upgrade["end_s"] and normal_again_s(queue, usual, upgrade["end_s"], last_s),
    }


class Row(NamedTuple):
    """A line of the answer table."""

    label: str
    measure: str
    """A field of `DayMeasures`."""
    write: Callable[[Any], str]

    def show(self, day: dict[str, Any]) -> str:
        """Write a day's figure."""
        return self.write(day[self.measure])


def duration(seconds: float | None) -> str:
    """Write a duration for people: "42 ms", "3.2 s", "31 s", "12 min", "107 min"."""
    if seconds is None or math.isnan(seconds):
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE_S:,.0f} min"


COUNT, HOURS = "{:,}".format, "{:,.1f}".format
ROWS = (
    Row("Citizens who came", "arrivals", COUNT),
    Row("Cards a day", "cards", COUNT),
    Row("Wait, median", "wait_median_s", duration),
    Row("Wait, p95", "wait_p95_s", duration),
    Row("Backlog at closing", "backlog_at_closing", COUNT),
    Row("Without card at night", "unserved", COUNT),
    Row("Overtime, staff hours", "overtime_h", HOURS),
    Row("Server, median", "server_p50_s", duration),
    Row("Server, p95", "server_p95_s", duration),
)
"""The answer table's lines."""


def answer_table(days: dict[str, dict[str, Any]]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the columns (those of `days` that hold measures) and the lines (label, a cell a column) of the answer."""
    columns = [name for name, measures in days.items() if measures]
    return columns, [(row.label, [row.show(days[part]) for part in columns]) for row in ROWS]


def column_words(column: str) -> tuple[str, str]:
    """Return a column's heading in two lines: what kind of figures, and of which day."""
    kind, _, day = column.partition("-")
    return (KINDS[kind], f"{day} day") if day else ("validation:", column)


def lab_days(days: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return those of the parts that were measured in the lab, or simulated beside it."""
    return {part: day for part, day in days.items() if not part.startswith("nation")}


def first_days(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the first day's measures of every part."""
    return {part: days[0] for part, days in summary["parts"].items() if days}
