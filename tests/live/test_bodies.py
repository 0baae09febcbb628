"""Bodies of truck, gate and office on a hardware link: when one side is silent, or new."""

from dataclasses import fields
from typing import Any, Final, cast

import numpy as np
import pytest

from contract.agent import NS_PER_MS, NS_PER_S, Now
from contract.v1.body_pb2 import (
    ARM_STATE_CLOSED,
    DESK_RULING_RELEASE,
    ActuatorCommand,
    CabinetCommand,
    CabinetFrame,
    DeskCommand,
    DeskFrame,
    SensorFrame,
    ServiceOutcome,
)
from gate.cli.cabinet import GateCabinet
from gate.cli.desk import OfficeDesks
from gate.office.orders import AskDesk
from gate.orders import Barrier, CloseBarrier, OpenBarrier, StartService
from live.body import BodyLink
from vehicle.cli.body import TruckBody
from vehicle.orders import Charge
from vehicle.pilot import columns as c

LIFE: Final = b"life"


class FakeLink:
    """A hardware link whose far end is this test."""

    def __init__(self) -> None:
        self.socket = None
        self.sent: list[bytes] = []
        self.coming: list[bytes] = []

    def send(self, raw: bytes) -> bool:
        self.sent.append(raw)
        return True

    def receive(self) -> list[bytes]:
        coming, self.coming = self.coming, []
        return coming

    def close(self) -> None:
        return None


def at(mono_ms: int) -> Now:
    return Now(mono_ms * NS_PER_MS, 0)


def as_link(link: FakeLink) -> BodyLink:
    return cast("BodyLink", link)


# --- the truck ---


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


def a_truck(link: FakeLink) -> TruckBody:
    truck = np.ones((1, c.TRUCK_COLUMNS))
    return TruckBody(as_link(link), truck, LIFE)


def a_frame(sequence: int, sampled_ms: int, **fields: Any) -> bytes:
    given = {"boot": b"b", "sequence": sequence, "sampled_mono_ns": sampled_ms * NS_PER_MS}
    return SensorFrame(**{**given, **fields}).SerializeToString()


def last_command(link: FakeLink) -> ActuatorCommand:
    return ActuatorCommand.FromString(link.sent[-1])


def test_truck_without_a_frame_knows_nothing_and_stays_parked(link: FakeLink) -> None:
    body = a_truck(link)
    assert not body.changed(at(0))
    assert not body.reading(at(0)).known
    body.step(at(0))
    assert last_command(link).park


def a_standing_truck(link: FakeLink, body: TruckBody, frames: int) -> None:
    """So many frames of a truck that stands at x = 3 m, and a turn for each."""
    for number in range(1, frames + 1):
        fix = {"fix": 4, "fix_new": number % 2 == 0, "radar_alive": True, "trailer_coupled": True}
        link.coming = [a_frame(number, 50 * number, x_m=3.0, **fix)]
        body.changed(at(50 * number))
        body.step(at(50 * number))


def test_first_frame_wakes_the_agent_before_it_knows_where_it_is(link: FakeLink) -> None:
    body = a_truck(link)
    link.coming = [a_frame(1, 0, x_m=3.0)]
    assert body.changed(at(1))
    assert not body.reading(at(1)).known
    link.coming = [a_frame(2, 50, x_m=3.0)]
    assert not body.changed(at(51))


def test_truck_that_has_found_its_place_wakes_the_agent(link: FakeLink) -> None:
    body = a_truck(link)
    a_standing_truck(link, body, 40)
    assert body.changed(at(2_001))
    reading = body.reading(at(2_001))
    assert reading.known
    assert reading.milestones & c.MILE_PLACED
    assert reading.x_m == pytest.approx(3.0, abs=1e-6)


def test_battery_reaches_the_agent_and_its_word_the_charger(link: FakeLink) -> None:
    """VEH-023."""
    body = a_truck(link)
    link.coming = [a_frame(1, 0, x_m=3.0)]
    body.changed(at(0))
    assert body.reading(at(0)).charge_wh is None
    link.coming = [a_frame(2, 50, x_m=3.0, charge_wh=41_000, plugged=True, air_tenths_c=-251)]
    body.changed(at(50))
    reading = body.reading(at(50))
    assert (reading.charge_wh, reading.plugged, reading.air_c) == (41_000, True, -25.1)
    for on in (True, False):
        body.carry_out(at(60), Charge(on))
        body.step(at(60))
        assert last_command(link).charge is on


def test_frame_older_than_the_newest_is_nothing(link: FakeLink) -> None:
    body = a_truck(link)
    a_standing_truck(link, body, 40)
    link.coming = [a_frame(7, 350, x_m=99.0, fix=4, fix_new=True)]
    body.changed(at(2_010))
    body.step(at(2_050))
    assert body.reading(at(2_050)).x_m == pytest.approx(3.0, abs=1e-6)


def test_truck_with_old_sensor_data_brakes(link: FakeLink) -> None:
    body = a_truck(link)
    link.coming = [a_frame(1, 0, speed_mps=5.0)]
    body.changed(at(0))
    body.step(at(201))
    command = last_command(link)
    assert command.accel_mps2 == -1.0
    assert not command.park
    assert command.life == LIFE


@pytest.mark.parametrize("raw", [b"", b"\xff\xff", a_frame(1, 0, x_m=float("nan"))])
def test_truck_refuses_a_malformed_frame(raw: bytes, link: FakeLink) -> None:
    body = a_truck(link)
    link.coming = [raw]
    assert not body.changed(at(0))
    assert not body.reading(at(0)).known


# --- the gate ---


def a_word(sequence: int, sampled_ms: int, **fields: Any) -> CabinetFrame:
    return CabinetFrame(
        boot=b"b",
        sequence=sequence,
        sampled_mono_ns=sampled_ms * NS_PER_MS,
        arm=ARM_STATE_CLOSED,
        cell_vehicles=0,
        **fields,
    )


def orders(link: FakeLink) -> list[tuple[int, str | None]]:
    found = [CabinetCommand.FromString(raw) for raw in link.sent]
    link.sent.clear()
    return [(each.sequence, each.WhichOneof("order")) for each in found]


def test_outcome_of_a_station_comes_from_the_cabinet_with_all_that_it_says(link: FakeLink) -> None:
    """GATE-012, GATE-017: a delay among it; a field that is forgotten would be read as nothing."""
    told = ServiceOutcome(
        number=1,
        station_id="kz_xray_e",
        vehicle_id="truck-01",
        clear=True,
        failed=True,
        reason="R",
        mass_kg=36_000,
        seals=["S-1"],
        aborted=True,
        scanned=True,
        container_id="C",
        sampled=True,
        crossing_id="KZ-1",
        delayed_s=540,
    )
    assert {field.name for field, _ in told.ListFields()} == set(told.DESCRIPTOR.fields_by_name)
    body = GateCabinet(as_link(link), LIFE)
    link.coming = [a_word(1, 0, outcomes=[told]).SerializeToString()]
    assert body.changed(at(0))
    (outcome,) = body.reading(at(0)).outcomes
    assert {field.name for field in fields(outcome)} == set(told.DESCRIPTOR.fields_by_name) - {
        "number"
    }
    for field in fields(outcome):
        said = getattr(told, field.name)
        assert getattr(outcome, field.name) == (tuple(said) if field.name == "seals" else said)


def test_silent_cabinet_makes_presence_unknown(link: FakeLink) -> None:
    body = GateCabinet(as_link(link), LIFE)
    assert not body.reading(at(0)).known
    link.coming = [a_word(1, 0).SerializeToString()]
    assert body.changed(at(0))
    assert body.reading(at(0)).barrier is Barrier.CLOSED
    assert not body.changed(at(3_000))
    assert body.changed(at(3_001))
    silent = body.reading(at(3_001))
    assert (silent.known, silent.barrier, silent.cell_vehicles) == (True, Barrier.FAULT, None)


def test_containers_read_at_the_line_come_from_the_frame_and_none_is_none(link: FakeLink) -> None:
    """GATE-015: hardware that says nothing of containers is taken as reading none."""
    body = GateCabinet(as_link(link), LIFE)
    word = a_word(1, 0, plate="truck-01", containers=["CSQU3054383", "ZZZU0000005"])
    link.coming = [word.SerializeToString()]
    body.changed(at(0))
    assert body.reading(at(0)).containers == ("CSQU3054383", "ZZZU0000005")
    link.coming = [a_word(2, 10, plate="truck-01").SerializeToString()]
    body.changed(at(10))
    assert body.reading(at(10)).containers == ()


def test_order_to_open_is_repeated_while_fresh_and_a_service_until_it_is_taken(
    link: FakeLink,
) -> None:
    body = GateCabinet(as_link(link), LIFE)
    body.carry_out(at(0), StartService("weigh", "truck-01", "KZ-1", ("weighbridge",)))
    body.carry_out(at(0), OpenBarrier("P-1"))
    assert orders(link) == [(1, "start_station"), (2, "open_arm")]
    body.step(at(1_000))
    assert orders(link) == [(1, "start_station"), (2, "open_arm"), (2, None)]
    body.carry_out(at(1_500), CloseBarrier())
    body.step(at(2_000))
    assert orders(link) == [(3, "close_arm"), (1, "start_station"), (3, "close_arm"), (3, None)]
    link.coming = [a_word(1, 2_100, life=LIFE, command_taken=1).SerializeToString()]
    body.changed(at(2_100))
    body.step(at(4_000))
    assert orders(link) == [(3, None)]


def test_outcome_is_told_once_and_confirmed_after_the_commit(link: FakeLink) -> None:
    body = GateCabinet(as_link(link), LIFE)
    word = a_word(1, 0)
    word.outcomes.add(number=1, station_id="weigh", vehicle_id="truck-01", clear=True)
    link.coming = [word.SerializeToString()]
    body.changed(at(0))
    assert [each.vehicle_id for each in body.reading(at(0)).outcomes] == ["truck-01"]
    body.carry_out(at(0), CloseBarrier())  # in the same turn, before its commit
    assert CabinetCommand.FromString(link.sent[-1]).outcomes_taken == 0
    body.step(at(10))
    assert CabinetCommand.FromString(link.sent[-1]).outcomes_taken == 1
    word.sequence = 2
    link.coming = [word.SerializeToString()]
    body.changed(at(20))
    assert body.reading(at(20)).outcomes == ()


# --- the office ---


def test_desk_is_asked_until_it_has_taken_the_question(link: FakeLink) -> None:
    body = OfficeDesks(as_link(link), LIFE)
    body.carry_out(at(0), AskDesk("KZ-1", "documents"))
    body.step(Now(NS_PER_S, 0))
    said = [DeskCommand.FromString(raw).crossing_id for raw in link.sent]
    assert said == ["KZ-1", "KZ-1", ""]
    frame = DeskFrame(boot=b"b", sequence=1, life=LIFE, command_taken=1)
    frame.results.add(
        number=1, crossing_id="KZ-1", ruling=DESK_RULING_RELEASE, officer_id="officer"
    )
    frame.results.add(number=2, crossing_id="KZ-2", officer_id="officer")  # no ruling, no outcome
    link.coming = [frame.SerializeToString()]
    assert body.changed(at(10))
    assert [each.crossing_id for each in body.reading(at(10)).outcomes] == ["KZ-1"]
    assert not body.changed(at(20))
    link.sent.clear()
    body.step(at(30))
    command = DeskCommand.FromString(link.sent[-1])
    assert (len(link.sent), command.results_taken) == (1, 2)
