"""Names of what can go wrong on a vehicle, and at gates, stations and loads; what each does is in
vehicle_faults.py, site_faults.py, link_faults.py and clearing.py.
"""

from typing import Final

PLACE_CLOSED: Final = "place_closed"  # by an operator, to the supervisor
CLOSURE: Final = "closure"  # of a section, likewise
PERSON: Final = "person_at_truck"  # an operator takes its personnel lock
ALL_CLEARED: Final = "all_cleared"  # an operator looks, and lifts what only people lift
CONTROL_ROOM_KINDS: Final = (PLACE_CLOSED, CLOSURE, PERSON, ALL_CLEARED)
# On a link, or on all links of a node.
LINK_KINDS: Final = ("link_loss", "link_slow", "link_double", "link_shuffle", "link_replay")
PAUSE: Final = "pause"  # of a node's program
DETECTOR_GHOST: Final = "detector_ghost"
AXLE_MISSED: Final = "axle_missed"
BARRIER_JAMS: Final = "barrier_jams"
KINDS: Final = (
    *("gnss_outage", "gnss_frozen", "gnss_step_east", "gnss_step_north"),
    *("gnss_drift_east", "gnss_drift_north", "gnss_single", "gnss_claims_rtk", "gnss_noise"),
    *("gnss_late", "heading_off", "wheel_scale", "wheel_stuck", "gyro_bias", "marker_missing"),
    *("marker_moved", "marker_moved_north", "hitch_off", "hitch_stuck", "trailer_parted"),
    *("radar_dead", "radar_frozen", "radar_off"),
    *("beacon_loss", "beacon_silence", "beacon_late"),
    *("brake_fade", "steering_stuck", "pilot_hung", "drive_dead", "air_lost"),
)
# At a gate.
GATE_KINDS: Final = (
    *("barrier_says_closed", "barrier_says_open", "barrier_says_fault", "arm_obstructed"),
    *("tailgater", "plate_swapped"),
)
# At a station or bay.
STATION_SLOW: Final = "station_slow"
STATION_KINDS: Final = (
    *("station_hung", "station_fails", "station_aborts", "station_light", "readers_hung"),
    STATION_SLOW,
)
# About a vehicle, its load or its papers.
LOAD_KINDS: Final = (
    *("load_missing", "seal_swapped", "container_swapped", "container_missing", "seal_broken"),
    "stop_under_arm",
    *("permit_replayed", "key_swapped", "declaration_amended", "false_arrived"),
)
# The next vehicle to drive into a zone dies there (deaths.py).
DRIVE_DIES: Final = "drive_dies_in"
COMPUTER_DIES: Final = "computer_dies_in"
DEATH_KINDS: Final = (DRIVE_DIES, COMPUTER_DIES)
SITE_KINDS: Final = (*GATE_KINDS, *STATION_KINDS, *LOAD_KINDS)
# All that a scenario may name.
FAULTS: Final = (
    *("crash", PAUSE, "partition", *LINK_KINDS),
    *(
        "barrier_stuck",
        BARRIER_JAMS,
        "barrier_opens",
        "detector_stuck",
        DETECTOR_GHOST,
        AXLE_MISSED,
    ),
    *("officer_holds", "officer_holds_at_berth", "officer_refuses", "officer_refuses_past_line"),
    *SITE_KINDS,
    *CONTROL_ROOM_KINDS,
    *DEATH_KINDS,
    *KINDS,
)
