"""Photos and biometrics of those enrolled before the scenario."""

from dataclasses import replace
from datetime import date

from mock_server.likenesses import COUNT, likeness
from mock_server.pipeline.validation import Packet, validate
from tests.mock_server import packets


def test_each_likeness_would_pass_as_a_packets() -> None:
    whole = Packet(packets.biodata(), b"", packets.face(1).tobytes(), 0)
    for number in range(COUNT):
        photo, biometrics = likeness(1, number)
        packet = replace(whole, photo=photo, biometrics_bytes=len(biometrics))
        assert validate(packet, 30.0, date(2016, 4, 4)) == [], number


def test_a_seed_draws_the_same_likenesses_and_no_two_alike() -> None:
    drawn = [likeness(7, number) for number in range(6)]
    assert drawn == [likeness(7, number) for number in range(6)]
    assert len({photo for photo, _ in [*drawn, likeness(8, 0)]}) == 7
