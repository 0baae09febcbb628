"""Papers of agencies and terminals in a ledger: where they belong, and what rests on them."""

import re
from typing import Final

import pytest

from contract.agent import Role
from contract.ledger_lines import ledger_files
from contract.roster import Roster
from contract.v1.customs_pb2 import OfficerWord, Reinstatement
from contract.v1.document_pb2 import COUNTRY_KZ
from corridor.ledger import prove
from tests.corridor.ledgers import Day, a_day, as_file, chained_anew, said
from tests.factories import a_now, a_roster, signed

FILES: Final = a_day().files


def lines_of(file: str) -> list[bytes]:
    return FILES[file].splitlines(keepends=True)


@pytest.mark.parametrize(
    ("file", "into", "by", "found"),
    [
        ("agencies-kz", "kz_in", "kz_in", "an? Endorsement; expected one only in .* agency"),
        ("agencies-kz", "agencies-cn", "agencies-cn", "an endorsement of KZ; expected one of CN"),
        ("terminal-kz", "office-cn", "office-cn", "a Declaration; .* of a node of role terminal"),
        ("terminal-kz", "terminal-cn", "terminal-kz", "a foreign signature, BAD_SIGNATURE"),
        ("agencies-kz", "agencies-kz", "office-kz", "a foreign signature, BAD_SIGNATURE"),
    ],
)
def test_paper_in_the_ledger_of_somebody_else_is_named(
    file: str, into: str, by: str, found: str
) -> None:
    paper = prove(FILES).entries[file][0].message
    assert paper is not None
    record = signed(paper, by).SerializeToString(deterministic=True)
    text = said(prove(FILES | {f"{into}.jsonl": as_file(chained_anew([record]))}))
    assert re.search(rf"^{into}\.jsonl:1: {found}", text, re.MULTILINE), text


def test_release_of_what_no_terminal_has_declared_is_named() -> None:
    """Also where nobody has seen the head of the terminal's ledger yet."""
    data = b"".join(lines_of("terminal-kz.jsonl")[:-1])
    text = said(prove(FILES | {"terminal-kz.jsonl": data}))
    for office, line in (("office-cn", 3), ("office-kz", 3)):
        assert (
            f"{office}.jsonl:{line}: KZ-3 was released, but no terminal has declared that" in text
        )
    assert "expected its declaration in terminal-cn.jsonl or terminal-kz.jsonl" in text


@pytest.mark.parametrize(
    ("nodes", "by", "found"),
    [
        (("a", "b"), "release/KZ", ""),
        (("a", "a"), "release/KZ", "kz_xray_e is believed again by a; expected the word of two"),
        (("a",), "release/KZ", "kz_xray_e is believed again by a; expected the word of two"),
        (("a", "b", "c"), "release/KZ", "by a and b and c; expected the word of two officers"),
        (("a", "b"), "office-kz", "a foreign signature, BAD_SIGNATURE"),
        (("a", "b"), "release/CN", "a foreign signature, BAD_SIGNATURE"),
    ],
)
def test_station_that_fewer_or_others_than_two_officers_believe_again_is_named(
    nodes: tuple[str, ...], by: str, found: str
) -> None:
    """OFF-025."""
    words = [OfficerWord(node=node, officer_id="O", reason="r") for node in nodes]
    paper = Reinstatement(office=COUNTRY_KZ, station_id="kz_xray_e", words=words)
    day = Day()
    day.done("office-kz", day.offices["office-kz"].recorded(a_now(), [signed(paper, by)]))
    text = said(prove(day.files))
    assert text.startswith("office-kz.jsonl:1: ") if found else text == ""
    assert found in text


def test_amended_declaration_is_not_the_one_that_was_released() -> None:
    day = Day()
    amended = day.declare("KZ-1", version=2)
    day.cross("KZ-1")
    files = day.files
    assert said(prove(files)) == ""
    alone = as_file(chained_anew([amended.SerializeToString(deterministic=True)]))
    text = said(prove(files | {"terminal-kz.jsonl": alone}))
    assert "KZ-1 was released, but no terminal has declared that" in text


def test_folder_of_before_terminals_kept_ledgers_is_judged_without_them() -> None:
    later = (Role.AGENCY, Role.TERMINAL)
    nodes = {n: each for n, each in a_roster().nodes.items() if each.role not in later}
    files = ledger_files(Roster(nodes, a_roster().release_keys), a_day().disks)
    assert "terminal-kz.jsonl" not in files
    heads = [line for line in lines_of("heads.jsonl") if b"terminal" not in line]
    files["heads.jsonl"] = b"".join(line for line in heads if b"agencies" not in line)
    assert said(prove(files)) == ""
