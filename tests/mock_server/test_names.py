"""Names as the national search hears them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.pipeline.names import search_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Soekarno", "SUKARNO"),
        ("Drs. Djoko Tjokro", "Joko Cokro"),
        ("Siti  Aminah", "Aminah, Siti"),
        ("Muhammad", "Muhamad"),
        ("Zainal Achmad", "Sainal Akhmad"),
        ("Novi", "Nofy"),
        ("H. José", "Jose"),
    ],
)
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert search_key(one) == search_key(other) != ""


def test_different_names_differ() -> None:
    names = ["Budi", "Buda", "Siti Aminah", "Siti Amina", "Slamet", "Selamet"]
    assert len({search_key(name) for name in names}) == len(names)


@given(st.text(max_size=40))
def test_a_key_is_words_of_capital_letters_in_order(name: str) -> None:
    key = search_key(name)
    assert set(key) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    assert key.split() == sorted(key.split())


@given(st.text(alphabet=string.printable, max_size=40))
def test_capitals_make_no_difference(name: str) -> None:
    assert search_key(name.upper()) == search_key(name.lower())
