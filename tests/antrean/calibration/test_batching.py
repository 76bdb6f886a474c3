"""Batches put together by hand, of which everything is known."""

import numpy as np
import polars as pl
import pytest

from antrean.calibration import batching
from antrean.calibration.visits import SCHEMA
from model.stages import Stage

Row = tuple[str, str, str | None, float, float, float, float]


def visits(rows: list[Row], version: str = "5.4") -> pl.DataFrame:
    """Put (record, stage, server, entered, claimed, started, finished) into visits with work and blocks."""
    names = ["record", "stage", "server", "entered_s", "claimed_s", "started_s", "finished_s"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        session=pl.lit("day"), version=pl.lit(version), phase=pl.lit(""), block=pl.lit(0)
    )
    return frame.with_columns(work_s=pl.col("finished_s") - pl.col("started_s")).select(*SCHEMA, "work_s", "block")


TWO_OF_A_WORKER: list[Row] = [
    ("a", "validation", "w1", 0.0, 1.0, 1.25, 2.0),
    ("b", "validation", "w1", 0.5, 1.0, 2.0, 3.0),
    ("c", "personalisation", "w1", 1.5, 3.5, 3.75, 5.0),
]
MATCHED: list[Row] = [
    # `a` was done at 2, but its batch was committed at 3: only then could the matcher see it.
    ("a", "matching", "m", 2.0, 3.25, 3.5, 4.0),
    ("b", "matching", "m", 3.0, 3.25, 4.0, 4.5),
]


def test_a_batch_is_what_one_server_claimed_at_once() -> None:
    table = batching.batches(visits(TWO_OF_A_WORKER))
    assert table.select("stages", "size", "started_s", "finished_s", "work_s").rows() == [
        ("validation", 2, 1.25, 3.0, 1.75),
        ("personalisation", 1, 3.75, 5.0, 1.25),
    ]


def test_a_record_is_ready_when_its_batch_before_is_committed() -> None:
    ready = batching.with_ready(visits(TWO_OF_A_WORKER + MATCHED)).filter(pl.col("stage") == "matching")
    assert ready.select("record", "ready_s").rows() == [("a", 3.0), ("b", 3.0)]


def test_a_gap_counts_only_while_work_was_waiting() -> None:
    """`c` came at 1.5 and waited when the first batch ended; `d` came when the worker had nothing to do."""
    rows = [*TWO_OF_A_WORKER, ("d", "validation", "w1", 9.0, 9.5, 9.75, 10.0)]
    gaps = batching.gaps(batching.batches(visits(rows)))
    assert gaps["gap_s"].to_list() == [0.75]


def test_an_idle_servers_notice_is_counted_from_when_it_could_see_the_record() -> None:
    everything = visits(TWO_OF_A_WORKER + MATCHED)
    table = batching.batches(everything)
    found = batching.notices(everything, table, ["matching"])
    assert found["notice_s"].to_list() == [0.5, 0.5]
    # `c` came while the worker was busy: it waited for it, which is no notice.
    assert batching.notices(everything, table, ["validation", "personalisation"])["notice_s"].to_list() == [1.25, 0.75]


def test_what_a_batch_costs_beside_its_records_is_found() -> None:
    dice = np.random.default_rng(51)
    sizes = dice.integers(1, 33, 500).astype(float)
    found = batching.batch_time(sizes, 0.02 + 0.003 * sizes + dice.normal(0, 0.002, 500))
    assert found.fixed_s == pytest.approx(0.02, abs=0.001)
    assert found.per_record_s == pytest.approx(0.003, rel=0.03)
    assert batching.batch_time(sizes, 0.003 * sizes - 0.001).fixed_s == 0.0


def test_a_change_of_version_is_a_standstill_and_no_gap() -> None:
    after: list[Row] = [("c", "matching", "m", 4.25, 4.75, 8.0, 8.5)]
    table = batching.batches(pl.concat([visits(MATCHED), visits(after, "5.5")]))
    assert batching.gaps(table).is_empty()
    assert batching.standstills(table, Stage.MATCHING).rows() == [("day", "5.5", 3.5)]


def test_a_standstill_counts_from_when_a_record_came_whichever_stage_it_waits_before() -> None:
    after: list[Row] = [("c", "validation", "w1", 5.0, 7.0, 7.5, 7.75), ("c", "matching", "m", 7.75, 7.75, 8.0, 8.5)]
    table = batching.batches(pl.concat([visits(MATCHED), visits(after, "5.5")]))
    assert batching.standstills(table, Stage.MATCHING).rows() == [("day", "5.5", 3.0)]
