"""Who runs what: every station, bay and detector of an installed map has one gate, its own."""

import pytest

from contract.map import CorridorMap
from contract.sites import sites, station_gates
from tests.factories import the_map

MAPS = ("smoke", "bakhty_pokitu")


@pytest.fixture(params=MAPS)
def corridor(request: pytest.FixtureRequest) -> CorridorMap:
    return the_map(request.param)


def test_every_gate_has_a_site(corridor: CorridorMap) -> None:
    found = sites(corridor)
    assert set(found) == set(corridor.gates)
    assert all(site.gate == name for name, site in found.items())


def test_every_detector_has_one_gate(corridor: CorridorMap) -> None:
    """A counter that two gates report would be counted twice, and one that none reports never."""
    owned = [each for site in sites(corridor).values() for each in site.detectors]
    assert sorted(owned) == sorted(corridor.detectors)


def test_every_station_and_bay_is_run_by_a_gate_of_its_country_and_direction(
    corridor: CorridorMap,
) -> None:
    owners = station_gates(corridor)
    assert set(owners) == {*corridor.stations, *corridor.bays}
    for name, gate in owners.items():
        place = corridor.stations.get(name) or corridor.bays[name]
        owner = corridor.gates[gate]
        assert (place.country, place.direction) == (owner.country, owner.direction)


def test_detectors_of_a_cell_are_its_own_gates(corridor: CorridorMap) -> None:
    """The gate counts in and out of its cell with what is wired to its own cabinet."""
    found = sites(corridor)
    for gate in corridor.gates.values():
        around = {
            d.id for d in corridor.detectors.values() if gate.zone in (d.zone_before, d.zone_after)
        }
        assert around
        assert around <= set(found[gate.id].detectors)


def test_detectors_before_the_line_are_the_exit_gates_and_behind_it_the_entry_gates(
    corridor: CorridorMap,
) -> None:
    for name, site in sites(corridor).items():
        gate = corridor.gates[name]
        countries = {
            corridor.lanes[corridor.detectors[each].lane].country for each in site.detectors
        }
        assert countries <= {gate.country, None}
