"""Blanks, ribbon, and jammed printers."""

import asyncio
from typing import Any

import httpx
import pytest

from mock_server.adapters.printer import MechanicalPrinter
from mock_server.pipeline.printing import PrintShop
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.commands import wait_until
from tests.mock_server.packets import OFFICE, OTHER_OFFICE
from tests.mock_server.test_http import problem
from tests.mock_server.test_printers import printing, sent_for_printing


def supplies(centre: Centre, office: str = OFFICE) -> dict[str, Any]:
    found: dict[str, Any] = centre.client.get(f"/v1/offices/{office}").json()
    return found


def deliver(centre: Centre, office: str = OFFICE, **stock: int) -> httpx.Response:
    return centre.client.post(f"/v1/offices/{office}/stock", json=stock)


def jam(centre: Centre, position: int, office: str = OFFICE) -> httpx.Response:
    return centre.client.post(f"/v1/offices/{office}/printers/{position}/jam", json={"reason": "card stuck"})


def clear(centre: Centre, position: int, office: str = OFFICE) -> httpx.Response:
    return centre.client.delete(f"/v1/offices/{office}/printers/{position}/jam")


def printed(centre: Centre, references: list[str]) -> int:
    return sum(centre.status(reference) == "CARD_PRINTED" for reference in references)


def test_an_office_that_counts_nothing_always_has_enough(centre: Centre) -> None:
    references = sent_for_printing(centre, [OFFICE] * 3)
    assert len(centre.print_all({OFFICE: 3})) == 3
    assert printed(centre, references) == 3
    nothing: dict[str, Any] = {"blanks": None, "ribbon_left": None, "jammed": {}}
    assert supplies(centre) == {"code": OFFICE, "printers": 2, "printers_on": True} | nothing


@pytest.mark.parametrize(
    ("stock", "left"),
    [
        ({"blanks": 2}, {"blanks": 0, "ribbon_left": None}),
        ({"ribbon": 2}, {"blanks": None, "ribbon_left": 0}),
        ({"blanks": 9, "ribbon": 2}, {"blanks": 7, "ribbon_left": 0}),
    ],
)
def test_cards_wait_for_blanks_and_ribbon(centre: Centre, stock: dict[str, int], left: dict[str, int | None]) -> None:
    references = sent_for_printing(centre, [OFFICE] * 3 + [OTHER_OFFICE])
    assert deliver(centre, OFFICE, **stock).status_code == 200
    room = {OFFICE: 3, OTHER_OFFICE: 1}
    assert len(centre.print_all(room)) == 3
    assert supplies(centre) | left == supplies(centre)
    assert centre.print_all(room) == []
    assert [centre.status(reference) for reference in references] == [
        "CARD_PRINTED",
        "CARD_PRINTED",
        "SENT_FOR_CARD_PRINTING",
        "CARD_PRINTED",
    ]
    deliver(centre, blanks=1, ribbon=1)
    if "blanks" in stock:
        assert supplies(centre)["blanks"] == (left["blanks"] or 0) + 1
    assert len(centre.print_all(room)) == 1


def test_a_spoiled_card_takes_another_blank(centre: Centre) -> None:
    sent_for_printing(centre, [OFFICE])
    deliver(centre, blanks=5)
    centre.print_all({OFFICE: 1})
    centre.client.post("/v1/records/A-0/spoiled", json={"reason": "smeared"})
    centre.settle()
    centre.print_all({OFFICE: 1})
    assert supplies(centre)["blanks"] == 3


def test_running_printers_stop_when_the_stock_is_out_and_go_on_when_it_comes(
    centre: Centre, settings: Settings
) -> None:
    references = sent_for_printing(centre, [OFFICE] * 6)
    deliver(centre, blanks=3)
    with printing(settings):
        wait_until(lambda: printed(centre, references) == 3)
        assert supplies(centre)["blanks"] == 0
        assert centre.client.get("/v1/queues").json()["printing"]["waiting"] == 3
        deliver(centre, blanks=10)
        wait_until(lambda: printed(centre, references) == 6)
    assert supplies(centre)["blanks"] == 7


def test_a_jammed_printer_gives_its_card_back_and_takes_none_until_it_is_cleared(
    centre: Centre, settings: Settings
) -> None:
    (reference,) = sent_for_printing(centre, [OTHER_OFFICE])

    def waiting() -> int:
        return int(centre.client.get("/v1/queues").json()["printing"]["waiting"])

    with printing(settings.model_copy(update={"printer_s_per_card": 2.0})):
        wait_until(lambda: waiting() == 0, 5)
        assert jam(centre, 1, OTHER_OFFICE).json()["jammed"] == {f"{OTHER_OFFICE}/printer-1": "card stuck"}
        wait_until(lambda: waiting() == 1, 5)
        assert clear(centre, 1, OTHER_OFFICE).json()["jammed"] == {}
        wait_until(lambda: centre.status(reference) == "CARD_PRINTED", 10)
    assert len([event for event in centre.events() if event.stage == "printing"]) == 1


def test_jams_are_told_once_and_of_printers_that_there_are(centre: Centre) -> None:
    assert jam(centre, 2).status_code == 200
    assert "jammed already" in problem(jam(centre, 2), 409)["detail"]
    assert "no printer 3" in problem(jam(centre, 3), 404)["detail"]
    problem(jam(centre, 1, "99.99"), 404)
    assert clear(centre, 2).status_code == 200
    problem(clear(centre, 2), 409)
    assert jam(centre, 2).status_code == 200, "it may jam again"


def test_deliveries_are_counts_to_offices_that_there_are(centre: Centre) -> None:
    problem(deliver(centre, "99.99", blanks=1), 404)
    problem(deliver(centre, blanks=-1), 422)
    problem(centre.client.get("/v1/offices/99.99"), 404)


def test_a_shop_with_a_jammed_printer_works_with_the_others() -> None:
    async def play() -> None:
        shop = PrintShop({"A": 2}, MechanicalPrinter(), s_per_card=0.1)
        for reference in ("r-1", "r-2", "r-3", "r-4"):
            shop.spool("A", reference)
        await asyncio.sleep(0.02)
        assert sorted(shop.halt({"A/printer-1"})) == ["r-1", "r-3"], "the one in it, and one of the two behind"
        assert shop.halt({"A/printer-1"}) == []
        assert shop.room() == {}
        await asyncio.sleep(0.25)
        assert [(card.reference, card.printer) for card in shop.empty_tray()] == [
            ("r-2", "A/printer-2"),
            ("r-4", "A/printer-2"),
        ]
        assert shop.room() == {"A": 2}
        assert shop.halt(set()) == []
        assert shop.room() == {"A": 4}
        await shop.close()

    asyncio.run(play())


def switch(centre: Centre, on: bool, office: str = OFFICE) -> httpx.Response:
    return centre.client.put(f"/v1/offices/{office}/printers", json={"on": on})


def test_a_delivery_of_nothing_begins_the_count_all_the_same(centre: Centre) -> None:
    references = sent_for_printing(centre, [OFFICE])
    assert deliver(centre, blanks=0).json()["blanks"] == 0
    assert centre.print_all({OFFICE: 1}) == []
    deliver(centre, blanks=1)
    assert [visit.reference for visit in centre.print_all({OFFICE: 1})] == references


def test_printers_that_are_off_take_no_cards_and_other_offices_print_on(centre: Centre) -> None:
    references = sent_for_printing(centre, [OFFICE, OTHER_OFFICE])
    assert [switch(centre, on=False).json()["printers_on"] for _ in range(2)] == [False, False]
    room = {OFFICE: 1, OTHER_OFFICE: 1}
    assert [visit.reference for visit in centre.print_all(room)] == [references[1]]
    assert centre.status(references[0]) == "SENT_FOR_CARD_PRINTING"
    assert switch(centre, on=True).json()["printers_on"] is True
    assert [visit.reference for visit in centre.print_all(room)] == [references[0]]
    problem(switch(centre, on=True, office="99.99"), 404)


def test_printers_that_are_switched_off_finish_their_card_and_begin_no_other(
    centre: Centre, settings: Settings
) -> None:
    references = sent_for_printing(centre, [OTHER_OFFICE] * 3)

    def waiting() -> int:
        return int(centre.client.get("/v1/queues").json()["printing"]["waiting"])

    with printing(settings.model_copy(update={"printer_s_per_card": 1.0})):
        # The office has one printer: one card is in it, one lies behind, one waits.
        wait_until(lambda: waiting() == 1, 5)
        switch(centre, on=False, office=OTHER_OFFICE)
        wait_until(lambda: waiting() == 2, 5)
        wait_until(lambda: printed(centre, references) == 1, 5)
        assert waiting() == 2
        switch(centre, on=True, office=OTHER_OFFICE)
        wait_until(lambda: printed(centre, references) == 3, 10)
    order = [event.citizen for event in centre.events() if event.stage == "printing"]
    assert order == references


def test_a_shop_recalls_what_no_printer_has_begun() -> None:
    async def play() -> None:
        shop = PrintShop({"A": 1, "B": 1}, MechanicalPrinter(), s_per_card=0.05)
        for office, reference in (("A", "a-1"), ("A", "a-2"), ("B", "b-1"), ("B", "b-2")):
            shop.spool(office, reference)
        await asyncio.sleep(0.01)
        assert shop.recall({"A", "unknown"}) == ["a-2"]
        assert shop.room() == {"A": 1}
        await asyncio.sleep(0.15)
        assert sorted(card.reference for card in shop.empty_tray()) == ["a-1", "b-1", "b-2"]
        await shop.close()

    asyncio.run(play())
