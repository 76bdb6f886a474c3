"""Serving for people to look at: as a user starts and stops it."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from antrean.lab import open_lab
from model.scenario_file import load
from model.staffing import plan_offices
from tests.alive import gone

WITHIN_S = 60
RESIDENTS = 50


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "antrean", "serve", "--residents", str(RESIDENTS), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def console(serving: "subprocess.Popen[str]") -> str:
    """Read what it says until it tells the console's address."""
    assert serving.stdout is not None
    for line in serving.stdout:
        if found := re.match(r"Console: (http://127\.0\.0\.1:\d+)/", line):
            return found[1]
    raise AssertionError("it ended without telling an address")


def test_a_demonstration_shows_cards_until_it_is_stopped_and_leaves_nothing() -> None:
    serving = start("--demo", "--rate", "5")
    try:
        # The residents' own cards were made before, and have no picture.
        first = f"{RESIDENTS + 1:012d}"
        with httpx.Client(base_url=console(serving)) as client:
            assert "antrean console" in client.get("/").text
            deadline = time.monotonic() + WITHIN_S
            while client.get(f"/_console/cards/{first}.jpg").status_code != 200:
                assert time.monotonic() < deadline, "no card was made"
                time.sleep(0.2)
        started = psutil.Process(serving.pid).children(recursive=True)
        assert started
        serving.send_signal(signal.SIGINT)
        said, _ = serving.communicate(timeout=WITHIN_S)
    finally:
        serving.kill()
        serving.wait()
    assert serving.returncode == 0
    assert said.strip() == "Stopped; nothing is left running."
    assert all(gone(process.pid) for process in started)


def test_a_measured_server_shows_no_console(postgres: str, tmp_path: Path) -> None:
    scenario = load("april-2016")
    scenario = scenario.model_copy(
        update={
            "offices": scenario.offices.model_copy(update={"which": ["35.07"]}),
            "centre": scenario.centre.model_copy(update={"residents": 10}),
        }
    )
    plans = plan_offices(scenario)
    with open_lab(tmp_path, postgres) as lab:
        lab.seed(scenario, plans)
        with lab.server("measured", plans, 0.0) as server:
            assert httpx.get(f"{server.url}/livez").status_code == 204
            assert httpx.get(f"{server.url}/").status_code == 404
