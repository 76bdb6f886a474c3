import subprocess
import sys
import time

import psutil
import pytest

from antrean.gate.cpu_clock import CpuMeter, cpu_s

WORK = "import sys\nx = sum(range(4_000_000)); print('done', flush=True); sys.stdin.read()"


@pytest.fixture
def worker() -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_clock_of_another_process_agrees_with_what_the_system_counts(worker: "subprocess.Popen[str]") -> None:
    with worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(0.05)
        times = psutil.Process(worker.pid).cpu_times()
        assert cpu_s(worker.pid) == pytest.approx(times.user + times.system, abs=0.03)
        worker.communicate()
    assert cpu_s(worker.pid) == 0.0


def test_the_meter_counts_what_was_spent_since_it_was_last_asked(worker: "subprocess.Popen[str]") -> None:
    with worker:
        meter = CpuMeter([worker.pid])
        assert worker.stdout is not None
        worker.stdout.readline()
        assert meter.spent_s() > 0.02
        assert 0 <= meter.spent_s() < 0.02
        worker.communicate()
