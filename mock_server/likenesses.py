"""Likenesses: a few dozen photos and biometrics of nobody, shared by all who were enrolled before the scenario.

A photo and biometrics for each of 200,000 residents would take 10 GB of disk; a replacement of their cards needs some,
and does as much work with one's as with another's.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mock_server.pipeline.validation import MIN_BIOMETRICS_BYTES
from model.streams import stream

COUNT = 48
_WIDTH_PX, _HEIGHT_PX = 360, 480
_GRAIN = 8.0
"""Standard deviation in grey levels: validation takes a photo without any for blurred."""
_QUALITY = 85
_WALLS = ((176, 32, 40), (36, 62, 150))
"""Red behind those born in odd years, blue behind the others, on Indonesian cards."""
_SKINS = ((224, 182, 144), (198, 150, 112), (168, 120, 84))
_SHIRTS = ((235, 235, 238), (90, 110, 140), (70, 90, 70))
_HAIR = (28, 22, 20)


def likeness(seed: int, number: int) -> tuple[bytes, bytes]:
    """Return a likeness of a seed's: a photo, JPEG, that passes validation, and biometrics as short as it lets pass."""
    dice = stream(seed, 0, "likenesses", number)
    return _photo(dice), dice.bytes(MIN_BIOMETRICS_BYTES)


def _photo(dice: np.random.Generator) -> bytes:
    image = Image.new("RGB", (_WIDTH_PX, _HEIGHT_PX), _WALLS[int(dice.integers(len(_WALLS)))])
    _draw_bust(ImageDraw.Draw(image), dice)
    level = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)), dtype=np.float64)
    level += dice.normal(0.0, _GRAIN, (_HEIGHT_PX, _WIDTH_PX, 1))
    file = io.BytesIO()
    Image.fromarray(np.clip(level, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _draw_bust(draw: ImageDraw.ImageDraw, dice: np.random.Generator) -> None:
    x, y, size = _WIDTH_PX / 2 + dice.uniform(-8, 8), _HEIGHT_PX * dice.uniform(0.40, 0.45), dice.uniform(72, 90)
    skin, shirt = (tones[int(dice.integers(len(tones)))] for tones in (_SKINS, _SHIRTS))

    def oval(right: float, down: float, wide: float, high: float, tone: tuple[int, int, int]) -> None:
        """Draw an oval, its place and half axes in sizes of the face."""
        middle_x, middle_y = x + right * size, y + down * size
        box = (middle_x - wide * size, middle_y - high * size, middle_x + wide * size, middle_y + high * size)
        draw.ellipse(box, fill=tone)

    oval(0, 3.3, 2.0, 1.6, shirt)
    oval(0, 1.5, 0.5, 0.8, skin)
    oval(0, -0.2, 1.15, 1.35, _HAIR)
    oval(0, 0.25, 1.0, 1.3, skin)
    for side in (-0.42, 0.42):
        oval(side, 0, 0.18, 0.09, (245, 245, 240))
        oval(side, 0, 0.08, 0.08, _HAIR)
    oval(0, dice.uniform(0.85, 0.95), 0.34, 0.10, (150, 70, 70))
