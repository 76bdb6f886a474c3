"""The orders: which upgrades were asked for, how they are to be done, and what became of them; a row each."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, or_, select, update
from sqlalchemy.dialects import postgresql

from mock_server import claims, migrations
from mock_server.database import AnyRow
from mock_server.pipeline.versions import Version
from mock_server.refusals import MissingError, RefusedError
from mock_server.tables import upgrade_phases, upgrades
from mock_server.upgrade.windows import Span
from model.upgrade import Plan


class State(StrEnum):
    """What became of an upgrade."""

    ASKED = "asked"
    """It waits for its start."""
    RUNNING = "running"
    """It is under way; if its program died, whoever runs it next goes on with it."""
    DONE = "done"
    FAILED = "failed"
    """It could not go on; `error` says why. What it did until then stays, and the next one goes on from there."""
    STOPPED = "stopped"
    """Somebody called it off; likewise."""


@dataclass(frozen=True)
class Throttle:
    """How hard the backfill may press: rows to a batch, seconds between batches, processes at a time."""

    batch: int
    pause_s: float
    parallelism: int


@dataclass(frozen=True)
class Wish:
    """What somebody asks for."""

    to: Version
    plan: Plan
    throttle: Throttle
    windows: tuple[Span, ...] = ()
    start_at: float | None = None
    """Seconds since the epoch; None for now."""


@dataclass(frozen=True)
class Order:
    """An upgrade to carry out."""

    id: int
    origin: Version
    to: Version
    plan: Plan
    throttle: Throttle
    windows: tuple[Span, ...]

    def with_throttle(self, throttle: Throttle) -> "Order":
        """Return the same order, to be carried out faster or slower."""
        return replace(self, throttle=throttle)


class UnknownUpgradeError(MissingError):
    """There is no upgrade with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no upgrade {number}")


def ask(connection: Connection, wish: Wish, asked_by: str | None) -> int:
    """Write an upgrade down, for the upgrader to carry out; returns its number. The caller commits.

    Raises:
        RefusedError: the system has that version already, the plan does not lead there, or another is unfinished.
    """
    software = claims.read_system(connection)
    if wish.to == software.version and migrations.revision_of(connection) == str(wish.to):
        raise RefusedError(f"the system has version {wish.to} already")
    if wish.plan is Plan.ROLLING and wish.to == Version.V5_4:
        raise RefusedError("a downgrade is online or big-bang: 5.4 cannot search a nation that is half its own")
    _refuse_beside_another(connection)
    now = time.time()
    order = (
        postgresql.insert(upgrades)
        .values(
            from_version=software.version,
            to_version=wish.to,
            plan=wish.plan,
            batch=wish.throttle.batch,
            pause_s=wish.throttle.pause_s,
            parallelism=wish.throttle.parallelism,
            windows=[list(span) for span in wish.windows],
            start_at=now if wish.start_at is None else wish.start_at,
            asked_at=now,
            asked_by=asked_by,
            state=State.ASKED,
        )
        .on_conflict_do_nothing()
        .returning(upgrades.c.id)
    )
    number: int | None = connection.scalar(order)
    if number is None:
        # Asked for at the same moment.
        _refuse_beside_another(connection)
        raise RefusedError("another upgrade was asked for at the same moment, and has ended; ask again")
    return number


def find_unfinished(connection: Connection) -> Order | None:
    """Return the upgrade that has not ended, whether it is due or not."""
    return _order(connection, select(upgrades).where(_UNFINISHED))


def find_due(connection: Connection, now: float) -> Order | None:
    """Return the upgrade to carry out now: one that is under way, or whose time has come."""
    due = or_(upgrades.c.state == State.RUNNING, upgrades.c.start_at <= now)
    return _order(connection, select(upgrades).where(_UNFINISHED, due))


def next_start(connection: Connection) -> float | None:
    """Return when an upgrade that waits for its start is to begin, in seconds since the epoch."""
    start_at: float | None = connection.scalar(select(upgrades.c.start_at).where(_UNFINISHED))
    return start_at


def begin(connection: Connection, order: Order) -> None:
    """Note that an upgrade is under way; its first start stands."""
    values = {"state": State.RUNNING, "started_at": time.time()}
    connection.execute(
        update(upgrades).where(upgrades.c.id == order.id, upgrades.c.state == State.ASKED).values(values)
    )


def end(connection: Connection, order: Order, state: State, error: str | None = None) -> None:
    """Note what became of an upgrade."""
    values = {"state": state, "ended_at": time.time(), "error": error}
    connection.execute(update(upgrades).where(upgrades.c.id == order.id).values(values))


def ask_to_stop(connection: Connection, number: int) -> None:
    """Call an upgrade off: at once if it has not begun, else as soon as its phase can be left.

    Raises:
        UnknownUpgradeError: there is none with this number.
        RefusedError: it has ended.
    """
    row = connection.execute(select(upgrades).where(upgrades.c.id == number).with_for_update()).one_or_none()
    if row is None:
        raise UnknownUpgradeError(number)
    if row.ended_at is not None:
        raise RefusedError(f"upgrade {number} is {row.state}; there is nothing to stop")
    values: dict[str, Any] = {"stop_asked": True}
    if row.state == State.ASKED:
        values |= {"state": State.STOPPED, "ended_at": time.time()}
    connection.execute(update(upgrades).where(upgrades.c.id == number).values(values))


def is_stop_asked(connection: Connection, order: Order) -> bool:
    """Tell whether somebody has called an upgrade off."""
    return bool(connection.scalar(select(upgrades.c.stop_asked).where(upgrades.c.id == order.id)))


def find(connection: Connection, number: int) -> AnyRow:
    """Return an upgrade's row.

    Raises:
        UnknownUpgradeError: there is none with this number.
    """
    row = connection.execute(select(upgrades).where(upgrades.c.id == number)).one_or_none()
    if row is None:
        raise UnknownUpgradeError(number)
    return row


def find_all(connection: Connection) -> Sequence[AnyRow]:
    """Return all upgrades' rows, the last first."""
    return connection.execute(select(upgrades).order_by(upgrades.c.id.desc())).all()


def phases_of(connection: Connection, number: int) -> Sequence[AnyRow]:
    """Return the rows of an upgrade's phases, those that have begun, in order."""
    query = select(upgrade_phases).where(upgrade_phases.c.upgrade == number).order_by(upgrade_phases.c.position)
    return connection.execute(query).all()


def _refuse_beside_another(connection: Connection) -> None:
    other = connection.execute(select(upgrades.c.id, upgrades.c.state).where(_UNFINISHED)).one_or_none()
    if other is not None:
        raise RefusedError(f"upgrade {other.id} is {other.state}; stop it first, or wait for its end")


_UNFINISHED = upgrades.c.ended_at.is_(None)


def _order(connection: Connection, query: Select[Any]) -> Order | None:
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    throttle = Throttle(row.batch, row.pause_s, row.parallelism)
    windows = tuple((float(opens), float(closes)) for opens, closes in row.windows)
    return Order(row.id, Version(row.from_version), Version(row.to_version), Plan(row.plan), throttle, windows)
