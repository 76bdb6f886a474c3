from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from model.appointments import Slot, book

SLOTS = [Slot(0.0, 10.0, 2), Slot(10.0, 20.0, 2), Slot(20.0, 30.0, 2)]


def test_who_books_first_gets_the_slot_wished_and_the_others_the_nearest_free_one() -> None:
    given = book([12.0, 13.0, 14.0, 14.0, 19.0], SLOTS)
    assert [slot.start_s for slot in given] == [10.0, 10.0, 0.0, 0.0, 20.0]


def test_a_full_day_is_overbooked_evenly() -> None:
    assert set(Counter(book([0.0] * 12, SLOTS)).values()) == {4}


@given(st.lists(st.floats(0, 30, exclude_max=True), max_size=40))
def test_nobody_is_booked_beyond_the_quota_while_a_slot_is_free(wishes_s: list[float]) -> None:
    booked = Counter(book(wishes_s, SLOTS))
    assert booked.total() == len(wishes_s)
    if len(wishes_s) <= 6:
        assert all(count <= slot.quota for slot, count in booked.items())
    else:
        assert max(booked.values()) - min(booked.values()) <= 1


@given(st.lists(st.floats(0, 30, exclude_max=True), max_size=10), st.floats(0, 30, exclude_max=True))
def test_who_books_later_changes_nothing_for_those_before(wishes_s: list[float], last_s: float) -> None:
    assert book([*wishes_s, last_s], SLOTS)[:-1] == book(wishes_s, SLOTS)
