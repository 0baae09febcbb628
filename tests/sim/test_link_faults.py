"""Links in trouble: each kind does what it says to its link alone, and only while it lasts."""

import pytest

from sim.link_faults import DOUBLE, LOSS, REPLAY, SHUFFLE, SLOW, LinkFaults, ends_of
from sim.scenario import FaultSection
from tests.sim.test_network import MANY, Line


def troubled(kind: str, target: str = "a b", value: float = 0.0) -> tuple[Line, LinkFaults]:
    line = Line()
    faults = [FaultSection(at="1s", kind=kind, target=target, value=value)]
    return line, LinkFaults(line.network, line.engine, 1, faults)


def test_share_is_lost_and_none_once_it_is_over() -> None:
    line, links = troubled(LOSS)
    links.begin(LOSS, "a b", 0.3)
    assert 0.67 * MANY < len(line.send(MANY).numbers) < 0.73 * MANY
    links.end(LOSS, "a b", 0.3)
    line.came.clear()
    assert len(line.send(MANY).numbers) == MANY


def test_slow_link_is_later_by_as_much_as_said() -> None:
    line, links = troubled(SLOW)
    links.begin(SLOW, "a", 300.0)
    assert set(line.send(50).delays_ms()) == {320.0}


def test_doubled_share_comes_twice() -> None:
    line, links = troubled(DOUBLE)
    links.begin(DOUBLE, "*", 1.0)
    assert sorted(line.send(50).numbers) == sorted([*range(50), *range(50)])


def test_shuffled_link_loses_nothing_but_its_order() -> None:
    line, links = troubled(SHUFFLE)
    links.begin(SHUFFLE, "b a", 500.0)
    numbers = line.send(200).numbers
    assert sorted(numbers) == list(range(200))
    assert numbers != sorted(numbers)


def test_replay_brings_what_passed_lately_once_more_and_taps_hear_it_once() -> None:
    line, links = troubled(REPLAY, value=0.5)
    heard: list[bytes] = []
    line.network.taps.append(lambda sender, to, raw: heard.append(raw))
    line.engine.at(1_000_000_000, links.begin, REPLAY, "a b", 0.5)
    numbers = line.send(20, every_ms=100).numbers
    assert sorted(set(numbers)) == list(range(20))
    assert {each for each in numbers if numbers.count(each) == 2} >= {6, 7, 8, 9}
    assert max(each for each in numbers if numbers.count(each) == 2) <= 10
    assert min(each for each in numbers if numbers.count(each) == 2) >= 5
    assert len(heard) == 20


@pytest.mark.parametrize("kind", [LOSS, SLOW, DOUBLE, SHUFFLE])
def test_other_links_are_as_they_were(kind: str) -> None:
    line, links = troubled(kind)
    links.begin(kind, "a c", 0.0)
    links.begin(kind, "c", 0.0)
    line.send(200)
    assert line.came == Line().send(200).came


@pytest.mark.parametrize(
    ("target", "ends"), [("a", ("a", "*")), ("a b", ("a", "b")), ("*", ("*", "*"))]
)
def test_target_names_a_link_a_node_or_everything(target: str, ends: tuple[str, str]) -> None:
    assert ends_of(target) == ends
