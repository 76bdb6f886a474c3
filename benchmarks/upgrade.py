"""What each plan of the upgrade costs, the same citizens on the same day: `make bench-upgrade`.

Seeds the scenario's residents once, measures the server's capacity once, and plays the lab's day without an upgrade and
with each plan, every day on a fresh copy of the same database. It can be stopped at any time and goes on with the plans
that are missing; `--afresh` forgets what was measured. Writes results/benchmarks/upgrade.json and
docs/pictures/upgrade-plans.svg, and prints a table in Markdown.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import polars as pl
import typer

from antrean.charts import style
from antrean.lab import Lab, open_lab
from antrean.play import Played, measure_capacity, play_day
from antrean.runs import Run, machine
from benchmarks.upgrade_chart import Day, draw
from benchmarks.upgrade_table import markdown
from model import scenario_file
from model.compression import all_lab_offices, lab_scenario, quick
from model.normal_service import normal_again_s, usual_queue
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import without_upgrade
from model.units import DAY_S, HOUR_S, DayWindow
from model.upgrade_cost import AFTER, BEFORE, Span, at_centre, queue_at_centre, span_costs, spans_of

ROOT = Path(__file__).parent.parent
EVENINGS = [DayWindow(18 * HOUR_S, 24 * HOUR_S)]
SEE_OUT_S = 600.0
"""Wall time that an upgrade may go on when its day is over, before it counts as not ended."""
DURING = "during"
NONE = "none"


class Variant(NamedTuple):
    """A way to upgrade."""

    plan: str
    hours: list[DayWindow]


VARIANTS: Mapping[str, Variant | None] = {
    NONE: None,
    "big-bang": Variant("big-bang", []),
    "rolling": Variant("rolling", []),
    "online": Variant("online", []),
    "online, evening": Variant("online", EVENINGS),
}


def scenario_of(variant: Variant | None, scenario: Scenario) -> Scenario:
    """Return the scenario upgraded in this way."""
    if variant is None or scenario.upgrade is None:
        return without_upgrade(scenario)
    changed = scenario.upgrade.model_copy(update={"plan": variant.plan, "hours": variant.hours})
    return scenario.model_copy(update={"upgrade": changed})


def measure(run: Run, lab: Lab, scenario: Scenario) -> None:
    """Measure the capacity and play every variant's day, each unless the run's folder has it."""
    say(f"Seeding {scenario.centre.residents:,} residents ...")
    everywhere = all_lab_offices(scenario)
    say("seeded" if lab.seed(scenario, plan_offices(everywhere)) else "reused what was seeded before")
    if not (run.folder / "capacity.json").exists():
        file = run.save_text("capacity.toml", scenario_file.dump(everywhere))
        with lab.server("capacity", plan_offices(everywhere), printer_s_per_card=0.0) as server:
            found = measure_capacity(server, file, everywhere, run.part("capacity"), lambda _share, _words: None)
        run.save_json("capacity.json", found)
    capacity_per_s = run.load_json("capacity.json")["capacity_per_s"]
    say(f"capacity {capacity_per_s:.1f} enrollments a second")
    played = lab_scenario(scenario, capacity_per_s)
    run.save_text("lab.toml", scenario_file.dump(played))
    for name, variant in VARIANTS.items():
        part = part_of(name)
        if not (run.folder / part / "upgrade.json").exists():
            say(f"{name} ...")
            keep(run, part, play(run, lab, part, scenario_of(variant, played)))


def play(run: Run, lab: Lab, part: str, scenario: Scenario) -> Played:
    """Play a day on a server of its own; the upgrade may end after it.

    Raises:
        KeyboardInterrupt: it was stopped; half a day is not kept.
    """
    plans = plan_offices(scenario)
    file = run.save_text(f"{part}.toml", scenario_file.dump(scenario))
    with lab.server(part, plans, scenario.service.printing_s / scenario.load.speedup) as server:
        played = play_day(server, file, scenario, run.part(part) / "load", lambda _share, _words: None, SEE_OUT_S)
    if not played.complete:
        raise KeyboardInterrupt
    return played


def keep(run: Run, part: str, played: Played) -> None:
    """Write a played day, the file that says it is there last."""
    run.save_events(part, played.events)
    run.save_json(f"{part}/load.json", played.load_summary)
    content = {
        "upgrade": played.upgrade._asdict() if played.upgrade else None,
        "retries_s": list(played.signals.retries_s),
        "lock_waits": list(played.signals.lock_waits),
        "load_average": os.getloadavg()[0],
    }
    run.save_json(f"{part}/upgrade.json", content)


def part_of(name: str) -> str:
    """Return the name of a variant's folder."""
    return name.replace(", ", "-")


def summarise(run: Run) -> dict[str, Any]:
    """Bring the days together: each before, during and after its upgrade, and the day without one in the same hours."""
    lab = scenario_file.load(str(run.folder / "lab.toml"))
    normal = at_centre(run.load_events(NONE))
    usual = usual_queue(queue_at_centre(normal))
    return {
        "machine": machine(),
        "residents": lab.centre.residents,
        "speedup": lab.load.speedup,
        "capacity_per_s": run.load_json("capacity.json")["capacity_per_s"],
        "usual_queue": usual,
        "plans": {name: _plan(run, name, normal, usual, lab.load.speedup) for name in VARIANTS},
    }


def _plan(run: Run, name: str, normal: pl.DataFrame, usual: int, speedup: float) -> dict[str, Any]:
    part = part_of(name)
    kept, events = run.load_json(f"{part}/upgrade.json"), run.load_events(part)
    load = {count: run.load_json(f"{part}/load.json").get(count) for count in ("arrivals", "issued", "failed", "retries")}
    told = {"load": load, "load_average": kept["load_average"]}
    upgrade, records = kept["upgrade"], at_centre(events)
    last_s = _last_s(events)
    signals = _signals(kept)
    if upgrade is None:
        # The whole day stands for what is usual.
        return told | {"spans": [c._asdict() for c in span_costs(records, [Span(NONE, 0.0, last_s)], speedup, signals)]}
    start_s, end_s = upgrade["start_s"], upgrade["end_s"]
    whole = spans_of([(DURING, start_s, end_s)], last_s)
    phases = [span for span in spans_of(upgrade["phases"], last_s) if span.name not in (BEFORE, AFTER)]
    length_s = None if end_s is None else end_s - start_s
    return told | {
        "error": upgrade["error"],
        "length_h": length_s and length_s / HOUR_S,
        "length_wall_s": length_s and length_s / speedup,
        "longest_lock_s": max((wait_s for at_s, wait_s in signals.lock_waits if at_s >= start_s), default=0.0),
        "normal_again_s": end_s and normal_again_s(queue_at_centre(records), usual, end_s, max(last_s, end_s)),
        "phases": upgrade["phases"],
        "spans": [cost._asdict() for cost in span_costs(records, [*whole, *phases], speedup, signals)],
        "without_upgrade": [cost._asdict() for cost in span_costs(normal, whole, speedup)],
    }


def main(
    small: Annotated[bool, typer.Option("--quick", help="A coarse day and few residents, to see that it works.")] = False,
    afresh: Annotated[bool, typer.Option("--afresh", help="Forget what an earlier run has measured.")] = False,
    keep_seed: Annotated[Path, typer.Option(help="Where the seeded database stays.")] = Path(tempfile.gettempdir())
    / "antrean-seeds",
) -> None:
    """Measure what is missing, then write the results, the chart and the table."""
    scenario = scenario_file.load("april-2016")
    if small:
        scenario = quick(scenario)
        scenario = scenario.model_copy(update={"centre": scenario.centre.model_copy(update={"residents": 5_000})})


if __name__ == "__main__":
    typer.run(main)
