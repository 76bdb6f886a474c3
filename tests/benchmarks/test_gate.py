from itertools import islice
from pathlib import Path

import polars as pl
import pytest

from antrean.gate.decision import Verdict
from benchmarks.gate import SLOWER, cases, keep
from benchmarks.gate_figures import exact_interval, markdown, summarise


def row(slower: float, neighbour: bool, verdict: Verdict) -> dict[str, object]:
    figures = {"took_s": 30.0, "rounds": 40, "cpu_ratio": 1 + slower}
    return {"slower": slower, "neighbour": neighbour, "verdict": str(verdict), **figures}


def test_half_of_the_decisions_are_the_same_build_twice_and_half_have_a_neighbour() -> None:
    first = list(islice(cases(), 12))
    assert sum(case.slower == 0 for case in first) == 6
    assert sum(case.neighbour for case in first) == 6
    assert {(case.slower, case.neighbour) for case in first} == {(slower, busy) for slower in SLOWER for busy in (0, 1)}


def test_a_row_a_decision_is_kept_for_the_next_time(tmp_path: Path) -> None:
    rows = tmp_path / "kept" / "rows.parquet"
    keep(rows, row(0.0, False, Verdict.SAME))
    keep(rows, row(0.1, True, Verdict.REGRESSED))
    assert pl.read_parquet(rows)["verdict"].to_list() == ["same", "regressed"]


def test_each_kind_is_counted_and_the_table_tells_it() -> None:
    rows = [row(0.0, False, Verdict.SAME)] * 3 + [row(0.0, True, Verdict.CANNOT_TELL)]
    rows += [row(0.1, False, Verdict.REGRESSED)] * 2
    found = summarise(pl.DataFrame(rows))
    kinds = {(kind["slower"], kind["neighbour"]): kind for kind in found["kinds"]}
    assert kinds[0.0, None]["decisions"] == 4
    assert kinds[0.0, None]["verdicts"] == {"regressed": 0, "improved": 0, "same": 3, "cannot tell": 1}
    assert kinds[0.1, None]["regressed_share"] == 1.0
    lines = markdown(found).splitlines()
    assert len(lines) == 2 + len(kinds)
    assert "| nothing (A/A) | both | 4 | 0.0% | 0.0% to 60.2% | 3 | 0 | 1 | 30 |" in lines


@pytest.mark.parametrize(("hits", "of", "low", "high"), [(0, 120, 0.0, 0.0303), (60, 60, 0.9404, 1.0)])
def test_the_interval_of_a_rate_is_exact(hits: int, of: int, low: float, high: float) -> None:
    assert exact_interval(hits, of) == pytest.approx((low, high), abs=1e-4)
