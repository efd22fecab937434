# SPDX-License-Identifier: Apache-2.0
"""Hosts whose threads have small stacks, such as those of musl: 128 KB."""

import json
import subprocess

import pytest
from conftest import BINARY, ROOT, built_for_tests, end_home, make_row, make_vector, new_grove

SHALLOW = built_for_tests("shallow")
STACK_BYTES = 128 << 10
LONG = "\n\n".join(f"Part {part} tells of the weather of month {part} and of nothing else. " * 4
                   for part in range(12))
# Calls in an order in which each has something to do; the servers are started by the second.
DEEDS = [
    ("open", None), ("init", None), ("status", {}), ("doctor", None), ("version", {}),
    ("load", {"rows": [make_row(n) for n in range(1, 20)]
                      + [make_row(n, vector=make_vector(n)) for n in range(20, 40)]
                      + [make_row(40, body=LONG)]
                      + [{"tree": "subject1", "branch": "B", "limb": "L", "leaf": "F",
                          "content_type": "Page", "title": "Long", "body": LONG,
                          "document": "long"}]}),
    ("ls", {}), ("ls", {"path": "religion", "leaves": True}),
    ("browse", {"path": "religion", "type": "Doctirne", "explain": True}),
    ("search", {"text": "the oneness of God", "explain": True}),
    ("search", {"text": "weather", "path": "subject1", "exact": True, "since": "90d",
                "chunks": True, "context": 1}),
    ("search", {"text": "weather", "path": "subject1/Nowhere"}),
    ("similar", {"id": 4}), ("discover", {"text": "weather", "depth": 5}), ("show", {"id": 4}),
    ("document", {"name": "long", "body": True}), ("embed", {"text": "caf\u00e9 \u4e2d" * 200}),
    ("table", None), ("attach", {"table": "articles", "path": "subject2/{category}"}),
    ("attachments", {}), ("search", {"text": "weather", "path": "subject2"}),
    ("detach", {"table": "articles"}), ("add-subject", "law"),
    ("mv", {"ids": [4], "to": "subject3/A/B/C"}), ("rm", {"ids": [5], "yes": True}),
    ("rechunk", {}), ("dead", {"action": "list"}), ("sync", {}),
    ("export", None), ("verify", None), ("repair", None), ("recall", None),
    ("stop-servers", None), ("search", {"text": "weather"}), ("close", None),
]
FAILS = {"subject1/Nowhere": "not_found"}


@pytest.fixture
def shallow():
    """A home that is not made yet, and such a host in it."""
    grove = new_grove()
    process = subprocess.Popen([SHALLOW, str(STACK_BYTES)], env=grove.env, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield grove, process
    process.stdin.close()
    process.wait(timeout=60)
    end_home(grove)


def make_table(grove):
    with grove.connect() as conn:
        conn.execute("CREATE TABLE articles (id int PRIMARY KEY, title text, body text, "
                     "category text)")
        conn.execute("INSERT INTO articles VALUES (1, 'Rain', 'Drops fall from clouds.', 'Sky')")


def test_every_call_of_a_host_with_small_stacks(shallow):
    grove, process = shallow
    used = {}
    for name, fields in DEEDS:
        if name == "table":
            make_table(grove)
            continue
        given = fields if isinstance(fields, str) else json.dumps(fields or {})
        process.stdin.write(f"{name} {given}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"{name} {fields}: it ended with {process.wait()}; before: {used}"
        told, bytes_, code, *message = line.rstrip("\n").split(" ", 3)
        wanted = next((FAILS[part] for part in FAILS if part in given), "ok")
        assert (told, code) == (name, wanted), line
        used[name] = max(used.get(name, 0), int(bytes_))
    # Something is left for a C library whose own functions need more.
    assert max(used.values()) < STACK_BYTES - (16 << 10), sorted(used.items(), key=str)


def test_every_call_is_made():
    calls = json.loads((ROOT / "docs" / "calls.json").read_text())["calls"]
    assert set(calls) <= {name for name, _ in DEEDS}


def test_the_command_with_a_small_stack(filled):
    """Of its main thread, and by that of all others where nobody chose."""
    for arguments in (["search", "faith"], ["sync"], ["status"], ["doctor"], ["help"]):
        done = subprocess.run(["prlimit", f"--stack={STACK_BYTES}:", BINARY, *arguments],
                              env=filled.env, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, (arguments, done)
