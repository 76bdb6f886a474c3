"""Contenders: the two servers of a duet, each a build of the mock server, a command that starts one, or an address."""

import json
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from antrean.build import Build
from antrean.gate.cpu_clock import postmaster
from antrean.lab import open_lab
from antrean.processes import Processes
from loadtests.line import Line
from loadtests.permission import check_target
from loadtests.targets import DECIDED, Adapter, Target, TargetError, find_adapter
from model.scenario import Scenario
from model.staffing import plan_offices

READY_WITHIN_S = 120.0
LOOK_OWN_S, LOOK_OTHER_S = 0.01, 0.05
ENDED = "SELECT reference, status_since FROM records WHERE reference = ANY(%s) AND status = ANY(%s)"


@dataclass(frozen=True)
class Contender:
    """One of the two servers, running."""

    side: str
    """A or B."""
    label: str
    """What people call it."""
    url: str
    keys: Mapping[str, str]
    """The offices' keys, none where the server asks for none."""
    adapter: Adapter
    roots: Sequence[int] = ()
    """Processes that are the server with all that they start, its database's first; none where they are elsewhere."""
    check: Callable[[], None] = field(default=lambda: None)
    """Raises ProcessError if one of them has ended."""
    database: psycopg.Connection[Any] | None = None
    """Of the mock server: there the cards are looked for, so that looking is no load on the server."""

    @property
    def look_every_s(self) -> float:
        """How often to look for cards."""
        return LOOK_OWN_S if self.database else LOOK_OTHER_S

    def target(self, line: Line, office: str) -> Target:
        """Speak to the server as an office."""
        return self.adapter(line, self.keys.get(office))

    def ended(self, line: Line, offices: Mapping[str, str]) -> dict[str, float]:
        """Return when cards were printed or refused, of those that are; the records are given with their offices."""
        if self.database:
            rows = self.database.execute(ENDED, (list(offices), [str(status) for status in DECIDED])).fetchall()
            return {reference: float(since_s) for reference, since_s in rows}
        ended_s: dict[str, float] = {}
        for reference, office in offices.items():
            try:
                status = self.target(line, office).status(reference)
            except TargetError:
                continue
            if status in DECIDED:
                ended_s[reference] = time.time()
        return ended_s


@contextmanager
def build_server(side: str, label: str, build: Build, scenario: Scenario, logs: Path) -> Iterator[Contender]:
    """Run a build of the mock server, on a PostgreSQL of its own, while the block lasts.

    Raises:
        ProcessError: it does not start.
    """
    plans = plan_offices(scenario)
    with open_lab(logs, build=build) as lab:
        lab.seed(scenario, plans)
        with (
            lab.server("duet", plans, printer_s_per_card=0.0, nice=0) as server,
            psycopg.connect(server.database_url, autocommit=True) as database,
        ):
            keys: dict[str, str] = json.loads(server.keys_file.read_text(encoding="utf-8"))
            yield Contender(
                side,
                label,
                server.url,
                keys,
                find_adapter("mock"),
                [*postmaster(database), *server.processes.pids()],
                server.processes.check,
                database,
            )


@contextmanager
def started_server(side: str, command: str, adapter: str, logs: Path) -> Iterator[Contender]:
    """Run a server by a command while the block lasts.

    The command prints a line of JSON when the server answers: `{"server": {"url": "http://127.0.0.1:PORT"}}`; beside
    the URL, if it has them, `"keys_file"` (the offices' keys) and `"database_url"` (a mock server's); SIGTERM ends it.
    `antrean serve --json` is such a command.

    Raises:
        ProcessError: it does not say so.
        PermissionDeniedError: it answers on another machine.
    """
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(logs / f"command-{side.lower()}"))
        process = processes.start("server", shlex.split(command))
        told = process.expect("server", READY_WITHIN_S)
        check_target(told["url"], None)
        database = None
        roots = [process.pid]
        if told.get("database_url"):
            database = stack.enter_context(psycopg.connect(told["database_url"], autocommit=True))
            roots = [*postmaster(database), *roots]
        keys = json.loads(Path(told["keys_file"]).read_text(encoding="utf-8")) if told.get("keys_file") else {}
        yield Contender(side, command, told["url"], keys, find_adapter(adapter), roots, processes.check, database)


@contextmanager
def running_server(
    side: str, url: str, adapter: str, key_file: Path | None, permitted: str | None
) -> Iterator[Contender]:
    """Use a server that runs already, at its address.

    Raises:
        PermissionDeniedError: it is on another machine that nobody said may be loaded.
    """
    check_target(url, permitted)
    keys = json.loads(key_file.read_text(encoding="utf-8")) if key_file else {}
    yield Contender(side, url, url, keys, find_adapter(adapter))
