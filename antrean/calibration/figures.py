"""The figures of a calibration, from all of its evidence or from a resample of it."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from antrean.calibration import batching
from antrean.calibration.concurrency import Law
from antrean.calibration.evidence import BLOCKS, Evidence, Group, Integers, resampled
from antrean.calibration.service_time import LEAST_VISITS, Family, Fit, fit
from antrean.calibration.visits import WEB
from model.periods import gap_of
from model.stages import Stage

Floats = NDArray[np.float64]
FEWEST = 5
"""Visits, or batches, below which a resample is no sample."""
SHARED_BY = {
    "workers": (Stage.VALIDATION.value, Stage.PERSONALISATION.value),
    "matcher": (Stage.MATCHING.value,),
}
"""The kinds of servers that claim batches, and the stages they serve."""


class Samples(NamedTuple):
    """Values and the stretch of time that each is from."""

    blocks: Integers
    values: Floats

    def mean(self, times: Integers) -> float:
        """Return the mean when each stretch counts so many times."""
        weights = times[self.blocks]
        return float(np.average(self.values, weights=weights) if weights.sum() else np.mean(self.values))


class Batches(NamedTuple):
    """What is known of batches, from normal times where nothing else is said."""

    table: pl.DataFrame
    """As `batching.batches` gives it, of all times."""
    gaps: dict[str, Samples]
    """By kind of server."""
    notices: dict[str, Samples]
    """By stage."""
    gap_samples: Samples
    """The gaps of all times."""
    gap_group: Integers
    """Which of `gap_groups` each belongs to."""
    gap_groups: list[Group]
    mean_size: dict[str, float]
    """Records in a batch, by kind of server."""
    whole: dict[str, tuple[Integers, Floats, Floats]]
    """Blocks, sizes and work (seconds) of the batches that are worked on as a whole, by kind of server."""


class Figures(NamedTuple):
    """What the evidence says."""

    law: Law
    fits: dict[str, Fit]
    slowdowns: dict[tuple[str, str], dict[str, float]]
    """By (version, phase): each stage's, and under "all" their mean weighted by the centre's work."""
    batching: dict[str, dict[str, float]]
    """By kind of server: gap_s, and fixed_s and per_record_s where a batch is worked on as a whole."""
    notice_s: dict[str, float]
    delays_s: dict[str, float]
    """As `delays.SCHEMA` names them."""

    def flat(self) -> dict[str, float]:
        """Return every figure under a name of its own."""
        named = {"cores": self.law.cores, "slope": self.law.slope}
        for stage, fitted in self.fits.items():
            named |= {f"{stage}.mean_s": fitted.mean_s, f"{stage}.cv": fitted.cv}
        for (version, phase), slowdowns in self.slowdowns.items():
            named |= {slowdown_name(version, phase, stage): value for stage, value in slowdowns.items()}
        for kind, values in self.batching.items():
            named |= {f"{kind}.{name}": value for name, value in values.items()}
        named |= {f"{stage}.notice_s": value for stage, value in self.notice_s.items()}
        return named | {delay_name(what): value for what, value in self.delays_s.items()}


def slowdown_name(version: str, phase: str, stage: str = "all") -> str:
    """Return what draws call a slow-down."""
    return f"slowdown.{version}.{phase or 'alone'}.{stage}"


def delay_name(what: str) -> str:
    """Return what draws call a delay."""
    return f"office.{what}_s"


def find_delays(delays: pl.DataFrame, evidence: Evidence) -> dict[str, Samples]:
    """Look at the delays (as in delays.py) of which there are enough, each in its stretch of its session's time."""
    spans = evidence.visits.group_by("session").agg(
        first_s=pl.col("started_s").min(), last_s=pl.col("started_s").max(), first_block=pl.col("block").min()
    )
    place = (pl.col("moment_s") - pl.col("first_s")) / (pl.col("last_s") - pl.col("first_s"))
    block = (place * BLOCKS).floor().cast(pl.Int64).clip(0, BLOCKS - 1) + pl.col("first_block") // BLOCKS * BLOCKS
    placed = delays.join(spans, on="session").with_columns(block=block)
    found = {what: placed.filter(pl.col("what") == what) for what in placed["what"].unique(maintain_order=True)}
    return {what: _samples(own, "delay_s") for what, own in found.items() if own.height >= LEAST_VISITS}


def find_batches(evidence: Evidence, law: Law) -> Batches:
    """Look at the batches of evidence that has any."""
    worked = evidence.visits.with_columns(work_s=pl.Series(evidence.seen.work_s(law)))
    normal = (pl.col("version") == evidence.before) & (pl.col("phase") == "")
    table = batching.batches(worked).with_columns(kind=_kind())
    between = batching.gaps(table).with_columns(stage=_kind() + gap_of(""))
    groups = [Group(*row) for row in between.select(Group._fields).unique(maintain_order=True).iter_rows()]
    number = {group: index for index, group in enumerate(groups)}
    gaps: dict[str, Samples] = {}
    notices: dict[str, Samples] = {}
    sizes: dict[str, float] = {}
    whole: dict[str, tuple[Integers, Floats, Floats]] = {}
    for kind, stages in SHARED_BY.items():
        gaps[kind] = _samples(between.filter(normal & (pl.col("stage") == gap_of(kind))), "gap_s")
        own = table.filter(normal & (pl.col("kind") == kind))
        sizes[kind] = float(own["size"].to_numpy().mean()) if not own.is_empty() else 1.0
        if batching.IN_SHARES.issuperset(stages):
            whole[kind] = (own["block"].to_numpy(), own["size"].cast(pl.Float64).to_numpy(), own["work_s"].to_numpy())
        noticed = batching.notices(worked.filter(normal), table, stages)
        notices |= {stage: _samples(noticed.filter(pl.col("stage") == stage), "notice_s") for stage in stages}
    return Batches(
        table=table,
        gaps={kind: samples for kind, samples in gaps.items() if len(samples.values) >= batching.LEAST_BATCHES},
        notices={stage: samples for stage, samples in notices.items() if len(samples.values)},
        gap_samples=_samples(between, "gap_s"),
        gap_group=np.array([number[Group(*row)] for row in between.select(Group._fields).iter_rows()], dtype=np.int64),
        gap_groups=groups,
        mean_size=sizes,
        whole={kind: found for kind, found in whole.items() if len(found[0]) >= batching.LEAST_BATCHES},
    )


def _kind() -> pl.Expr:
    return (
        pl.when(pl.col("stages").str.contains_any(list(SHARED_BY["matcher"])))
        .then(pl.lit("matcher"))
        .otherwise(pl.lit("workers"))
    )


def figures(
    evidence: Evidence,
    batches: Batches,
    law: Law,
    families: Mapping[str, tuple[Family, tuple[float, ...]]],
    delays: Mapping[str, Samples],
    times: Integers,
) -> Figures:
    """Return the figures when each stretch of time counts so many times.

    Args:
        evidence: all visits.
        batches: of the same.
        law: how services slow each other, as it is to be taken.
        families: each stage's distribution, and where the search for its parameters begins.
        delays: by what they are.
        times: how often each block counts.
    """
    fits = {
        stage: _fit_again(evidence, law, stage, family, start, times) for stage, (family, start) in families.items()
    }
    found = {kind: {"gap_s": samples.mean(times)} for kind, samples in batches.gaps.items()}
    for kind, (blocks, sizes, work_s) in batches.whole.items():
        again = np.repeat(np.arange(len(blocks)), times[blocks])
        again = again if len(again) >= FEWEST else np.arange(len(blocks))
        found.setdefault(kind, {}).update(batching.batch_time(sizes[again], work_s[again])._asdict())
    cost_s = {stage: fitted.mean_s for stage, fitted in fits.items()}
    for kind, samples in batches.gaps.items():
        # A record pays its share of a gap at each stage.
        cost_s[gap_of(kind)] = len(SHARED_BY[kind]) * samples.mean(times) / batches.mean_size[kind]
    slowdowns = _slowdowns(_tally(evidence, batches, law, times), evidence.before)
    with_all = {phase: _with_all(stages, cost_s) for phase, stages in slowdowns.items()}
    return Figures(
        law,
        fits,
        {phase: stages for phase, stages in with_all.items() if stages},
        found,
        {stage: samples.mean(times) for stage, samples in batches.notices.items()},
        {what: samples.mean(times) for what, samples in delays.items()},
    )


def _fit_again(
    evidence: Evidence, law: Law, stage: str, family: Family, start: tuple[float, ...], times: Integers
) -> Fit:
    """Fit a stage to a resample; one that has missed the stage says nothing, and leaves the fit as it is."""
    finished_s, unfinished_s = evidence.work_s(law, stage, resampled(evidence, times))
    if len(finished_s) < FEWEST:
        finished_s, unfinished_s = evidence.work_s(law, stage, np.arange(evidence.visits.height))
    return fit(family, finished_s, unfinished_s, start if family != "empirical" else None)


def _samples(frame: pl.DataFrame, column: str) -> Samples:
    return Samples(frame["block"].to_numpy(), frame[column].to_numpy())


Tally = dict[Group, tuple[int, float]]
"""Of each group, how many times there are and the sum of their logarithms."""


def _tally(evidence: Evidence, batches: Batches, law: Law, times: Integers) -> Tally:
    """Count the work of the visits and, as groups of their own, the gaps between batches."""
    rows = resampled(evidence, times)
    rows = rows[evidence.over[rows]]
    logs = np.log(evidence.seen.take(rows).work_s(law))
    return _sums(evidence.groups, evidence.group[rows], logs) | _sums(
        batches.gap_groups,
        np.repeat(batches.gap_group, times[batches.gap_samples.blocks]),
        np.repeat(np.log(batches.gap_samples.values), times[batches.gap_samples.blocks]),
    )


def _sums(groups: list[Group], group: Integers, logs: Floats) -> Tally:
    counts = np.bincount(group, minlength=len(groups))
    sums = np.bincount(group, logs, minlength=len(groups))
    return dict(zip(groups, zip(counts.tolist(), sums.tolist(), strict=True), strict=True))


def _slowdowns(tally: Tally, before: str) -> dict[tuple[str, str], dict[str, float]]:
    """Compare each phase with the normal times of its own session, or of all sessions where it has too few.

    Returns the ratio of the geometric means by (version, phase) and stage.
    """
    sums: dict[tuple[str, str], dict[str, tuple[float, int]]] = {}
    for group, (count, logs) in tally.items():
        if group.is_normal(before) or count < LEAST_VISITS:
            continue
        usual = {other: it for other, it in tally.items() if other.stage == group.stage and other.is_normal(before)}
        own = [it for other, it in usual.items() if other.session == group.session and it[0] >= LEAST_VISITS]
        base = own or list(usual.values())
        if not sum(number for number, _ in base):
            continue
        ratio = logs / count - sum(total for _, total in base) / sum(number for number, _ in base)
        total, visits = sums.setdefault((group.version, group.phase), {}).get(group.stage, (0.0, 0))
        sums[group.version, group.phase][group.stage] = (total + ratio * count, visits + count)
    return {phase: {stage: math.exp(it[0] / it[1]) for stage, it in stages.items()} for phase, stages in sums.items()}


def _with_all(slowdowns: dict[str, float], cost_s: Mapping[str, float]) -> dict[str, float]:
    """Add "all", the mean of the slow-downs weighted by what each costs a record; nothing where the centre has none."""
    central = [stage for stage in slowdowns if stage in cost_s and stage not in WEB]
    if not central:
        return {}
    total_s = sum(cost_s[stage] for stage in central)
    return slowdowns | {"all": sum(slowdowns[stage] * cost_s[stage] for stage in central) / total_s}
