"""The fleet: the workers of a run as their master knows them; its files are described in fleet_state.py."""

import json
import time
from typing import Any

import gevent
from locust.runners import STATE_MISSING, MasterRunner

from loadtests.fleet_plan import FleetPlan
from loadtests.fleet_state import FLEET, INTERRUPTED, FleetState, WorkerState, events_file
from loadtests.limits import ErrorBudget, Spent
from loadtests.news import GOT, SHARE, STOP, News, OfficeFigures, Requests, ShareMessage
from loadtests.residents import dealt
from loadtests.schedule import RateError, busiest_second
from loadtests.shares import Share
from model.scenario import Scenario
from model.scenario_file import dump

OPENS_IN_S = 3.0
"""Wall time between handing the shares out and the first moment played: all operators must sit by then."""
LOOK_S = 0.2
END_WITHIN_S = 5.0
"""How long the workers get to send their last news when the run is stopped."""


class Fleet:
    """Hands the shares out, takes the news in, and ends the run when every worker is done or lost."""

    def __init__(self, runner: MasterRunner, plan: FleetPlan, scenario: Scenario) -> None:
        """Wait for the workers.

        Raises:
            ValueError: there are more workers than offices, the day is too dense for `[load] max_rate`, or the list of
                residents is missing or too short.
        """
        self._runner = runner
        self._plan = plan
        self._scenario = scenario
        self._shares = plan.shares(scenario)
        self._niks = dealt(plan.load, scenario)
        self._budget = ErrorBudget(scenario.load.error_budget)
        self._index: dict[str, int] = {}
        self._workers: list[WorkerState] = []
        self._opens_wall_s: float | None = None
        self._stopped: str | None = None
        _check_rate(plan, scenario)

    @property
    def figures(self) -> list[OfficeFigures]:
        """How the offices stand, as far as their workers are there."""
        return [figures for worker in self._workers if not worker["lost"] for figures in worker["figures"]]

    @property
    def over(self) -> bool:
        """Whether every worker is done or lost."""
        return bool(self._workers) and all(worker["over"] or worker["lost"] for worker in self._workers)

    def users_of(self, worker: str) -> dict[str, int]:
        """Return how many users of which class a worker starts; a worker without a share starts none."""
        index = self._index.get(worker)
        share = Share([], 0, 0.0) if index is None else self._shares[index]
        offices = len(share.offices)
        return {"Operator": share.operators, "Window": offices, "Forwarder": offices}

    def hand_out(self, **_: Any) -> None:
        """Give every worker its share, once: a day is played once."""
        if self._workers:
            return
        opens_s = time.monotonic() + OPENS_IN_S
        self._opens_wall_s = time.time() + OPENS_IN_S
        ready = sorted((node.id for node in self._runner.clients.ready), key=self._runner.get_worker_index)
        for index, (worker, share) in enumerate(zip(ready, self._shares, strict=False)):
            self._index[worker] = index
            self._workers.append(_begun(worker, share))
            message = self._message(share, opens_s - time.monotonic())
            self._runner.send_message(SHARE, dict(message), worker)

    def take(self, msg: Any, **_: Any) -> None:
        """Take a worker's news in."""
        index = self._index.get(msg.node_id)
        if index is None:
            return
        news: News = msg.data
        worker = self._workers[index]
        path = events_file(self._plan.load.out, index)
        with path.open("ab") as file:
            file.write(news["events"])
        worker["figures"], worker["requests"] = news["offices"], news["requests"]
        worker["progress"] = news["progress"]
        worker["summary"] = news["summary"] or worker["summary"]
        worker["over"] = news["over"]
        self._stopped = self._stopped or news["error"]
        if news["over"]:
            self._runner.send_message(GOT, {"bytes": path.stat().st_size}, msg.node_id)

    def watch(self) -> None:
        """Write down how everything stands until it is over; the body of a greenlet."""
        while not self.over:
            self._note_lost()
            if self._stopped is None and (spent := self._spent()):
                self._stopped = f"the error budget is spent: {spent}"
            if self._stopped is not None:
                break
            self.write()
            gevent.sleep(LOOK_S)
        self.stop()

    def stop(self, **_: Any) -> None:
        """Have all workers write down what there is, and wait for it for a while."""
        if not self.over:
            self._stopped = self._stopped or INTERRUPTED
            self._runner.send_message(STOP)
        ends_s = time.monotonic() + END_WITHIN_S
        while self._workers and not self.over and time.monotonic() < ends_s:
            self._note_lost()
            gevent.sleep(LOOK_S / 4)
        self.write()

    def write(self) -> None:
        """Replace fleet.json."""
        state = FleetState(
            expected=self._plan.workers,
            connected=len(self._runner.clients),
            opens_wall_s=self._opens_wall_s,
            over=self.over,
            workers=self._workers,
        )
        if self._stopped is not None:
            state["stopped"] = self._stopped
        path = self._plan.load.out / FLEET
        part = path.with_suffix(".part")
        part.write_text(json.dumps(state), encoding="utf-8")
        part.replace(path)

    def _message(self, share: Share, opens_in_s: float) -> ShareMessage:
        plan = self._plan.load.model_copy(
            update={"offices": share.offices, "max_requests_per_s": share.max_requests_per_s}
        )
        return ShareMessage(
            plan=plan.model_dump_json(),
            scenario=dump(self._scenario),
            niks=self._niks,
            target=self._plan.target,
            opens_in_s=opens_in_s,
        )

    def _note_lost(self) -> None:
        """Note who is gone: killed, or cut off; who answers again is not lost any more."""
        for worker in self._workers:
            node = self._runner.clients.get(worker["worker"])
            worker["lost"] = not worker["over"] and (node is None or node.state == STATE_MISSING)

    def _spent(self) -> Spent | None:
        requests = sum(worker["requests"]["requests"] for worker in self._workers)
        failures = sum(worker["requests"]["failures"] for worker in self._workers)
        return self._budget.check(time.monotonic(), requests, failures)


def _begun(worker: str, share: Share) -> WorkerState:
    return WorkerState(
        worker=worker,
        offices=share.offices,
        over=False,
        lost=False,
        figures=[],
        requests=Requests(requests=0, failures=0, held_back=0),
        progress={},
        summary=None,
    )


def _check_rate(plan: FleetPlan, scenario: Scenario) -> None:
    """A worker sees its own part of the arrivals only; here are all of them."""
    clock = plan.load.clock(scenario)
    busiest = busiest_second([clock.to_wall_s(citizen.arrival_s) for citizen in plan.load.citizens(scenario)])
    if busiest > scenario.load.max_rate_per_s:
        raise RateError(busiest, scenario.load.max_rate_per_s)
