"""Sending: when an office sends a packet, at once or from its store, when it has a line, and how long that takes.

One rule for load and simulation alike.
"""

import math

from model.errands import NEEDS, Errand
from model.offices import Office
from model.scenario import Scenario, local_midnight_s
from model.staffing import OfficeDay
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


def goes_home(scenario: Scenario, office: Office, today: OfficeDay, ready_s: float, send_s: float) -> bool:
    """Tell whether a citizen who hears at `ready_s` when the packet is going to be sent does not wait for the card.

    That is when the line is down, or will not send the packet before the day's evening ends.
    """
    return send_s > today.evening_end_s or online_s(scenario, office, ready_s) > ready_s


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
