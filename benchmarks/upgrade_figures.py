"""The figures of the upgrade's plans: from the days as they were played to a table."""

from typing import Any

import polars as pl

from antrean.runs import Run, machine
from antrean.summary import duration
from model import scenario_file
from model.measures import measure_day
from model.normal_service import normal_again_s, usual_queue
from model.scenario import Scenario
from model.staffing import plan_offices
from model.units import HOUR_S
from model.upgrade_cost import AFTER, BEFORE, Signals, Span, at_centre, queue_at_centre, span_costs, spans_of

NONE = "none"
DURING = "during"


def summarise(run: Run, names: list[str]) -> dict[str, Any]:
    """Measure every day: before, during and after its upgrade, and the day without one in the same hours.

    Normal service is that of the day without one. Lengths in scenario hours and in seconds of the wall clock; the
    server's times by its own clock.
    """
    lab = scenario_file.load(str(run.folder / "lab.toml"))
    normal = at_centre(run.load_events(NONE))
    return {
        "machine": machine(),
        "residents": lab.centre.residents,
        "speedup": lab.load.speedup,
        "capacity_per_s": run.load_json("capacity.json")["capacity_per_s"],
        "usual_queue": usual_queue(queue_at_centre(normal)),
        "days": {name: _day(run, name, lab, normal) for name in names},
    }


def _day(run: Run, name: str, lab: Scenario, normal: pl.DataFrame) -> dict[str, Any]:
    played, events = run.load_json(f"{name}/played.json"), run.load_events(name)
    citizens = measure_day(events, lab, plan_offices(lab), 0)
    told = {
        "load_average": played["load_average"],
        "wait_p95_s": citizens.wait_p95_s,
        "unserved": citizens.unserved,
        "failed": played["load"]["failed"],
        "retries": played["load"]["retries"],
    }
    records, signals = at_centre(events), Signals(**played["signals"])
    last_s = float(events["finished_s"].max())  # type: ignore[arg-type] # a number
    if played["upgrade"] is None:
        return told | {"spans": _costs(records, [Span(NONE, 0.0, last_s)], lab, signals)}
    return told | _upgrade(played["upgrade"], records, normal, lab, signals, last_s)


def _upgrade(
    upgrade: dict[str, Any],
    records: pl.DataFrame,
    normal: pl.DataFrame,
    lab: Scenario,
    signals: Signals,
    last_s: float,
) -> dict[str, Any]:
    start_s, end_s = upgrade["start_s"], upgrade["end_s"]
    spans = spans_of([(DURING, start_s, end_s)], last_s)
    phases = [span for span in spans_of(upgrade["phases"], last_s) if span.name not in (BEFORE, AFTER)]
    usual, queue = usual_queue(queue_at_centre(normal)), queue_at_centre(records)
    return {
        "error": upgrade["error"],
        "length_h": None if end_s is None else (end_s - start_s) / HOUR_S,
        "length_wall_s": None if end_s is None else (end_s - start_s) / lab.load.speedup,
        "longest_lock_s": max((wait_s for at_s, wait_s in signals.lock_waits if at_s >= start_s), default=0.0),
        "normal_again_s": None if end_s is None else normal_again_s(queue, usual, end_s, max(last_s, end_s)),
        "phases": upgrade["phases"],
        "spans": _costs(records, [*spans, *phases], lab, signals),
        "same_hours_without": _costs(normal, spans, lab, Signals()),
    }


def _costs(records: pl.DataFrame, spans: list[Span], lab: Scenario, signals: Signals) -> list[dict[str, Any]]:
    return [cost._asdict() for cost in span_costs(records, spans, lab.load.speedup, signals)]


COLUMNS = (
    "plan", "took", "of wall time", "ready an hour: before / during / after", "during, against the same hours without",
    "p95: before / during / after", "most at the centre: before / during / after", "given up", "repeated",
    "longest lock wait", "normal service", "citizens' p95",
)  # fmt: skip


def markdown(result: dict[str, Any]) -> str:
    """Write the days as a table, a line a plan."""
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    lines += [_line(name, day) for name, day in result["days"].items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(name: str, day: dict[str, Any]) -> tuple[str, ...]:
    named = {span["name"]: span for span in day["spans"]}
    spans = [named[part] for part in (NONE, BEFORE, DURING, AFTER) if part in named]
    upgraded = "length_h" in day
    clock = day.get("normal_again_s")
    return (
        name,
        "" if not upgraded else "not ended" if day["length_h"] is None else f"{day['length_h']:.1f} h",
        "" if not upgraded or day["length_wall_s"] is None else f"{day['length_wall_s']:.1f} s",
        " / ".join(_count(span["ready_per_h"]) for span in spans),
        "" if not upgraded else _against(named[DURING], day["same_hours_without"][1]),
        " / ".join(duration(span["server_p95_s"]) for span in spans),
        " / ".join(_count(span["queue_max"]) for span in spans),
        _count(day["failed"]),
        _count(day["retries"]),
        duration(day["longest_lock_s"]) if upgraded else "",
        "" if not upgraded else "not on the day" if clock is None else _clock(clock),
        duration(day["wait_p95_s"]),
    )


def _count(number: float | None) -> str:
    return "-" if number is None else f"{number:,.0f}"


def _against(span: dict[str, Any], without: dict[str, Any]) -> str:
    """Hold a span against the same hours of the day without an upgrade: throughput and p95."""
    rate = f"{span['ready_per_h'] / without['ready_per_h']:.0%}" if without["ready_per_h"] else "-"
    known = span["server_p95_s"] is not None and without["server_p95_s"]
    return f"{rate}, p95 {span['server_p95_s'] / without['server_p95_s']:.1f}x" if known else rate


def _clock(moment_s: float) -> str:
    """Write scenario seconds as a time of the first day's clock, and of the days after it."""
    days, seconds = divmod(moment_s, 24 * HOUR_S)
    clock = f"{int(seconds // HOUR_S):02d}:{int(seconds % HOUR_S // 60):02d}"
    return clock if not days else f"{clock}, day {int(days) + 1}"
