"""The open load: a Poisson process, always the same, each packet sent once."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from loadtests.walk_ins import arrivals_s
from model.scenario import Scenario
from model.stages import Stage
from tests.loadtests.lab import Run
from tests.loadtests.stub_server import StubServer


def test_arrivals_are_a_poisson_process_of_the_rate() -> None:
    moments_s = np.array(list(arrivals_s(7, 0, 50.0, 200.0)))
    gaps_s = np.diff(moments_s)
    assert moments_s[0] > 0
    assert moments_s[-1] < 200.0
    # 10,000 are expected, with a standard deviation of 100; gaps are as spread as they are long.
    assert len(moments_s) == pytest.approx(10_000, abs=400)
    assert gaps_s.min() > 0
    assert gaps_s.std() == pytest.approx(gaps_s.mean(), rel=0.05)


def test_arrivals_are_always_the_same_and_a_longer_load_only_adds_later_ones() -> None:
    short = list(arrivals_s(7, 0, 50.0, 10.0))
    assert list(islice(arrivals_s(7, 0, 50.0, 100.0), len(short))) == short
    assert list(arrivals_s(7, 1, 50.0, 10.0)) != short
    assert list(arrivals_s(7, 0, 51.0, 10.0)) != short


def test_everybody_planned_arrives_and_is_sent_once(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    run = Run(tmp_path, lab, stub.host, mode="open", rate_per_s=40.0, length_s=2.0, terminals=20)
    run.finish()
    summary = run.summary()
    planned_s = list(arrivals_s(lab.seed, 0, 40.0, 2.0))

    assert summary["planned"] == summary["arrivals"] == summary["submitted"] == stub.sendings == len(planned_s)
    assert [event.entered_s for event in run.events(Stage.ARRIVAL)] == pytest.approx(planned_s)
    assert len(set(stub.received)) == len(planned_s)
    assert summary["dropped"] == summary["failed"] == summary["waiting"] == 0
    assert summary["start_lag"]["count"] == len(planned_s)
    assert all(event.claimed_s >= event.entered_s for event in run.events(Stage.SUBMISSION))


def test_a_packet_that_fails_is_not_sent_again_and_its_time_is_kept_apart(
    tmp_path: Path, lab: Scenario, stub: StubServer
) -> None:
    stub.refuses_every = 4
    run = Run(tmp_path, lab, stub.host, mode="open", rate_per_s=40.0, length_s=2.0, terminals=20)
    run.finish()
    summary = run.summary()

    assert stub.sendings == summary["planned"]
    assert summary["failed"] == stub.sendings // 4 > 0
    assert summary["submitted"] + summary["failed"] == summary["planned"]
    assert summary["retries"] == 0
    step = summary["steps"]["submission"]
    assert step["intended"]["count"] == summary["submitted"]
    assert step["failed"]["intended"]["count"] == summary["failed_requests"]["count"] == summary["failed"]


def test_a_rate_too_dense_for_the_scenario_is_refused(tmp_path: Path, lab: Scenario, stub: StubServer) -> None:
    slow = lab.model_copy(update={"load": lab.load.model_copy(update={"max_rate_per_s": 20.0})})
    run = Run(tmp_path, slow, stub.host, mode="open", rate_per_s=40.0, length_s=2.0)
    try:
        _, log = run.process.communicate(timeout=30)
    finally:
        run.kill()
    assert run.process.returncode == 1
    assert "more than load.max_rate" in log
    assert not stub.received
