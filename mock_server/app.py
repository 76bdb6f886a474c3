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

from mock_server import problems
from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import make_async_engine
from mock_server.routes import adjudications, cards, enrollments, offices, records, replacements, residents, system
from mock_server.settings import Settings
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
        app.state.engine = make_async_engine(settings.database_url, settings.web_connections)
        try:
            yield
        finally:
            await app.state.engine.dispose()

    app = FastAPI(title="Mock card-management server", lifespan=connected)
    app.state.settings = settings
    app.state.signer = EcdsaSigner.load(settings.signing_key_file)
    problems.install(app)
    for error in (exc.OperationalError, exc.TimeoutError):
        app.add_exception_handler(error, _no_database)
    app.add_middleware(UploadLimit, max_bytes=settings.max_upload_bytes)
    # The cards' paths are longer than the records' and come first.
    for resource in (cards, enrollments, records, system, adjudications, replacements, residents, offices):
        app.include_router(resource.router)
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


def _no_database(_: Request, error: Exception) -> JSONResponse:
    """Answer for a database that is down, or whose connections are all taken for too long."""
    log.error("no database: %s", error)
    return problems.answer(HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer")
