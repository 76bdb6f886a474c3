import pytest

from model.theory import erlang_c, mmc_mean_wait_s, mmc_share_waiting_longer


@pytest.mark.parametrize(
    ("servers", "offered_load", "probability"),
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (5, 4.0, 0.5541), (10, 8.0, 0.4092)],
)
def test_erlang_c_gives_the_published_values(servers: int, offered_load: float, probability: float) -> None:
    assert erlang_c(servers, offered_load) == pytest.approx(probability, abs=5e-5)


@pytest.mark.parametrize("offered_load", [0.0, -1.0, 2.0, 3.0])
def test_erlang_c_refuses_a_queue_that_never_empties(offered_load: float) -> None:
    with pytest.raises(ValueError, match="stable"):
        erlang_c(2, offered_load)


def test_mean_wait_of_one_server_is_the_m_m_1_formula() -> None:
    utilisation, service_s = 0.75, 120.0
    expected_s = utilisation / (1 - utilisation) * service_s
    assert mmc_mean_wait_s(1, utilisation / service_s, service_s) == pytest.approx(expected_s)


def test_share_waiting_longer_than_nothing_is_the_probability_to_wait() -> None:
    assert mmc_share_waiting_longer(3, 2.0, 1.0, 0.0) == pytest.approx(erlang_c(3, 2.0))


def test_mean_wait_is_the_area_under_the_share_waiting_longer() -> None:
    step_s = 0.001
    area = sum(mmc_share_waiting_longer(3, 2.0, 1.0, k * step_s) * step_s for k in range(20_000))
    assert area == pytest.approx(mmc_mean_wait_s(3, 2.0, 1.0), rel=2e-3)
