import polars as pl
import pytest

from antrean.validation.bands import by_band, centre_times_s, hours_of, stage_times_s, waits_s
from model.events import Source, StageEvent, to_frame
from model.stages import Stage, Status
from model.units import HOUR_S


def journey(name: str, came_s: float, received_s: float, ready_s: float, left_s: float | None) -> list[StageEvent]:
    """Give a citizen's visits: work in the centre from receipt to ready, a card at the end or none yet."""
    moments = [
        (Stage.ARRIVAL, came_s, came_s, Status.UNREGISTERED),
        (Stage.SUBMISSION, received_s - 1, received_s, Status.RECEIVED_AT_CENTRAL),
        (Stage.PERSONALISATION, received_s, ready_s, Status.SENT_FOR_CARD_PRINTING),
    ]
    if left_s is not None:
        moments.append((Stage.HANDOVER, ready_s, left_s, Status.CARD_ISSUED))
    return [
        StageEvent(name, "35.07", stage, begin, begin, begin, end, "x", outcome, Source.SIMULATION, "", "")
        for stage, begin, end, outcome in moments
    ]


@pytest.fixture
def day() -> pl.DataFrame:
    return to_frame(
        [
            *journey("a", 8.0 * HOUR_S, 8.1 * HOUR_S, 8.2 * HOUR_S, 8.5 * HOUR_S),
            *journey("b", 8.0 * HOUR_S, 8.1 * HOUR_S, 8.5 * HOUR_S, 9.5 * HOUR_S),
            *journey("c", 9.0 * HOUR_S, 9.2 * HOUR_S, 9.4 * HOUR_S, None),
        ]
    )


def test_an_hour_tells_who_left_in_it_and_who_is_still_there(day: pl.DataFrame) -> None:
    table = by_band(day, hours_of(day))
    assert table.select("hour", "arrivals", "cards", "waiting").rows() == [(8, 2, 1, 1), (9, 1, 1, 1)]
    assert table["wait_s"].to_list() == pytest.approx([0.5 * HOUR_S, 1.5 * HOUR_S])
    assert table["centre_s"].to_list() == pytest.approx([0.25 * HOUR_S, 0.2 * HOUR_S])


def test_who_has_no_card_has_waited_until_the_end(day: pl.DataFrame) -> None:
    assert sorted(waits_s(day, 12.0 * HOUR_S)) == pytest.approx([0.5 * HOUR_S, 1.5 * HOUR_S, 3.0 * HOUR_S])


def test_stays_are_told_by_stage(day: pl.DataFrame) -> None:
    assert sorted(centre_times_s(day)) == pytest.approx([0.1 * HOUR_S, 0.2 * HOUR_S, 0.4 * HOUR_S])
    assert stage_times_s(day)["submission"].tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert stage_times_s(day)["printing"].tolist() == []
