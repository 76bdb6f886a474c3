"""Writes the tables of docs/twin-protocol.md from results/benchmarks/twin.json: `python -m benchmarks.twin_docs`."""

import json
from pathlib import Path
from typing import Any

from antrean.summary import duration
from antrean.validation.comparison import COVERAGE_GOAL, GOALS
from benchmarks.twin_figures import LEAST_RUNS

ROOT = Path(__file__).parent.parent
DOCUMENT, RESULT = ROOT / "docs" / "twin-protocol.md", ROOT / "results" / "benchmarks" / "twin.json"
BEGIN, END = "<!-- Written by python -m benchmarks.twin_docs: -->", "<!-- until here. -->"
NOTHING = "Not measured yet: `make bench-twin`."
COLUMNS = (
    "held-out day", "runs", f"throughput ({GOALS['throughput']:.0%})", f"median wait ({GOALS['wait_median_s']:.0%})",
    f"p95 wait ({GOALS['wait_p95_s']:.0%})", f"within 90% ({COVERAGE_GOAL[0]:.0%} to {COVERAGE_GOAL[1]:.0%})",
    "Wasserstein-1", "farthest off", "disturbed",
)  # fmt: skip


def tables(result: dict[str, Any]) -> str:
    """Return the results as Markdown: on what, a line a kind of day, and which goals are reached."""
    capacities = ", ".join(f"{found:.1f}" for found in result["capacities_per_s"])
    machine = result["machine"]
    about = (
        f"On {machine['cores']} cores ({machine['processor']}), {result['residents']:,} residents, speedup "
        f"{result['speedup']:.0f}; capacity by the rounds' searches: {capacities or 'none yet'} enrollments a second."
    )
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    lines += [_line(name, kind) for name, kind in result["kinds"].items()]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{about}\n\n{table}\n\n{verdict(result)}"


def _line(name: str, kind: dict[str, Any]) -> tuple[str, ...]:
    if not kind["runs"]:
        return (name, "0", *[""] * (len(COLUMNS) - 3), kind.get("left_out", "not predicted yet"))
    errors = [
        f"{100 * kind['errors'][goal]:+.0f}% ({100 * kind['error_sizes'][goal]:.0f}%){_mark(kind['reached'][goal])}"
        for goal in GOALS
    ]
    stage, times = kind["farthest_stage"]
    return (
        name,
        str(kind["runs"]),
        *errors,
        f"{100 * kind['coverage']:.0f}%{_mark(kind['reached']['coverage'])}",
        f"{duration(kind['wasserstein_s'])}, {100 * kind['wasserstein_share']:.0f}% of the mean",
        f"{stage}, {times} of {kind['runs']}",
        f"{kind['disturbed']} of {kind['played']}",
    )


def _mark(reached: bool | None) -> str:
    return {True: " reached", False: " not reached", None: ""}[reached]


def verdict(result: dict[str, Any]) -> str:
    """Say which goals every kind of day reaches."""
    kinds = {name: kind for name, kind in result["kinds"].items() if "left_out" not in kind}
    few = [name for name, kind in kinds.items() if kind["runs"] < LEAST_RUNS]
    told = []
    if few:
        told.append(f"Fewer than {LEAST_RUNS} runs, so no verdict: {', '.join(few)}.")
    for goal in (*GOALS, "coverage"):
        missed = [name for name, kind in kinds.items() if kind["reached"][goal] is False]
        met = [name for name, kind in kinds.items() if kind["reached"][goal]]
        if missed or met:
            told.append(
                f"{goal.removesuffix('_s').replace('_', ' ').capitalize()}: reached on {', '.join(met) or 'no day'}; "
                f"missed on {', '.join(missed) or 'none'}."
            )
    told += [f"{name} is left out: {kind['left_out']}." for name, kind in result["kinds"].items() if "left_out" in kind]
    return "\n".join(f"- {words}" for words in told)


def page(text: str, written: str) -> str:
    """Return the document with what is written between its marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{written}\n\n{END}{after}"


def write(result: dict[str, Any] | None) -> None:
    """Write the tables into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(page(text, tables(result) if result else NOTHING), encoding="utf-8")


if __name__ == "__main__":
    write(json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else None)
