from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from antrean.postgres import embedded
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
