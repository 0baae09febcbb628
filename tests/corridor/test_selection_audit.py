"""Draws by chance, done once more by whoever is shown the seed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from contract.selection import DRAWN_AGAIN, draw_again, seed_digest
from contract.signing import digest, seal_document
from contract.v1.customs_pb2 import (
    Refusal,
    Release,
    ReleaseSubject,
    SelectionCommitment,
    SelectionRelief,
    SelectionShares,
)
from contract.v1.document_pb2 import CHANNEL_GREEN, CHANNEL_RED, COUNTRY_CN
from corridor.__main__ import main
from corridor.cli.ledger import EXIT_BROKEN, EXIT_UNUSABLE, EXIT_WHOLE
from corridor.ledger import prove
from corridor.selection_audit import repeat_draws
from gate.office.rulebook import Rule, RuleBook
from gate.office.rules import Rules, Shares, assess, commitment_of
from tests.corridor.ledgers import Day, as_file, chained_anew, said
from tests.factories import a_declaration, a_signer, signed

SEED: Final = bytes(range(32))
OTHER: Final = bytes(32)
AEO: Final = Rule(id="AEO", because="trusted", selection=0.5)
RULES: Final = Rules(
    Shares(0.4, 0.4, 0.2),
    Shares(1.0, 0.0, 0.0),
    SEED,
    0,
    1_000,
    RuleBook(rule=(AEO,), rescan_share=0.5),
    "CN",
)
CROSSINGS: Final = tuple(f"KZ-{number}" for number in range(1, 13))
Change = Callable[[list[Any]], None]


def nothing(papers: list[Any]) -> None:
    """An honest office."""


def a_folder(change: Change = nothing) -> dict[str, bytes]:
    """The Chinese office commits, then releases what comes from Kazakhstan as it has drawn."""
    day = Day()
    commitment = commitment_of(RULES)
    commitment.number = 1
    papers: list[Any] = [commitment]
    for crossing in CROSSINGS:
        declared = day.declare(crossing)
        declaration = a_declaration(crossing_id=crossing, declaration_id=f"D-{crossing}")
        found = assess(declaration, RULES, 0)
        again = draw_again(declaration.declaration_id, declaration.version, SEED) < 0.5
        papers.append(
            Release(
                release_id=f"CN-{crossing}-1",
                office=COUNTRY_CN,
                subject=ReleaseSubject(
                    crossing_id=crossing, declaration_sha256=digest(declared.payload)
                ),
                channel=found.channel,
                rules=[*found.rules, *([DRAWN_AGAIN] if again else [])],
                selection=1,
            )
        )
    change(papers)
    key = a_signer("release/CN")
    records = [seal_document(key, paper).SerializeToString() for paper in papers]
    return day.files | {"office-cn.jsonl": as_file(chained_anew(records))}


def audited(files: dict[str, bytes], *seeds: bytes) -> str:
    proof = prove(files)
    repeat_draws(proof, seeds)
    return said(proof)


def test_honest_draws_come_out_the_same_a_second_time() -> None:
    """OFF-005, OFF-013: every draw is repeated, all three channels and both answers among them."""
    proof = prove(a_folder())
    repeat_draws(proof, [SEED])
    assert said(proof) == ""
    assert proof.draws["office-cn"] == proof.repeated["office-cn"] == len(CROSSINGS)
    papers = [each.message for each in proof.entries["office-cn"][1:]]
    rules = [tuple(paper.rules) for paper in papers if isinstance(paper, Release)]
    assert {rule[0].rpartition(": ")[2] for rule in rules} >= {"green", "documents"}
    assert {DRAWN_AGAIN in rule for rule in rules} == {True, False}


def test_swapped_seed_is_named_even_where_its_digest_was_never_committed_to() -> None:
    """OFF-005."""
    text = audited(a_folder(), OTHER)
    assert text == (
        f"seed: no office has committed to the seed with digest {seed_digest(OTHER).hex()[:16]};"
        " expected the seed of a commitment in an office's ledger"
    )


def test_draws_by_another_seed_than_the_committed_one_are_named_from_the_first() -> None:
    """OFF-005: the office committed to one seed and drew by another."""

    def swap(papers: list[Any]) -> None:
        papers[0].seed_sha256 = seed_digest(OTHER)

    text = audited(a_folder(swap), OTHER)
    assert "by the seed that was shown" in text
    first = text.splitlines()[0]
    assert first.startswith("office-cn.jsonl:")


def set_rule(papers: list[Any], index: int, rule: str) -> None:
    papers[index].rules[0] = rule


def milder(papers: list[Any]) -> None:
    drawn = next(paper for paper in papers[1:] if paper.rules[0] == "selection: documents")
    drawn.channel = CHANNEL_GREEN


def not_again(papers: list[Any]) -> None:
    next(paper for paper in papers[1:] if DRAWN_AGAIN in paper.rules).rules.remove(DRAWN_AGAIN)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda papers: set_rule(papers, 1, "selection: green"), "2: KZ-1 was drawn 'sel"),
        (milder, "went in channel green; expected yellow or stricter, as drawn"),
        (not_again, "was not drawn to be scanned again; expected drawn, by the seed"),
        (lambda papers: papers[0].ClearField("reliefs"), "was drawn 'selection:"),
        (lambda papers: papers[0].loaded.CopyFrom(SelectionShares(red=1.0)), "'selection: insp"),
    ],
)
def test_draw_that_was_told_otherwise_is_named(change: Change, found: str) -> None:
    """OFF-005: whichever of its terms an office has bent."""
    assert said(prove(a_folder(change))) == ""  # nobody sees it without the seed
    assert found in audited(a_folder(change), SEED)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda papers: papers.append(papers.pop(0)), "2: KZ-2 was drawn under commitment 1"),
        (lambda papers: papers[3].rules.pop(0), "4: KZ-3 was released without a draw"),
        (lambda papers: setattr(papers[3], "selection", 0), "4: KZ-3 was released without a draw"),
        (lambda papers: setattr(papers[0], "number", 2), "1: selection commitment 2; expected"),
    ],
)
def test_draw_without_a_commitment_before_it_is_named_without_any_seed(
    change: Change, found: str
) -> None:
    """OFF-005."""
    assert f"office-cn.jsonl:{found}" in said(prove(a_folder(change)))


def test_way_back_of_a_refused_crossing_needs_no_draw() -> None:
    def refuse(papers: list[Any]) -> None:
        back = Release(office=COUNTRY_CN, channel=CHANNEL_RED, rules=["takes KZ-1 back"])
        back.subject.CopyFrom(papers[1].subject)
        back.subject.crossing_id = "KZ-1-R"
        no = Refusal(office=COUNTRY_CN, crossing_id="KZ-1", return_crossing_id="KZ-1-R")
        papers += [no, back]

    assert audited(a_folder(refuse), SEED) == ""

    def forget(papers: list[Any]) -> None:
        refuse(papers)
        papers.pop(-2)

    assert "KZ-1-R was released without a draw" in audited(a_folder(forget), SEED)


def test_commitment_tells_all_that_a_draw_depends_on_and_nothing_of_the_seed() -> None:
    commitment = commitment_of(RULES)
    assert commitment.reliefs == [SelectionRelief(rule_id="AEO", factor=0.5)]
    assert (commitment.loaded.green, commitment.rescan_share) == (0.4, 0.5)
    assert SEED not in commitment.SerializeToString()
    assert isinstance(commitment, SelectionCommitment)


def test_commitment_by_another_key_than_the_release_key_is_named() -> None:
    record = signed(commitment_of(RULES), "office-cn").SerializeToString()
    files = a_folder() | {"office-cn.jsonl": as_file(chained_anew([record]))}
    assert "office-cn.jsonl:1: a foreign signature, BAD_SIGNATURE" in said(prove(files))


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (SEED.hex(), EXIT_WHOLE, "draws   office-cn 12, repeated by a seed shown 12"),
        (OTHER.hex(), EXIT_BROKEN, "BROKEN  seed: no office has committed"),
        ("12ab", EXIT_UNUSABLE, "expected 64 hexadecimal digits"),
        (None, EXIT_UNUSABLE, "cannot be read: No such file"),
    ],
)
def test_verify_repeats_draws_by_a_seed_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, code: int, told: str
) -> None:
    for name, data in a_folder().items():
        (tmp_path / name).write_bytes(data)
    path = tmp_path.parent / f"{tmp_path.name}.seed"
    if text is not None:
        path.write_text(text)
    assert main(["ledger", "verify", str(tmp_path), "--seed", str(path)]) == code
    output = capsys.readouterr()
    assert told in output.out + output.err
