import math

import pytest

from antrean.calibration.calibration_file import Batching, Calibration, Concurrency, Origin, Phase, Service, Standstill
from antrean.validation.calibrated_centre import (
    Plan,
    centre_spec,
    drawn,
    estimates,
    full,
    periods,
    plan_of,
    unknown_phases,
)
from model.nation import simulate
from model.periods import Period
from model.stages import Stage
from tests.antrean.validation.days import NORMAL, SPEEDUP, centre, lab

Three = tuple[float, float, float]


def three(value: float) -> Three:
    return (value, value, value)


def calibration(slope: float = 0.0, matching_s: float = 0.001, workers: int = 2) -> Calibration:
    """Validation 10 ms, personalisation 30 ms, a claim of 8 for 16 ms; the backfill costs a half more."""
    means_s = {"submission": 0.02, "validation": 0.010, "matching": matching_s, "personalisation": 0.030}
    services = {
        stage: Service(
            visits=100,
            unfinished=0,
            servers=2,
            starts="seen",
            mean_s=three(mean_s),
            cv=three(0.5),
            distribution="lognormal",
            parameters=(0.5, mean_s),
            bic={"lognormal": 0.0},
            aic={"lognormal": 0.0},
        )
        for stage, mean_s in means_s.items()
    }
    draws = {
        f"{stage}.{name}": (value, 2 * value) for stage in means_s for name, value in (("mean_s", 1.0), ("cv", 0.5))
    }
    return Calibration(
        schema_version=1,
        origin=Origin(kind="runs", names=("a run",), seed=0, workers=workers, most_per_s=10.0),
        concurrency=Concurrency(law="linear", cores=three(1.0), slope=three(slope), most=4),
        stages=services,
        batching={"workers": Batching(batches=50, mean_size=2.0, largest=8, gap_s=three(0.016))},
        notice_s={"validation": three(0.005)},
        phases=(Phase(version="5.4", phase="backfill", visits=50, slowdown=three(1.5), stages={}),),
        standstills=(
            Standstill(session="day", version="5.5", still_s=6.0),
            Standstill(session="day", version="5.5", still_s=8.0),
        ),
        draws={"cores": (1.0, 2.0), "slope": (0.0, 0.1), **draws},
    )


def test_a_full_server_does_what_its_workers_can() -> None:
    """Each record costs a worker 40 ms and twice an eighth of a claim."""
    found = calibration()
    limit = full(found, estimates(found))
    assert limit.per_s == pytest.approx(2 / 0.044)
    assert limit.slowdown == 1.0


def test_processes_that_share_cores_slow_each_other_and_the_balance_holds() -> None:
    found = calibration(slope=0.4)
    limit = full(found, estimates(found))
    besides = min(1.0, limit.per_s * 0.001 * limit.slowdown) + min(1.0, limit.per_s * 0.02 * limit.slowdown)
    assert limit.slowdown == pytest.approx(1 + 0.4 * (2 + besides - 1), rel=1e-6)
    assert limit.per_s == pytest.approx(2 / 0.044 / limit.slowdown)


def test_a_slow_matcher_is_the_limit() -> None:
    found = calibration(matching_s=0.1)
    assert full(found, estimates(found)).per_s == pytest.approx(10.0)


def test_the_pool_makes_as_many_records_as_the_full_server() -> None:
    found = calibration(slope=0.4)
    spec = centre_spec(found, estimates(found), SPEEDUP, (NORMAL,))
    assert spec.capacity_per_s * SPEEDUP == pytest.approx(full(found, estimates(found)).per_s)
    assert spec.slots == 2
    assert spec.submission_s == pytest.approx(0.02 * SPEEDUP)
    assert spec.variation == pytest.approx(0.5)
    assert spec.notice_s[Stage.VALIDATION] == pytest.approx((0.005 - 0.002) * SPEEDUP)
    assert spec.notice_s[Stage.MATCHING] == 0.0


def test_draws_belong_together_and_begin_again() -> None:
    found = calibration()
    assert drawn(found, 1)["cores"] == 2.0
    assert drawn(found, 1)["slope"] == 0.1
    assert drawn(found, 2) == drawn(found, 0)


def test_another_servers_log_makes_no_centre() -> None:
    with pytest.raises(ValueError, match=r"another kind of server.*calibrate from runs"):
        full(calibration(workers=0), estimates(calibration(workers=0)))


def test_an_upgrade_day_is_planned_as_it_was_and_costs_what_was_calibrated() -> None:
    began_s, still_s = 9 * 3600.0, (13 * 3600.0, 13.5 * 3600.0)
    was = (
        NORMAL,
        Period(began_s, "5.4", "backfill", 1.2),
        Period(still_s[0], "5.4", "standstill", math.inf),
        Period(still_s[1], "5.5", "", 0.9),
    )
    events = simulate(lab(), centre(periods=was), days=1)
    plan = plan_of(events, lab())
    assert [(version, phase) for _, version, phase in plan.phases] == [("5.4", ""), ("5.4", "backfill"), ("5.5", "")]
    assert plan.phases[0][0] == -math.inf
    assert plan.phases[1][0] == pytest.approx(began_s, abs=120)
    assert plan.still_s == pytest.approx(still_s, abs=120)

    found = calibration()
    told = periods(plan, found, estimates(found), SPEEDUP)
    assert [(period.phase, period.slowdown) for period in told] == [
        ("", 1.0),
        ("backfill", 1.5),
        ("standstill", math.inf),
        ("", 1.0),
    ]
    # The calibration knows of standstills of 6 and 8 s, not of this one.
    assert told[3].start_s - told[2].start_s == pytest.approx(7.0 * SPEEDUP)
    assert told[3].version == "5.5"
    assert unknown_phases(plan, found) == ["5.5 alone"]


def test_a_change_of_version_of_which_nothing_is_known_is_named() -> None:
    found = calibration().model_copy(update={"standstills": ()})
    plan = Plan(((-math.inf, "5.4", ""), (100.0, "5.4", "index")), still_s=(200.0, 300.0))
    assert unknown_phases(plan, found) == ["index", "the matcher's change of version"]
    assert [period.slowdown for period in periods(plan, found, estimates(found), 1.0)] == [1.0, 1.0]
