import math

import numpy as np
import pytest

from antrean.calibration.queue_mining import doubt, estimate_servers, least_servers, most_at_once, recover_starts
from tests.antrean.calibration.queues import mmc


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_starts_are_recovered_exactly_where_the_queue_is_in_the_order_of_arrival(servers: int) -> None:
    log = mmc(servers, arrivals_per_s=0.9 * servers, mean_s=1.0, count=3000, seed=servers)
    recovered_s = recover_starts(log["entered"].to_numpy(), log["finished"].to_numpy(), servers)
    assert recovered_s == pytest.approx(log["started"].to_numpy())


def test_what_has_not_finished_keeps_its_server_and_lets_nobody_begin_after_it() -> None:
    entered_s, finished_s = np.array([0.0, 1.0, 2.0]), np.array([np.inf, 3.0, np.inf])
    assert recover_starts(entered_s, finished_s, servers=2).tolist() == [0.0, 1.0, 3.0]
    assert recover_starts(entered_s, finished_s, servers=1).tolist() == [0.0, np.inf, np.inf]


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.7), (2, 0.5), (3, 0.95), (6, 0.8)])
def test_the_number_of_servers_is_found_from_arrivals_and_departures(servers: int, utilisation: float) -> None:
    log = mmc(servers, arrivals_per_s=utilisation * servers, mean_s=1.0, count=3000, seed=17)
    assert estimate_servers(log["entered"].to_numpy(), log["finished"].to_numpy()) == servers


def test_servers_whose_visits_never_overtake_each_other_are_counted_all_the_same() -> None:
    """Equal services leave in the order of arrival: one server would do for the order, not for the times."""
    dice, servers, count = np.random.default_rng(3), 4, 3000
    entered_s = np.cumsum(dice.exponential(1 / (0.6 * servers), count))
    finished_s = np.zeros(count)
    for number in range(count):
        free_s = finished_s[number - servers] if number >= servers else 0.0
        finished_s[number] = max(entered_s[number], free_s) + 1.0
    assert least_servers(finished_s) == 1
    assert estimate_servers(entered_s, finished_s) == servers


def test_most_at_once_counts_a_server_that_goes_straight_on_once() -> None:
    assert most_at_once(np.array([0.0, 1.0, 1.5]), np.array([1.0, 2.0, 3.0])) == 2


def test_a_queue_that_is_not_in_the_order_of_arrival_is_doubted() -> None:
    log = mmc(1, arrivals_per_s=0.6, mean_s=1.0, count=3000, seed=5)
    assert 0 < doubt(log["entered"].to_numpy(), log["finished"].to_numpy(), servers=1) < 0.1
    # Who has to wait is served twice as fast: that is not one kind of work in the order of arrival.
    works_s = np.random.default_rng(6).exponential(1.0, 3000)
    finished_s, free_s = np.zeros(3000), 0.0
    for number, entered_s in enumerate(log["entered"].to_list()):
        free_s = entered_s + works_s[number] if entered_s >= free_s else free_s + works_s[number] / 2
        finished_s[number] = free_s
    assert doubt(log["entered"].to_numpy(), finished_s, servers=1) == pytest.approx(math.log(2), abs=0.15)


def test_without_any_queue_there_is_nothing_to_doubt() -> None:
    assert doubt(np.array([0.0, 10.0, 20.0]), np.array([1.0, 12.0, 23.0]), servers=1) == 0.0
