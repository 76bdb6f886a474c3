"""Foreign residents: who gets a card, and until when it is good."""

from datetime import date, timedelta, tzinfo

import pytest
from sqlalchemy import Engine, text

from mock_server.migrations import VERSION_5_5, migrate
from mock_server.office_dates import today_at
from mock_server.pipeline.permits import Permit, PermitKind, is_foreign, permit_faults
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, biodata
from tests.mock_server.test_features import unsupported
from tests.mock_server.test_http import problem
from tests.mock_server.test_replacement import LETTER, ask, issue

TODAY = date(2016, 4, 4)
KITAP = Permit(PermitKind.KITAP, "2C21JE0042-T", TODAY)
DAY = timedelta(days=1)
GOOD = KITAP.as_json() | {"expires": "2999-12-31"}
NIK = biodata(1)["nik"]


@pytest.fixture
def national(centre: Centre, engine: Engine) -> Centre:
    """A centre of version 5.5, nobody enrolled."""
    with engine.connect() as connection:
        migrate(connection, VERSION_5_5)
        connection.commit()
    return centre


def send(centre: Centre, reference: str, permit: dict[str, str] | None, nationality: str = "BELANDA") -> None:
    packet = Packet(reference, biodata={"nationality": nationality}, permit=permit)
    assert packet.post(centre.client).status_code == 202
    centre.settle()


def expire(engine: Engine) -> None:
    """Let every permit end yesterday."""
    ended = (today_at(OFFICE) - DAY).isoformat()
    with engine.begin() as connection:
        changed = text("UPDATE records SET permit = permit || jsonb_build_object('expires', CAST(:ended AS text))")
        connection.execute(changed, {"ended": ended})
        connection.execute(text("UPDATE permits SET expires = CAST(:ended AS date)"), {"ended": ended})


@pytest.mark.parametrize(
    ("nationality", "permit", "today", "said"),
    [
        ("WNI", None, TODAY, []),
        ("BELANDA", KITAP, TODAY, []),
        ("", None, TODAY, []),
        ("BELANDA", None, TODAY, ["permit: missing; a nationality other than WNI needs one"]),
        ("wni ", KITAP, TODAY, ["permit: nationality is wni , and only foreign residents have one"]),
        ("BELANDA", KITAP, TODAY + DAY, ["permit: KITAP 2C21JE0042-T expired on 2016-04-04"]),
        (
            "BELANDA",
            Permit(PermitKind.KITAS, "2C11", TODAY),
            TODAY,
            ["permit: a KITAS gives no right to a card, a KITAP does"],
        ),
    ],
)
def test_a_permit_fits_its_holder(nationality: str, permit: Permit | None, today: date, said: list[str]) -> None:
    assert list(permit_faults(nationality, permit, today)) == said


def test_a_permit_comes_back_as_it_was_kept() -> None:
    assert Permit.from_json(KITAP.as_json()) == KITAP
    assert Permit.from_json(None) is None


@pytest.mark.parametrize(("nationality", "foreign"), [("WNI", False), (" wni", False), (None, False), ("WNA", True)])
def test_who_is_foreign(nationality: str | None, foreign: bool) -> None:
    assert is_foreign(nationality) is foreign


@pytest.mark.parametrize(
    ("nationality", "permit", "reason"),
    [
        ("WNI", GOOD, "permit: nationality is WNI, and only foreign residents have one"),
        ("BELANDA", None, "permit: missing; a nationality other than WNI needs one"),
        ("BELANDA", GOOD | {"expires": "2016-04-04"}, "permit: KITAP 2C21JE0042-T expired on 2016-04-04"),
    ],
)
def test_what_does_not_fit_is_refused_and_can_be_captured_again(
    national: Centre, nationality: str, permit: dict[str, str] | None, reason: str
) -> None:
    send(national, "F-1", permit, nationality)
    record = national.record("F-1")
    assert (record["status"], record["reasons"]) == ("ENROLL_FAILURE_AT_CENTRAL", [reason])
    better = Packet("F-1", biodata={"nationality": "BELANDA"}, permit=GOOD)
    assert better.post(national.client, "/v1/records/F-1/recapture").status_code == 202
    national.settle()
    assert national.client.get("/v1/records/F-1/card").json()["expires"] == "2999-12-31"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "VISA"}, "record.permit.kind"),
        ({"number": " "}, "record.permit.number"),
        ({"number": "2" * 41}, "record.permit.number"),
        ({"expires": "soon"}, "record.permit.expires"),
    ],
)
def test_what_is_no_permit_is_malformed(centre: Centre, changes: dict[str, str], field: str) -> None:
    refused = problem(Packet("F-1", permit=GOOD | changes).post(centre.client), 422)
    assert [error["field"] for error in refused["errors"]] == [field]


def test_a_card_is_not_handed_over_when_the_permit_has_expired(national: Centre, engine: Engine) -> None:
    send(national, "F-1", GOOD)
    national.print_all({OFFICE: 1})
    expire(engine)
    refused = problem(national.client.post("/v1/records/F-1/handover"), 409)
    assert refused["detail"] == f"KITAP 2C21JE0042-T expired on {today_at(OFFICE) - DAY}, and the card with it"
    assert national.status("F-1") == "CARD_PRINTED"


def test_a_replaced_card_keeps_the_permit_and_none_is_replaced_when_it_has_expired(
    national: Centre, engine: Engine
) -> None:
    send(national, "F-1", GOOD)
    issue(national, "F-1")
    assert ask(national, "R-1", office=OTHER_OFFICE, police_letter=LETTER).status_code == 202
    issue(national, "R-1")
    assert national.client.get("/v1/records/R-1/card").json()["expires"] == "2999-12-31"
    held = national.client.get(f"/v1/residents/{NIK}").json()["cards"]
    assert [(card["status"], card["expires"]) for card in held] == [
        ("REVOKED", "2999-12-31"),
        ("ACTIVE", "2999-12-31"),
    ]
    expire(engine)
    assert "expired on" in problem(ask(national, "R-2"), 409)["detail"]


def test_a_foreign_residents_card_is_not_replaced_after_a_step_back_to_5_4(national: Centre, engine: Engine) -> None:
    send(national, "F-1", GOOD)
    issue(national, "F-1")
    with engine.begin() as connection:
        connection.execute(text("UPDATE system SET version = '5.4'"))
    assert "it gives cards to citizens only" in unsupported(ask(national, "R-1"))


@pytest.mark.parametrize(("office", "ahead_h"), [("35.07", 7), ("51.71", 8), ("91.71", 9), ("99.99", 7)])
def test_an_office_lives_by_its_own_calendar(monkeypatch: pytest.MonkeyPatch, office: str, ahead_h: int) -> None:
    asked: list[timedelta | None] = []

    class Clock:
        @staticmethod
        def now(zone: tzinfo) -> "Clock":
            asked.append(zone.utcoffset(None))
            return Clock()

        def date(self) -> date:
            return TODAY

    monkeypatch.setattr("mock_server.office_dates.datetime", Clock)
    assert today_at(office) == TODAY
    assert asked == [timedelta(hours=ahead_h)]
