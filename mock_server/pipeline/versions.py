"""What a version of the card-management program decides: its features, who is compared with whom, in which encoding.

5.4 searches each office's own residents; 5.5 searches the nation, on templates in the national matcher's encoding.
"""

from enum import StrEnum
from functools import cache

import numpy as np

from mock_server.pipeline.ports import Templates
from model.streams import stream

DIMENSIONS = 512
"""Numbers in a face template."""
TEMPLATE_BYTES = 4 * DIMENSIONS
"""A template travels and is stored as float32, little endian."""


class Version(StrEnum):
    """A version of the program."""

    V5_4 = "5.4"
    V5_5 = "5.5"


class Feature(StrEnum):
    """Something that not every version can do, in words that finish "version 5.4 lacks"."""

    ENROLLMENT_AWAY = "enrollment away from home: it enrolls people at their home office only"
    FOREIGN_RESIDENTS = "cards for foreign residents: it gives cards to citizens only"
    REPLACEMENT_AWAY = "replacement away from home: it replaces cards at the home office only"


FEATURES = {Version.V5_4: frozenset[Feature](), Version.V5_5: frozenset(Feature)}
"""What each version can do."""


def brought_by(feature: Feature) -> Version:
    """Return the first version that has a feature."""
    return next(version for version in Version if feature in FEATURES[version])


NATION = "nation"


def partition(version: Version, office: str) -> str:
    """Name the part of the gallery in which a person of this office is searched and enrolled."""
    return office if version == Version.V5_4 else NATION


def encode(version: Version, templates: Templates) -> Templates:
    """Bring templates (n, 512) into the version's encoding, length 1; cosines are the same in each."""
    unit: Templates = templates / np.linalg.norm(templates, axis=1, keepdims=True)
    return unit if version == Version.V5_4 else nationalise(unit)


def nationalise(templates: Templates) -> Templates:
    """Bring 5.4's templates (n, 512) into 5.5's encoding: a rotation, renormalised against drift."""
    turned = templates @ national_basis()
    unit: Templates = turned / np.linalg.norm(turned, axis=1, keepdims=True)
    return unit


def denationalise(templates: Templates) -> Templates:
    """Bring 5.5's templates (n, 512) back into 5.4's encoding."""
    turned = templates @ national_basis().T
    unit: Templates = turned / np.linalg.norm(turned, axis=1, keepdims=True)
    return unit


@cache
def national_basis() -> Templates:
    """Return the fixed orthogonal matrix (512, 512) between the encodings."""
    numbers = stream(5_5, 0, "national-basis").standard_normal((DIMENSIONS, DIMENSIONS))
    return np.linalg.qr(numbers).Q.astype(np.float32)


def unpack(stored: list[bytes]) -> Templates:
    """Read stored templates into an array (n, 512)."""
    return np.frombuffer(b"".join(stored), dtype="<f4").reshape(-1, DIMENSIONS).astype(np.float32, copy=False)


def pack(template: Templates) -> bytes:
    """Write one template (512,) as it is stored."""
    return template.astype("<f4").tobytes()
