"""What the map says of a zone, as the interlocking reads it. (vital)"""

from corridor.interlocking import rules_of
from tests.factories import the_map


def test_rules_come_from_the_map() -> None:
    """Lanes and boundary are shared; a zone before a counter is wired."""
    corridor = the_map()
    rules = rules_of(corridor)
    assert set(rules) == set(corridor.zones)
    for gate in corridor.gates.values():
        assert not rules[gate.zone].shared
        assert rules[gate.zone].wired
    assert all(not rules[berth.zone].shared for berth in corridor.berths.values())
    assert {z for z, rule in rules.items() if rule.one_lane} == {
        z.id for z in corridor.zones.values() if z.one_lane
    }
    for zone in corridor.zones.values():
        rule, limits = rules[zone.id], (zone.vehicles_max, zone.mass_max_kg, zone.axle_max_kg)
        assert (rule.vehicles_max, rule.mass_max_kg, rule.axle_max_kg) == limits


def test_bridge_bears_so_much_an_axle() -> None:
    rules = rules_of(the_map("bridge"))
    assert {zone: rule.axle_max_kg for zone, rule in rules.items() if rule.axle_max_kg} == {
        "bridge": 12_000
    }
