"""The faults of a lab day: asked for over the API, and read back when the day is over."""

import time
from http import HTTPStatus
from typing import Any, NamedTuple

from antrean.admin import Admin, AdminError
from antrean.lab import worker_count
from antrean.processes import ProcessError
from model.clock import Clock
from model.faults import Fault, LinkCut, PrinterDown, WorkerKilled
from model.office_days import horizon_s
from model.offices import all_offices
from model.scenario import Scenario
from model.staffing import OfficePlan, plan_offices

PATH = "/v1/faults"


class FaultTimes(NamedTuple):
    """A fault that the server was under, and when it really was, in seconds since the scenario's start."""

    kind: str
    where: str
    """The stage, the printer, the office, the worker; empty where the kind says it all."""
    start_s: float
    end_s: float
    """When the day was over, for a fault that was not."""
    delay_s: float | None
    """Of a latency, in wall time."""
    share: float | None
    """Of errors."""

    @property
    def name(self) -> str:
        """What it was, and where: "latency, matching"."""
        return f"{self.kind}, {self.where}" if self.where else self.kind


class DayFaults(NamedTuple):
    """What became of a day's faults."""

    injected: list[FaultTimes]
    left_out: list[str]
    """Those that the lab could not play, and why, in a sentence each."""

    def as_json(self) -> dict[str, Any]:
        """Return it as `<part>/faults.json` has it."""
        return {"injected": [fault._asdict() for fault in self.injected], "left_out": self.left_out}


def inject(admin: Admin, scenario: Scenario, clock: Clock) -> list[str]:
    """Ask the server for the scenario's faults at their hours; returns a sentence for each that it cannot be under.

    Raises:
        ProcessError: the server refused one.
    """
    plans, left_out = plan_offices(scenario), []
    for number, fault in enumerate(scenario.faults):
        why = why_not(fault, scenario, clock, plans) or _post(admin, number, request_of(fault, scenario, clock))
        if why:
            left_out.append(f"faults[{number}], {fault.kind}, was not injected: {why}.")
    return left_out


def _post(admin: Admin, number: int, request: dict[str, Any]) -> str | None:
    """Ask for a fault; returns why not if it is one that this server cannot bring about."""
    try:
        admin.post(PATH, request)
    except AdminError as error:
        if error.status == HTTPStatus.CONFLICT:
            return str(error)
        raise ProcessError(f"faults[{number}]: {error}") from error
    return None


def why_not(fault: Fault, scenario: Scenario, clock: Clock, plans: dict[str, OfficePlan]) -> str | None:
    """Say why a lab that plays day 0 of these offices on this clock cannot play a fault; None if it can."""
    if scenario.seconds_at(fault.end) <= clock.origin_scenario_s:
        return "it is over before the lab's day begins"
    if scenario.seconds_at(fault.start) >= horizon_s(scenario, plans, 1):
        return "it begins after the one day that the lab plays"
    if isinstance(fault, PrinterDown | LinkCut) and fault.office not in plans:
        return f"the lab does not play office {fault.office} ({all_offices()[fault.office].name})"
    if isinstance(fault, PrinterDown) and fault.printer > plans[fault.office].printers:
        return f"office {fault.office} has no printer {fault.printer}, but {plans[fault.office].printers} in all"
    if isinstance(fault, WorkerKilled) and fault.worker > worker_count():
        return f"there is no worker {fault.worker}, but {worker_count()} in all on this machine"
    return None


def request_of(fault: Fault, scenario: Scenario, clock: Clock) -> dict[str, Any]:
    """Return what `POST /v1/faults` is sent for a fault: its moments on the wall clock, a delay as it is."""
    said = {name: value for name, value in fault if name not in ("start", "end")}
    return said | {
        "starts_at": clock.to_wall_s(scenario.seconds_at(fault.start)),
        "ends_at": clock.to_wall_s(scenario.seconds_at(fault.end)),
    }


def read_faults(admin: Admin, clock: Clock) -> list[FaultTimes]:
    """Read back which faults the server has been under so far, and when.

    Raises:
        ProcessError: the server did not tell.
    """
    try:
        told = admin.get(PATH)
    except AdminError as error:
        raise ProcessError(str(error)) from error
    return times_of(told, clock, time.time())


def times_of(told: list[dict[str, Any]], clock: Clock, now_s: float) -> list[FaultTimes]:
    """Return what `GET /v1/faults` told at a moment of the wall clock; a fault that was still to come is none."""
    return [
        FaultTimes(
            kind=fault["kind"],
            where=fault["target"] or "",
            start_s=clock.to_scenario_s(fault["starts_at"]),
            end_s=clock.to_scenario_s(min(fault["ends_at"], now_s)),
            delay_s=fault["delay_s"],
            share=fault["share"],
        )
        for fault in told
        if fault["starts_at"] < min(fault["ends_at"], now_s)
    ]
