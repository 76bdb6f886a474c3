"""Calibrating from runs: which of their measured parts are looked at, and what they bound."""

from collections.abc import Mapping, Sequence

import polars as pl

from antrean.calibration import visits
from antrean.calibration.calibrate import DRAWS, Calibrated, calibrate
from antrean.calibration.calibration_file import Origin
from antrean.calibration.figures import SHARED_BY
from antrean.runs import Run


def calibrate_runs(
    runs: Sequence[Run], parts: Mapping[str, float] | None = None, seed: int = 0, draws: int = DRAWS
) -> Calibrated:
    """Calibrate from what runs have measured.

    Args:
        runs: their folders.
        parts: which parts, such as lab-normal, and until which moment (scenario seconds) each is looked at; left out,
            all that were measured.
        seed: of the resampling.
        draws: how many resamples the intervals come from.

    Raises:
        ValueError: a run has none of these parts, or one that no calibration can be made from.
    """
    seen = pl.concat(visits.of_run(run, parts) for run in runs)
    delays = pl.concat(visits.delays_of_run(run, parts) for run in runs)
    return calibrate(seen, _origin(runs, parts, seen, seed), {}, draws, delays)


def workers_seen(seen: pl.DataFrame) -> int:
    """Return how many workers served a stage of theirs, in the session that shows the most.

    Args:
        seen: visits, or a day's events as one session.
    """
    served = seen.filter(
        pl.col("stage").cast(pl.String).is_in(list(SHARED_BY["workers"])) & pl.col("server").is_not_null()
    )
    if "session" not in served.columns:
        return served["server"].n_unique()
    return int(served.group_by("session").agg(pl.col("server").n_unique())["server"].to_numpy().max())


def _origin(runs: Sequence[Run], parts: Mapping[str, float] | None, seen: pl.DataFrame, seed: int) -> Origin:
    scenarios = [scenario for run in runs for _, scenario in visits.measured_parts(run, parts)]
    summaries = [run.load_json("summary.json") for run in runs if (run.folder / "summary.json").exists()]
    capacities = [summary.get("capacity", {}).get("capacity_per_s") for summary in summaries]
    whole = [str(run.folder) if parts is None else f"{run.folder}/{part}" for run in runs for part in parts or [""]]
    return Origin(
        kind="runs",
        names=tuple(whole),
        seed=seed,
        workers=workers_seen(seen),
        most_per_s=0.0,
        residents=max(scenario.centre.residents for scenario in scenarios),
        capacity_per_s=tuple(float(capacity) for capacity in capacities if capacity),
    )
