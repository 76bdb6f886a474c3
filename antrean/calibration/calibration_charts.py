"""Charts of a calibration: each stage's fit laid over its data."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from antrean.calibration.service_time import Fit, Floats
from antrean.charts import MS_PER_S

DATA = "#222222"
COLOURS = {"lognormal": "#0072B2", "gamma": "#D55E00", "weibull": "#009E73", "empirical": "#CC79A7"}
DASHES = {"lognormal": "-", "gamma": "--", "weibull": ":", "empirical": "-."}
_POINTS = 400


def fits_over_data(fits: dict[str, list[Fit]], work_s: dict[str, Floats]) -> Figure:
    """Draw a row a stage: the share done within a time, data and candidates, and the best one's quantiles beside.

    Args:
        fits: each stage's candidates, best first.
        work_s: the times that they were fitted to.
    """
    figure = Figure(figsize=(10, 2.6 * len(fits)))
    axes = figure.subplots(len(fits), 2, squeeze=False)
    for (share, quantiles), (stage, candidates) in zip(axes, fits.items(), strict=True):
        _draw_shares(share, candidates, np.sort(work_s[stage]) * MS_PER_S)
        _draw_quantiles(quantiles, candidates, np.sort(work_s[stage]) * MS_PER_S)
        share.set_title(f"{stage}: {len(work_s[stage]):,} visits")
        quantiles.set_title(f"{stage}: quantiles")
    axes[-1, 0].set_xlabel("work of a record (ms)")
    axes[-1, 1].set_xlabel("fitted quantile (ms)")
    return figure


def _draw_shares(axis: Axes, candidates: list[Fit], sorted_ms: Floats) -> None:
    within = np.arange(1, len(sorted_ms) + 1) / len(sorted_ms)
    axis.plot(sorted_ms, within, color=DATA, linewidth=4, alpha=0.35, drawstyle="steps-post", label="data")
    times_ms = np.geomspace(sorted_ms[0], sorted_ms[-1], _POINTS)
    for place, fit in enumerate(candidates):
        axis.plot(
            times_ms,
            fit.share_within(times_ms / MS_PER_S),
            linestyle=DASHES[fit.family],
            color=COLOURS[fit.family],
            linewidth=2 if place == 0 else 1.2,
            label=f"{fit.family}{' (best)' if place == 0 else f' (BIC +{fit.bic - candidates[0].bic:,.0f})'}",
        )
    axis.set_xscale("log")
    _write_out(axis.xaxis)
    axis.set_ylabel("share done within")
    axis.legend(loc="lower right", fontsize=7)


def _draw_quantiles(axis: Axes, candidates: list[Fit], sorted_ms: Floats) -> None:
    """The best candidate, and of the others the best with few parameters: on the diagonal they tell the data."""
    shares = (np.arange(len(sorted_ms)) + 0.5) / len(sorted_ms)
    shown = [candidates[0], *[fit for fit in candidates[1:] if fit.family != "empirical"][:1]]
    for fit in shown:
        quantiles_ms = fit.quantiles_s(shares) * MS_PER_S
        axis.plot(quantiles_ms, sorted_ms, ".", markersize=3, color=COLOURS[fit.family], label=fit.family)
    ends = [sorted_ms[0], sorted_ms[-1]]
    axis.plot(ends, ends, color=DATA, linewidth=1)
    axis.set_xscale("log")
    axis.set_yscale("log")
    _write_out(axis.xaxis)
    _write_out(axis.yaxis)
    axis.set_ylabel("measured (ms)")
    axis.legend(loc="upper left", fontsize=7)


def _write_out(side: Axis) -> None:
    """Label a logarithmic axis with plain numbers."""
    side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    side.set_minor_formatter(NullFormatter())
