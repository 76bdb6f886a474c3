"""The saturator: sends a packet, follows the record until the centre has finished it, sends the next."""

from functools import partial
from typing import ClassVar

import gevent
from locust import task

from loadtests.saturation import Saturation
from loadtests.submission import submit
from loadtests.targets import PAST_CENTRE, TargetError
from loadtests.terminal import Terminal

SHORTEST_POLL_S = 0.05
POLLS_PER_AGE = 5
"""A record is asked for again when it has grown older by a fifth: polling must not become the load measured."""


class Saturator(Terminal):
    """Keeps one record at the server at all times."""

    saturation: ClassVar[Saturation]
    """Given by `staff`: Locust makes its users itself."""

    @classmethod
    def staff(cls, saturation: Saturation) -> None:
        """Let all users work for this measurement."""
        cls.saturation = saturation

    def on_start(self) -> None:
        """Wait until the measurement begins."""
        clock = self.saturation.clock
        clock.sleep_until(clock.clock.to_scenario_s(self.saturation.begins_s))

    @task
    def enroll(self) -> None:
        """Enroll one person, from the packet to the centre's decision."""
        measurement, record = self.saturation, self.saturation.record
        now_s = measurement.clock.now_s
        citizen = next(measurement.walk_ins)
        packet = measurement.people.packet(citizen)
        self.connect(citizen.office)
        server = f"{citizen.office}/saturator"
        record.sent()
        sent_s = now_s()
        try:
            status = submit(
                partial(self.target.submit, packet),
                citizen.name,
                measurement.scenario.seed,
                gevent.sleep,
                record.failed_request,
            )
        except TargetError:
            record.gave_up(citizen, sent_s, sent_s, now_s(), server)
            return
        record.submission(citizen, sent_s, sent_s, now_s(), server)
        if status in PAST_CENTRE:
            measurement.repeated()
            return
        self._follow(citizen.name)
        measurement.completed()

    def _follow(self, reference: str) -> None:
        """Wait until the centre has finished a record."""
        wall_s = self.saturation.clock.wall_s
        begun_s = wall_s()
        status = None
        while status not in PAST_CENTRE:
            gevent.sleep(max(SHORTEST_POLL_S, (wall_s() - begun_s) / POLLS_PER_AGE))
            asked_s = wall_s()
            try:
                status = self.target.status(reference)
            except TargetError:
                self.saturation.record.failed_request(wall_s() - asked_s)
        age_s = wall_s() - begun_s
        self.saturation.record.measure("centre", age_s, age_s)
