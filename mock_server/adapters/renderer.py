"""Draws a card's front with Pillow and its QR code with segno."""

import io
from collections.abc import Sequence

import segno
from PIL import Image, ImageDraw, ImageFont, ImageOps

from mock_server.pipeline.ports import CardFace

DPI = 300
WIDTH_PX, HEIGHT_PX = 1011, 638
"""ID-1, 85.60 by 53.98 mm, at 300 dots per inch."""
FRONT_QUALITY = 90
PHOTO_BOX = (740, 110, 980, 430)
"""Left, top, right, bottom of the photo, 3 to 4."""
QR_SIDE_PX = 182
QR_CORNER = (769, 444)
_QR_MASK = 0
"""A chequerboard, which breaks up plain areas as well as any."""
THUMBNAIL_PX = (96, 128)
THUMBNAIL_QUALITIES = (70, 50, 30, 10)

_PAPER, _BAND, _INK, _FAINT = (214, 232, 244), (176, 208, 230), (16, 24, 40), (190, 214, 232)
_LABELS = (
    "Nama",
    "Tempat/Tgl Lahir",
    "Jenis Kelamin",
    "Alamat",
    "Pekerjaan",
    "Kewarganegaraan",
    "Berlaku Hingga",
    "Kantor",
    "Nomor Kartu",
)
_ROWS_TOP_PX, _ROW_PX, _LABEL_PX, _VALUE_PX, _RIGHT_PX = 168, 44, 40, 262, 724


class CardRenderer:
    """Draws cards; the fonts and the blank card are prepared once."""

    def __init__(self) -> None:
        # Pillow's own font, so that none need be installed.
        self._title, self._number, self._body = (ImageFont.load_default(size) for size in (34, 40, 25))
        self._blank = self._draw_blank()

    def front(self, face: CardFace) -> bytes:
        """Draw a card's front: a JPEG of 1011 by 638 pixels that says it has 300 dots per inch."""
        card = self._blank.copy()
        draw = ImageDraw.Draw(card)
        draw.text((_LABEL_PX, 106), face.nik, _INK, self._number)
        for row, value in enumerate(_values(face)):
            draw.text((_VALUE_PX, _ROWS_TOP_PX + row * _ROW_PX), self._fit(value), _INK, self._body)
        card.paste(_photo(face.photo), PHOTO_BOX[:2])
        card.paste(_qr(face.code), QR_CORNER)
        return _jpeg(card, FRONT_QUALITY)

    def thumbnail(self, photo: bytes, max_bytes: int) -> bytes:
        """Shrink a photo to a JPEG of at most `max_bytes`, as good as fits.

        Raises:
            ValueError: it does not fit at the lowest quality either.
        """
        small = _fitted(photo, THUMBNAIL_PX)
        for quality in THUMBNAIL_QUALITIES:
            if len(encoded := _jpeg(small, quality)) <= max_bytes:
                return encoded
        raise ValueError(f"the photo's thumbnail has {len(encoded)} bytes, more than {max_bytes}")

    def _fit(self, value: str) -> str:
        """Shorten a text to the width that a row has for it."""
        text = f": {value}"
        while self._body.getlength(text) > _RIGHT_PX - _VALUE_PX:
            text = text[:-2].rstrip() + "…"
        return text

    def _draw_blank(self) -> Image.Image:
        card = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), _PAPER)
        draw = ImageDraw.Draw(card)
        draw.rectangle((0, 0, WIDTH_PX, 92), _BAND)
        for x in range(-HEIGHT_PX, WIDTH_PX, 24):
            draw.line((x, HEIGHT_PX, x + HEIGHT_PX - 92, 92), _FAINT)
        draw.text((WIDTH_PX / 2, 46), "KARTU TANDA PENDUDUK  -  SPESIMEN", _INK, self._title, anchor="mm")
        for row, label in enumerate(_LABELS):
            draw.text((_LABEL_PX, _ROWS_TOP_PX + row * _ROW_PX), label, _INK, self._body)
        return card


def _values(face: CardFace) -> Sequence[str]:
    """Return what stands beside the labels, in their order."""
    return (
        face.name,
        f"{face.birth_place}, {face.birth_date:%d-%m-%Y}",
        {"L": "LAKI-LAKI", "P": "PEREMPUAN"}[face.sex],
        face.address,
        face.occupation,
        face.nationality,
        f"{face.expires:%d-%m-%Y}" if face.expires else "SEUMUR HIDUP",
        face.office,
        face.number,
    )


def _photo(photo: bytes) -> Image.Image:
    left, top, right, bottom = PHOTO_BOX
    return _fitted(photo, (right - left, bottom - top))


def _fitted(photo: bytes, size: tuple[int, int]) -> Image.Image:
    """Decode a photo and crop it to the size's shape."""
    with Image.open(io.BytesIO(photo)) as image:
        # A JPEG can be decoded at a half, a quarter, an eighth of its size: less work for a large photo.
        image.draft("RGB", size)
        # Shrunk to a card's size, the finer methods show no difference and take twice as long.
        return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.BILINEAR)


def _qr(text: str) -> Image.Image:
    """Draw a QR code with whole pixels a module, quiet zone included, so that it survives JPEG."""
    # Trying all eight masks for the prettiest took four fifths of the time; a reader takes any.
    code = segno.make(text, error="m", micro=False, mask=_QR_MASK)
    modules = [bytes(255 * (1 - module) for module in row) for row in code.matrix_iter(border=4)]
    image = Image.frombytes("L", (len(modules), len(modules)), b"".join(modules))
    scale = QR_SIDE_PX // len(modules)
    return image.resize((len(modules) * scale,) * 2, Image.Resampling.NEAREST)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, dpi=(DPI, DPI))
    return file.getvalue()
