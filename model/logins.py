"""Logins: when the operators of an office log in to the centre, which they must before they serve anybody."""

from typing import NamedTuple

from model.scenario import Scenario
from model.sending import online_s
from model.staffing import OfficePlan, office_day
from model.streams import stream


class Login(NamedTuple):
    """An operator's login, in seconds since the scenario's start."""

    from_s: float
    """When the shift begins, from which on the operator serves nobody without it."""
    moment_s: float
    """When the operator sits down."""


def logins_of(scenario: Scenario, plan: OfficePlan, day: int, replication: int = 0) -> list[Login]:
    """Return the login of each counter's operator on a day, from the first counter on.

    They sit down evenly by chance within `staffing.punctuality` of the regular shift's beginning; who stays for the
    evening is logged in already. Empty where nobody logs in: the scenario knows no logins, the office is closed, or it
    is offline and works without.
    """
    today = office_day(scenario, plan.office, day)
    begins_s = today.regular_start_s
    if scenario.centre.login_s is None or today.closed or online_s(scenario, plan.office, begins_s) > begins_s:
        return []
    chances = stream(scenario.seed, replication, "punctuality", plan.office.code, day).random(plan.counters)
    return [Login(begins_s, moment_s) for moment_s in (begins_s + scenario.staffing.punctuality_s * chances).tolist()]
