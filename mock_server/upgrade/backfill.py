"""The backfill: brings residents over to the version to come, a batch to a transaction, several processes at a time."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Text,
    Update,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    table,
    true,
    update,
)

from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import upgrade_engine_of
from mock_server.lifetime import Stop, pause
from mock_server.outages import keep_at
from mock_server.pipeline.names import search_key
from mock_server.pipeline.personalisation import reissue
from mock_server.pipeline.ports import Signer
from mock_server.pipeline.versions import Version, denationalise, nationalise, pack, unpack
from mock_server.settings import Settings
from mock_server.upgrade import progress
from mock_server.upgrade.windows import Span, until_open_s

# The table between the revisions 5.5_expand and 5.5, when it has a version's columns and the next one's.
_residents = table(
    "residents",
    column("nik", Text),
    column("office", Text),
    column("name", Text),
    column("template", LargeBinary),
    column("chip_payload", LargeBinary),
    column("chip_signature", LargeBinary),
    column("search_key", Text),
    column("next_template", LargeBinary),
    column("next_payload", LargeBinary),
    column("next_signature", LargeBinary),
)
_c = _residents.c


class FalseChipError(ValueError):
    """A resident's chip does not bear our signature; nothing is signed anew before somebody has looked at it."""

    def __init__(self, nik: str) -> None:
        super().__init__(f"the chip of resident {nik} does not bear our signature; the upgrade stops here")


class Person(NamedTuple):
    """What of a resident is brought over."""

    nik: str
    name: str
    template: bytes
    chip_payload: bytes | None
    chip_signature: bytes | None


@dataclass(frozen=True)
class Share:
    """Who is brought over, and to which version."""

    to: Version
    offices: Collection[str] | None = None
    """Residents of these offices; None for everybody."""

    @property
    def pending(self) -> ColumnElement[bool]:
        """Not brought over yet, or given another name or card since then."""
        parts = [_c.next_template.is_(None), and_(_c.chip_payload.is_not(None), _c.next_payload.is_(None))]
        if self.to == Version.V5_5:
            parts.append(_c.search_key.is_(None))
        mine = true() if self.offices is None else _c.office.in_(self.offices)
        return and_(or_(*parts), mine)


@dataclass(frozen=True)
class Job:
    """What a backfill process is told."""

    upgrade: int
    phase: str
    share: Share
    batch: int
    pause_s: float
    windows: tuple[Span, ...]


def count_pending(connection: Connection, share: Share) -> int:
    """Return how many residents are still to be brought over."""
    return connection.execute(select(func.count()).select_from(_residents).where(share.pending)).scalar_one()


def backfill_process(settings: Settings, job: Job) -> None:
    """Bring residents over until none is pending or the process is told to stop: the main of a process."""
    stop = Stop()
    signer = EcdsaSigner.load(settings.signing_key_file)
    with upgrade_engine_of(settings.database_url) as engine:
        keep_at(lambda: _fill(engine, job, signer, stop), stop)


def _fill(engine: Engine, job: Job, signer: Signer, stop: Callable[[], bool]) -> None:
    # Once more from the start until a whole pass finds nobody: people are enrolled behind the last one, too.
    while not stop() and _pass(engine, job, signer, stop):
        pass


def _pass(engine: Engine, job: Job, signer: Signer, stop: Callable[[], bool]) -> int:
    """Go through the residents by NIK once; returns how many were brought over."""
    done, after = 0, ""
    while not stop():
        if until_open_s(job.windows, time.time()):
            pause(until_open_s(job.windows, time.time()), stop)
            continue
        with engine.begin() as connection:
            began_s = time.monotonic()
            niks = bring_over(connection, after, job.batch, job.share, signer)
            progress.advance(connection, job.upgrade, job.phase, len(niks), time.monotonic() - began_s)
        if not niks:
            break
        done, after = done + len(niks), niks[-1]
        pause(job.pause_s, stop)
    return done


def bring_over(
    connection: Connection, after: str, limit: int, share: Share, signer: Signer, *, skip_locked: bool = True
) -> list[str]:
    """Bring over the next residents behind a NIK, those in other hands left out or waited for; returns their NIKs.

    Raises:
        FalseChipError: a chip's signature is not ours.
    """
    rows = next_rows(connection, after, limit, share, skip_locked=skip_locked)
    if rows:
        write(connection, brought_over(rows, share.to, signer), share.to)
    return [row.nik for row in rows]


def next_rows(
    connection: Connection, after: str, limit: int, share: Share, *, skip_locked: bool = True
) -> list[Person]:
    """Return the next residents behind a NIK who are still to be brought over, and lock them."""
    query = (
        select(_c.nik, _c.name, _c.template, _c.chip_payload, _c.chip_signature)
        .where(_c.nik > after, share.pending)
        .order_by(_c.nik)
        .limit(limit)
        .with_for_update(skip_locked=skip_locked)
    )
    return [Person(*row) for row in connection.execute(query)]


def write(connection: Connection, made: Sequence[dict[str, Any]], to: Version) -> None:
    """Write what was made for residents, as `brought_over` returns it."""
    connection.execute(_WRITE[to], made)


def brought_over(rows: Sequence[Person], to: Version, signer: Signer) -> list[dict[str, Any]]:
    """Make what the version to come keeps of residents.

    Raises:
        FalseChipError: a chip's signature is not ours.
    """
    turn = nationalise if to == Version.V5_5 else denationalise
    templates = turn(unpack([row.template for row in rows]))
    return [
        {"key": row.nik, "face": pack(template), **_reissued(row, to, signer)}
        | ({"heard": search_key(row.name)} if to == Version.V5_5 else {})
        for row, template in zip(rows, templates, strict=True)
    ]


def _reissued(row: Person, to: Version, signer: Signer) -> dict[str, bytes | None]:
    """Sign the resident's chip in the new profile, the old one verified; somebody without a card has none."""
    if row.chip_payload is None or row.chip_signature is None:
        return {"payload": None, "signature": None}
    if not signer.verify(row.chip_payload, row.chip_signature):
        raise FalseChipError(row.nik)
    payload = reissue(row.chip_payload, to)
    return {"payload": payload, "signature": signer.sign(payload)}


def _written(**more: Any) -> Update:
    values: dict[str, Any] = {
        "next_template": bindparam("face"),
        "next_payload": bindparam("payload"),
        "next_signature": bindparam("signature"),
    }
    return update(_residents).where(_c.nik == bindparam("key")).values(values | more)


_WRITE = {Version.V5_5: _written(search_key=bindparam("heard")), Version.V5_4: _written()}
