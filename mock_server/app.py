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

from mock_server import idempotency, openapi, problems
from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import make_async_engine
from mock_server.metrics import Meter, Metrics
from mock_server.outages import DISK_FULL, reason_of
from mock_server.routes import cards, enrollments, records, system
from mock_server.settings import Settings
from mock_server.store import UnknownRecordError
from mock_server.uploads import UploadLimit

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
        await app.state.metrics.follow(app.state.engine)
        try:
            yield
        finally:
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
    app.state.signer = EcdsaSigner.load(settings.signing_key_file)
    problems.install(app)
    idempotency.install(app)
    app.add_exception_handler(UnknownRecordError, _not_found)
    for error in (exc.DBAPIError, exc.TimeoutError):
        app.add_exception_handler(error, _database_error)
    app.add_middleware(UploadLimit, max_bytes=settings.max_upload_bytes)
    # Outermost, so that it measures everything.
    app.add_middleware(Meter, metrics=app.state.metrics, log_requests=settings.request_log)
    # The cards' paths are longer than the records' and come first.
    for resource in (cards, enrollments, records, system):
        app.include_router(resource.router)
    openapi.install(app)
    return app


def serve(settings: Settings, stop: Callable[[], bool], ready: Callable[[int], None]) -> None:
    """Serve until told to stop; `ready` is told the port, where connections are then accepted."""
    app = create_app(settings)
    with socket.create_server((settings.host, settings.port), backlog=_BACKLOG) as listening:
        config = uvicorn.Config(app, access_log=False, log_level="warning", backlog=_BACKLOG, lifespan="on")
        ready(listening.getsockname()[1])
        _Server(config, stop).run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn, which minds signals only once it serves: one that comes between `ready` and then is `stop`'s to tell."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], bool]) -> None:
        super().__init__(config)
        self._stop = stop

    async def on_tick(self, counter: int) -> bool:
        """Tell whether to end; asked ten times a second."""
        return await super().on_tick(counter) or self._stop()


def _not_found(_: Request, error: Exception) -> JSONResponse:
    return problems.answer(HTTPStatus.NOT_FOUND, str(error))


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
