"""Key thefts: with every key of the corridor but one office's release key, a thief opens no way
into the neutral zone - not at the judge, not at a gate, not in a truck's guard.
"""

from dataclasses import dataclass
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from contract.agent import Refused
from contract.release import Claimant, Cleared, judge
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, Document
from gate.orders import OpenBarrier
from tests.factories import (
    HOUR_MS,
    ROLES,
    a_now,
    a_release,
    a_signer,
    a_subject,
    acts,
    release_keys,
    signed,
)
from tests.gate.cabinet import Cabinet
from tests.vehicle.test_guard_authority import NEUTRAL_M, a_guard

RELEASE_KEYS: Final = ("release/KZ", "release/CN")
ANY_KEY: Final = (*ROLES, *RELEASE_KEYS, "a key of nobody")
OTHERS: Final = {"crossing_id": "KZ-9", "vehicle_id": "truck-02"}


@dataclass(frozen=True)
class Theft:
    """What a thief holds: any keys but at least one office's, and papers of other trucks."""

    stolen: frozenset[str]
    documents: tuple[Document, ...]


@st.composite
def thefts(draw: st.DrawFn) -> Theft:
    safe = draw(st.sampled_from(RELEASE_KEYS))
    stolen = draw(st.frozensets(st.sampled_from(ANY_KEY))) - {safe}
    documents = [draw(_forgeries(sorted(stolen))) for _ in range(draw(st.integers(0, 6)))]
    documents += draw(st.sampled_from([[], _genuine(safe)]))
    return Theft(stolen, tuple(draw(st.permutations(documents))))


@st.composite
def _forgeries(draw: st.DrawFn, keys: list[str]) -> Document:
    """A release in anybody's name, by stolen keys or none, under any key's name."""
    country = draw(st.sampled_from(["KZ", "CN"]))
    release = a_release(country, release_id=draw(st.sampled_from(["", "KZ-1", "CN-1", "x"])))
    release.office = draw(st.sampled_from([COUNTRY_KZ, COUNTRY_CN]))
    document = signed(release, draw(st.sampled_from(keys or ["a key of nobody"])))
    for key in draw(st.lists(st.sampled_from(keys or ["a key of nobody"]), max_size=2)):
        document.signatures.add().CopyFrom(signed(release, key).signatures[0])
    if draw(st.booleans()):
        named = a_signer(f"release/{draw(st.sampled_from(['KZ', 'CN']))}").key_id
        document.signatures[0].key_id = named
    return document


def _genuine(safe: str) -> list[Document]:
    """What the office whose key is safe has signed: for others, long ago, or altered since."""
    country = safe.removeprefix("release/")
    old = a_release(country, not_after_utc_ms=1, not_before_utc_ms=1)
    altered = signed(a_release(country, a_subject(**OTHERS)), safe)
    altered.payload = a_release(country).SerializeToString()
    return [
        signed(a_release(country, a_subject(**OTHERS)), safe),
        signed(a_release(country, a_subject(vehicle_key_id=a_signer("truck-02").key_id)), safe),
        signed(old, safe),
        altered,
    ]


@given(thefts())
def test_judge_clears_nobody(theft: Theft) -> None:
    """I8."""
    truck = Claimant("KZ-1", "truck-01", a_signer("truck-01").key_id)
    answer = judge(theft.documents, release_keys(), truck, now=a_now())
    assert isinstance(answer, Refused)


@given(thefts())
def test_gate_opens_for_nobody(theft: Theft) -> None:
    """I8, GATE-003."""
    gate = Cabinet().challenged()
    gate.answer(releases=theft.documents)
    gate.wake(later_ms=1_000)
    assert not acts(gate.said, OpenBarrier)


@given(thefts())
def test_guard_lets_its_own_truck_in_nowhere(theft: Theft) -> None:
    """I7, I8."""
    guard = a_guard(neutral_m=NEUTRAL_M)
    assert isinstance(guard.releases(theft.documents, a_now()), Refused)
    assert not guard.cleared


def test_both_release_keys_do_open_all_three() -> None:
    """The thief of both is not stopped: so the three tests above can fail."""
    papers = [signed(a_release(country), f"release/{country}") for country in ("KZ", "CN")]
    truck = Claimant("KZ-1", "truck-01", a_signer("truck-01").key_id)
    assert isinstance(judge(papers, release_keys(), truck, now=a_now()), Cleared)
    gate = Cabinet().challenged()
    gate.answer(releases=papers)
    assert acts(gate.said, OpenBarrier)
    guard = a_guard(neutral_m=NEUTRAL_M)
    assert guard.releases(papers, a_now(HOUR_MS // 60)) is None
    assert guard.cleared
