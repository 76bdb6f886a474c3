"""The printers process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from sqlalchemy import Engine

from mock_server import claims
from mock_server.pipeline.printing import PrintedCard
from mock_server.printers import exchange, run
from mock_server.settings import Settings
from tests.mock_server.centre import Centre
from tests.mock_server.commands import wait_until
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet


@contextmanager
def printing(settings: Settings) -> Iterator[None]:
    ended, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=run, args=(settings, ended.is_set, ready.set))
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        ended.set()
        thread.join(10)
    assert not thread.is_alive()


def sent_for_printing(centre: Centre, offices: list[str]) -> list[str]:
    references = [f"A-{number}" for number in range(len(offices))]
    for number, office in enumerate(offices):
        Packet(references[number], person=number + 1, office=office).post(centre.client)
    centre.settle()
    return references


def test_offices_print_side_by_side_and_each_printer_one_card_at_a_time(centre: Centre, settings: Settings) -> None:
    references = sent_for_printing(centre, [OFFICE] * 5 + [OTHER_OFFICE] * 2)
    with printing(settings):
        wait_until(lambda: all(centre.status(reference) == "CARD_PRINTED" for reference in references))
    events = [event for event in centre.events() if event.stage == "printing"]
    assert {event.server for event in events} == {"35.07/printer-1", "35.07/printer-2", "35.73/printer-1"}
    for printer in {event.server for event in events}:
        visits = sorted((event.started_at, event.finished_at) for event in events if event.server == printer)
        for (_, finished), (following, _) in pairwise(visits):
            assert finished <= following
        assert all(finished - started >= settings.printer_s_per_card for started, finished in visits)
    of_office = sorted((event.started_at, event.citizen) for event in events if event.office == OFFICE)
    first_pair, second_pair = ({citizen for _, citizen in of_office[at : at + 2]} for at in (0, 2))
    assert (first_pair, second_pair) == ({"A-0", "A-1"}, {"A-2", "A-3"})


def test_cards_that_a_dead_process_had_in_its_printers_are_printed_again(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    (reference,) = sent_for_printing(centre, [OFFICE])
    with engine.begin() as connection:
        assert len(claims.claim_prints(connection, {OFFICE: 1})) == 1
    with printing(settings):
        wait_until(lambda: centre.status(reference) == "CARD_PRINTED")
    assert len([event for event in centre.events() if event.stage == "printing"]) == 1


def test_a_card_is_handed_in_once_and_only_by_who_still_has_it(centre: Centre, engine: Engine) -> None:
    sent_for_printing(centre, [OFFICE] * 2)
    with engine.connect() as connection:
        visits, _ = exchange(connection, [], {OFFICE: 2})
        ours, lost = [(visit, PrintedCard(visit.reference, "35.07/printer-1", 1.0, 2.0)) for visit in visits]
        # Another process has put it back meanwhile, and claimed it for itself.
        with connection.begin():
            claims.release_prints(connection, but={ours[0].reference})
        (again,), _ = exchange(connection, [], {OFFICE: 1})
        assert again.reference == lost[0].reference
        for _ in range(2):
            # The second time is what follows a commit whose success was not heard of.
            exchange(connection, [ours, lost], {})
    printed = [event.citizen for event in centre.events() if event.stage == "printing"]
    assert printed == [ours[0].reference]
    assert centre.status(lost[0].reference) == "SENT_FOR_CARD_PRINTING"


def test_stopping_puts_unfinished_cards_back(centre: Centre, settings: Settings) -> None:
    references = sent_for_printing(centre, [OFFICE] * 5)
    with printing(settings.model_copy(update={"printer_s_per_card": 600.0})):
        wait_until(lambda: centre.client.get("/v1/queues").json()["printing"]["waiting"] == 1)
        stopped_s = time.monotonic()
    assert time.monotonic() - stopped_s < 5
    assert centre.client.get("/v1/queues").json()["printing"]["waiting"] == 5
    assert {centre.status(reference) for reference in references} == {"SENT_FOR_CARD_PRINTING"}
