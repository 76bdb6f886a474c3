"""What Locust loads in the master of a fleet: hands out the shares, takes the news in, shows the offices.

Started by `loadtests.fleet_plan.master_command`; prints its ports as JSON lines: workers connect to `port`, people
to `ui_port`.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner
from locust.web import WebUI

from loadtests.counter import Operator
from loadtests.dispatch import ShareDispatcher
from loadtests.fleet import Fleet
from loadtests.fleet_plan import FleetPlan
from loadtests.forwarder import Forwarder
from loadtests.lifetime import follow
from loadtests.news import NEWS
from loadtests.offices_tab import add_tab
from loadtests.permission import check_target
from loadtests.targets import find_adapter
from loadtests.window import Window


def add_arguments(parser: LocustArgumentParser) -> None:
    """Let Locust's command line name the plan."""
    # Plain words, for Locust sends all options to the workers, and packs no paths.
    parser.add_argument("--fleet", required=True, metavar="FILE", help="the fleet's plan (JSON)")
    parser.add_argument("--fleet-parent", type=int, required=True, metavar="PID", help="ends when this process is gone")


def set_up(environment: Environment, runner: MasterRunner, web_ui: WebUI | None, **_: Any) -> None:
    """Prepare the run before workers connect; a plan that cannot be played ends the process with a message."""
    options = environment.parsed_options
    assert options is not None, "a run from the command line has options"  # noqa: S101 - narrows
    try:
        plan = FleetPlan.read(Path(options.fleet))
        check_target(plan.target, plan.load.permitted_host)
        find_adapter(plan.load.adapter)
        fleet = Fleet(runner, plan, plan.load.load_scenario())
    except (OSError, ValueError) as error:
        raise SystemExit(f"the load plan cannot be played: {error}") from None
    environment.user_classes = [Operator, Window, Forwarder]
    environment.dispatcher_class = partial(ShareDispatcher, fleet.users_of)  # type: ignore[assignment] # it makes one
    runner.register_message(NEWS, fleet.take)
    environment.events.test_start.add_listener(fleet.hand_out)  # type: ignore[no-untyped-call] # Locust's
    environment.events.quitting.add_listener(fleet.stop)  # type: ignore[no-untyped-call] # Locust's
    gevent.spawn(follow, options.fleet_parent)
    gevent.spawn(_watch, fleet, runner, web_ui)
    _announce({"port": runner.server.port})
    if web_ui is not None and web_ui.app is not None:
        add_tab(web_ui.app, web_ui.template_args, lambda: fleet.figures)
        gevent.spawn(_announce_page, web_ui)


def _watch(fleet: Fleet, runner: MasterRunner, web_ui: WebUI | None) -> None:
    fleet.watch()
    if web_ui is None:
        runner.quit()
    else:
        # The page stays until it is stopped.
        runner.stop()


def _announce_page(web_ui: WebUI) -> None:
    while web_ui.server is None or not web_ui.server.started:
        gevent.sleep(0.05)
    _announce({"ui_port": web_ui.server.server_port})


def _announce(message: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def register() -> None:
    """Have Locust call this file's functions; what Locust asks of a locustfile at its import, and all that is done."""
    events.init_command_line_parser.add_listener(add_arguments)  # type: ignore[no-untyped-call] # Locust's
    events.init.add_listener(set_up)  # type: ignore[no-untyped-call] # Locust's


register()
