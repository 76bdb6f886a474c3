"""The backfill: brings residents over from 5.4 to 5.5, a batch to a transaction, several processes at a time."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, LargeBinary, Text, bindparam, column, func, select, table, update

from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import AnyRow, engine_of
from mock_server.lifetime import Stop, pause
from mock_server.pipeline.names import search_key
from mock_server.pipeline.personalisation import reissue
from mock_server.pipeline.ports import Signer
from mock_server.pipeline.versions import nationalise, pack, unpack
from mock_server.settings import Settings
from mock_server.upgrade import progress
from mock_server.upgrade.progress import Phase

# The table between the revisions 5.5_expand and 5.5, when it has the old columns and the new ones.
_residents = table(
    "residents",
    column("nik", Text),
    column("name", Text),
    column("template", LargeBinary),
    column("chip_payload", LargeBinary),
    column("chip_signature", LargeBinary),
    column("search_key", Text),
    column("national_template", LargeBinary),
    column("reissued_payload", LargeBinary),
    column("reissued_signature", LargeBinary),
)
_c = _residents.c
_PENDING = _c.search_key.is_(None) | (_c.chip_payload.is_not(None) & _c.reissued_payload.is_(None))
"""Not brought over yet, or given a first card since then."""


class FalseChipError(ValueError):
    """A resident's chip does not bear our signature; nothing is signed anew before somebody has looked at it."""

    def __init__(self, nik: str) -> None:
        super().__init__(f"the chip of resident {nik} does not bear our signature; the upgrade stops here")


def count_pending(connection: Connection) -> int:
    """Return how many residents are still to be brought over."""
    return connection.execute(select(func.count()).select_from(_residents).where(_PENDING)).scalar_one()


def backfill_process(settings: Settings, batch: int, pause_s: float) -> None:
    """Bring residents over until none is pending or the process is told to stop: the main of a process."""
    stop = Stop()
    signer = EcdsaSigner.load(settings.signing_key_file)
    with engine_of(settings.database_url) as engine:
        # Once more from the start until a whole pass finds nobody: people are enrolled behind the last one, too.
        while not stop() and _pass(engine, batch, pause_s, signer, stop):
            pass


def _pass(engine: Engine, batch: int, pause_s: float, signer: Signer, stop: Callable[[], bool]) -> int:
    """Go through the residents by NIK once; returns how many were brought over."""
    done, after = 0, ""
    while not stop():
        with engine.begin() as connection:
            niks = bring_over(connection, after, batch, signer)
            progress.advance(connection, Phase.BACKFILL, len(niks))
        if not niks:
            break
        done, after = done + len(niks), niks[-1]
        pause(pause_s, stop)
    return done


def bring_over(connection: Connection, after: str, limit: int, signer: Signer) -> list[str]:
    """Bring over the next residents behind a NIK, without waiting for those in other hands; returns their NIKs.

    Raises:
        FalseChipError: a chip's signature is not ours.
    """
    query = (
        select(_c.nik, _c.name, _c.template, _c.chip_payload, _c.chip_signature)
        .where(_c.nik > after, _PENDING)
        .order_by(_c.nik)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    if rows:
        connection.execute(_BRING_OVER, _brought_over(rows, signer))
    return [row.nik for row in rows]


_BRING_OVER = (
    update(_residents)
    .where(_c.nik == bindparam("key"))
    .values(
        search_key=bindparam("heard"),
        national_template=bindparam("face"),
        reissued_payload=bindparam("payload"),
        reissued_signature=bindparam("signature"),
    )
)


def _brought_over(rows: Sequence[AnyRow], signer: Signer) -> list[dict[str, Any]]:
    templates = nationalise(unpack([row.template for row in rows]))
    return [
        {"key": row.nik, "heard": search_key(row.name), "face": pack(template), **_reissued(row, signer)}
        for row, template in zip(rows, templates, strict=True)
    ]


def _reissued(row: AnyRow, signer: Signer) -> dict[str, bytes | None]:
    """Sign the resident's chip in the new profile, the old one verified; somebody without a card has none."""
    if row.chip_payload is None:
        return {"payload": None, "signature": None}
    if not signer.verify(row.chip_payload, row.chip_signature):
        raise FalseChipError(row.nik)
    payload = reissue(row.chip_payload)
    return {"payload": payload, "signature": signer.sign(payload)}
