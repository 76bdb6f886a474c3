"""The calibrated server: a calibration as the centre that the simulation plays, built as the measured server is.

Worker processes, a matcher and a web server on shared cores; work by the fitted distributions; claims in batches. What
was measured in wall seconds is `speedup` times as long in the seconds of a compressed scenario, for the server's own
work is never compressed.
"""

import math
from collections.abc import Mapping

import numpy as np
from scipy import optimize, special, stats

from antrean.calibration.calibration_file import Calibration, Service
from antrean.calibration.figures import SHARED_BY, delay_name, slowdown_name
from antrean.calibration.service_time import SHARES
from mock_server.settings import Settings
from model.centre import CentreSpec, Delays
from model.periods import Period
from model.processor_sharing import Sharing
from model.servers import Kind
from model.stages import CENTRAL_STAGES, Stage
from model.work_time import GRID_Z, Lognormal, WorkTime, tabulated

Figures = Mapping[str, float]
"""The figures of a calibration by name, as `draws` has them."""
CLAIMED = {name: Settings.model_fields[f"{name.removesuffix('s')}_batch"].default for name in SHARED_BY}
"""Records that each kind of server claims at most, as the lab starts them."""


def estimates(calibration: Calibration) -> dict[str, float]:
    """Return the calibration's estimates by the names that its draws have."""
    named = {"cores": calibration.concurrency.cores[0], "slope": calibration.concurrency.slope[0]}
    for stage, service in calibration.stages.items():
        named |= {f"{stage}.mean_s": service.mean_s[0], f"{stage}.cv": service.cv[0]}
    for kind, batching in calibration.batching.items():
        found = {"gap_s": batching.gap_s, "fixed_s": batching.fixed_s, "per_record_s": batching.per_record_s}
        named |= {f"{kind}.{name}": estimate[0] for name, estimate in found.items() if estimate is not None}
    named |= {f"{stage}.notice_s": notice_s[0] for stage, notice_s in calibration.notice_s.items()}
    named |= {delay_name(what): delay_s[0] for what, delay_s in calibration.delays_s.items()}
    for phase in calibration.phases:
        by_stage = {"all": phase.slowdown, **phase.stages}
        named |= {slowdown_name(phase.version, phase.phase, name): value[0] for name, value in by_stage.items()}
    return named


def drawn(calibration: Calibration, number: int) -> dict[str, float]:
    """Return a draw's figures by name; draws are taken round after round when there are fewer."""
    return {name: values[number % len(values)] for name, values in calibration.draws.items()}


def centre_of(calibration: Calibration, figures: Figures, speedup: float, periods: tuple[Period, ...]) -> CentreSpec:
    """Return the measured server as a scenario sees it whose people are `speedup` times as fast.

    Args:
        calibration: what was found of the server.
        figures: its `estimates`, or those of a draw (`drawn`).
        speedup: scenario seconds in a second of the server's.
        periods: what happens to it from when to when; see `period_of`.

    Raises:
        ValueError: the calibration is not of an antrean server: its stages are others.
    """
    missing = [stage for stage in (Stage.SUBMISSION, *CENTRAL_STAGES) if f"{stage}.mean_s" not in figures]
    if missing or not calibration.origin.workers:
        raise ValueError(
            f"the calibration has no {', '.join(missing) or 'workers'}: it is of another kind of server, whose days "
            "cannot be simulated; calibrate from runs"
        )
    work: dict[Stage, WorkTime] = {
        Stage(name): work_time(service, figures[f"{name}.mean_s"] * speedup, figures[f"{name}.cv"])
        for name, service in calibration.stages.items()
    }
    kinds = tuple(_kind(calibration, figures, speedup, name) for name in SHARED_BY)
    return CentreSpec(
        slots=sum(kind.servers for kind in kinds),
        submission_s=work[Stage.SUBMISSION].mean_s,
        stage_s={stage: work[stage].mean_s for stage in CENTRAL_STAGES},
        notice_s={stage: figures.get(f"{stage}.notice_s", 0.0) * speedup for stage in CENTRAL_STAGES},
        variation=0.0,
        periods=periods,
        kinds=kinds,
        work=work,
        sharing=Sharing(figures["cores"], figures["slope"]),
        delays=Delays(**{f"{what}_s": figures[delay_name(what)] * speedup for what in calibration.delays_s}),
    )


def _kind(calibration: Calibration, figures: Figures, speedup: float, name: str) -> Kind:
    whole = f"{name}.fixed_s" in figures
    return Kind(
        name=name,
        stages=tuple(Stage(stage) for stage in SHARED_BY[name]),
        servers=calibration.origin.workers if name == "workers" else 1,
        batch=CLAIMED[name],
        gap_s=figures.get(f"{name}.gap_s", 0.0) * speedup,
        fixed_s=figures[f"{name}.fixed_s"] * speedup if whole else None,
        per_record_s=figures[f"{name}.per_record_s"] * speedup if whole else 0.0,
    )


def work_time(service: Service, mean_s: float, variation: float) -> WorkTime:
    """Return a stage's distribution with the mean (seconds of the caller's) and variation of a draw.

    The data's own distribution keeps its form.
    """
    if service.distribution == "lognormal":
        return Lognormal(mean_s, variation)
    shares = special.ndtr(np.array(GRID_Z))
    if service.distribution == "empirical":
        return tabulated(mean_s, np.interp(shares, SHARES, service.parameters).tolist())
    if service.distribution == "gamma":
        return tabulated(mean_s, stats.gamma.ppf(shares, 1 / variation**2).tolist())
    return tabulated(mean_s, stats.weibull_min.ppf(shares, _weibull_shape(variation)).tolist())


def _weibull_shape(variation: float) -> float:
    """The shape at which a Weibull distribution varies so much: 1 + cv^2 = G(1 + 2/k) / G(1 + 1/k)^2."""

    def miss(shape: float) -> float:
        return math.lgamma(1 + 2 / shape) - 2 * math.lgamma(1 + 1 / shape) - math.log1p(variation**2)

    return float(optimize.brentq(miss, 0.1, 200.0))


def period_of(start_s: float, version: str, phase: str, figures: Figures) -> Period:
    """Return the period that an upgrade's phase is: each stage and gap slowed as measured, the others by their mean.

    A phase that the calibration has not seen costs nothing.
    """
    prefix = slowdown_name(version, phase, "")
    slowed = {name.removeprefix(prefix): value for name, value in figures.items() if name.startswith(prefix)}
    mean = slowed.pop("all", 1.0)
    return Period(start_s, version, phase, mean, slowdowns=tuple(slowed.items()))
