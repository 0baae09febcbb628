"""What a truck is and whom it obeys, as its shell tells its agent: values only."""

from dataclasses import dataclass

from contract.energy import Drivetrain
from contract.traction import CAUTIOUS, Traction


@dataclass(frozen=True, slots=True)
class VehicleConfig:
    """What this truck is and whom it obeys.

    length_m             bumper to bumper, with trailer
    front_ahead_m        front bumper ahead of the rear axle
    brake_service_mps2   what a leader is told of it; 0: not known
    traction             what it pushes with
    drivetrain           what it takes from its battery; None: it has none to speak of
    """

    name: str
    supervisor: str
    length_m: float
    front_ahead_m: float
    brake_service_mps2: float = 0.0
    traction: Traction = CAUTIOUS
    drivetrain: Drivetrain | None = None
