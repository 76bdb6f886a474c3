"""Whether the twin predicts days that it has not seen: `make bench-twin`.

In every round measures the server's capacity, plays the days of `benchmarks/twin_days.py` on fresh copies of one
database, calibrates on some of them and predicts the others; docs/twin-protocol.md is the protocol. It can be stopped
at any time and goes on where it was. Writes results/benchmarks/twin.json, a chart, and the table of the protocol.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from antrean.lab import Lab, open_lab, worker_count
from antrean.options import EXIT_INTERRUPTED
from antrean.play import measure_capacity, play_day
from antrean.runs import RESULTS
from antrean.validation.comparison import GOALS
from benchmarks import twin_docs
from benchmarks.reference import reference_s
from benchmarks.twin_campaign import CAPACITY, REPLICATIONS, Campaign, part_of
from benchmarks.twin_chart import write_chart
from benchmarks.twin_days import Day, in_order, needed, normal_day, played, replication_of, why_not
from benchmarks.twin_figures import result_of
from model import scenario_file
from model.compression import all_lab_offices
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import changed

ROOT = Path(__file__).parent.parent
SEEDS = Path(tempfile.gettempdir()) / "antrean-seeds"
SMALL = {"centre": {"residents": 2_000}, "load": {"speedup": 2304, "capacity_window": "4 s"}}
"""To see that it works."""
SMALL_REPLICATIONS = 10
OVERHEAD_S = 15.0
"""About what a run takes besides its day: to start the server and the load, to read what was measured."""


class Turn(NamedTuple):
    """A day of a round that is still to be played."""

    round_number: int
    day: Day


def play_all(campaign: Campaign, lab: Lab, usual: Scenario, missing: list[Turn], replications: int) -> None:
    """Play what is missing, round after round; what is held out is predicted when its round is over."""
    lab.seed(usual, plan_offices(all_lab_offices(usual)))
    left = len(missing)
    for _, turns in groupby(missing, key=lambda turn: turn.round_number):
        a_round = list(turns)
        _play_round(campaign, lab, usual, a_round, left)
        left -= len(a_round)
        predict_missing(campaign, replications)


def _play_round(campaign: Campaign, lab: Lab, usual: Scenario, turns: list[Turn], left: int) -> None:
    """Play what is missing of a round; of all rounds `left` runs are."""
    number = turns[0].round_number
    if not (campaign.round(number).folder / CAPACITY).exists():
        campaign.round(number).save_json(CAPACITY, _measure_capacity(campaign, lab, usual, number))
    height_per_s = campaign.height_per_s
    if height_per_s is None:
        raise ValueError("round 1 has no capacity; begin with it")
    for turn in turns:
        row, load = _play(campaign, lab, turn, played(turn.day, usual, height_per_s))
        campaign.keep(number, turn.day, row, load)
        left -= 1
        told = f"round {number}  {turn.day.name:18} {row['took_s']:4.0f} s  {row['citizens']:5} citizens"
        _say(f"{told}  {left} runs left, about {left * _usual_s(campaign) / 60:.0f} min")


def _measure_capacity(campaign: Campaign, lab: Lab, usual: Scenario, number: int) -> dict[str, Any]:
    everywhere, run, before_s = all_lab_offices(usual), campaign.round(number), reference_s()
    file = run.save_text("capacity.toml", scenario_file.dump(everywhere))
    with lab.server(f"capacity-{number}", plan_offices(everywhere), printer_s_per_card=0.0) as server:
        found = measure_capacity(server, file, everywhere, run.part("capacity"), _show_nothing)
    _say(f"round {number}  capacity {found['capacity_per_s']:.1f} enrollments a second")
    return {"capacity_per_s": found["capacity_per_s"], "reference_s": [before_s, reference_s()]}


def _play(campaign: Campaign, lab: Lab, turn: Turn, scenario: Scenario) -> tuple[dict[str, Any], dict[str, Any]]:
    """Play a day on a server of its own; half a day is worth nothing here. Returns its row and the load's summary."""
    begun_s, run, part = time.monotonic(), campaign.of(turn.round_number, turn.day), part_of(turn.day)
    load_average, before_s = os.getloadavg()[0], reference_s()
    file = run.save_text(f"{part}.toml", scenario_file.dump(scenario))
    printer_s, number = scenario.service.printing_s / scenario.load.speedup, turn.round_number
    replication, name = replication_of(turn.day, number), f"{turn.day.name}-{number}"
    out, workers = run.part(part) / "load", turn.day.workers
    with lab.server(name, plan_offices(scenario), printer_s, worker_processes=workers) as server:
        found = play_day(server, file, scenario, out, _show_nothing, replication=replication)
    if not found.complete:
        raise KeyboardInterrupt
    run.save_events(part, found.events)
    row = {
        "held_out": turn.day.held_out,
        "replication": replication,
        "workers": workers or worker_count(),
        "offices": scenario.offices.which,
        "volume": scenario.demand.volume,
        "citizens": found.events.filter(found.events["stage"] == "arrival").height,
        "upgrade": found.upgrade._asdict() if found.upgrade else None,
        "reference_s": [before_s, reference_s()],
        "load_average": load_average,
        "lag_p99_ms": found.load_summary.get("dispatch_lag", {}).get("p99_ms"),
        "valid_for_latency": found.load_summary.get("valid_for_latency"),
        "failed": found.load_summary.get("failed"),
        "took_s": time.monotonic() - begun_s,
    }
    return row, found.load_summary


def _usual_s(campaign: Campaign) -> float:
    """How long a run takes, by those that are there."""
    return float(statistics.median(row["took_s"] for row in campaign.rows() if "took_s" in row))


def predict_missing(campaign: Campaign, replications: int) -> None:
    """Predict what can be predicted and was not, while nothing is measured."""
    for number, day in campaign.to_predict():
        campaign.predict(number, day, _show_nothing, replications)
        row = next(row for row in campaign.rows() if (row["round"], row["day"]) == (number, day.name))
        _say(f"round {number}  {day.name:18} {_predicted_words(row)}")


def _predicted_words(row: dict[str, Any]) -> str:
    if "not_predicted" in row:
        return f"not predicted: {row['not_predicted']}"
    errors = [f"{100 * row[f'{name}_error']:+.0f} %" for name in GOALS]
    return f"throughput, median and p95 wait off by {', '.join(errors)}; {row['coverage']['all']:.0%} within"


def _forget(folder: Path, only: str | None) -> None:
    """Forget everything, or the days of one kind."""
    if only is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for part in folder.glob(f"round-*/held-out/lab-{only}"):
        shutil.rmtree(part)


def _write(campaign: Campaign, usual: Scenario, left_out: dict[str, str], *, small: bool) -> None:
    """Write the results; a quick look must not stand where the measurement does."""
    result = result_of(campaign.rows(), usual, left_out)
    to = campaign.run.folder if small else ROOT / RESULTS / "benchmarks"
    to.mkdir(parents=True, exist_ok=True)
    (to / "twin.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if any(kind["runs"] for kind in result["kinds"].values()):
        write_chart(result, (campaign.run.folder if small else ROOT / "docs" / "pictures") / "twin.svg")
    print(twin_docs.tables(result))
    if not small:
        twin_docs.write(result)


def _show_nothing(_share: float, _words: str) -> None:
    pass


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main(
    rounds: Annotated[int, typer.Option(min=1, max=99, help="How many runs there are to be of each day.")] = 5,
    only: Annotated[str | None, typer.Option(help="One held-out day, and what it is predicted from.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Forget what was played, or that of --only.")] = False,
    small: Annotated[bool, typer.Option("--quick", help="Few residents, a day in 25 s: to see that it works.")] = False,
    keep_seed: Annotated[Path, typer.Option(help="Where the seeded database is kept.")] = SEEDS,
) -> None:
    """Play what is missing, predict what was held out, then write the results, the chart and the tables."""
    usual = changed(normal_day(), SMALL) if small else normal_day()
    names, folder = needed(only), ROOT / RESULTS / f"twin{'-quick' if small else ''}"
    replications = SMALL_REPLICATIONS if small else REPLICATIONS
    if again:
        _forget(folder, only)
    campaign = Campaign(folder)
    campaign.begin(usual)
    left_out = {day.name: why for day in in_order(1) if (why := why_not(day, usual))}
    missing = [
        Turn(number, day)
        for number in range(1, rounds + 1)
        for day in in_order(number)
        if day.name in names and day.name not in left_out and not campaign.has(number, day)
    ]
    day_s = OVERHEAD_S + 16 * 3600 / usual.load.speedup
    _say(f"{len(missing)} runs to play, about {len(missing) * day_s / 60:.0f} min; stop it with Ctrl-C, it goes on")
    for name, why in left_out.items():
        _say(f"{name} is left out: {why}")
    try:
        if missing:
            with open_lab(campaign.run.logs, keep=keep_seed) as lab:
                play_all(campaign, lab, usual, missing, replications)
        predict_missing(campaign, replications)
    except KeyboardInterrupt:
        _say("stopped; nothing is left running, and the same command goes on")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        _write(campaign, usual, left_out, small=small)


if __name__ == "__main__":
    typer.run(main)
