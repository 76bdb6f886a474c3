"""Offices: their stock of blanks and ribbon, and their printers' jams."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from mock_server import audit, supplies
from mock_server.access import Caller as Who
from mock_server.audit import Action, Entry
from mock_server.idempotency import TheOnce
from mock_server.problems import documented
from mock_server.refusals import MissingError
from mock_server.routes.parts import Caller, Connection
from mock_server.schemas import Text, Why, example

router = APIRouter(prefix="/v1/offices/{code}", responses=documented(HTTPStatus.NOT_FOUND))

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Code = Annotated[Text, Path(examples=["35.07"])]
Position = Annotated[int, Path(ge=1, le=10_000, examples=[2])]


class Supplies(BaseModel):
    """What an office prints with."""

    model_config = example(
        {"code": "35.07", "printers": 2, "blanks": 480, "ribbon_left": 120, "jammed": {"35.07/printer-2": "paper dust"}}
    )

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
async def read_supplies(connection: Connection, caller: Caller, code: Code) -> Supplies:
    """Tell an office's stock and the state of its printers."""
    _check_visible(caller, code)
    return await _supplies(connection, code)


@router.post("/stock")
async def deliver(connection: Connection, caller: Caller, once: TheOnce, code: Code, delivery: Delivery) -> Supplies:
    """Add a delivery to an office's stock; the first one begins the count."""
    caller.must_change(code, deciding=True)
    await supplies.deliver(connection, code, delivery.blanks, delivery.ribbon)
    stock = await _supplies(connection, code)
    await once.commit(stock, Entry(caller, Action.DELIVER_STOCK, detail={"of": code, **delivery.model_dump()}))
    return stock


@router.post("/printers/{position}/jam")
async def report_jam(
    connection: Connection, caller: Caller, once: TheOnce, code: Code, position: Position, jam: Jam
) -> Supplies:
    """Note that a printer is jammed: it takes no cards, and the one in it goes back."""
    caller.must_change(code)
    await supplies.report_jam(connection, code, position, jam.reason)
    state = await _supplies(connection, code)
    detail = {"of": code, "printer": position, "reason": jam.reason}
    await once.commit(state, Entry(caller, Action.REPORT_JAM, detail=detail))
    return state


@router.delete("/printers/{position}/jam")
async def clear_jam(connection: Connection, caller: Caller, code: Code, position: Position) -> Supplies:
    """Note that a jammed printer works again."""
    caller.must_change(code)
    await supplies.clear_jam(connection, code, position)
    state = await _supplies(connection, code)
    await audit.commit(connection, Entry(caller, Action.CLEAR_JAM, detail={"of": code, "printer": position}))
    return state


def _check_visible(caller: Who, code: str) -> None:
    if not caller.sees(code):
        raise MissingError(f"no office {code!r}")


async def _supplies(connection: Connection, code: str) -> Supplies:
    office = await supplies.find_office(connection, code)
    return Supplies(**office._mapping, jammed=await supplies.find_jams(connection, code))
