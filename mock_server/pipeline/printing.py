"""The last step: each office's printers make its cards, one at a time each, in the order in which they came."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
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
        self._delay_s = 0.0
        self._tray: list[PrintedCard] = []
        self._offices = {
            printer_name(office, position): office
            for office, count in printers.items()
            for position in range(1, count + 1)
        }
        self._making: dict[str, str] = {}
        self._printers = {printer: self._start(printer) for printer in self._offices}

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

    def halt(self, jammed: Collection[str]) -> list[str]:
        """Let these printers stand and the others work; returns the cards that go back into the queue."""
        back = [card for printer in jammed for card in self._jam(printer)]
        for printer in self._offices.keys() - self._printers.keys() - set(jammed):
            self._capacity[self._offices[printer]] += SPOOLED_PER_PRINTER
            self._printers[printer] = self._start(printer)
        return back

    def recall(self, offices: Collection[str]) -> list[str]:
        """Take back the cards of these offices that no printer has begun; what is in a printer is finished."""
        back = []
        for office in offices:
            spool = self._spools.get(office)
            while spool is not None and not spool.empty():
                self._held[office] -= 1
                back.append(spool.get_nowait())
        return back

    def slow_down(self, delay_s: float) -> None:
        """Let each card that is begun from now on take so much longer."""
        self._delay_s = delay_s

    async def close(self) -> None:
        """Stop the printers; the cards in them are spoiled."""
        for printer in self._printers.values():
            printer.cancel()
        await asyncio.gather(*self._printers.values(), return_exceptions=True)

    def _start(self, printer: str) -> asyncio.Task[None]:
        return asyncio.create_task(self._print(self._offices[printer], printer))

    def _jam(self, printer: str) -> Iterator[str]:
        task = self._printers.pop(printer, None)
        if task is None:
            return
        task.cancel()
        office = self._offices[printer]
        self._capacity[office] -= SPOOLED_PER_PRINTER
        if printer in self._making:
            self._held[office] -= 1
            yield self._making.pop(printer)
        # What others in the office have room for stays.
        while self._held[office] > self._capacity[office] and not self._spools[office].empty():
            self._held[office] -= 1
            yield self._spools[office].get_nowait()

    async def _print(self, office: str, printer: str) -> None:
        while True:
            reference = await self._spools[office].get()
            self._making[printer] = reference
            started_s = time.time()
            await self._machine.make(reference, self._s_per_card + self._delay_s)
            del self._making[printer]
            self._tray.append(PrintedCard(reference, printer, started_s, time.time()))
            self._held[office] -= 1


def printer_name(office: str, position: int) -> str:
    """Name an office's printer, counted from 1: `35.07/printer-1`."""
    return f"{office}/printer-{position}"
