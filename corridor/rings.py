"""Rings: trucks that wait for each other in a circle, found and named.

Pure. The second net behind safe_state.py: the waits as they stand are followed from holder to
holder, and a ring that lasts is said once, with everybody in it. It changes nothing; who breaks it
up is a person. Requirement: SUP-037 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from corridor.explain import rings
from corridor.state import State

LOOK_MS: Final = 5_000
LASTS_MS: Final = 20_000  # words that are still on their way have come by then


class Rings:
    """Looks at the waits now and then."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._since_ns: dict[tuple[str, ...], int] = {}
        self._said: set[tuple[str, ...]] = set()
        self._due_ns = 0

    def look(self, now: Now) -> None:
        """Say every ring that has lasted; forget those that are gone."""
        if now.mono_ns < self._due_ns:
            return
        self._due_ns = now.mono_ns + LOOK_MS * NS_PER_MS
        waits = self._state.waits
        found = [tuple(ring) for ring in rings({who: wait.holder for who, wait in waits.items()})]
        self._since_ns = {ring: self._since_ns.get(ring, now.mono_ns) for ring in found}
        self._said &= set(found)
        for ring in found:
            lasted_ns = now.mono_ns - self._since_ns[ring]
            if ring not in self._said and lasted_ns >= LASTS_MS * NS_PER_MS:
                self._said.add(ring)
                self._state.say(Event.DEADLOCK_FOUND, cycle=" -> ".join((*ring, ring[0])))
