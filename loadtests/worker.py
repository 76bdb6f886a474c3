"""What Locust loads in a worker of a fleet: takes a share of the offices from the master, plays it, sends the news.

A worker writes its files into a folder and sends them on as they grow. A folder that it made itself goes with it,
unless the master did not confirm that it has everything.
"""

import json
import logging
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests.counter import Operator
from loadtests.day import Day
from loadtests.figures import office_figures
from loadtests.forwarder import Forwarder
from loadtests.lifetime import follow
from loadtests.news import GOT, NEWS, SHARE, STOP, News, Requests, ShareMessage
from loadtests.plan import LoadPlan
from loadtests.record import EVENTS, PROGRESS, SUMMARY
from loadtests.spans import client_spans, span_listener
from loadtests.terminal import Terminal, equip
from loadtests.watch import LOOK_S, SUMMARISE_EVERY, finish
from loadtests.window import Window

NEWS_EVERY = 5
"""Looks: twice a second."""

MASTER_SILENT_S = 10.0
"""A worker whose master has not answered for so long loads nobody any more; Locust itself waits for a minute."""

log = logging.getLogger(__name__)


class Worker:
    """One worker: waits for its share, then plays it to the day's end or until it is told to stop."""

    def __init__(
        self, runner: WorkerRunner, folder: Path | None, keys_file: Path | None, permitted_host: str | None
    ) -> None:
        """Wait for a share.

        Args:
            runner: Locust's; its connection carries the news.
            folder: where the files go, which somebody else clears away; None for a temporary one.
            keys_file: the offices' keys on this machine.
            permitted_host: the host that this machine may load, if it is not this machine.
        """
        self._runner = runner
        self._keys_file = keys_file
        self._permitted_host = permitted_host
        self._is_temporary = folder is None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="antrean-worker-"))
        self._sent_bytes = self._got_bytes = 0
        self._day: Day | None = None
        self._background: list[gevent.Greenlet] = []

    def take_share(self, msg: Any, **_: Any) -> None:
        """Make the share's day, before Locust starts its users; what is wrong with it is told to the master."""
        try:
            self._day = self._prepare(msg.data)
        except (OSError, ValueError) as error:
            self._send(self._news([], {}, error=str(error), over=True))
            return
        self._background = [gevent.spawn(body) for body in [*self._day.background(), self._watch]]
        for greenlet in self._background:
            greenlet.link_exception(self._fail)

    def stop(self, **_: Any) -> None:
        """Send nobody to the counters any more, and end."""
        self._runner.stop()
        self.end()

    def end(self, **_: Any) -> None:
        """Write down and send what there is; nothing is played after that."""
        day, self._day = self._day, None
        if day is None:
            return
        gevent.killall([other for other in self._background if other is not gevent.getcurrent()], block=False)
        finish(day)
        self._report(day, summary=True, over=True)

    def note_received(self, msg: Any, **_: Any) -> None:
        """Note how much of the events the master has."""
        self._got_bytes = msg.data["bytes"]

    def tidy(self, **_: Any) -> None:
        """Leave no files behind, unless they may be the only ones."""
        if not self._is_temporary:
            return
        if self._got_bytes < self._written_bytes():
            log.warning("the master did not confirm that it has all events; they are in %s", self._folder / EVENTS)
            return
        shutil.rmtree(self._folder, ignore_errors=True)

    def _prepare(self, share: ShareMessage) -> Day:
        scenario_file = self._folder / "scenario.toml"
        scenario_file.write_text(share["scenario"], encoding="utf-8")
        plan = LoadPlan.model_validate_json(share["plan"]).model_copy(
            update={
                "scenario": scenario_file,
                "out": self._folder,
                "origin_wall_s": time.time() + share["opens_in_s"],
                "keys_file": self._keys_file,
                "permitted_host": self._permitted_host,
            }
        )
        equip(plan, share["target"])
        day = Day(plan, plan.load_scenario(), share["niks"])
        Operator.staff(day)
        Window.staff(day)
        Forwarder.staff(day)
        return day

    def _watch(self) -> None:
        looks = 0
        while (day := self._day) is not None and not day.over():
            if looks % NEWS_EVERY == 0:
                day.record.flush()
                day.report()
                self._report(day, summary=looks % SUMMARISE_EVERY == 0, over=False)
            if self._master_is_gone():
                log.error("the master has been silent for %g s; this worker stops", MASTER_SILENT_S)
                self._runner.quit()
            gevent.sleep(LOOK_S)
            looks += 1
        self.end()

    def _master_is_gone(self) -> bool:
        heard_s = self._runner.last_heartbeat_timestamp
        return heard_s is not None and heard_s < time.time() - MASTER_SILENT_S

    def _report(self, day: Day, *, summary: bool, over: bool) -> None:
        if summary and not over:
            day.summarise()
        read = _read_json(self._folder / SUMMARY) if summary else None
        self._send(self._news(office_figures(day), _read_json(self._folder / PROGRESS), summary=read, over=over))

    def _news(
        self,
        offices: list[Any],
        progress: dict[str, Any],
        *,
        summary: dict[str, Any] | None = None,
        over: bool = False,
        error: str | None = None,
    ) -> News:
        meter = Terminal.meter
        return News(
            events=self._new_lines(),
            offices=offices,
            requests=Requests(requests=meter.requests, failures=meter.failures, held_back=meter.held_back),
            progress=progress,
            summary=summary,
            over=over,
            error=error,
        )

    def _new_lines(self) -> bytes:
        if not self._written_bytes():
            return b""
        with (self._folder / EVENTS).open("rb") as file:
            file.seek(self._sent_bytes)
            return file.read()

    def _written_bytes(self) -> int:
        path = self._folder / EVENTS
        return path.stat().st_size if path.exists() else 0

    def _send(self, news: News) -> None:
        self._runner.send_message(NEWS, dict(news))
        self._sent_bytes += len(news["events"])

    def _fail(self, greenlet: gevent.Greenlet) -> None:
        """Tell the master that something failed without which the day cannot go on."""
        self._day = None
        self._send(self._news([], {}, error=repr(greenlet.exception), over=True))


def add_arguments(parser: LocustArgumentParser) -> None:
    """Let Locust's command line say what lies on this machine."""
    parser.add_argument("--own-folder", default="", metavar="FOLDER", help="for its files; else a temporary one")
    parser.add_argument("--own-keys", default="", metavar="FILE", help="the offices' keys (JSON)")
    parser.add_argument("--own-permission", default="", metavar="HOST", help="a host that this machine may load")
    parser.add_argument("--own-parent", type=int, default=0, metavar="PID", help="ends when this process is gone")


def set_up(environment: Environment, runner: WorkerRunner, **_: Any) -> None:
    """Listen to the master before it can have said anything but hello."""
    options = environment.parsed_options
    assert options is not None, "a run from the command line has options"  # noqa: S101 - narrows
    if options.own_parent:
        gevent.spawn(follow, options.own_parent)
    worker = Worker(
        runner,
        folder=Path(options.own_folder) if options.own_folder else None,
        keys_file=Path(options.own_keys) if options.own_keys else None,
        permitted_host=options.own_permission or None,
    )
    runner.register_message(SHARE, worker.take_share)
    runner.register_message(STOP, worker.stop)
    runner.register_message(GOT, worker.note_received)
    environment.user_classes = [Operator, Window, Forwarder]
    for event in (environment.events.test_stop, environment.events.quitting):
        event.add_listener(worker.end)  # type: ignore[no-untyped-call] # Locust's
    if options.otel:
        environment.events.request.add_listener(  # type: ignore[no-untyped-call] # Locust's
            span_listener(client_spans())
        )
    environment.events.quit.add_listener(worker.tidy)  # type: ignore[no-untyped-call] # Locust's


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def register() -> None:
    """Have Locust call this file's functions; what Locust asks of a locustfile at its import, and all that is done."""
    events.init_command_line_parser.add_listener(add_arguments)  # type: ignore[no-untyped-call] # Locust's
    events.init.add_listener(set_up)  # type: ignore[no-untyped-call] # Locust's


register()
