"""Charts of a capacity search: the curve, the law, and the backlogs that the verdicts rest on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from antrean.charts import NORMAL, UPGRADE
from antrean.offer import Step
from antrean.scalability import law
from antrean.verdict import Verdict

MARKS = {Verdict.SUSTAINED: "o", Verdict.UNDECIDED: "s", Verdict.EXCEEDED: "X"}
GREY = "#777777"
MOSIP = ((10, 1.85), (30, 0.97))
"""Users and packets a second of MOSIP's published packet upload; the means, 5.4 s and 30.9 s, make users = rate times
time (Little), so that each user always had one packet under way. Source: docs/domain.md."""


def curve(steps: Sequence[Step], interval_per_s: Sequence[float | None], limit_s: float) -> Figure:
    """Draw throughput and latency against the offered rate; the knee's interval is tinted."""
    figure = Figure(figsize=(10, 4))
    throughput, latency = figure.subplots(1, 2)
    rows = sorted(steps, key=lambda step: step.offered_per_s)
    offered = [step.offered_per_s for step in rows]
    throughput.plot([0, max(offered)], [0, max(offered)], color=GREY, linewidth=1, linestyle=":", label="all of it")
    throughput.plot(offered, [step.throughput_per_s for step in rows], color=NORMAL, linewidth=1)
    for verdict, mark in MARKS.items():
        found = [step for step in rows if step.verdict == verdict]
        throughput.plot(
            [step.offered_per_s for step in found],
            [step.throughput_per_s for step in found],
            mark,
            color=UPGRADE if verdict is Verdict.EXCEEDED else NORMAL,
            markerfacecolor="white" if verdict is Verdict.UNDECIDED else None,
            markersize=8,
            label=verdict if found else None,
        )
    for name, dashes in (("p50_s", ":"), ("p95_s", "-"), ("p99_s", "--")):
        latency.plot(offered, [getattr(step, name) for step in rows], dashes, color=NORMAL, label=name[:3])
    latency.axhline(limit_s, color=UPGRADE, linewidth=1, label="limit of p95")
    latency.set_yscale("log")
    _plain(latency.yaxis)
    for axis in (throughput, latency):
        _knee(axis, interval_per_s)
        axis.set_xlabel("citizens offered a second")
        axis.legend(loc="best", fontsize=8)
    throughput.set_title("What the server got through")
    throughput.set_ylabel("citizens decided a second")
    latency.set_title("From arrival to decision")
    latency.set_ylabel("seconds")
    return figure


def scalability(steps: Sequence[Step], fitted: dict[str, Any]) -> Figure:
    """Draw the fitted law over the measured points, its residuals, and its shape beside a published one."""
    figure = Figure(figsize=(10, 4))
    fit, shape = figure.subplots(1, 2)
    inside = np.array([step.inside for step in steps])
    rates = np.array([step.throughput_per_s for step in steps])
    parameters = [fitted[name] for name in ("single_per_s", "contention", "coherency")]
    line = np.geomspace(inside.min(), inside.max(), 200)
    fit.plot(line, law(line, *parameters), color=NORMAL, label="fitted law")
    fit.plot(inside, rates, "o", color=NORMAL, markerfacecolor="white", label="measured")
    fit.vlines(inside, rates, law(inside, *parameters), color=UPGRADE, linewidth=1.5, label="residual")
    fit.set_title("Universal Scalability Law")
    fit.set_ylabel("citizens decided a second")
    fit.set_xlabel("citizens inside at once")
    best = int(rates.argmax())
    shape.plot(
        inside / inside[best], rates / rates[best], "o", color=NORMAL, markerfacecolor="white", label="this server"
    )
    shape.plot(line / inside[best], law(line, *parameters) / rates[best], color=NORMAL, linewidth=1)
    users, published = np.array(MOSIP).T
    shape.plot(users / users[0], published / published[0], "D--", color=UPGRADE, label="MOSIP's packet upload")
    shape.set_title("Its shape beside a published one")
    shape.set_ylabel("throughput / highest measured")
    shape.set_xlabel("inside at once / that of the highest throughput")
    shape.set_ylim(0, 1.15)
    for axis in (fit, shape):
        axis.set_xscale("log")
        _plain(axis.xaxis)
        axis.legend(loc="lower right", fontsize=8)
    return figure


def backlogs(frame: pl.DataFrame, steps: Sequence[Step], warm_up_s: float) -> Figure:
    """Draw each step's backlog over time: flat below the knee, rising above it."""
    figure = Figure(figsize=(10, 3.2))
    axis = figure.subplots()
    for step in sorted(steps, key=lambda step: step.rate_per_s):
        one = frame.filter(pl.col("step") == step.number)
        exceeded = step.verdict == Verdict.EXCEEDED
        axis.plot(one["second"], one["backlog"], color=UPGRADE if exceeded else NORMAL, linewidth=1)
        axis.annotate(f" {step.rate_per_s:.0f}/s", (one["second"][-1], one["backlog"][-1]), fontsize=7, color=GREY)
    axis.axvspan(0, warm_up_s, color="#000000", alpha=0.07, lw=0)
    axis.set_yscale("symlog", linthresh=10)
    _plain(axis.yaxis)
    axis.set_title("Backlog of each step")
    axis.set_xlabel("seconds since the first arrival; grey: not measured")
    axis.set_ylabel("citizens inside")
    return figure


def _knee(axis: Axes, interval_per_s: Sequence[float | None]) -> None:
    low, high = interval_per_s
    if low is not None and high is not None:
        axis.axvspan(low, high, color=NORMAL, alpha=0.12, lw=0)


def _plain(axis: Any) -> None:
    axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())
