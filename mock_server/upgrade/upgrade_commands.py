"""The command `upgrade`: asks for an upgrade and carries it out itself, or goes on with one that was interrupted."""

import json
from datetime import datetime

import typer

from mock_server.database import upgrade_engine_of
from mock_server.lifetime import Stop, announce
from mock_server.pipeline.versions import Version
from mock_server.refusals import RefusedError
from mock_server.settings import Settings
from mock_server.upgrade import orders
from mock_server.upgrade.orders import State, Throttle, Wish
from mock_server.upgrade.upgrader import carry_out
from mock_server.upgrade.windows import Span
from mock_server.upgrade.work import UpgradeError
from model.upgrade import Plan

INTERRUPTED = 3
"""The exit code of an upgrade that was told to stop."""


def upgrade(settings: Settings, to: str, plan: Plan, throttle: tuple[int, float, int], windows: list[str]) -> None:
    """Upgrade to a version; exits with 1 when that fails and with `INTERRUPTED` when told to stop.

    Raises:
        typer.BadParameter: there is no such version, or a window is none.
    """
    if to not in list(Version):
        raise typer.BadParameter(f"{to} is not a version; 5.4 and 5.5 are", param_hint="--to")
    wish = Wish(Version(to), plan, Throttle(*throttle), tuple(parse_window(window) for window in windows))
    try:
        state = _upgrade(settings, wish)
    except (UpgradeError, RefusedError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if state is not State.DONE:
        typer.echo("interrupted; run the upgrade again to continue", err=True)
        raise typer.Exit(INTERRUPTED)


def parse_window(text: str) -> Span:
    """Read a span of time, two moments of ISO 8601 with their UTC offsets and a slash between them.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        opens, closes = (datetime.fromisoformat(part) for part in text.split("/"))
    except ValueError:
        opens = closes = datetime.min  # noqa: DTZ901 - refused below, for want of an offset
    if opens.tzinfo is None or closes.tzinfo is None or opens >= closes:
        raise typer.BadParameter(
            f"{text!r} is no span of time, such as 2016-04-04T20:00+07:00/2016-04-05T05:00+07:00", param_hint="--window"
        )
    return opens.timestamp(), closes.timestamp()


def _upgrade(settings: Settings, wish: Wish) -> State:
    with upgrade_engine_of(settings.database_url) as engine:
        with engine.begin() as connection:
            order = orders.find_unfinished(connection)
            if order is not None and order.to != wish.to:
                raise RefusedError(f"upgrade {order.id} to version {order.to} is unfinished; stop it or go on with it")
            if order is None:
                orders.ask(connection, wish, None)
                order = orders.find_unfinished(connection)
        assert order is not None, "it was asked for just now"  # noqa: S101 - narrows the type
        order = order.with_throttle(wish.throttle)
        return carry_out(engine, settings, order, Stop(), lambda line: announce(json.dumps(line)))
