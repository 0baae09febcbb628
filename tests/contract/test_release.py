"""Release: may this crossing enter the neutral zone? Every way to a yes and to each no. (vital)"""

from itertools import combinations
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.agent import NS_PER_MS, Now, Refused
from contract.limits import UTC_ERROR_MS_MAX
from contract.release import Claimant, Cleared, judge, read_revocation
from contract.v1.customs_pb2 import Release, ReleaseSubject, Revocation
from contract.v1.document_pb2 import (
    COUNTRY_CN,
    COUNTRY_KZ,
    COUNTRY_UNSPECIFIED,
    DIRECTION_EAST,
    DIRECTION_UNSPECIFIED,
    DIRECTION_WEST,
    Document,
)
from tests.factories import (
    HOUR_MS,
    START_UTC_MS,
    a_now,
    a_release,
    a_signer,
    a_subject,
    both_releases,
    reason_of,
    release_keys,
    signed,
)

TRUCK: Final = Claimant("KZ-1", "truck-01", a_signer("truck-01").key_id)


def judged(documents: list[Document], **changes: Any) -> Cleared | Refused:
    values: dict[str, Any] = {"now": a_now(), "revoked": frozenset()}
    return judge(documents, release_keys(), TRUCK, **(values | changes))


def why(documents: list[Document], **changes: Any) -> str:
    answer = judged(documents, **changes)
    return answer.reason.name if isinstance(answer, Refused) else "cleared"


def pair(kz: Release, cn: Release) -> list[Document]:
    return [signed(kz, "release/KZ"), signed(cn, "release/CN")]


def test_two_releases_that_agree_clear_the_truck_they_name() -> None:
    """I7."""
    answer = judged(both_releases())
    assert isinstance(answer, Cleared)
    assert (answer.kz.release_id, answer.cn.release_id) == ("KZ-1", "CN-1")
    assert answer.subject == a_subject()


def test_order_and_company_of_the_documents_do_not_matter() -> None:
    kz, cn = both_releases()
    stranger = signed(a_subject(), "release/KZ")  # a good signature, no release
    assert why([cn, stranger, kz, cn, kz]) == "cleared"


@pytest.mark.parametrize(
    ("kept", "reason"), [([], "KZ"), ([0], "CN"), ([1], "KZ"), ([0, 0], "CN"), ([1, 1], "KZ")]
)
def test_release_of_one_office_does_not_stand_for_both(kept: list[int], reason: str) -> None:
    """I7, I8."""
    documents = both_releases()
    assert why([documents[each] for each in kept]) == f"RELEASE_MISSING_{reason}"


KEYS: Final = ("release/KZ", "release/CN", "office-kz", "office-cn", "supervisor", "kz_out")
forgeries = st.lists(
    st.tuples(
        st.sampled_from(["KZ", "CN"]),  # in whose name
        st.sampled_from(KEYS),  # by which key
        st.booleans(),  # under the name of the key of that office
    ),
    max_size=8,
)


def forged(country: str, key: str, *, named: bool) -> Document:
    document = signed(a_release(country), key)
    if named:
        document.signatures[0].key_id = a_signer(f"release/{country}").key_id
    return document


@given(st.sets(st.sampled_from(KEYS)), forgeries)
def test_no_theft_short_of_both_release_keys_opens_the_neutral_zone(
    stolen: set[str], attempts: list[tuple[str, str, bool]]
) -> None:
    """I8: no proper subset of {KZ release key, CN release key} suffices, whatever else is lost."""
    documents = [forged(c, key, named=named) for c, key, named in attempts if key in stolen]
    cleared = isinstance(judged(documents), Cleared)
    both = {"release/KZ", "release/CN"} <= stolen
    assert not cleared or both


@pytest.mark.parametrize(
    "stolen", [set(each) for size in (0, 1) for each in combinations(KEYS[:2], size)]
)
def test_thief_of_one_release_key_may_sign_whatever_he_likes(stolen: set[str]) -> None:
    """I8, in full for one key: each office's release by that key, under either key's name."""
    documents = [
        forged(country, key, named=named)
        for country in ("KZ", "CN")
        for key in stolen
        for named in (False, True)
    ]
    assert not isinstance(judged(documents), Cleared)


def test_both_release_keys_do_suffice() -> None:
    assert isinstance(
        judged([forged(c, f"release/{c}", named=False) for c in ("KZ", "CN")]), Cleared
    )


def test_second_signature_makes_a_document_nobodys() -> None:
    """One document, one signer: what two have signed is as good as absent."""
    kz, cn = both_releases()
    kz.signatures.append(cn.signatures[0])
    assert why([kz, cn]) == "RELEASE_MISSING_KZ"


def test_altered_payload_is_as_good_as_absent() -> None:
    kz, cn = both_releases()
    cn.payload = cn.payload[:-1] + bytes([cn.payload[-1] ^ 1])
    assert why([kz, cn]) == "RELEASE_MISSING_CN"


def test_office_cannot_release_in_the_other_offices_name() -> None:
    kz = signed(a_release("KZ"), "release/KZ")
    posing = signed(a_release("CN"), "release/KZ")
    assert why([kz, posing]) == "RELEASE_MISSING_CN"


def test_unknown_office_has_no_keys() -> None:
    answer = judge(both_releases(), release_keys("KZ"), TRUCK, now=a_now())
    assert isinstance(answer, Refused)
    assert answer.reason.name == "RELEASE_MISSING_CN"


CHANGED: Final = {
    "crossing_id": "KZ-2",
    "declaration_sha256": bytes(32),
    "direction": DIRECTION_WEST,
    "vehicle_id": "truck-02",
    "vehicle_key_id": a_signer("truck-02").key_id,
    "trailer_id": "T-2",
    "seals": ["S-2"],
    "container_ids": ["ZZZU0000005"],
}


def test_every_field_of_the_subject_has_a_case_here() -> None:
    assert set(CHANGED) == {field.name for field in ReleaseSubject.DESCRIPTOR.fields}


@pytest.mark.parametrize("field", sorted(CHANGED))
@pytest.mark.parametrize("country", ["KZ", "CN"])
def test_any_single_difference_between_the_releases_is_refused(field: str, country: str) -> None:
    """I7: the same crossing, declaration, direction, vehicle, key, trailer, seals, or nothing."""
    other = a_subject(**{field: CHANGED[field]})
    both = {c: a_release(c, readmission_consent=True) for c in ("KZ", "CN")}
    both[country] = a_release(country, other, readmission_consent=True)
    answer = judged(pair(both["KZ"], both["CN"]))
    assert isinstance(answer, Refused)
    if field in ("crossing_id", "vehicle_id", "vehicle_key_id"):
        assert answer.reason.name == "RELEASE_FOREIGN"
    else:
        assert (answer.reason.name, answer.detail) == ("RELEASE_DIFFERS", field)


@pytest.mark.parametrize("field", ["crossing_id", "vehicle_id", "vehicle_key_id"])
def test_releases_that_agree_about_somebody_else_are_refused(field: str) -> None:
    """I7, I24: good for the crossing and vehicle key they name."""
    assert why(both_releases(a_subject(**{field: CHANGED[field]}))) == "RELEASE_FOREIGN"


@pytest.mark.parametrize(
    "hole",
    [
        {"crossing_id": ""},
        {"vehicle_id": ""},
        {"vehicle_key_id": b""},
        {"declaration_sha256": b""},
        {"declaration_sha256": bytes(31)},
        {"direction": DIRECTION_UNSPECIFIED},
    ],
)
def test_subject_with_a_hole_is_refused_even_if_the_claimant_has_the_same(
    hole: dict[str, Any],
) -> None:
    """I21: emptiness never matches emptiness."""
    subject = a_subject(**hole)
    claimant = Claimant(subject.crossing_id, subject.vehicle_id, subject.vehicle_key_id)
    documents = both_releases(subject, readmission_consent=True)
    answer = judge(documents, release_keys(), claimant, now=a_now())
    assert isinstance(answer, Refused)
    assert answer.reason.name == "RELEASE_FOREIGN"


@pytest.mark.parametrize("field", [each.name for each in Release.DESCRIPTOR.fields])
@pytest.mark.parametrize("country", ["KZ", "CN"])
def test_release_with_a_field_left_out_never_clears_unless_the_field_binds_nothing(
    field: str, country: str
) -> None:
    """I21: zero means no."""
    both = {c: a_release(c) for c in ("KZ", "CN")}
    both[country].ClearField(field)
    binds_nothing = {"legal_signature_sha256", "channel", "rules", "selection"}
    if country == "CN":
        binds_nothing |= {"readmission_consent"}  # asked of the origin office alone
    cleared = isinstance(judged(pair(both["KZ"], both["CN"])), Cleared)
    assert cleared == (field in binds_nothing)


def test_release_of_no_office_or_of_the_other_is_absent() -> None:
    for office in (COUNTRY_UNSPECIFIED, COUNTRY_CN):
        kz = a_release("KZ", office=office)
        assert why(pair(kz, a_release("CN"))) == "RELEASE_MISSING_KZ"


@pytest.mark.parametrize("second_id", ["KZ-2", "KZ-1"])
def test_two_different_releases_of_one_office_are_refused(second_id: str) -> None:
    """I7: which of them holds is for the office to say, even if it gave both the same name."""
    second = a_release("KZ", release_id=second_id, rules=["another"])
    assert why([*both_releases(), signed(second, "release/KZ")]) == "RELEASE_TWICE"


@pytest.mark.parametrize("office", ["KZ", "CN"])
def test_release_taken_back_by_its_office_counts_no_more(office: str) -> None:
    """I7, I25."""
    assert why(both_releases(), revoked={(office, f"{office}-1")}) == "RELEASE_REVOKED"
    assert why(both_releases(), revoked={(office, f"{office}-0")}) == "cleared"


def test_office_takes_back_its_own_releases_alone() -> None:
    """I25."""
    assert why(both_releases(), revoked={("KZ", "CN-1"), ("CN", "KZ-1")}) == "cleared"


def a_revocation(country: int, release_id: str) -> Revocation:
    return Revocation(number=1, office=country, crossing_id="KZ-1", release_id=release_id)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("country", "release_id", "by", "taken"),
    [
        (COUNTRY_KZ, "KZ-1", "release/KZ", ("KZ", "KZ-1")),
        (COUNTRY_CN, "CN-1", "release/CN", ("CN", "CN-1")),
        (COUNTRY_CN, "CN-1", "release/KZ", None),  # in the other's name
        (COUNTRY_KZ, "KZ-1", "release/CN", None),
        (COUNTRY_KZ, "KZ-1", "office-kz", None),  # by the office's node, not by its release key
        (COUNTRY_KZ, "KZ-1", "supervisor", None),
        (COUNTRY_KZ, "", "release/KZ", None),  # of no release
        (0, "KZ-1", "release/KZ", None),
    ],
)
def test_revocation_counts_by_the_release_key_of_the_office_that_it_names(
    country: int, release_id: str, by: str, taken: tuple[str, str] | None
) -> None:
    """I25."""
    read = read_revocation(signed(a_revocation(country, release_id), by), release_keys())
    assert (None if isinstance(read, Refused) else read) == taken


def test_release_is_no_revocation() -> None:
    for paper in both_releases():
        assert reason_of(read_revocation(paper, release_keys())) == "BAD_SIGNATURE"


def test_cleared_names_whose_releases_it_stands_on() -> None:
    answer = judged(both_releases())
    assert isinstance(answer, Cleared)
    assert answer.releases == (("KZ", "KZ-1"), ("CN", "CN-1"))


@pytest.mark.parametrize(("direction", "origin"), [(DIRECTION_EAST, "KZ"), (DIRECTION_WEST, "CN")])
def test_origin_office_must_take_the_crossing_back(direction: Any, origin: str) -> None:
    subject = a_subject(direction=direction)
    answer = judged(both_releases(subject, readmission_consent=False))
    assert isinstance(answer, Refused)
    assert (answer.reason.name, answer.detail) == ("NO_READMISSION", f"office {origin}")
    assert why(both_releases(subject)) == "cleared"


def at(utc_ms: float, error_ms: float) -> Now:
    return Now(0, round(utc_ms * NS_PER_MS), round(error_ms * NS_PER_MS))


def test_release_may_be_valid_from_the_first_moment_there_is() -> None:
    """Only zero is no time: it says that the office left the field open."""
    for not_before, answer in ((1, "cleared"), (0, "RELEASE_FOREIGN"), (-1, "RELEASE_FOREIGN")):
        kz = a_release("KZ", not_before_utc_ms=not_before)
        assert why(pair(kz, a_release("CN"))) == answer


ENDS: Final = START_UTC_MS + HOUR_MS
BEGINS: Final = START_UTC_MS - HOUR_MS


@pytest.mark.parametrize(
    ("utc_ms", "error_ms", "answer"),
    [
        (BEGINS, 0, "cleared"),
        (BEGINS - 0.001, 0, "RELEASE_NOT_YET"),
        (BEGINS, 0.001, "RELEASE_NOT_YET"),
        (BEGINS + 300, 300, "cleared"),
        (BEGINS + 299, 300, "RELEASE_NOT_YET"),
        (ENDS, 0, "cleared"),
        (ENDS + 0.001, 0, "RELEASE_EXPIRED"),
        (ENDS, 0.001, "RELEASE_EXPIRED"),
        (ENDS - 300, 300, "cleared"),
        (ENDS - 299, 300, "RELEASE_EXPIRED"),
    ],
)
def test_validity_is_judged_with_the_clock_error_on_the_cautious_side(
    utc_ms: float, error_ms: float, answer: str
) -> None:
    """I20: to the nanosecond at the edge, and both edges shrink by the error."""
    assert why(both_releases(), now=at(utc_ms, error_ms)) == answer


@pytest.mark.parametrize(
    ("error_ms", "answer"), [(UTC_ERROR_MS_MAX, "cleared"), (UTC_ERROR_MS_MAX + 1, "CLOCK_UNSURE")]
)
def test_clock_that_is_unsure_judges_nothing(error_ms: float, answer: str) -> None:
    """I20."""
    assert why(both_releases(), now=at(START_UTC_MS, error_ms)) == answer


@given(st.integers(-2 * HOUR_MS, 2 * HOUR_MS), st.integers(0, UTC_ERROR_MS_MAX))
def test_whatever_the_true_time_within_the_error_is_a_cleared_release_is_valid_then(
    offset_ms: int, error_ms: int
) -> None:
    """I20."""
    answer = judged(both_releases(), now=at(START_UTC_MS + offset_ms, error_ms))
    if isinstance(answer, Cleared):
        for truth_ms in (offset_ms - error_ms, offset_ms + error_ms):
            assert -HOUR_MS <= truth_ms <= HOUR_MS


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_no_bytes_make_the_judge_raise_or_clear(payloads: list[bytes]) -> None:
    """I21."""
    genuine = both_releases()[0]
    documents = [
        Document(payload_type=genuine.payload_type, payload=payload, signatures=genuine.signatures)
        for payload in payloads
    ]
    assert why(documents) == "RELEASE_MISSING_KZ"
