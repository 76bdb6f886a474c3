"""News: what master and workers of a fleet tell each other, over Locust's own connection."""

from typing import Any, TypedDict

SHARE = "antrean-share"
"""From the master to a worker: a `ShareMessage`, before its users are started."""
STOP = "antrean-stop"
"""From the master to all workers: write down what there is and say so."""
GOT = "antrean-got"
"""From the master to a worker, after its last news: how many bytes of events arrived."""
NEWS = "antrean-news"
"""From a worker to the master: `News`, twice a second and at the end."""


class ShareMessage(TypedDict):
    """Everything a worker needs that does not lie on its machine already."""

    plan: str
    """The LoadPlan as JSON; its paths mean nothing on another machine."""
    scenario: str
    """The scenario as TOML."""
    niks: dict[str, str]
    """Of the residents who need a new card, by their names as citizens; see loadtests/residents.py."""
    target: str
    opens_in_s: float
    """When the day begins: so many seconds after the message, as the machines' clocks may differ."""


class OfficeFigures(TypedDict):
    """An office at a moment."""

    office: str
    name: str
    waiting: int
    """Citizens who wait for a counter."""
    at_centre: int
    """Citizens whose packet was sent and who have no card yet."""
    open_counters: int
    """Counters with an operator on duty."""
    in_store: int
    """Packets that the office keeps until they are to be sent."""
    left: int
    """Citizens whose patience ended."""
    to_come_back: int
    """Citizens at home who are expected on another day, for a counter or for the card."""
    overtime: bool
    """Whether the regular shift is over and somebody is still inside."""


class Requests(TypedDict):
    """What a worker's terminals have asked of the target so far."""

    requests: int
    failures: int
    held_back: int
    """Requests that had to wait, as there would have been more than `[load] max_rate` in a second."""


class News(TypedDict):
    """What has happened at a worker since its last news, and how it stands."""

    events: bytes
    """Lines of events.ndjson."""
    offices: list[OfficeFigures]
    requests: Requests
    progress: dict[str, Any]
    """As in progress.json, see loadtests/record.py."""
    summary: dict[str, Any] | None
    """As in summary.json; None in most news, for it takes the generator's time to make it."""
    over: bool
    """Whether this is the last."""
    error: str | None
    """Why the share cannot be played."""
