"""The audit log: who read or changed which record, when; a chain of hashes that shows what was altered later.

Each row's hash covers the row and the hash of the row before it. Rows are only ever added: the database refuses to
change or delete one. `audit_head` repeats the last row's number and hash, so that rows missing at the end show too.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.access import Caller
from mock_server.database import AnyRow
from mock_server.tables import audit_head, audit_log

BEGINNING = "0" * 64
"""Stands for the hash before the first row."""
_ROWS_AT_ONCE = 2_000


class Action(StrEnum):
    """What was done."""

    SUBMIT = "submit"
    RECAPTURE = "recapture"
    HAND_OVER = "hand_over"
    SPOIL_CARD = "spoil_card"
    LIST_ADJUDICATIONS = "list_adjudications"
    ADJUDICATE = "adjudicate"
    REPLACE_CARD = "replace_card"
    READ_RESIDENT = "read_resident"
    CORRECT_RESIDENT = "correct_resident"
    DELIVER_STOCK = "deliver_stock"
    REPORT_JAM = "report_jam"
    CLEAR_JAM = "clear_jam"
    SWITCH_PRINTERS = "switch_printers"
    LIST_HELD_CARDS = "list_held_cards"
    RELEASE_HELD_CARDS = "release_held_cards"
    ASK_FOR_UPGRADE = "ask_for_upgrade"
    STOP_UPGRADE = "stop_upgrade"
    INJECT_FAULT = "inject_fault"
    END_FAULT = "end_fault"
    LOG_IN = "log_in"
    REFUSE_LOGIN = "refuse_login"
    READ_RECORD = "read_record"
    LIST_RECORDS = "list_records"
    READ_CARD = "read_card"
    READ_CARD_FRONT = "read_card_front"


@dataclass(frozen=True)
class Entry:
    """Somebody did something with a record, or with the records of a query, which `detail` then tells."""

    caller: Caller
    action: Action
    reference: str | None = None
    nik: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    """What JSON can say."""


class Link(NamedTuple):
    """A row's place in the chain."""

    id: int
    hash: str


class Verdict(NamedTuple):
    """What a walk along the chain has found."""

    rows: int
    """How many rows were looked at, up to the first broken one."""
    head: Link
    """The last sound row; whoever notes it elsewhere can tell later whether the whole log was replaced."""
    broken: int | None
    """The number of the first row that is not as it was written; None if there is none."""
    why: str


async def commit(connection: AsyncConnection, entry: Entry) -> None:
    """Commit a change together with its entry: both hold, or neither.

    The chain is taken last and only for the commit, since everybody who writes in it waits for it.
    """
    await append(connection, [entry])
    await connection.commit()


async def append(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Add entries to the chain, which stays locked until the transaction ends."""
    content = literal([_content(entry) for entry in entries], JSONB)
    await connection.execute(select(func.audit_append(content)))


def verify(connection: Connection) -> Verdict:
    """Walk the whole chain, as it is at one moment, up to the first row that is not as it was written."""
    connection.execution_options(isolation_level="REPEATABLE READ")
    last, rows = Link(0, BEGINNING), 0
    query = select(audit_log).order_by(audit_log.c.id)
    with connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as log:
        for row in log:
            rows += 1
            if why := _flaw(row, last):
                return Verdict(rows, last, last.id + 1, why)
            last = Link(row.id, row.hash)
    head = connection.execute(select(audit_head.c.id, audit_head.c.hash)).one_or_none()
    if head is None or Link(head.id, head.hash) != last:
        # The head is one row ahead of what is there, or the last row is not the one that it names.
        missing = head is not None and head.id > last.id
        return Verdict(rows, last, last.id + 1 if missing else last.id, "the log does not end where its head says")
    return Verdict(rows, last, None, "")


def _content(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.caller.key,
        "office": entry.caller.office,
        "action": entry.action,
        "reference": entry.reference,
        "nik": entry.nik,
        "detail": json.dumps(entry.detail, sort_keys=True),
    }


def _hash(row: AnyRow) -> str:
    """Return SHA-256, in hexadecimal, over the row without its hash as a JSON array, as `audit_append` computes it."""
    # Whole microseconds: of a float, PostgreSQL and Python do not always write the same text.
    written = (row.id, round(row.at * 1e6), row.key, row.office, row.action, row.reference, row.nik, row.detail)
    return sha256(json.dumps([*written, row.previous_hash], ensure_ascii=False).encode()).hexdigest()


def _flaw(row: AnyRow, last: Link) -> str:
    """Say what is wrong with a row that should follow on `last`; nothing if it does."""
    if row.id != last.id + 1:
        return f"row {last.id + 1} is missing"
    if row.previous_hash != last.hash:
        return f"row {row.id} does not follow on row {last.id}"
    return "" if _hash(row) == row.hash else f"row {row.id} was altered"
