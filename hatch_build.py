"""Build hook: contract/v1/*.proto to Python modules and type stubs, written into the tree.

Runs in every build (wheel, sdist, editable) and by hand: `python hatch_build.py`. It does nothing
when the output already belongs to the present .proto files; that is judged by a digest, not by
file times, because a checkout or an unpacked sdist has no useful times.
Not here: lint and compatibility of the wire format (buf.yaml).
"""

import hashlib
import importlib.metadata
import sys
from pathlib import Path
from typing import Any, Final

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand where only the compiler is installed
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT: Final = Path(__file__).resolve().parent
PROTO_DIR: Final = "contract/v1"
# Generated code refuses a runtime older than its compiler: 1.78 writes code for protobuf >= 6.31.1,
# which is the floor in pyproject.toml. The two move together.
COMPILER_SERIES: Final = "1.78."
OUTPUTS: Final = ("_pb2.py", "_pb2.pyi")
DIGEST_FILE: Final = "generated.sha256"


class ProtoHook(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """The hook hatchling looks for: protos are compiled before files are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each build."""
        print(regenerate(ROOT), file=sys.stderr)


def regenerate(root: Path) -> str:
    """Bring the generated modules up to date; say what was done. Raises if that is impossible."""
    protos = sorted((root / PROTO_DIR).glob("*.proto"))
    wanted = _digest(root, protos)
    missing = _why_no_compiler()
    if _is_fresh(root, protos, wanted):
        return f"protos: {len(protos)} up to date" + (f"; {missing}, no need" if missing else "")
    if missing:
        raise SystemExit(f"protos: {PROTO_DIR} must be compiled, but {missing}")
    _forget(root)
    _compile(root, protos)
    (root / PROTO_DIR / DIGEST_FILE).write_text(wanted + "\n", encoding="ascii")
    return f"protos: {len(protos)} compiled into {PROTO_DIR}"


def _digest(root: Path, protos: list[Path]) -> str:
    """One digest over all that decides the output: names and bytes of protos, and this file."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for proto in protos:
        content = proto.read_bytes()
        digest.update(f"\n{proto.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _is_fresh(root: Path, protos: list[Path], wanted: str) -> bool:
    digest_file = root / PROTO_DIR / DIGEST_FILE
    if not digest_file.is_file() or digest_file.read_text(encoding="ascii").strip() != wanted:
        return False
    return all(proto.with_name(proto.stem + end).is_file() for proto in protos for end in OUTPUTS)


def _why_no_compiler() -> str | None:
    """None if the right compiler is here, else a sentence for the person who builds."""
    try:
        found = importlib.metadata.version("grpcio-tools")
    except importlib.metadata.PackageNotFoundError:
        return f"grpcio-tools=={COMPILER_SERIES}* is not installed"
    if not found.startswith(COMPILER_SERIES):
        return f"grpcio-tools {found} is installed and {COMPILER_SERIES}* is required"
    return None


def _forget(root: Path) -> None:
    """Remove earlier output, digest first: an interrupted run must not be taken for fresh."""
    (root / PROTO_DIR / DIGEST_FILE).unlink(missing_ok=True)
    for end in OUTPUTS:
        for output in (root / PROTO_DIR).glob("*" + end):
            output.unlink()


def _compile(root: Path, protos: list[Path]) -> None:
    if not protos:
        return
    import grpc_tools  # noqa: PLC0415 - absent where the output is already fresh
    from grpc_tools import protoc  # noqa: PLC0415 - same

    well_known = Path(grpc_tools.__file__).parent / "_proto"
    names = [proto.relative_to(root).as_posix() for proto in protos]
    options = [f"-I{root}", f"-I{well_known}", f"--python_out={root}", f"--pyi_out={root}"]
    if protoc.main(["protoc", *options, *names]) != 0:
        raise SystemExit(f"protos: the compiler refused {PROTO_DIR}, see above")


if __name__ == "__main__":
    print(regenerate(ROOT), file=sys.stderr)
