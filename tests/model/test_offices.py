import csv
from collections import Counter
from importlib.resources import files

import pytest

from model.offices import Zone, all_offices


def test_the_nation_has_514_offices_in_the_order_of_their_codes() -> None:
    assert len(all_offices()) == 514
    assert list(all_offices()) == sorted(all_offices())


def test_no_code_is_given_twice() -> None:
    text = (files("model") / "data" / "offices.csv").read_text(encoding="utf-8")
    codes = [row["code"] for row in csv.DictReader(text.splitlines())]
    assert [code for code, times in Counter(codes).items() if times > 1] == []


def test_zones_have_301_150_and_63_offices() -> None:
    assert Counter(office.zone for office in all_offices().values()) == {Zone.WIB: 301, Zone.WITA: 150, Zone.WIT: 63}


def test_populations_add_up_to_the_decrees_284_978_thousand() -> None:
    assert sum(office.population_thousands for office in all_offices().values()) == 284_978


def test_every_office_has_people_and_districts_to_serve() -> None:
    assert min(office.population_thousands for office in all_offices().values()) >= 1
    assert min(office.kecamatan for office in all_offices().values()) >= 1


def test_a_province_keeps_one_time() -> None:
    zones: dict[str, set[Zone]] = {}
    for office in all_offices().values():
        zones.setdefault(office.province, set()).add(office.zone)
    assert {province: kept for province, kept in zones.items() if len(kept) > 1} == {}
    assert len(zones) == 38


def test_malang_regency_is_there_with_its_33_districts() -> None:
    malang = all_offices()["35.07"]
    assert (malang.name, malang.province, malang.zone) == ("Kab. Malang", "Jawa Timur", Zone.WIB)
    assert malang.kecamatan == 33
    assert malang.population_thousands == 2735


@pytest.mark.parametrize(("zone", "hours"), [(Zone.WIB, 7), (Zone.WITA, 8), (Zone.WIT, 9)])
def test_a_zones_clock_is_ahead_of_utc(zone: Zone, hours: int) -> None:
    assert zone.utc_offset_s == hours * 3600
