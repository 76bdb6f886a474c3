"""The web application."""

import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import exc

from mock_server import console, idempotency, keys, openapi, problems
from mock_server.access import ForbiddenError
from mock_server.adapters.signer import EcdsaSigner
from mock_server.allowance import Allowances
from mock_server.database import engine_of, make_async_engine
from mock_server.faults import InjectedError, Watch
from mock_server.gate import Gate, forbidden
from mock_server.journal import Journal
from mock_server.keyring import Keyring
from mock_server.link import LinkProtocol
from mock_server.metrics import Meter, Metrics
from mock_server.outages import DISK_FULL, reason_of
from mock_server.passwords import Checks
from mock_server.routes import (
    adjudications,
    cards,
    enrollments,
    faults,
    offices,
    records,
    replacements,
    residents,
    sessions,
    system,
    upgrades,
)
from mock_server.settings import Settings
from mock_server.uploads import UploadLimit
from model.loopback import is_loopback

log = logging.getLogger(__name__)

_BACKLOG = 2_048


def create_app(settings: Settings) -> FastAPI:
    """Make the application; it connects to the database when it starts to serve.

    Raises:
        FileNotFoundError: the signing key is missing; `seed` makes it.
    """

    @asynccontextmanager
    async def connected(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = make_async_engine(settings.database_url, settings.web_connections, settings.pool_timeout_s)
        journal_engine = make_async_engine(settings.database_url, 1, settings.pool_timeout_s)
        app.state.keyring = Keyring(app.state.engine)
        app.state.journal = Journal(journal_engine)
        app.state.password_checks = Checks()
        await app.state.metrics.follow(app.state.engine)
        try:
            yield
        finally:
            await journal_engine.dispose()
            await app.state.engine.dispose()

    app = FastAPI(
        title="Mock card-management server",
        lifespan=connected,
        # What every route may answer.
        responses=problems.documented(
            HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE
        ),
    )
    app.state.settings = settings
    app.state.disk_full = False
    app.state.metrics = Metrics()
    app.state.faults = Watch()
    app.state.signer = EcdsaSigner.load(settings.signing_key_file)
    problems.install(app)
    idempotency.install(app)
    app.add_exception_handler(ForbiddenError, forbidden)
    app.add_exception_handler(InjectedError, _injected_error)
    for error in (exc.DBAPIError, exc.TimeoutError):
        app.add_exception_handler(error, _database_error)
    app.add_middleware(UploadLimit, max_bytes=settings.max_upload_bytes)
    # The last one added is asked first.
    allowances = Allowances(settings.uploads_per_s, settings.upload_burst)
    app.add_middleware(Gate, allowances=allowances, database_error=_database_error)
    # Outermost, so that it measures everything.
    app.add_middleware(Meter, metrics=app.state.metrics, log_requests=settings.request_log)
    # The cards' paths are longer than the records' and come first.
    for resource in (
        *(cards, enrollments, records, system, adjudications),
        *(replacements, residents, offices, upgrades, faults, sessions),
    ):
        app.include_router(resource.router)
    openapi.install(app)
    return app


def serve(settings: Settings, stop: Callable[[], bool], ready: Callable[[int], None]) -> None:
    """Serve until told to stop; `ready` is told the port, where connections are then accepted.

    Raises:
        NoKeysError: others than this machine could connect, and nobody would need a key.
    """
    _check_openness(settings)
    app = create_app(settings)
    if console.is_shown(settings):
        # Loaded only where it is wanted: NiceGUI takes as long to import as half of the rest.
        from mock_server.console.mount import mount

        mount(app)
    with socket.create_server((settings.host, settings.port), backlog=_BACKLOG) as listening:
        config = uvicorn.Config(
            app, http=LinkProtocol, access_log=False, log_level="warning", backlog=_BACKLOG, lifespan="on"
        )
        ready(listening.getsockname()[1])
        _Server(config, stop).run(sockets=[listening])


class NoKeysError(RuntimeError):
    """Without a key the server serves this machine only."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"no active key exists, so the server does not listen on {host!r}, only on loopback; "
            "issue one: python -m mock_server key issue"
        )


def _check_openness(settings: Settings) -> None:
    if is_loopback(settings.host):
        return
    with engine_of(settings.database_url) as engine, engine.connect() as connection:
        if not keys.any_active(connection):
            raise NoKeysError(settings.host)


class _Server(uvicorn.Server):
    """uvicorn, which minds signals only once it serves: one that comes between `ready` and then is `stop`'s to tell."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], bool]) -> None:
        super().__init__(config)
        self._stop = stop

    async def on_tick(self, counter: int) -> bool:
        """Tell whether to end; asked ten times a second."""
        return await super().on_tick(counter) or self._stop()


def _database_error(request: Request, error: Exception) -> JSONResponse:
    """Answer for a database that is down or full, or whose connections are all taken: it passes, so come again."""
    reason = reason_of(error)
    if reason is None:
        raise error
    log.warning("%s: %s", reason, str(error).splitlines()[0])
    state = request.app.state
    state.disk_full = state.disk_full or reason == DISK_FULL
    answer = problems.answer(HTTPStatus.SERVICE_UNAVAILABLE, reason)
    answer.headers["Retry-After"] = str(state.settings.retry_after_s)
    return answer


def _injected_error(request: Request, error: Exception) -> JSONResponse:
    """Answer a submission that a fault lets fail: as for a database that is down, it passes, so come again."""
    answer = problems.answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    answer.headers["Retry-After"] = str(request.app.state.settings.retry_after_s)
    return answer
