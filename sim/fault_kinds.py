"""Names of what can go wrong on a vehicle; what each does is in vehicle_faults.py."""

from typing import Final

PLACE_CLOSED: Final = "place_closed"  # by an operator, to the supervisor
KINDS: Final = (
    *("gnss_outage", "gnss_frozen", "gnss_step_east", "gnss_step_north"),
    *("gnss_drift_east", "gnss_drift_north", "gnss_single", "gnss_noise", "gnss_late"),
    *("heading_off", "wheel_scale", "wheel_stuck", "gyro_bias", "marker_missing", "marker_moved"),
    *("trailer_parted", "radar_dead", "radar_frozen"),
    *("beacon_loss", "beacon_silence", "beacon_late"),
    *("brake_fade", "steering_stuck", "pilot_hung"),
)
