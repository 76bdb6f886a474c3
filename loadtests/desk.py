"""The desk: a terminal of an office from which packets are sent."""

from functools import partial
from typing import ClassVar

import gevent

from loadtests.day import Day
from loadtests.errand import Ask
from loadtests.hall import Hall
from loadtests.submission import submit
from loadtests.targets import TargetError
from loadtests.terminal import Terminal
from model.arrivals import Citizen


class Desk(Terminal):
    """Sends a citizen's packet or order over the office's line and waits for the centre's receipt."""

    abstract = True
    day: ClassVar[Day]
    """Given when the day is staffed: Locust makes its users itself."""
    hall: Hall
    server: str
    """Its name in the rows that it writes."""

    def send(self, citizen: Citizen, ask: Ask, ready_s: float) -> None:
        """Send what was ready at a moment, again and again for a while when the centre does not take it."""
        clock, record, hall = self.day.clock, self.day.record, self.hall
        sent_s, through_s = hall.link.send(citizen.errand, clock.now_s())
        clock.sleep_until(through_s)
        # From now on the centre may have it, even if its answer is lost: the window looks out for the card.
        hall.at_centre[citizen.name] = citizen
        record.sent()
        try:
            submit(
                partial(ask, self.target, self.supervisor),
                citizen.name,
                self.day.scenario.seed,
                gevent.sleep,
                record.failed_request,
            )
        except TargetError:
            record.gave_up(citizen, ready_s, sent_s, clock.now_s(), self.server)
            hall.at_home.discard(citizen.name)
        else:
            record.submission(citizen, ready_s, sent_s, clock.now_s(), self.server, through_s)
            hall.goes_home(citizen)
