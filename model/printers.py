"""An office's printers and its blank cards."""

from collections.abc import Generator

from simpy import Environment, Event

from model.arrivals import Citizen
from model.centre import Delays
from model.events import EventLog
from model.scenario import Scenario
from model.staffing import OfficeDay, OfficePlan, office_day, office_midnight_s
from model.stages import Stage, Status
from model.station import Station
from model.units import DAY_S
from model.windows import next_within_s

BEHIND = 1.0
"""The rank of a card that nobody waits for, where such cards go last."""


class Printers:
    """Printers, on while somebody works and in the hours of batch printing, and the stock of blank cards."""

    def __init__(self, env: Environment, scenario: Scenario, plan: OfficePlan, log: EventLog, delays: Delays) -> None:
        """Make an office's printers, all of them off, with the first morning's blank cards."""
        self._env = env
        self._scenario = scenario
        self._plan = plan
        self._log = log
        self._delays = delays
        self._printers = Station(env, f"{plan.office.code}/printer", plan.printers, on_duty=0)
        self._blanks: Station | None = None
        self._batch = scenario.offices.batch_printing
        self._midnight_s = office_midnight_s(scenario, plan.office, 0)

    def open(self, days: int) -> None:
        """Begin to switch the printers on and off, and to take deliveries."""
        self._env.process(self._switch(days))
        if self._plan.cards is not None:
            # A blank card is a server that is never given back: on duty are those delivered so far.
            most = self._plan.cards + self._plan.delivery * days
            self._blanks = Station(self._env, f"{self._plan.office.code}/blank", most, on_duty=self._plan.cards)
            self._env.process(self._deliver(days))

    def print(self, citizen: Citizen, made_s: float) -> Generator[Event, object, None]:
        """Print a card that the centre made at `made_s`, when there is a blank one and a printer."""
        if self._delays.notice_s:
            yield self._env.timeout(self._delays.notice_s)
        if not citizen.waits:
            yield self._until(next_within_s(self._batch, self._env.now, self._midnight_s))
        rank = BEHIND if self._scenario.centre.waiting_first and not citizen.waits else 0.0
        if self._blanks is not None:
            yield self._blanks.seize(rank)
        printer = yield self._printers.seize(rank)
        assert isinstance(printer, int)  # noqa: S101 - cards are never sent home
        started_s = self._env.now
        yield self._env.timeout(self._scenario.service.printing_s + self._delays.card_s)
        self._printers.release(printer)
        self._log.row(
            citizen.name,
            citizen.office,
            Stage.PRINTING,
            (made_s, started_s, started_s, self._env.now),
            self._printers.server_name(printer),
            Status.CARD_PRINTED,
        )

    def _switch(self, days: int) -> Generator[Event, object, None]:
        """Switch on for the shifts, and for the hours of batch printing on open days and in the nights after them."""
        on_s = []
        for day, today in enumerate(self._office_days(days)):
            if today.closed:
                continue
            on_s.append((today.regular_start_s, today.evening_end_s))
            midnight_s = office_midnight_s(self._scenario, self._plan.office, day)
            for window in self._batch:
                # What lies before the shift is the end of the night that follows the day.
                before = midnight_s + window.start_s < today.regular_start_s
                night_s = midnight_s + (DAY_S if before else 0.0)
                on_s.append((night_s + window.start_s, night_s + window.end_s))
        for moment_s in sorted({moment_s for spell in on_s for moment_s in spell}):
            yield self._until(moment_s)
            on = any(start_s <= moment_s < end_s for start_s, end_s in on_s)
            self._printers.staff(self._plan.printers if on else 0)

    def _deliver(self, days: int) -> Generator[Event, object, None]:
        cards = self._scenario.offices.cards
        assert cards is not None and self._blanks is not None  # noqa: S101, PT018 - begun only where cards are counted
        for today in self._office_days(days)[cards.every :: cards.every]:
            yield self._until(today.opens_s)
            self._blanks.staff(self._blanks.on_duty + self._plan.delivery)

    def _office_days(self, days: int) -> list[OfficeDay]:
        return [office_day(self._scenario, self._plan.office, day) for day in range(days)]

    def _until(self, moment_s: float) -> Event:
        return self._env.timeout(max(0.0, moment_s - self._env.now))
