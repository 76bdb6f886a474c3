"""Faults injected on purpose, for administrators."""

import time
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field

from mock_server import access, audit, faults
from mock_server.audit import Action, Entry
from mock_server.faults import Kind, Target, worker_name
from mock_server.idempotency import TheOnce
from mock_server.problems import Problem, documented
from mock_server.refusals import RefusedError
from mock_server.routes.parts import Caller, Connection, TheSettings
from mock_server.schemas import Text, example
from mock_server.settings import Settings
from mock_server.supplies import find_office
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
    stage: Literal[Target.SUBMISSION, Target.VALIDATION, Target.MATCHING, Target.PERSONALISATION]
    share: Annotated[float, Field(gt=0, le=1)]


class PrinterDown(_Lasting):
    """A printer takes no cards."""

    kind: Literal[Kind.PRINTER_DOWN]
    office: Text
    printer: Annotated[int, Field(ge=1, le=10_000)]


class LinkCut(_Lasting):
    """An office's requests get no answer."""

    kind: Literal[Kind.LINK_CUT]
    office: Text


class WorkerKilled(_Lasting):
    """A worker process dies, and does not live until the end."""

    kind: Literal[Kind.WORKER_KILLED]
    worker: Annotated[int, Field(ge=1, le=10_000)]


class PostgresRestart(_Lasting):
    """The database is stopped hard, and started again at the end."""

    kind: Literal[Kind.POSTGRES_RESTART]


Asked: TypeAlias = Latency | Errors | PrinterDown | LinkCut | WorkerKilled | PostgresRestart


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
    """The stage, the printer's or worker's name, the office, or "database"."""
    delay_s: float | None
    share: float | None
    starts_at: float
    ends_at: float


@router.get("")
async def list_faults(connection: Connection) -> list[Fault]:
    """Tell all faults that were ever injected or are going to be, in the order of their starts."""
    return [Fault(**row._mapping) for row in await faults.find_all(connection)]


@router.post("", status_code=HTTPStatus.CREATED, responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def inject_fault(
    connection: Connection,
    caller: Caller,
    once: TheOnce,
    settings: TheSettings,
    asked: Annotated[Asked, Body(discriminator="kind")],
) -> Fault:
    """Inject a fault from its start to its end."""
    caller.must_administer()
    _check_effect(asked, caller, settings)
    now_s = time.time()
    # What is told of a fault is what happened, and nothing happened before it was asked for.
    starts_at = max(now_s, asked.starts_at or 0.0)
    if asked.ends_at <= starts_at:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "ends_at: must come after starts_at and lie in the future")
    lasting = {"kind": asked.kind, "starts_at": starts_at, "ends_at": asked.ends_at}
    row = await faults.add(connection, lasting | await _aim(connection, asked))
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


def _check_effect(asked: Asked, caller: access.Caller, settings: Settings) -> None:
    """Make sure that what is asked for can really happen here.

    Raises:
        RefusedError: it cannot.
    """
    if isinstance(asked, PostgresRestart) and not settings.restartable:
        raise RefusedError(
            "postgres-restart: nobody here can stop the database and start it again; a lab with a PostgreSQL of its "
            "own can: start it without --database-url"
        )
    if isinstance(asked, LinkCut) and caller.key is None:
        raise RefusedError(
            "link-cut: an office is known by its key, and this server has none; "
            "issue keys first: python -m mock_server key issue"
        )


async def _aim(connection: Connection, asked: Asked) -> dict[str, Any]:
    """Return what the fault hits, and how hard."""
    match asked:
        case Latency():
            return {"target": asked.stage, "delay_s": asked.delay_s}
        case Errors():
            return {"target": asked.stage, "share": asked.share}
        case PrinterDown():
            return {"target": await faults.find_printer(connection, asked.office, asked.printer)}
        case LinkCut():
            return {"target": (await find_office(connection, asked.office)).code}
        case WorkerKilled():
            return {"target": worker_name(asked.worker)}
        case PostgresRestart():
            return {"target": faults.DATABASE}
