"""The third step: make a unique person's card, its printed face and its signed chip."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mock_server.pipeline.permits import Permit
from mock_server.pipeline.ports import CardFace, Renderer, Signer
from mock_server.pipeline.versions import Version

CHIP_BYTES = 8_192
"""What the chip holds."""
THUMBNAIL_BYTES = 2_600
EXCERPT_BYTES = 700
"""Of each fingerprint and of the signature."""
BIOMETRIC_PARTS = 13
"""Ten fingers, two irises, the signature, equally long and in this order."""
RIGHT_INDEX, LEFT_INDEX, SIGNATURE = 1, 6, 12
"""Where in them the parts are that go on the chip."""

Payload = dict[str, object]
_PERMIT = "permit"


@dataclass(frozen=True)
class Applicant:
    """A person who is to get a card."""

    office: str
    biodata: Mapping[str, str]
    photo: bytes
    biometrics: bytes
    permit: Permit | None = None
    """A foreign resident's; her card expires with it."""


@dataclass(frozen=True)
class Card:
    """A card ready to be printed."""

    number: str
    front: bytes
    """JPEG, 1011 by 638 pixels."""
    chip_payload: bytes
    """Canonical JSON, at most `CHIP_BYTES`."""
    chip_signature: bytes
    """ECDSA on secp256r1 with SHA-256 over the payload, DER."""
    expires: date | None = None
    """The last day on which the card is good; None for life."""


class ChipFullError(ValueError):
    """The payload does not fit on the chip."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the payload has {size} bytes, the chip holds {CHIP_BYTES}")


def personalise(applicant: Applicant, number: str, version: Version, renderer: Renderer, signer: Signer) -> Card:
    """Make an applicant's card.

    Raises:
        ChipFullError: validation should have refused biodata this long.
    """
    biodata = applicant.biodata
    expires = applicant.permit.expires if applicant.permit else None
    face = CardFace(
        number=number,
        nik=biodata["nik"],
        office=applicant.office,
        name=biodata["name"],
        birth_place=biodata["birth_place"],
        birth_date=date.fromisoformat(biodata["birth_date"]),
        sex=biodata["sex"],
        address=biodata["address"],
        occupation=biodata.get("occupation", ""),
        nationality=biodata["nationality"],
        expires=expires,
        photo=applicant.photo,
        code=signed_code(number, biodata["nik"], signer),
    )
    payload = canonical(chip_payload(applicant, number, version, renderer))
    if len(payload) > CHIP_BYTES:
        raise ChipFullError(len(payload))
    return Card(number, renderer.front(face), payload, signer.sign(payload), expires)


def chip_payload(applicant: Applicant, number: str, version: Version, renderer: Renderer) -> Payload:
    """Return what goes on the chip, binary parts in base64."""
    permit = _permit_part(applicant.permit) if applicant.permit else {}
    return (
        profile(version, applicant.biodata["nik"], foreign=bool(permit))
        | permit
        | {
            "number": number,
            "office": applicant.office,
            "biodata": dict(applicant.biodata),
            "photo": _text(renderer.thumbnail(applicant.photo, THUMBNAIL_BYTES)),
            "fingerprints": [_text(excerpt(applicant.biometrics, part)) for part in (RIGHT_INDEX, LEFT_INDEX)],
            "signature": _text(excerpt(applicant.biometrics, SIGNATURE)),
        }
    )


def profile(version: Version, nik: str, *, foreign: bool = False) -> Payload:
    """Return what a version adds to every payload; 5.5 says who holds the card, and where its NIK was given out."""
    if version == Version.V5_4:
        return {"profile": version}
    return {"profile": version, "holder": "foreign resident" if foreign else "citizen", "home_region": nik[:6]}


def reissue(payload: bytes, version: Version = Version.V5_5) -> bytes:
    """Turn a payload of one version's profile into another's; a foreign resident's keeps its permit."""
    old: Payload = json.loads(payload)
    biodata = old.get("biodata")
    nik = str(biodata["nik"] if isinstance(biodata, dict) else old["nik"])
    rest = {key: value for key, value in old.items() if key not in profile(Version.V5_5, nik)}
    return canonical(rest | profile(version, nik, foreign=_PERMIT in old))


def signed_code(number: str, nik: str, signer: Signer) -> str:
    """Return a QR code's text: the card's number, the NIK and a signature of the two, `number.nik.signature`."""
    message = f"{number}.{nik}"
    return f"{message}.{base64.urlsafe_b64encode(signer.sign(message.encode())).decode().rstrip('=')}"


def excerpt(biometrics: bytes, part: int) -> bytes:
    """Return the beginning of one of the biometric parts."""
    start = part * (len(biometrics) // BIOMETRIC_PARTS)
    return biometrics[start : start + EXCERPT_BYTES]


def canonical(payload: Payload) -> bytes:
    """Write a payload in the one form that is signed: keys sorted, no spaces, UTF-8."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _permit_part(permit: Permit) -> Payload:
    return {_PERMIT: {"kind": permit.kind, "number": permit.number}, "expires": permit.expires.isoformat()}


def _text(part: bytes) -> str:
    return base64.b64encode(part).decode()
