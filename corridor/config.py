"""What one supervisor is told of its corridor before it starts.

Pure. The texts behind it are read by whoever starts it (__main__.py, sim/build.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.traction import Traction
from corridor.authority import Weather
from corridor.dispatch import DispatchConfig
from corridor.gathering import FormationConfig
from corridor.hours import SideHours
from corridor.timetable.settings import SlotsConfig, TimetableConfig
from corridor.token import TokenConfig
from corridor.weather import HOLD_MS


@dataclass(frozen=True, slots=True)
class SupervisorConfig:
    """One supervisor: its name, which gate runs which station, how convoys are put together, how
    they drive as one, the weather that it tells until it is measured, how long better weather must
    have held, what it knows of trucks by name, how a one-lane section is shared, when each side is
    open and how much it takes, and how it plans and gives slots, if it does.
    """

    name: str
    station_gate: Mapping[str, str]
    dispatch: DispatchConfig
    formation: FormationConfig = field(default_factory=FormationConfig)
    weather: Weather = field(default_factory=Weather)
    kinds: Mapping[str, Traction] = field(default_factory=dict)
    token: TokenConfig = field(default_factory=TokenConfig)
    weather_hold_ms: int = HOLD_MS
    radio_gap: bool = False
    hours: Mapping[str, SideHours] = field(default_factory=dict)
    timetable: TimetableConfig | None = None
    slots: SlotsConfig | None = None
