"""The summary of a load: its keys are described in docs/load-summary.md."""

from typing import Any

from loadtests.fleet_plan import FleetPlan
from loadtests.fleet_state import FleetState
from loadtests.merged import Merged, merge_workers
from model.clock import Clock
from model.scenario import Scenario

SCHEMA_VERSION = 2


def summarise_load(
    scenario: Scenario, plan: FleetPlan, state: FleetState, clock: Clock | None, stopped: str | None
) -> dict[str, Any]:
    """Return what a load showed.

    Args:
        scenario: as it was played.
        plan: what was asked for.
        state: how the fleet stood last.
        clock: the run's, None if it never began.
        stopped: why it ended early.
    """
    merged = merge_workers(state["workers"], clock)
    # A lost worker may never have told how many it expected.
    merged["citizens"]["planned"] = len(plan.load.citizens(scenario))
    lost = [code for worker in state["workers"] if worker["lost"] for code in worker["offices"]]
    workers = [
        {
            "worker": worker["worker"],
            "offices": worker["offices"],
            "over": bool(worker["summary"] and worker["summary"]["over"]),
            "lost": worker["lost"],
        }
        for worker in state["workers"]
    ]
    complete = bool(workers) and all(worker["over"] for worker in workers)
    return {
        "schema_version": SCHEMA_VERSION,
        "target": plan.target,
        "adapter": plan.load.adapter,
        "day": plan.load.day,
        "days": plan.load.days,
        "replication": plan.load.replication,
        "speedup": scenario.load.speedup,
        "wall_s": merged["wall_s"],
        "complete": complete,
        "stopped": stopped,
        "citizens": merged["citizens"],
        "generator": {
            "late": merged["late"],
            "dropped": merged["dropped"],
            "unanswered": merged["unanswered"],
            "dispatch_lag": merged["dispatch_lag"],
            "valid_for_latency": merged["valid_for_latency"],
        },
        "requests": {**merged["requests"], "retries": merged["retries"]},
        "steps": merged["steps"],
        "workers": workers,
        "lost_offices": lost,
        "warnings": _warnings(merged, lost, stopped, complete=complete),
    }


def _warnings(merged: Merged, lost_offices: list[str], stopped: str | None, *, complete: bool) -> list[str]:
    warnings = []
    if stopped is not None or not (complete or lost_offices):
        warnings.append(f"the day was not played to its end: {stopped or 'workers were stopped'}")
    if lost_offices:
        warnings.append(f"workers were lost, and with them the offices {', '.join(lost_offices)}")
    if merged["requests"]["held_back"]:
        warnings.append(
            f"{merged['requests']['held_back']} requests had to wait, as load.max_rate would have been exceeded; "
            "the server met less than the plan's load"
        )
    if merged["dispatch_lag"]["count"] and not merged["valid_for_latency"]:
        lag_ms = merged["dispatch_lag"]["p99_ms"]
        warnings.append(f"the generator was late (p99 {lag_ms:.0f} ms): the latencies are not valid; use more workers")
    return warnings
