"""Fills an empty database: the offices, and residents enrolled before the scenario begins, each with a card.

A resident's face comes from the stream ("residents", office, "templates"), so whoever knows the seed can make the
same face again and send it as a duplicate.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from faker import Faker
from sqlalchemy import Connection, insert, select, text

from mock_server import register
from mock_server.likenesses import COUNT, likeness
from mock_server.pipeline import versions
from mock_server.pipeline.personalisation import canonical, profile
from mock_server.pipeline.ports import Signer, Templates
from mock_server.pipeline.versions import DIMENSIONS, Version
from mock_server.register import CardStatus
from mock_server.tables import likenesses, offices, system
from model.streams import stream

NAMES = 300
"""First names of each sex, and last names, to combine."""
SERIALS = 9_999
"""A NIK's serial number is 0001 to 9999."""
MAX_DISTRICTS = 99
_FIRST_BIRTH, _BIRTH_DAYS = date(1930, 1, 1), 25_000
"""Born 1930 to mid-1998: of age in April 2016."""
_RESIDENT = {
    "nik": "text",
    "office": "text",
    "name": "text",
    "birth_date": "date",
    "sex": "text",
    "address": "text",
    "template": "bytea",
    "chip_payload": "bytea",
    "chip_signature": "bytea",
    "enrolled_at": "float8",
    "likeness": "int4",
}
_CARD = {
    "number": "text",
    "nik": "text",
    "chip_payload": "bytea",
    "chip_signature": "bytea",
    "status": "text",
    "status_since": "float8",
    "made_at": "float8",
}
_CHUNK = 2_000


@dataclass(frozen=True)
class NamePool:
    """Indonesian names to combine."""

    male: Sequence[str]
    female: Sequence[str]
    last: Sequence[str]


class SeedResident(NamedTuple):
    """A row of the residents' table, in the order in which it is copied, and the number of the resident's card."""

    nik: str
    office: str
    name: str
    birth_date: date
    sex: str
    address: str
    template: bytes
    chip_payload: bytes
    chip_signature: bytes
    enrolled_at: float
    likeness: int
    card: str


class WrongVersionError(ValueError):
    """Residents are enrolled in version 5.4; seed first, then upgrade."""

    def __init__(self, version: str) -> None:
        super().__init__(f"the database has version {version}; seed version {Version.V5_4}, then upgrade")


class TooManyResidentsError(ValueError):
    """An office cannot have so many residents with NIKs of their own."""

    def __init__(self, office: str, count: int) -> None:
        super().__init__(f"office {office} would have {count} residents, {SERIALS * MAX_DISTRICTS} at most")


def seed_offices(connection: Connection, printers: Mapping[str, int]) -> None:
    """Add the offices that may submit, with their numbers of printers."""
    if printers:
        connection.execute(insert(offices), [{"code": code, "printers": count} for code, count in printers.items()])


def seed_residents(connection: Connection, count: int, seed: int, weights: Mapping[str, float], signer: Signer) -> None:
    """Add so many residents and their cards, spread over the offices in proportion to the weights, by COPY.

    Raises:
        WrongVersionError: the database has another version than 5.4.
        TooManyResidentsError: there are not enough NIKs for one office's share.
    """
    version = connection.execute(select(system.c.version)).scalar_one()
    if version != Version.V5_4:
        raise WrongVersionError(version)
    names = name_pool(seed)
    enrolled_at = time.time()
    _add_likenesses(connection, seed)
    first_card = register.reserve_card_numbers(connection, count)
    for office, members in apportion(count, weights).items():
        people = residents_of(office, members, seed, names, signer, enrolled_at, first_card)
        while chunk := list(islice(people, _CHUNK)):
            _copy(connection, "residents", _RESIDENT, (resident[:-1] for resident in chunk))
            _copy(connection, "cards", _CARD, (_card_row(resident) for resident in chunk))
        first_card += members
    # The first queries come before PostgreSQL has looked at the tables by itself.
    connection.execute(text("ANALYZE residents, cards"))


def apportion(count: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Divide a number in proportion to weights, exactly: the largest remainders get what rounding down leaves."""
    codes = list(weights)
    shares = np.array([weights[code] for code in codes], dtype=np.float64)
    shares *= count / shares.sum()
    whole = np.floor(shares).astype(int)
    for index in np.argsort(whole - shares, kind="stable")[: count - whole.sum()]:
        whole[index] += 1
    return {code: int(number) for code, number in zip(codes, whole, strict=True)}


def _add_likenesses(connection: Connection, seed: int) -> None:
    drawn = (likeness(seed, number) for number in range(COUNT))
    rows = [{"id": number, "photo": photo, "biometrics": rest} for number, (photo, rest) in enumerate(drawn)]
    connection.execute(insert(likenesses), rows)


def _copy(connection: Connection, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    # psycopg's own cursor: COPY is not SQLAlchemy's business.
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)


def _card_row(holder: SeedResident) -> Sequence[Any]:
    since = holder.enrolled_at
    return holder.card, holder.nik, holder.chip_payload, holder.chip_signature, str(CardStatus.ACTIVE), since, since


def residents_of(
    office: str, count: int, seed: int, names: NamePool, signer: Signer, enrolled_at: float, first_card: int
) -> Iterator[SeedResident]:
    """Make an office's residents; their cards are numbered from `first_card` on.

    Raises:
        TooManyResidentsError: there are not enough NIKs.
    """
    if count > SERIALS * MAX_DISTRICTS:
        raise TooManyResidentsError(office, count)
    people = stream(seed, 0, "residents", office, "people")
    faces = stream(seed, 0, "residents", office, "templates")
    looks = stream(seed, 0, "residents", office, "likenesses")
    for start in range(0, count, _CHUNK):
        size = min(_CHUNK, count - start)
        templates = templates_of(faces, size)
        picks = people.integers(0, (2, NAMES, NAMES, _BIRTH_DAYS, 200), size=(size, 5))
        likenesses_of = looks.integers(COUNT, size=size).tolist()
        for row, (sex, first, last, day, house) in enumerate(picks.tolist()):
            female = sex == 1
            name = f"{(names.female if female else names.male)[first]} {names.last[last]}"
            born = _FIRST_BIRTH + timedelta(days=day)
            nik = make_nik(office, start + row, born, female)
            address = f"Jl. {names.last[house]} No. {house + 1}"
            biodata = {"name": name, "birth_date": born.isoformat(), "sex": "LP"[sex], "address": address}
            number = register.card_number(first_card + start + row)
            content = {"number": number, "nik": nik, "office": office, **biodata}
            payload = canonical(profile(Version.V5_4, nik) | content)
            yield SeedResident(
                nik, office, name, born, "LP"[sex], address,
                templates[row].tobytes(), payload, signer.sign(payload), enrolled_at, likenesses_of[row], number,
            )  # fmt: skip


def templates_of(faces: np.random.Generator, count: int) -> Templates:
    """Draw the next faces of an office's stream, shape (count, 512), length 1."""
    return versions.encode(Version.V5_4, faces.standard_normal((count, DIMENSIONS), dtype=np.float32))


def make_nik(office: str, index: int, born: date, female: bool) -> str:
    """Return the NIK of an office's resident number `index`, unlike every other's of the office.

    The district changes when a district's serials are used up.
    """
    district, serial = divmod(index, SERIALS)
    day = born.day + (40 if female else 0)
    return f"{office.replace('.', '')}{district + 1:02d}{day:02d}{born:%m%y}{serial + 1:04d}"


def name_pool(seed: int) -> NamePool:
    """Draw names; a few hundred, since Faker is slow."""
    faker = Faker("id_ID")
    faker.seed_instance(seed)
    return NamePool(
        [faker.first_name_male() for _ in range(NAMES)],
        [faker.first_name_female() for _ in range(NAMES)],
        [faker.last_name() for _ in range(NAMES)],
    )
