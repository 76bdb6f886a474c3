"""The simulated station against queueing theory: an M/M/c queue and Erlang's C formula."""

from collections.abc import Generator

import numpy as np
import pytest
from simpy import Environment, Event

from model.replicate import interval
from model.station import Station
from model.streams import stream
from model.theory import erlang_c, mmc_mean_wait_s, mmc_share_waiting_longer

SERVICE_S = 60.0
CUSTOMERS = 20_000
WARM_UP = 2_000
REPLICATIONS = 20


def simulated_waits_s(servers: int, utilisation: float, replication: int) -> np.ndarray:
    """Simulate one M/M/c queue and return its customers' waits, the warm-up left out."""
    env = Environment()
    station = Station(env, "station", servers)
    arrivals_per_s = utilisation * servers / SERVICE_S
    gaps_s = stream(1917, replication, "gaps").exponential(1 / arrivals_per_s, CUSTOMERS)
    services_s = stream(1917, replication, "services").exponential(SERVICE_S, CUSTOMERS)
    waits_s = np.zeros(CUSTOMERS)

    def customer(number: int) -> Generator[Event, object, None]:
        came_s = env.now
        server = yield station.seize()
        assert isinstance(server, int)
        waits_s[number] = env.now - came_s
        yield env.timeout(services_s[number])
        station.release(server)

    def door() -> Generator[Event, object, None]:
        for number in range(CUSTOMERS):
            yield env.timeout(gaps_s[number])
            env.process(customer(number))

    env.process(door())
    env.run()
    return waits_s[WARM_UP:]


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.6), (2, 0.8), (7, 0.85)])
def test_waits_of_a_station_agree_with_erlang_c(servers: int, utilisation: float) -> None:
    """Mean wait, share of those who wait and share of those who wait long: 99% intervals of 20 replications."""
    waits = [simulated_waits_s(servers, utilisation, replication) for replication in range(REPLICATIONS)]
    arrivals_per_s = utilisation * servers / SERVICE_S

    mean_s = interval([float(wait.mean()) for wait in waits], confidence=0.99)
    assert mean_s.covers(mmc_mean_wait_s(servers, arrivals_per_s, SERVICE_S))

    waited = interval([float((wait > 0).mean()) for wait in waits], confidence=0.99)
    assert waited.covers(erlang_c(servers, utilisation * servers))

    long = interval([float((wait > SERVICE_S).mean()) for wait in waits], confidence=0.99)
    assert long.covers(mmc_share_waiting_longer(servers, arrivals_per_s, SERVICE_S, SERVICE_S))

    # The intervals are narrow enough to tell this queue from one with a tenth more load.
    assert mean_s.high < mmc_mean_wait_s(servers, arrivals_per_s * 1.1, SERVICE_S)
