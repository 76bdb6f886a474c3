"""How often the gate errs, and how small a slow-down it sees: `make bench-gate`.

Decisions of four kinds in turns: the same build twice (A/A), and one whose cards cost 3, 5 or 10% more CPU, added to
personalisation as real work (`mock_server/deliberate_cost.py`); every other decision has a neighbour process that keeps
the machine busy on purpose. It can be stopped at any time and goes on; a row a decision is kept in
results/gate-benchmark/rows.parquet. Writes results/benchmarks/gate.json and prints the table of docs/gate.md.
"""

import json
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import polars as pl
import typer

from antrean.build import THIS_BUILD, Build
from antrean.gate.contender import build_server
from antrean.gate.decision import Verdict
from antrean.gate.duet import Duet, gate_scenario, logs_of
from antrean.gate.findings import Findings
from antrean.gate.rounds import A, B, lag_ms
from antrean.runs import RESULTS, Run, machine
from benchmarks.gate_figures import markdown, summarise
from mock_server.deliberate_cost import ALLOWED_BY
from model import scenario_file
from model.scenario import Scenario

ROOT = Path(__file__).parent.parent
SLOWER = (0.0, 0.03, 0.05, 0.10)
"""Of a card's CPU, all of it in one step."""


class Case(NamedTuple):
    """A kind of decision."""

    slower: float
    neighbour: bool


def cases() -> Iterator[Case]:
    """Yield the kinds of decision in turns, without end; of two decisions one is A/A."""
    while True:
        for neighbour in (False, True):
            for slower in SLOWER[1:]:
                yield Case(0.0, neighbour)
                yield Case(slower, neighbour)


def decide(case: Case, scenario: Scenario, longest_s: float, step_share: float) -> dict[str, Any]:
    """Start both servers, play a duet and return a row."""
    share = case.slower / step_share
    settings = {ALLOWED_BY: "yes", "ANTREAN_DELIBERATE_COST_SHARE": repr(share)} if share else {}
    began_s, load_average = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="antrean-bench-gate-") as folder:
        run = Run(Path(folder))
        with (
            build_server(A, "as it is", THIS_BUILD, scenario, logs_of(run.logs, A)) as a,
            build_server(B, f"{case.slower:.0%} slower", _with(settings), scenario, logs_of(run.logs, B)) as b,
            neighbour(case.neighbour),
        ):
            played = Duet(scenario, a, b).play(lambda *_: None, longest_s)
    return _row(case, played.findings, lag_ms(played.rounds)) | {
        "step_share": share,
        "load_average": load_average,
        "with_start_s": time.monotonic() - began_s,
    }


def measure_share(scenario: Scenario) -> float:
    """Return what personalisation is of a card's CPU: from what a cost of twice the step adds to the card's."""
    settings = {ALLOWED_BY: "yes", "ANTREAN_DELIBERATE_COST_SHARE": "1.0"}
    with tempfile.TemporaryDirectory(prefix="antrean-bench-gate-") as folder:
        run = Run(Path(folder))
        with (
            build_server(A, "as it is", THIS_BUILD, scenario, logs_of(run.logs, A)) as a,
            build_server(B, "the step twice", _with(settings), scenario, logs_of(run.logs, B)) as b,
        ):
            rounds = Duet(scenario, a, b).play(lambda *_: None, 20.0).rounds
    per_card = {side: [each.figures(side)["cpu_per_card_ms"] for each in rounds] for side in (A, B)}
    ratios = sorted(b / a for a, b in zip(per_card[A], per_card[B], strict=True))
    return ratios[len(ratios) // 2] - 1


def _with(settings: dict[str, str]) -> Build:
    return THIS_BUILD._replace(settings=settings)


def _row(case: Case, findings: Findings, lag: float) -> dict[str, Any]:
    return {
        "slower": case.slower,
        "neighbour": case.neighbour,
        "verdict": str(findings.verdict),
        "by": ", ".join(line.measure.name for line in findings.lines if line.verdict is Verdict.REGRESSED),
        **_interval("cpu", findings, "cpu per card"),
        **_interval("steps_cpu", findings, "cpu in steps"),
        "rounds": findings.rounds,
        "took_s": findings.took_s,
        "lag_ms": lag,
        "decided_at": time.time(),
    }


def _interval(prefix: str, findings: Findings, name: str) -> dict[str, float]:
    """A measure's ratio and its bounds."""
    ratio = next(line.ratio for line in findings.lines if line.measure.name == name)
    return {f"{prefix}_ratio": ratio.estimate, f"{prefix}_low": ratio.low, f"{prefix}_high": ratio.high}


@contextmanager
def neighbour(wanted: bool) -> Iterator[None]:
    """Keep the machine busy on purpose while the block lasts, now more and now less, as others would."""
    if not wanted:
        yield
        return
    process = multiprocessing.get_context("spawn").Process(target=_be_busy, args=(os.getpid(),), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _be_busy(parent: int) -> None:
    """Sort numbers for a second or so, rest for a while, until the parent is gone."""
    import numpy as np

    dice = np.random.default_rng()
    while os.getppid() == parent:
        until_s = time.monotonic() + dice.exponential(1.0)
        while time.monotonic() < until_s:
            np.sort(dice.random(200_000))
        time.sleep(dice.exponential(0.3))


def keep(rows: Path, row: dict[str, Any]) -> pl.DataFrame:
    """Add a row to the file, which is either the old or the new one, and return all of them."""
    new = pl.DataFrame([row])
    frame = pl.concat([pl.read_parquet(rows), new], how="diagonal") if rows.exists() else new
    rows.parent.mkdir(parents=True, exist_ok=True)
    unfinished = rows.with_suffix(".part")
    frame.write_parquet(unfinished)
    unfinished.replace(rows)
    return frame


def main(
    decisions: Annotated[int, typer.Option(min=1, help="Of all kinds together; those that are there count.")] = 240,
    longest_s: Annotated[float, typer.Option("--longest", min=1, help="Seconds of rounds a decision at most.")] = 60.0,
    kept: Annotated[Path, typer.Option(help="Where the rows are kept.")] = ROOT / RESULTS / "gate-benchmark",
    out: Annotated[Path, typer.Option(help="Folder of gate.json.")] = ROOT / RESULTS / "benchmarks",
) -> None:
    """Decide what is missing, and write what all decisions until now say."""
    # Also where it runs unattended: with nohup Ctrl-C is ignored, and SIGTERM would leave the servers behind.
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, signal.default_int_handler)
    scenario, rows = gate_scenario(scenario_file.load("april-2016")), kept / "rows.parquet"
    done = pl.read_parquet(rows).height if rows.exists() else 0
    step_share = _step_share(kept, scenario)
    for number, case in zip(range(decisions), cases(), strict=False):
        if number < done:
            continue
        row = decide(case, scenario, longest_s, step_share)
        keep(rows, row)
        print(f"{number + 1} of {decisions}: {row}", flush=True)
    found = summarise(pl.read_parquet(rows)) | {"step_share_of_card": step_share, "machine": machine()}
    out.mkdir(parents=True, exist_ok=True)
    (out / "gate.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(markdown(found))


def _step_share(kept: Path, scenario: Scenario) -> float:
    """What the step is of a card, measured once and kept."""
    file = kept / "step-share.json"
    if not file.exists():
        kept.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(measure_share(scenario)), encoding="utf-8")
    return float(json.loads(file.read_text(encoding="utf-8")))


if __name__ == "__main__":
    typer.run(main)
