"""How punctual the load generator is at 2,000 arrivals a second: `make bench-generator`.

One process fires a Poisson stream at a server that answers at once. What counts is the lag from the moment a packet
should have been sent to the moment it was: a generator that cannot keep up still reports the rate it was asked for.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from antrean.lab import SERVER_NICE
from antrean.processes import Processes, python_module
from loadtests.plan import LoadPlan, command
from model import scenario_file
from model.scenario_file import dump

RATE_PER_S = 2_000.0
LENGTH_S = 10.0
ROUNDS = 5
TERMINALS = 100
PACKET_BYTES = 66_000
LEAD_S = 5.0
RESULT = Path(__file__).parent.parent / "results" / "benchmarks" / "generator.json"


def fire(folder: Path, number: int) -> dict[str, Any]:
    """Fire one round and return its figures."""
    scenario = scenario_file.load("april-2016")
    load = scenario.load.model_copy(update={"packet_bytes": PACKET_BYTES, "max_rate_per_s": 2 * RATE_PER_S})
    out = folder / str(number)
    out.mkdir()
    (out / "scenario.toml").write_text(dump(scenario.model_copy(update={"load": load})), encoding="utf-8")
    with Processes(out / "logs") as processes:
        server = processes.start("server", python_module("benchmarks.bare_server"), nice=SERVER_NICE)
        url = f"http://127.0.0.1:{server.expect('port', 30)}"
        plan = LoadPlan(
            scenario=out / "scenario.toml",
            mode="open",
            replication=number,
            origin_wall_s=time.time() + LEAD_S,
            origin_scenario_s=0.0,
            out=out,
            rate_per_s=RATE_PER_S,
            length_s=LENGTH_S,
            terminals=TERMINALS,
        )
        plan.write(out / "plan.json")
        generator = processes.start("load", command(out / "plan.json", url, out), may_end=True)
        if generator.wait(LEAD_S + 3 * LENGTH_S) != 0:
            raise generator.failure("did not come to its end")
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return {
        "load_average_before": os.getloadavg()[0],
        "arrivals_per_s": summary["arrivals"] / LENGTH_S,
        "answered": summary["submitted"],
        "failed": summary["failed"],
        "start_lag_p50_ms": summary["start_lag"]["p50_ms"],
        "start_lag_p99_ms": summary["start_lag"]["p99_ms"],
        "dispatch_lag_p99_ms": summary["dispatch_lag"]["p99_ms"],
    }


def main() -> None:
    """Measure, print and write results/benchmarks/generator.json."""
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            rounds.append(fire(Path(folder), number))
            print(rounds[-1], file=sys.stderr, flush=True)
    lags_ms = [one["start_lag_p99_ms"] for one in rounds]
    result = {
        "rate_per_s": RATE_PER_S,
        "packet_bytes": PACKET_BYTES,
        "cores": os.cpu_count(),
        "start_lag_p99_ms": {"least": min(lags_ms), "median": statistics.median(lags_ms)},
        "rounds": rounds,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
