"""The report of a capacity search: one self-contained HTML file, made from nothing but the data in the run's folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from antrean import capacity_charts, charts
from antrean.offer import Step
from antrean.report import picture, render
from antrean.runs import Run
from model.errands import Errand
from model.scenario_file import load as load_scenario

COLUMNS = (
    "offered\na second",
    "verdict",
    "decided\na second",
    "backlog grows\na second",
    "p95",
    "failed",
    "measured\nfor",
)


def write_capacity_report(run: Run) -> Path:
    """Write report.html into the folder of a search that has a step at least, and return its path."""
    summary = run.load_json("summary.json")
    scenario = load_scenario(str(run.folder / "scenario.toml"))
    steps = [Step(**row) for row in pl.read_parquet(run.folder / "steps.parquet").to_dicts()]
    capacity = scenario.capacity
    with charts.style():
        curve = capacity_charts.curve(steps, summary["interval_per_s"], capacity.p95_s)
        backlogs = capacity_charts.backlogs(pl.read_parquet(run.folder / "backlog.parquet"), steps, capacity.warm_up_s)
        pictures = [
            picture("The curve", curve, "Tinted: between the highest sustained and the lowest exceeded rate."),
            picture("The backlogs", backlogs, "Orange: the rate was exceeded. A verdict rests on these lines' slopes."),
        ]
        if summary["scalability"]:
            law = capacity_charts.scalability(steps, summary["scalability"])
            pictures.insert(1, picture("Scalability", law, _LAW_CAPTION))
    page = render(
        "capacity.html",
        meta=run.load_json("meta.json"),
        run=run.folder.name,
        scenario=scenario,
        summary=summary,
        answer=answer(summary),
        offered="".join(offered_words(summary["offered"])),
        columns=[column.split("\n") for column in COLUMNS],
        lines=step_lines(steps),
        pictures=pictures,
    )
    return run.save_text("report.html", page)


_LAW_CAPTION = (
    "Throughput against how many citizens were inside at once, on average over a step. MOSIP's two published points "
    "(10 users 1.85/s, 30 users 0.97/s) are put beside it by the share of the highest throughput: more users there got "
    "less done. Only the shapes can be compared, not the rates."
)


def offered_words(shares: Mapping[str, float]) -> tuple[str, str]:
    """Say what was offered: its unit, and the mix in brackets where it is one."""
    if list(shares) == [Errand.ENROLLMENT]:
        return "enrollments", ""
    parts = (f"{share:.0%} {errand.replace('_', ' ')}" for errand, share in shares.items())
    return "citizens", f" ({', '.join(parts)})"


def answer(summary: dict[str, Any]) -> list[str]:
    """Say where the knee is, and how it compares with what closed load got through."""
    unit, mix = offered_words(summary["offered"])
    low, high = summary["interval_per_s"]
    confidence, guess = summary["confidence"], summary["guess_per_s"]
    if low is None:
        sentences = ["No rate that was offered is sustained."]
    elif high is None:
        sentences = [f"{low:.1f} {unit} a second{mix} are sustained; no rate that was offered is too high."]
    else:
        sentences = [
            f"The server sustains {low:.1f} {unit} a second{mix} and does not sustain {high:.1f}; each of the two "
            f"verdicts is certain to {confidence:.0%}, so both together to {1 - 2 * (1 - confidence):.0%} at least."
        ]
    if low is not None and guess:
        sentences.append(
            f"Closed load, which always keeps the server busy and lets nobody queue, got {guess:.1f} enrollments a "
            f"second through before: the knee is {low / guess:.2f} of it."
        )
    if not summary["complete"]:
        sentences.append("The search was interrupted; --resume goes on with it.")
    return sentences


def step_lines(steps: list[Step]) -> list[list[str]]:
    """Return the steps as lines of a table of `COLUMNS`, the lowest rate first."""
    return [
        [
            f"{step.offered_per_s:.1f}",
            f"{step.verdict}: {step.broken}" if step.broken else step.verdict,
            f"{step.throughput_per_s:.1f}",
            f"{step.growth_per_s:+.1f} [{step.growth_low_per_s:+.1f}, {step.growth_high_per_s:+.1f}]",
            f"{step.p95_s:.2f} s",
            f"{step.failed_share:.1%}",
            f"{step.measured_s:.0f} s",
        ]
        for step in sorted(steps, key=lambda step: step.rate_per_s)
    ]
