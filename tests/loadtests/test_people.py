"""People: the same for the same scenario, plausible to a server, and nobody twice."""

import io
import re
from datetime import date
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from loadtests.people import Packet, People
from loadtests.targets.mock import multipart
from loadtests.walk_ins import walk_ins
from model.arrivals import Citizen, citizens
from model.scenario import Scenario
from model.staffing import plan_offices
from model.strategies import changed


@pytest.fixture(scope="module")
def people(lab: Scenario) -> People:
    return People(lab)


@pytest.fixture(scope="module")
def crowd(lab: Scenario) -> list[Citizen]:
    return citizens(lab, plan_offices(lab), day=0)


@pytest.fixture(scope="module")
def packets(people: People, crowd: list[Citizen]) -> dict[str, Packet]:
    return {citizen.name: people.packet(citizen) for citizen in crowd}


def cosine(one: Packet, other: Packet) -> float:
    faces = [np.frombuffer(packet.template, dtype="<f4").astype(np.float64) for packet in (one, other)]
    return float(faces[0] @ faces[1])


def test_packets_are_the_same_in_every_run(lab: Scenario, crowd: list[Citizen], packets: dict[str, Packet]) -> None:
    again = People(lab)
    assert all(again.packet(citizen) == packets[citizen.name] for citizen in crowd[::7])


def test_another_seed_makes_other_people(lab: Scenario, crowd: list[Citizen], packets: dict[str, Packet]) -> None:
    heading = lab.scenario.model_copy(update={"seed": lab.seed + 1})
    other = People(lab.model_copy(update={"scenario": heading})).packet(crowd[0])
    assert abs(cosine(other, packets[crowd[0].name])) < 0.5


def test_a_packet_is_as_large_as_the_scenario_says(lab: Scenario, packets: dict[str, Packet]) -> None:
    sizes = [packet.size_bytes for packet in packets.values()]
    assert sizes == pytest.approx([lab.load.packet_bytes] * len(sizes), rel=0.02)
    assert all(len(packet.biometrics) > 13 * 1024 for packet in packets.values())


def test_cards_that_nobody_waits_for_are_held_where_they_are_printed_in_batches(
    lab: Scenario, crowd: list[Citizen]
) -> None:
    away = crowd[0]._replace(waits=False)
    batches = People(changed(lab, {"offices": {"batch_printing": ["18:00-24:00"]}}))
    packets = [people.packet(citizen) for people in (People(lab), batches) for citizen in (crowd[0], away)]
    assert [packet.hold_print for packet in packets] == [False, False, False, True]
    assert b'"hold_print": true' in multipart(packets[-1])
    assert multipart(packets[-1]._replace(hold_print=False)) == multipart(packets[0]), "otherwise it is the same packet"


def test_a_packet_too_small_for_its_parts_is_refused(lab: Scenario) -> None:
    load = lab.load.model_copy(update={"packet_bytes": 30_000})
    with pytest.raises(ValueError, match=r"load\.packet: 30000 B is too small"):
        People(lab.model_copy(update={"load": load}))


def test_a_template_is_a_unit_vector(packets: dict[str, Packet]) -> None:
    for packet in packets.values():
        face = np.frombuffer(packet.template, dtype="<f4")
        assert face.shape == (512,)
        assert np.linalg.norm(face) == pytest.approx(1.0, abs=1e-5)


def test_a_duplicate_has_the_face_of_the_first_and_another_number(
    crowd: list[Citizen], packets: dict[str, Packet]
) -> None:
    doubles = [citizen for citizen in crowd if citizen.duplicate_of]
    assert doubles
    for citizen in doubles:
        first, again = packets[str(citizen.duplicate_of)], packets[citizen.name]
        assert cosine(first, again) == pytest.approx(0.95, abs=0.02)
        assert first.biodata["nik"] != again.biodata["nik"]


def test_different_people_have_different_faces(crowd: list[Citizen], packets: dict[str, Packet]) -> None:
    originals = [packets[citizen.name] for citizen in crowd if not citizen.duplicate_of]
    faces = np.array([np.frombuffer(packet.template, dtype="<f4") for packet in originals])
    cosines = faces @ faces.T - np.eye(len(faces))
    assert np.abs(cosines).max() < 0.4


def test_a_nik_tells_region_and_birth(packets: dict[str, Packet]) -> None:
    for packet in packets.values():
        biodata = packet.biodata
        match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d{4})", biodata["nik"])
        assert match
        region, district, day, month, year, serial = match.groups()
        born = date.fromisoformat(biodata["birth_date"])
        assert region == packet.office.replace(".", "")
        assert 1 <= int(district) <= 33
        assert int(day) == born.day + (40 if biodata["sex"] == "P" else 0)
        assert (int(month), int(year)) == (born.month, born.year % 100)
        assert int(serial) >= 1
        assert 1941 <= born.year <= 1999


def test_no_two_citizens_of_a_run_share_a_nik(packets: dict[str, Packet]) -> None:
    assert len({packet.biodata["nik"] for packet in packets.values()}) == len(packets)


def test_biodata_are_complete_and_fit_the_chip(packets: dict[str, Packet]) -> None:
    for packet in packets.values():
        assert all(packet.biodata.values())
        assert packet.biodata["nationality"] == "WNI"
        assert sum(len(value.encode()) for value in packet.biodata.values()) <= 1_000


def test_the_photo_is_a_sharp_jpeg(packets: dict[str, Packet]) -> None:
    photos = {packet.photo for packet in packets.values()}
    assert 8 <= len(photos) <= 16
    for photo in photos:
        assert 30_000 <= len(photo) <= 60_000
        with Image.open(io.BytesIO(photo), formats=("JPEG",)) as image:
            grey = np.asarray(image.convert("L"), dtype=np.float32)
        assert grey.shape[0] >= 320
        assert grey.shape[1] >= 240
        laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
        assert laplacian.var() > 100  # the mock server asks for 30


def test_walk_ins_are_nobody_of_the_day_and_come_to_every_office(people: People, lab: Scenario) -> None:
    few = list(islice(walk_ins(lab, ["35.07", "35.73"]), 13))
    assert few[12].name == "capacity-00012"
    assert [citizen.office for citizen in few[:3]] == ["35.07", "35.73", "35.07"]
    niks = {people.packet(citizen).biodata["nik"] for citizen in few}
    assert len(niks) == 13
