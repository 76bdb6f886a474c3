"""The upgrade of a lab day: asked for over the API, followed while it works, and read back when the day is over."""

import threading
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg

from antrean.admin import Admin, AdminError
from antrean.postgres import connect_when_back
from antrean.processes import ProcessError
from model.clock import Clock
from model.scenario import Scenario
from model.upgrade import windows_s

LOOK_EVERY_S = 1.0
"""How often the server is asked how far the upgrade is: seldom, for it is being measured."""
SAMPLE_EVERY_S = 0.05
"""How often the locks are looked at; a shorter wait may stay unseen."""
ENDED = ("done", "failed", "stopped")
"""The states of an upgrade that is over."""
UPGRADE_CONNECTIONS = "antrean-upgrade"
"""How the names of the upgrade's own connections begin."""

# For how long the one who has waited longest has waited so far. A wait's first milliseconds have no start yet.
_LONGEST_WAIT = """
SELECT extract(epoch FROM clock_timestamp())::float8,
       max(extract(epoch FROM clock_timestamp() - l.waitstart))::float8
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database() AND NOT starts_with(a.application_name, %s)
"""


class UpgradeTimes(NamedTuple):
    """When the upgrade really worked, in seconds since the scenario's start."""

    start_s: float
    end_s: float | None
    """None while it has not ended."""
    phases: tuple[tuple[str, float, float | None], ...]
    """Each phase's name, start and end."""
    plan: str
    error: str | None
    """What it said when it failed."""


def request_of(scenario: Scenario, clock: Clock) -> dict[str, Any]:
    """Return what `POST /v1/upgrades` is sent for a scenario's upgrade, its moments on the wall clock.

    Raises:
        ValueError: the scenario has no upgrade.
    """
    upgrade = scenario.upgrade
    if upgrade is None:
        raise ValueError("the scenario has no [upgrade] to start")
    return {
        "to": upgrade.to,
        "plan": upgrade.plan,
        "batch": upgrade.batch,
        "pause_s": upgrade.pause_s,
        "parallelism": upgrade.parallelism,
        "start_at": clock.to_wall_s(scenario.seconds_at(upgrade.start)),
        "windows": [
            {"opens_at": clock.to_wall_s(window.start_s), "closes_at": clock.to_wall_s(window.end_s)}
            for window in windows_s(upgrade, scenario.scenario.days)
        ],
    }


class Follower:
    """Follows an upgrade from afar."""

    def __init__(self, admin: Admin, number: int) -> None:
        """Follow the upgrade of this number."""
        self._admin = admin
        self._path = f"/v1/upgrades/{number}"
        self._asked_s = float("-inf")
        self._words = ""
        self.ended = False
        """Whether the server has said that it is over, well or not."""

    def words(self, now_s: float) -> str:
        """Say how far the upgrade is; asks the server at most every `LOOK_EVERY_S` of the clock that `now_s` is of."""
        if now_s - self._asked_s >= LOOK_EVERY_S:
            self._asked_s = now_s
            try:
                told = self._admin.get(self._path)
            except AdminError:
                # An upgrade may well keep the server from answering; what is known stays.
                return self._words
            self._words, self.ended = words_of(told), told["state"] in ENDED
        return self._words


def words_of(told: dict[str, Any]) -> str:
    """Put the answer of `GET /v1/upgrades/{id}` into a few words."""
    if told["state"] == "done":
        return "  upgraded"
    if told["state"] in ENDED:
        return f"  upgrade {told['state']}"
    running = [phase for phase in told["phases"] if phase["finished_at"] is None]
    if not running:
        return ""
    last = running[-1]
    share = f" {100 * last['rows_done'] // last['rows_total']} %" if last["rows_total"] else ""
    return f"  upgrade: {last['phase']}{share}"


def ask_for(admin: Admin, scenario: Scenario, clock: Clock) -> Follower:
    """Ask the server to carry out the scenario's upgrade at its hour.

    Raises:
        ValueError: the scenario has no upgrade.
        ProcessError: the server refused.
    """
    try:
        told = admin.post("/v1/upgrades", request_of(scenario, clock))
    except AdminError as error:
        raise ProcessError(str(error)) from error
    return Follower(admin, told["id"])


def read_upgrade(database_url: str, clock: Clock) -> UpgradeTimes | None:
    """Read the last upgrade back from the server's database; None when it never began."""
    with connect_when_back(database_url) as connection:
        upgrade = connection.execute(
            "SELECT id, plan, ended_at, state, error FROM upgrades ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if upgrade is None:
            return None
        number, plan, ended_at, state, error = upgrade
        rows = connection.execute(
            "SELECT phase, started_at, finished_at FROM upgrade_phases WHERE upgrade = %s ORDER BY position", (number,)
        ).fetchall()
    if not rows:
        return None
    phases = tuple(
        (phase, clock.to_scenario_s(start), None if end is None else clock.to_scenario_s(end))
        for phase, start, end in rows
    )
    end_s = clock.to_scenario_s(ended_at) if state == "done" else None
    return UpgradeTimes(phases[0][1], end_s, phases, plan, (error or state) if state == "failed" else None)


class LockWatch:
    """Looks every `SAMPLE_EVERY_S`, while the block lasts, how long anybody but the upgrade has waited for a lock.

    On a connection of its own; when the database does not answer, it looks again later.
    """

    def __init__(self, database_url: str) -> None:
        """Watch the database at this address, from the block's beginning on."""
        self._url = database_url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watches locks", daemon=True)
        self._waits: list[tuple[float, float]] = []

    def waits(self, clock: Clock) -> list[tuple[float, float]]:
        """Return when somebody was seen waiting, in scenario seconds, and for how long by then, in wall time."""
        return [(clock.to_scenario_s(at_s), wait_s) for at_s, wait_s in self._waits]

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, application_name="antrean-lock-watch") as connection:
                    self._sample(connection)
            except psycopg.OperationalError:
                self._ended.wait(SAMPLE_EVERY_S)

    def _sample(self, connection: psycopg.Connection) -> None:
        while not self._ended.wait(SAMPLE_EVERY_S):
            at_s, wait_s = connection.execute(_LONGEST_WAIT, (UPGRADE_CONNECTIONS,)).fetchone() or (0.0, None)
            if wait_s is not None:
                self._waits.append((at_s, wait_s))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
