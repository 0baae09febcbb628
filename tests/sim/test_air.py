"""Beacons as arrays and as sealed bytes: the same run to the last digit, and no word by halves."""

from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigError
from contract.topics import BY_KIND, Consumer, Socket
from contract.v1.envelope_pb2 import STREAM_TELEMETRY
from contract.v1.movement_pb2 import Beacon
from sim.air import Envelopes
from sim.ground.rig import Rig
from sim.ground.run import play
from sim.ground.sections import GroundSection
from sim.radio import AIR_TICK, RADIO_LATE, RING, new_air, quantise, say_row, take
from sim.scenario import load, resolved
from tests.sim.runs import a_run
from vehicle.pilot import beacon
from vehicle.pilot import columns as c
from vehicle.pilot.beacon import from_message, to_message
from vehicle.pilot.columns import AGE_NEVER, Array

BYTES: Final = "network.beacons=bytes"
SINE: Final = ("platoon_sine", "time.duration=40s")
LOSS: Final = ("beacon_loss", "time.duration=70s")
# What can be said at all: columns from the sequence on, in units of the column.
WORDS: Final = st.tuples(
    st.integers(1, 10**7).map(float),
    st.floats(-0.1, 40.0),
    st.floats(-12.0, 12.0),
    st.floats(-12.0, 12.0),
    st.floats(0.0, 12.0),
    st.floats(0.0, 12.0),
    st.sampled_from([0.0, 1.0]),
    st.floats(0.0, 1.2),
)


def transcript(name: str, *settings: str) -> str:
    """Of a run on the proving ground."""
    return str(play(load(name, list(settings)), 1, None, 0.0)["transcript_sha256"])


def a_rig(trucks: int = 3, **ground: Any) -> Rig:
    """Trucks that hear each other by bytes."""
    return Rig(GroundSection(vehicles=trucks, start_mps=6.0, **ground), 0.7, 1, beacons="bytes")


def envelopes(rig: Rig) -> Envelopes:
    air = rig.fleet.air
    assert isinstance(air, Envelopes)
    return air


def words(rig: Rig) -> Array:
    """What everybody has heard, without its age."""
    return np.asarray(rig.fleet.board.heard[:, c.BEACON_SEQUENCE :].copy())


@given(WORDS)
def test_every_column_comes_out_of_its_message_as_it_is_in_the_array(word: tuple[float]) -> None:
    said = np.array([(0.0, *word)])
    air = new_air(1)
    say_row(0, said, air, 5)
    bytes_of_it = to_message("truck-01", said[0], 1).SerializeToString()
    back = from_message(Beacon.FromString(bytes_of_it))
    assert air[5, 0, AIR_TICK] == 5.0
    heard = np.full((1, c.BEACON_COLUMNS), -1.0)
    take(0, air[5, 0], 1.0, 0.05, heard)
    quantise(0, heard)
    np.testing.assert_array_equal(back[AIR_TICK + 1 :], heard[0, AIR_TICK + 1 :])
    assert not np.signbit(back[back == 0.0]).any()
    assert np.abs(back - np.maximum(said[0], [0, 0, 0, -20, -20, 0, 0, 0, 0])).max() <= 0.00051


@pytest.mark.parametrize(
    "case",
    [pytest.param(SINE, marks=pytest.mark.soak), LOSS, (*SINE, "ground.beacon_loss=0.3")],
    ids=str,
)
def test_platoon_drives_the_same_by_arrays_and_by_bytes(case: tuple[str, ...]) -> None:
    assert transcript(*case) == transcript(*case, BYTES)


@pytest.mark.soak
def test_convoy_at_the_gates_drives_the_same_by_arrays_and_by_bytes() -> None:
    by_arrays = a_run("gate_split_reform")
    by_bytes = a_run("gate_split_reform", BYTES)
    assert by_bytes.result["transcript_sha256"] == by_arrays.result["transcript_sha256"]
    air = by_bytes.world.fleet.air
    assert isinstance(air, Envelopes)
    assert air.refused == []


@pytest.mark.parametrize(
    ("case", "column"),
    [
        (LOSS, c.BEACON_U),
        (("radar_loss", "time.duration=60s"), c.BEACON_V),
        (("platoon_brake", "time.duration=40s"), c.BEACON_ALARM),
    ],
    ids=["commanded", "speed", "alarm"],
)
def test_wrong_quantum_of_one_column_makes_another_run(
    monkeypatch: pytest.MonkeyPatch, case: tuple[str, ...], column: int
) -> None:
    """A codec that is off by a hundredth is found where the scenario needs that column."""
    quantum = beacon.QUANTUM.copy()
    quantum[column] *= 1.01
    sound = transcript(*case)
    monkeypatch.setattr(beacon, "QUANTUM", quantum)
    assert transcript(*case, BYTES) != sound


def test_truck_hears_its_predecessor_as_late_as_the_link_is() -> None:
    rig = a_rig(beacon_late_ms=100).run(2.0)
    heard = rig.fleet.board.heard
    assert heard[0, c.BEACON_AGE] == AGE_NEVER
    np.testing.assert_allclose(heard[1:, c.BEACON_AGE], 0.15)
    said = rig.fleet.board.said
    np.testing.assert_array_equal(heard[1:, c.BEACON_SEQUENCE], said[:-1, c.BEACON_SEQUENCE] - 3)
    assert envelopes(rig).refused == []


def test_link_that_grows_later_says_nothing_old_a_second_time() -> None:
    rig = a_rig().run(2.0)
    before = words(rig)
    rig.fleet.radio[:, RADIO_LATE] = 4.0
    rig.run(0.2)
    np.testing.assert_array_equal(words(rig), before)
    rig.run(0.05)
    assert (words(rig)[1:, 0] > before[1:, 0]).all()
    assert envelopes(rig).refused == []


def spoil(rig: Rig, sender: int, frame: bytes | int) -> None:
    """The next beacon of a row comes through as another frame, or with one byte altered."""
    frames, slot = envelopes(rig).frames[sender], int(rig.fleet.ticks[0] - 1) % RING
    tick, raw = frames[slot]
    if isinstance(frame, int):
        altered = bytearray(raw)
        altered[frame] ^= 0x04
        frame = bytes(altered)
    frames[slot] = (tick, frame)


def test_altered_or_foreign_beacon_is_refused_and_changes_nothing() -> None:
    """Only the truck that should have heard it goes without; its word grows older, no more."""
    rig = a_rig().run(2.0)
    before, age_s = words(rig), rig.fleet.board.heard[1, c.BEACON_AGE]
    frames = envelopes(rig).frames[1][int(rig.fleet.ticks[0] - 1) % RING]
    for number, frame in enumerate((-100, frames[1]), start=1):
        spoil(rig, 0, frame)
        rig.step()
        np.testing.assert_array_equal(words(rig)[1], before[1])
        aged = rig.fleet.board.heard[1, c.BEACON_AGE]
        assert aged == pytest.approx(age_s + 0.05 * number)
    assert words(rig)[2, 0] == before[2, 0] + 2
    assert [(who, each.reason.name) for who, each in envelopes(rig).refused] == [
        ("truck-02", "BAD_SIGNATURE"),
        ("truck-02", "SENDER_MISMATCH"),
    ]
    rig.step()
    assert words(rig)[1, 0] == before[1, 0] + 3


def test_truck_without_computer_neither_speaks_nor_hears_and_is_heard_again_after() -> None:
    rig = a_rig().run(2.0)
    before = words(rig)
    rig.fleet.crash("truck-02")
    rig.run(0.5)
    assert rig.fleet.board.heard[1, c.BEACON_AGE] == AGE_NEVER
    assert words(rig)[2, 0] - before[2, 0] <= 1
    assert rig.fleet.board.heard[2, c.BEACON_AGE] > 0.4
    rig.fleet.boot("truck-02")
    rig.run(0.5)
    assert rig.fleet.board.heard[2, c.BEACON_AGE] == pytest.approx(0.05)
    assert envelopes(rig).refused == []


def test_unknown_way_to_carry_beacons_is_an_error_with_the_nearest() -> None:
    expected = "network.beacons: 'byte': expected arrays or bytes; did you mean bytes?"
    with pytest.raises(ConfigError, match=expected.replace("?", r"\?")):
        load("platoon_sine", ["network.beacons=byte"])
    assert 'beacons = "bytes"' in resolved(load("platoon_sine", [BYTES]))


def test_table_says_of_the_beacon_what_the_radio_does() -> None:
    topic = BY_KIND[Beacon]
    assert (topic.consumer, topic.stream, topic.socket) == (
        Consumer.PILOT,
        STREAM_TELEMETRY,
        Socket.BROADCAST,
    )
    assert topic.signed


@pytest.mark.parametrize(("brake_mps2", "alarm"), [(1.0, 0.0), (2.0, 1.0)])
def test_leader_under_a_profile_raises_the_alarm_beyond_its_service_brake(
    brake_mps2: float, alarm: float
) -> None:
    """As any truck does; a swing or a soft stop is none."""
    profile = np.array([(0.0, 10.0), (2.0, 10.0), (2.0 + 10.0 / brake_mps2, 0.0), (20.0, 0.0)])
    for beacons in ("arrays", "bytes"):
        rig = Rig(GroundSection(vehicles=2), 0.7, 1, profile, beacons=beacons).run(4.0)
        assert rig.fleet.board.heard[1, c.BEACON_ALARM] == alarm
