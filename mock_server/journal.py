"""The journal: writes the reads down in the audit log, those of a moment together."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from mock_server.audit import Entry, append

MOST_AT_ONCE = 500

_Waiting = tuple[Entry, "asyncio.Future[None]"]


class Journal:
    """Notes reads; while a transaction is under way the next entries gather, and share the one after it."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Write over an engine of the journal's own: who waits for it holds a connection of the others."""
        # An entry, or several, are one statement: a transaction around it would be two more.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def note(self, entry: Entry) -> None:
        """Write an entry down; when this returns, it is in the log for good, and the read may be answered.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it could not be written.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await written

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                async with self._engine.connect() as connection:
                    await append(connection, [entry for entry, _ in batch])
            except Exception as error:  # whatever it is, those who wait must hear of it
                _tell(batch, error)
            else:
                _tell(batch, None)


def _tell(batch: Sequence[_Waiting], error: Exception | None) -> None:
    for _, written in batch:
        # Whoever was waiting may have gone.
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
