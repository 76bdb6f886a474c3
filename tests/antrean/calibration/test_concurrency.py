import numpy as np
import pytest

from antrean.calibration.concurrency import NO_LAW, Law, fit_law, overlaps, refit_law
from tests.antrean.calibration.queues import shared_cores, visits


def test_time_beside_others_is_counted_by_how_many_there_were() -> None:
    seen = overlaps(visits([0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [4.0, 3.0, 6.0]))
    assert seen.at_level_s.tolist() == [[0, 1, 2, 1], [0, 0, 1, 1], [0, 2, 1, 1]]
    assert seen.level_at_end.tolist() == [2, 3, 1]


def test_requests_at_the_web_server_take_one_core_together() -> None:
    web = visits([0.0] * 3, [0.0, 0.0, 0.0], [2.0, 2.0, 3.0], stage="submission")
    beside = visits([0.0], [1.0], [4.0])
    seen = overlaps(web.vstack(beside))
    assert seen.at_level_s[3].tolist() == [0, 1, 2]


def test_sessions_do_not_meet_each_other() -> None:
    one, other = visits([0.0], [0.0], [2.0]), visits([0.0], [0.0], [2.0], session="another")
    assert overlaps(one.vstack(other)).at_level_s.tolist() == [[0, 2], [0, 2]]


def test_work_is_what_a_visit_would_have_taken_alone() -> None:
    seen = overlaps(visits([0.0, 0.0], [0.0, 1.0], [3.0, 3.0]))
    assert seen.work_s(Law("sharing", 1.0, 1.0)).tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    ("workers", "cores", "slope", "arrivals_per_s", "name"),
    [(6, 3.0, 1 / 3, 2.0, "sharing"), (6, 1.0, 0.36, 1.6, "linear")],
)
def test_how_services_slow_each_other_is_found(
    workers: int, cores: float, slope: float, arrivals_per_s: float, name: str
) -> None:
    seen = overlaps(shared_cores(workers, cores, slope, arrivals_per_s, mean_s=1.0, count=3000, seed=21))
    everything = [np.arange(3000)]
    law = fit_law(seen, everything)
    assert law.name == name
    assert law.cores == pytest.approx(cores, abs=0.3)
    assert law.slope == pytest.approx(slope, rel=0.12)
    assert seen.work_s(law).mean() == pytest.approx(1.0, rel=0.06)
    # The durations themselves are far from it, and so is the law that ignores what they shared.
    assert seen.work_s(NO_LAW).mean() > 1.15


def test_servers_that_do_not_share_are_left_without_a_law() -> None:
    seen = overlaps(shared_cores(4, cores=4.0, slope=0.0, arrivals_per_s=3.0, mean_s=1.0, count=3000, seed=22))
    assert fit_law(seen, [np.arange(3000)]) == NO_LAW


def test_a_law_is_fitted_again_in_the_same_form() -> None:
    seen = overlaps(shared_cores(6, 3.0, 1 / 3, 2.0, mean_s=1.0, count=3000, seed=23))
    law = fit_law(seen, [np.arange(3000)])
    again = refit_law(law, seen, [np.arange(0, 3000, 2)])
    assert again.name == law.name
    assert again.cores == pytest.approx(law.cores, abs=0.4)


def test_one_at_a_time_says_nothing_of_sharing() -> None:
    moments = [float(number) for number in range(100)]
    assert fit_law(overlaps(visits(moments, moments, [m + 0.5 for m in moments])), [np.arange(100)]) == NO_LAW
