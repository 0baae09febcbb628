"""Each checker is shown a world with the defect it is there for, and finds it.

The intact run has none. The defective run has the planted invariant's violations; others may follow
from it, as a truck without brakes also meets barriers. Exit codes: safety before deadlock before
expectations.
"""

from typing import Any, Final

import pytest

import contract.release
import corridor.crossings
import corridor.customs
import corridor.dispatch
import corridor.diversion
from contract.agent import Effect, Persist, Received, Refused, Report, Send
from contract.events import Event
from contract.reasons import Reason
from contract.release import Cleared
from contract.signing import open_document, seal_document
from contract.v1.customs_pb2 import CrossingNotice, DecisionNotice, Release, Revocation
from contract.v1.movement_pb2 import BerthReport, MovementAuthority
from corridor.interlocking import Claim, Interlocking
from gate.orders import OpenBarrier
from sim.build import SUPERVISOR
from sim.checkers import INVARIANTS
from sim.outcome import EXIT_EXPECTATION, EXIT_OK, EXIT_STUCK, EXIT_UNSAFE, exit_code
from sim.plant_params import P_BRAKE_EMERGENCY_MPS2, P_BRAKE_SERVICE_MPS2
from sim.run import Finished, RunOptions, run
from sim.scenario import load
from sim.world import World
from tests.sim.runs import Prepare, a_run, both, violations
from tests.sim.tamper import rebuilt, tamper

NS_PER_S: Final = 1_000_000_000
CONVOY: Final = ("fleet.kz=3", "fleet.cn=0", "fleet.convoy=3", "time.crossings=3")


def defective(prepare: Prepare, *settings: str) -> Finished:
    return a_run("smoke", *settings, prepare=prepare)


def found(invariant: str, finished: Finished) -> bool:
    """The defect is found, and the run is worth nothing."""
    assert finished.crash == ""
    assert finished.result["exit_code"] == EXIT_UNSAFE
    return violations(finished).get(invariant, 0) > 0


# --- nothing to find ---


@pytest.mark.parametrize("settings", [(), CONVOY], ids=["opposed", "convoy"])
def test_intact_run_breaks_nothing(settings: tuple[str, ...]) -> None:
    finished = a_run("smoke", *settings, "time.duration='6min'")
    assert finished.result["safety"] == dict.fromkeys(INVARIANTS, 0)
    assert finished.world.checkers.violations == []


# --- I1, I2: a plant that ignores its brakes ---


def without_brakes(vehicle: str) -> Prepare:
    def prepare(world: World) -> None:
        row = world.fleet.row[vehicle]
        world.fleet.params[row, [P_BRAKE_SERVICE_MPS2, P_BRAKE_EMERGENCY_MPS2]] = 0.02

    return prepare


def test_truck_without_brakes_is_seen_beyond_its_end_of_authority() -> None:
    """I2."""
    finished = defective(without_brakes("truck-01"))
    assert found("I2", finished)
    assert finished.world.checkers.violations[0].invariant == "I2"


def test_answer_to_an_older_authority_that_comes_late_moves_no_limit() -> None:
    """I2: trucks say again after a silence what they said before it."""

    def prepare(world: World) -> None:
        hold = world.checkers.accepted
        taken: list[MovementAuthority] = []

        def accepted(vehicle: str, authority: MovementAuthority) -> None:
            hold(vehicle, authority)
            if vehicle == "truck-01":
                taken.append(authority)
                hold(vehicle, taken[0])

        world.checkers.accepted = accepted  # type: ignore[method-assign]

    assert not violations(a_run("smoke", prepare=prepare))


def test_truck_without_brakes_that_meets_its_predecessor_is_seen() -> None:
    """I1."""
    finished = defective(without_brakes("truck-03"), *CONVOY)
    assert found("I1", finished)
    assert "truck-03" in next(
        v.detail for v in finished.world.checkers.violations if v.invariant == "I1"
    )


# --- I5: barriers ---


def test_arm_that_rises_unasked_is_seen() -> None:
    """I5."""

    def prepare(world: World) -> None:
        cabinet = world.cabinets["kz_out"]
        world.engine.at(10 * NS_PER_S, cabinet.carry_out, OpenBarrier("nobody's"))

    assert found("I5", defective(prepare))


def test_gate_that_opens_without_writing_the_permit_down_is_seen() -> None:
    """I5: consumed before the barrier moves."""

    def does(effect: Effect) -> bool:
        return not (isinstance(effect, Persist) and effect.key.startswith("permit/"))

    assert found("I5", defective(tamper("kz_out", does=does)))


def test_arm_that_falls_before_a_truck_that_was_let_go_is_seen() -> None:
    """I5: it drives into it. So late that the gate, which calls it back, does so in vain."""

    def prepare(world: World) -> None:
        arm = world.cabinets["kz_out"].arm

        def consumed(t_ns: int, node: str, report: Report) -> None:
            say(t_ns, node, report)
            if report.event is Event.PERMIT_ACCEPTED and report.fields["gate"] == "kz_out":
                world.engine.after(5 * NS_PER_S // 2, arm.close)

        say, world.say = world.say, consumed

    assert found("I5", defective(prepare))


# --- I7: releases ---


def never_releases(office: str) -> Prepare:
    """An office that decides and does not tell."""

    def does(effect: Effect) -> bool:
        return not (isinstance(effect, Send) and isinstance(effect.message, DecisionNotice))

    return tamper(office, does=does)


def says_yes(documents: Any, release_keys: Any, *others: Any, **more: Any) -> Cleared | Refused:
    """A judge that takes the one release it sees for both."""
    keys = {key: value for office in release_keys.values() for key, value in office.items()}
    seen = [open_document(document, Release, keys) for document in documents]
    releases = [each for each in seen if isinstance(each, Release)]
    if not releases:
        return Refused(Reason.RELEASE_MISSING_KZ)
    return Cleared(releases[0], releases[0])


def test_truck_that_enters_the_neutral_zone_with_one_release_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I7: supervisor, gate and guard all say yes to everything, and one office never released."""
    monkeypatch.setattr(contract.release, "judge", says_yes)
    for module in (corridor.customs, corridor.diversion, corridor.dispatch, corridor.crossings):
        monkeypatch.setattr(module, "clearance_missing", lambda crossing, **_: None)
    finished = defective(never_releases("office-cn"))
    assert found("I7", finished)
    assert "CN" in finished.world.checkers.violations[0].detail


def test_judge_that_says_yes_alone_lets_nobody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other two still say no: the supervisor gives no road past the gate."""
    monkeypatch.setattr(contract.release, "judge", says_yes)
    finished = defective(never_releases("office-cn"))
    assert violations(finished) == {}
    assert finished.result["traffic"]["loaded_crossings"] == 0


def test_decision_heard_again_neither_voids_the_new_release_nor_revives_the_old() -> None:
    """I7: on a network that repeats, a revocation comes after the release that followed it."""

    def repeat(world: World) -> None:
        signer = world.cast.release_signers["KZ"]
        old, new = (Release(release_id=f"KZ-{n}") for n in (1, 2))
        old.subject.crossing_id = new.subject.crossing_id = "KZ-9"
        taken_back = Revocation(crossing_id="KZ-9", release_id="KZ-1")
        for decision in (old, taken_back, new, taken_back, old):
            world.checkers.decided(seal_document(signer, decision))

    finished = a_run("smoke", "time.duration='1s'", "expect=[]", prepare=repeat)
    assert finished.world.checkers.released("KZ-9") == {"KZ": "KZ-2"}


# --- I9: the one-lane section ---


def test_interlocking_without_the_one_lane_rule_is_seen() -> None:
    """I9: it gives every zone to everybody."""

    class GivesAll(Interlocking):
        def judge(self, zone: str, claim: Claim) -> None:
            return None

    def change(agent: Any) -> None:
        agent.state.zones = GivesAll(agent.state.zones.rules)

    assert found("I9", defective(rebuilt(SUPERVISOR, change)))


# --- I11: custody ---


@pytest.mark.parametrize("number", [1, 3, 5])
def test_ledger_that_leaves_out_a_link_is_seen(number: int) -> None:
    """I11: no gap, wherever it is."""

    def does(effect: Effect) -> bool:
        return not (isinstance(effect, Persist) and effect.key == f"ledger/{number:012d}")

    assert found("I11", defective(tamper(SUPERVISOR, does=does)))


def test_supervisor_that_forgets_its_chain_in_a_crash_forks_it_and_is_seen() -> None:
    """I11: no fork."""

    def change(agent: Any) -> None:
        agent._crossings.ledger.restore = lambda now, state: None

    fault = 'fault=[{at="50s", kind="crash", target="supervisor", lasts="2s"}]'
    assert found("I11", defective(rebuilt(SUPERVISOR, change), fault))


# --- L1: every crossing has an end or a reason ---


def test_supervisor_that_forgets_a_crossing_and_says_nothing_is_seen() -> None:
    """L1."""

    def hears(received: Received) -> bool:
        message = received.message
        if isinstance(message, CrossingNotice | BerthReport):
            return not message.crossing_id.startswith("KZ")
        return True

    def does(effect: Effect) -> bool:
        silent = (Event.VEHICLE_WAITS, Event.CROSSING_WITHHELD)
        return not (isinstance(effect, Report) and effect.event in silent)

    finished = defective(tamper(SUPERVISOR, hears=hears, does=does))
    assert found("L1", finished)
    assert "KZ-00001" in finished.world.checkers.violations[-1].detail


# --- exit codes ---


def crash_of(name: str) -> Prepare:
    """A program that cannot bear the first message after ten seconds."""

    def prepare(world: World) -> None:
        def hears(received: Received) -> bool:
            if world.engine.now_ns > 10 * NS_PER_S:
                raise ValueError("a planted fault")
            return True

        tamper(name, hears=hears)(world)

    return prepare


@pytest.mark.parametrize("name", ["truck-01", "kz_out", "office-kz", SUPERVISOR])
def test_crash_of_an_agent_ends_the_run_with_exit_code_3_and_a_folder(
    name: str, tmp_path: Any
) -> None:
    """Design section 10."""
    options = RunOptions(folder=tmp_path, prepare=crash_of(name))
    finished = run(load("smoke", []), options)
    assert finished.result["exit_code"] == EXIT_UNSAFE
    assert "a planted fault" in (tmp_path / "crash.txt").read_text()
    assert (tmp_path / "result.json").exists()


def test_node_that_a_fault_kills_is_no_crash_of_an_agent() -> None:
    fault = 'fault=[{at="10s", kind="crash", target="truck-01"}]'
    finished = a_run("smoke", fault, "expect=[]", "time.crossings=0")
    assert finished.crash == ""
    assert finished.result["exit_code"] == EXIT_OK


def deadlock(world: World) -> None:
    """Each truck holds the gate cell that only the other one can pass."""

    def hold() -> None:
        node = world.hosts[SUPERVISOR].node
        assert node is not None
        agent: Any = node.agent
        zones = agent.state.zones
        zones.allocate("kz_out_cell", Claim("truck-02", "convoy-2", "W", 0))
        zones.allocate("cn_out_cell", Claim("truck-01", "convoy-1", "E", 0))

    world.engine.at(NS_PER_S, hold)


def test_trucks_that_wait_for_each_other_end_the_run_with_exit_code_4() -> None:
    """Design section 10."""
    finished = a_run("smoke", prepare=deadlock)
    assert violations(finished) == {}
    assert sorted(finished.cycle) == ["truck-01", "truck-02"]
    assert finished.result["exit_code"] == EXIT_STUCK


def test_safety_goes_before_deadlock() -> None:
    def prepare(world: World) -> None:
        cabinet = world.cabinets["kz_in"]
        world.engine.at(2 * NS_PER_S, cabinet.carry_out, OpenBarrier("nobody's"))

    finished = a_run("smoke", prepare=both(deadlock, prepare))
    assert finished.cycle
    assert finished.result["exit_code"] == EXIT_UNSAFE


@pytest.mark.parametrize(
    ("broken", "crashed", "stuck", "passed", "code"),
    [
        (0, False, False, True, EXIT_OK),
        (0, False, False, False, EXIT_EXPECTATION),
        (0, False, True, True, EXIT_STUCK),
        (0, False, True, False, EXIT_STUCK),
        (0, True, True, True, EXIT_UNSAFE),
        (1, False, True, False, EXIT_UNSAFE),
    ],
)
def test_exit_codes_have_their_precedence(
    broken: int, crashed: bool, stuck: bool, passed: bool, code: int
) -> None:
    """3, 4, 1."""
    result = {"safety": {"I1": broken}, "expectations": [{"passed": passed}]}
    assert exit_code(result, crashed=crashed, stuck=stuck) == code


def test_answer_that_is_said_again_does_not_take_the_end_back() -> None:
    """I2: on a network that loses it an older answer comes after a newer one."""
    checkers = a_run("smoke", "time.duration='5s'", "expect=[]").world.checkers
    for mission, number, newest in (("m", 2, 2), ("m", 1, 2), ("m", 3, 3), ("n", 1, 1)):
        checkers.accepted("truck-01", MovementAuthority(mission_id=mission, number=number))
        assert checkers._in_force["truck-01"].number == newest
