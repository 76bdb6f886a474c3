"""The nation with the centre as calibrated, and what is said to be beyond it."""

import pytest

from antrean.calibrated_server import estimates
from antrean.extrapolation import beyond, nation_of, national_server
from model.arrivals import national_peak_per_s
from model.scenario_file import load
from model.strategies import without_upgrade
from tests.antrean.calibrations import calibration, three


def test_the_nation_gets_the_calibrated_proportions_and_costs() -> None:
    found = calibration()
    figures = estimates(found) | {"slowdown.5.5.alone.all": 1.2}
    nation = nation_of(load("april-2016"), found, figures)
    assert nation.centre.stages.personalisation_s / nation.centre.stages.validation_s == pytest.approx(3.0)
    assert nation.centre.variation == pytest.approx(0.5)
    assert nation.upgrade is not None
    assert (nation.upgrade.cost.during, nation.upgrade.cost.after) == (1.5, 1.2)


def test_phases_count_by_the_records_that_they_met() -> None:
    found = calibration()
    (backfill,) = found.phases
    index = backfill.model_copy(update={"phase": "index", "visits": 150, "slowdown": three(2.5)})
    both = found.model_copy(update={"phases": (backfill, index)})
    nation = nation_of(load("april-2016"), both, estimates(both))
    assert nation.upgrade is not None
    assert nation.upgrade.cost.during == pytest.approx((50 * 1.5 + 150 * 2.5) / 200)


def test_what_was_not_measured_stays_the_scenarios_guess_and_is_told() -> None:
    scenario, found = load("april-2016"), calibration().model_copy(update={"phases": ()})
    nation = nation_of(scenario, found, estimates(found))
    assert nation.upgrade is not None
    assert scenario.upgrade is not None
    assert nation.upgrade.cost == scenario.upgrade.cost
    told = beyond(nation, found)
    assert any("the upgrade at work, which cost 1.5 times by the scenario's guess" in words for words in told)
    assert any("5.5 alone" in words for words in told)
    assert not any("upgrade" in words for words in beyond(without_upgrade(nation), found))


def test_the_national_server_is_as_large_as_the_peak_needs() -> None:
    found, nation = calibration(), load("april-2016")
    needed_per_s = national_peak_per_s(nation) / nation.centre.peak_utilisation
    assert national_server(nation, found, estimates(found)).capacity_per_s == pytest.approx(needed_per_s, rel=1e-6)


def test_gallery_rate_and_size_beyond_the_calibrated_range_are_told() -> None:
    found = calibration()
    people = found.origin.model_copy(update={"residents": 200_000, "most_per_s": 0.5})
    told = beyond(without_upgrade(load("april-2016")), found.model_copy(update={"origin": people}))
    assert any("residents, against 200,000 in the gallery" in words for words in told)
    assert any("records a second, against 0.5" in words for words in told)
    assert any("times as slow as the measured" in words for words in told)
    # A server that makes a thousandth needs more of everything instead.
    slow = found.model_copy(
        update={
            "stages": {
                name: stage.model_copy(update={"mean_s": three(1000 * stage.mean_s[0])})
                for name, stage in found.stages.items()
            }
        }
    )
    assert any("servers in the centre, against 3" in words for words in beyond(load("april-2016"), slow))
