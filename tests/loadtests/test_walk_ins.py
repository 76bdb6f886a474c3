"""Walk-ins: errands by the shares of the mix, less what the version does not offer."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from scipy import stats

from loadtests.plan import LoadPlan
from loadtests.walk_ins import arrivals_s, offered_errands, offered_shares, open_arrivals
from model.errands import Errand
from model.scenario import Scenario
from model.strategies import changed
from tests.loadtests.mixed import SHARES, mixed


def test_errands_are_drawn_by_their_shares_and_always_the_same(lab: Scenario) -> None:
    newest = changed(mixed(lab), {"centre": {"version": "5.5"}})
    drawn = list(islice(offered_errands(newest), 5_000))
    seen = Counter(drawn)
    assert offered_shares(newest) == pytest.approx(SHARES)
    assert stats.chisquare([seen[errand] for errand in SHARES], [5_000 * share for share in SHARES.values()]).pvalue > (
        1e-4
    )
    assert list(islice(offered_errands(newest), 50)) == drawn[:50]


def test_who_is_turned_away_at_the_door_is_not_offered_to_the_server(lab: Scenario) -> None:
    shares = offered_shares(mixed(lab))
    assert shares == pytest.approx(
        {Errand.ENROLLMENT: 0.4 / 0.75, Errand.REPLACEMENT: 0.2 / 0.75, Errand.CORRECTION: 0.15 / 0.75}
    )
    assert set(islice(offered_errands(mixed(lab)), 2_000)) == set(shares)


def test_a_mix_of_which_nothing_is_offered_is_an_error(lab: Scenario) -> None:
    foreign = changed(lab, {"demand": {"mix": {"enrollment": 0.0, "foreign_resident": 1.0}}})
    with pytest.raises(ValueError, match=r"version 5\.4 \(centre\.version\) offers nothing of demand\.mix"):
        offered_shares(foreign)


def test_an_open_load_brings_the_mix_at_the_moments_of_its_rate(lab: Scenario, tmp_path: Path) -> None:
    plan = LoadPlan(
        scenario=tmp_path / "x.toml", mode="open", origin_wall_s=0.0, origin_scenario_s=0.0, out=tmp_path,
        rate_per_s=50.0, length_s=10.0,
    )  # fmt: skip
    coming = open_arrivals(plan, mixed(lab))
    assert [citizen.arrival_s for citizen in coming] == list(arrivals_s(lab.seed, 0, 50.0, 10.0))
    assert [citizen.errand for citizen in coming] == list(islice(offered_errands(mixed(lab)), len(coming)))
    assert {citizen.errand for citizen in open_arrivals(plan, lab)} == {Errand.ENROLLMENT}
