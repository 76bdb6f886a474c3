"""Allowances: a burst, then so many a second."""

import pytest

from mock_server.allowance import Allowances


def test_a_key_may_send_a_burst_and_then_its_rate() -> None:
    now_s = [100.0]
    allowances = Allowances(per_s=2.0, burst=3, now=lambda: now_s[0])
    assert [allowances.wait_s("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    now_s[0] += 0.4
    assert allowances.wait_s("a") == pytest.approx(0.1)
    now_s[0] += 0.1
    assert allowances.wait_s("a") == 0.0
    assert allowances.wait_s("a") == pytest.approx(0.5)


def test_a_rest_fills_the_bucket_and_no_more() -> None:
    now_s = [100.0]
    allowances = Allowances(per_s=2.0, burst=3, now=lambda: now_s[0])
    allowances.wait_s("a")
    now_s[0] += 1_000
    assert [allowances.wait_s("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_keys_have_allowances_of_their_own() -> None:
    allowances = Allowances(per_s=1.0, burst=1, now=lambda: 0.0)
    assert [allowances.wait_s(key) for key in ("a", "b", "a", "b")] == [0.0, 0.0, 1.0, 1.0]
