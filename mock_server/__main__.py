"""`python -m mock_server`: the server's processes, each a command. Settings come from the environment, `ANTREAN_*`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mock_server import audit_commands, key_commands, logs
from mock_server.lifetime import Stop, announce
from mock_server.settings import Settings
from model.upgrade import Plan

# The commands import what they run: a process then loads no more than it needs, and numpy's library reads its number
# of threads from the environment when it is first imported, after `prepare` has set it.
cli = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
cli.add_typer(key_commands.cli, name="key")
cli.add_typer(audit_commands.cli, name="audit")


@cli.callback()
def prepare(context: typer.Context) -> None:
    """Run a process of the mock card-management server; settings come from the environment, ANTREAN_*."""
    # One thread a process: the processes share the cores, and more threads only wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    logs.install(context.invoked_subcommand or "")


@cli.command()
def migrate(to: Annotated[str, typer.Option(help="5.4 or 5.5")]) -> None:
    """Bring an empty database to a version; a filled one is upgraded with `upgrade`."""
    from mock_server import migrations
    from mock_server.database import engine_of

    if to not in (migrations.VERSION_5_4, migrations.VERSION_5_5):
        raise typer.BadParameter(f"{to} is not a version; 5.4 and 5.5 are", param_hint="--to")
    with engine_of(_settings().database_url) as engine, engine.connect() as connection:
        migrations.migrate(connection, to)


@cli.command()
def seed(
    residents: Annotated[int, typer.Option(min=0, help="How many people are enrolled already.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same people.")],
    offices_json: Annotated[str, typer.Option(help='Offices that submit, with their printers: {"35.07": 2}')],
    weights: Annotated[
        Path | None, typer.Option(help="JSON file: where people are enrolled, in proportion. Else evenly.")
    ] = None,
) -> None:
    """Make the signing key if it is missing, and fill a database of version 5.4 with offices and residents."""
    from mock_server.adapters.signer import EcdsaSigner, create_key
    from mock_server.database import engine_of
    from mock_server.seed import TooManyResidentsError, WrongVersionError, seed_offices, seed_residents

    settings = _settings()
    printers: dict[str, int] = json.loads(offices_json)
    shares = json.loads(weights.read_text(encoding="utf-8")) if weights else dict.fromkeys(printers, 1)
    create_key(settings.signing_key_file)
    signer = EcdsaSigner.load(settings.signing_key_file)
    try:
        with engine_of(settings.database_url) as engine, engine.begin() as connection:
            seed_offices(connection, printers)
            seed_residents(connection, residents, seed, shares, signer)
    except (TooManyResidentsError, WrongVersionError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@cli.command()
def web() -> None:
    """Serve HTTP; prints {"port": N} before it serves."""
    from mock_server.app import NoKeysError, serve

    try:
        serve(_settings(), Stop(), lambda port: announce(json.dumps({"port": port})))
    except NoKeysError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@cli.command()
def worker(name: Annotated[str, typer.Option(help="Its name in the events; worker-PID by default.")] = "") -> None:
    """Validate packets and personalise cards; prints {"ready": true} when it begins."""
    from mock_server.worker import run

    name = name or f"worker-{os.getpid()}"
    if run(_settings(), name, Stop(), _announce_ready):
        # In its own place: whoever started this process still knows it by its number.
        os.execv(sys.executable, [sys.executable, "-m", "mock_server", "worker", "--name", name])  # noqa: S606


@cli.command()
def matcher() -> None:
    """Search new records among the residents; prints {"ready": true} when the gallery is loaded."""
    from mock_server.matcher import run

    run(_settings(), Stop(), _announce_ready)


@cli.command()
def printers() -> None:
    """Play all offices' card printers; prints {"ready": true} when they begin."""
    from mock_server.printers import run

    run(_settings(), Stop(), _announce_ready)


@cli.command()
def upgrader() -> None:
    """Carry out the upgrades asked for with POST /v1/upgrades; prints {"ready": true} when it begins."""
    from mock_server.upgrade.upgrader import run

    run(_settings(), Stop(), _announce_ready)


@cli.command()
def upgrade(
    to: Annotated[str, typer.Option(help="5.5, or 5.4 to go back.")] = "5.5",
    plan: Annotated[Plan, typer.Option(help="How.")] = Plan.ONLINE,
    batch: Annotated[int, typer.Option(min=1, help="Residents to a transaction.")] = 500,
    pause_s: Annotated[float, typer.Option(min=0, help="Seconds between a process's batches.")] = 0.0,
    parallelism: Annotated[int, typer.Option(min=1, help="Backfill processes.")] = 2,
    window: Annotated[
        list[str] | None,
        typer.Option(help="Work only within: 2016-04-04T20:00+07:00/2016-04-05T05:00+07:00; may be given again."),
    ] = None,
) -> None:
    """Upgrade the live database, or go on with an upgrade; prints its progress as lines of JSON."""
    from mock_server.upgrade import upgrade_commands

    upgrade_commands.upgrade(_settings(), to, plan, (batch, pause_s, parallelism), window or [])


def _settings() -> Settings:
    return Settings()


def _announce_ready() -> None:
    announce(json.dumps({"ready": True}))


if __name__ == "__main__":
    cli()
