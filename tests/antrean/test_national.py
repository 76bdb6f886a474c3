from typing import Any

import pytest

from antrean.national import cell, error_words, legend, marks


def figure(value: float = 60.0, **known: Any) -> dict[str, Any]:
    return {"value": value, "measured": 100.0, "predicted": 94.0, "fit_half_width": None} | known


@pytest.mark.parametrize(
    ("found", "extrapolated", "text"),
    [
        (figure(fit_half_width=0.07), True, "41 min ±7 % *"),
        (figure(fit_half_width=0.07), False, "41 min ±7 %"),
        (figure(), True, "41 min *"),
        (figure(fit_half_width=float("nan")), True, "41 min *"),
        (figure(value=0.0, fit_half_width=0.07), True, "41 min *"),
        (None, True, "41 min"),
    ],
)
def test_a_figure_carries_what_is_known_of_it(found: dict[str, Any] | None, extrapolated: bool, text: str) -> None:
    assert cell("41 min", found, extrapolated=extrapolated) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (figure(), "-6 %"),
        (figure(measured=0.0, predicted=0.0), "0"),
        (figure(measured=0.0, predicted=3.0), "3 for 0"),
        (figure(measured=None, predicted=None), "not checked"),
        (None, "exact"),
    ],
)
def test_an_error_is_told_relative_to_what_was_measured(found: dict[str, Any] | None, text: str) -> None:
    assert error_words(found) == text


def test_the_legend_says_each_thing_once() -> None:
    national = {
        "validated_on": "another day",
        "draws": 20,
        "draws_offices": 26,
        "beyond": {"nation-normal": ["a"], "nation-upgrade": ["a", "b"]},
    }
    on, spread, beyond = legend(national)
    assert on.endswith("on another day.")
    assert "20 draws in 26 offices" in spread
    assert beyond == "* Extrapolated beyond what was calibrated: a; b."
    assert marks([[], []]) == []
