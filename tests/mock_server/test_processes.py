"""The processes as a launcher sees them."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import Engine, text

from mock_server.settings import Settings
from tests.mock_server.commands import environment, first_line, run, running, start, stop, wait_until
from tests.mock_server.packets import Packet

ROLES = (("worker", "--name", "worker-1"), ("matcher",), ("printers",))


def test_the_processes_make_a_card_together_and_leave_nothing(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    web = start(settings, "web")
    others = [start(settings, *role) for role in ROLES]
    with running(web, *others):
        assert [first_line(process) for process in others] == [{"ready": True}] * 3
        with httpx.Client(base_url=f"http://127.0.0.1:{first_line(web)['port']}") as client:
            assert Packet("A-1").post(client).status_code == 202
            wait_until(lambda: client.get("/v1/records/A-1").json()["status"] == "CARD_PRINTED")
            assert client.post("/v1/records/A-1/handover").json()["status"] == "CARD_ISSUED"
        assert [stop(process) for process in (*others, web)] == [0, 0, 0, 0]
    with engine.connect() as connection:
        wait_until(lambda: connection.scalar(text(_OTHERS_CONNECTED)) == 0)
    assert [path.name for path in tmp_path.iterdir()] == ["signing-key.pem"]


_OTHERS_CONNECTED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.mark.parametrize("role", [("web",), *ROLES], ids=lambda role: role[0])
def test_a_process_ends_when_the_one_that_started_it_is_gone(settings: Settings, role: tuple[str, ...]) -> None:
    starts_one_and_dies = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-m', 'mock_server', *{list(role)!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", starts_one_and_dies],
        env=environment(settings), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    orphan = int(parent.stdout)
    # Where nothing reaps orphans, a zombie remains of it.
    wait_until(lambda: not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE, 10)


def test_a_second_signal_does_no_harm(settings: Settings) -> None:
    worker = start(settings, "worker")
    with running(worker):
        first_line(worker)
        worker.terminate()
        worker.terminate()
        assert worker.wait(10) == 0


def test_what_is_missing_in_the_environment_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTREAN_DATABASE_URL", raising=False)
    nowhere = {name: value for name, value in environment(settings).items() if name != "ANTREAN_DATABASE_URL"}
    command = [sys.executable, "-m", "mock_server", "web"]
    failed = subprocess.run(command, env=nowhere, capture_output=True, text=True, timeout=60, check=False)
    assert failed.returncode != 0
    assert "database_url" in failed.stderr


def test_the_help_names_every_process(settings: Settings) -> None:
    said = run(settings, "--help").stdout
    for command in ("migrate", "seed", "web", "worker", "matcher", "printers", "upgrade"):
        assert command in said


@pytest.mark.parametrize("later_s", [0.0, 0.01, 0.05])
def test_the_web_ends_on_a_signal_however_soon_it_comes(settings: Settings, later_s: float) -> None:
    web = start(settings, "web")
    with running(web):
        assert first_line(web)["port"] > 0
        time.sleep(later_s)
        assert stop(web) == 0
