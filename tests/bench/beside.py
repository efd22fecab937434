# SPDX-License-Identifier: Apache-2.0
"""What goes on beside a measurement and notes what it sees: a process that searches, and a thread
that looks at a disk."""

import json
import os
import pathlib
import subprocess
import threading
import time


class StreamError(Exception):
    """The process that searches could not."""


class Stream:
    """Searches by a process with an open handle, each noted (tests/bench/stream.c)."""

    def __init__(self, home, vectors, path="", pause_ms=5):
        self.output = open(home.folder / "stream", "w+", encoding="utf-8")
        self.process = subprocess.Popen([home.program, "stream", vectors], env=home.env, text=True,
                                        stdin=subprocess.PIPE, stdout=self.output)
        self.process.stdin.write(f"{pause_ms} {path}\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + min(60, home.left())
        while os.fstat(self.output.fileno()).st_size == 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise StreamError("the process that searches could not begin")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.output.close()

    def noted(self):
        """What there is by now: [(seconds, milliseconds, outcome)], and what the outcomes said."""
        return read_stream(pathlib.Path(self.output.name).read_text("utf-8"))

    def end(self):
        self.process.stdin.close()
        if self.process.wait(60) != 0:
            raise StreamError("the process that searches failed")
        return self.noted()


def read_stream(text):
    noted, said = [], {}
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break  # it is being written
        if line.startswith("{"):
            said = json.loads(line)
        else:
            began, took, outcome = line.split()
            noted.append((float(began), float(took), outcome))
    return noted, said


def disk_bytes(folder):
    """What the files of a folder take, each once."""
    seen, size = set(), 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(where, name))
            except OSError:
                continue  # removed meanwhile
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                size += status.st_blocks * 512
    return size


class DiskSampler(threading.Thread):
    """Looks twice a second what a folder takes; keeps the peak."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.ended, self.now, self.peak = folder, threading.Event(), 0, 0

    def run(self):
        while not self.ended.wait(0.5):
            self.now = disk_bytes(self.folder)
            self.peak = max(self.peak, self.now)

    def settle(self, seconds, at_most):
        """Ends when nothing changed for so long; what the folder takes then."""
        began = since = time.monotonic()
        before = None
        while time.monotonic() - since < seconds and time.monotonic() - began < at_most:
            if self.now != before:
                since, before = time.monotonic(), self.now
            time.sleep(0.5)
        self.end()
        return before

    def end(self):
        self.ended.set()
        self.join()
