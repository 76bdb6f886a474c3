from loadtests.steps import CORRECTION, REPLACEMENT, STEPS, asking
from model.errands import NEEDS, Errand
from model.stages import Stage


def test_only_packets_are_submissions_and_every_errand_has_a_step() -> None:
    steps = {errand: asking(errand) for errand in Errand}
    assert {errand for errand, step in steps.items() if step == Stage.SUBMISSION} == {
        errand for errand, needs in NEEDS.items() if needs.capture
    }
    assert set(steps.values()) == {Stage.SUBMISSION, REPLACEMENT, CORRECTION} < set(STEPS)
