"""The shipped scenarios as a table: a line each, with the figures that tell them apart."""

from collections.abc import Mapping

from rich import box
from rich.table import Table

from model.offices import all_offices
from model.scenario import Scenario

TABLE_WIDTH = 100
"""Characters; longer titles go on in the next line."""


def scenario_table(scenarios: Mapping[str, Scenario]) -> Table:
    """Return the table of scenarios by name."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("name", no_wrap=True)
    table.add_column("what it tells")
    for column in ("days", "a day", "offices"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("besides", no_wrap=True)
    for name, scenario in scenarios.items():
        table.add_row(name, scenario.scenario.title, *figures(scenario))
    return table


def figures(scenario: Scenario) -> tuple[str, str, str, str]:
    """Return a scenario's days, citizens a day, offices, and what happens besides."""
    which = scenario.offices.which
    offices = len(all_offices()) if which == "all" else len(which)
    offline = sum(any(cut.hits(code) for cut in scenario.offices.offline) for code in all_offices())
    besides = [
        f"{scenario.centre.version} to {scenario.upgrade.to}" if scenario.upgrade else "",
        f"{len(scenario.faults)} faults" if scenario.faults else "",
        f"{offline} offline" if offline else "",
    ]
    told = ", ".join(filter(None, besides)) or "no upgrade"
    return str(scenario.scenario.days), f"{scenario.demand.arrivals_per_day:,.0f}", str(offices), told
