"""Signatures: a verdict is that of these very bytes, whoever asked before."""

import pytest

from contract.signing import Signer, verify

SIGNER = Signer.from_seed(bytes(32))
OTHER = Signer.from_seed(bytes([1]) * 32)
KIND, PAYLOAD = "contract.v1.Release", b"a release"
MADE = SIGNER.sign(KIND, PAYLOAD).signature
KEY = SIGNER.public_key


def test_verdict_that_is_asked_again_is_the_same() -> None:
    assert [verify(KEY, KIND, PAYLOAD, MADE) for _ in range(3)] == [True] * 3
    assert [verify(KEY, KIND, PAYLOAD, bytes(64)) for _ in range(3)] == [False] * 3


@pytest.mark.parametrize(
    ("key", "kind", "payload", "made"),
    [
        (OTHER.public_key, KIND, PAYLOAD, MADE),
        (KEY, KIND + "d", PAYLOAD, MADE),
        (KEY, KIND, PAYLOAD + b".", MADE),
        (KEY, KIND, PAYLOAD, MADE[:-1] + bytes([MADE[-1] ^ 1])),
        (KEY, KIND, PAYLOAD, MADE[:-1]),
        (KEY[:-1], KIND, PAYLOAD, MADE),
        (b"", KIND, PAYLOAD, MADE),
    ],
)
def test_good_verdict_serves_no_other_key_type_payload_or_signature(
    key: bytes, kind: str, payload: bytes, made: bytes
) -> None:
    assert verify(KEY, KIND, PAYLOAD, MADE)
    assert not verify(key, kind, payload, made)
    assert verify(KEY, KIND, PAYLOAD, MADE)
