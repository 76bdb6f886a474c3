"""What a NIK says."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.pipeline.niks import plausible_nik, region_warnings, says_born, sex_of
from mock_server.seed import make_nik


@pytest.mark.parametrize(
    ("nik", "plausible"),
    [
        ("3507120801900001", True),
        ("3507124801900001", True),
        ("3507123108170001", True),
        ("3507127108170001", True),
        ("3507122902000001", True),
        ("3507122902010001", False),
        ("3507123208900001", False),
        ("3507127208900001", False),
        ("3507120013900001", False),
        ("3507120801900000", False),
        ("350712080190000", False),
        ("350712080190000x", False),
        ("٣٥٠٧١٢٠٨٠١٩٠٠٠٠١", False),
    ],
)
def test_a_nik_is_plausible_by_its_date_and_serial(nik: str, plausible: bool) -> None:
    assert plausible_nik(nik) is plausible


@given(st.text(max_size=20))
def test_any_text_can_be_judged_as_a_nik(text: str) -> None:
    assert not plausible_nik(text) or len(text) == 16


@given(st.dates(date(1930, 1, 1), date(2029, 12, 31)), st.booleans())
def test_a_nik_says_when_its_holder_was_born_and_the_sex(born: date, female: bool) -> None:
    nik = make_nik("35.07", 41, born, female)
    assert plausible_nik(nik)
    assert says_born(nik, born)
    assert sex_of(nik) == ("P" if female else "L")


@pytest.mark.parametrize("other", [date(1990, 1, 9), date(1990, 2, 8), date(1991, 1, 8)])
def test_a_nik_does_not_say_another_date(other: date) -> None:
    assert says_born("3507124801900001", date(1990, 1, 8))
    assert not says_born("3507124801900001", other)


@pytest.mark.parametrize(
    ("district", "warned"),
    [("350712", False), ("357301", False), ("350799", True), ("999999", True), ("350700", True)],
)
def test_an_unknown_district_is_warned_of(district: str, warned: bool) -> None:
    assert bool(region_warnings(f"{district}4801900001")) is warned
