"""Shared processors against queueing theory: M/G/1-PS, and M/M/c as a special case."""

from collections.abc import Generator

import numpy as np
import pytest
from simpy import Environment, Event

from model.processor_sharing import Processors, Sharing
from model.replicate import interval
from model.streams import stream
from model.theory import mmc_mean_wait_s

SERVICE_S = 2.0
CUSTOMERS = 15_000
WARM_UP = 1_500
REPLICATIONS = 12


def mean_sojourn_s(sharing: Sharing, arrivals_per_s: float, works_s: np.ndarray, replication: int) -> float:
    """Let services begin as they come, and give their mean time, the warm-up left out."""
    env = Environment()
    processors = Processors(env, sharing)
    gaps_s = stream(1967, replication, "gaps").exponential(1 / arrivals_per_s, len(works_s))
    sojourns_s = np.zeros(len(works_s))

    def service(number: int) -> None:
        began_s = env.now

        def done() -> None:
            sojourns_s[number] = env.now - began_s

        processors.run(float(works_s[number]), done)

    def door() -> Generator[Event, object, None]:
        for number in range(len(works_s)):
            yield env.timeout(gaps_s[number])
            service(number)

    env.process(door())
    env.run()
    assert (sojourns_s > 0).all()
    return float(sojourns_s[WARM_UP:].mean())


def works_s(variation: float, replication: int) -> np.ndarray:
    """Draw gamma work of mean `SERVICE_S`; constant work without variation, exponential with 1."""
    if not variation:
        return np.full(CUSTOMERS, SERVICE_S)
    shape = 1 / variation**2
    return stream(1967, replication, "work").gamma(shape, SERVICE_S / shape, CUSTOMERS)


@pytest.mark.parametrize("variation", [0.0, 1.0, 1.6])
def test_one_shared_processor_is_insensitive_to_the_variation_of_work(variation: float) -> None:
    """M/G/1-PS: the mean sojourn is E[S] / (1 - rho) whatever the distribution (Kleinrock 1976, section 4.4)."""
    utilisation = 0.6
    found = interval(
        [
            mean_sojourn_s(Sharing(1.0, 1.0), utilisation / SERVICE_S, works_s(variation, replication), replication)
            for replication in range(REPLICATIONS)
        ],
        confidence=0.99,
    )
    assert found.covers(SERVICE_S / (1 - utilisation))
    assert found.half_width < 0.2 * SERVICE_S


@pytest.mark.parametrize(("cores", "utilisation"), [(2, 0.8), (3, 0.6)])
def test_several_processors_shared_by_exponential_services_are_an_mmc_queue(cores: int, utilisation: float) -> None:
    """The number under way is the same birth and death process, and so is the mean sojourn by Little's law."""
    arrivals_per_s = utilisation * cores / SERVICE_S
    found = interval(
        [
            mean_sojourn_s(Sharing(cores, 1 / cores), arrivals_per_s, works_s(1.0, replication), replication)
            for replication in range(REPLICATIONS)
        ],
        confidence=0.99,
    )
    assert found.covers(mmc_mean_wait_s(cores, arrivals_per_s, SERVICE_S) + SERVICE_S)
    assert found.high < mmc_mean_wait_s(cores, arrivals_per_s * 1.1, SERVICE_S) + SERVICE_S
