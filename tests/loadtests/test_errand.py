"""Errand: a citizen's wish in the words of a target, always the same."""

from datetime import UTC, date, datetime

import pytest

from loadtests.errand import FIELDS, Errands
from loadtests.people import Packet
from loadtests.targets import Correction, Replacement, Standing
from model.arrivals import Citizen
from model.errands import Errand
from model.scenario import Scenario
from model.stages import Status

NIK = "3507010101900001"


class Listener:
    """A target that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Packet | Replacement | Correction] = []

    def submit(self, packet: Packet) -> Status:
        self.asked.append(packet)
        return Status.RECEIVED_AT_CENTRAL

    def replace(self, replacement: Replacement) -> Status:
        self.asked.append(replacement)
        return Status.PRINT_READY_RECORD

    def correct(self, correction: Correction) -> None:
        self.asked.append(correction)

    def decided(self, office: str, since_wall_s: float) -> list[Standing]:
        raise NotImplementedError

    def status(self, reference: str) -> Status:
        raise NotImplementedError

    def hand_over(self, reference: str) -> None:
        raise NotImplementedError

    def version(self, office: str) -> str | None:
        raise NotImplementedError


def crowd(errand: Errand) -> list[Citizen]:
    return [Citizen(f"35.07-d0-{number:04d}", "35.07", 0.0, 1.0, None, (), errand) for number in range(40)]


def asked(lab: Scenario, errand: Errand) -> list[Packet | Replacement | Correction]:
    people = crowd(errand)
    errands = Errands(lab, {citizen.name: NIK for citizen in people})
    listener = Listener()
    for citizen in people:
        errands.prepare(citizen)(listener, listener)
    return listener.asked


def replacements(lab: Scenario, errand: Errand) -> list[Replacement]:
    return [one for one in asked(lab, errand) if isinstance(one, Replacement)]


@pytest.mark.parametrize("errand", list(Errand))
def test_an_errand_is_asked_for_in_the_same_words_in_every_run(lab: Scenario, errand: Errand) -> None:
    assert asked(lab, errand) == asked(lab, errand)


def test_who_is_recorded_sends_a_packet_and_only_a_foreign_resident_a_permit(lab: Scenario) -> None:
    citizens, foreigners = (asked(lab, errand) for errand in (Errand.ENROLLMENT, Errand.FOREIGN_RESIDENT))
    for packet in citizens:
        assert isinstance(packet, Packet)
        assert (packet.biodata["nationality"], packet.permit) == ("WNI", None)
    for packet in foreigners:
        assert isinstance(packet, Packet)
        assert packet.biodata["nationality"] != "WNI"
        assert packet.permit is not None
        assert packet.permit.expires > datetime.now(UTC).date()
        assert packet.size_bytes == pytest.approx(lab.load.packet_bytes, rel=0.02)
    numbers = {packet.permit.number for packet in foreigners if isinstance(packet, Packet) and packet.permit}
    assert len(numbers) == len(foreigners)


def test_a_card_lost_away_from_home_comes_with_a_police_letter_and_no_other(lab: Scenario) -> None:
    away = replacements(lab, Errand.REPLACEMENT_AWAY)
    assert {order.lost for order in away} == {True, False}
    assert all((order.police_letter is not None) == order.lost for order in away)
    written = [order.police_letter.written for order in away if order.police_letter]
    assert min(written) >= date(2016, 3, 21)
    assert max(written) < lab.scenario.start.date()
    at_home = replacements(lab, Errand.REPLACEMENT)
    assert {order.lost for order in at_home} == {True, False}
    assert {order.police_letter for order in at_home} == {None}
    assert {(order.nik, order.office) for order in away + at_home} == {(NIK, "35.07")}


def test_a_correction_comes_before_the_card_that_bears_it(lab: Scenario) -> None:
    said = asked(lab, Errand.CORRECTION)
    corrections, orders = said[::2], said[1::2]
    assert all(isinstance(correction, Correction) and correction.value for correction in corrections)
    assert {correction.field for correction in corrections if isinstance(correction, Correction)} == set(FIELDS)
    assert [order.reference for order in orders if isinstance(order, Replacement)] == [
        citizen.name for citizen in crowd(Errand.CORRECTION)
    ]
    assert not any(order.lost for order in orders if isinstance(order, Replacement))
