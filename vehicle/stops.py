"""Stops in force on this truck: whose they are, and who alone lifts each. I26. A person who holds
the truck's lock (personnel.py) stops it too.

Pure. A stop outlives a restart. It is lifted by the sender it came from, for the issuer it was
ordered by, and by nobody else. Not here: braking (the body), phases (phases.py).
"""

from collections.abc import Mapping
from typing import Final

from contract.agent import Persist
from vehicle.personnel import Personnel

_KEY: Final = "stop/"


class Stops:
    """Every stop by who sent it and its name, with its issuer."""

    def __init__(self, people: Personnel) -> None:
        self._people = people
        self._issuers: dict[tuple[str, str], str] = {}

    @property
    def in_force(self) -> bool:
        """Whether an order, a fault of its own or a person keeps the truck where it is."""
        return bool(self._issuers) or self._people.held

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Stops and locks of the last life, from the journal."""
        self._people.restore(state)
        for key, issuer in sorted(state.items()):
            if key.startswith(_KEY):
                sender, _, stop_id = key.removeprefix(_KEY).partition("/")
                self._issuers[sender, stop_id] = issuer.decode()

    def has(self, sender: str, stop_id: str) -> bool:
        """Whether this stop is in force."""
        return (sender, stop_id) in self._issuers

    def of(self, sender: str) -> list[str]:
        """Names of the stops in force from this sender."""
        return sorted(stop_id for who, stop_id in self._issuers if who == sender)

    def take(self, sender: str, stop_id: str, issuer: str) -> Persist:
        """A stop comes into force."""
        self._issuers[sender, stop_id] = issuer
        return Persist(f"{_KEY}{sender}/{stop_id}", issuer.encode())

    def lift(self, sender: str, stop_id: str, issuer: str) -> Persist | None:
        """A stop ends; None if this is not who may end it."""
        if self._issuers.get((sender, stop_id)) != issuer:
            return None
        del self._issuers[sender, stop_id]
        return Persist(f"{_KEY}{sender}/{stop_id}", None)
