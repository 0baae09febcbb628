"""Keys: one folder a node, and what has to be true of a key before anything is trusted to it.

    DIR/NAME/node.key      Ed25519 seed and CURVE25519 secret of one program       0600, in 0700
    DIR/NAME/release.key   Ed25519 seed that signs releases; customs offices only  0600
    DIR/roster.json        public keys of all, signed by both offices (live/roster.py)

A program reads its own folder and the roster, so a machine carries no secret but its own. Files
that others can read, that belong to somebody else or that are links are refused.
Not here: who is who (live/roster.py), ceremonies and hardware tokens.
"""

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import msgspec
import zmq
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_scalarmult
from nacl.signing import SigningKey
from zmq.utils import z85

from contract.agent import Role
from contract.errors import ConfigError
from contract.signing import Signer

FORMAT: Final = 1
KEY_FILE: Final = "node.key"
RELEASE_FILE: Final = "release.key"
KEY_BYTES_MAX: Final = 4_096
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FIELD_PRIME: Final = 2**255 - 19
FileT = TypeVar("FileT", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node to be enrolled. `site` is KZ or CN for an office, free text for others."""

    name: str
    role: Role
    site: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class NodeKeys:
    """The secrets of one node. CURVE keys are Z85 text, as ZeroMQ takes them."""

    name: str
    signer: Signer
    release_signer: Signer | None
    curve_secret: bytes
    curve_public: bytes

    def __repr__(self) -> str:
        return f"NodeKeys({self.name!r}, secret)"


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    format_version: int
    name: str
    ed25519_seed: str
    curve_secret: str


class _ReleaseFile(msgspec.Struct, forbid_unknown_fields=True):
    format_version: int
    name: str
    country: str
    ed25519_seed: str


# --- making ---


def make_keys(spec: NodeSpec, seed: bytes | None = None) -> NodeKeys:
    """Fresh keys of one node: random, or - for staging and tests only - drawn from `seed`."""

    def secret(purpose: str) -> bytes:
        if seed is None:
            return secrets.token_bytes(32)
        return hashlib.blake2b(
            f"{purpose}/{spec.name}".encode(), key=hashlib.sha256(seed).digest(), digest_size=32
        ).digest()

    curve_secret = z85.encode(secret("curve"))
    is_office = spec.role is Role.OFFICE
    return NodeKeys(
        name=spec.name,
        signer=Signer.from_seed(secret("ed25519")),
        release_signer=Signer.from_seed(secret("release")) if is_office else None,
        curve_secret=curve_secret,
        curve_public=zmq.curve_public(curve_secret),
    )


def write_keys(folder: Path, spec: NodeSpec, keys: NodeKeys) -> None:
    """Write one node's folder. Raises ConfigError if it is there already."""
    try:
        (folder / spec.name).mkdir(mode=0o700)
    except FileExistsError:
        raise ConfigError(f"{folder / spec.name} is there already; keys are not replaced") from None
    content = _KeyFile(FORMAT, spec.name, _seed(keys.signer), keys.curve_secret.decode())
    _write_secret(folder / spec.name / KEY_FILE, content)
    if keys.release_signer is not None:
        release = _ReleaseFile(FORMAT, spec.name, spec.site, _seed(keys.release_signer))
        _write_secret(folder / spec.name / RELEASE_FILE, release)


def _seed(signer: Signer) -> str:
    return bytes(signer.key).hex()


def _write_secret(path: Path, content: msgspec.Struct) -> None:
    data = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


# --- reading ---


def load_keys(folder: Path, name: str) -> NodeKeys:
    """The keys of `name` from `folder`/`name`. Raises ConfigError saying what to do about it."""
    if not NAME.fullmatch(name):
        raise ConfigError(f"node name {name!r}: expected letters, digits, '.', '_' and '-'")
    home = folder / name
    _check_folder(home)
    key_file = _read(home / KEY_FILE, _KeyFile)
    _check_owner_name(home / KEY_FILE, key_file.name, name)
    curve_secret = key_file.curve_secret.encode()
    try:
        curve_public = zmq.curve_public(curve_secret)
    except (zmq.ZMQError, ValueError):
        _refuse(home / KEY_FILE, "curve_secret is not Z85 text of 32 bytes")
    release = None
    if (home / RELEASE_FILE).exists() or (home / RELEASE_FILE).is_symlink():
        content = _read(home / RELEASE_FILE, _ReleaseFile)
        _check_owner_name(home / RELEASE_FILE, content.name, name)
        release = _signer(home / RELEASE_FILE, content.ed25519_seed)
    signer = _signer(home / KEY_FILE, key_file.ed25519_seed)
    return NodeKeys(name, signer, release, curve_secret, curve_public)


def _check_owner_name(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        _refuse(path, f"it belongs to {found!r}, not to {wanted!r}")


def _signer(path: Path, seed: str) -> Signer:
    if not re.fullmatch(r"[0-9a-f]{64}", seed):
        _refuse(path, "ed25519_seed is not 32 bytes in hexadecimal")
    return Signer.from_seed(bytes.fromhex(seed))


def _check_folder(path: Path) -> None:
    try:
        found = path.lstat()
    except OSError as fault:
        _refuse(path, f"{fault.strerror}; expected a key folder made by `convoy-keys init`")
    if not stat.S_ISDIR(found.st_mode):
        _refuse(path, "it is not a folder of its own (a link?)")
    _check_access(path, found, 0o700)


def _check_access(path: Path, found: os.stat_result, mode: int) -> None:
    if found.st_uid != os.geteuid():
        text = f"it belongs to user {found.st_uid}, this program runs as user {os.geteuid()}"
        _refuse(path, f"{text}; expected the same, run `chown {os.geteuid()} {path}`")
    if found.st_mode & 0o077:
        _refuse(
            path,
            f"its mode is {stat.S_IMODE(found.st_mode):04o}, others can reach it; expected"
            f" {mode:04o}: run `chmod {mode:o} {path}`, and make new keys if others may have read"
            " it",
        )


def _read(path: Path, kind: type[FileT]) -> FileT:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as fault:
        is_link = path.is_symlink()
        what = "it is a symbolic link; expected a file" if is_link else str(fault.strerror)
        _refuse(path, what)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            _refuse(path, "it is no regular file")
        _check_access(path, found, 0o600)
        data = file.read(KEY_BYTES_MAX)
    try:
        content = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        _refuse(path, f"malformed: {fault}; expected a file written by `convoy-keys init`")
    if getattr(content, "format_version", None) != FORMAT:
        _refuse(path, f"its format is not {FORMAT}")
    return content


def _refuse(path: Path, what: str) -> NoReturn:
    raise ConfigError(f"key {path}: {what}")


# --- judging public keys at enrolment ---


def ed25519_fault(public_key: bytes) -> str | None:
    """Why these bytes may not be enrolled as an Ed25519 key; None if they may."""
    if len(public_key) != 32:
        return f"an Ed25519 key has 32 bytes, not {len(public_key)}"
    if not crypto_core_ed25519_is_valid_point(public_key):
        return "it is no Ed25519 key in canonical form, or one of small order"
    return None


def curve_fault(public_key: bytes) -> str | None:
    """Why this Z85 text may not be enrolled as a CURVE key; None if it may."""
    try:
        raw = z85.decode(public_key)
    except (ValueError, KeyError, ArithmeticError):
        return "it is not Z85 text"
    if len(raw) != 32:
        return f"a CURVE key has 32 bytes, not {len(raw)}"
    if int.from_bytes(raw, "little") >= _FIELD_PRIME:
        return "it is no CURVE key in canonical form"
    try:
        crypto_scalarmult(bytes(SigningKey(bytes(32)).to_curve25519_private_key()), raw)
    except RuntimeError:
        return "it is a CURVE key of small order"
    return None


def first_double(keys: Iterable[tuple[str, bytes]]) -> str | None:
    """A sentence about the first key that two places share; None if all differ."""
    seen: dict[bytes, str] = {}
    for place, key in keys:
        if key in seen:
            return f"{place} and {seen[key]} are the same key"
        seen[key] = place
    return None
