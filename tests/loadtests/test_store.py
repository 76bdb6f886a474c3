"""The store: what lies in it is in order, and stays until it was sent."""

from loadtests.store import Store, Stored
from model.arrivals import Citizen


def packet(number: int) -> Stored:
    return Stored(Citizen(f"35.07-d0-{number:04d}", "35.07", 0.0, 1.0, None, ()), 10.0 * number, 100.0)


def test_the_first_packet_stays_until_it_is_dropped() -> None:
    store = Store()
    store.put(packet(0))
    store.put(packet(1))
    assert store.first(1.0) == store.first(1.0) == packet(0)
    assert len(store) == 2
    store.drop_first()
    assert store.first(1.0) == packet(1)
    assert len(store) == 1


def test_an_empty_store_has_no_first_packet() -> None:
    assert Store().first(0.001) is None
