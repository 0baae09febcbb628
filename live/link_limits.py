"""Numbers of the links, each with its reason. Sizes and rates of messages: contract/limits.py."""

from typing import Final

import zmq

from contract.errors import require
from contract.limits import FRAME_BYTES_MAX

POLL_MS_MAX: Final = 20  # longest sleep of a loop: also how long a handshake may wait
RECEIVE_MAX: Final = 256  # messages a loop takes in before it thinks
SEND_HWM: Final = 100
RECEIVE_HWM: Final = 200
ROUTES_REMEMBERED: Final = 4  # connections of one key, newest last
CURVE_BYTES_MAX: Final = 64  # what encryption adds to a frame
OUT_OF_REACH_MS: Final = 2_000  # shorter is a reconnect and nobody's concern
NOTICES_MAX: Final = 256
DOUBLED_AFTER_MS: Final = 2_000  # later than this, an old connection is not just draining
SELF_TEST_MS_MAX: Final = 3_000

HEARTBEAT_MS: Final = 500
HEARTBEAT_TIMEOUT_MS: Final = 1_500  # death of a link; a hung program is noticed by its own silence
HANDSHAKE_MS_MAX: Final = 3_000  # the default of 30 s favours whoever opens and says nothing
RECONNECT_MS: Final = 100
RECONNECT_MS_MAX: Final = 3_000
CONNECT_MS_MAX: Final = 3_000
BACKLOG: Final = 256

SOCKET_OPTIONS: Final = {
    zmq.LINGER: 0,
    zmq.SNDHWM: SEND_HWM,
    zmq.RCVHWM: RECEIVE_HWM,
    zmq.MAXMSGSIZE: FRAME_BYTES_MAX + CURVE_BYTES_MAX,
    zmq.HANDSHAKE_IVL: HANDSHAKE_MS_MAX,
    zmq.HEARTBEAT_IVL: HEARTBEAT_MS,
    zmq.HEARTBEAT_TIMEOUT: HEARTBEAT_TIMEOUT_MS,
    zmq.HEARTBEAT_TTL: HEARTBEAT_TIMEOUT_MS,
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 10,
    zmq.TCP_KEEPALIVE_INTVL: 3,
    zmq.TCP_KEEPALIVE_CNT: 3,
    zmq.TCP_MAXRT: 10_000,
    zmq.RECONNECT_IVL: RECONNECT_MS,
    zmq.RECONNECT_IVL_MAX: RECONNECT_MS_MAX,
    zmq.CONNECT_TIMEOUT: CONNECT_MS_MAX,
}
ROUTER_OPTIONS: Final = {
    zmq.ROUTER_MANDATORY: 1,
    zmq.ROUTER_HANDOVER: 0,
    zmq.BACKLOG: BACKLOG,
}
DEALER_OPTIONS: Final = {
    zmq.IMMEDIATE: 1,  # nothing is queued for a peer that is not there
    zmq.PROBE_ROUTER: 0,
}

require(HEARTBEAT_MS * 3 <= HEARTBEAT_TIMEOUT_MS, "a link is dead when several beats are missing")
require(RECONNECT_MS < RECONNECT_MS_MAX, "reconnecting backs off")
