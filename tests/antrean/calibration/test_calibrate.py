"""What a calibration says of queues whose figures are known, and whether its intervals mean what they say."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from antrean.calibration import external_log
from antrean.calibration.calibrate import calibrate
from antrean.calibration.calibration_file import Calibration, Estimate, Origin
from tests.antrean.calibration.queues import mmc, shared_cores

ORIGIN = Origin(kind="log", names=("log.csv",), seed=0, workers=0, most_per_s=0.0)


def of_log(tmp_path: Path, log: pl.DataFrame, servers: dict[str, int] | None = None, draws: int = 60) -> Calibration:
    path = tmp_path / "log.csv"
    log.write_csv(path)
    return calibrate(external_log.read(path), ORIGIN, servers or {}, draws).calibration


def covers(estimate: Estimate, truth: float) -> bool:
    return estimate[1] <= truth <= estimate[2]


@pytest.mark.parametrize("servers", [1, 3])
def test_a_foreign_queue_is_recovered_from_its_log_with_and_without_starts(tmp_path: Path, servers: int) -> None:
    log = mmc(servers, arrivals_per_s=0.85 * servers / 2.0, mean_s=2.0, count=4000, seed=servers)
    seen = of_log(tmp_path, log)
    mined = of_log(tmp_path, log.drop("started"))
    for calibration in (seen, mined):
        stage = calibration.stages["approval"]
        assert stage.servers == servers
        assert covers(stage.mean_s, 2.0)
        assert covers(stage.cv, 1.0)
        # Exponential times are both a gamma's and a Weibull's.
        assert stage.distribution in {"gamma", "weibull"}
        assert stage.parameters[0] == pytest.approx(1.0, abs=0.06)
        assert calibration.concurrency.law == "none"
    assert (seen.stages["approval"].starts, mined.stages["approval"].starts) == ("seen", "recovered")
    narrow, wide = seen.stages["approval"].mean_s, mined.stages["approval"].mean_s
    assert narrow[2] - narrow[1] < 0.2
    assert wide[2] - wide[1] > 1.2 * (narrow[2] - narrow[1])


def test_the_intervals_hold_the_truth_as_often_as_they_say(tmp_path: Path) -> None:
    """Nineteen of twenty should; with fewer than 16 the chance of honest intervals would be below 3 in 1000."""
    held = [
        covers(of_log(tmp_path, mmc(2, 0.8, 2.0, 1500, seed=100 + seed), draws=40).stages["approval"].mean_s, 2.0)
        for seed in range(20)
    ]
    assert sum(held) >= 16


def test_a_log_that_ends_in_the_middle_keeps_who_was_being_served(tmp_path: Path) -> None:
    log = mmc(3, arrivals_per_s=1.2, mean_s=2.0, count=3000, seed=41)
    end = float(log["started"][2500])
    cut = log.filter(pl.col("entered") <= end).with_columns(
        pl.when(pl.col("finished") <= end).then("finished"), pl.when(pl.col("started") <= end).then("started")
    )
    stage = of_log(tmp_path, cut).stages["approval"]
    assert 1 <= stage.unfinished <= 3
    assert covers(stage.mean_s, 2.0)


def test_too_few_servers_for_the_order_of_departures_are_refused(tmp_path: Path) -> None:
    log = mmc(3, arrivals_per_s=1.2, mean_s=2.0, count=500, seed=42).drop("started")
    with pytest.raises(ValueError, match=r"stage approval: .*needs 3 servers, not 2; raise --servers approval=N"):
        of_log(tmp_path, log, {"approval": 2})


def test_a_stage_of_few_visits_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stage approval: only 10 visits"):
        of_log(tmp_path, mmc(1, 0.5, 1.0, 10, seed=43))


def test_work_on_shared_cores_is_told_apart_from_its_duration() -> None:
    found = calibrate(shared_cores(6, 3.0, 1 / 3, 2.2, mean_s=1.0, count=3000, seed=44), ORIGIN, {}, 60).calibration
    assert found.concurrency.law == "sharing"
    assert covers(found.concurrency.cores, 3.0)
    assert covers(found.concurrency.slope, 1 / 3)
    stage = found.stages["personalisation"]
    assert covers(stage.mean_s, 1.0)
    assert covers(stage.cv, 0.4)
    assert stage.distribution == "lognormal"


def test_what_each_phase_of_an_upgrade_costs_is_recovered() -> None:
    normal = shared_cores(2, 2.0, 0.0, 1.0, mean_s=1.0, count=1500, seed=45)
    moved = normal["finished_s"].max() + 10.0  # type: ignore[operator] # a number
    moments = ["entered_s", "started_s", "finished_s"]
    frames = [normal]
    for number, (version, phase, slowdown) in enumerate([("5.4", "backfill", 1.5), ("5.5", "", 0.8)]):
        visits = shared_cores(2, 2.0, 0.0, 0.8, mean_s=slowdown, count=1500, seed=46 + number)
        moved += 0.0 if number == 0 else 2500.0
        frames.append(
            visits.with_columns(
                *(pl.col(name) + moved for name in moments), version=pl.lit(version), phase=pl.lit(phase)
            )
        )
    found = calibrate(pl.concat(frames), ORIGIN, {}, 60).calibration
    phases = {(phase.version, phase.phase): phase for phase in found.phases}
    assert set(phases) == {("5.4", "backfill"), ("5.5", "")}
    assert covers(phases["5.4", "backfill"].slowdown, 1.5)
    assert covers(phases["5.5", ""].slowdown, 0.8)
    assert covers(found.stages["personalisation"].mean_s, 1.0)


def test_the_same_visits_and_seed_give_the_same_calibration_and_another_seed_other_draws() -> None:
    visits = shared_cores(3, 2.0, 0.5, 1.2, mean_s=1.0, count=300, seed=47)
    first, again = (calibrate(visits, ORIGIN, {}, 20).calibration for _ in range(2))
    other = calibrate(visits, ORIGIN.model_copy(update={"seed": 1}), {}, 20).calibration
    assert first == again
    assert first.stages["personalisation"].mean_s[0] == other.stages["personalisation"].mean_s[0]
    assert first.draws != other.draws


def test_draws_scatter_as_the_interval_says() -> None:
    found = calibrate(shared_cores(3, 2.0, 0.5, 1.2, mean_s=1.0, count=600, seed=48), ORIGIN, {}, 200).calibration
    drawn = np.array(found.draws["personalisation.mean_s"])
    _, low, high = found.stages["personalisation"].mean_s
    assert found.number_of_draws == 200
    assert np.mean((drawn >= low) & (drawn <= high)) == pytest.approx(0.95, abs=0.02)


def test_a_draw_is_a_day_like_one_of_those_seen_and_the_interval_reaches_over_all() -> None:
    days = [
        shared_cores(2, 2.0, 0.0, 1.0, mean_s=mean_s, count=600, seed=63).with_columns(session=pl.lit(session))
        for mean_s, session in ((1.0, "quiet/lab-normal"), (1.0, "quiet/lab-upgrade"), (1.5, "noisy/lab-normal"))
    ]
    found = calibrate(pl.concat(days), ORIGIN, {}, 60).calibration
    drawn = np.array(found.draws["personalisation.mean_s"])
    near = np.abs(drawn[:, None] - np.array([[1.0, 1.5]])) < 0.1
    assert near.any(axis=1).all()
    assert (near.sum(axis=0) > 10).all()
    _, low, high = found.stages["personalisation"].mean_s
    assert [low, high] == pytest.approx([1.0, 1.5], abs=0.1)


def test_a_stage_that_a_resample_can_miss_is_calibrated_all_the_same() -> None:
    """Forty visits at one moment of a long day: every third resample is without them."""
    day = shared_cores(2, 2.0, 0.0, 1.0, mean_s=1.0, count=600, seed=61)
    burst = shared_cores(2, 2.0, 0.0, 50.0, mean_s=0.02, count=40, seed=62).with_columns(stage=pl.lit("validation"))
    found = calibrate(day.vstack(burst), ORIGIN, {}, 60).calibration
    assert found.stages["validation"].visits == 40
    assert np.isfinite(found.draws["validation.mean_s"]).all()
