"""Numbers that all parties share, each with its reason, and the relations between them.

Not here: what differs per site (config files) and per vehicle (parameter sets).
Sources: docs/decisions/0003-mailbox.md and 0005-timing.md.
"""

from typing import Final

from contract.errors import require

WIRE_VERSION: Final = 1

# --- sizes (bad input is refused before it costs anything) ---
FRAME_BYTES_MAX: Final = 65_536
FRAME_OVERHEAD_BYTES: Final = 1_024
TEXT_LENGTH_MAX: Final = 256
REPEATED_MAX: Final = 512
HOLDBACK_MESSAGES_MAX: Final = 64
OUTBOX_MESSAGES_MAX: Final = 4_096
BLANKS_MAX: Final = 4_096  # envelopes prepared for sessions, 200 bytes each
VERIFIED_MAX: Final = 256  # newest signatures whose verdict is kept: at worst 16 MB of frames

# --- mailbox ---
RETRY_MS: Final = 500
RETRY_MS_MAX: Final = 4_000
HELLO_RATE_MS: Final = 200

# --- liveness ---
HEARTBEAT_MS: Final = 1_000
STANDING_HEARTBEAT_MS: Final = 4_000
RESTING_HEARTBEAT_MS: Final = 10_000
NODE_HEARTBEAT_MS: Final = 5_000
VEHICLE_SILENCE_MS: Final = 5_000
STANDING_SILENCE_MS: Final = 14_000
RESTING_SILENCE_MS: Final = 35_000
NODE_SILENCE_MS: Final = 16_000

# --- pilot and guard (DESIGN section 6) ---
PILOT_PERIOD_MS: Final = 50
PILOT_WARN_MS: Final = 100
PILOT_ACT_MS: Final = 200

# --- space (metres) ---
LANE_OVERLAP_M: Final = 5.0
GATE_OVERLAP_M: Final = 2.0
STOP_WINDOW_M: Final = 1.0
VEHICLE_LENGTH_M_MAX: Final = 18.0
CLEAR_MARGIN_M: Final = 1.0

# --- gates ---
NONCE_BYTES: Final = 16
NONCE_AGE_MS_MAX: Final = 10_000
PERMIT_VALID_MS: Final = 30_000
PASSAGE_RETRY_MS: Final = 5_000
PASSAGE_SILENCE_MS: Final = 30_000  # a gate that says nothing at all is asked again
ANSWER_KEPT_MS_MAX: Final = 25_000  # of a truck that comes: so long it may take until it is read
BARRIER_MOVE_MS_MAX: Final = 10_000
RELEASE_VALID_MS: Final = 12 * 3_600_000
UTC_ERROR_MS_MAX: Final = 1_000

# --- no dead ends (docs/SAFETY.md, SUP-024) ---
INSTRUCTION_MS_MAX: Final = 1_500  # from a result to a next instruction, or a reason with an owner
STATION_SILENT_MS: Final = 900_000  # an X-ray takes 200 s; three such, and a queue of one
INSPECTION_SILENT_MS: Final = 43_200_000  # a bay takes 150 min; 1 of 1,000 takes 11.7 h
RETURN_PAPERS_MAX: Final = 256  # refusals and return releases that a gate keeps

# --- weather that is not known is the worst that is driven in ---
FRICTION_DRY: Final = 0.7  # no better road is ever counted on
FRICTION_WORST: Final = 0.2
SIGHT_WORST_M: Final = 50.0

# --- convoy ---
CONVOY_MEMBERS_MAX: Final = 3
STANDSTILL_GAP_M: Final = 5.0
RADAR_HEADWAY_S: Final = 2.0  # alone, by radar
MEMBER_HEADWAY_S: Final = 1.0  # in formation, by beacons

# --- change of formation: every wait ends, and ends with everybody driving alone ---
FORMATION_WATCH_MS: Final = 500
FORMATION_APPROACH_MS: Final = 120_000  # from the order until in position
FORMATION_COMMIT_MS: Final = 3_000  # from in position until the commit
FORMATION_OPEN_MS: Final = 60_000  # from the order until the gap is open
FORMATION_DONE_MS: Final = 5_000  # from the commit until the last has said that it is done
POSITION_HELD_MS: Final = 1_000
POSITION_TOLERANCE_M: Final = 2.0
POSITION_DIFFERENCE_MPS: Final = 0.5
OPEN_TOLERANCE_M: Final = 0.5
OPEN_DIFFERENCE_MPS: Final = 0.3
BEACON_FRESH_S: Final = 0.15
BEACON_OLD_S: Final = 0.5
BEACONS_LOST_MS: Final = 3_000  # nobody leaves a formation on a blink
MEMBER_LOST_MS: Final = 3_000
GATHER_MS_MAX: Final = 300_000  # nobody waits longer for the rest of its convoy
BATCH_MAX: Final = 64  # vehicles of one direction through a one-lane section at a time
SECTION_WAIT_MS_MAX: Final = 3_600_000

# --- ledgers: how much of what a node has signed may be known to nobody else ---
HEAD_RECORDS: Final = 100
HEAD_MS: Final = 60_000
HEAD_LINKS_MAX: Final = 500  # an office that was away longer is led there in steps
HEADS_TOLD_MAX: Final = 4  # of others, with one countersignature

SNAPSHOT_RECORDS: Final = 10_000

require(RETRY_MS < VEHICLE_SILENCE_MS, "a lost message must be repeated before silence is called")
require(HEARTBEAT_MS * 4 <= VEHICLE_SILENCE_MS, "silence means several heartbeats missing")
require(
    STANDING_HEARTBEAT_MS * 3 <= STANDING_SILENCE_MS, "silence means several heartbeats missing"
)
require(RESTING_HEARTBEAT_MS * 3 <= RESTING_SILENCE_MS, "silence means several heartbeats missing")
require(NODE_HEARTBEAT_MS * 3 <= NODE_SILENCE_MS, "silence means several heartbeats missing")
require(HEAD_RECORDS <= HEAD_LINKS_MAX <= REPEATED_MAX, "a head fits one message with its links")
require(HEAD_MS >= 4 * RETRY_MS_MAX, "a head is repeated by the mailbox before it is sent anew")
require(NONCE_AGE_MS_MAX <= PERMIT_VALID_MS, "a challenge must not outlive the permit it asks for")
require(
    ANSWER_KEPT_MS_MAX < PASSAGE_SILENCE_MS,
    "whoever has not been read in time is told so before it asks again",
)
require(PILOT_PERIOD_MS < PILOT_WARN_MS < PILOT_ACT_MS, "the guard warns before it acts")
require(GATE_OVERLAP_M <= LANE_OVERLAP_M, "gate cells are tighter than lanes")
require(
    INSTRUCTION_MS_MAX < STATION_SILENT_MS < INSPECTION_SILENT_MS,
    "who is served is told at once; who is not, waits longer in a bay than at a station",
)
require(0.0 < FRICTION_WORST < FRICTION_DRY, "silence about friction means a slippery road")
require(MEMBER_HEADWAY_S < RADAR_HEADWAY_S, "whoever drives alone keeps the longer gap")
require(
    FORMATION_COMMIT_MS >= 4 * RETRY_MS,
    "an answer and a commit may each be lost and repeated before a truck in position gives up",
)
require(
    FORMATION_DONE_MS >= FORMATION_COMMIT_MS + RETRY_MS,
    "a truck that gave up is heard before the supervisor does",
)
require(FORMATION_WATCH_MS < POSITION_HELD_MS, "a position is looked at more than once")
require(BEACON_FRESH_S * 1_000.0 >= 2 * PILOT_PERIOD_MS, "one lost beacon is not a bad link")
require(BEACON_FRESH_S < BEACON_OLD_S, "a beacon is fresh before it is old")
require(
    BEACON_OLD_S * 1_000.0 < BEACONS_LOST_MS <= FORMATION_COMMIT_MS,
    "a truck that is not heard is noticed while the commit is waited for",
)
