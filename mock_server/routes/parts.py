"""What the routes share: a database connection for one request, its caller, the record it names, the settings."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import access, moves, store
from mock_server.adapters.signer import EcdsaSigner
from mock_server.faults import Watch
from mock_server.journal import Journal
from mock_server.schemas import Reference
from mock_server.settings import Settings


async def _connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with request.app.state.engine.connect() as connection:
        yield connection


# Asynchronous without awaiting anything: FastAPI calls others in a thread each.
async def _caller(request: Request) -> access.Caller:
    caller: access.Caller = request.state.caller
    return caller


async def _journal(request: Request) -> Journal:
    journal: Journal = request.app.state.journal
    return journal


async def _faults(request: Request) -> Watch:
    watch: Watch = request.app.state.faults
    return watch


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
TheJournal = Annotated[Journal, Depends(_journal)]
TheFaults = Annotated[Watch, Depends(_faults)]
Caller = Annotated[access.Caller, Depends(_caller)]
"""Who sends the request; the gate has asked for the key."""


async def _visible_record(connection: Connection, caller: Caller, reference: Reference) -> store.Subject:
    subject = await store.find_subject(connection, reference)
    check_visible(caller, reference, subject.office)
    return subject


def check_visible(caller: access.Caller, reference: str, office: str) -> None:
    """Make sure that the caller may know of a record of this office.

    Raises:
        UnknownRecordError: as if it did not exist; that a person has a record elsewhere is nobody's business either.
    """
    if not caller.sees(office):
        raise moves.UnknownRecordError(reference)


VisibleRecord = Annotated[store.Subject, Depends(_visible_record)]
"""The record that the path's `{reference}` names, if the caller may see it; 404 otherwise."""
