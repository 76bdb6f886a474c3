"""The packet's check."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mock_server.pipeline.validation import Packet, plausible_nik, sharpness, validate
from tests.mock_server import packets

MIN_SHARPNESS = 30.0


GOOD = Packet(packets.biodata(), packets.PHOTO, packets.face(1).tobytes(), biometrics_bytes=60_000)


def faults(packet: Packet) -> list[str]:
    return validate(packet, MIN_SHARPNESS)


def of(**changes: str) -> Packet:
    return replace(GOOD, biodata=packets.biodata(1, **changes))


def jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "JPEG")
    return file.getvalue()


def test_a_good_packet_has_no_faults() -> None:
    assert faults(GOOD) == []


def test_all_faults_are_told_at_once_in_the_order_of_the_parts() -> None:
    found = faults(Packet(packets.biodata(1, name=" ", sex="X"), b"", b"123", 0))
    assert [fault.split(":")[0] for fault in found] == ["biodata", "biodata", "template", "biometrics", "photo"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"nik": ""}, "biodata: nik is missing"),
        ({"nik": "35071248019000"}, "biodata: nik is not 16 digits with a plausible date of birth"),
        ({"birth_date": "1990-02-30"}, "biodata: birth_date is not a date, YYYY-MM-DD"),
        ({"birth_date": "19900101"}, "biodata: birth_date is not a date, YYYY-MM-DD"),
        ({"sex": "F"}, "biodata: sex is neither L nor P"),
        ({"address": "é" * 500}, "biodata: longer than the 1000 bytes that the chip has room for"),
    ],
)
def test_biodata(changes: dict[str, str], fault: str) -> None:
    assert faults(of(**changes)) == [fault]


def test_an_occupation_may_be_missing() -> None:
    assert faults(of(occupation="")) == []


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


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (np.full(512, np.nan, "<f4"), "template: holds numbers that are not finite"),
        (np.full(512, np.inf, "<f4"), "template: holds numbers that are not finite"),
        (np.zeros(512, "<f4"), "template: is zero"),
        (np.zeros(511, "<f4"), "template: 2044 bytes instead of 2048"),
    ],
)
def test_template(template: np.ndarray, fault: str) -> None:
    assert faults(replace(GOOD, template=template.tobytes())) == [fault]


def test_a_template_of_any_length_passes() -> None:
    assert faults(replace(GOOD, template=np.full(512, 3e38, "<f4").tobytes())) == []


@pytest.mark.parametrize(
    ("photo", "fault"),
    [
        (packets.PHOTO[:20_000], "photo: not a readable JPEG"),
        (jpeg(239, 320), "photo: 239 by 320 pixels, less than 240 by 320"),
        (jpeg(4001, 320), "photo: 4001 by 320 pixels, more than 4000 a side"),
        (packets.photo(sharp=False), "photo: blurred, sharpness 0.4 below 30.0"),
    ],
)
def test_photo(photo: bytes, fault: str) -> None:
    assert faults(replace(GOOD, photo=photo)) == [fault]


def test_a_photo_that_claims_to_be_enormous_is_not_decoded() -> None:
    claim = bytearray(jpeg(400, 400))
    frame = claim.index(b"\xff\xc0")
    claim[frame + 5 : frame + 9] = b"\xff\xdc\xff\xdc"
    assert faults(replace(GOOD, photo=bytes(claim))) == ["photo: not a readable JPEG"]


def test_a_png_is_not_a_jpeg() -> None:
    file = io.BytesIO()
    Image.new("L", (400, 400)).save(file, "PNG")
    assert faults(replace(GOOD, photo=file.getvalue())) == ["photo: not a readable JPEG"]


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    dot = np.zeros((5, 5), np.uint8)
    dot[2, 2] = 100
    # The inner 3 by 3 of the Laplacian: -400 at the dot, 100 at its four neighbours, 0 at the corners.
    assert sharpness(dot) == pytest.approx(np.var([-400, 100, 100, 100, 100, 0, 0, 0, 0]))
    assert sharpness(np.full((50, 50), 128, np.uint8)) == 0
