"""What Prometheus reads: requests, stages, queues, the upgrade and the database pool, with units in the names."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from sqlalchemy import exc, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server import faults, store
from mock_server.database import AnyRow
from mock_server.outages import reason_of
from mock_server.tables import stage_events
from model.stages import CENTRAL_STAGES, Stage

log = logging.getLogger(__name__)

_REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_STAGE_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 180.0, 600.0)
_WAIT_S = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 14_400.0)
_EVENTS_AT_ONCE = 5_000
_LOCK_WITHIN = "100ms"


class Metrics:
    """One app's metrics, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Histogram(
            "http_request_duration_seconds", "From the request to its answer.", labels, registry=registry,
            buckets=_REQUEST_S,
        )  # fmt: skip
        self._durations = Histogram(
            "stage_duration_seconds", "The work on a record at a stage.", ("stage",), registry=registry,
            buckets=_STAGE_S,
        )  # fmt: skip
        self._waits = Histogram(
            "stage_wait_seconds", "From the stage's queue to the work's begin.", ("stage",), registry=registry,
            buckets=_WAIT_S,
        )  # fmt: skip
        self._up = Gauge("database_up", "1 while the database answers.", registry=registry)
        self._queues = Gauge("queue_length_records", "Records that wait for a stage.", ("stage",), registry=registry)
        self._oldest = Gauge(
            "queue_oldest_wait_seconds", "How long a queue's first has waited.", ("stage",), registry=registry
        )
        self._phase = Gauge(
            "upgrade_phase_active", "1 for the upgrade's phase under way.", ("phase",), registry=registry
        )
        self._rows_done = Gauge("upgrade_done_rows", "Rows a phase has done.", ("phase",), registry=registry)
        self._rows_total = Gauge("upgrade_expected_rows", "Rows a phase has in all.", ("phase",), registry=registry)
        self._faults = Gauge("fault_active", "Injected faults under way.", ("kind",), registry=registry)
        self._pool = Gauge(
            "database_pool_connections", "The web's connections, by what they do.", ("state",), registry=registry
        )
        self._last_event: int | None = None
        self._counting = asyncio.Lock()

    def observe_request(self, method: str, route: str, status: int | None, duration_s: float) -> None:
        """Count a request; `status` is None for one whose link was cut before the answer."""
        self._requests.labels(method, route, str(status or "none")).observe(duration_s)

    async def follow(self, engine: AsyncEngine) -> None:
        """Count stage events from now on; if the database is out, from the first time that it answers."""
        try:
            async with engine.connect() as connection:
                if (last := await _last_safe(connection)) is not None:
                    self._last_event = last
        except exc.SQLAlchemyError as error:
            _log_outage(error)

    async def expose(self, engine: AsyncEngine) -> bytes:
        """Return the metrics as they are now, in Prometheus's text format; without a database, what is known."""
        self._count_pool(engine)
        try:
            async with engine.connect() as connection:
                # One at a time: two who read the same events would count them twice.
                async with self._counting:
                    await self._count_events(connection)
                await self._count_queues(connection)
                await self._count_upgrade(connection)
                await self._count_faults(connection)
            self._up.set(1)
        except exc.SQLAlchemyError as error:
            _log_outage(error)
            self._up.set(0)
        return generate_latest(self._registry)

    async def _count_events(self, connection: AsyncConnection) -> None:
        last = await _last_safe(connection)
        if last is None:
            return
        if self._last_event is None:
            self._last_event = last
        while self._last_event < last:
            events = await _events_between(connection, self._last_event, last)
            if not events:
                # Ids that were never written, by transactions that did not end well.
                self._last_event = last
                return
            for event in events:
                self._durations.labels(event.stage).observe(max(0.0, event.finished_at - event.started_at))
                self._waits.labels(event.stage).observe(max(0.0, event.started_at - event.entered_at))
            self._last_event = events[-1].id

    async def _count_queues(self, connection: AsyncConnection) -> None:
        queues, now = await store.count_queues(connection), time.time()
        for stage in (*CENTRAL_STAGES, Stage.PRINTING):
            count, first = queues.get(stage, (0, now))
            self._queues.labels(stage).set(count)
            self._oldest.labels(stage).set(max(0.0, now - first))

    async def _count_upgrade(self, connection: AsyncConnection) -> None:
        software, phases = await store.find_software(connection)
        for phase in phases:
            self._phase.labels(phase.phase).set(phase.phase == software.phase)
            self._rows_done.labels(phase.phase).set(phase.rows_done)
            self._rows_total.labels(phase.phase).set(phase.rows_total)

    async def _count_faults(self, connection: AsyncConnection) -> None:
        active = Counter(row.kind for row in await faults.find_active(connection))
        for kind in faults.Kind:
            self._faults.labels(kind).set(active[kind])

    def _count_pool(self, engine: AsyncEngine) -> None:
        pool = engine.pool
        if isinstance(pool, QueuePool):
            self._pool.labels("in_use").set(pool.checkedout())
            self._pool.labels("idle").set(pool.checkedin())
            self._pool.labels("most").set(pool.size())


class Meter:
    """ASGI middleware: measures every request by its route, and logs it if asked."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log_requests: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and measure it to the end of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None
        began_s = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            status = status or 500
            raise
        finally:
            duration_s = time.perf_counter() - began_s
            # By its template: a route a reference would be a metric a reference.
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.observe_request(scope["method"], route, status, duration_s)
            if self._log_requests:
                fields = {"method": scope["method"], "path": scope["path"], "status": status}
                log.info("request", extra=fields | {"duration_s": round(duration_s, 6)})


async def _last_safe(connection: AsyncConnection) -> int | None:
    """Return the last event's id when no event with a lower one can still appear; None when that is not to be had soon.

    Ids are drawn before their transactions commit. The lock waits for those who are at it, and they draw none before
    they have theirs.
    """
    try:
        await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WITHIN}'"))
        await connection.execute(text("LOCK TABLE stage_events IN SHARE MODE"))
        last: int = (await connection.execute(select(func.coalesce(func.max(stage_events.c.id), 0)))).scalar_one()
    except exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":
            raise
        return None
    finally:
        await connection.rollback()
    return last


async def _events_between(connection: AsyncConnection, after: int, last: int) -> Sequence[AnyRow]:
    c = stage_events.c
    query = select(c.id, c.stage, c.entered_at, c.started_at, c.finished_at).where(c.id > after, c.id <= last)
    return (await connection.execute(query.order_by(c.id).limit(_EVENTS_AT_ONCE))).all()


def _log_outage(error: exc.SQLAlchemyError) -> None:
    reason = reason_of(error)
    if reason is None:
        raise error
    log.warning("no metrics of the database: %s", reason)
