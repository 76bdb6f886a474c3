"""`antrean audit ...` and `python -m mock_server audit ...`: check the audit log."""

import typer

from mock_server.key_commands import DatabaseUrl

cli = typer.Typer(help="Check the audit log of a mock server.", no_args_is_help=True)


@cli.callback()
def group() -> None:
    """Check the audit log of a mock server."""


@cli.command()
def verify(database_url: DatabaseUrl) -> None:
    """Walk the audit log's chain of hashes; exit code 1 if a row was altered, removed or put in between."""
    from sqlalchemy.exc import DBAPIError

    from mock_server import audit
    from mock_server.database import engine_of

    try:
        with engine_of(database_url) as engine, engine.connect() as connection:
            verdict = audit.verify(connection)
    except DBAPIError as error:
        # Neither sound nor broken: there is no log to look at.
        typer.echo(f"the audit log cannot be read: {error.orig}", err=True)
        raise typer.Exit(2) from error
    if verdict.broken is not None:
        typer.echo(f"broken at row {verdict.broken}: {verdict.why}; sound up to row {verdict.head.id}")
        raise typer.Exit(1)
    typer.echo(f"{verdict.rows} rows, unbroken; the last row's hash is {verdict.head.hash}")
