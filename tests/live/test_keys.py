"""Key folders and the roster: what is refused, and with which words."""

import os
from pathlib import Path

import msgspec
import pytest
from zmq.utils import z85

from contract.agent import Role
from contract.errors import ConfigError
from contract.signing import Signer
from live import keys_cli
from live.keys import NodeSpec, curve_fault, ed25519_fault, load_keys, make_keys
from live.roster import ROSTER_FILE, ROSTER_TYPE, enrol, load_roster, parse_roster
from tests.live.factories import CORRIDOR, OFFICES, a_corridor

NEUTRAL_POINT = bytes([1]) + bytes(31)
NOT_CANONICAL = bytes([0xEE]) + bytes([0xFF] * 30) + bytes([0x7F])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    a_corridor().write(tmp_path / "keys")
    return tmp_path / "keys"


def test_written_keys_are_read_back(folder: Path) -> None:
    made = a_corridor()
    for spec in CORRIDOR:
        keys = load_keys(folder, spec.name)
        assert keys.signer.public_key == made.roster.nodes[spec.name].public_key
        assert keys.curve_public == made.curve_table[spec.name]
        assert (keys.release_signer is not None) == (spec.role is Role.OFFICE)
        assert (folder / spec.name).stat().st_mode & 0o777 == 0o700
        assert (folder / spec.name / "node.key").stat().st_mode & 0o777 == 0o600
    roster, table = load_roster(folder / ROSTER_FILE)
    assert roster == made.roster
    assert table == made.curve_table


def test_seed_gives_the_same_keys_and_chance_gives_others() -> None:
    assert a_corridor(b"1").roster_file == a_corridor(b"1").roster_file
    assert a_corridor(b"1").roster_file != a_corridor(b"2").roster_file
    assert a_corridor(None).roster_file != a_corridor(None).roster_file


def test_secrets_do_not_show_in_a_representation() -> None:
    keys = make_keys(NodeSpec("truck-01", Role.VEHICLE))
    assert keys.curve_secret.decode() not in repr(keys)
    assert bytes(keys.signer.key).hex() not in repr(keys)


def test_readable_key_file_is_refused_with_the_command_that_mends_it(folder: Path) -> None:
    path = folder / "truck-01" / "node.key"
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=r"mode is 0640.*expected 0600: run `chmod 600 /") as said:
        load_keys(folder, "truck-01")
    assert str(path) in str(said.value)


def test_reachable_key_folder_is_refused(folder: Path) -> None:
    (folder / "truck-01").chmod(0o750)
    with pytest.raises(ConfigError, match=r"mode is 0750.*expected 0700"):
        load_keys(folder, "truck-01")


def test_linked_key_file_and_folder_are_refused(folder: Path) -> None:
    path = folder / "truck-01" / "node.key"
    path.rename(folder / "moved.key")
    path.symlink_to(folder / "moved.key")
    with pytest.raises(ConfigError, match="symbolic link"):
        load_keys(folder, "truck-01")
    (folder / "linked").symlink_to(folder / "truck-02")
    with pytest.raises(ConfigError, match="a link"):
        load_keys(folder, "linked")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_key_file_of_another_user_is_refused(folder: Path) -> None:
    os.chown(folder / "truck-01" / "node.key", 65_534, 65_534)
    with pytest.raises(ConfigError, match="belongs to user 65534"):
        load_keys(folder, "truck-01")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b'{"format_version":1}', "malformed.*missing required field"),
        (
            b'{"format_version":2,"name":"truck-01","ed25519_seed":"","curve_secret":""}',
            "format is not 1",
        ),
        (
            b'{"format_version":1,"name":"truck-02","ed25519_seed":"","curve_secret":""}',
            "belongs to 'truck-02'",
        ),
        (
            b'{"format_version":1,"name":"truck-01","ed25519_seed":"","curve_secret":"x"}',
            "curve_secret",
        ),
        (
            b'{"format_version":1,"name":"truck-01","ed25519_seed":"00","curve_secret":"'
            + z85.encode(bytes(32))
            + b'"}',
            "ed25519_seed",
        ),
    ],
)
def test_malformed_key_file_is_refused(folder: Path, content: bytes, said: str) -> None:
    (folder / "truck-01" / "node.key").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load_keys(folder, "truck-01")


def test_absent_keys_say_who_makes_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="convoy-keys init"):
        load_keys(tmp_path, "truck-01")
    with pytest.raises(ConfigError, match="expected letters"):
        load_keys(tmp_path, "../etc")


def test_weak_and_malformed_public_keys_are_not_enrolled() -> None:
    """F7."""
    assert ed25519_fault(NEUTRAL_POINT)
    assert ed25519_fault(bytes(32))
    assert ed25519_fault(NOT_CANONICAL)
    assert ed25519_fault(bytes(31))
    assert ed25519_fault(Signer.from_seed(bytes(32)).public_key) is None
    for weak in (bytes(32), NEUTRAL_POINT, NOT_CANONICAL, bytes([0xFF] * 32)):
        assert curve_fault(z85.encode(weak))
    assert curve_fault(b"too short")
    assert curve_fault(b"x" * 39 + b"\xe9")
    assert curve_fault(make_keys(CORRIDOR[0]).curve_public) is None


# --- roster ---


def resigned(change: dict[str, object]) -> bytes:
    """The corridor's roster after `change`, signed again by both offices."""
    made = a_corridor()
    tree = msgspec.json.decode(made.roster_file)
    raw = msgspec.json.encode(tree["roster"] | change)
    signatures = []
    for spec in OFFICES:
        signer = made.keys[spec.name].release_signer
        assert signer is not None
        signature = signer.sign(ROSTER_TYPE, raw).signature.hex()
        signatures.append({"country": spec.site, "signature": signature})
    return msgspec.json.encode({"roster": msgspec.Raw(raw), "signatures": signatures})


def nodes_with(**change: str) -> list[dict[str, str]]:
    nodes: list[dict[str, str]] = msgspec.json.decode(a_corridor().roster_file)["roster"]["nodes"]
    nodes[-1] |= change
    return nodes


def test_unchanged_roster_signed_again_is_accepted() -> None:
    roster, _ = parse_roster(resigned({"version": 2}), "roster")
    assert roster.version == 2
    assert roster.staging


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (nodes_with(ed25519=NEUTRAL_POINT.hex()), "node truck-02: .*small order"),
        (nodes_with(curve=z85.encode(bytes(32)).decode()), "node truck-02: .*small order"),
        (nodes_with(ed25519=NOT_CANONICAL.hex()), "canonical"),
        (nodes_with(ed25519=nodes_with()[0]["ed25519"]), "signing key of truck-02 and .* the same"),
        (nodes_with(curve=nodes_with()[0]["curve"]), "CURVE key of truck-02 and .* the same"),
        (nodes_with(ed25519="zz"), "not hexadecimal"),
        (nodes_with(name="truck-01"), "listed twice"),
        (nodes_with(name="a b"), "malformed"),
        (nodes_with(role="captain"), "malformed"),
    ],
)
def test_bad_enrolment_is_refused_even_when_signed(nodes: list[dict[str, str]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_roster(resigned({"nodes": nodes}), "roster")


def test_altered_or_half_signed_roster_is_refused() -> None:
    data = a_corridor().roster_file
    with pytest.raises(ConfigError, match="not signed by the release key of KZ"):
        parse_roster(data.replace(b'"version": 1', b'"version": 7'), "roster")
    with pytest.raises(ConfigError, match="not signed"):
        parse_roster(msgspec.json.encode(msgspec.json.decode(data)), "roster")
    tree = msgspec.json.decode(data)
    half = {"roster": tree["roster"], "signatures": tree["signatures"][:1]}
    with pytest.raises(ConfigError, match="not signed"):
        parse_roster(msgspec.json.encode(half), "roster")
    for broken in (b"", b"{}", b"[]", b"\xff", data[:-5]):
        with pytest.raises(ConfigError, match="malformed"):
            parse_roster(broken, "roster")


def test_roster_for_the_road_needs_pins_that_fit(tmp_path: Path) -> None:
    made = enrol(CORRIDOR, staging=False)
    made.write(tmp_path)
    path = tmp_path / ROSTER_FILE
    right = {land: next(iter(keys)).hex() for land, keys in made.roster.release_keys.items()}
    assert load_roster(path, right)[0].staging is False
    with pytest.raises(ConfigError, match=r"\[trust\] KZ is missing"):
        load_roster(path, {"KZ": None, "CN": right["CN"]})
    with pytest.raises(ConfigError, match="release key of CN is"):
        load_roster(path, right | {"CN": "00" * 16})


def test_offices_of_both_countries_are_needed() -> None:
    with pytest.raises(ConfigError, match="both sign the roster"):
        enrol(CORRIDOR[1:], staging=True)
    with pytest.raises(ConfigError, match="listed twice"):
        enrol((*CORRIDOR, CORRIDOR[-1]), staging=True)
    with pytest.raises(ConfigError, match="node name 'a/b'"):
        enrol((*CORRIDOR, NodeSpec("a/b", Role.GATE)), staging=True)


# --- program ---


def test_keys_program_makes_shows_and_verifies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = tmp_path / "nodes.toml"
    nodes.write_text(
        "".join(
            f'[[node]]\nname = "{spec.name}"\nrole = "{spec.role.value}"\nsite = "{spec.site}"\n'
            for spec in CORRIDOR[:3]
        )
    )
    folder = str(tmp_path / "keys")
    told = ["init", folder, "--nodes", str(nodes), "--node", "gate-kz:gate:KZ"]
    assert keys_cli.main(told) == 0
    assert "[trust]" in capsys.readouterr().out
    assert keys_cli.main(["show", folder]) == 0
    shown = capsys.readouterr().out
    assert "gate-kz" in shown
    assert "yes, with release key" in shown
    assert load_keys(tmp_path / "keys", "gate-kz").curve_secret.decode() not in shown
    assert keys_cli.main(["roster", folder]) == 0
    assert "signed by both offices" in capsys.readouterr().err
    assert keys_cli.main(["init", folder, "--nodes", str(nodes)]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["--node", "a:captain"], "role 'captain'"),
        ([], "no nodes"),
        (["--nodes", "/nowhere.toml"], "No such file"),
        (["--node", "a:gate"], "offices for nobody"),
    ],
)
def test_keys_program_refuses_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], told: list[str], said: str
) -> None:
    assert keys_cli.main(["init", str(tmp_path / "keys"), *told]) == 2
    assert said in capsys.readouterr().err
