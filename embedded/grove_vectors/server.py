# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on a Unix socket: one loop for all connections, and a thread for the writes.

The loop reads requests, answers short reads itself (another thread would cost more than they
take), and hands writes to their thread. Long reads are generators: whenever nobody waits, the loop
works on a piece of one of them, in turn, so that a short read waits for a piece at most. (In a
thread of their own they would hold the interpreter just as long, and hand it over later.) One
request of a connection is worked on at a time; pipelined ones wait in its buffer.
"""
import collections
import json
import queue
import select
import socket
import threading
import time

from . import routes
from .errors import ApiError

HEAD_BYTES_MAX = 16 << 10
BODY_BYTES_MAX = 64 << 20
HELD_BYTES_MAX = 256 << 20  # of all bodies together
CONNECTIONS_MAX = 256
LONG_READS_MAX = 4  # worked on in turn; more wait
LONG_READS_SHARE = 0.4  # of the time that short ones take, at least
STUCK_S = 30.0  # without progress in the middle of a request or an answer
IDLE_S = 600.0
GRACE_S = 5.0  # for requests under way when the server is told to stop
BUSY_S = 0.05  # after a short read more are expected
COMPLAINT_S = 1.0  # between two lines of the log about requests that failed
READ_BYTES = 256 << 10

_reasons = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
            408: "Request Timeout", 409: "Conflict", 411: "Length Required",
            413: "Payload Too Large", 422: "Unprocessable Entity",
            431: "Request Header Fields Too Large", 500: "Internal Server Error",
            503: "Service Unavailable", 505: "HTTP Version Not Supported",
            507: "Insufficient Storage"}


class Head:
    """The parsed first part of a request."""
    __slots__ = ("method", "target", "length", "keep_alive", "expects")

    def __init__(self, raw: bytes):
        lines = raw.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[1].startswith("/"):
            raise ApiError(400, "malformed request line")
        self.method, self.target, version = parts
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise ApiError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        self.keep_alive = version == "HTTP/1.1"
        self.expects = False
        length = None
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name[-1] in " \t":
                raise ApiError(400, "malformed header")
            name = name.lower()
            if name == "content-length":
                value = value.strip()
                if not (value.isascii() and value.isdigit()) or length not in (None, value):
                    raise ApiError(400, "malformed content-length")
                length = value
            elif name == "connection":
                value = value.lower()
                self.keep_alive = "close" not in value and \
                    (self.keep_alive or "keep-alive" in value)
            elif name == "transfer-encoding":
                raise ApiError(411, "give a content-length, no transfer-encoding")
            elif name == "expect":
                self.expects = value.strip().lower() == "100-continue"
        if length is not None and len(length) > 12:
            raise ApiError(413, "the body is too large")
        self.length = int(length or 0)


class Connection:
    __slots__ = ("socket", "inbox", "head", "outbox", "busy", "closing", "moved", "mask", "held")

    def __init__(self, connected: socket.socket):
        self.socket = connected
        self.inbox = bytearray()
        self.head = None       # of the request whose body is awaited, or which is worked on
        self.outbox = b""      # what could not be sent yet
        self.busy = False      # its request is a write or a long read, not yet answered
        self.closing = False   # after what is in the outbox
        self.moved = time.monotonic()
        self.mask = select.EPOLLIN
        self.held = 0

    @property
    def idle(self) -> bool:
        return not (self.busy or self.outbox or self.inbox or self.head)


class LongRead:
    __slots__ = ("connection", "work", "began", "started")

    def __init__(self, connection: Connection, work, began: float):
        self.connection, self.work, self.began = connection, work, began
        self.started = False

    def step(self, busy: bool):
        """Works on the next piece. None, or the answer when that was the last."""
        try:
            self.work.send(busy if self.started else None)
            self.started = True
            return None
        except StopIteration as stop:
            value = stop.value
            return routes.answer(lambda: value, self._seconds)
        except BaseException as error:
            failure = error

        def fail():
            raise failure
        return routes.answer(fail, self._seconds)

    def _seconds(self) -> float:
        return time.perf_counter() - self.began


class Writes(threading.Thread):
    """Works on requests that write, one after another."""

    def __init__(self, done):
        super().__init__(name="writes", daemon=True)
        self.jobs = queue.SimpleQueue()
        self._done = done

    def run(self) -> None:
        while True:
            connection, work, began = self.jobs.get()
            result = routes.answer(work, lambda: time.perf_counter() - began)
            self._done(connection, result)
            del connection, work, result  # not until the next job: they may be large


class Server:
    def __init__(self, listener: socket.socket, stop: socket.socket, catalogue, version: str, log):
        """A byte on `stop` ends run()."""
        self._listener, self._stop, self._log = listener, stop, log
        self._complained_at, self._unsaid = float("-inf"), 0
        self._catalogue, self._version = catalogue, version
        self._connections = {}
        self._held = 0
        self._poll = select.epoll()
        self._wake_in, self._wake_out = socket.socketpair()
        for one in (listener, stop, self._wake_in, self._wake_out):
            one.setblocking(False)
        for one in (listener, stop, self._wake_in):
            self._poll.register(one, select.EPOLLIN)
        self._done = collections.deque()
        self._writes = Writes(self._finished)
        self._long_reads = collections.deque()
        self._short_at = float("-inf")  # when the last short read came in

    # --- the loop -----------------------------------------------------------------------------

    def run(self) -> None:
        self._writes.start()
        deadline, swept = None, time.monotonic()
        while True:
            pause = 0 if self._long_reads else 1.0 if deadline is None else 0.05
            ready = self._poll.poll(pause)
            began = time.perf_counter()
            for fd, events in ready:
                connection = self._connections.get(fd)
                if connection is not None:
                    self._on_event(connection, events)
                elif fd == self._listener.fileno():
                    self._accept()
                elif fd == self._wake_in.fileno():
                    self._collect()
                elif fd == self._stop.fileno() and deadline is None:
                    deadline = time.monotonic() + GRACE_S
                    self._stop_listening()
            self._work_on_long_reads((time.perf_counter() - began) * LONG_READS_SHARE)
            now = time.monotonic()
            if now - swept >= 1.0:
                swept = now
                self._sweep(now)
            if deadline is not None:
                for connection in [c for c in self._connections.values() if c.idle]:
                    self._close(connection)
                if not self._connections or now >= deadline:
                    return

    def _work_on_long_reads(self, time_s: float) -> None:
        """A piece, or more of them where short reads took long: these must not starve them."""
        until = time.perf_counter() + time_s
        self._work_on_a_long_read()
        while self._long_reads and time.perf_counter() < until:
            self._work_on_a_long_read()

    def _work_on_a_long_read(self) -> None:
        reads = self._long_reads
        while reads and reads[0].connection.socket.fileno() < 0:
            reads.popleft().work.close()  # nobody waits for the answer any more
        if not reads:
            return
        read = reads.popleft()
        result = read.step(time.perf_counter() - self._short_at < BUSY_S)
        if result is None:
            reads.insert(min(len(reads), LONG_READS_MAX - 1), read)
            return
        read.connection.busy = False
        self._respond(read.connection, result)
        self._advance(read.connection)

    def _stop_listening(self) -> None:
        self._poll.unregister(self._stop)
        self._poll.unregister(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(64):
            try:
                connected, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:
                return time.sleep(0.01)  # out of descriptors: let some connections end
            if len(self._connections) >= CONNECTIONS_MAX and not self._evict():
                connected.close()
                continue
            connected.setblocking(False)
            self._connections[connected.fileno()] = Connection(connected)
            self._poll.register(connected, select.EPOLLIN)

    def _evict(self) -> bool:
        idle = [c for c in self._connections.values() if c.idle]
        if not idle:
            return False
        self._close(min(idle, key=lambda c: c.moved))
        return True

    def _sweep(self, now: float) -> None:
        for connection in list(self._connections.values()):
            if not connection.busy and \
                    now - connection.moved > (IDLE_S if connection.idle else STUCK_S):
                self._close(connection)

    def _close(self, connection: Connection) -> None:
        self._connections.pop(connection.socket.fileno(), None)
        self._held -= connection.held
        connection.held = 0
        connection.socket.close()  # leaves the poll with it

    def _watch(self, connection: Connection, mask: int) -> None:
        if mask != connection.mask:
            connection.mask = mask
            self._poll.modify(connection.socket, mask)

    # --- reading ------------------------------------------------------------------------------

    def _on_event(self, connection: Connection, events: int) -> None:
        if connection.busy:
            if events & (select.EPOLLHUP | select.EPOLLERR):
                self._close(connection)  # nobody waits for the answer any more
            return
        if connection.outbox:
            self._send(connection)
            return
        try:
            data = connection.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(connection)
            return
        connection.moved = time.monotonic()
        connection.inbox += data
        self._advance(connection)

    def _advance(self, connection: Connection) -> None:
        """Works through what is in the inbox, as far as it can."""
        while not (connection.busy or connection.outbox or connection.closing):
            if connection.head is None and not self._read_head(connection):
                return
            head = connection.head
            if head is None or len(connection.inbox) < head.length:
                return
            if len(connection.inbox) == head.length:
                body, connection.inbox = connection.inbox, bytearray()
            else:
                body = connection.inbox[:head.length]
                del connection.inbox[:head.length]
            self._dispatch(connection, head, body)

    def _read_head(self, connection: Connection) -> bool:
        """False when there is no whole head yet, or a bad one."""
        inbox = connection.inbox
        while inbox[:2] == b"\r\n":  # tolerated before a request
            del inbox[:2]
        end = inbox.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
        try:
            if end < 0:
                if len(inbox) >= HEAD_BYTES_MAX:
                    raise ApiError(431, f"the request's head is longer than {HEAD_BYTES_MAX} bytes")
                return False
            head = Head(bytes(inbox[:end]))
            if head.length > BODY_BYTES_MAX:
                raise ApiError(413, f"JSON payload ({head.length} bytes) is larger than allowed "
                                    f"(limit: {BODY_BYTES_MAX} bytes).")
            if self._held and self._held + head.length > HELD_BYTES_MAX:
                raise ApiError(503, "too many large requests at once, try again later")
        except ApiError as error:
            connection.closing = True  # where the next request begins is anybody's guess
            self._respond(connection, routes.failure_answer(error, 0.0))
            return False
        del inbox[:end + 4]
        connection.head = head
        connection.held = head.length
        self._held += head.length
        if head.expects and len(inbox) < head.length:
            try:
                connection.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            except OSError:
                pass  # the next read tells
        return True

    # --- answering ----------------------------------------------------------------------------

    def _dispatch(self, connection: Connection, head: Head, body) -> None:
        request = routes.Request(head.method, head.target, body, self._catalogue, self._version)
        began = time.perf_counter()

        def seconds() -> float:
            return time.perf_counter() - began

        try:
            kind, handler = routes.find(request)
        except ApiError as error:
            self._respond(connection, routes.failure_answer(error, seconds()))
            return
        if kind == routes.WRITE:
            self._writes.jobs.put((connection, lambda: handler(request), began))
        else:
            try:
                self._respond(connection,
                              routes.answer(lambda: routes.read(handler, request), seconds))
                self._short_at = began
                return
            except routes.Later as later:
                self._long_reads.append(LongRead(connection, later.work, began))
        connection.busy = True
        self._watch(connection, 0)

    def _finished(self, connection: Connection, result: tuple) -> None:
        """Called by the thread of the writes."""
        self._done.append((connection, result))
        try:
            self._wake_out.send(b"!")
        except BlockingIOError:
            pass  # there are enough to wake it

    def _collect(self) -> None:
        try:
            self._wake_in.recv(4096)
        except BlockingIOError:
            pass
        while self._done:
            connection, result = self._done.popleft()
            connection.busy = False
            if connection.socket.fileno() < 0:  # closed meanwhile
                self._complain(connection.head, result[0], result[2])
                continue
            self._respond(connection, result)
            self._advance(connection)

    def _complain(self, head: Head, status: int, body: bytes) -> None:
        """What is our fault, or the machine's, is in the log too. A client that repeats its request
        does not fill it."""
        if status < 500:
            return
        now = time.monotonic()
        if now - self._complained_at < COMPLAINT_S:
            self._unsaid += 1
            return
        unsaid = f" ({self._unsaid} more failed since the last line)" if self._unsaid else ""
        self._complained_at, self._unsaid = now, 0
        what = f"{head.method} {head.target:.200}" if head else "a request"
        self._log(f"{what}: {status} {json.loads(body)['status']['error']}{unsaid}")

    def _respond(self, connection: Connection, result: tuple) -> None:
        status, kind, body = result
        self._complain(connection.head, status, body)
        if connection.head and not connection.head.keep_alive:
            connection.closing = True
        ending = "connection: close\r\n" if connection.closing else ""
        head = (f"HTTP/1.1 {status} {_reasons.get(status, 'Unknown')}\r\n"
                f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n{ending}\r\n")
        self._held -= connection.held
        connection.held = 0
        connection.head = None
        connection.outbox = head.encode() + body
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        try:
            sent = connection.socket.send(connection.outbox)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(connection)
            return
        connection.moved = time.monotonic()
        if sent < len(connection.outbox):
            connection.outbox = memoryview(connection.outbox)[sent:]
            self._watch(connection, select.EPOLLOUT)
            return
        connection.outbox = b""
        if connection.closing:
            self._close(connection)
            return
        if connection.mask != select.EPOLLIN:
            self._watch(connection, select.EPOLLIN)
            if connection.inbox:
                self._advance(connection)
