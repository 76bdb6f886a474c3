import math

import numpy as np
import pytest

from antrean.gate.decision import Line, Verdict
from antrean.gate.rounds import A, B, Judge, Round, hidden_figures, lag_ms, measures_of, orders, turns_frame
from antrean.gate.turns import Turn
from model.gate import Gate, GateLevels, GateLimits


def levels(p95: str) -> GateLevels:
    return GateLevels.model_validate({"p95": p95, "errors": 0.01})


GATE = Gate(
    limits=GateLimits(cpu_per_card=1.02, cpu_in_steps=1.02, throughput=0.9, median=1.1, p95=1.1), levels=levels("1 s")
)


def turn(factor: float, failed: int = 0, lag_s: float = 0.001) -> Turn:
    latencies_s = tuple(0.1 * factor * (1 + share) for share in np.linspace(0, 1, 6))
    return Turn(6 - failed, 6, 0.2 * factor, 0.06 * factor, 0.03 * factor, latencies_s[failed:], lag_s, failed)


def rounds(slower: float, count: int = 30, failed: int = 0, lag_s: float = 0.001) -> list[Round]:
    """Rounds with a little noise, the same for both sides and differing ones."""
    dice = np.random.default_rng(1)

    def two(factor: float, failed: int) -> list[Turn]:
        return [turn(factor * float(dice.lognormal(0, 0.01)), failed, lag_s) for _ in range(2)]

    return [Round(number, {A: two(1.0, 0), B: two(slower, failed)}, 0.01) for number in range(count)]


def look(played: list[Round], gate: Gate = GATE) -> dict[str, Line]:
    lines = Judge(gate, np.random.default_rng(1)).look(played)
    return {line.measure.name: line for line in lines}


def test_the_same_servers_are_the_same_by_all_measures() -> None:
    found = look(rounds(1.0))
    assert {line.verdict for line in found.values()} == {Verdict.SAME}
    assert found["cpu per card"].a == pytest.approx(10.0, rel=0.02)
    assert found["throughput"].ratio.estimate == pytest.approx(1.0, rel=0.02)


def test_a_slower_server_regresses_by_all_of_them() -> None:
    found = look(rounds(1.3))
    regressed = {name for name, line in found.items() if line.verdict is Verdict.REGRESSED}
    assert regressed == {"cpu per card", "cpu in steps", "throughput", "median", "p95"}


def test_a_service_level_counts_whatever_the_baseline_is() -> None:
    strict = GATE.model_copy(update={"levels": levels("100 ms")})
    assert look(rounds(1.0), strict)["p95 level"].verdict is Verdict.REGRESSED
    assert look(rounds(1.0, failed=1))["errors level"].verdict is Verdict.REGRESSED


def test_a_late_generator_leaves_only_what_is_not_of_the_clock() -> None:
    late = rounds(1.3, lag_s=0.05)
    assert lag_ms(late) == pytest.approx(50)
    found = look(late)
    assert found["cpu per card"].verdict is Verdict.REGRESSED
    assert {found[name].verdict for name in ("throughput", "median", "p95")} == {Verdict.CANNOT_TELL}


def test_what_was_found_stays_found() -> None:
    judge = Judge(GATE, np.random.default_rng(1))
    judge.look(rounds(1.3))
    again = {line.measure.name: line.verdict for line in judge.look(rounds(1.0))}
    assert again["cpu per card"] is Verdict.REGRESSED


def test_a_scenario_without_limits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no \[gate.limits\]"):
        Judge(Gate(), np.random.default_rng(1))


def test_cpu_is_compared_only_where_it_is_known() -> None:
    unseen = turn(1.0)._replace(cpu_s=math.nan, steps_cpu_s=math.nan)
    hidden = hidden_figures(Round(0, {A: [turn(1.0)], B: [unseen]}, 0.01))
    assert hidden == {"cpu_per_card_ms", "cpu_in_steps_ms"}
    assert set(measures_of(GATE, hidden)) == {"throughput_per_s", "median_ms", "p95_ms"}
    assert math.isnan(Round(0, {A: [], B: []}, 0.0).figures(A)["p95_ms"])


def test_sides_take_turns_at_being_first_and_a_row_a_turn_is_kept() -> None:
    order = orders()
    assert [next(order)[0] for _ in range(4)] == [A, B, A, B]
    frame = turns_frame(rounds(1.0, count=3))
    assert frame.height == 12
    assert frame["latencies_s"].list.len().to_list() == [6] * 12
