# SPDX-License-Identifier: Apache-2.0
"""Qdrant's REST API for whoever measures: over the socket of a home's own engine, or to a server at
a URL, over one connection that is kept alive. The standard library is all that is needed."""

import http.client
import json
import socket
import urllib.parse

TIMEOUT_SECONDS = 60


class EngineError(Exception):
    """A request that was refused; `status` is HTTP's."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """`where` is a socket or a URL."""

    def __init__(self, where, key=None):
        parts = urllib.parse.urlsplit(where)
        self.folder, self.headers = "", {"api-key": key} if key else {}
        if parts.scheme not in ("http", "https"):
            self.connection = UnixConnection(where)
            return
        kind = http.client.HTTPSConnection if parts.scheme == "https" else \
            http.client.HTTPConnection
        self.connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
        self.folder = parts.path.rstrip("/")

    def ask(self, method, path, body=None):
        """The result of an answer."""
        text = None if body is None else json.dumps(body, separators=(",", ":"))
        self.connection.request(method, self.folder + path, text,
                                {**self.headers, "content-type": "application/json"})
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise EngineError(answer.status, f"{method} {path}: HTTP {answer.status}: "
                                             f"{said[:500].decode(errors='replace')}")
        return json.loads(said)["result"]

    def drop(self, collection):
        """Removes a collection that may be gone already."""
        try:
            self.ask("DELETE", f"/collections/{collection}")
        except EngineError as error:
            if error.status != 404:
                raise

    def end(self):
        self.connection.close()
