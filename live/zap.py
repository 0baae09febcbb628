"""The doorkeeper: which CURVE keys get in, asked by libzmq at every handshake (ZeroMQ RFC 27).

It answers on the thread of the control loop, whenever the link polls, so there is no second thread
that could die unseen. The answer's User-Id is the key itself: whoever reads a frame later looks up
again whose key that is now, because a session outlives the handshake that admitted it.
Not here: who the keys belong to (live/roster.py).
"""

from collections.abc import Callable
from typing import Final

import zmq
from zmq.utils import z85

ENDPOINT: Final = "inproc://zeromq.zap.01"
DOMAIN: Final = b"convoy"
_VERSION: Final = b"1.0"
_REQUEST_PARTS: Final = 7
STRANGERS_MAX: Final = 32


class Doorkeeper:
    """Answers handshakes of one context. Make it before the first listening socket."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", admits: Callable[[bytes], bool]):
        self._admits = admits
        self.strangers: list[tuple[str, str]] = []
        self.socket = context.socket(zmq.REP)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(ENDPOINT)

    def answer_all(self) -> None:
        """Answer every handshake that waits."""
        while True:
            try:
                request = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self.socket.send_multipart(self._judged(request))

    def _judged(self, request: list[bytes]) -> list[bytes]:
        request_id = request[1] if len(request) > 1 else b""
        if len(request) != _REQUEST_PARTS or request[0] != _VERSION:
            return [_VERSION, request_id, b"400", b"not a CURVE handshake", b"", b""]
        _, _, domain, address, _, mechanism, raw_key = request
        if domain == DOMAIN and mechanism == b"CURVE" and len(raw_key) == 32:
            key = z85.encode(raw_key)
            if self._admits(key):
                return [_VERSION, request_id, b"200", b"OK", key, b""]
            self._note(address, key.decode())
        return [_VERSION, request_id, b"400", b"unknown key", b"", b""]

    def _note(self, address: bytes, key: str) -> None:
        if len(self.strangers) < STRANGERS_MAX:
            self.strangers.append((address.decode("ascii", "replace"), key))

    def close(self) -> None:
        """Stop answering; nobody gets in any more."""
        self.socket.close(0)


def guard_server(socket: "zmq.Socket[bytes]", secret: bytes, public: bytes) -> None:
    """Make a listening socket speak CURVE only, and ask the doorkeeper or refuse."""
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
    socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def guard_client(
    socket: "zmq.Socket[bytes]", secret: bytes, public: bytes, server_public: bytes
) -> None:
    """Make a connecting socket speak CURVE to exactly this server key."""
    socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
    socket.setsockopt(zmq.CURVE_SERVERKEY, server_public)
