"""Validating: every measured day of a run simulated with a calibrated centre, compared, judged and written down."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from antrean.calibrated_server import centre_of, drawn, estimates
from antrean.calibrated_upgrade import periods, plan_of, unknown_phases
from antrean.calibration.calibration_file import Calibration
from antrean.calibration.from_runs import workers_seen
from antrean.calibration.visits import measured_parts, replication_of
from antrean.runs import Run
from antrean.summary import duration
from antrean.validation.comparison import Comparison, compare, farthest_stage, verdict
from model.centre import login_s
from model.compression import window_interval_s
from model.nation import simulate
from model.office_days import horizon_s
from model.scenario import Scenario
from model.staffing import plan_offices
from model.stages import CENTRAL_STAGES, Stage


class DayValidated(NamedTuple):
    """One measured day and what the twin says of it."""

    part: str
    scenario: Scenario
    comparison: Comparison
    measured: pl.DataFrame
    predicted: list[pl.DataFrame]
    """Simulated days of the same citizens."""
    verdict: str
    notes: list[str]
    """What the reader must know before believing the figures."""

    def as_json(self) -> dict[str, Any]:
        """Return what is worth keeping."""
        return {"verdict": self.verdict, "notes": self.notes, **self.comparison.as_json()}


def validate(
    run: Run, calibration: Calibration, replications: int, show: Callable[[float, str], None]
) -> list[DayValidated]:
    """Hold every measured part of a run against the calibrated twin.

    Args:
        run: its folder.
        calibration: what the centre is made from.
        replications: simulated days, each with another draw of the calibration and other chance in the centre.
        show: is told the share done and what is going on.

    Raises:
        ValueError: the run has no measured part, or the calibration is of another kind of server.
    """
    parts = measured_parts(run)
    days = []
    for number, (part, scenario) in enumerate(parts):
        begin = number / len(parts)

        def said(share: float, part: str = part, begin: float = begin) -> None:
            show(begin + share / len(parts), part)

        days.append(validate_day(run, part, scenario, calibration, replications, said))
    return days


def validate_day(
    run: Run,
    part: str,
    scenario: Scenario,
    calibration: Calibration,
    replications: int,
    show: Callable[[float], None],
    since_s: float = -math.inf,
) -> DayValidated:
    """Hold one measured part against the calibrated twin, with as many workers as it was measured with.

    Args:
        run: its folder.
        part: which of its parts.
        scenario: what the part has played.
        calibration: what the centre is made from.
        replications: simulated days, each with another draw of the calibration and other chance in the centre.
        show: is told the share done.
        since_s: only citizens who came from this moment on are compared.

    Raises:
        ValueError: the calibration is of another kind of server.
    """
    whole, speedup = run.load_events(part), scenario.load.speedup
    twin = twin_of(run, part, scenario, calibration)
    measured, predicted = came_since(whole, since_s), []
    for number in range(replications):
        show(number / replications)
        predicted.append(came_since(twin(number), since_s))
    end_s = horizon_s(scenario, plan_offices(scenario), 1)
    comparison = compare(measured, predicted, end_s, speedup, scenario.seed)
    stage = farthest_stage(comparison)
    stay = comparison.figures[f"{stage}_mean_s"]
    notes = [
        f"Farthest off is the stay in {stage}: {duration(stay.measured * speedup)} measured, "
        f"{duration(stay.predicted * speedup)} predicted, on average and in the day's time.",
        *_lagged(run, part),
        *_notes(f"{run.folder}/{part}", calibration, unknown_phases(plan_of(whole, scenario), calibration), since_s),
        *_beyond(scenario, whole, calibration),
    ]
    return DayValidated(part, scenario, comparison, measured, predicted, verdict(comparison), notes)


def _lagged(run: Run, part: str) -> list[str]:
    """Say so when the load side was late: then it measured itself."""
    if not (run.folder / "summary.json").exists():
        return []
    if run.load_json("summary.json").get("load", {}).get(part, {}).get("valid_for_latency", True):
        return []
    return ["The load generator lagged on this day: what was measured is in part its own slowness."]


def twin_of(run: Run, part: str, scenario: Scenario, calibration: Calibration) -> Callable[[int], pl.DataFrame]:
    """Return what simulates a measured part's day for its very citizens: the n-th day with the n-th draw.

    Raises:
        ValueError: the calibration is of another kind of server; when a day is simulated.
    """
    measured = run.load_events(part)
    like_it = _with_workers(calibration, workers_seen(measured))
    replication = replication_of(run, part)
    plan, speedup = plan_of(measured, scenario), scenario.load.speedup
    service = scenario.service.model_copy(update={"handover_s": window_interval_s(scenario)})
    played = scenario.model_copy(update={"service": service})

    def day(number: int) -> pl.DataFrame:
        figures = drawn(like_it, number)
        centre = centre_of(like_it, figures, speedup, periods(plan, like_it, figures, speedup))
        # Logins are not calibrated: they keep their proportion to a record's work.
        centre = centre._replace(login_s=login_s(scenario, sum(centre.stage_s.values())))
        return simulate(played, centre, 1, replication, work_replication=replication + 1 + number)

    return day


def came_since(events: pl.DataFrame, since_s: float) -> pl.DataFrame:
    """Return the events of the citizens who came from a moment on."""
    if since_s == -math.inf:
        return events
    came = events.filter((pl.col("stage") == Stage.ARRIVAL) & (pl.col("entered_s") >= since_s))
    return events.join(came.select("citizen"), on="citizen", how="semi")


def _with_workers(calibration: Calibration, workers: int) -> Calibration:
    """The calibration of a server that is the same but for its number of workers; a foreign log's has none."""
    if not calibration.origin.workers:
        return calibration
    return calibration.model_copy(update={"origin": calibration.origin.model_copy(update={"workers": workers})})


def _notes(part: str, calibration: Calibration, unknown: list[str], since_s: float) -> list[str]:
    found = []
    made_from = {Path(name).resolve() for name in calibration.origin.names}
    if since_s > -math.inf:
        found.append("Only the citizens who came after the hours that the calibration was made from are compared.")
    elif made_from & {Path(part).resolve(), Path(part).parent.resolve()}:
        found.append(
            "The calibration was made from this very run: this shows whether its structure can tell the day, not yet "
            "that it predicts days it has not seen."
        )
    if unknown:
        found.append(f"The calibration has never seen {', '.join(unknown)}: taken as costing nothing.")
    return found


def _beyond(scenario: Scenario, measured: pl.DataFrame, calibration: Calibration) -> list[str]:
    """What of the day lies beyond what the calibration was made from."""
    found, origin = [], calibration.origin
    window_s = 10.0 * scenario.load.speedup
    central = measured.filter(pl.col("stage").cast(pl.String).is_in([stage.value for stage in CENTRAL_STAGES]))
    rates = central.with_columns(window=(pl.col("finished_s") / window_s).floor()).group_by("stage", "window").len()
    most_per_s = float(rates["len"].to_numpy().max()) / 10.0
    if most_per_s > 1.1 * origin.most_per_s:
        found.append(
            f"Beyond the calibrated range: {most_per_s:.1f} records a second, against {origin.most_per_s:.1f} in what "
            "it was made from."
        )
    if scenario.centre.residents != origin.residents:
        found.append(
            f"Beyond the calibrated range: {scenario.centre.residents:,} residents in the gallery, against "
            f"{origin.residents:,}."
        )
    if origin.workers and (workers := workers_seen(measured)) != origin.workers:
        found.append(f"Beyond the calibrated range: {workers} workers, against {origin.workers}.")
    return found


def capacity_words(calibration: Calibration) -> str:
    """Say what a full server does by the calibration, and what capacity searches found of the real one."""
    full = centre_of(calibration, estimates(calibration), speedup=1.0, periods=())
    said = f"By the calibration a full server makes {full.capacity_per_s:.1f} records a second"
    searched = ", ".join(f"{found:.1f}" for found in calibration.origin.capacity_per_s)
    return f"{said}; capacity searches found {searched}." if searched else f"{said}."
