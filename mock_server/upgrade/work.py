"""The work of an upgrade: the steps that the plans are made of, each begun anew or continued as often as need be.

A step leaves the database as it was or does all of its own; only the backfill goes on by batches. So a program that
is killed at any moment leaves a version that works, and the next one goes on from there.
"""

import math
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from psycopg import errors
from sqlalchemy import Connection, exc, func, select, text, update

from mock_server import claims
from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import hold_version_alone
from mock_server.lifetime import follow_parent
from mock_server.migrations import (
    EXPANDED,
    INDEXED,
    VERSION_5_4,
    VERSION_5_5,
    abandon_downgrade,
    migrate,
    migrate_back,
    revision_of,
)
from mock_server.pipeline.versions import Version
from mock_server.settings import Settings
from mock_server.tables import residents, system
from mock_server.upgrade import progress
from mock_server.upgrade.backfill import (
    Job,
    Person,
    Share,
    backfill_process,
    bring_over,
    brought_over,
    count_pending,
    next_rows,
    write,
)
from mock_server.upgrade.orders import Order
from mock_server.upgrade.windows import until_open_s
from model.offices import Zone, zone_of

TOO_LATE = "the last window has closed; ask for the upgrade again, with later ones, to go on"
_WATCH_S = 0.05
_LOCK_WITHIN_MS, _LOCK_AGAIN_S = 300, 0.5


class UpgradeError(RuntimeError):
    """The upgrade cannot be done, or not now; says why."""


class InterruptedUpgradeError(Exception):
    """Somebody called it off, or the program was told to end."""


class Work:
    """What one upgrade does to the database, on a connection of its own; its progress is noted on another."""

    def __init__(
        self,
        connection: Connection,
        notes: Connection,
        settings: Settings,
        order: Order,
        check: Callable[[], None],
    ) -> None:
        """Use two connections, the second one in autocommit; `check` raises `InterruptedUpgradeError` in time."""
        self._connection = connection
        self._notes = notes
        self._settings = settings
        self._order = order
        self._check = check
        self.phase = ""
        """The phase under way, which the progress is noted for."""

    def expand(self) -> None:
        """Make room for the next version's columns, empty.

        The table is wanted alone for a moment. Who waits for that keeps everybody behind it waiting too, so this waits
        briefly, lets them pass, and tries again.
        """
        while True:
            try:
                with self._alone(version=False):
                    self._connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WITHIN_MS}'"))
                    self._make_room()
            except exc.OperationalError as error:
                if not isinstance(error.orig, errors.LockNotAvailable):
                    raise
                self._check()
                time.sleep(_LOCK_AGAIN_S)
            else:
                return

    def backfill(self, zone: Zone | None = None) -> None:
        """Fill them for everybody enrolled, or in a zone, a batch at a time, while the offices work."""
        with self._connection.begin():
            share = self._share(zone)
            pending = count_pending(self._connection, share)
        progress.expect(self._notes, self._order.id, self.phase, pending)
        throttle, order = self._order.throttle, self._order
        job = Job(order.id, self.phase, share, throttle.batch, throttle.pause_s, order.windows)
        # Fresh interpreters: a forked one would share this one's database connections.
        spawn = multiprocessing.get_context("spawn")
        processes = [
            spawn.Process(target=backfill_process, args=(self._settings, job)) for _ in range(throttle.parallelism)
        ]
        for process in processes:
            process.start()
        try:
            self._watch(processes)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.join()

    def index(self) -> None:
        """Build the national search's indexes without blocking writers."""
        if revision_of(self._connection) == EXPANDED:
            self._connection.rollback()
            migrate(self._connection, INDEXED)
        self._connection.rollback()

    def switch(self) -> None:
        """Bring over who was enrolled meanwhile and change the version; everything else waits for it."""
        with self._alone():
            if self._version() != self._order.to:
                self._bring_over_the_rest(self._share(None))
                self._change_version()

    def switch_zone(self, zone: Zone) -> None:
        """Bring over who was enrolled meanwhile in a zone and let its offices have the next version."""
        with self._alone():
            software = claims.peek_system(self._connection)
            if software.version != self._order.to and zone not in software.upgraded_zones:
                self._bring_over_the_rest(self._share(zone))
                zones = func.array_append(system.c.upgraded_zones, str(zone))
                self._connection.execute(update(system).values(upgraded_zones=zones))

    def big_bang(self) -> None:
        """Do all of it in one transaction, while everybody waits."""
        with self._alone():
            if self._version() == self._order.to:
                return
            # Whoever reads a resident waits from now on, and not only when the first column changes.
            self._connection.execute(text("LOCK TABLE residents"))
            self._make_room()
            progress.expect(self._notes, self._order.id, self.phase, count_pending(self._connection, self._share(None)))
            self._bring_over_in_parallel(self._share(None))
            if self._order.to == Version.V5_5:
                migrate(self._connection, INDEXED, concurrently=False)
            self._change_version()

    def take_back(self) -> None:
        """Undo an upgrade that did not come to its end: the version that ran goes on alone."""
        with self._alone():
            if self._order.to == Version.V5_4:
                migrate_back(self._connection, VERSION_5_4)
            elif revision_of(self._connection) != VERSION_5_5:
                abandon_downgrade(self._connection)

    @contextmanager
    def _alone(self, *, version: bool = True) -> Iterator[None]:
        """Do something in one transaction, holding the version alone, and note for how long others had to wait."""
        with self._connection.begin():
            if version:
                hold_version_alone(self._connection)
            began_s = time.monotonic()
            yield
        progress.note_lock(self._notes, self._order.id, self.phase, time.monotonic() - began_s)

    def _version(self) -> Version:
        return claims.peek_system(self._connection).version

    def _make_room(self) -> None:
        if self._order.to == Version.V5_5:
            migrate(self._connection, EXPANDED)
        elif revision_of(self._connection) == VERSION_5_5:
            migrate_back(self._connection, INDEXED)

    def _change_version(self) -> None:
        if self._order.to == Version.V5_5:
            migrate(self._connection, VERSION_5_5)
        else:
            migrate_back(self._connection, VERSION_5_4)

    def _share(self, zone: Zone | None) -> Share:
        if zone is None:
            return Share(self._order.to)
        offices = self._connection.scalars(select(residents.c.office).distinct())
        return Share(self._order.to, tuple(office for office in offices if zone_of(office) == zone))

    def _bring_over_the_rest(self, share: Share) -> None:
        signer = EcdsaSigner.load(self._settings.signing_key_file)
        while niks := bring_over(self._connection, "", self._order.throttle.batch, share, signer, skip_locked=False):
            progress.advance(self._notes, self._order.id, self.phase, len(niks), 0.0)

    def _bring_over_in_parallel(self, share: Share) -> None:
        """Bring everybody over in this transaction: other processes compute, this one reads and writes."""
        spawn = multiprocessing.get_context("spawn")
        throttle = self._order.throttle
        with ProcessPoolExecutor(throttle.parallelism, spawn, follow_parent) as pool:
            pending: list[Future[list[dict[str, Any]]]] = []
            after = ""
            while rows := next_rows(self._connection, after, throttle.batch, share):
                self._check()
                pending.append(pool.submit(_compute, self._settings.signing_key_file, rows, share.to))
                after = rows[-1].nik
                if len(pending) > 2 * throttle.parallelism:
                    self._write(pending.pop(0).result(), share)
            for future in pending:
                self._write(future.result(), share)

    def _write(self, made: list[dict[str, Any]], share: Share) -> None:
        write(self._connection, made, share.to)
        progress.advance(self._notes, self._order.id, self.phase, len(made), 0.0)

    def _watch(self, processes: list[SpawnProcess]) -> None:
        while any(process.is_alive() for process in processes):
            self._check()
            if math.isinf(until_open_s(self._order.windows, time.time())):
                raise UpgradeError(TOO_LATE)
            time.sleep(_WATCH_S)
        if any(process.exitcode for process in processes):
            raise UpgradeError("a backfill process failed, see its message; run the upgrade again to continue")


def _compute(signing_key_file: Path, people: list[Person], to: Version) -> list[dict[str, Any]]:
    return brought_over(people, to, _signer(signing_key_file))


@cache
def _signer(signing_key_file: Path) -> EcdsaSigner:
    return EcdsaSigner.load(signing_key_file)
