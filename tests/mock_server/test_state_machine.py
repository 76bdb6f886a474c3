"""The record's state machine: an illegal transition is impossible, whoever asks in whatever order."""

from itertools import count, product

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as limits
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from model.stages import TRANSITIONS, Status
from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, PHOTO, Packet, biodata, face, resembling

LEGAL = {(old, new) for old, news in TRANSITIONS.items() for new in news}
FIRST = {"enrollment": Status.RECEIVED_AT_CENTRAL, "replacement": Status.PRINT_READY_RECORD}
WHAT_ROUTES_MOVE = {
    Status.ENROLL_FAILURE_AT_CENTRAL,
    Status.RECEIVED_AT_CENTRAL,
    Status.ADJUDICATE_RECORD,
    Status.PRINT_READY_RECORD,
    Status.SENT_FOR_CARD_PRINTING,
}
"""Statuses from which the machine is to find every legal way."""
OFFICES = st.sampled_from([OFFICE, OFFICE, OTHER_OFFICE])
PEOPLE = st.integers(0, 3)
DECISIONS = st.sampled_from(["unique", "duplicate"])
GOOD = st.sampled_from([True, True, False])
ANY = st.integers(0, 99)
"""Which of the records there are, counted round."""


def test_the_database_refuses_every_transition_that_the_model_does_not_have(centre: Centre, engine: Engine) -> None:
    Packet("A-1").post(centre.client)
    with engine.connect() as connection:
        for old, new in product(Status, Status):
            # A copy that begins in the old status: only changes are checked.
            connection.execute(text("ALTER TABLE records DISABLE TRIGGER legal_transition"))
            connection.execute(text("UPDATE records SET status = :old"), {"old": old})
            connection.execute(text("ALTER TABLE records ENABLE TRIGGER legal_transition"))
            if (old, new) in LEGAL or old == new:
                connection.execute(text("UPDATE records SET status = :new"), {"new": new})
            else:
                with pytest.raises(IntegrityError, match=f"cannot go from {old} to {new}"):
                    connection.execute(text("UPDATE records SET status = :new"), {"new": new})
            connection.rollback()


def watch(engine: Engine) -> None:
    """Have the database write down every change of a record's status, also those within one transaction."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (reference text, kind text, old text, new text)"))
        connection.execute(
            text("""
            CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO seen VALUES (NEW.reference, NEW.kind, OLD.status, NEW.status);
                RETURN NULL;
            END $$
            """)
        )
        connection.execute(
            text("CREATE TRIGGER seeing AFTER INSERT OR UPDATE ON records FOR EACH ROW EXECUTE FUNCTION see()")
        )
        # The machine has to find the code at fault itself, not the guard behind it.
        connection.execute(text("ALTER TABLE records DISABLE TRIGGER legal_transition"))


class Offices(RuleBasedStateMachine):
    """Clerks, supervisors, workers, matcher and printers, in any order."""

    centre: Centre
    engine: Engine
    numbers = count(1)

    @initialize()
    def begin(self) -> None:
        # People of this example's own: the database is the same for all.
        self.first = 10 * next(self.numbers)
        self.references: list[str] = []
        self.answers: list[int] = []
        # Somebody has a card already: from there on it is interesting.
        self.submit(0, 0, 0.0, OFFICE, True)
        self.centre.settle()
        self.print_cards(1)
        self.hand_everything_over()

    def ask(self, method: str, path: str, **content: object) -> None:
        answer = self.centre.client.request(method, path, json=content or None)
        self.answers.append(answer.status_code)

    def record(self, which: int) -> str:
        return self.references[which % len(self.references)] if self.references else "A-0"

    def new_reference(self) -> str:
        self.references.append(f"A-{next(self.numbers)}")
        return self.references[-1]

    @rule(
        person=PEOPLE,
        copied=st.integers(0, 1),
        cosine=st.sampled_from([0.0, 0.7, 0.7, 0.95]),
        office=OFFICES,
        good=GOOD,
    )
    def submit(self, person: int, copied: int, cosine: float, office: str, good: bool) -> None:
        own = face(self.first + person)
        template = resembling(face(self.first + copied), cosine, self.first + person + 5) if cosine else own
        photo = PHOTO if good else b"no JPEG"
        packet = Packet(self.new_reference(), self.first + person, office, photo, template)
        self.answers.append(packet.post(self.centre.client).status_code)

    @rule(person=PEOPLE)
    def recapture_everybody(self, person: int) -> None:
        self.centre.work()
        for reference in self.references:
            self.recapture(reference, person)

    def recapture(self, reference: str, person: int) -> None:
        packet = Packet(reference, self.first + person)
        self.answers.append(packet.post(self.centre.client, f"/v1/records/{packet.reference}/recapture").status_code)

    @rule()
    def work(self) -> None:
        self.centre.work()

    @rule()
    def match(self) -> None:
        self.centre.match()

    @rule()
    def settle(self) -> None:
        self.centre.settle()

    @rule(cards=st.integers(1, 3))
    def print_cards(self, cards: int) -> None:
        self.centre.print_all({OFFICE: cards, OTHER_OFFICE: cards})

    @rule()
    def hand_everything_over(self) -> None:
        for reference in self.references:
            self.ask("POST", f"/v1/records/{reference}/handover")

    @rule(which=ANY)
    def spoil(self, which: int) -> None:
        self.ask("POST", f"/v1/records/{self.record(which)}/spoiled", reason="smeared")

    @rule(decision=DECISIONS)
    def adjudicate_everybody(self, decision: str) -> None:
        self.centre.settle()
        for reference in self.references:
            self.ask("POST", f"/v1/adjudications/{reference}", decision=decision, reason="looked")

    @rule(person=st.integers(0, 1), office=OFFICES)
    def replace(self, person: int, office: str) -> None:
        nik = biodata(self.first + person)["nik"]
        self.ask("POST", "/v1/replacements", reference=self.new_reference(), nik=nik, office=office, reason="lost")

    @rule(person=PEOPLE, name=st.sampled_from(["SITI", "BUDI"]))
    def correct(self, person: int, name: str) -> None:
        self.ask("PATCH", f"/v1/residents/{biodata(self.first + person)['nik']}", name=name, reason="misspelt")

    @invariant()
    def every_answer_is_one_that_is_meant(self) -> None:
        assert set(self.answers) <= {200, 202, 404, 409}

    @invariant()
    def every_change_is_legal(self) -> None:
        for _, kind, old, new in changes(self.engine):
            assert (new == FIRST[kind]) if old is None else (old == new or (old, new) in LEGAL)

    @invariant()
    def nobody_has_two_active_cards_nor_a_card_that_nobody_handed_out(self) -> None:
        with self.engine.connect() as connection:
            query = "SELECT nik, r.status FROM cards c JOIN records r USING (reference, nik) WHERE c.status = 'ACTIVE'"
            rows = connection.execute(text(query)).all()
        assert len({row.nik for row in rows}) == len(rows)
        assert {row.status for row in rows} <= {"CARD_ISSUED"}


def changes(engine: Engine) -> list[tuple[str, str, str | None, str]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT DISTINCT * FROM seen"))]


@pytest.mark.timeout(240)
def test_no_order_of_requests_leads_a_record_astray(centre: Centre, engine: Engine) -> None:
    Offices.centre, Offices.engine = centre, engine
    with engine.begin() as connection:
        # The machine has to find the code at fault itself, not the guard behind it.
        connection.execute(text("DROP INDEX cards_active"))
    watch(engine)
    run_state_machine_as_test(
        Offices,
        settings=limits(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            # Each step asks a server and a database.
            suppress_health_check=list(HealthCheck),
        ),
    )
    seen = {(old, new) for _, _, old, new in changes(engine) if old not in (None, new)}
    # Which orders are tried is chance's; but a machine that hardly moves a record would say nothing.
    assert len({pair for pair in LEGAL if pair[0] in WHAT_ROUTES_MOVE} - seen) <= 3
    assert {kind for _, kind, _, _ in changes(engine)} == {"enrollment", "replacement"}
