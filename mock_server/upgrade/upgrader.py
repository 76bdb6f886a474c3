"""The upgrader: carries out the upgrades that were asked for, and goes on with one that was interrupted."""

import logging
import math
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine, exc

from mock_server.database import Lock, try_lock, upgrade_engine_of
from mock_server.lifetime import pause
from mock_server.outages import keep_at, reason_of
from mock_server.settings import Settings
from mock_server.upgrade import orders, plans, progress
from mock_server.upgrade.orders import Order, State
from mock_server.upgrade.windows import until_open_s
from mock_server.upgrade.work import TOO_LATE, InterruptedUpgradeError, UpgradeError, Work

log = logging.getLogger(__name__)

_STOP_LOOK_S = 0.25
"""How often a running upgrade looks whether it was called off."""
_REPORT_EVERY_S = 1.0

Report = Callable[[dict[str, object]], None]


def run(settings: Settings, stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Carry out upgrades until told to stop; an outage of the database is waited out."""
    with upgrade_engine_of(settings.database_url) as engine:
        ready()
        keep_at(lambda: _attend(engine, settings, stop), stop)


def _attend(engine: Engine, settings: Settings, stop: Callable[[], bool]) -> None:
    while not stop():
        with engine.connect() as connection:
            order = orders.find_due(connection, time.time())
            start_at = orders.next_start(connection)
        if order is None:
            pause(min(settings.poll_s, max(0.0, (start_at or math.inf) - time.time())), stop)
            continue
        try:
            carry_out(engine, settings, order, stop, lambda line: log.info("upgrade: %s", line))
        except UpgradeError as error:
            log.error("upgrade %d: %s", order.id, error)
            # Another program may be at it.
            pause(settings.poll_s, stop)


def carry_out(engine: Engine, settings: Settings, order: Order, stop: Callable[[], bool], report: Report) -> State:
    """Carry an upgrade out from wherever it stands; returns what became of it, RUNNING when told to stop.

    Raises:
        UpgradeError: another program is carrying it out, or it failed; what it did stays, and the next one goes on.
        sqlalchemy.exc.SQLAlchemyError: the database was lost; the upgrade is still running, for whoever comes next.
    """
    with engine.connect() as connection, engine.connect() as second:
        notes = second.execution_options(isolation_level="AUTOCOMMIT")
        if not try_lock(connection, Lock.UPGRADE):
            raise UpgradeError("another upgrade is running")
        orders.begin(notes, order)
        return _Run(connection, notes, settings, order, stop, report).run()


class _Run:
    """One attempt at an upgrade."""

    def __init__(
        self,
        connection: Connection,
        notes: Connection,
        settings: Settings,
        order: Order,
        stop: Callable[[], bool],
        report: Report,
    ) -> None:
        self._notes = notes
        self._order = order
        self._stop = stop
        self._report = report
        self._work = Work(connection, notes, settings, order, self._check)
        self._looked_s = self._reported_s = time.monotonic()
        self._began_s = 0.0

    def run(self) -> State:
        try:
            for position, (phase, step) in enumerate(plans.steps(self._order, self._work).items()):
                if not progress.is_finished(self._notes, self._order.id, phase):
                    self._take(phase, step, position)
        except InterruptedUpgradeError:
            stopped = orders.is_stop_asked(self._notes, self._order)
            return self._end(State.STOPPED) if stopped else self._pause()
        except Exception as error:
            if isinstance(error, exc.SQLAlchemyError) and reason_of(error):
                raise
            self._end(State.FAILED, str(error))
            raise UpgradeError(str(error)) from error
        return self._end(State.DONE)

    def _take(self, phase: str, step: Callable[[], None], position: int) -> None:
        self._await_window()
        self._work.phase = phase
        progress.begin(self._notes, self._order.id, phase, position)
        self._began_s = self._reported_s = time.monotonic()
        self._tell()
        step()
        progress.finish(self._notes, self._order.id, phase)
        self._tell(finished=True)

    def _await_window(self) -> None:
        """Wait until the upgrade may work.

        Raises:
            UpgradeError: the last window has closed.
            InterruptedUpgradeError: there is no time to wait.
        """
        self._check(look=True)
        while wait_s := until_open_s(self._order.windows, time.time()):
            if math.isinf(wait_s):
                raise UpgradeError(TOO_LATE)
            progress.leave(self._notes)
            pause(min(wait_s, _STOP_LOOK_S), self._stop)
            self._check(look=True)

    def _check(self, look: bool = False) -> None:
        """Report now and then, and raise `InterruptedUpgradeError` when the upgrade is to be left."""
        now_s = time.monotonic()
        if look or now_s - self._looked_s >= _STOP_LOOK_S:
            self._looked_s = now_s
            if orders.is_stop_asked(self._notes, self._order):
                raise InterruptedUpgradeError
        if self._stop():
            raise InterruptedUpgradeError
        if self._work.phase and now_s - self._reported_s >= _REPORT_EVERY_S:
            self._reported_s = now_s
            self._tell()

    def _tell(self, *, finished: bool = False) -> None:
        done, total = progress.rows_done(self._notes, self._order.id, self._work.phase)
        self._report(
            {
                "phase": self._work.phase,
                "finished": finished,
                "rows_done": done,
                "rows_total": total,
                "elapsed_s": round(time.monotonic() - self._began_s, 3),
            }
        )

    def _pause(self) -> State:
        progress.leave(self._notes)
        return State.RUNNING

    def _end(self, state: State, error: str | None = None) -> State:
        progress.leave(self._notes)
        orders.end(self._notes, self._order, state, error)
        return state
