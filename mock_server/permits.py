"""Foreign residents' permits as the web looks at them; read only where version 5.5 runs, which brought the table."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.office_dates import today_at
from mock_server.pipeline.permits import Permit, PermitKind
from mock_server.refusals import RefusedError
from mock_server.tables import permits


async def find(connection: AsyncConnection, nik: str) -> Permit | None:
    """Return a resident's permit, None if no permit is known."""
    query = select(permits.c.kind, permits.c.number, permits.c.expires).where(permits.c.nik == nik)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Permit(PermitKind(row.kind), row.number, row.expires)


def must_be_good(permit: Permit, office: str) -> None:
    """Make sure that a permit is still good by an office's calendar.

    Raises:
        RefusedError: it has expired.
    """
    if permit.has_expired(today_at(office)):
        raise RefusedError(f"{permit} expired on {permit.expires}, and the card with it")
