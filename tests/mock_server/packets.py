"""Packets as an office would send them, for the tests."""

import io
import json
from dataclasses import dataclass, field

import httpx
import numpy as np
from PIL import Image

OFFICE, OTHER_OFFICE = "35.07", "35.73"


def photo(sharp: bool = True, size: tuple[int, int] = (480, 640)) -> bytes:
    """A face-like oval on a wall; its noise is what sharpness sees."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    oval = ((x - width / 2) / (width / 4)) ** 2 + ((y - height / 2) / (height / 3)) ** 2 < 1
    grey = np.where(oval, 180.0, 90.0)
    if sharp:
        grey += np.random.default_rng(1).normal(0, 12, grey.shape)
    else:
        grey = 90 + 90 / (1 + np.exp(((x - width / 2) / width) * 8))
    file = io.BytesIO()
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB").save(file, "JPEG", quality=85)
    return file.getvalue()


PHOTO = photo()
BIOMETRICS = np.random.default_rng(2).bytes(60_000)


def face(person: int) -> np.ndarray:
    """A person's face template, the same each time."""
    numbers = np.random.default_rng(person).standard_normal(512).astype(np.float32)
    return numbers / np.linalg.norm(numbers)


def resembling(template: np.ndarray, cosine: float, seed: int = 99) -> np.ndarray:
    """A template at this cosine from another."""
    other = face(seed)
    across = other - (other @ template) * template
    across /= np.linalg.norm(across)
    mixed: np.ndarray = (cosine * template + np.sqrt(1 - cosine**2) * across).astype(np.float32)
    return mixed


def biodata(person: int = 1, /, **changes: str) -> dict[str, str]:
    """A person's biodata, with a NIK of her own."""
    return {
        "nik": f"350712480190{person:04d}",
        "name": f"SITI AMINAH {person}",
        "birth_place": "MALANG",
        "birth_date": "1990-01-08",
        "sex": "P",
        "address": "Jl. Panji No. 158, Kepanjen",
        "occupation": "GURU",
        "nationality": "WNI",
    } | changes


@dataclass
class Packet:
    """A packet; every part can be changed."""

    reference: str
    person: int = 1
    office: str = OFFICE
    photo: bytes = PHOTO
    template: np.ndarray | bytes | None = None
    biometrics: bytes = BIOMETRICS
    biodata: dict[str, str] = field(default_factory=dict)
    home: str | None = None
    permit: dict[str, str] | None = None
    hold_print: bool | None = None

    def record(self) -> dict[str, object]:
        record = {
            "reference": self.reference,
            "office": self.office,
            "biodata": biodata(self.person, **self.biodata),
            "home": self.home,
            "permit": self.permit,
            "hold_print": self.hold_print,
        }
        return {name: value for name, value in record.items() if value is not None}

    def template_bytes(self) -> bytes:
        template = face(self.person) if self.template is None else self.template
        return template if isinstance(template, bytes) else template.astype("<f4").tobytes()

    def post(self, client: httpx.Client, path: str = "/v1/enrollments") -> httpx.Response:
        return client.post(
            path,
            data={"record": json.dumps(self.record())},
            files={
                "photo": ("photo.jpg", self.photo, "image/jpeg"),
                "template": ("template.bin", self.template_bytes()),
                "biometrics": ("biometrics.bin", self.biometrics),
            },
        )
