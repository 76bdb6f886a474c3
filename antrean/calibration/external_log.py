"""A foreign server's log: a row a visit, as CSV or parquet, with the columns record, stage, entered, started, finished.

`started` may be missing, as a column or in some rows: then it is recovered by queue mining. A row without `finished`
is a visit that was still going on. Times are seconds, or ISO 8601 timestamps. Other columns are not read.
"""

from pathlib import Path

import polars as pl

from antrean.calibration.visits import SCHEMA

REQUIRED = ("record", "stage", "entered", "finished")
MOMENTS = ("entered", "started", "finished")


class LogError(ValueError):
    """The log cannot be used; the message says where and what would be right."""


def read(path: Path) -> pl.DataFrame:
    """Read a log as the visits of one session (see visits.py); its clock begins with its first visit.

    Raises:
        LogError: there is no such file, it is of another kind, lacks a column, or its times are none or out of order.
    """
    frame = _read_table(path)
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise LogError(
            f"{path} has no column {', '.join(missing)}; a log has record, stage, entered, finished and, where it is "
            f"known, started; this one has {', '.join(frame.columns)}"
        )
    if "started" not in frame.columns:
        frame = frame.with_columns(started=pl.lit(None, dtype=pl.Float64))
    frame = frame.with_columns(_seconds(frame, name, path) for name in MOMENTS)
    _check(frame, path)
    first_s = frame["entered"].min()
    visits = frame.with_columns(
        *(pl.lit(None).alias(name) for name in ("server", "claimed_s")),
        *(pl.lit("").alias(name) for name in ("version", "phase")),
        *((pl.col(name) - first_s).alias(f"{name}_s") for name in MOMENTS),
        session=pl.lit(path.name),
    )
    return visits.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items()).sort(
        "entered_s", maintain_order=True
    )


def _read_table(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise LogError(f"there is no log {path}")
    if path.suffix not in {".csv", ".parquet"}:
        raise LogError(f"{path} is of an unknown kind; a log is a .csv or a .parquet file")
    try:
        return pl.read_csv(path, infer_schema_length=None) if path.suffix == ".csv" else pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise LogError(f"{path} cannot be read as {path.suffix[1:]}: {error}") from None


def _seconds(frame: pl.DataFrame, name: str, path: Path) -> pl.Series:
    """A column of moments in seconds."""
    column = frame[name]
    if column.dtype == pl.String:
        parsed = column.str.to_datetime(strict=False, time_zone="UTC")
        bad = column.is_not_null() & parsed.is_null()
        if bad.any():
            row = int(bad.arg_true()[0])
            raise LogError(
                f"{path}, row {row + 1}: {name} is {column[row]!r}; write seconds, or a timestamp such as "
                "2016-04-04T08:00:00.250+07:00"
            )
        column = parsed
    if column.dtype.is_temporal():
        return column.dt.epoch("us").cast(pl.Float64) / 1e6
    return column.cast(pl.Float64)


def _check(frame: pl.DataFrame, path: Path) -> None:
    """Refuse rows whose moments cannot be."""
    if frame.is_empty():
        raise LogError(f"{path} has no rows")
    for earlier, later in (("entered", "started"), ("entered", "finished"), ("started", "finished")):
        wrong = (frame[later] < frame[earlier]).fill_null(value=False)
        if wrong.any():
            row = int(wrong.arg_true()[0])
            raise LogError(
                f"{path}, row {row + 1}: {later} is before {earlier}; a visit enters, starts and finishes in this order"
            )
    for name in ("record", "stage", "entered"):
        if frame[name].is_null().any():
            row = int(frame[name].is_null().arg_true()[0])
            raise LogError(f"{path}, row {row + 1}: {name} is missing; only started and finished may be")
