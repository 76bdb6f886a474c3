"""The last step: each office's printers make its cards, one at a time each, in the order in which they came."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from mock_server.pipeline.ports import Printer


@dataclass(frozen=True)
class PrintJob:
    """A card that a printer has been given."""

    reference: str
    printer: str


@dataclass(frozen=True)
class PrintedCard:
    """A card in the tray; times in seconds since the epoch."""

    job: PrintJob
    started_s: float
    finished_s: float


class PrintShop:
    """All printers of all offices, playing in one event loop."""

    def __init__(self, printers: Mapping[str, int], machine: Printer, s_per_card: float) -> None:
        """Take each office's number of printers and the seconds that a card takes."""
        self._idle = {
            office: [printer_name(office, position) for position in range(1, count + 1)]
            for office, count in printers.items()
        }
        self._machine = machine
        self._s_per_card = s_per_card
        self._jobs: set[asyncio.Task[None]] = set()
        self._tray: list[PrintedCard] = []

    def idle(self) -> dict[str, list[str]]:
        """Return the names of the idle printers of each office that has any."""
        return {office: list(names) for office, names in self._idle.items() if names}

    def start(self, office: str, job: PrintJob) -> None:
        """Set an idle printer to work."""
        self._idle[office].remove(job.printer)
        task = asyncio.create_task(self._print(office, job))
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def empty_tray(self) -> list[PrintedCard]:
        """Return the cards printed since the last call."""
        printed, self._tray = self._tray, []
        return printed

    async def close(self) -> None:
        """Stop the printers; the cards in them are spoiled."""
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def _print(self, office: str, job: PrintJob) -> None:
        started_s = time.time()
        await self._machine.make(job.reference, self._s_per_card)
        self._tray.append(PrintedCard(job, started_s, time.time()))
        self._idle[office].append(job.printer)


def printer_name(office: str, position: int) -> str:
    """Name an office's printer, counted from 1: `35.07/printer-1`."""
    return f"{office}/printer-{position}"
