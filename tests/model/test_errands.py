import pytest

from model.errands import NEEDS, Errand, depends_on_version, offers
from model.stages import Stage


@pytest.mark.parametrize(
    ("version", "offered"),
    [
        ("5.4", {Errand.ENROLLMENT, Errand.REPLACEMENT, Errand.CORRECTION}),
        ("5.5", set(Errand)),
        ("5.10", set(Errand)),
        ("6.0", set(Errand)),
    ],
)
def test_replacing_away_from_home_and_foreigners_came_with_5_5(version: str, offered: set[Errand]) -> None:
    assert {errand for errand in Errand if offers(version, errand)} == offered


def test_only_who_is_captured_is_searched_and_every_errand_ends_with_a_card() -> None:
    for needs in NEEDS.values():
        assert needs.capture == (Stage.MATCHING in needs.stages)
        assert needs.stages[-1] is Stage.PERSONALISATION


def test_only_what_some_version_lacks_depends_on_the_version() -> None:
    assert {errand for errand in Errand if depends_on_version(errand)} == {
        errand for errand in Errand if not offers("5.4", errand)
    }
