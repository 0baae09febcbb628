"""Rescue in a run: the control room closes the section of a dead truck, a crew with a key mends it.

People who go by the log of the supervisor and by what it answers, and order nothing that another
person could not: a possession for the crew that names who stands in it, the personnel lock of each
of them, the word that the zones are as they are known, the way back of lock and section by the
crew's own key, the release of the truck. Each step waits for the one before it, and is said again
until it is answered. Not here: what a possession does (corridor/closures.py), dying (deaths.py).
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from google.protobuf.message import Message

from contract.agent import Report
from contract.events import Event
from contract.reasons import Reason
from contract.signing import seal_document
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_OPEN_SECTION,
    OPERATOR_VERB_PROVE_ZONE,
    OPERATOR_VERB_RESUME,
    OPERATOR_VERB_SWITCHED_OFF,
    OperatorCommand,
    OperatorReply,
    OperatorVerb,
)
from contract.v1.people_pb2 import (
    LOCK_ACT_GIVE_BACK,
    LOCK_ACT_TAKE,
    LockAct,
    PersonnelLock,
    PersonnelNotice,
    PersonnelStatus,
)
from corridor.halts import CAUSES
from sim import deaths
from sim.build import RESCUE
from sim.control_room import OPERATOR, Panel
from sim.distributions import parse_duration
from sim.engine import NS_PER_S
from sim.rescue_drive import RescueDrive, road_ahead
from sim.rescue_section import RescueSection

if TYPE_CHECKING:
    from sim.world import World

NEAR_M: Final = 10.0  # more than the overlap that an authority keeps to the limit of a zone
_OFF: Final = "off/"  # and a truck: what the crew calls its word
LOOK_S: Final = 10.0  # how often the people look again at what is not answered


class Step(Enum):
    """How far one rescue has come."""

    NOTICED = auto()
    CLOSING = auto()
    DRIVING = auto()
    APPROACHING = auto()
    LOCKING = auto()
    SWITCHING_OFF = auto()
    REPAIRING = auto()
    WITHDRAWING = auto()
    UNLOCKING = auto()
    PROVING = auto()
    OPENING = auto()
    RELEASING = auto()
    OVER = auto()


@dataclass(slots=True)
class Case:
    """One dead truck: what it waits for, its section, who stands in it, and what is known of each.

    off      how often it was taken down of each truck that it is switched off
    locked   trucks that have said that they stand under the crew's lock;  numbers   of its locks
    """

    truck: str
    halt: str
    zones: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    step: Step = Step.NOTICED
    locked: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)
    off: dict[str, int] = field(default_factory=dict)
    proven: set[str] = field(default_factory=set)
    drive: RescueDrive | None = None  # None: on foot, where there is no road free for a vehicle

    @property
    def name(self) -> str:
        """Of its possession."""
        return f"rescue/{self.truck}"


def arrange(world: "World") -> None:
    """Have people watch, where the scenario has them."""
    if world.scenario.rescue is not None:
        Rescue(world)


class Rescue:
    """The control room and its crew, one truck after the other."""

    def __init__(self, world: "World") -> None:
        section = world.scenario.rescue or RescueSection()
        self._world = world
        self._notice_s = parse_duration(section.notice)
        self._drive_s = parse_duration(section.drive)
        self._repair_s = parse_duration(section.repair)
        self._cases: dict[str, Case] = {}
        self._numbers: dict[str, int] = {}
        self._panel: Panel = world.crews[RESCUE]
        self._panel.listeners.append(self._answered)
        world.panel.listeners.append(self._answered)
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            record(t_ns, node, report)
            self._hear(report)

        world.say = say

    # --- what people read and hear ---

    def _hear(self, report: Report) -> None:
        fields = report.fields
        if report.event is Event.VEHICLE_WAITS:
            self._waits(fields["vehicle"], fields["reason"], fields["holder"])
        elif report.event is Event.VEHICLE_HEARD_AGAIN:
            for case in self._in(Step.NOTICED):
                if (case.truck, case.halt) == (fields["vehicle"], ""):
                    case.step = Step.OVER  # nobody has set out yet
        elif report.event is Event.ZONE_PROVEN_FREE:
            for case in self._in(Step.PROVING):
                case.proven.add(fields["zone"])
                if case.proven >= set(case.zones):
                    self._go(case, Step.OPENING)
        elif report.event is Event.SECTION_OPENED:
            for case in self._in(Step.OPENING):
                if case.name == fields["closure"]:
                    self._go(case, Step.RELEASING)
        elif report.event is Event.STOP_ENDED:
            for case in self._in(Step.RELEASING):
                if case.halt == fields["stop"]:
                    self._go(case, Step.OVER)

    def _waits(self, truck: str, reason: Reason, holder: str) -> None:
        open_ = [case for case in self._cases.values() if case.step is not Step.OVER]
        if any(truck in (case.truck, *case.stays) for case in open_):
            return
        if reason.name in CAUSES:
            halt = f"{CAUSES[reason.name]}/{truck}"
        elif reason is Reason.VEHICLE_SILENT and holder == truck:
            halt = ""
        else:
            return
        case = self._cases[truck] = Case(truck, halt)
        self._after(self._notice_s, case, Step.CLOSING)

    def _answered(self, answer: Message) -> None:
        """The supervisor's word, or through it a truck's own."""
        if isinstance(answer, OperatorReply) and answer.clear:
            for case in self._in(Step.CLOSING):
                if case.name == answer.stop_id:
                    self._go(case, Step.DRIVING)
        elif isinstance(answer, OperatorReply) and answer.accepted:
            for case in self._in(Step.SWITCHING_OFF):
                self._is_off(case, answer.stop_id.removeprefix(_OFF))
        elif isinstance(answer, PersonnelStatus) and answer.person_id == RESCUE:
            for case in self._cases.values():
                if case.numbers.get(answer.vehicle_id) == answer.number:
                    (case.locked.add if answer.held else case.locked.discard)(answer.vehicle_id)
                    self._locks_changed(case)

    def _in(self, step: Step) -> list[Case]:
        return [case for case in self._cases.values() if case.step is step]

    # --- one step after the other ---

    def _after(self, delay_s: float, case: Case, step: Step) -> None:
        self._world.engine.after(int(delay_s * NS_PER_S), self._go, case, step)

    def _go(self, case: Case, step: Step) -> None:
        """The next step: what takes time takes it, what needs an answer is said until it comes."""
        if case.step is Step.OVER:
            return
        case.step = step
        if step is Step.DRIVING:
            self._after(self._drive_s, case, Step.APPROACHING)
        elif step in (Step.APPROACHING, Step.WITHDRAWING):
            self._drive(case, away=step is Step.WITHDRAWING)
        elif step is Step.LOCKING:
            self._take_locks(case)
        elif step is Step.SWITCHING_OFF:
            for truck in case.stays:
                deaths.switch_off(self._world, truck)
        elif step is Step.REPAIRING:
            self._world.engine.after(int(self._repair_s * NS_PER_S), self._mended, case)
        elif step is Step.UNLOCKING:
            self._give_back_locks(case)
        if case.step is not step:
            return
        self._say_again(case, step)

    def _drive(self, case: Case, *, away: bool) -> None:
        """To the truck or away from it with a vehicle, if it stands where one gets to."""
        then = Step.UNLOCKING if away else Step.LOCKING
        road = road_ahead(self._world, case.truck)
        if not away and road is not None:
            case.drive = RescueDrive(self._world, case.name, road, section=case.zones)
        if case.drive is None or case.drive.on_foot:
            self._go(case, then)
        else:
            case.drive.go(case.stays, lambda: self._go(case, then), away=away)

    def _say_again(self, case: Case, step: Step) -> None:
        if case.step is not step or step not in _ORDERS:
            return
        _ORDERS[step](self, case)
        self._world.engine.after(int(LOOK_S * NS_PER_S), self._say_again, case, step)

    def _look_around(self, case: Case) -> None:
        """People look where it stands: its zones, and who has come to stand in them with it."""
        fleet = self._world.fleet
        case.zones = case.zones or tuple(deaths.zones_under(fleet, case.truck))
        case.stays = case.stays or (case.truck,)
        case.stays += tuple(
            name
            for name in fleet.names
            if name not in case.stays
            and fleet.standing(name)
            and set(deaths.zones_under(fleet, name)) & set(case.zones)
        )

    def _close(self, case: Case) -> None:
        self._look_around(case)
        self._world.panel.press(
            OperatorCommand(
                verb=OPERATOR_VERB_CLOSE_SECTION,
                stop_id=case.name,
                operator_id=OPERATOR,
                reason="a truck is recovered",
                zones=case.zones,
                target=" ".join(case.stays),
                taker_id=RESCUE,
            )
        )

    def _take_locks(self, case: Case) -> None:
        for truck in case.stays:
            number = self._numbers[truck] = self._numbers.get(truck, 0) + 1
            case.numbers[truck] = number
            self._lock(truck, number, LOCK_ACT_TAKE)
        self._locks_changed(case)

    def _give_back_locks(self, case: Case) -> None:
        for truck in case.stays:
            self._lock(truck, case.numbers[truck], LOCK_ACT_GIVE_BACK)
        self._locks_changed(case)

    def _lock(self, truck: str, number: int, act: LockAct) -> None:
        lock = PersonnelLock(act=act, vehicle_id=truck, person_id=RESCUE, number=number)
        document = seal_document(self._world.cast.signers[RESCUE], lock)
        self._panel.press(PersonnelNotice(lock=document))

    def _locks_changed(self, case: Case) -> None:
        """A truck whose computer is dead says nothing: its brake holds, and its battery is off."""
        speaking = {truck for truck in case.stays if self._world.hosts[truck].up}
        if case.step is Step.LOCKING and case.locked >= speaking:
            self._go(case, Step.SWITCHING_OFF)
        elif case.step is Step.UNLOCKING and not case.locked:
            self._go(case, Step.PROVING)

    def _mended(self, case: Case) -> None:
        for truck in case.stays:
            deaths.mend(self._world, truck)
        self._go(case, Step.WITHDRAWING)

    def _say_off(self, case: Case) -> None:
        """Where each of them stands, and what lies less than NEAR_M ahead of it."""
        for truck in case.stays:
            command = OperatorCommand(
                verb=OPERATOR_VERB_SWITCHED_OFF,
                stop_id=_OFF + truck,
                target=truck,
                zones=deaths.zones_under(self._world.fleet, truck, NEAR_M),
                operator_id=RESCUE,
            )
            self._panel.press(command)

    def _is_off(self, case: Case, truck: str) -> None:
        """Twice of each: what one behind it held, the first round leaves with a truck."""
        if truck in case.stays:
            case.off[truck] = case.off.get(truck, 0) + 1
        if all(case.off.get(each, 0) >= 2 for each in case.stays):
            self._go(case, Step.REPAIRING)

    def _prove(self, case: Case) -> None:
        for zone in case.zones:
            self._order(OPERATOR_VERB_PROVE_ZONE, target=zone)

    def _open(self, case: Case) -> None:
        self._order(OPERATOR_VERB_OPEN_SECTION, stop_id=case.name)

    def _release(self, case: Case) -> None:
        """The control room lets the mended truck go; one that was only silent needs no word."""
        if not case.halt:
            case.step = Step.OVER
            return
        command = OperatorCommand(
            verb=OPERATOR_VERB_RESUME,
            stop_id=case.halt,
            operator_id=OPERATOR,
            reason="mended",
        )
        self._world.panel.press(command)

    def _order(self, verb: OperatorVerb, *, target: str = "", stop_id: str = "") -> None:
        """By the crew, with its own key."""
        command = OperatorCommand(
            verb=verb, target=target, stop_id=stop_id, operator_id=RESCUE, reason="recovered"
        )
        self._panel.press(command)


_ORDERS: Final = {
    Step.CLOSING: Rescue._close,
    Step.SWITCHING_OFF: Rescue._say_off,
    Step.PROVING: Rescue._prove,
    Step.OPENING: Rescue._open,
    Step.RELEASING: Rescue._release,
}
