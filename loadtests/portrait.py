"""Portraits of nobody: drawn faces with enough texture to pass for sharp photographs.

A portrait costs some 10 ms to draw and compress, too much for the generator to make one for each citizen: people.py
draws a few beforehand and deals them out.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE_PX = (360, 480)
"""Width and height; offices' cameras deliver more, the centre asks for 240 by 320 at least."""
GRAIN = 8.0
"""Standard deviation of the grain, in grey levels: what makes the photo sharp, and its JPEG 30-60 KB."""
QUALITY = 85

BACKGROUNDS = ((176, 32, 40), (36, 62, 150))
SKINS = ((224, 182, 144), (198, 150, 112), (168, 120, 84))
SHIRTS = ((235, 235, 238), (90, 110, 140), (70, 90, 70), (150, 90, 70))
HAIR = (28, 22, 20)


def portrait(dice: np.random.Generator) -> bytes:
    """Draw a portrait and return it as JPEG; the same dice draw the same."""
    width, height = SIZE_PX
    image = Image.new("RGB", SIZE_PX, BACKGROUNDS[int(dice.integers(len(BACKGROUNDS)))])
    _draw_bust(ImageDraw.Draw(image), dice)
    image = image.filter(ImageFilter.GaussianBlur(1.5))
    grain = dice.normal(0.0, GRAIN, (height, width, 1))
    pixels = np.clip(np.asarray(image, dtype=np.float64) + grain, 0, 255).astype(np.uint8)
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG", quality=QUALITY)
    return jpeg.getvalue()


def _draw_bust(draw: ImageDraw.ImageDraw, dice: np.random.Generator) -> None:
    width, height = SIZE_PX
    middle = width / 2 + dice.uniform(-8, 8)
    eyes_y = height * dice.uniform(0.40, 0.44)
    half_face = width * dice.uniform(0.20, 0.25)
    skin = SKINS[int(dice.integers(len(SKINS)))]
    shirt = SHIRTS[int(dice.integers(len(SHIRTS)))]
    draw.ellipse(_box(middle, height * 1.02, width * 0.46, height * 0.27), fill=shirt)
    draw.rectangle(_box(middle, height * 0.68, half_face * 0.5, height * 0.10), fill=skin)
    draw.ellipse(_box(middle, eyes_y - half_face * 0.25, half_face * 1.15, half_face * 1.35), fill=HAIR)
    draw.ellipse(_box(middle, eyes_y + half_face * 0.25, half_face, half_face * 1.3), fill=skin)
    for side in (-1, 1):
        eye_x = middle + side * half_face * 0.42
        draw.ellipse(_box(eye_x, eyes_y, half_face * 0.18, half_face * 0.09), fill=(245, 245, 240))
        draw.ellipse(_box(eye_x, eyes_y, half_face * 0.08, half_face * 0.08), fill=HAIR)
        draw.rectangle(_box(eye_x, eyes_y - half_face * 0.25, half_face * 0.22, half_face * 0.04), fill=HAIR)
    draw.polygon(
        [
            (middle, eyes_y),
            (middle - half_face * 0.16, eyes_y + half_face * 0.55),
            (middle + half_face * 0.16, eyes_y + half_face * 0.55),
        ],
        fill=tuple(channel - 18 for channel in skin),
    )
    mouth_y = eyes_y + half_face * dice.uniform(0.85, 0.95)
    draw.ellipse(_box(middle, mouth_y, half_face * 0.34, half_face * 0.10), fill=(150, 70, 70))


def _box(x: float, y: float, half_width: float, half_height: float) -> tuple[float, float, float, float]:
    return (x - half_width, y - half_height, x + half_width, y + half_height)
