"""What each plan of the upgrade costs, the same citizens on the same day: `make bench-upgrade`.

Seeds the scenario's residents once, measures the server's capacity once, and plays the lab's day without an upgrade and
with each plan, every day on a fresh copy of the same database. It can be stopped at any time and goes on with the plans
that are missing; `--afresh` forgets what was measured. Writes results/benchmarks/upgrade.json and
docs/pictures/upgrade-plans.svg, and prints a table in Markdown.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from antrean.lab import Lab, open_lab
from antrean.play import Played, measure_capacity, play_day
from antrean.processes import ProcessError
from antrean.runs import RESULTS, Run
from benchmarks.upgrade_chart import write_chart
from benchmarks.upgrade_figures import NONE, markdown, summarise
from model import scenario_file
from model.compression import all_lab_offices, lab_scenario, quick
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import without_upgrade
from model.upgrade import Upgrade

ROOT = Path(__file__).parent.parent
SEEDS = Path(tempfile.gettempdir()) / "antrean-seeds"
QUICK_RESIDENTS = 5_000
SEE_OUT_S = 600.0
"""Wall time that an upgrade may outlast its day before it counts as not ended."""


class Variant(NamedTuple):
    """A way to upgrade: the plan, and the hours to which it keeps."""

    plan: str
    hours: list[str]


VARIANTS: Mapping[str, Variant | None] = {
    NONE: None,
    "big-bang": Variant("big-bang", []),
    "rolling": Variant("rolling", []),
    "online": Variant("online", []),
    "online-evening": Variant("online", ["18:00-24:00"]),
}


def scenario_of(variant: Variant | None, scenario: Scenario) -> Scenario:
    """Return the scenario upgraded in this way."""
    if variant is None or scenario.upgrade is None:
        return without_upgrade(scenario)
    # As if the scenario's file said so, lest anything stand there that no file can say.
    told = scenario.upgrade.model_dump(by_alias=True) | {"plan": variant.plan, "hours": variant.hours}
    return scenario.model_copy(update={"upgrade": Upgrade.model_validate(told)})


def measure(run: Run, lab: Lab, scenario: Scenario) -> None:
    """Measure the capacity and play every variant's day, each unless the run's folder has it."""
    everywhere = all_lab_offices(scenario)
    seeded = lab.seed(scenario, plan_offices(everywhere))
    _say(f"{scenario.centre.residents:,} residents, {'seeded' if seeded else 'reused'}")
    if not (run.folder / "capacity.json").exists():
        file = run.save_text("capacity.toml", scenario_file.dump(everywhere))
        with lab.server("capacity", plan_offices(everywhere), printer_s_per_card=0.0) as server:
            found = measure_capacity(server, file, everywhere, run.part("capacity"), _show_nothing)
        run.save_json("capacity.json", found)
    capacity_per_s = run.load_json("capacity.json")["capacity_per_s"]
    _say(f"capacity {capacity_per_s:.1f} enrollments a second")
    played = lab_scenario(scenario, capacity_per_s)
    run.save_text("lab.toml", scenario_file.dump(played))
    for name, variant in VARIANTS.items():
        if not (run.folder / name / "played.json").exists():
            _say(f"{name} ...")
            _keep(run, name, _play(run, lab, name, scenario_of(variant, played)))


def _play(run: Run, lab: Lab, name: str, scenario: Scenario) -> Played:
    """Play a day on a server of its own; half a day is worth nothing here."""
    file = run.save_text(f"{name}.toml", scenario_file.dump(scenario))
    printer_s = scenario.service.printing_s / scenario.load.speedup
    with lab.server(name, plan_offices(scenario), printer_s) as server:
        played = play_day(server, file, scenario, run.part(name) / "load", _show_nothing, SEE_OUT_S)
    if not played.complete:
        raise KeyboardInterrupt
    if scenario.upgrade and played.upgrade is None:
        raise ProcessError(f"{name}: the upgrade never began; see {run.logs / name}")
    return played


def _keep(run: Run, name: str, played: Played) -> None:
    """Write a day, last the file that says that it is there."""
    run.save_events(name, played.events)
    content = {
        "upgrade": played.upgrade._asdict() if played.upgrade else None,
        "load": played.load_summary,
        "signals": played.signals._asdict(),
        "load_average": os.getloadavg()[0],
    }
    run.save_json(f"{name}/played.json", content)


def _show_nothing(_share: float, _words: str) -> None:
    pass


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _small(scenario: Scenario) -> Scenario:
    scenario = quick(scenario)
    return scenario.model_copy(update={"centre": scenario.centre.model_copy(update={"residents": QUICK_RESIDENTS})})


def main(
    small: Annotated[bool, typer.Option("--quick", help="Few residents, a short day: to see that it works.")] = False,
    afresh: Annotated[bool, typer.Option("--afresh", help="Forget what was measured before.")] = False,
    keep_seed: Annotated[Path, typer.Option(help="Where the seeded database is kept.")] = SEEDS,
) -> None:
    """Measure what is missing, then write the results, the chart and the table."""
    scenario = scenario_file.load("april-2016")
    run = Run(ROOT / RESULTS / f"upgrade-plans{'-quick' if small else ''}")
    if afresh:
        shutil.rmtree(run.folder, ignore_errors=True)
    run.folder.mkdir(parents=True, exist_ok=True)
    with open_lab(run.logs, keep=keep_seed) as lab:
        measure(run, lab, _small(scenario) if small else scenario)
    result = summarise(run, list(VARIANTS))
    # A quick look must not stand where the measurement does.
    to = run.folder if small else ROOT / RESULTS / "benchmarks"
    to.mkdir(parents=True, exist_ok=True)
    (to / "upgrade.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    write_chart(run, result, (run.folder if small else ROOT / "docs" / "pictures") / "upgrade-plans.svg")
    print(markdown(result))


if __name__ == "__main__":
    typer.run(main)
