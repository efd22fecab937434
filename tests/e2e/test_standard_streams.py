# SPDX-License-Identifier: Apache-2.0
"""Commands that are started without a standard input, output or error, with a full output, or with
one that nobody reads."""

import itertools
import os
import subprocess

import pytest
from conftest import BINARY, make_row, write_rows

STREAMS = {0: "input", 1: "output", 2: "error"}
CLOSED = [numbers for count in (1, 2, 3) for numbers in itertools.combinations(STREAMS, count)]


def commands(rows):
    """Every command, and what each is to do."""
    return [
        ["init"], ["doctor"], ["browse", "religion"], ["search", "grace", "--explain"],
        ["search", "grace", "--json"], ["search", "grace", "--limit", "0"],
        ["ls"], ["export"], ["show", "1", "--body"], ["similar", "1"],
        ["search", "grace", "-o", "csv"],
        ["discover", "grace"], ["embed", "grace"], ["embed", "--file", rows],
        ["load", rows], ["load", "-"], ["sync"], ["status"], ["version"], ["help"],
        ["completion", "bash"], ["psql", "--", "-Atc", "SELECT 1"], ["psql", "--print"],
        ["url"], ["rm", "1", "--dry-run"],
        ["pg_dump", "--", "--schema-only"], ["demo"],
    ]


def run_with(home, arguments, standard, closed=()):
    """Its exit status, and what it wrote where."""
    def close():
        for number in closed:
            os.close(number)

    done = subprocess.run([BINARY, *map(str, arguments)], env=home.env, preexec_fn=close,
                          stdin=standard, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("closed", CLOSED, ids=lambda numbers: "-".join(
    STREAMS[number] for number in numbers))
def test_commands_without_standard_streams(filled, tmp_path, closed):
    """As with the null device: what is printed goes nowhere, above all not to a server."""
    rows = write_rows(tmp_path / "rows.jsonl", [make_row(1)])
    for arguments in commands(rows):
        expected = run_with(filled, arguments, subprocess.DEVNULL)
        found = run_with(filled, arguments, subprocess.DEVNULL, closed)
        assert found[0] == expected[0], (arguments, expected, found)
        assert found[1] == b"" if 1 in closed else bool(found[1]) == bool(expected[1]), arguments
        assert found[2] == b"" if 2 in closed else bool(found[2]) == bool(expected[2]), arguments
    if len(closed) == len(STREAMS):  # servers, too, are started and stopped without any
        for arguments in (["stop"], ["search", "grace"], ["stop"], ["stop"], ["sync"]):
            assert run_with(filled, arguments, subprocess.DEVNULL, closed) == (0, b"", b"")
    assert filled.json("status")["contents"] == 9
    assert filled.broken() == ""


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_full_output_is_an_error_of_every_command(filled, tmp_path, form):
    rows = write_rows(tmp_path / "rows.jsonl", [make_row(1)])
    for arguments in commands(rows):
        if arguments[0] in ("psql", "pg_dump") or form and {"0", "-o"} & set(arguments):
            continue  # those have exit statuses of their own; a usage error keeps its
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BINARY, *form, *map(str, arguments)], env=filled.env,
                                  stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                  timeout=120, check=False)
        wanted = 2 if "0" in arguments else 11
        if arguments[:2] == ["load", "-"]:
            wanted = done.returncode  # nothing was read: judged by the test of loads
        assert done.returncode == wanted, (arguments, done)
        assert wanted != 11 or b"could not write to standard output" in done.stderr, arguments


def test_an_output_that_nobody_reads_ends_every_command_quietly(filled, tmp_path):
    rows = write_rows(tmp_path / "rows.jsonl", [make_row(1)])
    for arguments in commands(rows):
        if arguments[0] in ("psql", "pg_dump", "load") or "0" in arguments:
            continue
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([BINARY, *map(str, arguments)], env=filled.env,
                              stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
                              timeout=120, check=False)
        os.close(writer)
        assert (done.returncode, done.stderr) == (141, b""), arguments


def test_a_full_error_output_changes_no_exit_status(filled):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BINARY, "browse", "religion/Nowhere"], env=filled.env, stderr=full,
                              stdout=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, b"")
