"""The packet's check."""

import io
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from PIL import Image

from mock_server.pipeline.validation import Packet, caution, sharpness, validate
from tests.mock_server import packets

MIN_SHARPNESS = 30.0
TODAY = date(2016, 4, 4)


GOOD = Packet(packets.biodata(), packets.PHOTO, packets.face(1).tobytes(), biometrics_bytes=60_000)


def faults(packet: Packet) -> list[str]:
    return validate(packet, MIN_SHARPNESS, TODAY)


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
        ({"sex": "L"}, "biodata: sex L is not the one in the nik"),
        ({"birth_date": "1990-01-09"}, "biodata: birth_date 1990-01-09 is not the one in the nik"),
        ({"birth_date": "1991-01-08"}, "biodata: birth_date 1991-01-08 is not the one in the nik"),
        ({"address": "é" * 500}, "biodata: longer than the 1000 bytes that the chip has room for"),
    ],
)
def test_biodata(changes: dict[str, str], fault: str) -> None:
    assert faults(of(**changes)) == [fault]


def test_a_packet_from_a_district_that_is_no_more_is_only_cautioned() -> None:
    old = of(nik="3507994801900001")
    assert faults(old) == []
    (warning,) = caution(old)
    assert "35.07.99" in warning
    assert caution(GOOD) == []


def test_an_occupation_may_be_missing() -> None:
    assert faults(of(occupation="")) == []


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
