from pathlib import Path

import polars as pl
import pytest

from antrean.calibration.external_log import LogError, read
from antrean.calibration.visits import SCHEMA

ROWS = """record,stage,entered,started,finished,clerk
b,approval,12.0,12.5,14.0,Ana
a,approval,10.0,,11.5,Ben
c,approval,13.0,14.0,,Ana
"""


def test_a_csv_becomes_visits_in_the_order_of_arrival_with_its_gaps_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(ROWS)
    visits = read(path)
    assert dict(visits.schema) == SCHEMA
    assert visits["record"].to_list() == ["a", "b", "c"]
    assert visits["entered_s"].to_list() == [0.0, 2.0, 3.0]
    assert visits["started_s"].to_list() == [None, 2.5, 4.0]
    assert visits["finished_s"].to_list() == [1.5, 4.0, None]


def test_a_column_of_starts_that_is_empty_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("record,stage,entered,started,finished\n1,approval,1,,2\n2,approval,2,,3\n")
    assert read(path)["started_s"].to_list() == [None, None]


def test_parquet_and_timestamps_say_the_same_as_csv_and_seconds(tmp_path: Path) -> None:
    day = "2016-04-04T08:00:"
    text = (
        "record,stage,entered,finished\n"
        f"a,approval,{day}01.250+07:00,{day}02+07:00\n"
        f"b,approval,{day}01.5+07:00,{day}04+07:00\n"
    )
    path = tmp_path / "log.csv"
    path.write_text(text)
    seconds = pl.DataFrame(
        {"record": ["a", "b"], "stage": ["approval"] * 2, "entered": [1.25, 1.5], "finished": [2.0, 4.0]}
    )
    seconds.write_parquet(tmp_path / "log.parquet")
    moments = ["entered_s", "started_s", "finished_s"]
    assert read(path).select(moments).equals(read(tmp_path / "log.parquet").select(moments))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("record,stage,entered\na,x,1\n", "no column finished; a log has record, stage"),
        ("record,stage,entered,finished\na,x,5,4\n", "row 1: finished is before entered"),
        ("record,stage,entered,started,finished\na,x,1,2,3\nb,x,4,3.5,6\n", "row 2: started is before entered"),
        ("record,stage,entered,finished\na,x,yesterday,today\n", "row 1: entered is 'yesterday'; write seconds"),
        ("record,stage,entered,finished\na,x,,4\n", "row 1: entered is missing"),
        ("record,stage,entered,finished\n", "has no rows"),
    ],
)
def test_what_is_wrong_is_told_with_its_row_and_what_would_be_right(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(LogError, match=complaint):
        read(path)


def test_a_file_that_is_not_what_its_ending_says_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.parquet").write_text(ROWS)
    with pytest.raises(LogError, match="cannot be read as parquet"):
        read(tmp_path / "log.parquet")
    (tmp_path / "log.csv").write_text("")
    with pytest.raises(LogError, match="cannot be read as csv"):
        read(tmp_path / "log.csv")


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no log"):
        read(tmp_path / "log.csv")
    (tmp_path / "log.xlsx").write_text("")
    with pytest.raises(LogError, match=r"\.csv or a \.parquet"):
        read(tmp_path / "log.xlsx")
