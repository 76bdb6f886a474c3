"""A run's figures, as a baseline keeps them: first those that survive a change of machine, then absolute times."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from antrean.gate.decision import Measure
from antrean.gate.run_cost import COST, RunCost
from antrean.runs import Run
from model.gate import GateLimits

PART = "lab-normal"
"""The measured day that is compared: one without upgrade and faults."""
MS_PER_S = 1_000


class NoCostError(ValueError):
    """The run's folder does not say what its normal day cost."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"{run.folder} has no {PART}/{COST}: it is no run of a normal day, or one of before costs were kept; "
            "antrean run makes one"
        )


class Kind(NamedTuple):
    """A figure and what it may be compared by."""

    label: str
    unit: str
    limit: str
    """The key of `[gate.limits]`."""
    any_machine: bool
    less_is_worse: bool = False


KINDS: Mapping[str, Kind] = {
    "cpu_per_card_references": Kind("CPU per card", "ref", "cpu_per_card", True),
    "cpu_per_request_references": Kind("CPU per request", "ref", "cpu_per_request", True),
    "requests_per_card": Kind("Requests per card", "", "cpu_per_request", True),
    "capacity_references": Kind("Capacity a core", "1/ref", "throughput", True, less_is_worse=True),
    "cpu_per_card_ms": Kind("CPU per card", "ms", "cpu_per_card", False),
    "cpu_per_request_ms": Kind("CPU per request", "ms", "cpu_per_request", False),
    "capacity_per_s": Kind("Capacity", "1/s", "throughput", False, less_is_worse=True),
    "server_p50_ms": Kind("Server, median", "ms", "median", False),
    "server_p95_ms": Kind("Server, p95", "ms", "p95", False),
}
"""One reference ("ref") is the CPU time of the reference workload, timed in the same run."""


class RunFigures(NamedTuple):
    """A run as a baseline keeps it."""

    run: str
    scenario: str
    fingerprint: str
    figures: dict[str, float]


def figures_of(run: Run) -> RunFigures:
    """Read a finished run's figures.

    Raises:
        NoCostError: it has none.
    """
    if not (run.folder / PART / COST).exists():
        raise NoCostError(run)
    meta, summary = run.load_json("meta.json"), run.load_json("summary.json")
    cost = RunCost(**run.load_json(f"{PART}/{COST}"))
    day = summary["parts"][PART][0]
    capacity_per_s = float(summary["capacity"]["capacity_per_s"])
    per_card_s, per_request_s = cost.cpu_s / max(1, cost.cards), cost.cpu_s / max(1, cost.requests)
    found = {
        "cpu_per_card_references": per_card_s / cost.reference_s,
        "cpu_per_request_references": per_request_s / cost.reference_s,
        "requests_per_card": cost.requests / max(1, cost.cards),
        "capacity_references": capacity_per_s * cost.reference_s / meta["machine"]["cores"],
        "cpu_per_card_ms": MS_PER_S * per_card_s,
        "cpu_per_request_ms": MS_PER_S * per_request_s,
        "capacity_per_s": capacity_per_s,
        "server_p50_ms": MS_PER_S * day["server_p50_s"],
        "server_p95_ms": MS_PER_S * day["server_p95_s"],
    }
    if not cost.requests:
        found = {name: value for name, value in found.items() if "request" not in name}
    name = meta["scenario"] + (" --quick" if meta["quick"] else "")
    return RunFigures(run.folder.name, name, fingerprint(meta["machine"]), found)


def fingerprint(machine: Mapping[str, Any]) -> str:
    """Say by what two machines are taken for alike: processor, cores and Python's version."""
    python = ".".join(str(machine["python"]).split(".")[:2])
    return f"{machine['processor']}, {machine['cores']} cores, Python {python}"


def measures_of(limits: GateLimits, same_machine: bool) -> dict[str, Measure]:
    """Return what may be compared, by the figure's name; absolute times only on the same machine."""
    found = {}
    for figure, kind in KINDS.items():
        limit = getattr(limits, kind.limit)
        if limit is not None and (same_machine or kind.any_machine):
            found[figure] = Measure(figure, kind.label, kind.unit, limit, kind.less_is_worse)
    return found
