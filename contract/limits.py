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
BARRIER_MOVE_MS_MAX: Final = 10_000
RELEASE_VALID_MS: Final = 12 * 3_600_000
UTC_ERROR_MS_MAX: Final = 1_000

# --- convoy ---
CONVOY_MEMBERS_MAX: Final = 3

SNAPSHOT_RECORDS: Final = 10_000

require(RETRY_MS < VEHICLE_SILENCE_MS, "a lost message must be repeated before silence is called")
require(HEARTBEAT_MS * 4 <= VEHICLE_SILENCE_MS, "silence means several heartbeats missing")
require(
    STANDING_HEARTBEAT_MS * 3 <= STANDING_SILENCE_MS, "silence means several heartbeats missing"
)
require(RESTING_HEARTBEAT_MS * 3 <= RESTING_SILENCE_MS, "silence means several heartbeats missing")
require(NODE_HEARTBEAT_MS * 3 <= NODE_SILENCE_MS, "silence means several heartbeats missing")
require(NONCE_AGE_MS_MAX <= PERMIT_VALID_MS, "a challenge must not outlive the permit it asks for")
require(PILOT_PERIOD_MS < PILOT_WARN_MS < PILOT_ACT_MS, "the guard warns before it acts")
require(GATE_OVERLAP_M <= LANE_OVERLAP_M, "gate cells are tighter than lanes")
