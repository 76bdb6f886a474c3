"""Adjudications: the supervisor's queue of records that resemble a resident, and her decisions."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from mock_server import adjudication
from mock_server.adjudication import Decision
from mock_server.audit import Action, Entry
from mock_server.idempotency import TheOnce
from mock_server.problems import documented
from mock_server.routes.parts import Caller, Connection, TheJournal, VisibleRecord
from mock_server.schemas import Receipt, Why, example

router = APIRouter(prefix="/v1/adjudications")


class Case(BaseModel):
    """A record that waits for a decision."""

    model_config = example(
        {
            "reference": "35.07-000123",
            "office": "35.07",
            "nik": "3507124801900001",
            "since": 1460000012.5,
            "reasons": ["cosine 0.712 with an enrolled face"],
            "resembles": "3507124801900002",
            "resembles_reference": None,
            "similarity": 0.712,
        }
    )

    reference: str
    office: str
    nik: str
    since: float
    """Seconds since the epoch."""
    reasons: list[str] | None
    resembles: str | None
    """The NIK of the resident whom the person resembles."""
    resembles_reference: str | None
    """The record that enrolled the resident; null for those enrolled before the scenario."""
    similarity: float | None
    """The faces' cosine; null when it is the NIK that the two share."""


class Judgement(BaseModel):
    """A supervisor's decision."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision
    reason: Why


@router.get("")
async def list_cases(
    connection: Connection,
    caller: Caller,
    journal: TheJournal,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[Case]:
    """List the caller's records that wait for a decision, the longest waiting first."""
    caller.must_oversee()
    cases = [Case(**row._mapping) for row in await adjudication.waiting(connection, caller.office, limit)]
    await journal.note(Entry(caller, Action.LIST_ADJUDICATIONS, detail={"count": len(cases)}))
    return cases


@router.post(
    "/{reference}",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def decide(
    connection: Connection, caller: Caller, once: TheOnce, record: VisibleRecord, judgement: Judgement
) -> Receipt:
    """Decide a case: 202, since a unique person's status follows when the matcher has enrolled her."""
    caller.must_change(record.office, deciding=True)
    status = await adjudication.decide(connection, record.reference, judgement.decision, judgement.reason)
    receipt = Receipt(reference=record.reference, status=status)
    detail = {"decision": judgement.decision, "reason": judgement.reason}
    await once.commit(
        receipt, Entry(caller, Action.ADJUDICATE, record.reference, record.nik, detail), HTTPStatus.ACCEPTED
    )
    return receipt
