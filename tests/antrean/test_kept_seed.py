"""Seeds kept between runs: reused when they are just what is asked for, and never half made."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from antrean import kept_seed
from antrean.lab import Lab, open_lab
from antrean.processes import ProcessError
from model.scenario import Scenario
from model.scenario_file import load
from model.staffing import plan_offices


def scenario(residents: int = 10) -> Scenario:
    april = load("april-2016")
    return april.model_copy(
        update={
            "offices": april.offices.model_copy(update={"which": ["35.07"]}),
            "centre": april.centre.model_copy(update={"residents": residents}),
        }
    )


def seed(keep: Path, logs: Path, url: str | None, residents: int = 10) -> bool:
    asked = scenario(residents)
    with open_lab(logs, url, keep) as lab:
        return lab.seed(asked, plan_offices(asked))


def seeds(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, 'antrean_')").fetchall()
    return {name for (name,) in rows}


@pytest.fixture
def server(postgres: str) -> Iterator[str]:
    """A PostgreSQL on which nothing of ours stays."""
    before = seeds(postgres)
    yield postgres
    with psycopg.connect(postgres, autocommit=True) as connection:
        for name in seeds(postgres) - before:
            connection.execute(f"DROP DATABASE {name}")


def test_the_same_seed_is_made_once_and_others_have_their_own(server: str, tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    assert seed(keep, tmp_path, server)
    key = (keep / kept_seed.KEY_FILE).read_bytes()
    assert not seed(keep, tmp_path, server)
    assert seed(keep, tmp_path, server, residents=11)
    assert not seed(keep, tmp_path, server)
    assert len(seeds(server)) == 2
    assert (keep / kept_seed.KEY_FILE).read_bytes() == key
    assert stat.S_IMODE((keep / kept_seed.KEY_FILE).stat().st_mode) == 0o600


def test_a_folder_without_its_key_is_another_folder(server: str, tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    assert seed(keep, tmp_path, server)
    (keep / kept_seed.KEY_FILE).unlink()
    assert seed(keep, tmp_path, server)


def test_an_interrupted_seeding_is_done_anew(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Lab._run

    def interrupted(lab: Lab, command: str, arguments: list[str], environment: dict[str, str]) -> None:
        run(lab, command, arguments, environment)
        if command == "seed":
            raise ProcessError("seed was killed")

    with monkeypatch.context() as patched:
        patched.setattr(Lab, "_run", interrupted)
        with pytest.raises(ProcessError):
            seed(tmp_path / "keep", tmp_path, server)
    assert len(seeds(server)) == 1
    assert seed(tmp_path / "keep", tmp_path, server)
    assert not seed(tmp_path / "keep", tmp_path, server)


def test_a_folder_serves_one_run_at_a_time(tmp_path: Path) -> None:
    with kept_seed.hold(tmp_path), pytest.raises(kept_seed.SeedInUseError, match="another run uses the seeds kept"):
        kept_seed.hold(tmp_path).__enter__()
    with kept_seed.hold(tmp_path):
        pass


def test_the_name_follows_everything_that_makes_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept_seed.hold(tmp_path):
        first = kept_seed.database_name(tmp_path, ["--seed", "1"], {"35.07": 2.0})
        assert kept_seed.database_name(tmp_path, ["--seed", "1"], {"35.07": 2.0}) == first
        others = [
            kept_seed.database_name(tmp_path, ["--seed", "2"], {"35.07": 2.0}),
            kept_seed.database_name(tmp_path, ["--seed", "1"], {"35.07": 3.0}),
        ]
        monkeypatch.setattr(kept_seed, "_SOURCES", ("mock_server/seed*.py",))
        others.append(kept_seed.database_name(tmp_path, ["--seed", "1"], {"35.07": 2.0}))
    assert len({first, *others}) == 4


def test_an_embedded_cluster_is_kept_without_its_processes_and_cleared_of_what_killed_runs_left(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    assert seed(keep, tmp_path, None)
    assert not [process for process in psutil.process_iter() if str(keep) in " ".join(_command(process))]
    with open_lab(tmp_path, None, keep) as lab:
        (kept,) = seeds(lab._url)
        with psycopg.connect(lab._url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE antrean_1_upgrade")
            connection.execute(f"CREATE DATABASE {kept_seed.PREFIX}older_x")
    with open_lab(tmp_path, None, keep) as lab:
        assert seeds(lab._url) == {kept}
        assert not lab.seed(scenario(), plan_offices(scenario()))


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
