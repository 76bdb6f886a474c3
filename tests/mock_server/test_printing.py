"""The print shop's machines."""

import asyncio
import time

from mock_server.adapters.printer import MechanicalPrinter
from mock_server.pipeline.printing import PrintShop


def test_each_printer_makes_one_card_at_a_time_and_takes_its_time() -> None:
    async def play() -> None:
        shop = PrintShop({"A": 2, "B": 0}, MechanicalPrinter(), s_per_card=0.1)
        assert shop.room() == {"A": 4}
        began_s = time.time()
        for reference in ("r-1", "r-2", "r-3"):
            shop.spool("A", reference)
        assert shop.room() == {"A": 1}
        assert shop.empty_tray() == []
        await asyncio.sleep(0.15)
        printed = shop.empty_tray()
        assert [(card.reference, card.printer) for card in printed] == [("r-1", "A/printer-1"), ("r-2", "A/printer-2")]
        assert shop.room() == {"A": 3}
        await asyncio.sleep(0.1)
        (third,) = shop.empty_tray()
        assert (third.reference, third.printer) == ("r-3", "A/printer-1")
        for card in (*printed, third):
            assert card.finished_s - card.started_s >= 0.1
            assert began_s <= card.started_s <= card.finished_s <= time.time()
        assert shop.room() == {"A": 4}
        await shop.close()

    asyncio.run(play())


def test_the_next_card_begins_when_the_last_is_done_though_nobody_empties_the_tray() -> None:
    async def play() -> None:
        shop = PrintShop({"A": 1}, MechanicalPrinter(), s_per_card=0.1)
        shop.spool("A", "r-1")
        shop.spool("A", "r-2")
        assert shop.room() == {}
        await asyncio.sleep(0.25)
        first, second = shop.empty_tray()
        assert second.started_s - first.finished_s < 0.05
        await shop.close()

    asyncio.run(play())


def test_closing_spoils_the_cards_in_the_printers() -> None:
    async def play() -> None:
        shop = PrintShop({"A": 1}, MechanicalPrinter(), s_per_card=60)
        shop.spool("A", "r-1")
        await asyncio.sleep(0)
        await asyncio.wait_for(shop.close(), timeout=1)
        assert shop.empty_tray() == []

    asyncio.run(play())
