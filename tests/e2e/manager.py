# SPDX-License-Identifier: Apache-2.0
"""A service manager for the tests, as systemd is one: it listens to what a service tells it."""

import contextlib
import socket
import time

from conftest import wait_until


class Manager:
    """A service manager: what a service tells it, each datagram a dictionary with its time."""

    def __init__(self, address):
        self.address, self.heard = address, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.env = {"NOTIFY_SOCKET": address}

    def hear(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = self.socket.recv(4096).decode().splitlines()
                self.heard.append({"at": time.monotonic(),
                                   **dict(line.split("=", 1) for line in lines)})
        return self.heard

    def told(self, name, value="1"):
        """Those that say so, up to now."""
        return [each for each in self.hear() if each.get(name, "").startswith(value)]

    def until(self, name, value="1"):
        return wait_until(lambda: self.told(name, value))
