"""Reasons, events and topics: stable codes, complete rows, reports that say what they should."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from contract.events import Event, Severity
from contract.reasons import Party, Reason, explain
from contract.topics import BY_KIND, LINKS, TOPICS, Consumer, Socket
from contract.v1.envelope_pb2 import STREAM_DURABLE, STREAM_SESSION, STREAM_TELEMETRY

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = ("contract", "corridor", "gate", "live", "sim", "vehicle")


@cache
def trees() -> list[tuple[str, ast.Module]]:
    return [
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8")))
        for package in PRODUCT
        for path in sorted((ROOT / package).rglob("*.py"))
        if not path.name.endswith("_pb2.py")
    ]


def uses(name: str) -> dict[str, set[str]]:
    """Members of an enumeration that the product names, each with where: {"STOP": {"a.py"}}."""
    found: dict[str, set[str]] = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=owner), attr=member) if owner == name:
                    found.setdefault(member, set()).add(path)
    return found


# --- reasons ---


@pytest.mark.parametrize("reason", Reason)
def test_reason_says_what_it_is_whose_it_is_and_what_lifts_it(reason: Reason) -> None:
    """Every no has a reason; every reason has an owner."""
    assert reason.sentence
    assert reason.lifted_by
    assert isinstance(reason.owner, Party)
    assert not reason.sentence.endswith(".")
    said = explain(reason, "here")
    assert said.startswith(f"{reason.name}: ")
    assert "(here)" in said
    assert reason.owner.value in said


def test_reasons_are_told_apart_by_their_sentences() -> None:
    sentences = [each.sentence for each in Reason]
    assert len(set(sentences)) == len(sentences)


def test_product_names_no_reason_that_does_not_exist() -> None:
    unknown = {n: where for n, where in uses("Reason").items() if n not in Reason.__members__}
    assert not {n for n in unknown if n.isupper()}


# --- events ---


@pytest.mark.parametrize("event", Event)
def test_event_has_a_severity_fields_without_doubles_and_an_action(event: Event) -> None:
    assert isinstance(event.severity, Severity)
    assert len(set(event.fields)) == len(event.fields)
    assert event.action
    assert event.code == event.name.lower()
    if event.severity in (Severity.ERROR, Severity.CRITICAL):
        assert event.action != "none", "somebody must know what to do"


def test_product_names_no_event_that_does_not_exist() -> None:
    assert not {n for n in uses("Event") if n.isupper() and n not in Event.__members__}


def said_fields(tree: ast.Module) -> Iterator[tuple[int, str, frozenset[str]]]:
    """Reports whose fields are written out where they are made: line, event, field names."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        event = node.args[0]
        if not (isinstance(event, ast.Attribute) and isinstance(event.value, ast.Name)):
            continue
        if event.value.id != "Event":
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called == "Report" and len(node.args) == 2 and isinstance(node.args[1], ast.Dict):
            keys = node.args[1].keys
            if all(isinstance(key, ast.Constant) for key in keys):
                names = [str(key.value) for key in keys if isinstance(key, ast.Constant)]
                yield node.lineno, event.attr, frozenset(names)
        elif called == "say" and all(each.arg for each in node.keywords):
            yield node.lineno, event.attr, frozenset(str(each.arg) for each in node.keywords)


def test_every_report_written_out_in_the_product_has_exactly_the_catalogues_fields() -> None:
    """What is built up elsewhere is compared at run time, in the rigs of the agents' tests."""
    wrong, seen = [], 0
    for path, tree in trees():
        for line, name, fields in said_fields(tree):
            seen += 1
            if fields != frozenset(Event[name].fields):
                wrong.append(f"{path}:{line} {name}: {sorted(fields)}")
    assert seen > 30, "the scan has gone blind"
    assert not wrong, "\n".join(["", *wrong])


# --- topics ---


def test_every_topic_has_senders_receivers_and_one_row() -> None:
    assert len(TOPICS) == len(BY_KIND)
    for topic in TOPICS.values():
        assert topic.senders
        assert topic.receivers
        assert topic.stream in (STREAM_TELEMETRY, STREAM_SESSION, STREAM_DURABLE)


def test_every_pair_of_roles_that_may_speak_has_a_link() -> None:
    """A row that nobody can send is a row that nobody tests."""
    linked = LINKS | {(b, a) for a, b in LINKS}
    for topic in TOPICS.values():
        if topic.consumer is Consumer.MAILBOX or topic.socket is Socket.BROADCAST:
            continue
        pairs = {(s, r) for s in topic.senders for r in topic.receivers}
        assert pairs & linked, topic.name


def test_periodic_topics_have_an_age_of_several_periods() -> None:
    """Liveness is computed from the table: silence is never one message lost."""
    for topic in TOPICS.values():
        assert bool(topic.period_ms) == bool(topic.age_ms_max)
        if topic.period_ms:
            assert topic.age_ms_max >= 3 * topic.period_ms
            assert topic.stream == STREAM_TELEMETRY


def test_what_commands_movement_is_signed() -> None:
    for name in ("MissionOrder", "MovementAuthority", "StopOrder", "StopLifted", "PermitRequest"):
        assert TOPICS[f"contract.v1.{name}"].signed
    for name in ("OperatorCommand", "DeskDecision"):
        assert TOPICS[f"contract.v1.{name}"].signed


def test_a_stop_and_its_end_outlive_a_restart_of_either_side() -> None:
    """I26."""
    assert TOPICS["contract.v1.StopOrder"].durable
    assert TOPICS["contract.v1.StopLifted"].durable
