"""What is between the trucks' radios: the same words as arrays, or as sealed envelopes.

One seam, where the block of words heard is filled. `Arrays` leaves that to the compiled step;
`Envelopes` steps turn by turn, seals what each truck has said, and lets each truck open what comes
through to it. Which beacon comes through, and when, is the radio's in either case (radio.py).
Not here: what a beacon means on the wire (vehicle/pilot/beacon.py), who may be believed
(contract/broadcast.py).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from contract.agent import Boot, Refused, Role
from contract.broadcast import Broadcasts
from contract.envelope import Identity
from contract.limits import PILOT_PERIOD_MS
from contract.reasons import Reason
from contract.roster import Node, Roster
from contract.signing import Signer
from contract.v1.movement_pb2 import Beacon
from sim.blocks import Blocks
from sim.radio import RADIO_TAKEN, RING, arriving, new_air, say_row, take
from sim.truth import fleet_steps, outside_steps, resting, sense
from sim.truth_columns import TRUTH_AHEAD, TRUTH_ALIVE
from vehicle.pilot.beacon import from_message, to_message
from vehicle.pilot.columns import Array


class Air(Protocol):
    """Steps a fleet, and carries its beacons."""

    @property
    def ring(self) -> Array:
        """What was said as arrays, (RING, n, BEACON_COLUMNS); RING 0: nothing is."""
        ...

    def sense(self, f: Blocks, dt_s: float) -> None:
        """What every truck senses and has heard now."""
        ...

    def fleet_steps(self, ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
        """Up to `ticks` steps: (steps done, events)."""
        ...

    def outside_steps(self, ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
        """The same for vehicles whose computers are elsewhere."""
        ...

    def say_again(self, i: int, f: Blocks) -> None:
        """What row i has said in the last step is what it should have said: once more."""
        ...


class Arrays:
    """Beacons as arrays, inside the compiled step."""

    def __init__(self, n: int) -> None:
        self.ring = new_air(n)

    def sense(self, f: Blocks, dt_s: float) -> None:
        sense(f, dt_s)

    def fleet_steps(self, ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
        return fleet_steps(ticks, dt_s, f)

    def outside_steps(self, ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
        return outside_steps(ticks, dt_s, f)

    def say_again(self, i: int, f: Blocks) -> None:
        say_row(i, f.said, self.ring, int(f.ticks[0]) - 1)


@dataclass(frozen=True, slots=True)
class Party:
    """Whose radios these are: names in the order of rows, keys, roster, and the map's digest."""

    names: Sequence[str]
    signers: Mapping[str, Signer]
    roster: Roster
    map_digest: bytes
    seed: int
    start_ms: int = 0  # UTC of the first tick


def air_of(beacons: str, party: Party) -> Air:
    """The air of a scenario's `[network] beacons`."""
    return Envelopes(party) if beacons == "bytes" else Arrays(len(party.names))


def party(names: Sequence[str], map_digest: bytes, seed: int) -> Party:
    """Trucks without a corridor around them: keys from the seed, a roster of themselves."""
    signers = {name: Signer.from_seed(_digest(seed, name, "key", 32)) for name in names}
    nodes = {name: Node(name, Role.VEHICLE, signers[name].public_key) for name in names}
    return Party(names, signers, Roster(nodes, {}, staging=True), map_digest, seed)


class Envelopes:
    """Beacons as bytes, sealed by each truck's radio and opened by the one behind."""

    def __init__(self, party: Party) -> None:
        n = len(party.names)
        self.ring = new_air(n, 0)
        self.refused: list[tuple[str, Refused]] = []  # who refused, and why
        self.frames: list[dict[int, tuple[int, bytes]]] = [{} for _ in range(n)]  # by slot: tick
        self._party = party
        self._boots = [0] * n
        self._radios: list[Broadcasts | None] = [None] * n

    # --- steps ---

    def sense(self, f: Blocks, dt_s: float) -> None:
        self._hear(f, dt_s)
        sense(f, dt_s)

    def fleet_steps(self, ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
        for tick in range(ticks):
            self._hear(f, dt_s)
            _, used = fleet_steps(1, dt_s, f)
            self._say(f)
            if used > 0 or f.miles.any() or resting(f):
                return tick + 1, used
        return ticks, 0

    def outside_steps(self, ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
        for tick in range(ticks):
            _, used = outside_steps(1, dt_s, f)
            self._say(f)
            if used > 0:
                return tick + 1, used
        return ticks, 0

    # --- words ---

    def say_again(self, i: int, f: Blocks) -> None:
        radio = self._radios[i]
        if radio is not None:
            tick = int(f.ticks[0]) - 1
            message = to_message(self._party.names[i], f.said[i], self._utc_ms(tick))
            self.frames[i][tick % RING] = (tick, radio.seal(message))

    def _say(self, f: Blocks) -> None:
        """Everybody whose computer is up says what its pilot has put down."""
        for i, alive in enumerate(f.truth[:, TRUTH_ALIVE].tolist()):
            if alive == 0.0:
                self._radios[i] = None
            else:
                self._radio(i)
                self.say_again(i, f)

    def _hear(self, f: Blocks, dt_s: float) -> None:
        """Into the block of words heard: what comes through to each truck, if it can be opened."""
        for i, ahead in enumerate(f.truth[:, TRUTH_AHEAD].tolist()):
            tick = arriving(i, f.truth, f.radio, f.chance, f.heard, f.ticks, dt_s)
            said_at, raw = self.frames[int(ahead)].get(tick % RING, (-1, b""))
            if tick < 0 or said_at != tick:
                continue
            f.radio[i, RADIO_TAKEN] = tick
            heard = self._opened(i, int(ahead), raw, self._utc_ms(int(f.ticks[0])))
            if isinstance(heard, Refused):
                self.refused.append((self._party.names[i], heard))
                continue
            word, age_ms = heard
            take(i, word, age_ms / PILOT_PERIOD_MS, dt_s, f.heard)

    def _opened(self, i: int, ahead: int, raw: bytes, now_ms: int) -> tuple[Array, int] | Refused:
        """The word in bytes that should be the predecessor's, and its age in milliseconds."""
        sender = self._party.names[ahead]
        received = self._radio(i).open(raw, sender)
        if isinstance(received, Refused):
            return received
        beacon = received.message
        if not isinstance(beacon, Beacon) or beacon.vehicle_id != sender:
            return Refused(Reason.SENDER_MISMATCH, f"no beacon of {sender}")
        age_ms = now_ms - beacon.sample_ms
        if age_ms < 0:
            return Refused(Reason.MALFORMED, f"a beacon of {sender} from {-age_ms} ms ahead")
        return from_message(beacon), age_ms

    # --- radios ---

    def _radio(self, i: int) -> Broadcasts:
        """The radio of row i; a new one, with nothing heard, after each start of its computer."""
        radio = self._radios[i]
        if radio is None:
            party, name = self._party, self._party.names[i]
            self._boots[i] += 1
            what = f"radio/{self._boots[i]}"
            boot = Boot(_digest(party.seed, name, what, 16), self._boots[i], b"", b"")
            identity = Identity(name, Role.VEHICLE, party.signers[name], party.map_digest, b"")
            radio = self._radios[i] = Broadcasts(identity, party.roster, boot)
        return radio

    def _utc_ms(self, tick: int) -> int:
        return self._party.start_ms + PILOT_PERIOD_MS * tick


def _digest(seed: int, name: str, what: str, size: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}/{what}".encode(), digest_size=size).digest()


def digest_of(table: Array) -> bytes:
    """What stands for a map where there is only one way."""
    return hashlib.sha256(np.ascontiguousarray(table).tobytes()).digest()
