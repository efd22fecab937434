# SPDX-License-Identifier: Apache-2.0
"""Homes of which something cannot be written to: each command works where it can, or says at once
what cannot be written and why."""

import json
import os
import subprocess

import pytest
from conftest import BINARY, Grove

COMMANDS = [
    ["init"], ["status"], ["doctor"], ["browse", "religion"], ["search", "faith"],
    ["discover", "faith"], ["similar", "1"], ["show", "1"], ["ls"], ["export"], ["sync"],
    ["verify"], ["repair"], ["rechunk"], ["subject", "list"], ["subject", "add", "law"],
    ["attachments"],
    ["attach", "articles", "--path", "subject1/A"], ["detach", "articles"], ["dead", "list"],
    ["rm", "1", "--yes"], ["mv", "1", "subject1/A/B/C"], ["embed", "faith"], ["url"],
    ["load", "-"], ["stop"],
]
WORKS = {  # whatever of a stopped home cannot be written
    "status", "stop", "embed faith"}
RELATIONAL = {  # and these where the vector server alone cannot
    "browse religion", "search faith", "discover faith", "similar 1", "show 1", "ls", "export",
    "subject list", "subject add law", "attachments", "dead list", "url"}


def can_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="cannot mount here")


def read_only(grove, folder):
    """The home's commands where this folder of it is on a read-only file system."""
    place = os.path.realpath(grove.home / folder)
    other = Grove(grove.home, [
        "unshare", "--mount", "sh", "-c", 'mount --bind "$PLACE" "$PLACE" &&'
        ' mount -o remount,ro,bind "$PLACE" && exec "$0" "$@"', BINARY])
    other.env = {**grove.env, "PLACE": place}
    return other


def look(grove, command):
    """Its exit status, and the error that it told of, if any."""
    done = grove("--json", *command, check=False, input="", timeout=60)
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        answer = None
    return done.returncode, answer.get("error") if isinstance(answer, dict) else None


@pytest.mark.parametrize("folder",
                         ["servers", "servers/pg", "servers/vector", "servers/log", "run"])
def test_every_command_of_a_stopped_home(filled, folder):
    """Where a server cannot start, what needs it says at once why."""
    filled("sync")
    filled("stop")
    with_less = read_only(filled, folder)
    for command in COMMANDS:
        name = " ".join(command)
        if name == "doctor":
            home, = [found for found in with_less.json("doctor", check=False)["findings"]
                     if found["name"] == "home"]
            assert home["verdict"] == "failed" and "Read-only" in home["text"], home
            assert "make it writable" in home["hint"]
            continue
        status, error = look(with_less, command)
        if name in WORKS or folder == "servers/vector" and name in RELATIONAL:
            assert error is None, (name, error)
            continue
        if folder == "servers/vector" and status == 0:
            continue  # it had nothing to tell the engine
        if folder == "servers/vector" and error["code"] == "not_found":
            continue  # of what is not attached
        assert error["code"] in ("denied", "io", "unavailable"), (name, error)
        words = f"{error['message']} {error['detail']}"
        assert "Read-only file system" in words and str(filled.home) in words, (name, error)
    assert filled.json("sync")["pending"] == 0
    assert filled.broken() == ""


@pytest.mark.parametrize("folder", ["servers", "servers/pg", "servers/vector", "servers/log"])
def test_servers_that_run_are_used(filled, folder):
    """Whoever started them can write there; from here it is only seen otherwise."""
    filled("sync")
    apart = read_only(filled, folder)
    for command in (["browse", "religion"], ["sync"], ["search", "faith"], ["verify"]):
        assert look(apart, command) == (0, None), command
    assert apart.json("search", "faith")["degraded"] is False
