"""Sending: when an office sends a packet to the centre, at once or from its store, and when it has a line at all."""

from model.offices import Office
from model.scenario import Scenario, local_midnight_s
from model.windows import next_outside_s, next_within_s


def sending_s(scenario: Scenario, office: Office, ready_s: float) -> float:
    """Return when a packet that is ready at `ready_s` is sent.

    Outside `staffing.avoid`, which counts on the start's clock, within `offices.upload`, which counts on the office's
    own, and not while the office is in `offices.offline`. A moment later than `ready_s` means that the office keeps the
    packet and the operator does not wait.
    """
    avoid, upload = scenario.staffing.avoid, scenario.offices.upload
    midnight_s = local_midnight_s(scenario, office.zone.utc_offset_s, 0)
    moment_s = ready_s
    while True:
        allowed_s = next_within_s(upload, next_outside_s(avoid, moment_s), midnight_s)
        later_s = online_s(scenario, office, allowed_s)
        if later_s == moment_s:
            return moment_s
        moment_s = later_s


def online_s(scenario: Scenario, office: Office, moment_s: float) -> float:
    """Return the first moment from `moment_s` on at which the office has a line to the centre."""
    cuts = [cut for cut in scenario.offices.offline if cut.hits(office.code)]
    for cut in sorted(cuts, key=lambda cut: cut.start):
        if scenario.seconds_at(cut.start) <= moment_s:
            moment_s = max(moment_s, scenario.seconds_at(cut.end))
    return moment_s
