"""The simulated station against queueing theory: M/M/c+M, where everybody who waits has an exponential patience."""

from collections.abc import Generator

import numpy as np
import pytest
from simpy import Environment, Event

from model.replicate import interval
from model.station import Station
from model.streams import stream

SERVICE_S = 60.0
CUSTOMERS = 15_000
WARM_UP = 1_500
REPLICATIONS = 20


def expected(servers: int, load: float, patience: float) -> tuple[float, float]:
    """Give the share who leave and the mean time in the queue, in services, of all customers.

    From the stationary distribution of the birth and death process with births `load` and deaths
    min(n, c) + (n - c)+ / patience (Palm 1946; Garnett, Mandelbaum and Reiman 2002). Little's law gives the mean time;
    who waits leaves at rate 1 / patience.
    """
    numbers = np.arange(1, 2_000)
    deaths = np.minimum(numbers, servers) + np.maximum(numbers - servers, 0) / patience
    weights = np.concatenate(([0.0], np.cumsum(np.log(load) - np.log(deaths))))
    shares = np.exp(weights - weights.max())
    shares /= shares.sum()
    queue = float((np.maximum(np.arange(2_000) - servers, 0) * shares).sum())
    return queue / patience / load, queue / load


def simulated(servers: int, load: float, patience: float, replication: int) -> tuple[float, float]:
    """Simulate one such queue; returns the same two figures of its customers, the warm-up left out."""
    env = Environment()
    station = Station(env, "station", servers)
    gaps_s = stream(1946, replication, "gaps").exponential(SERVICE_S / load, CUSTOMERS)
    services_s = stream(1946, replication, "services").exponential(SERVICE_S, CUSTOMERS)
    patience_s = stream(1946, replication, "patience").exponential(SERVICE_S * patience, CUSTOMERS)
    left, waits_s = np.zeros(CUSTOMERS), np.zeros(CUSTOMERS)

    def customer(number: int) -> Generator[Event, object, None]:
        came_s = env.now
        turn = yield from station.wait(patience_s[number])
        waits_s[number] = env.now - came_s
        if not turn.triggered:
            left[number] = 1.0
            return
        server = turn.value
        assert isinstance(server, int)
        yield env.timeout(services_s[number])
        station.release(server)

    def door() -> Generator[Event, object, None]:
        for number in range(CUSTOMERS):
            yield env.timeout(gaps_s[number])
            env.process(customer(number))

    env.process(door())
    env.run()
    return float(left[WARM_UP:].mean()), float(waits_s[WARM_UP:].mean()) / SERVICE_S


@pytest.mark.parametrize(("servers", "load", "patience"), [(1, 0.8, 2.0), (5, 6.0, 1.0), (7, 6.3, 4.0)])
def test_waits_and_departures_of_the_impatient_agree_with_erlang_a(servers: int, load: float, patience: float) -> None:
    """99% intervals of 20 replications, also of a queue that only stands because people leave it."""
    seen = [simulated(servers, load, patience, replication) for replication in range(REPLICATIONS)]
    leave, wait = expected(servers, load, patience)
    assert interval([left for left, _ in seen], confidence=0.99).covers(leave)
    mean = interval([waited for _, waited in seen], confidence=0.99)
    assert mean.covers(wait)
    # The intervals are narrow enough to tell this queue from one with a twentieth more load.
    assert mean.high < expected(servers, load * 1.05, patience)[1]
