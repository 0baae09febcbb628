"""What is published about the place, with sources; everything else on the maps is a sketch."""

from typing import Any

BORDER_LON_LAT = (
    (82.79333, 46.70053),
    (82.78808, 46.68701),
    (82.78604, 46.68090),
    (82.78207, 46.66888),
)
ORIGIN_LON_LAT = (82.78574, 46.68)  # on the border line, where the lanes cross it

LANE_MPS = 6.944  # 25 km/h
APRON_MPS = 2.778  # 10 km/h


def header(name: str, note: str) -> dict[str, Any]:
    """The `corridor` member of a map file."""
    return {
        "name": name,
        "format_version": 1,
        "origin": list(ORIGIN_LON_LAT),
        "schematic": True,
        "note": note,
        "published": [
            {
                "what": "the border line between Kazakhstan (west) and China (east)",
                "source": "OpenStreetMap contributors, ODbL",
                "feature": "border",
                "coordinates": [list(each) for each in BORDER_LON_LAT],
            },
            {
                "what": "Baketu port, to the nearest minute: 46 deg 41 min N, 82 deg 48 min E",
                "source": "published position of the port",
                "coordinates": [[82.8, 46.68333333]],
            },
            {
                "what": "25 km/h at most on a driverless cross-border lane",
                "source": "Ganqimaodu, Global Times, November 2023",
            },
        ],
        "attribution": "border line (C) OpenStreetMap contributors (ODbL)",
    }
