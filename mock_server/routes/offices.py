"""Offices: their stock of blanks and ribbon, their printers, and the cards they hold back."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from mock_server import audit, held_cards, supplies
from mock_server.access import Caller as Who
from mock_server.audit import Action, Entry
from mock_server.idempotency import TheOnce
from mock_server.problems import documented
from mock_server.refusals import MissingError
from mock_server.routes.parts import Caller, Connection, TheJournal
from mock_server.schemas import RecordStatus, Reference, Text, Why, example

router = APIRouter(prefix="/v1/offices/{code}", responses=documented(HTTPStatus.NOT_FOUND))

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Code = Annotated[Text, Path(examples=["35.07"])]
_MOST_CARDS = 10_000
Position = Annotated[int, Path(ge=1, le=10_000, examples=[2])]


class Supplies(BaseModel):
    """What an office prints with."""

    model_config = example(
        {
            "code": "35.07",
            "printers": 2,
            "printers_on": True,
            "blanks": 480,
            "ribbon_left": 120,
            "jammed": {"35.07/printer-2": "paper dust"},
        }
    )

    code: str
    printers: int
    printers_on: bool
    """Whether they begin cards."""
    blanks: int | None
    """Blank cards in stock; null when nobody counts them: then there are always enough."""
    ribbon_left: int | None
    """For how many cards the ribbons suffice; null likewise."""
    jammed: dict[str, str]
    """The printers that are jammed, and why."""


class Delivery(BaseModel):
    """Blanks, and ribbon for so many cards; what is left out goes on uncounted, if nobody counted it."""

    model_config = ConfigDict(extra="forbid")

    blanks: Count | None = None
    ribbon: Count | None = None


class Jam(BaseModel):
    """Why a printer stands."""

    model_config = ConfigDict(extra="forbid")

    reason: Why


class Switch(BaseModel):
    """Whether printers begin cards."""

    model_config = ConfigDict(extra="forbid")

    on: bool


class CardsToPrint(BaseModel):
    """Records whose cards are to be printed now."""

    model_config = ConfigDict(extra="forbid")

    references: Annotated[list[Reference], Field(min_length=1, max_length=_MOST_CARDS, examples=[["35.07-000123"]])]


class Released(BaseModel):
    """The records among those asked for whose cards were held until now."""

    model_config = example({"released": ["35.07-000123"]})

    released: list[str]


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


@router.put("/printers")
async def switch_printers(connection: Connection, caller: Caller, code: Code, switch: Switch) -> Supplies:
    """Switch an office's printers on or off: off, they begin no card and finish what they have begun."""
    caller.must_change(code)
    await supplies.switch_printers(connection, code, switch.on)
    state = await _supplies(connection, code)
    await audit.commit(connection, Entry(caller, Action.SWITCH_PRINTERS, detail={"of": code, "on": switch.on}))
    return state


@router.get("/held-cards")
async def list_held_cards(
    connection: Connection,
    caller: Caller,
    journal: TheJournal,
    code: Code,
    limit: Annotated[int, Query(ge=1, le=_MOST_CARDS)] = 1_000,
) -> list[RecordStatus]:
    """List the cards that are ready and that nobody has yet asked to print, the oldest first; since when they are."""
    _check_visible(caller, code)
    await supplies.find_office(connection, code)
    rows = await held_cards.list_held(connection, code, limit)
    asked = {"of": code, "limit": limit, "found": len(rows)}
    await journal.note(Entry(caller, Action.LIST_HELD_CARDS, detail=asked))
    return [RecordStatus(reference=row.reference, status=row.status, since=row.since) for row in rows]


@router.post("/held-cards/print")
async def print_held_cards(
    connection: Connection, caller: Caller, once: TheOnce, code: Code, cards: CardsToPrint
) -> Released:
    """Let held cards be printed, behind those that wait; cards that are not held stay as they are.

    404 if one is no record of this office; nothing is released then.
    """
    caller.must_change(code)
    released = Released(released=await held_cards.release(connection, code, cards.references))
    detail = {"of": code, "references": released.released}
    await once.commit(released, Entry(caller, Action.RELEASE_HELD_CARDS, detail=detail))
    return released


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
