import math

import pytest

from antrean.calibrated_server import estimates
from antrean.calibrated_upgrade import Plan, periods, plan_of, unknown_phases
from model.nation import simulate
from model.periods import Period
from tests.antrean.calibrations import calibration
from tests.antrean.validation.days import NORMAL, SPEEDUP, centre, lab


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
