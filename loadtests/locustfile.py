"""What Locust loads: reads the plan, staffs the offices, watches the run. Started by `loadtests.plan.command`."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import Runner

from loadtests.counter import Operator
from loadtests.day import Day
from loadtests.forwarder import Forwarder
from loadtests.lifetime import follow
from loadtests.open_load import OpenLoad
from loadtests.plan import LoadPlan
from loadtests.residents import dealt
from loadtests.saturation import Saturation
from loadtests.saturator import Saturator
from loadtests.sender import Sender
from loadtests.terminal import equip
from loadtests.watch import Play, finish, watch
from loadtests.window import Window


def add_arguments(parser: LocustArgumentParser) -> None:
    """Let Locust's command line name the plan."""
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE", help="the run's load plan (JSON)")
    parser.add_argument("--parent", type=int, required=True, metavar="PID", help="ends when this process is gone")


def set_up(environment: Environment, runner: Runner, **_: Any) -> None:
    """Prepare the run before Locust starts its users; a plan that cannot be played ends the process with a message."""
    try:
        play = _staff(environment)
    except (OSError, ValueError) as error:
        raise SystemExit(f"the load plan cannot be played: {error}") from None

    def watch_and_quit() -> None:
        watch(play)
        runner.quit()

    assert environment.parsed_options is not None, "a run from the command line has options"  # noqa: S101 - narrows
    gevent.spawn(follow, environment.parsed_options.parent)
    for body in [*play.background(), watch_and_quit]:
        gevent.spawn(body).link_exception(_abort(environment))
    # Python's own handling, KeyboardInterrupt, would strike anywhere, even between a row and its count.
    gevent.signal_handler(signal.SIGINT, runner.quit)
    environment.events.quit.add_listener(lambda **_: finish(play))  # type: ignore[no-untyped-call] # Locust's


def _staff(environment: Environment) -> Play:
    """Make what the plan wants played, and have Locust make the users that play it."""
    assert environment.parsed_options is not None, "a run from the command line has options"  # noqa: S101 - narrows
    plan = LoadPlan.read(environment.parsed_options.plan)
    scenario = plan.load_scenario()
    equip(plan, environment.host or "")
    if plan.mode == "capacity":
        saturation = Saturation(plan, scenario)
        Saturator.staff(saturation)
        environment.user_classes = [Saturator]
        return saturation
    if plan.mode == "open":
        load = OpenLoad(plan, scenario)
        Sender.staff(load)
        environment.user_classes = [Sender]
        return load
    day = Day(plan, scenario, dealt(plan, scenario))
    Operator.staff(day)
    Window.staff(day)
    Forwarder.staff(day)
    environment.user_classes = [Operator, Window, Forwarder]
    return day


def _abort(environment: Environment) -> Callable[[gevent.Greenlet], None]:
    """Stop the run, with exit code 1, when something that it cannot do without has failed."""

    def abort(_: gevent.Greenlet) -> None:
        environment.process_exit_code = 1
        if environment.runner is not None:
            environment.runner.quit()

    return abort


def register() -> None:
    """Have Locust call this file's functions; what Locust asks of a locustfile at its import, and all that is done."""
    events.init_command_line_parser.add_listener(add_arguments)  # type: ignore[no-untyped-call] # Locust's
    events.init.add_listener(set_up)  # type: ignore[no-untyped-call] # Locust's


register()
