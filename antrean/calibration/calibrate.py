"""Calibrating: from visits to a calibration, with the uncertainty of every figure.

Read `calibrate` first. Uncertainty is found by resampling stretches of time, not visits: visits close to each other
share what the machine was doing, and are no independent witnesses (block bootstrap; Kuensch, Annals of Statistics 17,
1989).
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from antrean.calibration import batching
from antrean.calibration.calibration_file import (
    Batching,
    Calibration,
    Concurrency,
    Estimate,
    Origin,
    Phase,
    Service,
    Standstill,
)
from antrean.calibration.concurrency import fit_law, refit_law
from antrean.calibration.evidence import (
    BLOCKS,
    Evidence,
    Floats,
    Integers,
    count_servers,
    prepare,
    recovery_doubts,
    resampled,
)
from antrean.calibration.figures import Batches, Figures, delay_name, figures, find_batches, find_delays, slowdown_name
from antrean.calibration.service_time import LEAST_VISITS, Fit, fit_all
from model.stages import Stage
from model.streams import stream

OPTIONAL = frozenset({Stage.HANDOVER.value})
"""Stages that a calibration can do without: a day can end before many cards are handed over."""
DRAWS = 100
CONFIDENCE = 0.95
DIGITS = 5
"""Significant digits of what is written."""


class Calibrated(NamedTuple):
    """A calibration with what it was made from, for charts."""

    calibration: Calibration
    fits: dict[str, list[Fit]]
    """Every candidate of a stage, best first."""
    work_s: dict[str, Floats]
    """The work of a stage's normal visits that finished."""


def calibrate(
    visits: pl.DataFrame,
    origin: Origin,
    servers: Mapping[str, int],
    draws: int = DRAWS,
    delays: pl.DataFrame | None = None,
) -> Calibrated:
    """Fit everything that the visits can tell.

    Args:
        visits: as in visits.py; starts that are missing are recovered by queue mining.
        origin: where they are from, and the seed of the resampling.
        servers: how many servers a stage has; of a stage that is not named it is estimated.
        draws: how many resamples.
        delays: of the same sessions, as in delays.py.

    Raises:
        ValueError: a stage has too few visits, or its visits left in an order that its servers do not allow.
    """
    stages = visits["stage"].unique(maintain_order=True).to_list()
    servers = {stage: servers.get(stage) or count_servers(visits, stage) for stage in stages}
    evidence = prepare(visits, servers)
    stages = [stage for stage in stages if stage not in OPTIONAL or evidence.finished(stage) >= LEAST_VISITS]
    everything = np.arange(evidence.visits.height)
    law = fit_law(evidence.seen, evidence.kinds(everything))
    work_s = {stage: evidence.work_s(law, stage, everything) for stage in stages}
    candidates = {stage: _fit_all(stage, *work_s[stage]) for stage in stages}
    families = {stage: (fits[0].family, fits[0].parameters) for stage, fits in candidates.items()}
    batches = find_batches(evidence, law)
    waits = find_delays(delays, evidence) if delays is not None else {}
    once = np.ones(BLOCKS * evidence.visits["session"].n_unique(), dtype=np.int64)
    found = figures(evidence, batches, law, families, waits, once)

    def resample(times: Integers) -> Figures:
        again = refit_law(law, evidence.seen, evidence.kinds(resampled(evidence, times)))
        return figures(evidence, batches, again, families, waits, times)

    doubts = recovery_doubts(visits, servers)
    spread = _Spread(found.flat(), _draw(resample, len(once), doubts, origin.seed, draws))
    calibration = Calibration(
        schema_version=1,
        origin=origin.model_copy(update={"most_per_s": _short(_most_per_s(evidence.visits))}),
        concurrency=Concurrency(
            law=law.name,
            cores=spread.of("cores"),
            slope=spread.of("slope"),
            most=int(np.max(evidence.seen.level_at_end)),
        ),
        stages={
            stage: _service(stage, fits, work_s[stage], servers[stage], stage in doubts, spread)
            for stage, fits in candidates.items()
        },
        batching=_batching(batches, found, spread),
        notice_s={stage: spread.of(f"{stage}.notice_s") for stage in found.notice_s},
        delays_s={what: spread.of(delay_name(what)) for what in found.delays_s},
        phases=_phases(evidence, found, spread),
        standstills=tuple(
            Standstill(session=row["session"], version=row["version"], still_s=_short(max(0.0, row["still_s"])))
            for row in batching.standstills(batches.table, Stage.MATCHING).iter_rows(named=True)
        ),
        draws=spread.draws(),
    )
    return Calibrated(calibration, candidates, {stage: finished for stage, (finished, _) in work_s.items()})


def _draw(
    resample: Callable[[Integers], Figures], blocks: int, doubts: Mapping[str, float], seed: int, draws: int
) -> list[dict[str, float]]:
    """Look at so many resamples; a stage whose starts were recovered may be wrong by its doubt besides."""
    dice, guesses = stream(seed, 0, "calibration"), stream(seed, 0, "queue mining")
    drawn = []
    for _ in range(draws):
        flat = resample(np.bincount(dice.integers(blocks, size=blocks), minlength=blocks)).flat()
        for stage, doubt in doubts.items():
            flat[f"{stage}.mean_s"] *= math.exp(doubt * guesses.standard_normal())
        drawn.append(flat)
    return drawn


def _fit_all(stage: str, finished_s: Floats, unfinished_s: Floats) -> list[Fit]:
    try:
        return fit_all(finished_s, unfinished_s)
    except ValueError as error:
        raise ValueError(f"stage {stage}: {error}") from None


class _Spread:
    """Every figure with its resampled values."""

    def __init__(self, found: dict[str, float], drawn: list[dict[str, float]]) -> None:
        self._found = found
        # A resample can miss a phase altogether: then it has nothing to say against the estimate.
        self._drawn = {name: np.array([draw.get(name, value) for draw in drawn]) for name, value in found.items()}

    def of(self, name: str) -> Estimate:
        value = self._found[name]
        low, high = np.quantile(self._drawn[name], ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
        return _short(value), _short(min(float(low), value)), _short(max(float(high), value))

    def draws(self) -> dict[str, tuple[float, ...]]:
        return {name: tuple(_short(value) for value in values) for name, values in self._drawn.items()}


def _service(
    stage: str,
    fits: list[Fit],
    work_s: tuple[Floats, Floats],
    servers: int,
    recovered: bool,
    spread: _Spread,
) -> Service:
    return Service(
        visits=len(work_s[0]),
        unfinished=len(work_s[1]),
        servers=servers,
        starts="recovered" if recovered else "seen",
        mean_s=spread.of(f"{stage}.mean_s"),
        cv=spread.of(f"{stage}.cv"),
        distribution=fits[0].family,
        parameters=tuple(_short(value) for value in fits[0].parameters),
        bic={fit.family: round(fit.bic, 1) for fit in fits},
        aic={fit.family: round(fit.aic, 1) for fit in fits},
    )


def _batching(batches: Batches, found: Figures, spread: _Spread) -> dict[str, Batching]:
    written = {}
    for kind, values in found.batching.items():
        sizes = batches.table.filter(pl.col("kind") == kind)["size"].to_numpy()
        estimates = {name: spread.of(f"{kind}.{name}") for name in values}
        if "gap_s" in estimates:
            written[kind] = Batching(
                batches=len(sizes), mean_size=_short(batches.mean_size[kind]), largest=int(sizes.max()), **estimates
            )
    return written


def _phases(evidence: Evidence, found: Figures, spread: _Spread) -> tuple[Phase, ...]:
    written = []
    for (version, phase), stages in found.slowdowns.items():
        its = evidence.visits.filter((pl.col("version") == version) & (pl.col("phase") == phase))
        estimates = {stage: spread.of(slowdown_name(version, phase, stage)) for stage in stages}
        slowdown = estimates.pop("all")
        written.append(Phase(version=version, phase=phase, visits=its.height, slowdown=slowdown, stages=estimates))
    return tuple(written)


def _most_per_s(visits: pl.DataFrame, window_s: float = 10.0) -> float:
    """The most visits a second that one stage finished within a window."""
    finished = visits.filter(pl.col("over")).with_columns(window=(pl.col("finished_s") / window_s).floor())
    return float(finished.group_by("session", "stage", "window").len()["len"].max()) / window_s  # type: ignore[arg-type] # a number


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
