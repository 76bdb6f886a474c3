import pytest

from model.arrivals import national_peak_per_s
from model.centre import CentreSpec, national_centre
from model.scaling import enlarged, measured_national_centre, sized
from model.scenario import Scenario
from model.stages import Stage
from tests.antrean.validation.days import SPEEDUP, centre


@pytest.fixture
def server() -> CentreSpec:
    """Give the server of the lab's days in its own time."""
    return sized(centre(), centre().capacity_per_s * SPEEDUP)


@pytest.mark.parametrize("factor", [2, 3.0, 40])
def test_twice_the_server_makes_twice_the_records_and_is_as_slow_at_its_limit(factor: float) -> None:
    one, several = centre(), enlarged(centre(), factor)
    assert several.full.per_s == pytest.approx(factor * one.full.per_s)
    assert several.full.slowdown == pytest.approx(one.full.slowdown)
    assert several.work_of(Stage.PERSONALISATION).mean_s == one.work_of(Stage.PERSONALISATION).mean_s


def test_a_larger_server_has_whole_servers_and_makes_exactly_what_is_asked() -> None:
    one = centre()
    larger = sized(one, 3.3 * one.capacity_per_s)
    assert [kind.servers for kind in larger.kinds] == [7, 3]
    assert larger.capacity_per_s == pytest.approx(3.3 * one.capacity_per_s)
    assert larger.stage_s[Stage.VALIDATION] == pytest.approx(one.stage_s[Stage.VALIDATION], rel=0.1)


def test_a_server_that_is_too_large_keeps_its_servers_and_is_slower_in_everything() -> None:
    one = centre()
    smaller = sized(one, one.capacity_per_s / 4)
    assert [kind.servers for kind in smaller.kinds] == [2, 1]
    assert smaller.capacity_per_s == pytest.approx(one.capacity_per_s / 4)
    assert smaller.kinds[0].gap_s == pytest.approx(4 * one.kinds[0].gap_s)
    assert smaller.notice_s[Stage.MATCHING] == pytest.approx(4 * one.notice_s[Stage.MATCHING])
    assert smaller.work_of(Stage.HANDOVER).at(1.0) == pytest.approx(4 * one.work_of(Stage.HANDOVER).at(1.0))


def test_the_nations_peak_fills_the_measured_build_as_the_scenario_says(april: Scenario, server: CentreSpec) -> None:
    spec = measured_national_centre(server, april)
    assert national_peak_per_s(april) / spec.capacity_per_s == pytest.approx(april.centre.peak_utilisation)
    assert [kind.name for kind in spec.kinds] == ["workers", "matcher"]
    assert spec.periods == national_centre(april).periods
    assert spec.crowding == 0.0
