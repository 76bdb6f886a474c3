"""What the gate's decisions say: how often each kind ended how, and how long it took."""

from typing import Any

import polars as pl
from scipy import stats

from antrean.gate.decision import Verdict

SCHEMA_VERSION = 1
CONFIDENCE = 0.95


def summarise(rows: pl.DataFrame) -> dict[str, Any]:
    """Count the verdicts of each kind of decision."""
    kinds = []
    for (slower, neighbour), part in rows.group_by("slower", "neighbour", maintain_order=True):
        kinds.append(_kind(part) | {"slower": slower, "neighbour": neighbour})
    for (slower,), part in rows.group_by("slower", maintain_order=True):
        kinds.append(_kind(part) | {"slower": slower, "neighbour": None})
    kinds.sort(key=lambda kind: (kind["slower"], kind["neighbour"] is not None, kind["neighbour"]))
    return {"schema_version": SCHEMA_VERSION, "decisions": rows.height, "confidence": CONFIDENCE, "kinds": kinds}


def _kind(part: pl.DataFrame) -> dict[str, Any]:
    verdicts = part["verdict"].to_list()
    regressed = verdicts.count(Verdict.REGRESSED)
    low, high = exact_interval(regressed, part.height)
    return {
        "decisions": part.height,
        "verdicts": {verdict.value: verdicts.count(verdict) for verdict in Verdict},
        "regressed_share": regressed / part.height,
        "regressed_low": low,
        "regressed_high": high,
        "median_s": part["took_s"].median(),
        "longest_s": part["took_s"].max(),
        "median_rounds": part["rounds"].median(),
        "median_cpu_ratio": part["cpu_ratio"].median(),
    }


def exact_interval(hits: int, of: int) -> tuple[float, float]:
    """Return the interval of a share (Clopper and Pearson 1934)."""
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, hits, of - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(tail, hits + 1, of - hits)) if hits < of else 1.0
    return low, high


def markdown(found: dict[str, Any]) -> str:
    """Return the table of docs/gate.md."""
    lines = [
        "| B is slower by | neighbour | decisions | regressed | 95% interval | same | improved | cannot tell | s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in found["kinds"]:
        verdicts, busy = kind["verdicts"], {None: "both", True: "yes", False: "no"}[kind["neighbour"]]
        cells = (
            f"{kind['slower']:.0%}" if kind["slower"] else "nothing (A/A)",
            busy,
            str(kind["decisions"]),
            f"{kind['regressed_share']:.1%}",
            f"{kind['regressed_low']:.1%} to {kind['regressed_high']:.1%}",
            *(str(verdicts[verdict]) for verdict in (Verdict.SAME, Verdict.IMPROVED, Verdict.CANNOT_TELL)),
            f"{kind['median_s']:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
