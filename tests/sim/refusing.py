"""Offices that refuse a truck past the line, and take it back: a second pen for each of them.

The offices' agents are as they are; beside each writes one who has its release key. When the exit
gate says that the first loaded truck is through, the far office refuses and takes its release back,
and both release the return.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from contract.agent import Boot, Effect, Effects, Now, Received, Send
from contract.node import Node
from contract.signing import Signer, seal_document, type_name
from contract.v1.customs_pb2 import (
    CrossingNotice,
    DecisionNotice,
    Refusal,
    Release,
    Revocation,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, DIRECTION_WEST
from contract.v1.gate_pb2 import Passed
from sim.build import OFFICES, SUPERVISOR
from sim.world import World

BACK = "CN-return-1"
RELEASE = type_name(Release)


@dataclass
class Refusing:
    """An office with a second pen.

    step    the gate whose word the refusal follows;  silent   this office never releases the return
    """

    agent: Any
    country: str
    pen: Signer
    gates: tuple[str, ...]
    step: str
    silent: bool = False
    released: dict[str, Release] = field(default_factory=dict)
    done: bool = False

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return self._seen(self.agent.on_start(now, boot, state))

    def on_message(self, now: Now, received: Received) -> Effects:
        effects = self._seen(self.agent.on_message(now, received))
        message = received.message
        if isinstance(message, Passed) and message.gate_id == self.step and not self.done:
            release = self.released.get(message.crossing_id)
            if release is not None:
                self.done = True
                return [*effects, *self._refuse(release)]
        return effects

    def on_wake(self, now: Now, reading: Any) -> Effects:
        return self._seen(self.agent.on_wake(now, reading))

    @property
    def wake_ns(self) -> int | None:
        wake_ns: int | None = self.agent.wake_ns
        return wake_ns

    def _seen(self, effects: Effects) -> Effects:
        for effect in effects:
            if isinstance(effect, Send) and isinstance(effect.message, DecisionNotice):
                document = effect.message.decision
                if document.payload_type == RELEASE:
                    release = Release.FromString(document.payload)
                    self.released[release.subject.crossing_id] = release
        return effects

    def _refuse(self, release: Release) -> list[Effect]:
        office = COUNTRY_KZ if self.country == "KZ" else COUNTRY_CN
        subject = release.subject
        effects: list[Effect] = []
        if self.country == "CN":
            said = {"office": office, "crossing_id": subject.crossing_id}
            digest = subject.declaration_sha256
            refusal = Refusal(
                **said,
                refusal_id="R-1",
                declaration_sha256=digest,
                reason="REFUSED_BY_OFFICER",
                return_crossing_id=BACK,
            )
            taken = Revocation(**said, number=1, release_id=release.release_id)
            effects += [self._says(refusal), self._says(taken)]
            effects += [self._says(taken, gate) for gate in self.gates]
        notice = CrossingNotice(
            crossing_id=BACK,
            direction=DIRECTION_WEST,
            vehicle_id=subject.vehicle_id,
            loaded=True,
            gross_mass_kg=36_000,
            office=office,
            seals=subject.seals,
            declaration_sha256=subject.declaration_sha256,
        )
        effects.append(Send(SUPERVISOR, notice))
        back = Release()
        back.CopyFrom(release)
        back.release_id = f"{self.country}-{BACK}-1"
        back.subject.crossing_id, back.subject.direction = BACK, DIRECTION_WEST
        back.readmission_consent = self.country == "CN"
        return effects if self.silent else [*effects, self._says(back)]

    def _says(self, decision: Message, to: str = SUPERVISOR) -> Send:
        return Send(to, DecisionNotice(decision=seal_document(self.pen, decision)))


def refusing(step: str = "kz_out", silent: str = "") -> Callable[[World], None]:
    """Both offices with a second pen; `silent` is the country that never releases the return."""

    def prepare(world: World) -> None:
        for country, name in OFFICES.items():
            host = world.hosts[name]
            host.build = built(world, country, host.build)

    def built(world: World, country: str, intact: Callable[[], Node[Any]]) -> Any:
        def build() -> Node[Any]:
            node = intact()
            pen = world.cast.release_signers[country]
            gates = tuple(world.map.gates)
            agent = Refusing(node.agent, country, pen, gates, step, silent=country == silent)
            return Node(agent, node.mailbox)

        return build

    return prepare
