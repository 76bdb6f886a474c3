import json
from pathlib import Path

import numpy as np
import pytest

from antrean.gate.baseline import check, load_baseline, make_baseline, predicted_ratio
from antrean.gate.decision import Verdict
from antrean.gate.run_figures import KINDS, NoCostError, RunFigures, figures_of
from antrean.runs import Run
from model.gate import Gate, GateLimits

GATE = Gate(limits=GateLimits(cpu_per_card=1.05, throughput=0.9, p95=1.2))


def figures(seed: int, cpu: float = 1.0, machine: str = "here", scenario: str = "april-2016") -> RunFigures:
    dice = np.random.default_rng(seed)
    found = {name: float(dice.lognormal(2.0, 0.0001)) for name in KINDS}
    found["cpu_per_card_references"] *= cpu
    return RunFigures(f"run-{seed}", scenario, machine, found)


def test_a_costlier_run_has_regressed_and_one_like_the_baseline_has_not() -> None:
    known = make_baseline("good", [figures(seed) for seed in range(1, 7)])
    assert check(figures(9), known, GATE, "t").verdict is Verdict.SAME
    found = check(figures(9, cpu=1.2), known, GATE, "t")
    assert found.verdict is Verdict.REGRESSED
    assert [line.measure.label for line in found.lines if line.verdict is Verdict.REGRESSED] == ["CPU per card"]


def test_another_machine_is_held_only_to_what_survives_the_change() -> None:
    known = make_baseline("good", [figures(seed) for seed in range(1, 7)])
    here, there = (check(figures(9, machine=machine), known, GATE, "t") for machine in ("here", "there"))
    assert {line.measure.name for line in there.lines} == {"cpu_per_card_references", "capacity_references"}
    assert {line.measure.name for line in here.lines} > {line.measure.name for line in there.lines}
    assert "Absolute times are not compared" in there.notes[0]


def test_a_baseline_is_written_and_read_back(tmp_path: Path) -> None:
    known = make_baseline("good", [figures(seed) for seed in range(1, 4)])
    known.save(tmp_path / "baselines" / "good.json")
    assert load_baseline(tmp_path / "baselines" / "good.json") == known
    (tmp_path / "none.json").write_text(json.dumps({"name": "x"}))
    with pytest.raises(ValueError, match="is no baseline"):
        load_baseline(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "at least 3"),
        ([figures(2), figures(3, machine="there")], "one fingerprint"),
        ([figures(2), figures(3, scenario="faults-day")], "one scenario"),
    ],
)
def test_runs_that_make_no_baseline_are_refused(others: list[RunFigures], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make_baseline("bad", [figures(1), *others])


def test_a_run_without_its_cost_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NoCostError, match="antrean run makes one"):
        figures_of(Run(tmp_path))


def test_the_predicted_ratio_covers_another_run_as_often_as_it_says() -> None:
    dice = np.random.default_rng(1)
    wrong = sum(
        predicted_ratio(dice.lognormal(0, 0.1, 5), float(dice.lognormal(0, 0.1)), 0.05).low > 1 for _ in range(1_000)
    )
    # Of 1,000, more than 73 are wrong in one of 1,000 trials.
    assert wrong <= 73
