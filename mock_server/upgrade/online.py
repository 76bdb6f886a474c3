"""The plan "online": the upgrade while the offices work. Nothing here sleeps but the throttle between batches."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess

from sqlalchemy import Connection, select

from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import Lock, engine_of, hold_version_alone, try_lock
from mock_server.migrations import EXPANDED, INDEXED, VERSION_5_5, migrate
from mock_server.pipeline.versions import Version
from mock_server.settings import Settings
from mock_server.tables import system
from mock_server.upgrade import progress
from mock_server.upgrade.backfill import backfill_process, bring_over, count_pending
from mock_server.upgrade.progress import Phase

_REPORT_EVERY_S = 1.0
_WATCH_S = 0.05

Report = Callable[[dict[str, object]], None]


@dataclass(frozen=True)
class Throttle:
    """How hard the backfill may press: rows to a batch, seconds between batches, processes at a time."""

    batch: int
    pause_s: float
    parallelism: int


class UpgradeError(RuntimeError):
    """The upgrade cannot be done, or not now; says why."""


class _InterruptedError(Exception):
    """The process was told to stop."""


class OnlineUpgrade:
    """One run of the upgrade, from wherever the last one stopped."""

    def __init__(
        self, connection: Connection, settings: Settings, throttle: Throttle, stop: Callable[[], bool], report: Report
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._throttle = throttle
        self._stop = stop
        self._report = report

    def run(self) -> bool:
        """Walk through the phases; returns False when told to stop before the end.

        Raises:
            UpgradeError: the system is upgraded already, or a backfill process failed.
        """
        phases = {
            Phase.EXPAND: self._expand,
            Phase.BACKFILL: self._backfill,
            Phase.INDEX: self._index,
            Phase.SWITCH: self._switch,
        }
        with self._connection.begin():
            if self._connection.scalar(select(system.c.version)) == Version.V5_5:
                raise UpgradeError(f"the system has version {Version.V5_5} already")
        try:
            for phase, work in phases.items():
                self._run_phase(phase, work)
        except _InterruptedError:
            return False
        finally:
            with self._connection.begin():
                progress.leave(self._connection)
        return True

    def _run_phase(self, phase: Phase, work: Callable[[], None]) -> None:
        if self._stop():
            raise _InterruptedError
        with self._connection.begin():
            if progress.is_finished(self._connection, phase):
                return
            progress.begin(self._connection, phase)
        began_s = time.monotonic()
        self._tell(phase, began_s)
        work()
        with self._connection.begin():
            progress.finish(self._connection, phase)
        self._tell(phase, began_s, finished=True)

    def _expand(self) -> None:
        migrate(self._connection, EXPANDED)

    def _backfill(self) -> None:
        with self._connection.begin():
            progress.expect(self._connection, Phase.BACKFILL, count_pending(self._connection))
        # Fresh interpreters: a forked one would share this one's database connection.
        spawn = multiprocessing.get_context("spawn")
        arguments = (self._settings, self._throttle.batch, self._throttle.pause_s)
        processes = [spawn.Process(target=backfill_process, args=arguments) for _ in range(self._throttle.parallelism)]
        for process in processes:
            process.start()
        try:
            self._watch(processes)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.join()
        if self._stop():
            raise _InterruptedError

    def _watch(self, processes: list[SpawnProcess]) -> None:
        began_s = reported_s = time.monotonic()
        while not self._stop() and any(process.is_alive() for process in processes):
            time.sleep(_WATCH_S)
            if time.monotonic() - reported_s >= _REPORT_EVERY_S:
                reported_s = time.monotonic()
                self._tell(Phase.BACKFILL, began_s)
        if not self._stop() and any(process.exitcode for process in processes):
            raise UpgradeError("a backfill process failed, see its message; run the upgrade again to continue")

    def _index(self) -> None:
        migrate(self._connection, INDEXED)

    def _switch(self) -> None:
        signer = EcdsaSigner.load(self._settings.signing_key_file)
        with self._connection.begin():
            hold_version_alone(self._connection)
            while niks := bring_over(self._connection, "", self._throttle.batch, signer):
                progress.advance(self._connection, Phase.SWITCH, len(niks))
            migrate(self._connection, VERSION_5_5)

    def _tell(self, phase: Phase, began_s: float, *, finished: bool = False) -> None:
        with self._connection.begin():
            done, total = progress.rows_done(self._connection, phase)
        self._report(
            {
                "phase": phase,
                "finished": finished,
                "rows_done": done,
                "rows_total": total,
                "elapsed_s": round(time.monotonic() - began_s, 3),
            }
        )


def upgrade(settings: Settings, throttle: Throttle, stop: Callable[[], bool], report: Report) -> bool:
    """Upgrade the database to 5.5, or go on with it; returns False when told to stop before the end.

    Raises:
        UpgradeError: the system is upgraded already, another upgrade runs, or a backfill process failed.
    """
    with engine_of(settings.database_url) as engine, engine.connect() as connection:
        if not try_lock(connection, Lock.UPGRADE):
            raise UpgradeError("another upgrade is running")
        return OnlineUpgrade(connection, settings, throttle, stop, report).run()
