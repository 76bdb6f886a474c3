import asyncio
import os
import threading
import time

import pytest

from mock_server import passwords
from mock_server.passwords import DECOY, Checks, fits, hash_password


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    first, second = hash_password("sandi-1"), hash_password("sandi-1")
    assert first != second
    assert fits("sandi-1", first)
    assert fits("sandi-1", second)
    assert not fits("sandi-2", first)
    assert "sandi" not in first


def test_nothing_fits_the_decoy_which_is_checked_like_any_other() -> None:
    assert not fits("", DECOY)
    assert len(DECOY) == len(hash_password("x"))


def test_no_more_are_checked_at_once_than_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = [0], [0], threading.Lock()

    def slow(password: str, kept: str) -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return password == kept

    async def storm() -> list[bool]:
        checks = Checks()
        return await asyncio.gather(*(checks.fits(str(n), "7") for n in range(30)))

    monkeypatch.setattr(passwords, "fits", slow)
    assert [n for n, known in enumerate(asyncio.run(storm())) if known] == [7]
    assert most[0] <= (os.cpu_count() or 1)
