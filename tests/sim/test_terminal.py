"""A terminal's papers: in order, as the scenario's shares say, and moving nothing else."""

import random
from collections import Counter
from typing import Any, Final

import pytest

from contract.events import Event
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_QUOTA,
    CERTIFICATE_KIND_VETERINARY,
    DecisionNotice,
    Declaration,
    DeclarationSubmitted,
    Release,
)
from contract.v1.envelope_pb2 import Envelope, Frame
from gate.office.declaration import faults
from sim.load_arrivals import Arrivals
from sim.terminal_papers import Flow, Papers, amend
from sim.world import World
from tests.factories import START_UTC_MS, a_roster
from tests.sim.runs import NS_PER_S, UNRELIABLE, Log, a_run, both, broken

ALL: Final = {"aeo": 1.0, "container": 1.0, "transit": 1.0, "batch": 3}


def a_flow(hs_code: str = "1206", **changes: Any) -> Flow:
    return Flow("goods", hs_code, 20.0, 0.0, 1.0, Arrivals(0.0), **changes)


def some_papers(country: str = "KZ", seed: int = 1) -> Papers:
    return Papers(country, a_roster(), random.Random(seed))


def some_loads(count: int, flow: Flow, papers: Papers | None = None) -> list[Declaration]:
    pen = papers or some_papers()
    return [
        pen.loaded(
            "truck-01", f"{pen.country}-{n:05d}", flow, payload_kg=20_000, utc_ms=START_UTC_MS
        )
        for n in range(1, count + 1)
    ]


# --- what is written ---


@pytest.mark.parametrize("country", ["KZ", "CN"])
@pytest.mark.parametrize("changes", [{}, ALL, {"certificate_missing": 1.0}])
@pytest.mark.parametrize("hs_code", ["0202", "0703", "1001", "1206", "1512", "2306"])
def test_whatever_a_terminal_files_is_in_order(
    country: str, changes: dict[str, Any], hs_code: str
) -> None:
    """Faulty papers lack what an office wants; they are never malformed."""
    loads = some_loads(20, a_flow(hs_code, **changes), some_papers(country))
    for load in (*loads, *(amend(each, what) for each in loads for what in ("seal", "mass"))):
        assert faults(load) == []
    assert faults(some_papers(country).empty("truck-01", f"{country}-00001")) == []


@pytest.mark.parametrize(
    ("hs_code", "kinds"),
    [
        ("0202", [CERTIFICATE_KIND_VETERINARY]),
        ("0703", [CERTIFICATE_KIND_PHYTOSANITARY]),
        ("1001", [CERTIFICATE_KIND_PHYTOSANITARY, CERTIFICATE_KIND_QUOTA]),
        ("1299", [CERTIFICATE_KIND_PHYTOSANITARY]),
        ("2306", [CERTIFICATE_KIND_PHYTOSANITARY]),
        ("1512", []),
        ("0401", []),
    ],
)
def test_goods_travel_with_the_certificates_that_they_need(hs_code: str, kinds: list[int]) -> None:
    (load,) = some_loads(1, a_flow(hs_code))
    assert [each.kind for each in load.certificates] == kinds
    for each in load.certificates:
        assert each.valid_from_utc_ms < START_UTC_MS < each.valid_until_utc_ms
    (faulty,) = some_loads(1, a_flow(hs_code, certificate_missing=1.0))
    assert [each.kind for each in faulty.certificates] == kinds[1:]


def test_shares_come_out_as_they_were_asked_for() -> None:
    flow = a_flow(aeo=0.3, container=0.5, transit=0.1, certificate_missing=0.2, amended=0.4)
    pen = some_papers()
    count = 2_000
    seen: Counter[str] = Counter()
    for load in some_loads(count, flow, pen):
        seen["aeo"] += load.consignor.authorised_economic_operator
        seen["container"] += load.container_id != ""
        seen["transit"] += load.HasField("transit")
        seen["certificate_missing"] += not load.certificates
        seen["amended"] += pen.amendment(flow) != ""
    for name in ("aeo", "container", "transit", "certificate_missing", "amended"):
        assert seen[name] / count == pytest.approx(getattr(flow, name), abs=0.04), name


def test_whether_a_trader_is_authorised_belongs_to_the_trader() -> None:
    known: dict[str, set[bool]] = {}
    for load in some_loads(300, a_flow(aeo=0.5)):
        for trader in (load.consignor, load.consignee, load.carrier):
            known.setdefault(trader.trader_id, set()).add(trader.authorised_economic_operator)
    assert len(known) > 8
    assert all(len(said) == 1 for said in known.values())


def test_trucks_of_one_waybill_have_one_batch_number() -> None:
    flow = a_flow(batch=3)
    pen = some_papers()
    loads = some_loads(7, flow, pen)
    numbers = [load.batch_number for load in loads]
    assert [numbers.count(each) for each in dict.fromkeys(numbers)] == [3, 3, 1]
    assert {load.batch_size for load in loads} == {3}
    assert pen.wants_more(flow)
    assert not some_loads(1, a_flow())[0].batch_number


def test_one_share_moves_no_other_draw() -> None:
    """Style guide, pitfall 8: a new draw must not give every seed another meaning."""
    plain = some_loads(50, a_flow(container=0.5, aeo=0.5))
    more = some_loads(50, a_flow(container=0.5, aeo=0.5, transit=0.7, certificate_missing=0.5))
    assert [each.container_id for each in plain] == [each.container_id for each in more]
    assert [each.consignor for each in plain] == [each.consignor for each in more]


@pytest.mark.parametrize("what", ["seal", "mass"])
def test_amendment_is_the_next_version_with_one_thing_changed(what: str) -> None:
    (load,) = some_loads(1, a_flow())
    amended = amend(load, what)
    assert (load.version, amended.version) == (1, 2)
    assert (amended.seals != load.seals) == (what == "seal")
    assert (amended.gross_mass_kg != load.gross_mass_kg) == (what == "mass")


# --- in a run ---


class Post:
    """Declarations filed and releases signed in a run, as they went over the network."""

    def __init__(self) -> None:
        self.filed: list[tuple[float, Declaration]] = []
        self.released: dict[str, Release] = {}

    def prepare(self, world: World) -> None:
        def tap(sender: str, to: str, raw: bytes) -> None:
            body = Envelope.FromString(Frame.FromString(raw).envelope)
            if body.payload_type.endswith("DeclarationSubmitted") and sender.startswith("terminal"):
                document = DeclarationSubmitted.FromString(body.payload).declaration
                paper = Declaration.FromString(document.payload)
                self.filed.append((world.engine.now_ns / NS_PER_S, paper))
            elif body.payload_type.endswith("DecisionNotice"):
                decision = DecisionNotice.FromString(body.payload).decision
                for keys in world.cast.roster.release_keys.values():
                    release = open_document(decision, Release, keys)
                    if isinstance(release, Release):
                        self.released[release.release_id] = release

        world.network.taps.append(tap)


AMENDED: Final = ("flow.0.amended=1.0", "flow.1.amended=1.0", "time.duration='8min'")


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_amendment_before_departure_voids_the_releases_and_gets_new_ones(
    network: tuple[str, ...], seed: int
) -> None:
    """OFF-003, I7: both old releases are void, both new ones are there, and only then it goes."""
    log, post = Log(), Post()
    finished = a_run(
        "smoke", *AMENDED, *network, seed=seed, prepare=both(log.prepare, post.prepare)
    )
    assert not broken(finished).strip()
    assert finished.result["verdict"] == "passed"
    for crossing in ("KZ-00001", "CN-00001"):
        first, second = (f"{crossing}-1", f"{crossing}-2")
        revoked = [e["release"] for e in log.of(Event.RELEASE_REVOKED) if e["crossing"] == crossing]
        assert sorted(revoked) == [f"CN-{first}", f"KZ-{first}"]
        amended = {paper.version: paper for _, paper in post.filed if paper.crossing_id == crossing}
        assert sorted(amended) == [1, 2]
        for office in ("KZ", "CN"):
            old, new = (post.released[f"{office}-{each}"] for each in (first, second))
            assert old.subject.declaration_sha256 != new.subject.declaration_sha256
            assert list(new.subject.seals) == list(amended[2].seals)
        order = [
            (report.event.name, node)
            for _, node, report in log.said
            if report.fields.get("crossing") == crossing
        ]
        left = order.index(("MISSION_ACCEPTED", amended[2].vehicle_id))
        for office in ("office-kz", "office-cn"):
            revocation = order.index(("RELEASE_REVOKED", office))
            releases = [k for k, each in enumerate(order) if each == ("CROSSING_RELEASED", office)]
            assert releases[0] < revocation < releases[1] < left


def test_papers_of_a_run_move_neither_loads_nor_times() -> None:
    """The stream of papers is a terminal's own: what was drawn before is drawn still."""

    def story(*settings: str) -> list[tuple[float, int, int]]:
        post = Post()
        a_run(
            "first_crossings", "time.duration='10min'", "expect=[]", *settings, prepare=post.prepare
        )
        return [
            (at_s, paper.gross_mass_kg, paper.consignment_reference != "")
            for at_s, paper in post.filed
        ]

    shares = ("aeo=0.5", "container=0.5", "transit=0.3", "certificate_missing=0.3")
    assert story(*(f"flow.{k}.{share}" for k in range(5) for share in shares)) == story()


@pytest.mark.parametrize("terminal", ["terminal-kz", "terminal-cn"])
def test_terminal_that_dies_takes_up_where_it_was_and_files_nothing_twice(terminal: str) -> None:
    """Numbers go on, trucks at its berths are loaded on, and everybody crosses."""
    log = Log()
    fault = f"fault=[{{kind='crash', target='{terminal}', at='60s', lasts='5s'}}]"
    finished = a_run("fault_seeds", fault, "progress.after='300s'", prepare=log.prepare)
    assert broken(finished).strip() == ""
    filed = [
        (row["declaration"], row["version"]) for row in log.of(Event.DECLARATION_FILED, terminal)
    ]
    assert len(filed) == len(set(filed))
    numbers = [name for name, version in filed if version == 1]
    assert numbers == sorted(numbers)
    assert finished.result["traffic"]["loaded_crossings"] == 6
    assert finished.result["progress"]["stuck"] == []
