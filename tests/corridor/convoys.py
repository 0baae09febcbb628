"""A rig for formations: three trucks of one convoy on the long map, their answers given by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contract.agent import Effect, Now
from contract.events import Event
from contract.v1.movement_pb2 import (
    FORMATION_ANSWER_DONE,
    FORMATION_ANSWER_READY,
    FormationAnswer,
    FormationOrder,
    FormationReply,
)
from corridor.formation import Formations
from corridor.formation_phases import FormationPhase as P
from corridor.gathering import FormationConfig, Gathering
from corridor.interlocking import Claim
from corridor.planning import way
from corridor.records import Formation, Mission
from corridor.state import Heard, State
from corridor.stretches import Stretch, stretches_of
from tests.factories import TRUCKS, a_now, a_roster, reports, sends, the_map

IN_LINE_M: Final = 21.5  # front to front, standing
READY, DONE = FORMATION_ANSWER_READY, FORMATION_ANSWER_DONE


@dataclass
class Convoys:
    """truck-01 to truck-03 eastbound in convoy-1, each from its own berth to its own."""

    gather_ms: int = 90_000
    at_ms: float = 0.0
    trucks: Sequence[str] = TRUCKS
    said: list[Effect] = field(default_factory=list)
    state: State = field(init=False)
    gathering: Gathering = field(init=False)
    formations: Formations = field(init=False)

    def __post_init__(self) -> None:
        self.state = State("supervisor", the_map("bakhty_pokitu"), a_roster())
        for turn, truck in enumerate(self.trucks, 1):
            self._give(turn, truck)
        self._supervise()

    def _supervise(self) -> None:
        self.gathering = Gathering(self.state, FormationConfig(self.gather_ms))
        self.formations = Formations(self.state, self.gathering)

    def restart(self) -> None:
        """Everything but the journal's rows is gone."""
        self._supervise()
        self.formations.restore()

    def _give(self, turn: int, truck: str) -> None:
        corridor = self.state.map
        lanes = way(corridor, corridor.berths[f"kz_b0{turn}"].lane, f"cn_b0{turn}", None)
        mission = Mission(
            mission_id=f"mission-{turn}",
            vehicle=truck,
            crossing=f"KZ-{turn}",
            direction="E",
            convoy="convoy-1",
            formation=list(self.trucks),
            lanes=list(lanes),
            stops=[],
            berth=f"cn_b0{turn}",
            turn=turn,
            mass_kg=36_000,
            accepted=True,
        )
        self.state.missions[mission.mission_id] = mission
        self.state.mission_of[truck] = mission.mission_id
        self.state.heard[truck] = Heard(self.now.mono_ns, reported=True)

    @property
    def now(self) -> Now:
        return a_now(self.at_ms)

    @property
    def row(self) -> Formation:
        return self.state.formations["convoy-1"]

    def mission(self, truck: str) -> Mission:
        return self.state.missions[self.state.mission_of[truck]]

    def stretch(self, truck: str, number: int = 0) -> Stretch:
        return stretches_of(self.state.map, self.state.route(self.mission(truck)))[number]

    def claim(self, truck: str) -> Claim:
        mission = self.mission(truck)
        return Claim(truck, mission.convoy, "E", mission.mass_kg, tuple(self.trucks))

    # --- what happens ---

    def stand(self, *trucks: str, ahead_m: float = 5.0, number: int = 0) -> "Convoys":
        """These stand in line, the first `ahead_m` before where its convoy gathers."""
        for place, truck in enumerate(trucks):
            gather_m = self.stretch(truck, number).gather_m
            self.state.heard[truck].front_m = gather_m - ahead_m - IN_LINE_M * place
        return self

    def at_end(self, *trucks: str, number: int = 0) -> "Convoys":
        """These are where the stretch is as good as over."""
        for place, truck in enumerate(trucks):
            end_m = self.stretch(truck, number).end_m
            self.state.heard[truck].front_m = end_m - 140.0 - IN_LINE_M * place
        return self

    def watch(self, seconds: int = 1) -> list[Effect]:
        out: list[Effect] = []
        for _ in range(seconds):
            self.at_ms += 1_000.0
            self.formations.watch(self.now)
            out += self.taken()
        return out

    def taken(self) -> list[Effect]:
        out = self.state.flush()
        self.said += out
        return out

    def answer(self, truck: str, answer: FormationAnswer, **changes: Any) -> list[Effect]:
        """A truck answers the newest order it has."""
        newest = self.orders(truck)[-1]
        values: dict[str, Any] = {
            "convoy_id": newest.convoy_id,
            "epoch": newest.epoch,
            "answer": answer,
        }
        reply = FormationReply(**(values | changes))
        self.formations.on_reply(self.now, truck, reply)
        return self.taken()

    def all_answer(self, answer: FormationAnswer, *trucks: str) -> list[Effect]:
        out: list[Effect] = []
        for truck in trucks:
            out += self.answer(truck, answer)
        return out

    def carried_out(self, *trucks: str) -> list[Effect]:
        """These are ready, and then have done it."""
        return self.all_answer(READY, *trucks) + self.all_answer(DONE, *trucks)

    def formed(self, *trucks: str) -> "Convoys":
        """These drive as one."""
        self.stand(*trucks)
        for count in range(2, len(trucks) + 1):
            self.watch()
            self.carried_out(*trucks[:count])
        assert self.row.members == list(trucks)
        return self

    # --- what was said ---

    def orders(self, truck: str) -> list[FormationOrder]:
        return sends(self.said, FormationOrder, to=truck)

    def events(self, event: Event) -> list[dict[str, Any]]:
        return [dict(fields) for fields in reports(self.said, event)]


def in_phase(phase: P) -> Convoys:
    """Two trucks at this step of joining or leaving."""
    convoys = Convoys()
    a, b, _ = TRUCKS
    if phase in (P.JOINING, P.COUPLING):
        convoys.stand(a, b).watch()
        if phase is P.COUPLING:
            convoys.all_answer(READY, a, b)
    else:
        convoys.formed(a, b)
    if phase in (P.LEAVING, P.UNCOUPLING):
        convoys.at_end(a, b).watch()
        if phase is P.UNCOUPLING:
            convoys.all_answer(READY, a, b)
    assert convoys.row.phase is phase
    return convoys
