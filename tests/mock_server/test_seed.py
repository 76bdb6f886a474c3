"""The residents who are enrolled before the scenario begins."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from mock_server import register
from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import engine_of
from mock_server.likenesses import COUNT
from mock_server.migrations import VERSION_5_5, migrate
from mock_server.pipeline.niks import plausible_nik
from mock_server.pipeline.versions import unpack
from mock_server.seed import (
    TooManyResidentsError,
    WrongVersionError,
    apportion,
    name_pool,
    residents_of,
    seed_residents,
)
from mock_server.settings import Settings
from model.streams import stream
from tests.mock_server.commands import run
from tests.mock_server.packets import OFFICE, OTHER_OFFICE


@pytest.fixture
def signer(settings: Settings) -> EcdsaSigner:
    return EcdsaSigner.load(settings.signing_key_file)


@given(
    st.integers(min_value=0, max_value=10_000),
    st.dictionaries(st.text("0123456789.", min_size=1), st.floats(min_value=0.1, max_value=1e4), min_size=1),
)
def test_shares_add_up_and_are_within_one_of_exact(count: int, weights: dict[str, float]) -> None:
    shares = apportion(count, weights)
    assert sum(shares.values()) == count
    for code, share in shares.items():
        assert abs(share - count * weights[code] / sum(weights.values())) < 1 + 1e-6


def test_residents_have_niks_of_their_own_that_tell_their_birth_and_sex(signer: EcdsaSigner) -> None:
    # More than one district's serial numbers.
    people = list(residents_of(OFFICE, 10_050, 1, name_pool(1), signer, 0.0, 1))
    assert len({person.nik for person in people}) == 10_050
    assert {person.nik[:6] for person in people} == {"350701", "350702"}
    for person in people:
        assert plausible_nik(person.nik)
        day = person.birth_date.day + (40 if person.sex == "P" else 0)
        assert person.nik[6:12] == f"{day:02d}{person.birth_date:%m%y}"
    women = sum(person.sex == "P" for person in people)
    assert 0.47 < women / len(people) < 0.53


def test_residents_are_in_the_database_with_faces_from_the_stream_and_chips_that_verify(
    engine: Engine, signer: EcdsaSigner
) -> None:
    with engine.begin() as connection:
        seed_residents(connection, 2_100, 7, {OFFICE: 2_050, "99.01": 50}, signer)
        rows = connection.execute(
            text("SELECT * FROM residents WHERE office = :office ORDER BY nik"), {"office": OFFICE}
        )
        people = rows.all()
    assert len(people) == 2_050
    # As the README tells those who plant duplicates; the order of NIKs is not the stream's.
    drawn = stream(7, 0, "residents", OFFICE, "templates").standard_normal((2_050, 512), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    stored = unpack([person.template for person in people])
    by_first_number = np.argsort(drawn[:, 0]), np.argsort(stored[:, 0])
    assert np.abs(drawn[by_first_number[0]] - stored[by_first_number[1]]).max() < 1e-6
    for person in people:
        assert signer.verify(person.chip_payload, person.chip_signature)
        content = json.loads(person.chip_payload)
        assert (content["nik"], content["name"], content["profile"]) == (person.nik, person.name, "5.4")


def test_each_resident_has_a_card_whose_number_is_not_drawn_again(engine: Engine, signer: EcdsaSigner) -> None:
    with engine.begin() as connection:
        seed_residents(connection, 2_100, 7, {OFFICE: 2_050, "99.01": 50}, signer)
        cards = connection.execute(text("SELECT c.*, r.chip_payload AS held FROM cards c JOIN residents r USING (nik)"))
        held = {card.number: card for card in cards}
        assert register.next_card_numbers(connection, 1) == ["000000002101"]
    assert sorted(held) == [f"{number:012d}" for number in range(1, 2_101)]
    for number, card in held.items():
        assert (card.status, card.reference, card.front, card.expires) == ("ACTIVE", None, None, None)
        assert json.loads(card.chip_payload)["number"] == number
        assert card.chip_payload == card.held
    likes = {card.likeness for card in residents_of(OFFICE, 2_000, 7, name_pool(7), signer, 0.0, 1)}
    assert likes == set(range(COUNT))


def test_a_seed_makes_the_same_people_and_another_seed_others(signer: EcdsaSigner) -> None:
    def people(seed: int) -> list[tuple[object, ...]]:
        # The signature is another each time: ECDSA draws a number of its own.
        made = residents_of(OFFICE, 20, seed, name_pool(seed), signer, 0.0, 1)
        return [person._replace(chip_signature=b"") for person in made]

    assert people(1) == people(1)
    assert {person[0] for person in people(1)}.isdisjoint({person[0] for person in people(2)})


def test_more_people_than_niks_are_refused(signer: EcdsaSigner) -> None:
    with pytest.raises(TooManyResidentsError, match=r"35\.07 would have 1000000 residents"):
        next(residents_of(OFFICE, 1_000_000, 1, name_pool(1), signer, 0.0, 1))


def test_version_5_5_is_not_seeded(engine: Engine, signer: EcdsaSigner) -> None:
    with engine.connect() as connection:
        migrate(connection, VERSION_5_5)
        with pytest.raises(WrongVersionError, match=r"seed version 5\.4, then upgrade"):
            seed_residents(connection, 1, 1, {OFFICE: 1}, signer)


def test_the_command_makes_the_key_the_offices_and_the_residents(empty_database: str, settings: Settings) -> None:
    key = settings.signing_key_file.with_name("new-key.pem")
    fresh = settings.model_copy(update={"database_url": empty_database, "signing_key_file": key})
    weights = key.with_name("weights.json")
    weights.write_text(json.dumps({OFFICE: 3, OTHER_OFFICE: 1, "11.01": 4}))
    assert run(fresh, "migrate", "--to", "5.4").returncode == 0
    offices = json.dumps({OFFICE: 2, OTHER_OFFICE: 1})
    seeded = run(
        fresh, "seed", "--residents", "80", "--seed", "1", "--offices-json", offices, "--weights", str(weights)
    )
    assert seeded.returncode == 0, seeded.stderr
    assert key.exists()
    with engine_of(empty_database) as engine, engine.connect() as connection:
        counted = connection.execute(
            text("SELECT office, count(*) FROM residents GROUP BY office ORDER BY office")
        ).all()
        printers = connection.execute(text("SELECT code, printers FROM offices ORDER BY code")).all()
    assert counted == [("11.01", 40), (OFFICE, 30), (OTHER_OFFICE, 10)]
    assert printers == [(OFFICE, 2), (OTHER_OFFICE, 1)]
