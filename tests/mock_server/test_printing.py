"""The print shop's machines."""

import asyncio
import time

import pytest

from mock_server.adapters.printer import MechanicalPrinter
from mock_server.pipeline.printing import PrintJob, PrintShop, printer_name


def test_each_printer_makes_one_card_at_a_time_and_takes_its_time() -> None:
    async def play() -> None:
        shop = PrintShop({"A": 2, "B": 0}, MechanicalPrinter(), s_per_card=0.1)
        assert shop.idle() == {"A": ["A/printer-1", "A/printer-2"]}
        began_s = time.time()
        shop.start("A", PrintJob("r-1", "A/printer-1"))
        assert shop.idle() == {"A": ["A/printer-2"]}
        shop.start("A", PrintJob("r-2", "A/printer-2"))
        assert shop.idle() == {}
        with pytest.raises(ValueError, match="not in list"):
            shop.start("A", PrintJob("r-3", "A/printer-1"))
        assert shop.empty_tray() == []
        await asyncio.sleep(0.15)
        printed = shop.empty_tray()
        assert [card.job.reference for card in printed] == ["r-1", "r-2"]
        for card in printed:
            assert card.finished_s - card.started_s >= 0.1
            assert began_s <= card.started_s <= card.finished_s <= time.time()
        assert shop.empty_tray() == []
        assert shop.idle() == {"A": ["A/printer-1", "A/printer-2"]}

    asyncio.run(play())


def test_closing_spoils_the_cards_in_the_printers() -> None:
    async def play() -> None:
        shop = PrintShop({"A": 1}, MechanicalPrinter(), s_per_card=60)
        shop.start("A", PrintJob("r-1", printer_name("A", 1)))
        await asyncio.sleep(0)
        await asyncio.wait_for(shop.close(), timeout=1)
        assert shop.empty_tray() == []

    asyncio.run(play())
