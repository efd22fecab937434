# SPDX-License-Identifier: Apache-2.0
"""One way to call grove for those who do not care which: the library, or the command."""

import itertools
import json
import os
import pathlib
import signal
import tempfile

from conftest import EXIT_STATUS, PARTLY, write_rows

DIFFERENT = 1  # of verify: an answer, not a failure
NOT_RUNNING = EXIT_STATUS["unavailable"]  # of status, too, which starts no server: an answer
LIBRARY = ("search", "similar", "browse", "ls", "show", "load", "mv", "rm", "sync", "status",
           "verify")
OPERANDS = {"search": ("text",), "similar": ("id",), "browse": ("path",), "ls": ("path",),
            "show": ("id",), "verify": ("path",), "mv": ("ids", "from", "to"),
            "rm": ("ids", "path"), "load": ("rows",), "import": ("file",),
            "subject": ("action", "name", "to"), "export": ("path",)}


class Failed(Exception):
    """`code` is that of a grove_error, or "killed"."""

    def __init__(self, code, told):
        super().__init__(f"{code}: {told}")
        self.code = code


class Command:
    """The command: each call a process."""

    def __init__(self, grove):
        self.grove = grove
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="calls-", dir=grove.home.parent))
        self.numbers = itertools.count()
        os.chmod(self.folder, 0o755)

    def line(self, command, given):
        given = dict(given)
        yield command
        for operand in OPERANDS.get(command, ()):
            value = given.pop(operand, None)
            if operand == "rows":
                value = write_rows(self.folder / f"{next(self.numbers)}.jsonl", value)
            if value is not None:
                yield from value if isinstance(value, list) else [value]
        for name, value in given.items():
            option = "--" + name.replace("_", "-")
            for each in value if isinstance(value, list) else [value]:
                if each is True:
                    yield option
                elif each not in (None, False):
                    yield from (option, each)

    def call(self, command, given, env=None):
        done = self.grove("--json", *self.line(command, given), check=False, env=env, timeout=300)
        if done.returncode == -signal.SIGKILL:
            raise Failed("killed", command)
        if done.returncode in (0, PARTLY) or command == "verify" and done.returncode == DIFFERENT:
            return json.loads(done.stdout)
        if command == "status" and done.returncode == NOT_RUNNING:
            answer = json.loads(done.stdout)
            if "database" in answer:
                return answer
        try:
            error = json.loads(done.stdout.splitlines()[-1])["error"]
        except (IndexError, ValueError, KeyError):
            raise Failed("unknown", (done.args, done.returncode, done.stdout,
                                     done.stderr)) from None
        raise Failed(error["code"], (done.args, error))


class Library:
    """A handle that all threads share."""

    def __init__(self, package, home):
        self.package = package
        self.handle = package.Grove(home)

    def call(self, command, given, env=None):
        assert env is None
        try:
            return self.handle.call(command, given)
        except self.package.GroveError as error:
            raise Failed(error.code, f"{command}: {error} {vars(error)}") from error

    def close(self):
        self.handle.close()


