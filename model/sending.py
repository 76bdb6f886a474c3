"""Sending: when an office sends a packet to the centre, at once or from its store, and how long its line takes.

One rule for load and simulation alike.
"""

import math

from model.errands import NEEDS, Errand
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


class Link:
    """An office's own line to the centre, on which one packet follows the other."""

    def __init__(self, scenario: Scenario) -> None:
        """Lay the line; nothing is on it yet."""
        rate = scenario.offices.link_bits_per_s
        self._packet_s = 0.0 if rate is None else scenario.load.packet_bytes * 8 / rate
        self._free_s = -math.inf

    def send(self, errand: Errand, now_s: float) -> tuple[float, float]:
        """Put what an errand sends on the line at `now_s`; returns when it begins to be sent and when it is through.

        A request for a replacement is a line of text: only captured packets fill the line.
        """
        if not self._packet_s or not NEEDS[errand].capture:
            return now_s, now_s
        begins_s = max(now_s, self._free_s)
        self._free_s = begins_s + self._packet_s
        return begins_s, self._free_s
