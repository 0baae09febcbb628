"""Declarations to begin with: one loaded, one empty, each in order as it stands.

`convoy-office declare --template loaded` prints one; whoever files it changes names, numbers and
masses. Traders, certificates and seals are made up; the check digits are right.
"""

import json
from typing import Any, Final

_KEY: Final = "AAAAAAAAAAAAAAAAAAAAAA=="

LOADED: Final[dict[str, Any]] = {
    "declaration_id": "D-KZ-00001",
    "version": 1,
    "crossing_id": "KZ-00001",
    "direction": "DIRECTION_EAST",
    "consignment_reference": "6KZ150340012340-00001",
    "origin_country": "KZ",
    "destination_country": "CN",
    "vehicle_id": "truck-01",
    "vehicle_key_id": _KEY,
    "trailer_id": "T-truck-01",
    "container_id": "CSQU3054383",
    "seals": ["S-00001", "NAV-00001"],
    "navigation_seal_id": "NAV-00001",
    "crew_count": 0,
    "gross_mass_kg": 36_800,
    "cargo_mass_kg": 21_800,
    "goods": [
        {
            "hs_code": "1206009900",
            "description": "sunflower seed",
            "net_mass_kg": 21_800,
            "packages": 872,
            "package_kind": "BG",
            "un_number": "",
            "origin_country": "KZ",
        }
    ],
    "consignor": {
        "trader_id": "150340012340",
        "country": "KZ",
        "authorised_economic_operator": True,
    },
    "consignee": {
        "trader_id": "91654200MA7XXXXX0A",
        "country": "CN",
        "authorised_economic_operator": False,
    },
    "carrier": {
        "trader_id": "150340012340",
        "country": "KZ",
        "authorised_economic_operator": False,
    },
    "certificates": [
        {
            "kind": "CERTIFICATE_KIND_PHYTOSANITARY",
            "number": "EPHYTO-KZ-00001",
            "issuer_country": "KZ",
            "valid_from_utc_ms": 1_772_323_200_000,
            "valid_until_utc_ms": 1_788_220_800_000,
        }
    ],
    "transit": {
        "kind": "TRANSIT_KIND_TIR",
        "reference": "XF12345678",
        "amount_eur": 40_000,
        "departure_office": "KZ-SEMEY",
        "destination_office": "CN-URUMQI",
    },
    "customs_offices": ["KZ-SEMEY", "KZ-BAKHTY", "CN-POKITU", "CN-URUMQI"],
    "batch_number": "1000000001",
    "batch_size": 1,
}

EMPTY: Final[dict[str, Any]] = {
    "declaration_id": "D-CN-00001",
    "version": 1,
    "crossing_id": "CN-00001",
    "direction": "DIRECTION_WEST",
    "vehicle_id": "truck-01",
    "vehicle_key_id": _KEY,
    "trailer_id": "T-truck-01",
    "gross_mass_kg": 15_000,
    "crew_count": 0,
    "empty_running": True,
    "vehicle_permit_id": "TA-truck-01",
}

TEMPLATES: Final = {"loaded": LOADED, "empty": EMPTY}


def template(kind: str) -> str:
    """The template of this kind as JSON, one field a line."""
    return json.dumps(TEMPLATES[kind], indent=2) + "\n"
