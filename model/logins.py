"""Logins: when the operators of an office log in to the centre, which they must before they serve anybody."""

from model.scenario import Scenario
from model.sending import online_s
from model.staffing import OfficePlan, office_day
from model.streams import stream


def login_moments_s(scenario: Scenario, plan: OfficePlan, day: int, replication: int = 0) -> list[float]:
    """Return when the operator of each counter, from the first on, sits down to log in on a day.

    In seconds since the scenario's start, evenly by chance within `staffing.punctuality` of the regular shift's
    beginning; who stays for the evening is logged in already. Empty where nobody logs in: the scenario knows no logins,
    the office is closed, or it is offline and works without.
    """
    today = office_day(scenario, plan.office, day)
    begins_s = today.regular_start_s
    if scenario.centre.login_s is None or today.closed or online_s(scenario, plan.office, begins_s) > begins_s:
        return []
    chances = stream(scenario.seed, replication, "punctuality", plan.office.code, day).random(plan.counters)
    moments_s: list[float] = (begins_s + scenario.staffing.punctuality_s * chances).tolist()
    return moments_s
