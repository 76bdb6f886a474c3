"""Offices: their stock of blanks and ribbon, and their printers' jams."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from mock_server import supplies
from mock_server.routes.parts import Connection
from mock_server.schemas import Text, Why

router = APIRouter(prefix="/v1/offices/{code}")

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Position = Annotated[int, Path(ge=1, le=10_000)]


class Supplies(BaseModel):
    """What an office prints with."""

    code: str
    printers: int
    blanks: int | None
    """Blank cards in stock; null when nobody counts them: then there are always enough."""
    ribbon_left: int | None
    """For how many cards the ribbons suffice; null likewise."""
    jammed: dict[str, str]
    """The printers that are jammed, and why."""


class Delivery(BaseModel):
    """Blanks, and ribbon for so many cards."""

    model_config = ConfigDict(extra="forbid")

    blanks: Count = 0
    ribbon: Count = 0


class Jam(BaseModel):
    """Why a printer stands."""

    model_config = ConfigDict(extra="forbid")

    reason: Why


@router.get("")
async def read_supplies(connection: Connection, code: Text) -> Supplies:
    """Tell an office's stock and the state of its printers."""
    return await _supplies(connection, code)


@router.post("/stock")
async def deliver(connection: Connection, code: Text, delivery: Delivery) -> Supplies:
    """Add a delivery to an office's stock; the first one begins the count."""
    await supplies.deliver(connection, code, delivery.blanks, delivery.ribbon)
    await connection.commit()
    return await _supplies(connection, code)


@router.post("/printers/{position}/jam")
async def report_jam(connection: Connection, code: Text, position: Position, jam: Jam) -> Supplies:
    """Note that a printer is jammed: it takes no cards, and the one in it goes back."""
    await supplies.report_jam(connection, code, position, jam.reason)
    await connection.commit()
    return await _supplies(connection, code)


@router.delete("/printers/{position}/jam")
async def clear_jam(connection: Connection, code: Text, position: Position) -> Supplies:
    """Note that a jammed printer works again."""
    await supplies.clear_jam(connection, code, position)
    await connection.commit()
    return await _supplies(connection, code)


async def _supplies(connection: Connection, code: str) -> Supplies:
    office = await supplies.find_office(connection, code)
    return Supplies(**office._mapping, jammed=await supplies.find_jams(connection, code))
