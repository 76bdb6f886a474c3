"""Parked records: those that a step failed on stand beside their queue, and say why."""

from sqlalchemy import Connection, select, update

from mock_server.claims import Visit
from mock_server.faults import Faults, Kind, injected
from mock_server.tables import faults, records
from model.stages import Stage

_WORKERS = (Stage.VALIDATION, Stage.PERSONALISATION)


def park(connection: Connection, visit: Visit, why: str) -> None:
    """Take a record out of its queue as it is: its step failed and would fail again."""
    parked = update(records).where(records.c.reference == visit.reference)
    connection.execute(parked.values(stage=None, reasons=[_reason(visit.stage, why)]))


class Parking:
    """Puts back, for one worker, the records that injected faults have parked, when those faults are over."""

    def __init__(self) -> None:
        # None before the first look, when all faults that ever were are asked for: a worker that died left some.
        self._failing: frozenset[int] | None = None

    def saw(self, present: Faults) -> None:
        """Remember the faults that the worker heeds: one may be over before the next look."""
        if self._failing is not None:
            self._failing |= present.failing()

    def put_back(self, connection: Connection, present: Faults) -> None:
        """Put the records of faults that were seen, and are no more, back at their old places."""
        failing = present.failing()
        before = _ever(connection) if self._failing is None else self._failing
        self._failing = failing
        for stage in _WORKERS:
            if over := [[_reason(stage, injected(number))] for number in sorted(before - failing)]:
                _put_back(connection, stage, over)


def _ever(connection: Connection) -> frozenset[int]:
    return frozenset(connection.scalars(select(faults.c.id).where(faults.c.kind == Kind.ERRORS)))


def _put_back(connection: Connection, stage: Stage, reasons: list[list[str]]) -> None:
    parked = records.c.stage.is_(None) & records.c.reasons.in_(reasons)
    connection.execute(update(records).where(parked).values(stage=stage, reasons=None))


def _reason(stage: Stage, why: str) -> str:
    return f"{stage}: {why}"
