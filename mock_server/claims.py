"""The queue: a record's row is its place in it.

A process claims rows, works while it holds their locks, and commits the result, the event and the next stage in one
transaction. If it dies, its locks go with it and the rows wait again: a step happens once, and all of it or nothing.
Only the printers, whose work is too long for a transaction, write down what they claimed.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Integer,
    Text,
    TextClause,
    bindparam,
    case,
    func,
    insert,
    lateral,
    select,
    true,
    update,
)
from sqlalchemy.sql.selectable import Select

from mock_server.database import AnyRow, hold_version
from mock_server.pipeline.permits import Permit
from mock_server.pipeline.versions import Version
from mock_server.tables import (
    IN_PRINTER,
    QUEUED_AT,
    WAITS_FOR_MATCHER,
    WAITS_FOR_PRINTER,
    WAITS_FOR_WORKER,
    adjudications,
    records,
    stage_events,
    system,
)
from model.events import Source, StageEvent
from model.offices import Zone, zone_of
from model.stages import Stage, Status, move


@dataclass(frozen=True)
class System:
    """The software's version, the upgrade's phase ("" when none is under way), and who has the next version already."""

    version: Version
    phase: str
    upgraded_zones: frozenset[Zone] = frozenset()
    """Those whose offices have 5.5 already, while a rolling upgrade is under way."""

    def version_of(self, office: str) -> Version:
        """Return the version that an office works with."""
        return Version.V5_5 if self.upgraded_zones and zone_of(office) in self.upgraded_zones else self.version

    @property
    def release(self) -> tuple[Version, frozenset[Zone]]:
        """What programs must have been started for."""
        return self.version, self.upgraded_zones


@dataclass(frozen=True)
class Visit:
    """A record's visit to a stage, from the queue to a server's hands; times in seconds since the epoch."""

    reference: str
    office: str
    stage: Stage
    status: Status
    entered_s: float
    claimed_s: float


@dataclass(frozen=True)
class Task:
    """A record that a worker has claimed, with what its stage needs."""

    visit: Visit
    biodata: dict[str, str]
    photo: bytes
    template: bytes
    biometrics_bytes: int
    biometrics: bytes | None
    """Only for personalisation; validation is content with the length."""
    permit: Permit | None = None
    """A foreign resident's."""


@dataclass(frozen=True)
class Candidate:
    """A record that the matcher has claimed."""

    visit: Visit
    biodata: dict[str, str]
    template: bytes
    cleared: frozenset[str]
    """NIKs of residents of whom a person has decided that they are somebody else."""
    home: str
    """The office where the person is at home."""
    permit: Permit | None = None


@dataclass(frozen=True)
class Finished:
    """How a visit ended; times in seconds since the epoch."""

    visit: Visit
    started_s: float
    finished_s: float
    outcome: Status
    next_stage: Stage | None
    server: str
    reasons: list[str] | None = None
    duplicate_of: str | None = None
    similarity: float | None = None
    warnings: list[str] | None = None
    """New ones; None keeps those that the record has."""


def read_system(connection: Connection) -> System:
    """Return the system's version and phase; the version stays so until the transaction ends."""
    hold_version(connection)
    return peek_system(connection)


def peek_system(connection: Connection) -> System:
    """Return the system's version and phase, which may be others a moment later."""
    row = connection.execute(select(system.c.version, system.c.phase, system.c.upgraded_zones)).one()
    return System(Version(row.version), row.phase, frozenset(Zone(zone) for zone in row.upgraded_zones))


def claim_tasks(connection: Connection, limit: int) -> list[Task]:
    """Claim records that wait for validation or personalisation, those received first before the others.

    One queue for both: a record received earlier is then finished before a later one is begun.
    """
    biometrics = case((records.c.stage == Stage.PERSONALISATION, records.c.biometrics))
    query = _oldest_first(WAITS_FOR_WORKER, limit).add_columns(
        records.c.biodata,
        records.c.photo,
        records.c.template,
        func.octet_length(records.c.biometrics).label("biometrics_bytes"),
        biometrics.label("biometrics"),
        records.c.permit,
    )
    rows = connection.execute(query).all()
    claimed_s = time.time()
    return [
        Task(
            _visit(row, claimed_s),
            row.biodata,
            row.photo,
            row.template,
            row.biometrics_bytes,
            row.biometrics,
            Permit.from_json(row.permit),
        )
        for row in rows
    ]


def claim_candidates(connection: Connection, limit: int) -> list[Candidate]:
    """Claim records that wait for matching, those received first before the others."""
    cleared = (
        select(func.array_agg(adjudications.c.resembles))
        .where(
            adjudications.c.reference == records.c.reference,
            adjudications.c.decision == "unique",
            adjudications.c.resembles.is_not(None),
        )
        .scalar_subquery()
    )
    query = _oldest_first(WAITS_FOR_MATCHER, limit).add_columns(
        records.c.biodata,
        records.c.template,
        cleared.label("cleared"),
        func.coalesce(records.c.home, records.c.office).label("home"),
        records.c.permit,
    )
    rows = connection.execute(query).all()
    claimed_s = time.time()
    return [
        Candidate(
            _visit(row, claimed_s),
            row.biodata,
            row.template,
            frozenset(row.cleared or ()),
            row.home,
            Permit.from_json(row.permit),
        )
        for row in rows
    ]


def claim_prints(connection: Connection, room: Mapping[str, int]) -> list[Visit]:
    """Give each office as many of its longest waiting cards as its printers have room for, those first.

    A card that was held waits from its release on. The claim is written down, for the printers' work outlasts the
    transaction.
    """
    if not room:
        return []
    offices = (
        func.unnest(
            bindparam("offices", list(room), ARRAY(Text)),
            bindparam("counts", list(room.values()), ARRAY(Integer)),
        )
        .table_valued("code", "room", name="offices")
        .render_derived()
    )
    waiting = lateral(
        select(*_PLACE)
        .where(WAITS_FOR_PRINTER, records.c.office == offices.c.code)
        # Cards that were released together come in the order in which they were made.
        .order_by(QUEUED_AT, records.c.stage_entered_at)
        .limit(offices.c.room)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(select(waiting).select_from(offices.join(waiting, true()))).all()
    claimed_s = time.time()
    visits = [_visit(row, claimed_s) for row in rows]
    if visits:
        connection.execute(
            update(records)
            .where(records.c.reference == bindparam("key"))
            .values(claimed_by=bindparam("spool"), claimed_at=claimed_s),
            [{"key": visit.reference, "spool": f"{visit.office}/spool"} for visit in visits],
        )
    return visits


def still_claimed(connection: Connection, visits: Sequence[Visit]) -> set[str]:
    """Return which of these cards are claimed as they were: not released since, nor handed in already."""
    claimed_at = {visit.reference: visit.claimed_s for visit in visits}
    query = select(records.c.reference, records.c.claimed_at).where(IN_PRINTER, records.c.reference.in_(claimed_at))
    rows = connection.execute(query.with_for_update()).all()
    return {row.reference for row in rows if row.claimed_at == claimed_at[row.reference]}


def release_prints(connection: Connection, references: Sequence[str] | None = None, but: Collection[str] = ()) -> int:
    """Put the cards that are in printers (those named, none of `but`) back at their old places; returns how many."""
    released = update(records).where(IN_PRINTER, records.c.reference.not_in(but))
    released = released.values(claimed_by=None, claimed_at=None)
    if references is not None:
        released = released.where(records.c.reference.in_(references))
    return connection.execute(released).rowcount


def finish(connection: Connection, software: System, finished: Sequence[Finished]) -> None:
    """Write what came of visits: the records' new statuses and stages, and an event each.

    Raises:
        IllegalTransitionError: an outcome is not a status that its record may move to.
    """
    if not finished:
        return
    for visited in finished:
        if visited.outcome != visited.visit.status:
            move(visited.visit.status, visited.outcome)
    connection.execute(_MOVE_ON, [_moved(visited) for visited in finished])
    connection.execute(insert(stage_events), [_as_row(_event(visited, software)) for visited in finished])


_PLACE = (records.c.reference, records.c.office, records.c.stage, records.c.status, records.c.stage_entered_at)

_MOVE_ON = (
    update(records)
    .where(records.c.reference == bindparam("key"))
    .values(
        status=bindparam("outcome"),
        status_since=case(
            (records.c.status == bindparam("outcome"), records.c.status_since), else_=bindparam("finished_s")
        ),
        stage=bindparam("next_stage"),
        stage_entered_at=bindparam("finished_s"),
        reasons=bindparam("why"),
        duplicate_of=bindparam("resembles"),
        similarity=bindparam("cosine"),
        warnings=func.coalesce(bindparam("cautions", type_=records.c.warnings.type), records.c.warnings),
        claimed_by=None,
        claimed_at=None,
    )
)


def _oldest_first(queue: TextClause, limit: int) -> Select[Any]:
    return select(*_PLACE).where(queue).order_by(records.c.received_at).limit(limit).with_for_update(skip_locked=True)


def _visit(row: AnyRow, claimed_s: float) -> Visit:
    return Visit(row.reference, row.office, Stage(row.stage), Status(row.status), row.stage_entered_at, claimed_s)


def _moved(visited: Finished) -> dict[str, Any]:
    return {
        "key": visited.visit.reference,
        "outcome": visited.outcome,
        "finished_s": visited.finished_s,
        "next_stage": visited.next_stage,
        "why": visited.reasons,
        "resembles": visited.duplicate_of,
        "cosine": visited.similarity,
        "cautions": visited.warnings,
    }


def _event(visited: Finished, software: System) -> StageEvent:
    return StageEvent(
        citizen=visited.visit.reference,
        office=visited.visit.office,
        stage=visited.visit.stage,
        entered_s=visited.visit.entered_s,
        claimed_s=visited.visit.claimed_s,
        started_s=visited.started_s,
        finished_s=visited.finished_s,
        server=visited.server,
        outcome=visited.outcome,
        source=Source.SERVER,
        version=software.version_of(visited.visit.office),
        phase=software.phase,
    )


def _as_row(event: StageEvent) -> dict[str, Any]:
    """Name an event's fields as the table's columns: its times are by the server's clock, hence `_at`."""
    return {
        f"{field.removesuffix('_s')}_at" if field.endswith("_s") else field: value
        for field, value in event._asdict().items()
    }
