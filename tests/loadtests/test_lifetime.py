"""Locust's life after its parent's: short."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from loadtests.plan import LoadPlan
from model.scenario import Scenario
from model.scenario_file import dump
from model.units import HOUR_S
from tests.loadtests.stub_server import StubServer

PARENT = """
import subprocess, sys, time
from pathlib import Path
from loadtests.plan import command
child = subprocess.Popen(command(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])), stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
child.wait()
"""


def test_locust_does_not_outlive_a_killed_parent_and_has_written_what_it_had(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    slow = lab.model_copy(update={"load": lab.load.model_copy(update={"speedup": 500.0})})
    (tmp_path / "scenario.toml").write_text(dump(slow), encoding="utf-8")
    out = tmp_path / "out"
    LoadPlan(
        scenario=tmp_path / "scenario.toml",
        mode="day",
        origin_wall_s=time.time(),
        origin_scenario_s=8 * HOUR_S,
        out=out,
    ).write(tmp_path / "plan.json")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "plan.json"), stub.host, str(out)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    locust = psutil.Process(int(parent.stdout.readline()))
    try:
        while not stub.received:
            assert locust.is_running()
            time.sleep(0.05)
        parent.kill()
        # Far less than the day would last; the grace is for a busy machine.
        gone, _ = psutil.wait_procs([locust], timeout=10)
        assert gone
        assert '"over": false' in (out / "summary.json").read_text(encoding="utf-8")
    finally:
        parent.kill()
        parent.communicate()
        if locust.is_running():
            locust.kill()
