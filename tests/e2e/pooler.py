# SPDX-License-Identifier: Apache-2.0
"""A pooler in transaction mode, as strict as one may be: each transaction of a client goes to the
next of its sessions at the server, nothing that a session keeps is kept apart, and a client's
start may name nothing but what PgBouncer keeps apart.

    with Pooler(socket_folder, sessions=2) as pooler:
        ... "postgresql://grove@127.0.0.1:{pooler.port}/grove" ...
        pooler.ask("SHOW search_path")      # what each session says, when nobody uses them
"""

import socket
import struct
import threading

KEPT_APART = {"user", "database", "client_encoding", "datestyle", "timezone", "application_name",
              "standard_conforming_strings"}
SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def startup(parameters):
    body = struct.pack("!i", 196608) + b"".join(
        part.encode() + b"\0" for pair in parameters.items() for part in pair) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


class Stream:
    """Whole messages of one socket."""

    def __init__(self, sock):
        self.sock, self.file = sock, sock.makefile("rb")

    def exactly(self, count):
        data = self.file.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def read(self):
        head = self.exactly(5)
        return head[:1], self.exactly(struct.unpack("!i", head[1:])[0] - 4)

    def send(self, data):
        self.sock.sendall(data)


class Session(Stream):
    """One at the server."""

    def __init__(self, folder, database):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(f"{folder}/.s.PGSQL.5432")
        super().__init__(sock)
        self.greeting = []
        self.lock = threading.Lock()
        self.send(startup({"user": "grove", "database": database, "client_encoding": "UTF8"}))
        while (got := self.read())[0] != b"Z":
            if got[0] == b"S":
                self.greeting.append(got)

    def ask(self, sql):
        """The first column of all rows."""
        rows = []
        self.send(message(b"Q", sql.encode() + b"\0"))
        while (got := self.read())[0] != b"Z":
            if got[0] == b"D":
                length = struct.unpack("!i", got[1][2:6])[0]
                rows.append(got[1][6:6 + length].decode())
        return rows


class Pooler:
    def __init__(self, folder, sessions=2, database="grove"):
        self.folder, self.database = folder, database
        self.sessions = [Session(folder, database) for _ in range(sessions)]
        self.turn = 0
        self.transactions = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"postgresql://grove@127.0.0.1:{self.port}/{database}"
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for session in self.sessions:
            session.sock.close()

    def ask(self, sql):
        return [session.ask(sql) for session in self.sessions]

    def renew(self):
        """Other sessions in place of those there are, between transactions: as a pooler does whose
        sessions may grow only so old."""
        with self.lock:
            for number, session in enumerate(self.sessions):
                with session.lock:
                    session.send(message(b"X"))
                    session.file.close()
                    session.sock.close()
                    self.sessions[number] = Session(self.folder, self.database)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Stream(client),), daemon=True).start()

    def greet(self, client):
        """True where the client may go on."""
        while True:
            length, code = struct.unpack("!ii", client.exactly(8))
            body = client.exactly(length - 8)
            if code not in (SSL_REQUEST, GSS_REQUEST):
                break
            client.send(b"N")
        if code == CANCEL_REQUEST:
            return False
        names = body.split(b"\0")[:-2:2]
        strange = [name.decode() for name in names if name.decode().lower() not in KEPT_APART]
        if strange:
            client.send(message(b"E", b"SFATAL\0C08P01\0Munsupported startup parameter: "
                                + strange[0].encode() + b"\0\0"))
            return False
        client.send(message(b"R", bytes(4)))
        for kind, status in self.sessions[0].greeting:
            client.send(message(kind, status))
        client.send(message(b"K", struct.pack("!ii", 1, 2)))  # no process of the server
        client.send(message(b"Z", b"I"))
        return True

    def next_session(self):
        with self.lock:
            self.turn += 1
            self.transactions += 1
            session = self.sessions[self.turn % len(self.sessions)]
        session.lock.acquire()
        return session

    def serve(self, client):
        session = None
        try:
            if not self.greet(client):
                return
            while True:
                session, status = self.next_session_for(client.read()), b"T"
                while status != b"I":
                    status = self.forward(client, session)
                session.lock.release()
                session = None
        except (EOFError, OSError):
            pass
        finally:
            if session:
                session.send(message(b"Q", b"ROLLBACK\0"))
                while session.read()[0] != b"Z":
                    pass
                session.lock.release()
            client.sock.close()

    def next_session_for(self, first):
        """A session that was told a client's first message."""
        if first[0] == b"X":
            raise EOFError
        session = self.next_session()
        session.first = first
        return session

    def forward(self, client, session):
        """Messages up to one that the server answers with its state, and that answer."""
        while True:
            kind, body = session.first or client.read()
            session.first = None
            if kind == b"X":
                raise EOFError
            session.send(message(kind, body))
            if kind in b"QS":
                break
        answer = []
        while not answer or answer[-1][0] != b"Z":
            answer.append(session.read())
        client.send(b"".join(message(*part) for part in answer))
        return answer[-1][1]
