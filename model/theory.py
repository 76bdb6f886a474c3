"""Oracles: formulas that a simulation must agree with."""

import math


def erlang_c(servers: int, offered_load: float) -> float:
    """Return the probability that a customer of an M/M/c queue has to wait.

    Args:
        servers: c.
        offered_load: arrival rate times mean service time, in erlangs.

    Source: Erlang 1917; computed by the stable recursion over the Erlang B formula (Gross et al., Fundamentals of
    Queueing Theory, 4th ed., section 2.3).

    Raises:
        ValueError: the queue is not stable.
    """
    if not 0 < offered_load < servers:
        raise ValueError(f"an M/M/{servers} queue is stable for an offered load in (0, {servers}), not {offered_load}")
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered_load * blocked / (count + offered_load * blocked)
    utilisation = offered_load / servers
    return blocked / (1 - utilisation + utilisation * blocked)


def mmc_mean_wait_s(servers: int, arrivals_per_s: float, service_s: float) -> float:
    """Return the mean wait in the queue of an M/M/c station.

    Raises:
        ValueError: the queue is not stable.
    """
    offered_load = arrivals_per_s * service_s
    return erlang_c(servers, offered_load) * service_s / (servers - offered_load)


def mmc_share_waiting_longer(servers: int, arrivals_per_s: float, service_s: float, wait_s: float) -> float:
    """Return the share of an M/M/c station's customers who wait longer than `wait_s`.

    Raises:
        ValueError: the queue is not stable.
    """
    offered_load = arrivals_per_s * service_s
    return erlang_c(servers, offered_load) * math.exp(-(servers - offered_load) * wait_s / service_s)
