"""The lab: a seeded database kept as a template, and fresh mock servers on copies of it, all on loopback."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psycopg
from psycopg import sql

from antrean.postgres import embedded
from antrean.processes import Process, Processes, python_module
from mock_server.database import libpq_url, sqlalchemy_url
from model import events
from model.clock import Clock
from model.offices import all_offices
from model.scenario import Scenario
from model.staffing import OfficePlan

READY_WITHIN_S = 60.0
SEED_WITHIN_S = 300.0
TEMPLATE = "seeded"
SERVER_NICE = 5
"""The server lets the load generator use the cores first: one that is starved by what it measures measures nothing."""


@dataclass(frozen=True)
class Server:
    """A running mock server with a database of its own."""

    url: str
    """Where it answers, http://127.0.0.1:PORT."""
    database_url: str
    environment: dict[str, str]
    keys_file: Path
    """Each office's key, JSON; in the lab's own folder, which nobody else may read."""
    processes: Processes

    def start_upgrade(self, scenario: Scenario) -> Process:
        """Begin the scenario's upgrade on the live server; it goes on until it is done or stopped.

        Raises:
            ValueError: the scenario has no upgrade.
        """
        upgrade = scenario.upgrade
        if upgrade is None:
            raise ValueError("the scenario has no [upgrade] to start")
        command = python_module(
            "mock_server",
            "upgrade",
            *("--batch", str(upgrade.batch)),
            *("--pause-s", str(upgrade.pause_s)),
            *("--parallelism", str(upgrade.parallelism)),
        )
        return self.processes.start("upgrade", command, self.environment, may_end=True, nice=SERVER_NICE)

    def events(self, clock: Clock) -> pl.DataFrame:
        """Return the server's StageEvents so far, brought to scenario time."""
        query = "SELECT * FROM stage_events"
        with psycopg.connect(self.database_url) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            names = [column.name for column in cursor.description or ()]
            rows = cursor.fetchall()
        frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
        to_scenario = {
            f"{moment}_s": clock.to_scenario_s(pl.col(f"{moment}_at"))
            for moment in ("entered", "claimed", "started", "finished")
        }
        return frame.with_columns(**to_scenario).select(
            pl.col(name).cast(dtype) for name, dtype in events.SCHEMA.items()
        )


class Lab:
    """A PostgreSQL of its own (or a given one) with a seeded template database."""

    def __init__(self, database_url: str, folder: Path, logs: Path) -> None:
        """Use `open_lab` instead: it cleans up."""
        self._url = database_url
        self._folder = folder
        self._logs = logs
        self._prefix = f"antrean_{os.getpid()}_"

    def seed(self, scenario: Scenario, plans: dict[str, OfficePlan]) -> None:
        """Fill the template database: the scenario's version, residents, the offices that take part, a key for each.

        Raises:
            ProcessError: migrating or seeding failed.
        """
        self._create(TEMPLATE)
        weights = self._folder / "weights.json"
        weights.write_text(json.dumps({code: o.population_thousands for code, o in all_offices().items()}))
        environment = self._environment(TEMPLATE, printer_s_per_card=0.0)
        self._run("migrate", ["--to", scenario.centre.version], environment)
        self._run(
            "seed",
            [
                *("--residents", str(scenario.centre.residents)),
                *("--seed", str(scenario.seed)),
                *("--offices-json", json.dumps({code: plan.printers for code, plan in plans.items()})),
                *("--weights", str(weights)),
            ],
            environment,
        )
        offices = [argument for code in plans for argument in ("--office", code)]
        self._run("key", ["issue", "--role", "operator", *offices, "--to", str(self._keys_file)], environment)

    @contextmanager
    def server(
        self,
        name: str,
        plans: dict[str, OfficePlan],
        printer_s_per_card: float,
        more: Mapping[str, str] | None = None,
    ) -> Iterator[Server]:
        """Run a mock server on a fresh copy of the template while the `with` block lasts; then drop the copy.

        Args:
            name: names its database and its logs.
            plans: the offices it serves and their printers.
            printer_s_per_card: wall time that a printer takes for a card.
            more: settings of the server, as environment variables, that differ from the lab's.

        Raises:
            ProcessError: a process of it does not start.
        """
        database = name.replace("-", "_")
        self._create(database, template=TEMPLATE)
        try:
            self._set_printers(database, plans)
            environment = self._environment(database, printer_s_per_card) | dict(more or {})
            with Processes(self._logs / name) as processes:
                roles = ["matcher", "printers", "web", *(f"worker {n + 1}" for n in range(worker_count()))]
                started = {role: processes.start(role, _command(role), environment, nice=SERVER_NICE) for role in roles}
                port = started["web"].expect("port", READY_WITHIN_S)
                for role in roles:
                    if role != "web":
                        started[role].expect("ready", READY_WITHIN_S)
                yield Server(
                    f"http://127.0.0.1:{port}", self._database_url(database), environment, self._keys_file, processes
                )
        finally:
            self._drop(database)

    def close(self) -> None:
        """Drop what is left of the lab's databases."""
        self._drop(TEMPLATE)

    def _run(self, command: str, arguments: list[str], environment: dict[str, str]) -> None:
        """Run one of the server's commands to its end."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{command}.log"
        process = Process(command, python_module("mock_server", command, *arguments), log, environment)
        try:
            if process.wait(SEED_WITHIN_S) != 0:
                raise process.failure("failed")
        finally:
            process.stop()

    @property
    def _keys_file(self) -> Path:
        return self._folder / "keys.json"

    def _environment(self, database: str, printer_s_per_card: float) -> dict[str, str]:
        return {
            "ANTREAN_DATABASE_URL": self._database_url(database),
            "ANTREAN_SIGNING_KEY_FILE": str(self._folder / "signing-key.pem"),
            "ANTREAN_PRINTER_S_PER_CARD": repr(printer_s_per_card),
            # The lab's offices stand for many more, and what is measured is the server, not what it grants.
            "ANTREAN_UPLOADS_PER_S": "10000",
            "ANTREAN_UPLOAD_BURST": "10000",
            # A watched server is not the measured one: it also draws for those who watch.
            "ANTREAN_CONSOLE": "false",
            # One thread each: several processes share the cores, and BLAS threads that wait for each other spin.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }

    def _set_printers(self, database: str, plans: dict[str, OfficePlan]) -> None:
        with psycopg.connect(self._database_url(database)) as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM offices")
            rows = [(code, plan.printers) for code, plan in plans.items()]
            cursor.executemany("INSERT INTO offices (code, printers) VALUES (%s, %s)", rows)

    def _create(self, database: str, template: str | None = None) -> None:
        name = sql.Identifier(self._prefix + database)
        statement = sql.SQL("CREATE DATABASE {}").format(name)
        if template:
            # A file copy is several times faster than copying through the write-ahead log, which nobody here needs.
            statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(self._prefix + template))
        self._administer(statement)

    def _drop(self, database: str) -> None:
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(self._prefix + database)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)

    def _database_url(self, database: str) -> str:
        return libpq_url(sqlalchemy_url(self._url).set(database=self._prefix + database))


@contextmanager
def open_lab(logs: Path, database_url: str | None = None) -> Iterator[Lab]:
    """Open a lab on an embedded PostgreSQL, or on the one at `database_url`; nothing of it stays behind."""
    folder = Path(tempfile.mkdtemp(prefix="antrean-lab-"))
    try:
        if database_url:
            with _closing(Lab(database_url, folder, logs)) as lab:
                yield lab
        else:
            with embedded() as url, _closing(Lab(url, folder, logs)) as lab:
                yield lab
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _closing(lab: Lab) -> Iterator[Lab]:
    try:
        yield lab
    finally:
        lab.close()


def worker_count() -> int:
    """Return how many worker processes a server gets: one a core, two at least."""
    return max(2, os.cpu_count() or 2)


def _command(role: str) -> list[str]:
    return python_module("mock_server", role.split()[0])


def now_s() -> float:
    """Return the wall clock that server, load and campaign share, in seconds since the epoch."""
    return time.time()
