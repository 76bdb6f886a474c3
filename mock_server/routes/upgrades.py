"""Upgrades: asked for by admins, carried out by the upgrader, watched by everybody."""

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mock_server import audit
from mock_server.audit import Action, Entry
from mock_server.database import AnyRow
from mock_server.idempotency import TheOnce
from mock_server.pipeline.versions import Version
from mock_server.problems import documented
from mock_server.routes.parts import Caller, Connection
from mock_server.schemas import UpgradePhase, example
from mock_server.upgrade import orders
from mock_server.upgrade.forecast import Progress, expected_end
from mock_server.upgrade.orders import State, Throttle, Wish
from model.upgrade import Plan

router = APIRouter(prefix="/v1/upgrades")

Number = Annotated[int, Path(ge=1, examples=[1])]


class Window(BaseModel):
    """A span of time in which the upgrade may work; seconds since the epoch."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    opens_at: float
    closes_at: float

    @model_validator(mode="after")
    def _opens_first(self) -> "Window":
        if self.closes_at <= self.opens_at:
            raise ValueError("closes_at must come after opens_at")
        return self


class UpgradeWish(BaseModel):
    """What an admin asks for."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    to: Version = Version.V5_5
    plan: Plan = Plan.ONLINE
    batch: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Residents to a transaction of the backfill."""
    pause_s: Annotated[float, Field(ge=0, le=3_600)] = 0.0
    """Seconds between a process's batches."""
    parallelism: Annotated[int, Field(ge=1, le=64)] = 2
    """Processes that fill at the same time."""
    start_at: float | None = None
    """Seconds since the epoch; null for now."""
    windows: list[Window] = Field([], max_length=100)
    """When it may work; always, if there is none. Only the backfill is left half done when one closes."""


class Upgrade(BaseModel):
    """An upgrade as it stands; times in seconds since the epoch."""

    model_config = example(
        {
            "id": 1,
            "from_version": "5.4",
            "to_version": "5.5",
            "plan": "online",
            "batch": 500,
            "pause_s": 0.0,
            "parallelism": 2,
            "windows": [],
            "start_at": 1460000000.0,
            "asked_at": 1459999000.0,
            "started_at": 1460000000.1,
            "ended_at": None,
            "state": "running",
            "error": None,
            "expected_end": 1460000080.0,
            "phases": [],
        }
    )

    id: int
    from_version: str
    to_version: str
    plan: Plan
    batch: int
    pause_s: float
    parallelism: int
    windows: list[Window]
    start_at: float
    asked_at: float
    started_at: float | None
    ended_at: float | None
    state: State
    error: str | None
    """Why it failed."""
    expected_end: float | None
    """When the phase under way is expected to end, at the rate it has kept so far; null when nobody can tell."""
    phases: list[UpgradePhase]
    """Those begun so far, in order."""


@router.post("", status_code=HTTPStatus.ACCEPTED, responses=documented(HTTPStatus.CONFLICT))
async def ask(connection: Connection, caller: Caller, once: TheOnce, wish: UpgradeWish) -> Upgrade:
    """Ask for an upgrade, or a way back: 202 once it is written down, for the upgrader to carry out."""
    caller.must_administer()
    asked = Wish(
        wish.to,
        wish.plan,
        Throttle(wish.batch, wish.pause_s, wish.parallelism),
        tuple((window.opens_at, window.closes_at) for window in wish.windows),
        wish.start_at,
    )
    number = await connection.run_sync(orders.ask, asked, caller.key)
    upgrade = await _shown(connection, await connection.run_sync(orders.find, number))
    detail = wish.model_dump(mode="json") | {"upgrade": number}
    await once.commit(upgrade, Entry(caller, Action.ASK_FOR_UPGRADE, detail=detail), HTTPStatus.ACCEPTED)
    return upgrade


@router.get("")
async def list_upgrades(connection: Connection) -> list[Upgrade]:
    """List all upgrades, the last first."""
    return [await _shown(connection, row) for row in await connection.run_sync(orders.find_all)]


@router.get("/{number}", responses=documented(HTTPStatus.NOT_FOUND))
async def read_upgrade(connection: Connection, number: Number) -> Upgrade:
    """Tell how far an upgrade is."""
    return await _shown(connection, await connection.run_sync(orders.find, number))


@router.delete(
    "/{number}", status_code=HTTPStatus.ACCEPTED, responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
)
async def stop(connection: Connection, caller: Caller, number: Number) -> Upgrade:
    """Call an upgrade off: 202, since a phase that must not be left half done is finished or undone first.

    The version that ran goes on. Ask for an upgrade to the same version to go on from there, or to the version that
    runs to take back what was done.
    """
    caller.must_administer()
    await connection.run_sync(orders.ask_to_stop, number)
    upgrade = await _shown(connection, await connection.run_sync(orders.find, number))
    await audit.commit(connection, Entry(caller, Action.STOP_UPGRADE, detail={"upgrade": number}))
    return upgrade


async def _shown(connection: Connection, row: AnyRow) -> Upgrade:
    phases = await connection.run_sync(orders.phases_of, row.id)
    windows = [Window(opens_at=opens, closes_at=closes) for opens, closes in row.windows]
    rest = {name: value for name, value in row._mapping.items() if name in Upgrade.model_fields and name != "windows"}
    shown = [UpgradePhase.of(phase) for phase in phases]
    return Upgrade(**rest, windows=windows, expected_end=_expected_end(row, phases), phases=shown)


def _expected_end(row: AnyRow, phases: Sequence[AnyRow]) -> float | None:
    under_way = next((phase for phase in phases if phase.finished_at is None), None)
    if under_way is None or row.state != State.RUNNING:
        return None
    progress = Progress(under_way.rows_done, under_way.rows_total, under_way.started_at)
    return expected_end(progress, row.windows, time.time())
