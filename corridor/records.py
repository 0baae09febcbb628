"""What the supervisor writes down: one row a crossing, mission, vehicle and counter, under one key
each.

A row is encoded when it was touched; what did not change is not written again. A restarted
supervisor folds the journal and has the same rows.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from contract.agent import Persist
from corridor.formation_phases import FormationPhase
from corridor.interlocking import Zone


class Control(msgspec.Struct):
    """One inspection that an office has ordered: its kind, and where it may be done."""

    kind: int
    places: list[str]


class Crossing(msgspec.Struct):
    """One crossing as the supervisor knows it: no goods, no names, no values.

    early        links of its chain of custody that came before those in between, by their step
    unread       stations whose image is still being read
    samples      places whose sample is still at a laboratory
    seal_wants   offices that have to release anew since the navigation seal was opened
    container_id   as declared
    arrival_scan   whether the receiving office scans it behind its own gate
    batch       number of the waybill it shares;  batch_size   trucks of it, 0 or 1: this one alone
    controls    inspections that each office wants and has not withdrawn;  bays   their places
    ordered     kinds of inspection that were ever ordered
    refused     reason code of the refusal;  refused_by   country of the office that refused
    returns     the crossing that takes it back;  return_of   the crossing that this one takes back
    papers      the refusal as it came, for the gate that lets the truck in to be returned
    unfit       reason code for which it may not leave though it is loaded
    let_ms      UTC at which it was given road past its exit gate, where hours or quotas count
    perishable, trusted   for the timetable: goods that spoil, traders that are authorised
    expected_ms   UTC at which its terminal expects it ready
    slot        which slot of its exit gate it has, counted from UTC 0; -1: none
    slot_number   of the newest word to the gate about it
    """

    crossing_id: str
    direction: str = ""
    vehicle: str = ""
    loaded: bool = False
    gross_mass_kg: int = 0
    cargo_mass_kg: int = 0
    seals: list[str] = []
    declaration_sha256: bytes = b""
    releases: dict[str, bytes] = {}
    holds: dict[str, str] = {}
    bays: dict[str, list[str]] = {}
    channel: int = 0
    ready: bool = False
    berth: str = ""
    mission: str = ""
    step: int = 0
    outcome: str = ""
    adverse: bool = False
    ready_ms: int = 0
    started_ms: int = 0
    finished_ms: int = 0
    early: dict[int, bytes] = {}
    unread: list[str] = []
    samples: list[str] = []
    seal_opened: bool = False
    seal_wants: list[str] = []
    batch: str = ""
    batch_size: int = 0
    controls: dict[str, list[Control]] = {}
    ordered: list[int] = []
    refused: str = ""
    refused_by: str = ""
    returns: str = ""
    return_of: str = ""
    papers: bytes = b""
    container_id: str = ""
    arrival_scan: int = 0
    let_ms: int = 0
    unfit: str = ""
    perishable: bool = False
    trusted: bool = False
    expected_ms: int = 0
    slot: int = -1
    slot_number: int = 0


class Stop(msgspec.Struct):
    """A place of a mission, and how far along the route it is."""

    kind: int
    place: str
    lane: str
    offset_mm: int
    at_m: float


class Mission(msgspec.Struct):
    """One vehicle's way from berth to berth, and how much of it is allocated and granted.

    lanes       never changed in place: another way is another list
    next_span   index of the first zone of the route that is not allocated yet
    cleared     how many zones of the route the rear has left
    end_m       end of the newest authority along the route
    arrived     the truck stands at its berth; the crossing ends once its custody is whole
    place       bay on its way, in which it is inspected or kept; "" if it is sent to none
    given       services that bays have brought since an office last ordered one anew
    axles       at the last counter that it has passed; 0: not told
    counted_from   index of the first zone of the route behind that counter
    asked       number of an authority that ends nearer than the one in force; 0: none is unanswered
    asked_span, asked_m   next_span and end_m once the truck has said yes to it
    """

    mission_id: str
    vehicle: str
    crossing: str
    direction: str
    convoy: str
    formation: list[str]
    lanes: list[str]
    stops: list[Stop]
    berth: str
    turn: int
    mass_kg: int
    version: int = 1
    accepted: bool = False
    next_span: int = 0
    cleared: int = 0
    number: int = 0
    end_m: float = 0.0
    done: list[str] = []
    announced: list[str] = []
    arrived: bool = False
    place: str = ""
    given: list[str] = []
    axles: int = 0
    counted_from: int = 0
    asked: int = 0
    asked_span: int = 0
    asked_m: float = 0.0


class Rest(msgspec.Struct):
    """Where a vehicle without a mission stands."""

    vehicle: str
    lane: str
    berth: str = ""


class Formation(msgspec.Struct):
    """Who of a convoy drives as one, and the change that is under way.

    epoch     number of the newest change, in force or not;  members   in force, leader first
    wanted    members after the change;  asked   who must answer before it goes on
    """

    convoy: str
    epoch: int = 0
    phase: FormationPhase = FormationPhase.SPLIT
    members: list[str] = []
    manoeuvre: int = 0
    wanted: list[str] = []
    asked: list[str] = []


Row = Crossing | Mission | Rest | Formation | Zone
RowT = TypeVar("RowT", Crossing, Mission, Rest, Formation)
_TABLES: Final[dict[str, type]] = {
    "crossing": Crossing,
    "mission": Mission,
    "rest": Rest,
    "formation": Formation,
    "zone": Zone,
}


class Store:
    """Rows that changed since they were last written."""

    def __init__(self) -> None:
        self._touched: dict[str, Row | None] = {}
        self._numbers: dict[str, int] = {}
        self._numbers_touched: dict[str, None] = {}

    def touch(self, table: str, key: str, row: Row) -> None:
        """This row is to be written at the end of the turn."""
        self._touched[f"{table}/{key}"] = row

    def drop(self, table: str, key: str) -> None:
        """This row is to be forgotten."""
        self._touched[f"{table}/{key}"] = None

    def number(self, name: str) -> int:
        """A counter; 0 if it was never set."""
        return self._numbers.get(name, 0)

    def set_number(self, name: str, value: int) -> None:
        self._numbers[name] = value
        self._numbers_touched[name] = None

    def next_number(self, name: str) -> int:
        """Count up and return the new value."""
        self.set_number(name, self.number(name) + 1)
        return self.number(name)

    def persists(self) -> list[Persist]:
        """Everything touched, as journal records; then nothing is touched."""
        if not (self._touched or self._numbers_touched):
            return []
        written = [
            Persist(key, None if row is None else msgspec.msgpack.encode(row))
            for key, row in self._touched.items()
        ]
        written += [
            Persist(f"number/{name}", self._numbers[name].to_bytes(8, "big"))
            for name in self._numbers_touched
        ]
        self._touched.clear()
        self._numbers_touched.clear()
        return written

    def restore(self, state: Mapping[str, bytes]) -> dict[str, dict[str, Row]]:
        """All rows of a folded journal by table and key; counters are taken up here."""
        tables: dict[str, dict[str, Row]] = {name: {} for name in _TABLES}
        for key in sorted(state):
            table, _, name = key.partition("/")
            if table == "number":
                self._numbers[name] = int.from_bytes(state[key], "big")
            elif table in _TABLES:
                tables[table][name] = msgspec.msgpack.decode(state[key], type=_TABLES[table])
        return tables
