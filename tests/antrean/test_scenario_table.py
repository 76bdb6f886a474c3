from io import StringIO

import pytest
from rich.console import Console

from antrean.scenario_table import TABLE_WIDTH, figures, scenario_table
from model.scenario_file import load, shipped
from model.strategies import changed


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("april-2016", ("3", "42,000", "514", "5.4 to 5.5")),
        ("faults-day", ("1", "42,000", "514", "6 faults")),
        ("link-cut", ("8", "42,000", "514", "50 offline")),
        ("normal-day", ("2", "42,000", "514", "no upgrade")),
        ("drive-day", ("2", "66,000", "514", "no upgrade")),
        ("surge", ("3", "170,000", "514", "no upgrade")),
    ],
)
def test_a_scenarios_figures(name: str, told: tuple[str, ...]) -> None:
    assert figures(load(name)) == told


def test_an_upgrade_with_faults_in_a_few_offices_is_told_as_that() -> None:
    some = changed(load("faults-day"), {"offices": {"which": ["35.07", "91.71"]}})
    upgraded = some.model_copy(update={"upgrade": load("april-2016").upgrade})
    assert figures(upgraded) == ("1", "42,000", "2", "5.4 to 5.5, 6 faults")


def test_every_shipped_scenario_has_its_line_and_its_whole_title_in_100_columns() -> None:
    console = Console(file=StringIO(), width=TABLE_WIDTH)
    console.print(scenario_table({name: load(name) for name in shipped()}))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # it is the StringIO
    assert max(map(len, lines)) <= 100
    for name in shipped():
        assert sum(line.split()[:1] == [name] for line in lines) == 1
    words = " ".join(lines)
    assert "…" not in words
    for word in " ".join(load(name).scenario.title for name in shipped()).split():
        assert word in words
