"""The first step: is the packet complete and readable? What it finds wrong, it says in words."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from PIL import Image, UnidentifiedImageError

from mock_server.pipeline.niks import plausible_nik, region_warnings, says_born, sex_of
from mock_server.pipeline.permits import Permit, permit_faults
from mock_server.pipeline.versions import TEMPLATE_BYTES

REQUIRED = ("nik", "name", "birth_place", "birth_date", "sex", "address", "nationality")
"""Biodata that a card cannot do without; an occupation may be missing."""
SEXES = ("L", "P")
"""Laki-laki and perempuan: male and female."""
MAX_BIODATA_BYTES = 1_000
"""What the chip has room for."""
MIN_BIOMETRICS_BYTES = 13 * 1_024
"""Ten fingers, two irises and a signature, 1 KiB each, are the least that can be real."""
MIN_WIDTH_PX, MIN_HEIGHT_PX = 240, 320
MAX_SIDE_PX = 4_000
"""A bigger photo is refused unread: decoding it would cost the others their turn."""


@dataclass(frozen=True)
class Packet:
    """What an office sent about a person."""

    biodata: Mapping[str, str]
    photo: bytes
    template: bytes
    biometrics_bytes: int
    """How long the opaque biometrics are."""
    permit: Permit | None = None
    """A foreign resident's."""


def validate(packet: Packet, min_sharpness: float, today: date) -> list[str]:
    """Return what is wrong with a packet on a given day, in the order of its parts; an empty list if nothing is."""
    return [
        *_biodata_faults(packet.biodata),
        *permit_faults(packet.biodata.get("nationality", ""), packet.permit, today),
        *_template_faults(packet.template),
        *_biometrics_faults(packet.biometrics_bytes),
        *_photo_faults(packet.photo, min_sharpness),
    ]


def caution(packet: Packet) -> list[str]:
    """Return what is odd about a packet without faults: nothing that stops it, but somebody may want to look."""
    return region_warnings(packet.biodata["nik"])


def sharpness(grey: np.ndarray) -> float:
    """Return the variance of the Laplacian of a grey image (height, width) of 0-255: low when it is blurred."""
    level = grey.astype(np.float32)
    laplacian = level[:-2, 1:-1] + level[2:, 1:-1] + level[1:-1, :-2] + level[1:-1, 2:] - 4 * level[1:-1, 1:-1]
    return float(laplacian.var())


def _biodata_faults(biodata: Mapping[str, str]) -> Iterator[str]:
    for field in REQUIRED:
        if not biodata.get(field, "").strip():
            yield f"biodata: {field} is missing"
    if (nik := biodata.get("nik")) and not plausible_nik(nik):
        yield "biodata: nik is not 16 digits with a plausible date of birth"
    if (born := biodata.get("birth_date")) and not _is_iso_date(born):
        yield "biodata: birth_date is not a date, YYYY-MM-DD"
    if (sex := biodata.get("sex")) and sex not in SEXES:
        yield "biodata: sex is neither L nor P"
    yield from _contradictions(biodata)
    if sum(len(value.encode()) for value in biodata.values()) > MAX_BIODATA_BYTES:
        yield f"biodata: longer than the {MAX_BIODATA_BYTES} bytes that the chip has room for"


def _contradictions(biodata: Mapping[str, str]) -> Iterator[str]:
    """Compare the NIK with what the biodata say besides, where both can be read."""
    nik, born, sex = (biodata.get(field, "") for field in ("nik", "birth_date", "sex"))
    if not plausible_nik(nik):
        return
    if _is_iso_date(born) and not says_born(nik, date.fromisoformat(born)):
        yield f"biodata: birth_date {born} is not the one in the nik"
    if sex in SEXES and sex != sex_of(nik):
        yield f"biodata: sex {sex} is not the one in the nik"


def _template_faults(template: bytes) -> Iterator[str]:
    if len(template) != TEMPLATE_BYTES:
        yield f"template: {len(template)} bytes instead of {TEMPLATE_BYTES}"
        return
    numbers = np.frombuffer(template, dtype="<f4").astype(np.float64)
    if not np.isfinite(numbers).all():
        yield "template: holds numbers that are not finite"
    elif not np.isfinite(length := np.linalg.norm(numbers)) or length < 1e-6:
        yield "template: is zero"


def _biometrics_faults(length: int) -> Iterator[str]:
    if length < MIN_BIOMETRICS_BYTES:
        yield f"biometrics: {length} bytes, too few for ten fingers, two irises and a signature"


def _photo_faults(photo: bytes, min_sharpness: float) -> Iterator[str]:
    try:
        with Image.open(io.BytesIO(photo), formats=("JPEG",)) as image:
            width, height = image.size
            if max(width, height) > MAX_SIDE_PX:
                yield f"photo: {width} by {height} pixels, more than {MAX_SIDE_PX} a side"
                return
            # Only the brightness is looked at; decoding only that takes half the time.
            image.draft("L", image.size)
            grey = np.asarray(image.convert("L"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        yield "photo: not a readable JPEG"
        return
    if width < MIN_WIDTH_PX or height < MIN_HEIGHT_PX:
        yield f"photo: {width} by {height} pixels, less than {MIN_WIDTH_PX} by {MIN_HEIGHT_PX}"
    elif (measured := sharpness(grey)) < min_sharpness:
        yield f"photo: blurred, sharpness {measured:.1f} below {min_sharpness:.1f}"


def _is_iso_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
