from collections.abc import Generator

from simpy import Environment, Event

from model.station import Station


def served(
    station: Station, env: Environment, name: str, service_s: float, log: list[tuple[str, float, object]]
) -> None:
    """Send a customer who writes down when who served them."""

    def customer() -> Generator[Event, object, None]:
        server = yield station.seize()
        log.append((name, env.now, server))
        if isinstance(server, int):
            yield env.timeout(service_s)
            station.release(server)

    env.process(customer())


def test_customers_are_served_in_the_order_they_came_by_the_first_free_server() -> None:
    env, log = Environment(), list[tuple[str, float, object]]()
    station = Station(env, "counter", servers=2)
    for name, service_s in (("a", 10), ("b", 4), ("c", 1), ("d", 1)):
        served(station, env, name, service_s, log)
    env.run()
    assert log == [("a", 0, 0), ("b", 0, 1), ("c", 4, 1), ("d", 5, 1)]


def test_a_lower_priority_value_goes_first() -> None:
    env, log = Environment(), list[tuple[str, float]]()
    station = Station(env, "slot", servers=1)

    def customer(name: str, priority: float) -> Generator[Event, object, None]:
        server = yield station.seize(priority)
        assert isinstance(server, int)
        log.append((name, env.now))
        yield env.timeout(1)
        station.release(server)

    for name, priority in (("first", 5.0), ("late", 3.0), ("early", 1.0)):
        env.process(customer(name, priority))
    env.run()
    assert log == [("first", 0), ("early", 1), ("late", 2)]


def test_nobody_is_served_while_nobody_is_on_duty() -> None:
    env, log = Environment(), list[tuple[str, float, object]]()
    station = Station(env, "counter", servers=3, on_duty=0)
    served(station, env, "a", 1, log)
    env.run(until=10)
    assert log == []
    assert station.waiting == 1
    station.staff(1)
    env.run()
    assert log == [("a", 10, 0)]


def test_who_is_busy_finishes_when_the_shift_ends_and_takes_nobody_more() -> None:
    env, log = Environment(), list[tuple[str, float, object]]()
    station = Station(env, "counter", servers=2)
    for name in "abc":
        served(station, env, name, 10, log)

    def evening() -> Generator[Event, object, None]:
        yield env.timeout(5)
        station.staff(1)

    env.process(evening())
    env.run()
    assert log == [("a", 0, 0), ("b", 0, 1), ("c", 10, 0)]


def test_people_sent_home_get_no_server_and_leave_the_queue() -> None:
    env, log = Environment(), list[tuple[str, float, object]]()
    station = Station(env, "counter", servers=1)
    for name in "abc":
        served(station, env, name, 10, log)

    def closing() -> Generator[Event, object, None]:
        yield env.timeout(5)
        station.send_home()

    env.process(closing())
    env.run()
    assert log == [("a", 0, 0), ("b", 5, None), ("c", 5, None)]
    assert station.waiting == 0


def test_who_leaves_the_queue_is_not_served_and_the_others_keep_their_order() -> None:
    env = Environment()
    station = Station(env, "counter", servers=1)
    turns = [station.seize() for _ in range(4)]
    assert not station.free
    station.leave(turns[1])
    for turn in (turns[0], turns[2], turns[3]):
        assert turn.triggered
        station.release(0)
    assert not turns[1].triggered
    assert station.free


def test_servers_have_names_from_one() -> None:
    assert Station(Environment(), "35.07/counter", 2).server_name(0) == "35.07/counter-1"
