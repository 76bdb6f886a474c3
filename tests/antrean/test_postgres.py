from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from antrean.postgres import cluster, connect_when_back, embedded, start_again, stop_hard
from tests.alive import gone


def test_the_embedded_database_answers_and_leaves_nothing_behind() -> None:
    with embedded() as url:
        folder = Path(str(conninfo_to_dict(url)["host"]))
        with psycopg.connect(url) as connection:
            answer = connection.execute("SELECT 6 * 7").fetchone()
        assert answer == (42,)
        assert folder.name == "data"
        server = int((folder / "postmaster.pid").read_text().split()[0])
        assert psutil.pid_exists(server)
    assert not folder.parent.exists()
    assert gone(server)


def test_its_folder_is_not_in_a_home() -> None:
    with embedded() as url:
        folder = Path(str(conninfo_to_dict(url)["host"]))
        assert Path.home() not in folder.parents


def test_a_cluster_that_is_stopped_hard_comes_back_where_it_was_with_all_that_was_committed() -> None:
    with cluster() as server:
        url = server.get_uri()
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        before = server.get_pid()
        stop_hard(server)
        assert gone(before)
        with pytest.raises(psycopg.OperationalError):
            connect_when_back(url, within_s=0.0)
        start_again(server)
        assert server.get_uri() == url
        with connect_when_back(url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        assert "immediate shutdown" in server.log.read_text()
        after = server.get_pid()
    assert gone(after)
    assert not server.pgdata.exists()
