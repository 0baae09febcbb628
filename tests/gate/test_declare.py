"""`convoy-office declare`: what people write is judged in one go, place by place."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigError
from contract.v1.customs_pb2 import Declaration
from gate.cli import declaration_json, declare
from gate.cli.declaration_json import read_json
from gate.cli.declaration_template import LOADED, TEMPLATES, template
from gate.office.declaration import faults, place_of
from tests.gate.papers import a_full_declaration, in_order

ROOT: Final = Path(__file__).parents[2]
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def said_of(tree: Any) -> list[str]:
    return read_json(json.dumps(tree).encode()).all_faults()


def judged(tmp_path: Path, text: str | bytes, *arguments: str) -> int:
    path = tmp_path / "declaration.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return declare.main([str(path), "--check", *arguments])


# --- what is in order ---


@pytest.mark.parametrize("kind", TEMPLATES)
def test_template_passes_its_own_check(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert declare.main(["--template", kind]) == 0
    assert judged(tmp_path, capsys.readouterr().out) == 0


def test_example_of_the_help_passes_its_own_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        declare.main(["--help"])
    found = re.search(r"^ *\{.*?^ *\}$", capsys.readouterr().out, re.DOTALL | re.MULTILINE)
    assert found is not None
    assert judged(tmp_path, found.group()) == 0


def test_example_in_deploy_is_the_template_and_passes() -> None:
    path = ROOT / "deploy" / "declaration.json"
    assert path.read_text(encoding="utf-8") == template("loaded")
    assert declare.main([str(path), "--check"]) == 0


def test_template_of_a_load_shows_every_field_that_a_load_can_have() -> None:
    """Nobody has to read the .proto to file a declaration."""
    for_empties = {"empty_running", "vehicle_permit_id"}
    assert missing(LOADED, Declaration.DESCRIPTOR) == for_empties


def missing(tree: dict[str, Any], descriptor: Descriptor) -> set[str]:
    left = {each.name for each in descriptor.fields} - set(tree)
    for each in descriptor.fields:
        if each.message_type is not None and each.name in tree:
            inner = tree[each.name]
            left |= missing(inner[0] if isinstance(inner, list) else inner, each.message_type)
    return left


@given(paper=in_order, snake=st.booleans())
def test_what_protobuf_writes_as_json_is_read_as_it_was(paper: Declaration, *, snake: bool) -> None:
    """Both spellings of names; int64 as texts; bytes as base64."""
    text = json_format.MessageToJson(paper, preserving_proto_field_name=snake)
    reading = read_json(text.encode())
    assert reading.all_faults() == []
    assert reading.declaration == paper


def test_binary_message_is_read_too(tmp_path: Path) -> None:
    assert judged(tmp_path, a_full_declaration().SerializeToString()) == 0


def test_binary_message_that_begins_like_json_is_a_message_still(tmp_path: Path) -> None:
    """Field 1 is tagged with a line feed, and 123 characters have the length of a brace."""
    paper = a_full_declaration(declaration_id="D" * 123)
    assert paper.SerializeToString().lstrip().startswith(b"{")
    assert judged(tmp_path, paper.SerializeToString()) == 0


def test_every_field_of_a_declaration_has_a_reader() -> None:
    def kinds(descriptor: Descriptor) -> set[int]:
        below = [each.message_type for each in descriptor.fields if each.message_type is not None]
        plain = {each.type for each in descriptor.fields if each.message_type is None}
        return plain.union(*map(kinds, below))

    assert kinds(Declaration.DESCRIPTOR) == set(declaration_json._READERS)


# --- what is not ---


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"gross_mass_kg": "heavy"},
            "$.gross_mass_kg: 'heavy', expected a whole number of kilograms",
        ),
        ({"version": -1}, "$.version: -1, expected a whole number from 0 to 4294967295"),
        ({"version": 1.5}, "$.version: 1.5, expected a whole number"),
        ({"version": True}, "$.version: true, expected a whole number"),
        ({"empty_running": "no"}, "$.empty_running: 'no', expected true or false"),
        ({"vehicle_key_id": "@@"}, "$.vehicle_key_id: '@@', expected bytes in base64"),
        ({"vehicle_key_id": "AAAAA"}, "$.vehicle_key_id: 'AAAAA', expected bytes in base64"),
        ({"vehicle_key_id": "AAAA"}, "$.vehicle_key_id: 3 bytes, expected 16"),
        ({"trailer_id": 7}, "$.trailer_id: 7, expected a text in quotes"),
        ({"trailer_id": "\ud800"}, "$.trailer_id: '\\ud800', expected a text without half charac"),
        ({"seals": "S-1"}, "$.seals: 'S-1', expected a list in brackets"),
        ({"seals": ["S-1", None]}, "$.seals[1]: null, expected a text in quotes"),
        ({"consignor": "me"}, "$.consignor: 'me', expected an object in braces"),
        ({"direction": "UP"}, "$.direction: 'UP', expected DIRECTION_EAST or DIRECTION_WEST"),
        ({"direction": 9}, "$.direction: 9, expected DIRECTION_EAST or DIRECTION_WEST"),
        (
            {"gros_mass_kg": 1, "gross_mass_kg": None},
            "$.gros_mass_kg: not known, did you mean $.gross_mass_kg?",
        ),
        ({"batchnumber": "7"}, "$.batchnumber: not known, did you mean $.batch_number?"),
        ({"hsCode": "1206"}, "$.hsCode: not known, did you mean $.goods[].hs_code?"),
        ({"q\n": 1}, "$['q\\n']: not known, expected a field of contract/v1/customs.proto"),
        ({"versioN": 1, "version": 1}, "$.versioN: not known, did you mean $.version?"),
    ],
)
def test_value_of_the_wrong_kind_is_named_with_what_was_expected(
    changes: dict[str, Any], expected: str
) -> None:
    (said,) = said_of(LOADED | changes)
    assert said.startswith(expected)


def test_several_wrong_values_and_faults_are_said_together() -> None:
    """OFF-001: of the writing and of the content, one run is enough."""
    tree = json.loads(template("loaded"))
    tree["gross_mass_kg"] = "heavy"
    tree["seals"] = ["S-1", 5]
    tree["navigation_seal_id"] = "S-1"
    tree["goods"][0]["hs_code"] = "12x"
    tree["goods"][0]["packages"] = {}
    tree["transit"]["reference"] = "XF1"
    tree["consignee"]["tradr_id"] = tree["consignee"].pop("trader_id")
    assert sorted(place_of(each) for each in said_of(tree)) == [
        "$.consignee.tradr_id",
        "$.goods[0].hs_code",
        "$.goods[0].packages",
        "$.gross_mass_kg",
        "$.seals[1]",
        "$.transit.reference",
    ]


def test_field_under_both_of_its_names_is_said_once_only() -> None:
    assert said_of(LOADED | {"grossMassKg": 1}) == ["$.gross_mass_kg: said twice, expected once"]
    twice = template("loaded").replace('"version": 1,', '"version": 1, "version": 2,')
    assert read_json(twice.encode()).all_faults() == ["$.version: said twice, expected once"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "line 1, column 2: not JSON: expecting property name"),
        (b'{"version": NaN}', "NaN is no number"),
        (b'{"version": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"{\xff", "byte 1 is not UTF-8"),
        (b'{"a":' * 30_000, "nested deeper than 8 levels"),
        (b'{"declaration_id": "[[[[[[[[[[', "not JSON"),
    ],
)
def test_text_that_is_no_json_is_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        read_json(data)


@pytest.mark.parametrize("text", ["[]", '"D-1"'])
def test_json_that_is_no_object_says_so(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(tmp_path, text) == 2
    assert "expected an object in braces" in capsys.readouterr().err


def test_faults_are_counted_and_nothing_is_filed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(tmp_path, json.dumps(LOADED | {"version": 0})) == 2
    error = capsys.readouterr().err
    assert "$.version: 0, expected 1 or more" in error
    assert "1 fault; not filed" in error


def test_without_file_and_template_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        declare.main(["--check"])
    assert ended.value.code == 2
    assert "FILE: missing" in capsys.readouterr().err


@given(st.dictionaries(st.sampled_from([*LOADED, "grossMassKg", "nobody"]), VALUES))
def test_any_json_gets_an_answer(changes: dict[str, Any]) -> None:
    tree = LOADED | changes
    try:
        reading = read_json(json.dumps(tree).encode())
    except ConfigError:
        return
    assert all(each.startswith("$") for each in reading.all_faults())


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    try:
        reading = read_json(text.encode("utf-8", "surrogatepass"))
    except ConfigError:
        return
    assert reading.all_faults()


def test_json_is_judged_as_the_office_judges_it() -> None:
    tree = LOADED | {"version": 0, "crew_count": 3}
    reading = read_json(json.dumps(tree).encode())
    assert reading.all_faults() == faults(reading.declaration)
