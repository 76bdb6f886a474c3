"""An office's printers and its blank cards."""

from collections.abc import Generator

from simpy import Environment, Event

from model.arrivals import Citizen
from model.centre import Delays
from model.errands import Errand
from model.events import EventLog
from model.printing import batch_from_s, deliveries, is_held, switches
from model.scenario import Scenario
from model.staffing import OfficePlan
from model.stages import Stage, Status
from model.station import Station

BEFORE = -1.0
"""The rank of a card that was ready before the first morning: the oldest go first."""
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
        code = plan.office.code
        self._blanks: Station | None = None
        # The backlog of the first morning has blank cards of its own, so that no younger card takes one before it.
        self._backlog = Station(env, f"{code}/backlog", plan.unprinted, on_duty=0)
        self._unprinted = iter(range(plan.unprinted))

    def open(self, days: int) -> None:
        """Begin to switch the printers on and off, and to take deliveries."""
        self._env.process(self._switch(days))
        if self._plan.cards is not None:
            # A blank card is a server that is never given back: on duty are those delivered so far.
            most = self._plan.cards + self._plan.delivery * days
            self._blanks = Station(self._env, f"{self._plan.office.code}/blank", most, on_duty=0)
            self._take_in(self._plan.cards)
            self._env.process(self._deliver(days))
            for _ in range(self._plan.printers):
                self._env.process(self._work_off())

    def print(self, citizen: Citizen, made_s: float) -> Generator[Event, object, None]:
        """Print a card that the centre made at `made_s`, when there is a blank one and a printer."""
        if self._delays.notice_s:
            yield self._env.timeout(self._delays.notice_s)
        printer = yield from self._take_printer(citizen, self._blanks)
        yield from self._run(citizen, printer, made_s)

    def _work_off(self) -> Generator[Event, object, None]:
        """Print the backlog as fast as one printer can: all of it in the printers' queue would fill the memory."""
        code, entered_s = self._plan.office.code, self._env.now
        for number in self._unprinted:
            name = f"{code}-unprinted-{number:04d}"
            card = Citizen(name, code, entered_s, 0.0, None, (), Errand.REPLACEMENT, waits=False)
            printer = yield from self._take_printer(card, self._backlog, BEFORE)
            self._env.process(self._run(card, printer, entered_s))

    def _take_printer(
        self, citizen: Citizen, blanks: Station | None, rank: float = 0.0
    ) -> Generator[Event, object, int]:
        """Wait for the hours in which the card may be printed, for a blank one and for a printer, which is returned."""
        if is_held(self._scenario, citizen):
            yield self._until(batch_from_s(self._scenario, self._plan.office, self._env.now))
        rank = BEHIND if self._scenario.centre.waiting_first and not citizen.waits else rank
        if blanks is not None:
            yield blanks.seize(rank)
        printer = yield self._printers.seize(rank)
        assert isinstance(printer, int)  # noqa: S101 - cards are never sent home
        return printer

    def _run(self, citizen: Citizen, printer: int, entered_s: float) -> Generator[Event, object, None]:
        started_s = self._env.now
        yield self._env.timeout(self._scenario.service.printing_s + self._delays.card_s)
        self._printers.release(printer)
        self._log.row(
            citizen.name,
            citizen.office,
            Stage.PRINTING,
            (entered_s, started_s, started_s, self._env.now),
            self._printers.server_name(printer),
            Status.CARD_PRINTED,
        )

    def _switch(self, days: int) -> Generator[Event, object, None]:
        for switch in switches(self._scenario, self._plan.office, range(days)):
            yield self._until(switch.moment_s)
            self._printers.staff(self._plan.printers if switch.on else 0)

    def _deliver(self, days: int) -> Generator[Event, object, None]:
        for delivery in deliveries(self._scenario, self._plan, range(days)):
            yield self._until(delivery.moment_s)
            self._take_in(delivery.blanks)

    def _take_in(self, cards: int) -> None:
        """Count blank cards that have come."""
        assert self._blanks is not None  # noqa: S101 - asked for only where cards are counted
        for_backlog = min(cards, self._plan.unprinted - self._backlog.on_duty)
        self._backlog.staff(self._backlog.on_duty + for_backlog)
        self._blanks.staff(self._blanks.on_duty + cards - for_backlog)

    def _until(self, moment_s: float) -> Event:
        return self._env.timeout(max(0.0, moment_s - self._env.now))
