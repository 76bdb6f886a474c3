import math

import pytest
from simpy import Environment

from model.processor_sharing import Processors, Sharing


def ends_s(sharing: Sharing, services: list[tuple[float, float]], requests: list[tuple[float, float]]) -> list[float]:
    """Give when services and then requests end, which begin at these moments with this work."""
    env = Environment()
    processors = Processors(env, sharing)
    ended_s = [math.nan] * (len(services) + len(requests))

    def begin(number: int, work_s: float, request: bool) -> None:
        def done() -> None:
            ended_s[number] = env.now

        processors.run(work_s, done, request)

    everything = [(*service, False) for service in services] + [(*request, True) for request in requests]
    for number, (begins_s, work_s, request) in sorted(enumerate(everything), key=lambda item: item[1][0]):
        env.run(until=begins_s) if begins_s > env.now else None
        begin(number, work_s, request)
    env.run()
    return ended_s


def test_services_that_find_a_core_each_take_their_work() -> None:
    assert ends_s(Sharing(2.0, 0.5), [(0.0, 3.0), (1.0, 4.0)], []) == pytest.approx([3.0, 5.0])


def test_services_share_a_core_evenly_and_what_is_left_of_all_changes_with_each() -> None:
    # Alone until 1, then both at half speed; the first has 2 left, the second 1: it ends at 3, the first has 1 left.
    assert ends_s(Sharing(1.0, 1.0), [(0.0, 3.0), (1.0, 1.0)], []) == pytest.approx([4.0, 3.0])


def test_without_a_law_nobody_slows_anybody() -> None:
    assert ends_s(Sharing(), [(0.0, 3.0)] * 5, []) == [3.0] * 5


def test_requests_take_one_core_however_many_they_are_and_wait_for_each_other_in_their_own_work() -> None:
    alone = ends_s(Sharing(1.0, 1.0), [(0.0, 2.0)], [(0.0, 9.0)])
    crowd = ends_s(Sharing(1.0, 1.0), [(0.0, 2.0)], [(0.0, 9.0)] * 3)
    assert alone[0] == crowd[0] == pytest.approx(4.0)
    assert crowd[1:] == pytest.approx([11.0] * 3)
    two_processes = ends_s(Sharing(1.0, 1.0, web=2), [(0.0, 2.0)], [(0.0, 9.0)] * 3)
    assert two_processes[0] == pytest.approx(6.0)


def test_a_request_is_answered_when_its_work_has_passed() -> None:
    env = Environment()
    answered = Processors(env, Sharing(1.0, 1.0)).service(5.0, request=True)
    env.run(until=answered)
    assert env.now == pytest.approx(5.0)


def test_services_that_end_together_end_together_days_later() -> None:
    ended_s = ends_s(Sharing(1.0, 1.0), [(1e6 + 0.1 * number, 1.0) for number in range(3)], [])
    assert ended_s == sorted(ended_s)
    assert ended_s[-1] == pytest.approx(1e6 + 3.0)
