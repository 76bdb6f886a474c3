import math
import pickle

import numpy as np
import pytest
from scipy import special

from antrean.calibrated_server import centre_of, drawn, estimates, period_of, work_time
from antrean.calibration.service_time import Family, fit
from model.centre import Delays
from model.stages import Stage
from model.work_time import GRID_Z
from tests.antrean.calibrations import calibration, service, three
from tests.antrean.validation.days import NORMAL, SPEEDUP


def test_a_full_server_does_what_its_workers_can() -> None:
    """Each record costs a worker 40 ms and twice an eighth of a claim."""
    found = calibration()
    spec = centre_of(found, estimates(found), SPEEDUP, (NORMAL,))
    assert spec.full.per_s * SPEEDUP == pytest.approx(2 / 0.044)
    assert spec.full.slowdown == 1.0


def test_processes_that_share_cores_slow_each_other_and_the_balance_holds() -> None:
    found = calibration(slope=0.4)
    full = centre_of(found, estimates(found), SPEEDUP, (NORMAL,)).full
    per_s = full.per_s * SPEEDUP
    in_service = per_s * full.slowdown * (0.040 + 0.001) + min(1.0, per_s * full.slowdown * 0.02)
    assert full.slowdown == pytest.approx(1 + 0.4 * (in_service - 1), rel=1e-6)
    assert per_s == pytest.approx(2 / (0.040 * full.slowdown + 0.004))


def test_a_slow_matcher_is_the_limit() -> None:
    found = calibration(matching_s=0.1)
    assert centre_of(found, estimates(found), 1.0, (NORMAL,)).capacity_per_s == pytest.approx(10.0)


def test_the_centre_is_built_as_the_server_and_as_slow_as_the_scenario_is_fast() -> None:
    found = calibration(slope=0.4)
    spec = centre_of(found, estimates(found), SPEEDUP, (NORMAL,))
    workers, matcher = spec.kinds
    assert (workers.servers, workers.batch, matcher.servers, matcher.batch) == (2, 8, 1, 32)
    assert workers.stages == (Stage.VALIDATION, Stage.PERSONALISATION)
    assert workers.gap_s == pytest.approx(0.016 * SPEEDUP)
    assert spec.work_of(Stage.SUBMISSION).mean_s == pytest.approx(0.02 * SPEEDUP)
    assert spec.notice_s == {Stage.VALIDATION: 0.005 * SPEEDUP, Stage.MATCHING: 0.0, Stage.PERSONALISATION: 0.0}
    assert (spec.sharing.cores, spec.sharing.slope) == (1.0, 0.4)


def test_what_varied_varies_and_what_offices_wait_for_is_in_the_scenarios_time() -> None:
    found = calibration().model_copy(update={"delays_s": {"card": three(0.002), "look": three(0.03)}})
    figures = estimates(found) | {"workers.gap_cv": 0.7, "validation.notice_cv": 0.9}
    spec = centre_of(found, figures, SPEEDUP, (NORMAL,))
    assert spec.delays == Delays(card_s=0.002 * SPEEDUP, look_s=0.03 * SPEEDUP)
    assert spec.kinds[0].gap_variation == 0.7
    assert spec.notice_variation[Stage.VALIDATION] == 0.9


@pytest.mark.parametrize("family", ["lognormal", "gamma", "weibull", "empirical"])
def test_work_has_the_distribution_that_was_fitted(family: Family) -> None:
    times_s = np.random.default_rng(1).weibull(1.7, 4000) * 0.02
    found = fit(family, times_s, np.array([]))
    work = work_time(service(family, found.parameters), found.mean_s, found.cv)
    deviates = GRID_Z[40:-40:8]
    expected = found.quantiles_s(special.ndtr(np.array(deviates)))
    # Between its 2.5% steps the data's own distribution is a line; at its ends that makes the mean a little longer.
    assert [work.at(z) for z in deviates] == pytest.approx(expected.tolist(), rel=0.02)
    assert work.mean_s == found.mean_s


def test_a_centre_can_go_to_another_process() -> None:
    found = calibration(slope=0.4)
    spec = centre_of(found, estimates(found), SPEEDUP, (NORMAL,))
    again = pickle.loads(pickle.dumps(spec))  # noqa: S301 - our own
    assert again._replace(work={}) == spec._replace(work={})
    assert again.work_of(Stage.MATCHING).at(1.2) == spec.work_of(Stage.MATCHING).at(1.2)


def test_draws_belong_together_and_begin_again() -> None:
    found = calibration()
    assert drawn(found, 1)["cores"] == 2.0
    assert drawn(found, 1)["slope"] == 0.1
    assert drawn(found, 2) == drawn(found, 0)


def test_another_servers_log_makes_no_centre() -> None:
    found = calibration(workers=0)
    with pytest.raises(ValueError, match=r"another kind of server.*calibrate from runs"):
        centre_of(found, estimates(found), 1.0, (NORMAL,))


def test_a_phase_slows_each_stage_and_gap_as_measured_and_the_others_by_their_mean() -> None:
    figures = {"slowdown.5.4.index.all": 1.5, "slowdown.5.4.index.matching": 3.0, "slowdown.5.4.index.workers gap": 2.0}
    period = period_of(5.0, "5.4", "index", figures)
    assert [period.slowdown_at(6.0, what) for what in ("matching", "workers gap", "validation")] == [3.0, 2.0, 1.5]
    assert period_of(-math.inf, "5.4", "", figures).slowdown_at(0.0, "matching") == 1.0
