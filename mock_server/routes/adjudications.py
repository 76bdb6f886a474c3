"""Adjudications: the supervisor's queue of records that resemble a resident, and her decisions."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from mock_server import adjudication
from mock_server.adjudication import Decision
from mock_server.routes.parts import Connection
from mock_server.schemas import Receipt, Reference, Why

router = APIRouter(prefix="/v1/adjudications")


class Case(BaseModel):
    """A record that waits for a decision."""

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
async def list_cases(connection: Connection, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000) -> list[Case]:
    """List the records that wait for a decision, the longest waiting first."""
    return [Case(**row._mapping) for row in await adjudication.waiting(connection, limit)]


@router.post("/{reference}", status_code=HTTPStatus.ACCEPTED)
async def decide(connection: Connection, reference: Reference, judgement: Judgement) -> Receipt:
    """Decide a case: 202, since a unique person's status follows when the matcher has enrolled her."""
    status = await adjudication.decide(connection, reference, judgement.decision, judgement.reason)
    await connection.commit()
    return Receipt(reference=reference, status=status)
