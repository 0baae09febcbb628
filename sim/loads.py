"""What a vehicle truly carries, and one row of stages.csv: values of the simulated world."""

from dataclasses import dataclass


@dataclass(slots=True)
class Load:
    """What a vehicle truly carries, whatever was declared.

    chapters      HS chapters of its goods, two digits each
    seal_broken   its navigation seal says that it was opened
    """

    gross_mass_kg: int = 15_000
    seals: tuple[str, ...] = ()
    contraband: bool = False
    chapters: tuple[str, ...] = ()
    container_id: str = ""
    seal_broken: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """One row of stages.csv, nanoseconds of simulated time.

    worked_ns   how long a person was at it; 0 where machines did it all
    """

    vehicle: str
    crossing: str
    stage: str
    arrive_ns: int
    start_ns: int
    end_ns: int
    worked_ns: int = 0
