"""The log catalogue: every event a program may report, with severity, fields and what to do.

Names are past tense. `Report` carries an event and exactly its fields; shells add time and node.
docs/EVENTS.md is printed from this table.
"""

from enum import Enum
from typing import Final, Self


class Severity(Enum):
    """How loud an event is; the words of syslog."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


_D, _I, _W, _E, _X = Severity
_NONE: Final = "none"


class Event(Enum):
    """An event of the catalogue: severity, names of its fields, the operator's action."""

    severity: Severity
    fields: tuple[str, ...]
    action: str

    def __new__(cls, severity: Severity, fields: str, action: str) -> Self:
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.severity = severity
        member.fields = tuple(fields.split())
        member.action = action
        return member

    @property
    def code(self) -> str:
        """The name in the log."""
        return self.name.lower()

    # --- any program ---
    PROGRAM_STARTED = (_I, "boot_count restored", _NONE)
    PEER_SESSION_OPENED = (_I, "peer", _NONE)
    MESSAGE_REFUSED = (_W, "sender reason detail", "look at the sender if it repeats")
    MESSAGE_UNDELIVERABLE = (_W, "peer payload_type reason", "check the peer and the line")
    LEDGER_FORKED = (_X, "node number reason detail", "stop trusting the node; compare the ledgers")
    # --- vehicle ---
    MISSION_ACCEPTED = (_I, "mission version crossing", _NONE)
    MISSION_REFUSED = (_W, "mission version reason detail", "look at the supervisor's map")
    AUTHORITY_ACCEPTED = (_D, "mission number end_lane end_mm", _NONE)
    AUTHORITY_REFUSED = (_W, "mission number reason detail", "look at the supervisor")
    PLACE_REACHED = (_I, "mission place", _NONE)
    PERMIT_REQUESTED = (_I, "gate crossing attempt", _NONE)
    PERMIT_ACCEPTED = (_I, "gate permit crossing", _NONE)
    PERMIT_REFUSED_BY_GATE = (_W, "gate crossing reason detail", "see the gate's log")
    GATE_PASSED = (_I, "gate crossing", _NONE)
    MISSION_FINISHED = (_I, "mission crossing berth", _NONE)
    STOP_OBEYED = (_W, "stop issuer reason", "find out why; its issuer lifts it")
    STOP_LIFTED = (_I, "stop issuer", _NONE)
    GUARD_TRIPPED = (_E, "cause speed_mmps beyond_mm", "inspect the truck before releasing it")
    GUARD_WARNED = (_W, "mission speed_mmps to_end_mm", "look at its brakes when it has stopped")
    PUSHED_IN_VAIN = (_W, "mission lane offset_mm", "see to the road, then release the truck")
    REVOCATION_TAKEN = (_W, "office release crossing", "the truck is held; see the office")
    FORMATION_JOINED = (_I, "convoy epoch predecessor members", _NONE)
    FORMATION_LEFT = (_I, "convoy epoch reason", _NONE)
    FORMATION_REFUSED = (_W, "convoy epoch reason detail", "see the reason")
    GAP_LOST = (_W, "mission gap_mm", "look at the radar")
    # --- gate ---
    CHALLENGE_SENT = (_D, "gate vehicle attempt", _NONE)
    PERMIT_CONSUMED = (_I, "gate permit vehicle crossing", _NONE)
    PERMIT_REFUSED = (_W, "gate vehicle crossing reason detail", "see the reason")
    BARRIER_OPENED = (_I, "gate permit", _NONE)
    BARRIER_CLOSED = (_I, "gate", _NONE)
    BARRIER_FAILED = (_E, "gate wanted seen", "send maintenance; the gate stays closed to traffic")
    VEHICLE_PASSED = (_I, "gate permit vehicle crossing", _NONE)
    SEALS_DIFFER = (_E, "gate vehicle crossing read", "an office inspects")
    CONTAINER_DIFFERS = (_E, "gate vehicle crossing read", "an office inspects")
    BARRIER_LOWERED_AGAIN = (_W, "gate attempt seen", "send maintenance if it repeats")
    BARRIER_GIVEN_UP = (_E, "gate attempts seen", "lower it by hand: it is not told again")
    GATE_MENDED = (_I, "gate", _NONE)
    GATE_HELD = (_E, "gate hold reason detail", "go and look, then clear the hold by order")
    GATE_CLEARED = (_I, "gate hold operator", _NONE)
    VEHICLE_LET_ON = (_W, "gate permit vehicle crossing operator", _NONE)
    GATE_ORDER_REFUSED = (_W, "gate hold operator reason detail", "see the reason")
    PERMIT_WITHDRAWN = (_W, "gate permit vehicle reason detail", "the vehicle asks anew")
    PERMIT_VOIDED = (_W, "gate permit reason", "the vehicle asks anew")
    STATION_STARTED = (_I, "station vehicle crossing services", _NONE)
    STATION_SCANNED = (_I, "station vehicle crossing", _NONE)
    SAMPLE_TAKEN = (_I, "station vehicle crossing", _NONE)
    STATION_DELAYED = (_W, "station vehicle crossing due_s", "look if it does not end by then")
    STATION_TRIED_AGAIN = (_W, "station vehicle crossing reason attempt", "look if it repeats")
    STATION_FINISHED = (_I, "station vehicle crossing verdict reason mass_kg", _NONE)
    INTRUSION_DETECTED = (_X, "gate detector", "go and look: something moved without a permit")
    # --- office ---
    DECLARATION_ACCEPTED = (_I, "declaration version crossing vehicle", _NONE)
    DECLARATION_REFUSED = (_W, "declaration reason detail", "the terminal corrects it")
    CHANNEL_CHOSEN = (_I, "crossing channel rules", _NONE)
    CROSSING_RELEASED = (_I, "crossing release channel rules", _NONE)
    RELEASE_RAN_OUT = (_I, "crossing release", _NONE)
    CROSSING_HELD = (_W, "crossing reason channel rules", "the office decides")
    CROSSING_REFUSED = (_W, "crossing reason rules", "the truck returns")
    RELEASE_REVOKED = (_W, "crossing release reason", "the truck is held at the next gate")
    DESK_DECIDED = (_I, "crossing verdict officer", _NONE)
    DESK_DECLINED = (_W, "crossing verdict officer reason", "see the reason")
    OVERRULE_ASKED = (_W, "crossing officer refused_by", "another officer looks at it")
    ENDORSEMENT_ASKED = (_I, "crossing agencies", _NONE)
    ENDORSEMENT_TAKEN = (_I, "crossing agency endorsed reason", _NONE)
    CROSSING_POSTPONED = (_I, "crossing reason until_utc_ms", _NONE)
    RESULT_CAME_TOO_LATE = (_E, "crossing station reason", "tell whoever has the goods")
    RETURN_ORDERED = (_W, "crossing returns", "the truck goes back under the new crossing")
    CROSSING_ENDED = (_I, "crossing berth", _NONE)
    TRANSIT_MOVED = (_I, "crossing reference amount_eur transit", _NONE)
    STATION_SUSPENDED = (_E, "station scans false_clears", "find out why it let that pass")
    STATION_REINSTATED = (_I, "station scans false_clears", _NONE)
    REINSTATEMENT_ASKED = (_W, "station officer why", "another officer looks at it")
    REINSTATEMENT_DECIDED = (_W, "station officers why scans false_clears", _NONE)
    REINSTATEMENT_DECLINED = (_W, "station officer reason detail", "see the reason")
    # --- agencies ---
    ENDORSEMENT_REQUESTED = (_I, "crossing version agencies", _NONE)
    ENDORSEMENT_DEFERRED = (_I, "crossing version agency reason", "a person at the agency decides")
    ENDORSEMENT_GIVEN = (_I, "crossing version agency endorsed reason officer", _NONE)
    AGENCY_DECIDED = (_I, "crossing version agency verdict officer", _NONE)
    # --- supervisor: its log alone tells the story of a day ---
    COMMAND_TAKEN = (_I, "epoch restored_zones", _NONE)
    VEHICLE_REPORTED = (_I, "vehicle lane zones cause", _NONE)
    VEHICLE_FELL_SILENT = (_E, "vehicle zones silent_ms", "its zones stay locked; go and look")
    VEHICLE_HEARD_AGAIN = (_I, "vehicle", _NONE)
    ROAD_ASKED_BACK = (_I, "vehicle number end_lane end_mm", _NONE)
    DEADLOCK_FOUND = (_E, "cycle", "clear the way of one of them: take it out, or send it to a bay")
    NODE_FELL_SILENT = (_E, "node silent_ms", "look at the program")
    NODE_HEARD_AGAIN = (_I, "node", _NONE)
    CROSSING_NOTICED = (_I, "crossing direction vehicle loaded cargo_kg batch", _NONE)
    CROSSING_CLEARED = (_I, "crossing", _NONE)
    CROSSING_WITHHELD = (_W, "crossing reason detail", "see the reason")
    CONVOY_FORMED = (_I, "convoy direction members", _NONE)
    CONVOY_PARTED = (_W, "convoy vehicle rest reason", "look at the vehicle")
    FORMATION_PREPARED = (_I, "convoy epoch manoeuvre members", _NONE)
    FORMATION_COMMITTED = (_I, "convoy epoch manoeuvre members", _NONE)
    FORMATION_COMPLETED = (_I, "convoy epoch manoeuvre members", _NONE)
    FORMATION_ABORTED = (_W, "convoy epoch manoeuvre vehicle reason", "look if it repeats")
    MISSION_GIVEN = (_I, "mission version vehicle crossing convoy berth", _NONE)
    MISSION_DECLINED = (_W, "mission vehicle reason detail", "look at the vehicle")
    BERTH_CHANGED = (_I, "vehicle berth before", _NONE)
    ZONE_ALLOCATED = (_D, "zone vehicle convoy", _NONE)
    ZONE_FREED = (_D, "zone vehicle convoy proof", _NONE)
    ZONE_BECAME_UNKNOWN = (_E, "zone cause", "prove the zone empty before it is used")
    ZONE_PROVEN_FREE = (_I, "zone proof", _NONE)
    AUTHORITY_GRANTED = (_I, "vehicle mission number end_lane end_mm zones", _NONE)
    AUTHORITY_ANSWERED = (_D, "vehicle number accepted reason", _NONE)
    VEHICLE_WAITS = (_I, "vehicle crossing reason resource holder lifted_by", "see the reason")
    VEHICLE_GOES_ON = (_I, "vehicle crossing reason waited_ms", _NONE)
    STATION_REPORTED = (_I, "station vehicle crossing verdict reason", _NONE)
    VEHICLE_DIVERTED = (_W, "vehicle crossing bay reason", "the office inspects")
    VEHICLE_SET_ASIDE = (_I, "vehicle crossing bay reason", _NONE)
    VEHICLE_DETOURED = (_I, "vehicle crossing zones", _NONE)
    PLACE_CLOSED = (_W, "place operator reason", "open it again when it can serve")
    PLACE_OPENED = (_I, "place operator", _NONE)
    CROSSING_RETURNS = (_W, "crossing return_crossing vehicle", "the truck goes back by the return")
    RETURN_ADMITTED = (_W, "gate crossing return_crossing vehicle", _NONE)
    CUSTODY_RECORDED = (_I, "crossing step place vehicle", _NONE)
    CUSTODY_REFUSED = (_E, "crossing step place reason", "compare the ledgers")
    CROSSING_FINISHED = (_I, "crossing vehicle berth outcome took_ms", _NONE)
    GATE_REPORTED = (_D, "gate barrier reason", _NONE)
    STOP_ORDERED = (_W, "stop scope target reason issuer", "its issuer lifts it")
    STOP_ENDED = (_I, "stop issuer", _NONE)
    STOP_WIDENED = (_W, "stop vehicle issuer", "the truck has come into its scope")
    SITE_CONFIRMED = (_I, "stop operator", _NONE)
    SECTION_CLOSED = (_W, "closure zones issuer taker reason", "its issuer or taker opens it")
    SECTION_OPENED = (_I, "closure operator", _NONE)
    SECTION_CLEARED = (_I, "closure", _NONE)
    ROAD_TAKEN_BACK = (_I, "vehicle zones", _NONE)
    LOCK_TAKEN = (_W, "vehicle person number", "wait for the truck's own word before going near")
    LOCK_HELD = (_I, "vehicle person number", _NONE)
    LOCK_GIVEN_BACK = (_I, "vehicle person number", _NONE)
    WEATHER_CHANGED = (_W, "level friction_permille sight_mm wind_mmps", "see the level's limits")
    ROADWORTHINESS_REFUSED = (_W, "vehicle crossing trailer reason", "have the brakes tested")
    REPORT_DOUBTED = (_E, "vehicle reason detail", "look at the truck: it frees nothing until then")
    SEAL_BROKEN = (_X, "vehicle crossing", "each office releases it anew or refuses")
    TIMETABLE_MADE = (_D, "jobs late_s first", _NONE)
    TIMETABLE_REFUSED = (_E, "jobs fault", "report the fault: who came first goes first meanwhile")
    SLOT_GIVEN = (_I, "crossing vehicle gate number from_utc_ms until_utc_ms", _NONE)
    SLOT_FREED = (_I, "crossing gate number reason", _NONE)
    SLOT_REFUSED = (_W, "crossing vehicle terminal reason", "see the reason")
    DETECTOR_MISCOUNTED = (_E, "detector zone expected seen", "prove the zone empty")
    # --- terminal ---
    LOADING_STARTED = (_D, "berth vehicle crossing", _NONE)
    LOADING_FINISHED = (_D, "berth vehicle crossing", _NONE)
    UNLOADING_STARTED = (_D, "berth vehicle crossing", _NONE)
    BRAKE_TEST_FAILED = (
        _W,
        "berth vehicle crossing",
        "mechanics repair it; then it is tested anew",
    )
    TRAILER_SWAPPED = (_I, "vehicle trailer before", _NONE)
    DECLARATION_FILED = (_I, "declaration version crossing vehicle", _NONE)
    DECLARATION_ANSWERED = (_W, "declaration reason detail", "correct the declaration")
