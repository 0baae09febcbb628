"""The project builds what it promises: a whole wheel, programs that exist, protos compiled once."""

import importlib
import inspect
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

import hatch_build

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final[dict[str, Any]] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)
PACKAGES: Final[list[str]] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
SCRIPTS: Final[dict[str, str]] = PROJECT["project"]["scripts"]
DATA: Final = ("*.geojson", "*.html", "*.proto", "*.sql", "*.toml")
BUILD: Final = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tree that has no generated code yet."""
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        generated = shutil.ignore_patterns("*_pb2.py*", "generated.sha256", "__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=generated)
    for file in (
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
        "NOTICE",
        ".gitignore",
    ):
        shutil.copy(ROOT / file, folder)
    subprocess.run([*BUILD, str(folder / "dist")], cwd=folder, check=True, capture_output=True)
    (built,) = (folder / "dist").glob("*.whl")
    return built


def test_wheel_carries_all_modules_and_data(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for pattern in ("*.py", "*.pyi", *DATA)
        for path in (ROOT / package).rglob(pattern)
    }
    assert {path.suffix for path in map(Path, wanted)} >= {".py", ".pyi", ".proto", ".geojson"}
    assert wanted - carried == set()


def test_wheel_carries_nothing_but_the_packages(wheel: Path) -> None:
    roots = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {root for root in roots if not root.endswith(".dist-info")} == set(PACKAGES)


def test_protos_of_the_wheel_can_be_imported(wheel: Path) -> None:
    """From the wheel and not from the tree: an editable install must not hide a missing file."""
    modules = [f"contract.v1.{proto.stem}_pb2" for proto in (ROOT / "contract/v1").glob("*.proto")]
    program = (
        f"import sys, importlib; sys.path.insert(0, {str(wheel)!r})\n"
        f"for name in {modules!r}:\n"
        "    print(importlib.import_module(name).__file__)\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    ran = subprocess.run(command, cwd=wheel.parent, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert [line.startswith(str(wheel)) for line in ran.stdout.splitlines()] == [True] * len(
        modules
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_program_has_a_main(script: str) -> None:
    module, _, name = SCRIPTS[script].partition(":")
    main = getattr(importlib.import_module(module), name)
    (argv,) = inspect.signature(main).parameters.values()
    assert argv.name == "argv"
    assert argv.default is None


def test_compiler_is_pinned_alike_everywhere() -> None:
    """Code of a newer compiler refuses the runtime that our floor allows."""
    pin = f"grpcio-tools=={hatch_build.COMPILER_SERIES}*"
    assert pin in PROJECT["build-system"]["requires"]
    assert pin in PROJECT["project"]["optional-dependencies"]["test"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one proto, not yet compiled."""
    folder = tmp_path / hatch_build.PROTO_DIR
    folder.mkdir(parents=True)
    write_proto(tmp_path, "bay", "message Bay { string id = 1; }")
    return tmp_path


def write_proto(root: Path, name: str, body: str) -> None:
    text = f'syntax = "proto3";\npackage contract.v1;\n{body}\n'
    (root / hatch_build.PROTO_DIR / f"{name}.proto").write_text(text, encoding="utf-8")


def generated(root: Path) -> set[str]:
    return {path.name for path in (root / hatch_build.PROTO_DIR).glob("*_pb2.py*")}


def test_protos_are_compiled_once(tree: Path) -> None:
    assert "compiled" in hatch_build.regenerate(tree)
    assert generated(tree) == {"bay_pb2.py", "bay_pb2.pyi"}
    assert "up to date" in hatch_build.regenerate(tree)


def test_changed_proto_is_compiled_again(tree: Path) -> None:
    hatch_build.regenerate(tree)
    write_proto(tree, "bay", "message Bay { string name = 1; }")
    assert "compiled" in hatch_build.regenerate(tree)


def test_output_of_removed_proto_is_removed(tree: Path) -> None:
    write_proto(tree, "zone", "message Zone { string id = 1; }")
    hatch_build.regenerate(tree)
    (tree / hatch_build.PROTO_DIR / "zone.proto").unlink()
    hatch_build.regenerate(tree)
    assert generated(tree) == {"bay_pb2.py", "bay_pb2.pyi"}


def test_lost_output_is_compiled_again(tree: Path) -> None:
    hatch_build.regenerate(tree)
    (tree / hatch_build.PROTO_DIR / "bay_pb2.pyi").unlink()
    assert "compiled" in hatch_build.regenerate(tree)


def test_broken_proto_is_refused_every_time(tree: Path) -> None:
    write_proto(tree, "zone", "message Zone {")
    for _ in range(2):
        with pytest.raises(SystemExit, match="refused"):
            hatch_build.regenerate(tree)


def test_wrong_compiler_is_refused_unless_not_needed(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hatch_build, "COMPILER_SERIES", "0.1.")
    with pytest.raises(SystemExit, match=r"0\.1\.\* is required"):
        hatch_build.regenerate(tree)
    monkeypatch.undo()
    hatch_build.regenerate(tree)
    monkeypatch.setattr(hatch_build, "COMPILER_SERIES", "0.1.")
    assert "no need" in hatch_build.regenerate(tree)
