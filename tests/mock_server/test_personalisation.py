"""The making of a card, with the real renderer and signer."""

import base64
import io
import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from mock_server.adapters.renderer import CardRenderer
from mock_server.adapters.signer import EcdsaSigner
from mock_server.pipeline.permits import MAX_NUMBER_CHARACTERS, Permit, PermitKind
from mock_server.pipeline.personalisation import (
    CHIP_BYTES,
    Applicant,
    ChipFullError,
    canonical,
    excerpt,
    personalise,
    profile,
    reissue,
)
from mock_server.pipeline.validation import MAX_BIODATA_BYTES, Packet, validate
from mock_server.pipeline.versions import Version
from tests.mock_server.packets import BIOMETRICS, PHOTO, biodata, face, photo

RENDERER = CardRenderer()
EXPIRES = date(2031, 3, 9)
PERMIT = Permit(PermitKind.KITAP, "2C21JE0042-T", EXPIRES)
SIGNER = EcdsaSigner(ec.generate_private_key(ec.SECP256R1()))


def applicant(portrait: bytes = PHOTO, **changes: str) -> Applicant:
    return Applicant("35.07", biodata(1, **changes), portrait, BIOMETRICS)


@pytest.mark.parametrize("version", list(Version))
def test_the_chip_holds_the_person_in_the_versions_profile(version: Version) -> None:
    card = personalise(applicant(), "000000000042", version, RENDERER, SIGNER)
    content = json.loads(card.chip_payload)
    assert content["profile"] == version
    assert content.get("home_region") == (None if version == Version.V5_4 else "350712")
    assert content["biodata"] == biodata()
    part = len(BIOMETRICS) // 13
    fingers = [base64.b64decode(finger) for finger in content["fingerprints"]]
    assert fingers == [BIOMETRICS[part : part + 700], BIOMETRICS[6 * part : 6 * part + 700]]
    assert base64.b64decode(content["signature"]) == BIOMETRICS[12 * part : 12 * part + 700]
    assert SIGNER.verify(card.chip_payload, card.chip_signature)


def test_the_largest_person_that_validation_lets_through_fits_on_the_chip() -> None:
    fields = dict.fromkeys(("name", "address", "birth_place", "occupation"), "N" * 200)
    person = biodata(1, **fields, nationality="W")
    person["nationality"] += "W" * (MAX_BIODATA_BYTES - sum(len(value) for value in person.values()))
    # Nothing compresses worse than noise.
    file = io.BytesIO()
    Image.frombytes("RGB", (240, 320), np.random.default_rng(3).bytes(240 * 320 * 3)).save(file, "JPEG", quality=95)
    noise, biometrics = file.getvalue(), np.random.default_rng(4).bytes(1_000_000)
    permit = Permit(PermitKind.KITAP, "2" * MAX_NUMBER_CHARACTERS, EXPIRES)
    packet = Packet(person, noise, face(1).tobytes(), len(biometrics), permit)
    assert validate(packet, 30.0, today=EXPIRES) == []
    largest = Applicant("35.07", person, noise, biometrics, permit)
    card = personalise(largest, "000000000042", Version.V5_5, RENDERER, SIGNER)
    assert len(card.chip_payload) <= CHIP_BYTES


def test_more_than_the_chip_holds_is_refused() -> None:
    with pytest.raises(ChipFullError, match="the chip holds 8192"):
        personalise(applicant(address="A" * 5_000), "000000000042", Version.V5_4, RENDERER, SIGNER)


@pytest.mark.parametrize("size", [(240, 320), (1500, 600), (480, 640)])
def test_the_front_is_drawn_whatever_the_photos_shape_and_its_code_reads_back(size: tuple[int, int]) -> None:
    card = personalise(applicant(photo(size=size)), "000000000042", Version.V5_4, RENDERER, SIGNER)
    front = Image.open(io.BytesIO(card.front))
    assert (front.size, front.format) == ((1011, 638), "JPEG")
    code = zxingcpp.read_barcode(front)
    assert code is not None
    assert code.text.startswith(f"000000000042.{biodata()['nik']}.")


def test_the_front_shows_the_photo_and_the_name() -> None:
    fronts = [
        Image.open(io.BytesIO(personalise(person, "000000000042", Version.V5_4, RENDERER, SIGNER).front)).convert("L")
        for person in (applicant(), applicant(name="BUDI SANTOSO"), applicant(photo(sharp=False)))
    ]
    name_row, portrait = (40, 168, 724, 200), (740, 110, 980, 430)
    assert fronts[0].crop(name_row).tobytes() != fronts[1].crop(name_row).tobytes()
    assert fronts[0].crop(portrait).resize((8, 8)).tobytes() != fronts[2].crop(portrait).resize((8, 8)).tobytes()


def test_text_too_long_for_its_row_stays_off_the_photo() -> None:
    fronts = [
        Image.open(io.BytesIO(personalise(applicant(address=text), "1", Version.V5_4, RENDERER, SIGNER).front))
        for text in ("Jl. A", "Jl. Panglima Besar " * 10)
    ]
    right_of_text = (728, 110, 738, 430)
    assert fronts[0].crop(right_of_text).tobytes() == fronts[1].crop(right_of_text).tobytes()


def test_reissuing_adds_the_new_profile_and_keeps_the_rest() -> None:
    nik = biodata()["nik"]
    seeded = canonical(profile(Version.V5_4, nik) | {"nik": nik, "name": "A"})
    assert json.loads(reissue(seeded)) == profile(Version.V5_5, nik) | {"nik": nik, "name": "A"}
    carded = personalise(applicant(), "000000000042", Version.V5_4, RENDERER, SIGNER).chip_payload
    assert json.loads(reissue(carded)) == json.loads(carded) | profile(Version.V5_5, nik)


def foreigner() -> Applicant:
    return replace(applicant(nationality="BELANDA"), permit=PERMIT)


def test_a_foreign_residents_card_expires_with_the_permit() -> None:
    card = personalise(foreigner(), "000000000042", Version.V5_5, RENDERER, SIGNER)
    content = json.loads(card.chip_payload)
    assert content["holder"] == "foreign resident"
    assert content["permit"] == {"kind": "KITAP", "number": "2C21JE0042-T"}
    assert content["expires"] == "2031-03-09"
    assert card.expires == EXPIRES
    citizens = personalise(applicant(), "000000000042", Version.V5_5, RENDERER, SIGNER)
    assert citizens.expires is None
    assert {"permit", "expires"}.isdisjoint(json.loads(citizens.chip_payload))


def test_the_front_says_until_when_a_card_is_good() -> None:
    row_of_expiry = (40, 432, 724, 470)
    later = replace(PERMIT, expires=date(2031, 3, 10))
    rows = [
        Image.open(io.BytesIO(personalise(person, "1", Version.V5_5, RENDERER, SIGNER).front)).crop(row_of_expiry)
        for person in (applicant(), foreigner(), replace(foreigner(), permit=later))
    ]
    assert len({row.tobytes() for row in rows}) == 3


@pytest.mark.parametrize("version", list(Version))
def test_a_foreign_residents_chip_keeps_its_permit_when_it_is_reissued(version: Version) -> None:
    old = personalise(foreigner(), "000000000042", version, RENDERER, SIGNER).chip_payload
    new = json.loads(reissue(old))
    assert new == json.loads(old) | profile(Version.V5_5, biodata()["nik"], foreign=True)
    assert (new["holder"], new["permit"]["number"]) == ("foreign resident", "2C21JE0042-T")


def test_canonical_has_one_form() -> None:
    assert canonical({"b": "é", "a": [1]}) == '{"a":[1],"b":"é"}'.encode()


def test_excerpts_of_short_biometrics_are_short() -> None:
    assert excerpt(b"ab" * 13, 12) == b"ab"
