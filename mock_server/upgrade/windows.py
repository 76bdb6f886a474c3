"""Windows: the hours to which an upgrade keeps, as spans of time in seconds since the epoch; none means always."""

import math
from collections.abc import Sequence

Span = tuple[float, float]
"""When it opens, and when it closes."""


def until_open_s(windows: Sequence[Span], now: float) -> float:
    """Return how long it is until a window is open: 0 within one, infinity when the last one has closed."""
    if not windows:
        return 0.0
    return min((max(0.0, opens - now) for opens, closes in windows if now < closes), default=math.inf)
