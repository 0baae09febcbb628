"""A word to the service manager: ready, alive, stopping. Silent where there is none."""

import os
import socket


class ServiceManager:
    """The datagram socket that systemd names in the environment (sd_notify(3))."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        wanted = os.environ.get("WATCHDOG_USEC", "")
        self.watchdog_ns = int(wanted) * 1_000 if wanted.isdigit() else None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def say(self, *words: str) -> bool:
        """Send e.g. `READY=1`, `STATUS=...`; False if nobody listens."""
        if not self._address:
            return False
        try:
            self._socket.sendto("\n".join(words).encode(), self._address)
        except OSError:
            return False  # the manager is gone or busy; its watchdog decides
        return True

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()
