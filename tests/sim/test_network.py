"""The network does as badly as it is told: shares, delays, order, partitions, the one lost message.

Shares are held against their setting over many messages, within four standard deviations.
"""

from dataclasses import dataclass, field
from typing import Final

import pytest

from sim.engine import Engine, stream
from sim.network import NS_PER_MS, Network, NetworkProfile

MANY: Final = 5_000
PERFECT: Final = NetworkProfile(delay_ms=20.0, jitter_ms=0.0)


@dataclass
class Line:
    """A network and all that came out of it: when, to whom, what."""

    profile: NetworkProfile = PERFECT
    seed: int = 1
    came: list[tuple[int, str, str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = Engine(self.seed)
        self.network = Network(self.engine, self.seed, self.profile, self.take)

    def take(self, sender: str, to: str, raw: bytes) -> None:
        self.came.append((self.engine.now_ns, sender, to, raw))

    def send(self, count: int = 1, *, every_ms: int = 1) -> "Line":
        """So many messages from a to b, one every so often; then wait for all of them."""
        for number in range(count):
            raw = b"%d" % number
            self.engine.at(number * every_ms * NS_PER_MS, self.network.send, "a", "b", raw)
        return self.wait()

    def wait(self) -> "Line":
        while self.engine.next_ns is not None:
            self.engine.run_next()
        return self

    @property
    def numbers(self) -> list[int]:
        return [int(raw) for _, _, _, raw in self.came]

    def delays_ms(self, every_ms: int = 1) -> list[float]:
        return [t_ns / NS_PER_MS - int(raw) * every_ms for t_ns, _, _, raw in self.came]


def within(share: float, count: int) -> float:
    """Four standard deviations of a share of so many."""
    return 4.0 * float((share * (1.0 - share) / count) ** 0.5)


# --- what arrives ---


def test_good_network_delivers_everything_once_in_order_after_its_delay() -> None:
    line = Line().send(MANY)
    assert line.numbers == list(range(MANY))
    assert set(line.delays_ms()) == {20.0}
    assert (line.network.messages, line.network.lost) == (MANY, 0)
    assert {(sender, to) for _, sender, to, _ in line.came} == {("a", "b")}


@pytest.mark.parametrize("share", [0.01, 0.07, 0.5])
def test_share_of_lost_messages_is_the_one_that_was_set(share: float) -> None:
    line = Line(NetworkProfile(jitter_ms=0.0, loss=share)).send(MANY)
    assert line.network.lost / MANY == pytest.approx(share, abs=within(share, MANY))
    assert len(line.came) == MANY - line.network.lost
    assert line.numbers == sorted(set(line.numbers))


def test_network_that_loses_everything_delivers_nothing() -> None:
    line = Line(NetworkProfile(loss=1.0)).send(100)
    assert line.came == []
    assert line.network.lost == 100


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_share_of_doubled_messages_is_the_one_that_was_set(share: float) -> None:
    line = Line(NetworkProfile(jitter_ms=0.0, duplicate=share)).send(MANY)
    doubled = len(line.came) - MANY
    assert doubled / MANY == pytest.approx(share, abs=within(share, MANY))
    assert set(line.numbers) == set(range(MANY))
    assert max(line.numbers.count(number) for number in range(100)) == 2


def test_share_and_size_of_lateness_are_those_that_were_set() -> None:
    """Up to `late_ms` later, evenly."""
    line = Line(NetworkProfile(jitter_ms=0.0, late=0.2, late_ms=400.0)).send(MANY)
    late_ms = [delay - 20.0 for delay in line.delays_ms() if delay > 20.0]
    assert len(line.came) == MANY
    assert len(late_ms) / MANY == pytest.approx(0.2, abs=within(0.2, MANY))
    assert max(late_ms) <= 400.0
    assert sum(late_ms) / len(late_ms) == pytest.approx(200.0, rel=0.1)


def test_jitter_spreads_delays_evenly_over_its_span() -> None:
    line = Line(NetworkProfile(delay_ms=20.0, jitter_ms=10.0)).send(MANY)
    delays_ms = line.delays_ms()
    assert min(delays_ms) >= 20.0
    assert max(delays_ms) <= 30.0
    assert sum(delays_ms) / MANY == pytest.approx(25.0, abs=0.3)


# --- order ---


def test_jitter_shorter_than_the_spacing_keeps_the_order() -> None:
    line = Line(NetworkProfile(delay_ms=20.0, jitter_ms=10.0)).send(MANY, every_ms=11)
    assert line.numbers == list(range(MANY))


@pytest.mark.parametrize(
    "profile",
    [NetworkProfile(jitter_ms=30.0), NetworkProfile(jitter_ms=0.0, late=0.1, late_ms=100.0)],
    ids=["jitter", "late"],
)
def test_messages_overtake_each_other_where_they_may(profile: NetworkProfile) -> None:
    line = Line(profile).send(MANY)
    assert line.numbers != list(range(MANY))
    assert sorted(line.numbers) == list(range(MANY))


def test_messages_sent_at_one_instant_may_come_in_either_order() -> None:
    first = [Line(seed=seed).send(2, every_ms=0).numbers[0] for seed in range(100)]
    assert 25 <= sum(first) <= 75


# --- the one message that a test loses ---


@pytest.mark.parametrize("nth", [1, 40, 100])
def test_nth_message_is_lost_and_all_others_come_as_they_would_have(nth: int) -> None:
    """To the nanosecond: every draw stays as if it had arrived."""
    profile = NetworkProfile(loss=0.1, duplicate=0.3, late=0.2)
    whole, short = Line(profile), Line(profile)
    short.network.drop_nth = nth
    whole.send(100)
    short.send(100)
    assert short.came == [word for word in whole.came if word[3] != b"%d" % (nth - 1)]
    was_there = any(word[3] == b"%d" % (nth - 1) for word in whole.came)
    assert short.network.lost == whole.network.lost + was_there


def test_number_beyond_the_last_message_loses_nothing() -> None:
    line = Line()
    line.network.drop_nth = 101
    assert len(line.send(100).came) == 100


# --- partitions ---


def test_cut_link_carries_nothing_in_either_direction_until_it_heals() -> None:
    line = Line()
    line.network.cut("a", "b")
    for sender, to in (("a", "b"), ("b", "a"), ("a", "c"), ("c", "b")):
        line.network.send(sender, to, b"0")
    assert [word[1:3] for word in line.wait().came] == [("a", "c"), ("c", "b")]
    assert line.network.lost == 2
    line.network.heal("b", "a")
    assert line.send(1).came[-1][1:3] == ("a", "b")


def test_node_cut_from_everybody_hears_and_reaches_nobody() -> None:
    line = Line()
    line.network.cut("*", "a")
    for sender, to in (("a", "b"), ("b", "a"), ("c", "a"), ("b", "c")):
        line.network.send(sender, to, b"0")
    assert [word[1:3] for word in line.wait().came] == [("b", "c")]
    line.network.heal("a", "*")
    assert line.send(1).came[-1][1:3] == ("a", "b")


def test_message_under_way_when_the_link_is_cut_still_arrives() -> None:
    line = Line()
    line.network.send("a", "b", b"0")
    line.network.cut("a", "b")
    assert len(line.wait().came) == 1


def test_cut_draws_nothing_and_so_changes_no_message_behind_it() -> None:
    """What the other links draw is what they would have drawn without this link's messages."""
    profile = NetworkProfile(loss=0.2, duplicate=0.2)
    alone, beside = Line(profile).send(200), Line(profile)
    beside.network.cut("x", "y")
    for number in range(200):
        beside.engine.at(number * NS_PER_MS, beside.network.send, "a", "b", b"%d" % number)
        beside.engine.at(number * NS_PER_MS + 1, beside.network.send, "x", "y", b"0")
    assert beside.wait().came == alone.came


# --- chance ---


def test_one_seed_is_one_network_and_another_seed_another() -> None:
    profile = NetworkProfile(loss=0.1, duplicate=0.1, late=0.1)
    one, again, other = (Line(profile, seed).send(500).came for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_network_draws_from_the_stream_of_its_name_and_only_what_it_has_to() -> None:
    """One draw a message where nothing is lost, doubled or late."""
    line, draws = Line(NetworkProfile(delay_ms=0.0, jitter_ms=1.0)).send(50), stream(1, "network")
    assert line.delays_ms() == pytest.approx([draws.random() for _ in range(50)], abs=2e-6)


def test_draws_of_the_network_and_of_ties_do_not_disturb_each_other() -> None:
    """Streams are independent by name: more events at one instant, the same delays."""
    profile = NetworkProfile(loss=0.1, late=0.1)
    quiet, busy = Line(profile), Line(profile)
    for _ in range(1_000):
        busy.engine.at(0, lambda: None)
    assert busy.send(500).came == quiet.send(500).came


def test_message_passes_every_tap_even_if_it_is_lost() -> None:
    line, heard = Line(NetworkProfile(loss=1.0)), list[tuple[str, str, bytes]]()
    line.network.taps.append(lambda sender, to, raw: heard.append((sender, to, raw)))
    line.send(3)
    assert heard == [("a", "b", b"0"), ("a", "b", b"1"), ("a", "b", b"2")]


def test_bytes_arrive_as_they_were_sent() -> None:
    line, raw = Line(NetworkProfile(duplicate=1.0)), bytes(range(256))
    line.network.send("truck-01", "supervisor", raw)
    assert [word[1:] for word in line.wait().came] == [("truck-01", "supervisor", raw)] * 2
