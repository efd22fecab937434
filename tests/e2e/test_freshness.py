# SPDX-License-Identifier: Apache-2.0
"""Searches of either freshness: what waits is compared, or left out and told."""

import pytest
from conftest import wait_until

INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary,
                                  chunk_number)
    SELECT 'religion_hierarchy', id, 'Note', %s, %s, 77 FROM religion_hierarchy
    WHERE leaf = 'Traditions'
"""
NEW = "Tuning a cello"
LEFT_OUT = "1 row waits and was not compared, as freshness fast asks"


@pytest.fixture
def waiting(filled):
    """A home in which one row waits: that of NEW."""
    with filled.connect() as conn:
        conn.execute(INSERT, (NEW, "Turn the pegs, listen to the strings."))
    yield filled
    assert filled.broken() == ""


def told(answer):
    return answer["complete"], answer["pending"], answer["merged"], answer["beyond"]


@pytest.mark.parametrize("command", [("search", NEW), ("discover", NEW), ("similar", "4")],
                         ids=lambda command: command[0])
def test_what_waits_is_compared_or_told(command, waiting):
    def titles(answer):
        return [row["title"] for row in answer["results"]]

    def ask(*options):
        return waiting.json(*command, *options)
    for fresh in (ask(), ask("--freshness", "fresh")):
        assert NEW in titles(fresh)
        assert told(fresh) == (True, 1, 1, 0)
    fast = ask("--freshness", "fast")
    assert NEW not in titles(fast) and len(fast["results"]) == len(fresh["results"]) - 1
    assert told(fast) == (False, 1, 0, 1)
    assert fast["incomplete_reason"] == LEFT_OUT and fast["degraded"] is False
    assert [row for row in fresh["results"] if row["title"] != NEW] == fast["results"]
    waiting("sync")
    fast = ask("--freshness", "fast")
    assert NEW in titles(fast) and told(fast) == (True, 0, 0, 0)


def test_a_path_has_its_own_rows_that_wait(waiting):
    """A fast search does not look at what waits, so not either at where that belongs."""
    fresh = waiting.json("search", NEW, "--path", "religion/Islam")
    assert told(fresh) == (True, 0, 0, 0)
    fast = waiting.json("search", NEW, "--path", "religion/Islam", "--freshness", "fast")
    assert told(fast) == (False, 1, 0, 1) and fast["results"] == fresh["results"]


def test_a_line_tells_where_something_was_left_out(waiting):
    assert waiting("search", NEW).stderr == ""
    done = waiting("search", NEW, "--freshness", "fast")
    assert done.stderr == f"grove: warning: rows may be missing: {LEFT_OUT}\n"
    waiting("sync")
    done = waiting("search", NEW, "--freshness", "fast")
    assert done.stderr == "" and NEW in done.stdout


def test_the_next_page_has_the_same_freshness(waiting):
    shown = waiting("discover", NEW, "--limit", "1", "--freshness", "fast").stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("next page: ")]
    assert " --freshness fast " in line


def test_nothing_else_is_a_freshness(sample):
    error = sample.fails("invalid", "search", "x", "--freshness", "stale")
    assert error["message"] == '--freshness "stale" is not one of its values'
    assert error["hint"] == "one of: fresh fast"
    error = sample.fails("invalid", "browse", "religion", "--freshness", "fast")
    assert 'unknown option "--freshness"' in error["message"]


def test_browse_looks_at_nothing_that_waits(waiting):
    answer = waiting.json("browse", "religion")
    assert told(answer) == (True, None, None, None)
    assert NEW in [row["title"] for row in answer["results"]]


def test_a_resident_projector_makes_a_fast_search_complete(waiting):
    env = {"GROVE_PROJECTOR": "on"}

    def ask():
        return waiting.json("search", NEW, "--freshness", "fast", env=env)
    wait_until(lambda: ask()["complete"])
    assert ask()["results"][0]["title"] == NEW
