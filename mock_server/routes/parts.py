"""What the routes share: a database connection for one request, and the settings."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server.adapters.signer import EcdsaSigner
from mock_server.settings import Settings


async def _connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with request.app.state.engine.connect() as connection:
        yield connection


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _signer(request: Request) -> EcdsaSigner:
    signer: EcdsaSigner = request.app.state.signer
    return signer


Connection = Annotated[AsyncConnection, Depends(_connection)]
"""A connection for one request; what is not committed is rolled back."""
TheSettings = Annotated[Settings, Depends(_settings)]
TheSigner = Annotated[EcdsaSigner, Depends(_signer)]
