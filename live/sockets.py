"""Making ZeroMQ sockets: every option before bind or connect, and failures in words."""

import errno
from collections.abc import Mapping
from typing import Final

import zmq

from contract.errors import ConfigError
from live.link_limits import DEALER_OPTIONS, ROUTER_OPTIONS, SOCKET_OPTIONS

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]

_WHY: Final = {
    errno.EADDRINUSE: "another process listens there; stop it or choose another port",
    errno.EADDRNOTAVAIL: "no interface of this machine has this address",
    errno.EACCES: "this user may not; ports below 1024 need a privilege",
    errno.ENODEV: "no interface of this machine has this address",
    errno.ENOENT: "its folder does not exist",
    errno.EINVAL: "ZeroMQ cannot read it; expected tcp://IP:PORT or ipc://PATH",
}


def router(context: Context) -> Socket:
    """A listening socket, not bound yet."""
    return _made(context, zmq.ROUTER, SOCKET_OPTIONS | ROUTER_OPTIONS)


def dealer(context: Context) -> Socket:
    """A connecting socket, not connected yet."""
    return _made(context, zmq.DEALER, SOCKET_OPTIONS | DEALER_OPTIONS)


def _made(context: Context, kind: int, options: Mapping[zmq.SocketOption, int]) -> Socket:
    socket = context.socket(kind)
    for option, value in options.items():
        socket.setsockopt(option, value)
    socket.setsockopt(zmq.IPV6, 1)
    return socket


def bind(socket: Socket, address: str, where: str) -> str:
    """Listen; the address with the real port. Raises ConfigError naming `where` it was given."""
    try:
        socket.bind(address)
    except zmq.ZMQError as fault:
        why = _WHY.get(fault.errno or 0, str(fault))
        raise ConfigError(f"{where} = {address!r}: cannot listen: {why}") from None
    return socket.get_string(zmq.LAST_ENDPOINT).rstrip("\0")


def connect(socket: Socket, address: str, where: str) -> None:
    """Start connecting, now and for ever. Raises ConfigError if the address cannot be one."""
    try:
        socket.connect(address)
    except zmq.ZMQError as fault:
        why = _WHY.get(fault.errno or 0, str(fault))
        raise ConfigError(f"{where} = {address!r}: cannot connect: {why}") from None
