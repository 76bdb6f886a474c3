"""Operators log in before they serve anybody: when they do, and what that costs."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from model.centre import CentreSpec, national_centre
from model.logins import logins_of
from model.measures import measure_day, visits
from model.nation import simulate
from model.offices import all_offices
from model.processor_sharing import Sharing
from model.scenario import Scenario
from model.staffing import OfficePlan, office_day, plan_offices
from model.stages import Stage, Status
from model.strategies import changed
from tests.antrean.validation.days import centre as built

MALANG, SORONG = "35.07", "96.71"
LOGIN = {"centre": {"login": "10 s"}}


def logging_in(scenario: Scenario, **staffing: Any) -> Scenario:
    return changed(scenario, {"offices": {"which": [MALANG, SORONG]}, "upgrade": None, "staffing": staffing} | LOGIN)


def login_moments_s(scenario: Scenario, plan: OfficePlan, day: int, replication: int = 0) -> list[float]:
    return [login.moment_s for login in logins_of(scenario, plan, day, replication)]


def logins(events: pl.DataFrame) -> pl.DataFrame:
    return events.filter(pl.col("stage") == Stage.LOGIN)


def captures(events: pl.DataFrame) -> pl.DataFrame:
    return events.filter((pl.col("stage") == Stage.CAPTURE) & (pl.col("outcome") != Status.UNREGISTERED))


def test_every_operator_logs_in_when_the_shift_begins_in_the_offices_zone(april: Scenario) -> None:
    scenario = logging_in(april, punctuality="30 s")
    for code, plan in plan_offices(scenario).items():
        moments_s = login_moments_s(scenario, plan, 1)
        begins_s = office_day(scenario, all_offices()[code], 1).regular_start_s
        assert len(moments_s) == plan.counters
        assert all(begins_s <= moment_s < begins_s + 30 for moment_s in moments_s)
        assert len(set(moments_s)) == plan.counters
        assert moments_s == login_moments_s(scenario, plan, 1)
        assert moments_s != login_moments_s(scenario, plan, 1, replication=1)


def test_without_a_spread_all_log_in_at_once(april: Scenario) -> None:
    scenario = logging_in(april)
    plan = plan_offices(scenario)[MALANG]
    assert set(login_moments_s(scenario, plan, 0)) == {office_day(scenario, plan.office, 0).regular_start_s}


@pytest.mark.parametrize(
    "tables",
    [
        {"centre": {"login": None}},
        {"offices": {"closed_on": ["monday"]}},
        {"offices": {"offline": [{"offices": [MALANG], "start": "08:00", "end": "09:00"}]}},
    ],
)
def test_nobody_logs_in_without_logins_on_closed_days_and_without_a_line(
    april: Scenario, tables: dict[str, Any]
) -> None:
    for cut in tables.get("offices", {}).get("offline", []):
        cut.update(start=april.moment_at(8 * 3600.0), end=april.moment_at(9 * 3600.0))
    scenario = changed(logging_in(april), tables)
    assert login_moments_s(scenario, plan_offices(scenario)[MALANG], 0) == []


def test_nobody_is_served_before_the_operator_has_logged_in(april: Scenario) -> None:
    scenario = logging_in(april, punctuality="2 min")
    events = simulate(scenario, national_centre(scenario), 2)
    done = logins(events).with_columns(day=pl.col("finished_s") // 86_400)
    assert done.height == 2 * sum(plan.counters for plan in plan_offices(scenario).values())
    served = captures(events).with_columns(day=pl.col("started_s") // 86_400)
    both = served.join(done, left_on=["server", "day"], right_on=["citizen", "day"], suffix="_login")
    assert both.height == served.height
    assert (both["started_s"] >= both["finished_s_login"]).all()
    # The first citizen is called when the login is over, not later: people wait by then.
    first = both.group_by("server", "day").agg((pl.col("started_s") - pl.col("finished_s_login")).min())
    assert first["started_s"].to_numpy().min() < 1e-6


def test_logins_take_turns_at_the_centres_slots_with_the_records(april: Scenario) -> None:
    scenario = logging_in(april)
    spec = national_centre(scenario)._replace(slots=1, login_s=7.0)
    done = logins(simulate(scenario, spec, 1)).filter(pl.col("office") == MALANG).sort("started_s")
    begins_s = office_day(scenario, all_offices()[MALANG], 0).regular_start_s
    assert (done["entered_s"] == begins_s).all()
    assert np.diff(done["started_s"].to_numpy()) == pytest.approx(7.0)


def test_a_login_weighs_as_the_stages_do(april: Scenario) -> None:
    scenario = logging_in(april)
    spec = national_centre(scenario)
    record_s = sum(spec.stage_s.values())
    assert spec.login_s == pytest.approx(record_s)
    assert national_centre(april).login_s == 0.0


def test_a_login_is_no_citizen(april: Scenario) -> None:
    scenario = logging_in(april)
    calm = changed(scenario, {"centre": {"login": None}})
    with_logins, without = (simulate(each, centre(each), 1) for each in (scenario, calm))
    assert set(visits(with_logins)["citizen"]) == set(visits(without)["citizen"])
    plans = plan_offices(scenario)
    days = [measure_day(events, scenario, plans, 0) for events in (with_logins, without)]
    assert days[0].arrivals == days[1].arrivals
    assert days[0].cards + days[0].refused + days[0].unserved == days[0].arrivals


def centre(scenario: Scenario) -> CentreSpec:
    return national_centre(scenario)


def test_at_a_server_built_as_measured_logins_share_its_cores(april: Scenario) -> None:
    scenario = changed(logging_in(april), {"offices": {"which": [MALANG]}})
    spec = built()._replace(login_s=7.0, sharing=Sharing(1.0, 1.0))
    done = logins(simulate(scenario, spec, 1))
    assert done.height == plan_offices(scenario)[MALANG].counters > 1
    # All begin at the same moment on the only core, and nobody has sent anything yet.
    assert (done["finished_s"] - done["entered_s"]).to_numpy() == pytest.approx(7.0 * done.height)
