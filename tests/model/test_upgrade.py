"""The upgrade of a scenario, and the hours to which it keeps."""

from model.scenario_file import load
from model.units import DAY_S, HOUR_S, DayWindow
from model.upgrade import Upgrade, windows_s


def april(*hours: DayWindow) -> Upgrade:
    upgrade = load("april-2016").upgrade
    assert upgrade is not None
    return upgrade.model_copy(update={"hours": list(hours)})


def test_an_upgrade_without_hours_may_always_work() -> None:
    assert windows_s(april(), days=3) == []


def test_hours_come_every_day_the_earlier_first() -> None:
    evening, night = DayWindow(19 * HOUR_S, 22 * HOUR_S), DayWindow(0, 5 * HOUR_S)
    assert windows_s(april(evening, night), days=2) == [
        night,
        evening,
        (DAY_S, DAY_S + 5 * HOUR_S),
        (DAY_S + 19 * HOUR_S, DAY_S + 22 * HOUR_S),
    ]
