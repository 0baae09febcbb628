"""Configuration errors say file, key, value and what was expected."""

from pathlib import Path

import pytest
from msgspec import Struct

from contract.errors import ConfigError
from live.config import ProgramConfig, config_digest, load, parse
from live.resources import map_bytes, packaged_maps

NODE = '[node]\nname = "gate-kz"\nkeys = "k"\nroster = "r"\njournal = "j"\n'


class Barrier(Struct, forbid_unknown_fields=True, frozen=True):
    move_ms: int
    names: tuple[str, ...] = ()


class GateConfig(ProgramConfig, frozen=True, kw_only=True):
    """As a program extends the common sections."""

    barrier: Barrier | None = None
    bays: tuple[Barrier, ...] = ()


def read(text: str) -> GateConfig:
    return parse(text.encode(), GateConfig, "gate.toml")


def test_sections_have_defaults_and_programs_add_their_own() -> None:
    config = read(NODE + "[barrier]\nmove_ms = 3000\n[peers]\nsupervisor = 'tcp://10.0.0.1:5'\n")
    assert config.map.file == "bakhty_pokitu"
    assert config.clock.rate == 1.0
    assert config.barrier == Barrier(3000)
    assert config.peers == {"supervisor": "tcp://10.0.0.1:5"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "gate.toml: node: missing"),
        ("[node]\nname = 'a'\n", "gate.toml: node.keys: missing"),
        (NODE + "[lisen]\n", "gate.toml: lisen: unknown key; did you mean listen?"),
        (NODE + "[clock]\nrte = 2\n", "clock.rte: unknown key; did you mean clock.rate?"),
        (NODE + "[clock]\nzzzz = 2\n", "clock.zzzz: unknown key; known here: origin_mono_ns,"),
        (NODE + "[clock]\nrate = 'fast'\n", "clock.rate = 'fast': expected `float`, got `str`"),
        (NODE + "[clock]\nrate = 0\n", "clock.rate = 0: expected `float` > 0"),
        (
            NODE + "[barrier]\nmov_ms = 1\n",
            "barrier.mov_ms: unknown key; did you mean barrier.move",
        ),
        (
            NODE + "[barrier]\nmove_ms = 1\nnames = ['a', 2]\n",
            "barrier.names[1] = 2: expected `str`",
        ),
        (NODE + "[[bays]]\nmove_ms = 1\n[[bays]]\nmov = 1\n", "bays[1].mov: unknown key; did you"),
        (NODE + "[log]\nform = 'xml'\n", "log.form = 'xml': invalid enum value 'xml'"),
        (NODE.replace("gate-kz", "gate kz"), "node.name = 'gate kz': expected a name: letters"),
        (NODE + "[peers]\n'a b' = 'x'\n", "expected a name: letters"),
        ("a = \n", "gate.toml: not TOML: Invalid value (at line 1"),
    ],
)
def test_error_names_the_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("gate.toml: ")


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml", GateConfig)
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    with pytest.raises(ConfigError, match="byte 2 is not UTF-8"):
        load(tmp_path / "latin.toml", GateConfig)
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path, GateConfig)


def test_digest_changes_with_every_byte() -> None:
    assert len(config_digest(b"a")) == 32
    assert config_digest(b"a = 1") != config_digest(b"a = 2")


def test_packaged_maps_are_found_and_others_named(tmp_path: Path) -> None:
    assert "bakhty_pokitu" in packaged_maps()
    assert map_bytes("bakhty_pokitu").lstrip().startswith(b"{")
    with pytest.raises(ConfigError, match=r"no such map is installed .*bakhty_pokitu"):
        map_bytes("dostyk")
    with pytest.raises(ConfigError, match="No such file"):
        map_bytes(str(tmp_path / "a.geojson"))
