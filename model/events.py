"""StageEvent: one immutable row per finished visit to a stage, the same row from server, load side and simulation.

Measures are derived from these rows afterwards, whatever their source. Times are seconds since the scenario's start;
see `model/clock.py` for how a compressed run's wall clock is brought to them.
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import polars as pl

from model.stages import Stage, Status


class Source(StrEnum):
    """Who saw the visit."""

    LOAD = "load"
    SERVER = "server"
    SIMULATION = "simulation"


class Exit(StrEnum):
    """Why a wait for a counter ended without one; in such a visit's row it stands in place of the server."""

    TURNED_AWAY = "turned away"
    """The software does not offer yet what the citizen came for."""
    LEFT = "left"
    """The citizen's patience ended."""
    SENT_HOME = "sent home"
    """The evening ended; the citizen comes back when the doors next open."""
    SENT_HOME_FOR_GOOD = "sent home for good"
    """The evening ended, and the citizen does not come back."""


class StageEvent(NamedTuple):
    """A visit of one citizen to one stage."""

    citizen: str
    """The citizen's name in the scenario; the server knows it as the record's reference."""
    office: str
    stage: Stage
    entered_s: float
    """When the citizen (or record) joined the stage's queue. For an arrival: when the scenario meant it."""
    claimed_s: float
    """When a server took it out of the queue, perhaps as one of a batch."""
    started_s: float
    """When work on this very one began."""
    finished_s: float
    server: str
    """Which counter, worker or printer served; of a wait that ended without a counter, the `Exit`."""
    outcome: Status
    """The status the visit ended in."""
    source: Source
    version: str
    """The centre's software version at the time, "" where the source cannot know."""
    phase: str
    """The upgrade's phase at the time, "" when none is under way."""


SCHEMA: dict[str, pl.DataType] = {
    "citizen": pl.String(),
    "office": pl.String(),
    "stage": pl.Enum([stage.value for stage in Stage]),
    "entered_s": pl.Float64(),
    "claimed_s": pl.Float64(),
    "started_s": pl.Float64(),
    "finished_s": pl.Float64(),
    "server": pl.String(),
    "outcome": pl.Enum([status.value for status in Status]),
    "source": pl.Enum([source.value for source in Source]),
    "version": pl.String(),
    "phase": pl.String(),
}
"""The events as columns, in the order of `StageEvent`'s fields."""


PACKED_ROWS = 100_000
"""So many rows are kept as Python's objects, which take three times as much memory as a frame's."""


class EventLog:
    """Collects events column by column: a simulated nation has millions of them."""

    def __init__(self, source: Source) -> None:
        """Make an empty log whose rows all come from `source`."""
        self._source = source
        self._packed: list[pl.DataFrame] = []
        self._columns: dict[str, list[object]] = {name: [] for name in SCHEMA if name != "source"}
        self._append = [column.append for column in self._columns.values()]
        self._free = PACKED_ROWS

    def row(
        self,
        citizen: str,
        office: str,
        stage: Stage,
        times_s: tuple[float, float, float, float],
        server: str,
        outcome: Status,
        version: str = "",
        phase: str = "",
    ) -> None:
        """Add a visit; `times_s` are entered, claimed, started and finished."""
        values = (citizen, office, stage, *times_s, server, outcome, version, phase)
        for append, value in zip(self._append, values, strict=True):
            append(value)
        self._free -= 1
        if not self._free:
            self._pack()

    def frame(self) -> pl.DataFrame:
        """Return the rows so far as a frame of schema `SCHEMA`, in the order they were added."""
        self._pack()
        return pl.concat(self._packed)

    def _pack(self) -> None:
        columns = {name: pl.Series(name, values, dtype=SCHEMA[name]) for name, values in self._columns.items()}
        frame = pl.DataFrame(columns).with_columns(source=pl.lit(self._source, dtype=SCHEMA["source"]))
        self._packed.append(frame.select(list(SCHEMA)))
        for column in self._columns.values():
            column.clear()
        self._free = PACKED_ROWS


def to_frame(events: Iterable[StageEvent]) -> pl.DataFrame:
    """Put events into a frame of schema `SCHEMA`, a row each, in the order given."""
    return pl.DataFrame(list(events), schema=SCHEMA, orient="row")


def read(path: Path) -> pl.DataFrame:
    """Read a parquet file of events.

    Raises:
        ValueError: the file's columns are not those of `SCHEMA`.
    """
    frame = pl.read_parquet(path)
    if dict(frame.schema) != SCHEMA:
        columns = ", ".join(f"{name} {dtype}" for name, dtype in frame.schema.items())
        raise ValueError(f"{path} does not hold stage events: its columns are {columns}")
    return frame


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write events to a parquet file, columns and types checked against `SCHEMA`."""
    frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items()).write_parquet(path)
