"""Faults injected on purpose, for administrators."""

import time
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field

from mock_server import audit, faults
from mock_server.audit import Action, Entry
from mock_server.faults import Kind, Target
from mock_server.idempotency import TheOnce
from mock_server.problems import Problem, documented
from mock_server.routes.parts import Caller, Connection
from mock_server.schemas import Text, example
from model.faults import LONGEST_DELAY_S

router = APIRouter(prefix="/v1/faults")

Moment = Annotated[float, Field(ge=0, le=1e11)]
"""Seconds since the epoch."""


class _Lasting(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    starts_at: Moment | None = None
    """Now if left out or past."""
    ends_at: Moment


class Latency(_Lasting):
    """Each record takes a stage so much longer."""

    kind: Literal[Kind.LATENCY]
    stage: Target
    delay_s: Annotated[float, Field(gt=0, le=LONGEST_DELAY_S)]


class Errors(_Lasting):
    """A share of the records fails at a stage."""

    kind: Literal[Kind.ERRORS]
    stage: Target
    share: Annotated[float, Field(gt=0, le=1)]


class PrinterDown(_Lasting):
    """A printer takes no cards."""

    kind: Literal[Kind.PRINTER_DOWN]
    office: Text
    printer: Annotated[int, Field(ge=1, le=10_000)]


class Fault(BaseModel):
    """A fault; times in seconds since the epoch."""

    model_config = example(
        {
            "id": 1,
            "kind": "latency",
            "target": "validation",
            "delay_s": 0.5,
            "share": None,
            "starts_at": 1460000000.0,
            "ends_at": 1460000060.0,
        }
    )

    id: int
    kind: Kind
    target: str
    """The stage, or the printer's name."""
    delay_s: float | None
    share: float | None
    starts_at: float
    ends_at: float


@router.get("")
async def list_faults(connection: Connection) -> list[Fault]:
    """Tell all faults that were ever injected or are going to be, in the order of their starts."""
    return [Fault(**row._mapping) for row in await faults.find_all(connection)]


@router.post("", status_code=HTTPStatus.CREATED, responses=documented(HTTPStatus.NOT_FOUND))
async def inject_fault(
    connection: Connection,
    caller: Caller,
    once: TheOnce,
    asked: Annotated[Latency | Errors | PrinterDown, Body(discriminator="kind")],
) -> Fault:
    """Inject a fault from its start to its end."""
    caller.must_administer()
    now_s = time.time()
    # What is told of a fault is what happened, and nothing happened before it was asked for.
    starts_at = max(now_s, asked.starts_at or 0.0)
    if asked.ends_at <= starts_at:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "ends_at: must come after starts_at and lie in the future")
    if isinstance(asked, PrinterDown):
        row = await faults.add_to_printer(connection, asked.office, asked.printer, starts_at, asked.ends_at)
    else:
        values = asked.model_dump(exclude={"stage"}) | {"target": asked.stage, "starts_at": starts_at}
        row = await faults.add_to_stage(connection, values)
    fault = Fault(**row._mapping)
    detail = fault.model_dump(mode="json")
    await once.commit(fault, Entry(caller, Action.INJECT_FAULT, detail=detail), HTTPStatus.CREATED)
    return fault


@router.delete("/{number}", responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def end_fault(
    connection: Connection, caller: Caller, number: Annotated[int, Path(ge=1, le=2**62, examples=[1])]
) -> Fault:
    """End a fault now; one that has not begun never does."""
    caller.must_administer()
    fault = Fault(**(await faults.end(connection, number))._mapping)
    await audit.commit(connection, Entry(caller, Action.END_FAULT, detail={"fault": number}))
    return fault
