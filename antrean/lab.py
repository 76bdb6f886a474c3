"""The lab: a seeded database kept as a template, and fresh mock servers on copies of it, all on loopback."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from antrean import kept_seed
from antrean.admin import Admin
from antrean.build import THIS_BUILD, Build
from antrean.holders import write_holders
from antrean.postgres import cluster, connect_when_back
from antrean.processes import Process, Processes
from antrean.restarts import Restarter
from loadtests.plan import supervisor_of
from loadtests.residents import needs_residents
from mock_server import keys, sessions
from mock_server.access import Role
from mock_server.database import engine_of, libpq_url, sqlalchemy_url
from mock_server.faults import worker_name
from mock_server.pipeline.versions import Version
from model import events
from model.clock import Clock
from model.offices import all_offices
from model.scenario import Scenario
from model.staffing import OfficePlan
from model.units import DAY_S
from model.upgrade import Plan

READY_WITHIN_S = 60.0
SEED_WITHIN_S = 300.0
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
    """The keys of each office's operators, of its supervisor and of the administrator, and operators' passwords, JSON:
    {"35.07": "ank_...", "35.07/supervisor": "ank_...", "admin": "ank_...", "35.07/counter-1": "..."}; in the lab's own
    folder, which nobody else may read."""
    processes: Processes

    @property
    def admin(self) -> Admin:
        """The administrator's side of it."""
        return Admin(self.url, self.admin_key)

    @property
    def admin_key(self) -> str:
        """The key of its administrator."""
        keys: dict[str, str] = json.loads(self.keys_file.read_text(encoding="utf-8"))
        return keys[Role.ADMIN]

    def residents_file(self, scenario: Scenario) -> Path | None:
        """Return a file of the residents who have a card now, beside the keys; None if the scenario needs none."""
        if not needs_residents(scenario):
            return None
        path = self.keys_file.with_name(f"residents-{self.keys_file.name}")
        write_holders(self.database_url, path)
        return path

    def events(self, clock: Clock) -> pl.DataFrame:
        """Return the server's StageEvents so far, brought to scenario time; an outage of the database is waited out."""
        query = "SELECT * FROM stage_events"
        with connect_when_back(self.database_url) as connection, connection.cursor() as cursor:
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

    def __init__(
        self,
        database_url: str,
        folder: Path,
        logs: Path,
        kept: Path | None = None,
        own: Any | None = None,
        build: Build = THIS_BUILD,
    ) -> None:
        """Use `open_lab` instead: it cleans up. `own` is the embedded cluster, if the lab has one."""
        self._url = database_url
        self._folder = folder
        self._logs = logs
        self._kept = kept
        self._own = own
        self._build = build
        self._prefix = f"antrean_{os.getpid()}_"
        self._template = f"{self._prefix}seeded"

    def seed(self, scenario: Scenario, plans: dict[str, OfficePlan]) -> bool:
        """Have the template database: the scenario's version, its residents, the offices that take part.

        Returns False when nothing was seeded, for the folder of kept seeds has one of just these.

        Raises:
            ProcessError: migrating, seeding or upgrading failed.
        """
        population = {code: office.population_thousands for code, office in all_offices().items()}
        version = ["--to", scenario.centre.version]
        seed = [
            *("--residents", str(scenario.centre.residents)),
            *("--seed", str(scenario.seed)),
            *("--offices-json", json.dumps({code: plan.printers for code, plan in plans.items()})),
        ]
        if self._kept:
            self._template = kept_seed.database_name(self._kept, [*version, *seed], population)
            if kept_seed.is_complete(self._url, self._template):
                return False
            self._drop(self._template)
        self._create(self._template)
        weights = self._folder / "weights.json"
        weights.write_text(json.dumps(population))
        environment = self._environment(self._template, printer_s_per_card=0.0)
        self._run("migrate", ["--to", Version.V5_4], environment)
        self._run("seed", [*seed, "--weights", str(weights)], environment)
        if scenario.centre.version != Version.V5_4:
            # Whoever is enrolled before the scenario was so on 5.4.
            self._run("upgrade", [*version, "--plan", Plan.BIG_BANG], environment)
        if self._kept:
            self._administer(kept_seed.mark_complete(self._template))
        return True

    @contextmanager
    def server(
        self,
        name: str,
        plans: dict[str, OfficePlan],
        printer_s_per_card: float,
        more: Mapping[str, str] | None = None,
        logins: bool = False,
        worker_processes: int | None = None,
        nice: int = SERVER_NICE,
    ) -> Iterator[Server]:
        """Run a mock server on a fresh copy of the template while the `with` block lasts; then drop the copy.

        Args:
            name: names its database and its logs.
            plans: the offices it serves and their printers.
            printer_s_per_card: wall time that a printer takes for a card.
            more: settings of the server, as environment variables, that differ from the lab's.
            logins: whether the offices' operators get passwords.
            worker_processes: how many workers it has; left out, `worker_count`.
            nice: the higher, the sooner it lets others use the cores.

        Raises:
            ProcessError: a process of it does not start.
        """
        database = self._prefix + name.replace("-", "_")
        keys_file = self._folder / f"keys-{name}.json"
        self._create(database, template=self._template)
        try:
            self._set_printers(database, plans)
            self._issue_keys(database, plans, keys_file, logins)
            environment = self._environment(database, printer_s_per_card) | dict(more or {})
            with self._restarts(database), Processes(self._logs / name) as processes:
                workers = [worker_name(n + 1) for n in range(worker_processes or worker_count())]
                roles = ["matcher", "printers", "upgrader", "web", *workers]
                started = {
                    role: processes.start(role, self._command(role), environment, nice=nice, revive=role in workers)
                    for role in roles
                }
                port = started["web"].expect("port", READY_WITHIN_S)
                for role in roles:
                    if role != "web":
                        started[role].expect("ready", READY_WITHIN_S)
                url = f"http://127.0.0.1:{port}"
                yield Server(url, self._database_url(database), environment, keys_file, processes)
        finally:
            keys_file.unlink(missing_ok=True)
            self._drop(database)

    def close(self) -> None:
        """Drop what is left of the lab's databases; a seed that is kept stays."""
        if not self._kept:
            self._drop(self._template)

    def _run(self, command: str, arguments: list[str], environment: dict[str, str]) -> None:
        """Run one of the server's commands to its end."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{command}.log"
        process = Process(command, self._build.command("mock_server", command, *arguments), log, environment)
        try:
            if process.wait(SEED_WITHIN_S) != 0:
                raise process.failure("failed")
        finally:
            process.stop()

    def _environment(self, database: str, printer_s_per_card: float) -> dict[str, str]:
        return {
            "ANTREAN_DATABASE_URL": self._database_url(database),
            "ANTREAN_SIGNING_KEY_FILE": str((self._kept or self._folder) / kept_seed.KEY_FILE),
            "ANTREAN_PRINTER_S_PER_CARD": repr(printer_s_per_card),
            # The lab's offices stand for many more, and what is measured is the server, not what it grants.
            "ANTREAN_UPLOADS_PER_S": "10000",
            "ANTREAN_UPLOAD_BURST": "10000",
            # A watched server is not the measured one: it also draws for those who watch.
            "ANTREAN_CONSOLE": "false",
            # One thread each: several processes share the cores, and BLAS threads that wait for each other spin.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "ANTREAN_RESTARTABLE": str(self._own is not None).lower(),
        } | self._build.environment()

    def _command(self, role: str) -> list[str]:
        command = role.split("-")[0]
        return self._build.command("mock_server", command, *(("--name", role) if command == "worker" else ()))

    def _restarts(self, database: str) -> AbstractContextManager[object]:
        """Carry out the restarts of the database that its faults ask for; of a given database nobody may."""
        return nullcontext() if self._own is None else Restarter(self._own, self._database_url(database))

    def _set_printers(self, database: str, plans: dict[str, OfficePlan]) -> None:
        with psycopg.connect(self._database_url(database)) as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM offices")
            rows = [(code, plan.printers) for code, plan in plans.items()]
            cursor.executemany("INSERT INTO offices (code, printers) VALUES (%s, %s)", rows)

    def _issue_keys(self, database: str, plans: dict[str, OfficePlan], keys_file: Path, logins: bool) -> None:
        """Issue the keys and passwords of `Server.keys_file`; every server has its own."""
        operators = {code: [f"{code}/counter-{n + 1}" for n in range(plan.counters)] for code, plan in plans.items()}
        with engine_of(self._database_url(database)) as engine, engine.begin() as connection:
            issued = {code: keys.issue(connection, Role.OPERATOR, code, DAY_S) for code in plans}
            issued |= {supervisor_of(code): keys.issue(connection, Role.SUPERVISOR, code, DAY_S) for code in plans}
            issued[Role.ADMIN] = keys.issue(connection, Role.ADMIN, None, DAY_S)
            passwords = sessions.enlist(connection, operators if logins else {})
            keys.write_secretly(keys_file, {holder: str(token) for holder, token in issued.items()} | passwords)

    def _create(self, database: str, template: str | None = None) -> None:
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database))
        if template:
            # A file copy is several times faster than copying through the write-ahead log, which nobody here needs.
            statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
        self._administer(statement)

    def _drop(self, database: str) -> None:
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(database)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)

    def _database_url(self, database: str) -> str:
        return libpq_url(sqlalchemy_url(self._url).set(database=database))


@contextmanager
def open_lab(
    logs: Path, database_url: str | None = None, keep: Path | None = None, build: Build = THIS_BUILD
) -> Iterator[Lab]:
    """Open a lab on an embedded PostgreSQL, or on the one at `database_url`; nothing of it stays behind.

    But seeds do with a folder to `keep` them in, on the given server or in a cluster there.

    Raises:
        SeedInUseError: another run has the folder.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="antrean-lab-", ignore_cleanup_errors=True)))
        if keep:
            keep = keep.resolve()
            stack.enter_context(kept_seed.hold(keep))
        own: Any = None if database_url else stack.enter_context(cluster(keep))
        url = database_url or own.get_uri()
        if keep and not database_url:
            kept_seed.drop_leftovers(url)
        lab = Lab(url, folder, logs, keep, own, build)
        stack.callback(lab.close)
        yield lab


def worker_count() -> int:
    """Return how many worker processes a server gets if nothing else is said: one a core, two at least."""
    return max(2, os.cpu_count() or 2)


def now_s() -> float:
    """Return the wall clock that server, load and campaign share, in seconds since the epoch."""
    return time.time()
