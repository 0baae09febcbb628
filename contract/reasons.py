"""Reasons: one stable code for every hold, wait, refusal and fault.

Each code has a sentence, the party that can lift it, and what lifts it. Codes are never renamed or
reused: scripts, logs and two customs services rely on them.
"""

from enum import Enum
from typing import Self


class Party(Enum):
    """Whose move it is."""

    VEHICLE = "vehicle"
    SUPERVISOR = "supervisor"
    GATE = "gate"
    OFFICE_KZ = "office KZ"
    OFFICE_CN = "office CN"
    OFFICE = "office"
    TERMINAL = "terminal"
    OPERATOR = "operator"
    SENDER = "sender"
    MAINTENANCE = "maintenance"


_S = Party.SENDER
_V = Party.VEHICLE
_C = Party.SUPERVISOR
_G = Party.GATE
_O = Party.OFFICE
_T = Party.TERMINAL
_P = Party.OPERATOR
_M = Party.MAINTENANCE


class Reason(Enum):
    """A stable code (its name), a sentence, the party that can lift it, and what lifts it."""

    sentence: str
    owner: Party
    lifted_by: str

    def __new__(cls, sentence: str, owner: Party, lifted_by: str) -> Self:
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.sentence = sentence
        member.owner = owner
        member.lifted_by = lifted_by
        return member

    # --- messages: one place opens envelopes (contract/mailbox.py) ---
    MALFORMED = ("the bytes are not a message", _S, "a well-formed message")
    TOO_LARGE = ("the message exceeds the size limit", _S, "a smaller message")
    WIRE_VERSION = ("the wire version is not ours", _S, "the same software version on both sides")
    UNKNOWN_SENDER = ("the sender is not in the roster", _M, "a roster that lists the sender")
    SENDER_MISMATCH = (
        "the sender field is not who the key says",
        _S,
        "a message under the sender's own name",
    )
    WRONG_RECIPIENT = ("the message is addressed to somebody else", _S, "a message to this node")
    ROLE_NOT_ALLOWED = ("this role may not send this message", _S, "the role named in topics")
    MAP_MISMATCH = ("the sender drives by another map", _M, "the same compiled map on both sides")
    UNSIGNED = ("a commanding message came without signature", _S, "a signed message")
    BAD_SIGNATURE = ("the signature does not verify", _S, "a signature by the named key")
    SESSION_UNKNOWN = ("the message belongs to no session of ours", _S, "a HELLO exchange")
    STALE_BOOT = ("the message is from before the sender's restart", _S, "nothing: it is dropped")
    STALE_EPOCH = ("a newer supervisor is in command", _C, "the epoch in force")
    DUPLICATE = ("the message was accepted before", _S, "nothing: its effect stands")
    OUT_OF_WINDOW = ("the sequence number is too far ahead", _S, "the messages in between")
    UNKNOWN_PAYLOAD = ("no topic has this payload type", _S, "a payload type of the table")
    UNKNOWN_FIELD = ("the payload has fields we do not know", _S, "a message of our version")
    UNKNOWN_ENUM = ("an enumeration has a value we do not know", _S, "a known value")
    NOT_FINITE = ("a number is not finite", _S, "a finite number")
    TEXT_INVALID = ("a text is too long or has control characters", _S, "plain short text")
    WRONG_PAYLOAD = ("the document is not of the kind expected", _S, "the right document")
    OUTBOX_FULL = ("too many messages wait for this peer", _M, "the peer coming back")
    # --- release: may this crossing enter the neutral zone? ---
    RELEASE_MISSING_KZ = ("no release of the Kazakh office", Party.OFFICE_KZ, "its release")
    RELEASE_MISSING_CN = ("no release of the Chinese office", Party.OFFICE_CN, "its release")
    RELEASE_DIFFERS = ("the two releases do not say the same", _O, "two releases that agree")
    RELEASE_FOREIGN = ("the release is for another crossing or vehicle", _O, "its own release")
    RELEASE_NOT_YET = ("the release is not valid yet", _O, "its first minute of validity")
    RELEASE_EXPIRED = ("the release has expired", _O, "a new release")
    RELEASE_REVOKED = ("the release was revoked", _O, "a new release")
    RELEASE_TWICE = ("an office gave two different releases", _O, "one release an office")
    NO_READMISSION = (
        "the origin office does not consent to take the crossing back",
        _O,
        "its consent",
    )
    CLOCK_UNSURE = ("the clock error is too large to judge validity", _M, "a synchronised clock")
    # --- waiting for a grant ---
    RECOVERING = ("the supervisor restarted and gathers positions", _C, "word from all vehicles")
    VEHICLE_UNACCOUNTED = ("a vehicle of the roster has not said where it is", _V, "its report")
    VEHICLE_SILENT = ("the vehicle is not heard", _V, "its next heartbeat")
    NOT_READY = ("loading is not finished", _T, "the terminal's word that it is")
    CLEARANCE_PENDING = ("a customs office has not decided", _O, "both releases")
    BERTH_FULL = ("no arrival berth is free on the other side", _T, "a berth that is left")
    CONVOY_FORMING = ("the convoy is being put together", _C, "its last member or its time limit")
    MISSION_UNANSWERED = ("the vehicle has not accepted its mission", _V, "its answer")
    ZONE_OCCUPIED = ("the next zone is held by another convoy", _V, "its rear leaving the zone")
    ZONE_UNKNOWN = (
        "it is not known whether the next zone is free",
        _P,
        "proof that the zone is empty",
    )
    ZONE_FULL = ("the next zone has its limit of vehicles or mass", _V, "a vehicle leaving it")
    DIRECTION_OPPOSED = (
        "the section is used in the other direction",
        _V,
        "the last opposite vehicle leaving",
    )
    SECTION_DRAINS = (
        "the one-lane section is being emptied for those who wait at its other end",
        _C,
        "the turn of the other direction",
    )
    PREDECESSOR_FIRST = ("the convoy member in front goes first", _V, "its entry into the zone")
    WOULD_DEADLOCK = (
        "with the next zone trucks would wait for each other",
        _V,
        "the others going on",
    )
    VEHICLE_AHEAD = ("the truck stands behind another one", _V, "that truck going on")
    STATION_PENDING = ("a station has not finished with the truck", _G, "its result")
    INSPECTION_PENDING = ("the truck is under inspection", _O, "the inspection's result")
    INSPECTION_ORDERED = ("an office wants to inspect the truck", _O, "the inspection")
    PERMIT_PENDING = ("the gate has not given its permit", _G, "the permit")
    STOP_IN_FORCE = ("a stop order is in force", _P, "its issuer lifting it")
    GATE_FAULT = ("the gate reports a fault", _M, "the gate's repair")
    GRADE_TOO_STEEP = (
        "the truck cannot climb the grade ahead at its mass on this friction",
        _M,
        "a gritted road, declared with its better friction",
    )
    CANNOT_START_HERE = (
        "the truck could not start again on the grade where it would stand",
        _M,
        "free road to where it can start, or a better friction declared",
    )
    # --- vehicle ---
    NO_MISSION = ("the vehicle has no such mission", _C, "a mission")
    MISSION_STALE = ("the mission version is old", _C, "the newest version")
    MISSION_INVALID = ("the mission does not fit the map", _C, "a mission of this map")
    NOT_ON_ROUTE = ("the vehicle does not stand on the mission's route", _C, "another route")
    AUTHORITY_STALE = ("the authority's number is not new", _C, "a higher number")
    AUTHORITY_INVALID = ("the authority's end is not on the route", _C, "an end on the route")
    CANNOT_SHORTEN = ("the vehicle could not stop before the new end", _C, "a farther end")
    NO_AUTHORITY = ("the vehicle holds no movement authority", _C, "a movement authority")
    STOPPED_BY_ORDER = ("the vehicle obeys a stop order", _P, "its issuer lifting it")
    GUARD_TRIPPED = ("the guard stopped the vehicle", _P, "an authorised release")
    PLACE_UNSURE = ("the truck is not sure enough of its place", _P, "an authorised release")
    GAP_LOST = ("the truck no longer sees what is ahead of it", _P, "an authorised release")
    NO_PROGRESS = (
        "the truck pushes and does not get on, and has parked",
        _P,
        "a road that carries it, then an authorised release",
    )
    TRAILER_PARTED = ("the trailer is not coupled", _P, "people at the truck")
    RESTARTED = ("the vehicle restarted and holds no authority", _C, "a fresh authority")
    # --- formation ---
    FORMATION_STALE = ("the formation order is not the newest", _C, "a higher epoch")
    FORMATION_BUSY = ("the truck is under another manoeuvre", _V, "the end of that manoeuvre")
    FORMATION_LATE = ("the manoeuvre took too long", _C, "another attempt")
    FORMATION_ENDED = ("the supervisor called the manoeuvre off", _C, "another attempt")
    NOT_IN_POSITION = ("the gap to the truck in front is not as ordered", _V, "the right gap")
    BEACONS_LOST = ("the truck in front is not heard", _V, "its beacons")
    MEMBER_LOST = ("a member is silent, stopped or gone", _V, "nothing: the rest goes on without")
    NOT_COUNTED = (
        "no counter has seen the truck leave a zone on its way",
        _G,
        "the counter's word",
    )
    POSITION_DOUBTED = ("the truck says a place that it cannot be at", _P, "a report that fits")
    # --- gate ---
    GATE_BUSY = ("another passage is under way", _V, "its end")
    GATE_RESTARTED = ("the gate restarted and does not know who is present", _G, "an empty cell")
    NOT_IN_CELL = ("no vehicle stands in the gate cell", _V, "the vehicle at the stop line")
    NONCE_UNKNOWN = ("the nonce is not the one in force", _V, "an answer to the new challenge")
    NONCE_EXPIRED = ("the challenge was answered too late", _V, "an answer to the new challenge")
    PLATE_MISMATCH = ("the plate read is another vehicle's", _P, "the right vehicle")
    SEAL_MISMATCH = ("the seals read differ from the releases", _O, "an inspection")
    CONTAINER_MISMATCH = ("the container read is not the declared one", _O, "an inspection")
    MASS_MISMATCH = ("the mass weighed differs from the declared", _O, "an inspection")
    RADIATION_ALARM = ("the portal raised an alarm", _O, "an inspection")
    IMAGE_ADVERSE = ("the X-ray image was not cleared", _O, "an inspection")
    SCAN_FAILED = ("the station could not finish", _M, "another attempt")
    SCAN_ABORTED = ("the station broke off", _M, "another attempt")
    STATION_SILENT = ("the station did not answer in time", _M, "its answer, or another place")
    IMAGE_PENDING = ("the X-ray image is being read", _O, "the reader's word")
    PLATE_UNREAD = ("the plate is not read", _G, "another reading, or a person who reads it")
    SEAL_UNREAD = ("the seals are not read", _G, "another reading, or a person who reads them")
    SEAL_TAMPERED = (
        "the navigation seal was opened on the way",
        _O,
        "new releases of both offices",
    )
    BARRIER_FAULT = ("the barrier did not do as told", _M, "its repair")
    PERMIT_EXPIRED = ("the permit was not used in time", _V, "a new request")
    PERMIT_VOID = ("the gate restarted between consuming and opening", _V, "a new request")
    PRESENCE_UNKNOWN = ("the gate does not know whether the cell is empty", _G, "a detector word")
    ARM_OBSTRUCTED = ("something is under the arm", _P, "a free space under the arm")
    INTRUSION = ("a vehicle moved at the gate without a permit", _P, "a look, and an order")
    DETECTOR_FAULT = ("the gate's detectors contradict each other", _P, "a look, and an order")
    HOLD_UNKNOWN = ("no such hold is in force at the gate", _P, "the hold that the gate names")
    # --- office ---
    DECLARATION_FAULTY = ("the declaration has faults", _T, "a corrected declaration")
    DECLARATION_AMENDED = ("a newer version of the declaration exists", _T, "its assessment")
    DOCUMENT_CONTROL = ("an officer checks the documents", _O, "the officer's decision")
    INSPECTION_ADVERSE = ("the inspection found something", _O, "the officer's decision")
    REFUSED_BY_OFFICER = ("an officer refused the crossing", _O, "nothing: it returns")
    REFUSED_BY_RULE = (
        "a rule of the office refuses the crossing as it is declared",
        _T,
        "an amended declaration, or two officers of the office",
    )
    ENDORSEMENT_PENDING = ("an agency has not endorsed the declaration", _O, "its endorsement")
    ENDORSEMENT_REFUSED = ("an agency does not endorse the declaration", _O, "a new version of it")
    OFFICE_CLOSED = ("the office is closed at this hour", _O, "its opening")
    QUOTA_REACHED = ("the day's quota of crossings is used", _O, "the next day")
    GUARANTEE_IN_USE = ("another transit blocks the guarantee", _T, "the discharge of the other")
    SECOND_OFFICER = ("a refusal is overruled by two officers", _O, "the same word of another one")
    SECOND_OFFICER_STATION = (
        "a suspended station is believed again by the word of two officers",
        _O,
        "the same word of another one",
    )
    STATION_UNKNOWN = ("the other side has no such station", _P, "the name of one that it has")
    STATION_NOT_SUSPENDED = ("the station is believed", _O, "nothing: its scans count")
    REASON_MISSING = ("this word counts only with a reason", _P, "the same word with its reason")
    NOT_AT_DESK = ("the crossing does not lie on this desk", _O, "nothing: it was decided")
    CROSSING_UNKNOWN = ("the office has no such crossing", _S, "its declaration")
    REFUSED_PAST_LINE = ("the crossing was refused past the line", _O, "its way back")
    OFFICER_HOLD = ("an officer keeps the crossing", _O, "the officer's decision")
    # --- agencies ---
    CERTIFICATE_MISSING = ("no certificate is valid for long enough", _T, "a valid certificate")
    GOODS_NOT_LISTED = ("the agency has no rule about these goods", _O, "a person's decision")
    CREW_DECLARED = ("a crew is declared on a driverless truck", _T, "a version without a crew")
    VEHICLE_NOT_ADMITTED = ("the corridor does not know the vehicle", _T, "a vehicle that it knows")
    MASS_NOT_ADMITTED = ("the gross mass is beyond the agency's limit", _T, "a lighter load")
    REFUSED_BY_AGENCY = ("a person at the agency said no", _T, "a new version of the declaration")
    # --- diversion and end ---
    DIVERTED = ("the truck was sent to an inspection bay", _O, "the inspection's result")
    REFUSED = ("an office refused the crossing", _O, "a new declaration")
    NO_BAY_FREE = ("no inspection bay is free", _O, "a bay that is left")
    # --- ledger ---
    LEDGER_FORKED = ("the ledger contradicts what it said before", _O, "a comparison of ledgers")
    BATCH_INCOMPLETE = (
        "another truck of the same waybill may not go yet",
        _O,
        "that truck being ready and released",
    )
    NO_PLACE = ("no permitted place is open for the inspection", _O, "a place that is open")
    PLACE_CLOSED = ("the place is closed", _P, "its opening by an operator")
    RETURN_PENDING = (
        "the crossing was refused past the line and is to return",
        _O,
        "both releases of the return",
    )
    SECTION_CLOSED = ("the section ahead is closed", _P, "its opening by who closed it")
    SITE_NOT_SAFE = (
        "who ordered the stop cannot also say that its site is safe",
        _P,
        "another operator's word that it is",
    )
    RELEASED_HALF = (
        "the stop wants its issuer's release and another operator's word that its site is safe",
        _P,
        "the other one's word",
    )
    PERSON_AT_TRUCK = (
        "a person at the truck holds its personnel lock",
        _P,
        "that person giving it back, or two others if the key is lost",
    )
    STILL_HEARD = ("the truck is still heard: it is not switched off", _P, "its silence")
    LOCK_STALE = ("the lock's number is not new, or not the one in force", _S, "the right number")
    WEATHER_CLOSED = ("the weather does not allow driving", _P, "weather that holds better")
    ROADWORTHINESS_MISSING = (
        "no test of the brakes of this tractor and trailer is valid",
        _T,
        "a test of the pair",
    )
    NODE_SILENT = ("a program has not been heard", _M, "its next heartbeat")
    # --- driving slower than alone on a dry road (delays.csv) ---
    FOLLOWING = ("the truck drives behind another one", _V, "that truck being faster or gone")
    SPEED_REDUCED = ("the road is slippery or the sight short", _M, "better weather, or gritting")
    BRAKING_AND_STARTING = ("the truck brakes for a stop or starts from it", _V, "no stop there")
    DETOUR = ("the way leads by way of another place", _O, "no call at that place")
    DRIVING = ("the truck drives a little slower than it might", _V, "nothing: so it drives")
    # --- containers at the gate's line ---
    CONTAINER_MISSING = ("no container is read where one is declared", _O, "an inspection")
    CONTAINER_UNREAD = (
        "the container's number is not read",
        _G,
        "another reading, or a person who reads it",
    )
    # --- samples ---
    LABORATORY_PENDING = ("the sample is at the laboratory", _O, "the laboratory's result")
    SAMPLE_ADVERSE = ("the laboratory found something", _O, "the officer's decision")
    LABORATORY_SILENT = (
        "the laboratory did not answer in time",
        _O,
        "the officer's decision, or another sample",
    )
    # --- hours and intake, as the supervisor goes by them ---
    DEPARTURE_CLOSED = ("the side it leaves from is closed at this hour", _O, "its opening")
    ARRIVAL_TOO_LATE = (
        "the truck might come to the other side's gate after it has closed",
        _O,
        "its next opening",
    )
    INTAKE_RATE_REACHED = (
        "the other side has taken in as many trucks within an hour as it takes",
        _O,
        "an hour since the first of them",
    )
    INTAKE_FULL = (
        "as many trucks as the other side takes are on their way to its berths",
        _O,
        "one of them standing at its berth",
    )
    # --- what the road ahead bears ---
    AXLE_TOO_HEAVY = (
        "the heaviest axle of the truck, as its kind has it, is beyond the limit of a zone ahead",
        _T,
        "a lighter load",
    )
    TRUCK_TOO_HEAVY = ("the truck is beyond the mass that a zone ahead bears", _T, "a lighter load")
    # --- the fleet: batteries and brakes ---
    CHARGING = ("it is charged until it has enough for its crossing", _V, "the charge it needs")
    CHARGE_UNKNOWN = ("the truck has not said how much charge it has", _V, "its next heartbeat")
    CHARGE_TOO_LOW = (
        "its charge is below what the crossing needs and the reserve",
        _M,
        "a charger that is brought to it",
    )
    NO_CHARGER_FREE = (
        "it must charge where it arrives, and no berth with a charger is free there",
        _V,
        "a truck that leaves one",
    )
    BRAKES_FAILED = ("its brakes did not pass the test before departure", _M, "the repair")
    # --- the timetable and slots ---
    PLANNED_LATER = ("by the timetable others go first", _C, "its turn")
    LANE_TAKEN = (
        "as many trucks as the lane takes are on their way to the exit gate",
        _C,
        "one of them through the gate",
    )
    SLOT_LATER = (
        "it is not yet time to leave for the slot at the exit gate",
        _C,
        "that time, or a sooner slot",
    )
    SLOT_MISSING = ("the gate knows of no slot for this crossing", _C, "a slot")
    SLOT_EARLY = ("the window of the slot has not begun", _C, "its first second, or another slot")
    SLOT_OVER = ("the window of the slot is over", _C, "another slot")
    SLOT_FOREIGN = ("the slot is bound to another vehicle or key", _T, "the vehicle that is named")
    SLOT_UNDECLARED = ("no office knows the crossing of the booking", _T, "its declaration")
    SLOT_TAKEN = ("the crossing or its vehicle has a slot", _T, "nothing: it has one")
    SLOTS_GONE = ("no slot is left for this trader, or within the horizon", _C, "a freed slot")


def explain(reason: Reason, detail: str = "") -> str:
    """One line for a person: code, sentence, where, and who can lift it by what."""
    where = f" ({detail})" if detail else ""
    said = f"{reason.name}: {reason.sentence}{where}"
    return f"{said}; {reason.owner.value} lifts it by {reason.lifted_by}"
