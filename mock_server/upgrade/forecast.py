"""The forecast: when a phase that goes through rows will be through all of them, at the rate it has kept so far."""

from collections.abc import Sequence
from typing import NamedTuple

from mock_server.upgrade.windows import Span


class Progress(NamedTuple):
    """How far a phase is; moments in seconds since the epoch."""

    rows_done: int
    rows_total: int
    started_at: float


def expected_end(progress: Progress, windows: Sequence[Span], now: float) -> float | None:
    """Return when the phase is expected to end, in seconds since the epoch; it works within the windows only.

    None while nothing can be told: the phase counts no rows, has done none yet, or the windows end before it does.
    """
    worked_s = _worked_s(progress.started_at, now, windows)
    if not progress.rows_done or worked_s <= 0:
        return None
    left = max(0, progress.rows_total - progress.rows_done)
    return _after(now, left * worked_s / progress.rows_done, windows)


def _worked_s(start: float, end: float, windows: Sequence[Span]) -> float:
    """Return how long the windows were open between two moments."""
    if not windows:
        return end - start
    return sum(max(0.0, min(end, closes) - max(start, opens)) for opens, closes in windows)


def _after(now: float, work_s: float, windows: Sequence[Span]) -> float | None:
    """Return when so much work is done from now on; None if the windows do not suffice."""
    if not windows:
        return now + work_s
    for opens, closes in windows:
        start = max(now, opens)
        if start + work_s <= closes:
            return start + work_s
        work_s -= max(0.0, closes - start)
    return None
