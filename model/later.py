"""Later: something that is done at a moment of a simulation, without a process that waits for it."""

from collections.abc import Callable

from simpy import Environment, Event


def after(env: Environment, delay_s: float, act: Callable[[], None]) -> None:
    """Call `act` when so much simulated time has passed, not before whatever else was planned for that moment."""

    def wake(_event: Event) -> None:
        act()

    timeout = env.timeout(delay_s)
    assert timeout.callbacks is not None  # noqa: S101 - only an event that is over has none
    timeout.callbacks.append(wake)
