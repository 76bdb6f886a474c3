"""The last step: each office's printers make its cards, one at a time each, in the order in which they came."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from mock_server.pipeline.ports import Printer

SPOOLED_PER_PRINTER = 2
"""Cards an office takes per printer: the one it makes and the next."""


@dataclass(frozen=True)
class PrintedCard:
    """A card in the tray; times in seconds since the epoch."""

    reference: str
    printer: str
    started_s: float
    finished_s: float


class PrintShop:
    """All printers of all offices, playing in one event loop.

    Each office has a spool in front of its printers, so that a printer that has finished a card begins the next at
    once, however long the database takes to hand out another.
    """

    def __init__(self, printers: Mapping[str, int], machine: Printer, s_per_card: float) -> None:
        """Take each office's number of printers and the seconds that a card takes; call in a running event loop."""
        self._capacity = {office: SPOOLED_PER_PRINTER * count for office, count in printers.items()}
        self._spools: dict[str, asyncio.Queue[str]] = {office: asyncio.Queue() for office in printers}
        self._held = dict.fromkeys(printers, 0)
        self._machine = machine
        self._s_per_card = s_per_card
        self._tray: list[PrintedCard] = []
        self._printers = [
            asyncio.create_task(self._print(office, printer_name(office, position)))
            for office, count in printers.items()
            for position in range(1, count + 1)
        ]

    def room(self) -> dict[str, int]:
        """Return how many more cards each office takes, offices that take none left out."""
        free = {office: capacity - self._held[office] for office, capacity in self._capacity.items()}
        return {office: count for office, count in free.items() if count > 0}

    def spool(self, office: str, reference: str) -> None:
        """Put a card behind those that wait for the office's printers."""
        self._held[office] += 1
        self._spools[office].put_nowait(reference)

    @property
    def has_printed(self) -> bool:
        """Tell whether cards lie in the tray."""
        return bool(self._tray)

    def empty_tray(self) -> list[PrintedCard]:
        """Return the cards printed since the last call."""
        printed, self._tray = self._tray, []
        return printed

    async def close(self) -> None:
        """Stop the printers; the cards in them are spoiled."""
        for printer in self._printers:
            printer.cancel()
        await asyncio.gather(*self._printers, return_exceptions=True)

    async def _print(self, office: str, printer: str) -> None:
        while True:
            reference = await self._spools[office].get()
            started_s = time.time()
            await self._machine.make(reference, self._s_per_card)
            self._tray.append(PrintedCard(reference, printer, started_s, time.time()))
            self._held[office] -= 1


def printer_name(office: str, position: int) -> str:
    """Name an office's printer, counted from 1: `35.07/printer-1`."""
    return f"{office}/printer-{position}"
