"""Sending: when an office sends a packet to the centre, at once or from its store."""

from model.offices import Office
from model.scenario import Scenario, local_midnight_s
from model.windows import next_outside_s, next_within_s


def sending_s(scenario: Scenario, office: Office, ready_s: float) -> float:
    """Return when a packet that is ready at `ready_s` is sent.

    Outside `staffing.avoid`, which counts on the start's clock, and within `offices.upload`, which counts on the
    office's own. A moment later than `ready_s` means that the office keeps the packet and the operator does not wait.
    """
    avoid, upload = scenario.staffing.avoid, scenario.offices.upload
    if not avoid and not upload:
        return ready_s
    midnight_s = local_midnight_s(scenario, office.zone.utc_offset_s, 0)
    moment_s = ready_s
    while True:
        later_s = next_within_s(upload, next_outside_s(avoid, moment_s), midnight_s)
        if later_s == moment_s:
            return moment_s
        moment_s = later_s
