"""Faults in charts: hatched on their day, numbered, and explained below."""

import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from antrean.charts import day_in_hours, twin_over_measurement, upgrade_day
from antrean.fault_day import FaultTimes
from antrean.fault_shading import HATCHES, explain_faults, shade_faults
from model.centre import national_centre
from model.faults import Fault
from model.nation import simulate
from model.periods import scheduled_periods
from model.scenario import Scenario
from model.scenario_file import load
from model.section import sections_in
from model.strategies import without_upgrade
from model.units import HOUR_S

LATENCY = FaultTimes("latency", "matching", 8.5 * HOUR_S, 9.5 * HOUR_S, 0.1, None)
PRINTER = FaultTimes("printer-down", "35.07/printer-1", 9 * HOUR_S, 12 * HOUR_S, None, None)
RESTART = FaultTimes("postgres-restart", "", 13 * HOUR_S, 13.5 * HOUR_S, None, None)
INJECTED = [LATENCY, PRINTER, RESTART]


def hatched(axis: Axes) -> list[tuple[str, float, float]]:
    """Give what is hatched on an axis, from when to when."""
    spans = [patch for patch in axis.patches if patch.get_hatch()]
    return [(str(span.get_hatch()), span.get_extents().x0, span.get_extents().x1) for span in spans]


def hatches(axis: Axes) -> list[str]:
    return [hatch for hatch, _, _ in hatched(axis)]


def below(figure: Figure) -> list[str]:
    """Give what the legends below a figure say, each heading first."""
    return [text.get_text() for legend in figure.legends for text in (legend.get_title(), *legend.get_texts())]


@pytest.fixture(scope="module")
def small() -> Scenario:
    april = load("april-2016")
    offices = april.offices.model_copy(update={"which": ["35.07", "91.71"]})
    return april.model_copy(update={"offices": offices})


@pytest.fixture(scope="module")
def frame(small: Scenario) -> pl.DataFrame:
    """Give a day's events; a simulated day stands for a measured one."""
    normal = without_upgrade(small)
    return simulate(normal, national_centre(small)._replace(periods=scheduled_periods(normal)), 1)


def test_every_kind_has_a_hatch_of_its_own() -> None:
    assert set(HATCHES) == set(sections_in(Fault))
    assert len(set(HATCHES.values())) == len(HATCHES)


def test_a_fault_is_hatched_from_its_start_to_its_end_and_numbered() -> None:
    axis = Figure().subplots()
    axis.set_xlim(8, 14)
    shade_faults(axis, INJECTED)
    left, right = axis.get_window_extent().x0, axis.get_window_extent().x1
    for (hatch, start, end), fault in zip(hatched(axis), INJECTED, strict=True):
        assert hatch == HATCHES[fault.kind]
        hours = [8 + (edge - left) / (right - left) * 6 for edge in (start, end)]
        assert hours == pytest.approx([fault.start_s / HOUR_S, fault.end_s / HOUR_S])
    assert [text.get_text() for text in axis.texts] == ["1", "2", "3"]


def test_numbers_of_faults_that_overlap_do_not_lie_over_each_other() -> None:
    axis = Figure().subplots()
    shade_faults(axis, INJECTED)
    first, second, third = (text.xyann[1] for text in axis.texts)  # type: ignore[attr-defined] # annotations
    assert first == third < second


def test_below_a_figure_stands_which_fault_each_number_is() -> None:
    figure = Figure()
    explain_faults(figure, {"faults": INJECTED}, ", which the twin does not know")
    assert below(figure) == [
        "Faults injected on the faults day, which the twin does not know",
        "1 latency, matching",
        "2 printer-down, 35.07/printer-1",
        "3 postgres-restart",
    ]


@pytest.mark.parametrize("faults", [{}, {"faults": []}])
def test_without_faults_nothing_stands_there(faults: dict[str, list[FaultTimes]]) -> None:
    figure = Figure()
    explain_faults(figure, faults)
    assert figure.legends == []


def test_the_day_in_hours_hatches_the_day_with_faults_only(small: Scenario, frame: pl.DataFrame) -> None:
    figure = day_in_hours({"normal": frame, "faults": frame}, small, None, 1.0, {"faults": INJECTED})
    axes = figure.axes
    assert [axis.get_title(loc="left") or axis.get_title() for axis in axes[:2]] == ["Normal day", "Faults day"]
    for number, axis in enumerate(axes):
        assert hatches(axis) == ([HATCHES[fault.kind] for fault in INJECTED] if number % 2 else [])
    assert "1 latency, matching" in below(figure)


def test_the_upgrade_day_hatches_its_faults_over_the_phases(small: Scenario, frame: pl.DataFrame) -> None:
    phases = [("expand", 8 * HOUR_S, 8.2 * HOUR_S), ("backfill", 8.2 * HOUR_S, 12 * HOUR_S)]
    frames = {"normal": frame, "upgrade": frame}
    figure = upgrade_day(frames, small, phases, 13 * HOUR_S, 1.0, {"upgrade": INJECTED})
    for axis in figure.axes:
        assert hatches(axis) == [HATCHES[fault.kind] for fault in INJECTED]
    assert "Faults injected on the upgrade day" in below(figure)


def test_the_twins_chart_says_that_the_twin_knows_no_faults(small: Scenario, frame: pl.DataFrame) -> None:
    frames = {("lab", "normal"): frame, ("lab", "faults"): frame, ("twin", "normal"): frame}
    figure = twin_over_measurement(frames, small, {"faults": INJECTED})
    assert hatches(figure.axes[0]) == [HATCHES[fault.kind] for fault in INJECTED]
    assert "Faults injected on the faults day, which the twin does not know" in below(figure)
