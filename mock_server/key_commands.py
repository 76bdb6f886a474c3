"""`python -m mock_server key ...`: issue, revoke and list keys."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mock_server.access import Role

cli = typer.Typer(help="Issue, revoke and list the keys that callers show.", no_args_is_help=True)
DatabaseUrl = Annotated[
    str, typer.Option(envvar="ANTREAN_DATABASE_URL", help="The server's database, a libpq URI.", show_default=False)
]
_DAY_S = 86_400.0


@cli.command()
def issue(
    database_url: DatabaseUrl,
    role: Annotated[Role, typer.Option(help="What the key is for.")],
    office: Annotated[
        list[str] | None, typer.Option(help="Whose: operators and supervisors only. Repeat it for a key each.")
    ] = None,
    days: Annotated[float, typer.Option(min=0.001, help="Days until it expires.")] = 365.0,
    to: Annotated[
        Path | None,
        typer.Option(help='Write the keys to this new file, mode 600, in place of printing: {"35.07": "ank_..."}.'),
    ] = None,
) -> None:
    """Issue a key per office, or a national one; prints {"id": ..., "key": ...}, and nobody can read the key later."""
    from mock_server import keys
    from mock_server.database import engine_of

    # Without an office it is one key for the nation.
    holders: Sequence[str | None] = office or [None]
    try:
        with engine_of(database_url) as engine, engine.begin() as connection:
            issued = {code or role.value: keys.issue(connection, role, code, days * _DAY_S) for code in holders}
            if to is not None:
                # Within the transaction: keys that nobody was given must not remain.
                keys.write_secretly(to, {holder: str(token) for holder, token in issued.items()})
    except (keys.RoleNeedsError, keys.NoSuchOfficeError, FileExistsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for token in issued.values() if to is None else ():
        typer.echo(json.dumps({"id": token.id, "key": str(token)}))


@cli.command()
def operators(
    database_url: DatabaseUrl,
    office: Annotated[list[str], typer.Option(help="Whose. Repeat it for several.")],
    counters: Annotated[int, typer.Option(min=1, max=1_000, help="Operators of each: OFFICE/counter-1 and so on.")] = 1,
    to: Annotated[
        Path | None,
        typer.Option(help='Write them to this new file, mode 600, in place of printing: {"35.07/counter-1": "..."}.'),
    ] = None,
) -> None:
    """Give operators a password each; prints {"operator": ..., "password": ...}, and nobody can read it later."""
    from sqlalchemy.exc import IntegrityError

    from mock_server import keys, sessions
    from mock_server.database import engine_of

    names = {code: [f"{code}/counter-{number + 1}" for number in range(counters)] for code in office}
    try:
        with engine_of(database_url) as engine, engine.begin() as connection:
            passwords = sessions.enlist(connection, names)
            if to is not None:
                keys.write_secretly(to, passwords)
    except IntegrityError:
        typer.echo("an operator of that office has a password already", err=True)
        raise typer.Exit(1) from None
    except (keys.NoSuchOfficeError, FileExistsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for name, password in passwords.items() if to is None else ():
        typer.echo(json.dumps({"operator": name, "password": password}))


@cli.command()
def revoke(
    database_url: DatabaseUrl, key: Annotated[str, typer.Argument(help="The key's id, the part after ank_.")]
) -> None:
    """Revoke a key; running servers notice within ten seconds."""
    from mock_server import keys
    from mock_server.database import engine_of

    try:
        with engine_of(database_url) as engine, engine.begin() as connection:
            keys.revoke(connection, key)
    except keys.NoSuchKeyError as error:
        typer.echo(str(error.args[0]), err=True)
        raise typer.Exit(1) from error


@cli.command("list")
def list_keys(database_url: DatabaseUrl) -> None:
    """Print a line per key: {"id", "role", "office", "created_at", "expires_at", "revoked_at"}."""
    from mock_server import keys
    from mock_server.database import engine_of

    with engine_of(database_url) as engine, engine.connect() as connection:
        for row in keys.list_all(connection):
            typer.echo(json.dumps(dict(row._mapping)))
