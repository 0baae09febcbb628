"""Mailboxes over a wire that loses, repeats and reorders, with crashes at any point."""

from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.contract.mailbox_rig import WORDS, Crash, Rig

CASTS: tuple[tuple[str, ...], ...] = (
    ("kz_out", "truck-01"),
    ("office-kz", "office-cn"),
    ("kz_out", "truck-01", "supervisor"),
    ("office-kz", "office-cn", "supervisor"),
)
crashes: Any = st.sampled_from(["", "", "", "", "before the commit", "after the commit"])
places = st.integers(0, 10_000)


class Wire(RuleBasedStateMachine):
    """What the network and the power may do between five programs."""

    @initialize(cast=st.sampled_from(CASTS), greeted=st.booleans())
    def connect(self, cast: tuple[str, ...], greeted: bool) -> None:
        self.rig = Rig(cast)
        self.words = [n for n, row in enumerate(WORDS) if {row[0], row[1]} <= set(cast)]
        if greeted:
            self.rig.settle()

    @rule(word=places, crash=crashes)
    def say(self, word: int, crash: Crash) -> None:
        self.rig.post(self.words[word % len(self.words)], crash)

    @rule(word=places)
    def say_much(self, word: int) -> None:
        for each in range(4):
            self.rig.post(self.words[(word + each) % len(self.words)])

    @precondition(lambda self: self.rig.wire)
    @rule(place=places, crash=crashes)
    def deliver(self, place: int, crash: Crash) -> None:
        """Any frame may come first: reordering."""
        self.rig.deliver(place % len(self.rig.wire), crash=crash)

    @precondition(lambda self: self.rig.wire)
    @rule(place=places)
    def deliver_again(self, place: int) -> None:
        self.rig.deliver(place % len(self.rig.wire), keep=True)

    @precondition(lambda self: self.rig.wire)
    @rule(place=places)
    def lose(self, place: int) -> None:
        self.rig.wire.pop(place % len(self.rig.wire))

    @rule(ms=st.sampled_from([1.0, 200.0, 600.0, 5_000.0]))
    def wait(self, ms: float) -> None:
        self.rig.now_ms += ms
        for name in self.rig.names:
            self.rig.repeat(name)

    @rule(place=places)
    def restart(self, place: int) -> None:
        self.rig.boot(self.rig.names[place % len(self.rig.names)])

    @rule(frames=st.integers(1, 12))
    def calm(self, frames: int) -> None:
        """The network is itself again for a while."""
        for _ in range(min(frames, len(self.rig.wire))):
            self.rig.deliver(0)

    @rule(seconds=st.sampled_from([0.5, 2.0, 10.0]))
    def long_calm(self, seconds: float) -> None:
        self.rig.settle(seconds)

    @precondition(lambda self: self.rig.wire)
    @rule()
    def last_word_lost(self) -> None:
        """What was said last, often the acknowledgement, does not arrive."""
        self.rig.wire.pop()

    @invariant()
    def every_durable_message_is_taken_in_order_and_once(self) -> None:
        """I12, I18: what a receiver has committed is the beginning of what its sender committed."""
        for program in self.rig.programs.values():
            for sender, taken in program.book.items():
                assert taken == self.rig.durable[sender, program.name][: len(taken)]

    @invariant()
    def session_messages_come_in_order_and_never_twice_within_a_session(self) -> None:
        """I18."""
        for program in self.rig.programs.values():
            for numbers in program.heard.values():
                assert numbers == sorted(set(numbers))

    def teardown(self) -> None:
        """When the faults end everything arrives, and nothing durable is lost."""
        if not hasattr(self, "rig"):
            return
        self.rig.settle()
        assert self.rig.is_quiet()
        for (sender, to), said in self.rig.durable.items():
            assert self.rig.programs[to].book.get(sender, []) == said
        for (sender, to, boots), said in self.rig.session.items():
            if boots == self.rig.programs[sender].boots:
                sessions = self.rig.programs[to].heard.items()
                heard = {n for (who, _, _), numbers in sessions if who == sender for n in numbers}
                assert set(said) <= heard


TestWire = Wire.TestCase
TestWire.settings = hypothesis.settings(
    max_examples=150, stateful_step_count=50, deadline=None, derandomize=True
)
