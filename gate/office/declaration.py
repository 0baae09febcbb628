"""Validation of a declaration: every fault at once, each with its place.

Pure. Not here: whether the crossing may go (rules.py), signatures (contract/signing.py).
"""

from contract.limits import TEXT_LENGTH_MAX
from contract.v1.customs_pb2 import Declaration
from contract.v1.document_pb2 import DIRECTION_UNSPECIFIED

GROSS_MASS_KG_MAX = 100_000
SEALS_MAX = 8
FAULTS_TOLD_MAX = 64  # more do not fit a frame, and nobody mends so many at once


def faults(declaration: Declaration) -> list[str]:
    """Everything wrong with a declaration, as `place: what, expected`; empty if it is in order."""
    said = [
        f"$.{name}: missing, expected a text of at most {TEXT_LENGTH_MAX} characters"
        for name in ("declaration_id", "crossing_id", "vehicle_id", "trailer_id")
        if not getattr(declaration, name)
    ]
    if declaration.version < 1:
        said.append(f"$.version: {declaration.version}, expected 1 or more")
    if declaration.direction == DIRECTION_UNSPECIFIED:
        said.append("$.direction: not said, expected DIRECTION_EAST or DIRECTION_WEST")
    if len(declaration.vehicle_key_id) != 16:
        size = len(declaration.vehicle_key_id)
        said.append(f"$.vehicle_key_id: {size} bytes, expected 16")
    if declaration.crew_count != 0:
        said.append(f"$.crew_count: {declaration.crew_count}, expected 0 on this corridor")
    mass_kg = declaration.gross_mass_kg
    if not 0 < mass_kg <= GROSS_MASS_KG_MAX:
        said.append(f"$.gross_mass_kg: {mass_kg} kg, expected 1 to {GROSS_MASS_KG_MAX} kg")
    return said + (_empty(declaration) if declaration.empty_running else _loaded(declaration))


def _empty(declaration: Declaration) -> list[str]:
    said = []
    if declaration.goods or declaration.cargo_mass_kg:
        said.append("$.goods: an empty run carries none")
    if not declaration.vehicle_permit_id:
        said.append("$.vehicle_permit_id: missing, expected the permit of temporary admission")
    return said


def _loaded(declaration: Declaration) -> list[str]:
    said = []
    if not declaration.goods:
        said.append("$.goods: none, expected at least one line or empty_running")
    for index, line in enumerate(declaration.goods):
        code = line.hs_code
        if not code.isdigit() or len(code) not in (4, 6, 8, 10):
            said.append(f"$.goods[{index}].hs_code: {code!r}, expected 4, 6, 8 or 10 digits")
        if line.net_mass_kg <= 0:
            said.append(
                f"$.goods[{index}].net_mass_kg: {line.net_mass_kg} kg, expected more than 0"
            )
    total_kg = sum(line.net_mass_kg for line in declaration.goods)
    if total_kg != declaration.cargo_mass_kg:
        said.append(f"$.cargo_mass_kg: {declaration.cargo_mass_kg} kg, goods sum to {total_kg} kg")
    if declaration.cargo_mass_kg >= declaration.gross_mass_kg:
        gross, cargo = declaration.gross_mass_kg, declaration.cargo_mass_kg
        said.append(f"$.gross_mass_kg: {gross} kg, expected more than the cargo's {cargo} kg")
    if not 1 <= len(declaration.seals) <= SEALS_MAX:
        said.append(f"$.seals: {len(declaration.seals)}, expected 1 to {SEALS_MAX}")
    said += [
        f"$.{party}.trader_id: missing"
        for party in ("consignor", "consignee")
        if not getattr(declaration, party).trader_id
    ]
    return said
