import time

import pytest

from mock_server.deliberate_cost import ALLOWED_BY, DeliberateCost, NotAllowedError


def work() -> float:
    """Do something and return its CPU-seconds."""
    began_s = time.thread_time()
    sum(range(300_000))
    return time.thread_time() - began_s


def test_it_adds_its_share_of_the_works_own_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOWED_BY, "yes")
    began_s, worked_s = time.thread_time(), 0.0
    for _ in range(20):
        with DeliberateCost(0.5):
            worked_s += work()
    assert (time.thread_time() - began_s) / worked_s == pytest.approx(1.5, abs=0.1)


def test_nobody_gets_it_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALLOWED_BY, raising=False)
    with pytest.raises(NotAllowedError, match=f"set {ALLOWED_BY}=yes"):
        DeliberateCost(0.05)
    with DeliberateCost(0.0):
        work()
