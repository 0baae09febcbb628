"""The clock of a run: order by time, ties from the seed, whole nanoseconds, streams by name."""

from collections.abc import Callable
from typing import Final

import pytest

from sim.engine import Engine, stream

MANY: Final = 200


def run_out(engine: Engine) -> None:
    while engine.next_ns is not None:
        engine.run_next()


def order_of_a_tie(seed: int, size: int = 20) -> list[int]:
    """Who goes first of so many that are due at once."""
    engine, order = Engine(seed), list[int]()
    for number in range(size):
        engine.at(1_000, order.append, number)
    run_out(engine)
    return order


# --- time ---


def test_events_come_in_the_order_of_their_times() -> None:
    engine, seen = Engine(1), list[int]()
    times = [stream(1, "times").randrange(10**12) for _ in range(MANY)]
    for t_ns in times:
        engine.at(t_ns, seen.append, t_ns)
    run_out(engine)
    assert seen == sorted(times)


def test_clock_stands_at_the_event_that_is_called() -> None:
    engine, seen = Engine(1), list[int]()
    for t_ns in (30, 10, 20):
        engine.at(t_ns, lambda: seen.append(engine.now_ns))
    assert (engine.now_ns, engine.next_ns) == (0, 10)
    run_out(engine)
    assert seen == [10, 20, 30]
    assert (engine.now_ns, engine.next_ns) == (30, None)


def test_day_of_fifty_millisecond_steps_ends_on_the_nanosecond() -> None:
    """Whole nanoseconds do not drift, as adding 0.05 would."""
    engine, period_ns, steps = Engine(1), 50_000_000, 24 * 3_600 * 20
    left = [steps]

    def step() -> None:
        left[0] -= 1
        if left[0]:
            engine.after(period_ns, step)

    engine.after(period_ns, step)
    run_out(engine)
    assert engine.now_ns == 24 * 3_600 * 1_000_000_000
    assert isinstance(engine.now_ns, int)
    assert sum([0.05] * steps) != 24 * 3_600.0


def test_nanoseconds_beyond_a_float_are_kept_apart() -> None:
    engine, seen, far_ns = Engine(1), list[str](), 2**60
    engine.at(far_ns + 1, seen.append, "later")
    engine.at(far_ns, seen.append, "sooner")
    assert float(far_ns) == float(far_ns + 1)
    run_out(engine)
    assert seen == ["sooner", "later"]
    assert engine.now_ns == far_ns + 1


def test_event_in_the_past_is_called_now_and_never_turns_the_clock_back() -> None:
    engine, seen = Engine(1), list[int]()

    def late() -> None:
        engine.at(5, lambda: seen.append(engine.now_ns))
        engine.after(-50, lambda: seen.append(engine.now_ns))

    engine.at(100, late)
    run_out(engine)
    assert seen == [100, 100]


def test_event_that_an_event_orders_takes_its_place_before_later_ones() -> None:
    engine, seen = Engine(1), list[str]()
    engine.at(10, lambda: engine.after(5, seen.append, "ordered at 10, due at 15"))
    engine.at(20, seen.append, "due at 20")
    run_out(engine)
    assert seen == ["ordered at 10, due at 15", "due at 20"]


def test_engine_without_events_has_no_next_time_and_runs_nothing() -> None:
    engine = Engine(1)
    assert engine.next_ns is None
    with pytest.raises(IndexError):
        engine.run_next()
    assert engine.now_ns == 0


def test_event_is_called_once_with_its_arguments() -> None:
    engine, seen = Engine(1), list[tuple[object, ...]]()

    def call(*arguments: object) -> None:
        seen.append(arguments)

    engine.at(1, call)
    engine.at(2, call, "truck-01", 7)
    run_out(engine)
    assert seen == [(), ("truck-01", 7)]


def test_event_whose_call_fails_is_gone_and_the_rest_stays() -> None:
    engine, seen = Engine(1), list[str]()

    def fail() -> None:
        raise ValueError("a planted fault")

    engine.at(1, fail)
    engine.at(2, seen.append, "the next")
    with pytest.raises(ValueError, match="planted"):
        engine.run_next()
    run_out(engine)
    assert seen == ["the next"]


# --- ties ---


def test_ties_are_drawn_from_the_seed_alone() -> None:
    """One seed, one order; other seeds, other orders."""
    orders = [order_of_a_tie(seed) for seed in range(10)]
    assert orders == [order_of_a_tie(seed) for seed in range(10)]
    assert len({tuple(order) for order in orders}) == len(orders)
    assert all(sorted(order) == list(range(20)) for order in orders)


def test_either_of_two_may_go_first() -> None:
    """Neither the one that was ordered first nor the one ordered last has a right to it."""
    first = sum(order_of_a_tie(seed, 2)[0] == 0 for seed in range(MANY))
    assert 70 <= first <= 130


def test_calls_that_cannot_be_compared_may_be_due_at_once() -> None:
    """The heap never looks beyond the draw and the count, even if two draws are equal."""
    engine, seen = Engine(1), list[int]()
    engine._ties.getrandbits = lambda bits: 7  # type: ignore[method-assign]
    calls: list[Callable[[], None]] = [lambda: seen.append(1), lambda: seen.append(2)]
    for call in calls:
        engine.at(1, call)
    run_out(engine)
    assert seen == [1, 2]


# --- streams ---


def test_stream_is_the_same_for_one_seed_and_name() -> None:
    assert [stream(3, "faults").random() for _ in range(3)] == [
        stream(3, "faults").random() for _ in range(3)
    ]


@pytest.mark.parametrize(
    "other", [stream(4, "network"), stream(3, "order"), stream(3, ""), stream(33, "network")]
)
def test_streams_of_other_seeds_and_names_are_others(other: object) -> None:
    one = stream(3, "network")
    draws = [one.random() for _ in range(50)]
    assert draws != [other.random() for _ in range(50)]  # type: ignore[attr-defined]


def test_draws_from_one_stream_do_not_shift_another() -> None:
    alone = [stream(3, "sensors").random() for _ in range(1)]
    network, sensors = stream(3, "network"), stream(3, "sensors")
    for _ in range(MANY):
        network.random()
    assert [sensors.random()] == alone
