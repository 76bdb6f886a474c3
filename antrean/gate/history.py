"""The history: a row a run in results/baselines/history.parquet, the changes in it, and their chart."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl
from matplotlib.figure import Figure

from antrean import charts
from antrean.gate.baseline import BASELINES
from antrean.gate.change_points import ChangePoint, change_points

HISTORY = BASELINES / "history.parquet"
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "when": pl.Datetime("us", "UTC"),
    "kind": pl.String(),
    "scenario": pl.String(),
    "subject": pl.String(),
    "fingerprint": pl.String(),
    "verdict": pl.String(),
}
"""Beside these columns, one for each figure."""


class Row(NamedTuple):
    """A run, or the B side of a duet."""

    kind: str
    """run or duet."""
    scenario: str
    subject: str
    """The run's name, or what B is."""
    fingerprint: str
    verdict: str
    """Empty where nothing was decided."""
    figures: Mapping[str, float]


class Series(NamedTuple):
    """A figure over the runs that can be compared: of one kind, scenario and machine."""

    title: str
    figure: str
    subjects: Sequence[str]
    values: Sequence[float]
    changes: Sequence[ChangePoint]


def append(row: Row, path: Path = HISTORY) -> None:
    """Add a row; the file is either the old or the new one, never half. A run that is in it already is replaced."""
    fixed = row._asdict()
    figures = fixed.pop("figures")
    new = pl.DataFrame([{"when": datetime.now(UTC)} | fixed | dict(figures)]).cast(SCHEMA)  # type: ignore[arg-type] # by name, as told
    if path.exists():
        old = pl.read_parquet(path)
        if row.kind == "run":
            old = old.filter((pl.col("kind") != "run") | (pl.col("subject") != row.subject))
        new = pl.concat([old, new], how="diagonal")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    new.write_parquet(unfinished)
    unfinished.replace(path)


def read_series(path: Path, scenario: str | None = None, figure: str | None = None) -> list[Series]:
    """Return every series of the history with its changes, or those of a scenario or a figure.

    Raises:
        FileNotFoundError: there is no history yet.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no history at {path} yet; antrean duet, baseline and check write it")
    rows = pl.read_parquet(path)
    if scenario:
        rows = rows.filter(pl.col("scenario") == scenario)
    found = []
    for (kind, of, machine), part in rows.group_by("kind", "scenario", "fingerprint", maintain_order=True):
        for name in part.columns:
            if name in SCHEMA or (figure and name != figure):
                continue
            known = part.filter(pl.col(name).is_finite())
            if known.height:
                values = known[name].to_list()
                title = f"{kind} of {of} on {machine}"
                found.append(Series(title, name, known["subject"].to_list(), values, change_points(values)))
    return found


def draw(series: Sequence[Series]) -> Figure:
    """Draw each series, a panel each, with a line at each change."""
    figure = Figure(figsize=(10, 1.2 + 1.9 * len(series)))
    axes = figure.subplots(len(series), 1, squeeze=False)[:, 0]
    for axis, each in zip(axes, series, strict=True):
        axis.plot(range(len(each.values)), each.values, color=charts.NORMAL, marker="o", markersize=3, linewidth=1)
        for change in each.changes:
            axis.axvline(change.begins - 0.5, color=charts.UPGRADE, linestyle="--")
            words = f"{change.ratio - 1:+.1%}"
            axis.annotate(words, (change.begins - 0.4, max(each.values)), color=charts.UPGRADE, fontsize=8)
        axis.set_ylabel(each.figure, fontsize=8)
        axis.set_title(each.title, fontsize=8)
    axes[-1].set_xlabel("run")
    return figure
