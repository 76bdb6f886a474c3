import math
from collections.abc import Generator

import pytest
from simpy import Environment, Event

from model.arrivals import Citizen
from model.centre import Delays
from model.handover import HandoverWindow

Told = list[tuple[str, float, float]]
PROMPT = Delays()


def told(cards: list[tuple[str, float, bool]], request_s: float, delays: Delays = PROMPT) -> Told:
    """Give name, when seen and when told of citizens whose records are decided at these moments; looks every 10 s."""
    env = Environment()
    found: Told = []
    requests: list[str] = []

    def next_look_s() -> float:
        return 10.0 * math.ceil(env.now / 10.0)

    def hand_over(citizen: Citizen) -> Event:
        requests.append(citizen.name)
        return env.timeout(request_s)

    window = HandoverWindow(env, next_look_s, hand_over, delays)

    def wait(name: str, moment_s: float, issued: bool) -> Generator[Event, object, None]:
        yield env.timeout(moment_s)
        seen = yield window.collect(Citizen(name, "35.07", 0.0, 0.0, None, ()), issued)
        assert isinstance(seen, float)
        found.append((name, seen, env.now))

    for card in cards:
        env.process(wait(*card))
    env.run()
    assert requests == [name for name, _, issued in cards if issued]
    return found


def test_the_cards_of_a_look_are_handed_over_one_after_the_other() -> None:
    cards = [("a", 1.0, True), ("b", 2.0, True), ("c", 11.0, True)]
    assert told(cards, request_s=2.0) == [("a", 10, 12), ("b", 10, 14), ("c", 20, 22)]


def test_who_comes_while_the_clerk_is_busy_is_seen_in_the_first_look_afterwards() -> None:
    cards = [("a", 1.0, True), ("b", 2.0, True), ("c", 11.0, True)]
    assert told(cards, request_s=7.0) == [("a", 10, 17), ("b", 10, 24), ("c", 30, 37)]


def test_a_window_whose_requests_take_longer_than_cards_come_falls_ever_more_behind() -> None:
    cards = [(f"c{number:02d}", 5.0 * number + 1.0, True) for number in range(40)]
    waits_s = [end_s - 5.0 * number - 1.0 for number, (_, _, end_s) in enumerate(told(cards, request_s=6.0))]
    assert waits_s[-1] > waits_s[10] + 25.0


def test_a_refusal_needs_no_request() -> None:
    assert told([("a", 1.0, False), ("b", 2.0, True)], request_s=3.0) == [("a", 10, 10), ("b", 10, 13)]


def test_a_look_takes_its_time_and_shows_what_has_been_in_the_tray_for_long_enough() -> None:
    cards = [("a", 7.0, True), ("b", 9.5, True)]
    found = told(cards, request_s=1.0, delays=Delays(tray_s=1.0, look_s=0.5))
    assert found == [("a", 10.5, 11.5), ("b", 20.5, pytest.approx(21.5))]
