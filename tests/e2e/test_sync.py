# SPDX-License-Identifier: Apache-2.0
"""Rows written by any SQL client become searchable, and deleted ones go."""

import http.client
import json
import os
import shutil
import signal
import socket
import time

import pytest
from conftest import DEMANDED, EXIT_STATUS, read_statement, wait_until

INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary,
                                  chunk_number, word_count)
    SELECT 'religion_hierarchy', id, 'Note', %s, %s, %s, 5 FROM religion_hierarchy
    WHERE leaf = 'Traditions' RETURNING id
"""


def titles(grove, text, *filters):
    answer = grove.json("search", text, "--limit", "20", *filters)
    assert answer["complete"] is True
    return [hit["title"] for hit in answer["results"]]


@pytest.fixture(autouse=True)
def whole(shared):
    """After every test both stores keep what they promise."""
    yield
    assert shared.broken() == ""


def test_a_row_is_searchable_at_once_and_after_sync(shared):
    with shared.connect() as conn:
        conn.execute(INSERT, ("Lighting the Sabbath candles", "Two candles before sunset.", 1))
    assert titles(shared, "candles")[0] == "Lighting the Sabbath candles"
    report = shared.json("sync")
    assert report["pending"] == 0 and report["dead"] == 0 and report["upserted"] == 1
    assert titles(shared, "candles")[0] == "Lighting the Sabbath candles"


def test_changes_and_deletions_are_seen(shared):
    with shared.connect() as conn:
        (number,), = conn.execute(INSERT, ("Keeping bees", "Honey and wax.", 2)).fetchall()
        shared("sync")
        assert "Keeping bees" in titles(shared, "honey")
        conn.execute("UPDATE content_metadata SET title = 'Growing olives',"
                     " content_summary = 'Oil.' WHERE id = %s", (number,))
        found = titles(shared, "olive oil")
        assert found[0] == "Growing olives" and "Keeping bees" not in found
        shared("sync")
        assert titles(shared, "olive oil")[0] == "Growing olives"
        conn.execute("DELETE FROM content_metadata WHERE id = %s", (number,))
        assert "Growing olives" not in titles(shared, "olive oil")
        assert shared.json("sync")["removed"] == 1
        assert "Growing olives" not in titles(shared, "olive oil")


def reads(plan, relation):
    """The nodes of a plan that read the relation and were run."""
    own = [plan] if plan.get("Relation Name") == relation and plan["Actual Loops"] else []
    return own + [node for part in plan.get("Plans", ()) for node in reads(part, relation)]


def test_an_outbox_that_was_full_makes_no_search_slow(shared):
    score = read_statement("score_pending.sql", "queries")
    with shared.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute("""
            INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
                                          content_summary, chunk_number)
            SELECT 'religion_hierarchy', min(id), 'Plan', 'Of many', '', n
            FROM religion_hierarchy, generate_series(1, 3000) AS n GROUP BY n""")
        conn.execute("ANALYZE content_metadata, grove.outbox")
        conn.execute("DELETE FROM grove.outbox")
        conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        conn.execute(f"PREPARE score AS {score}")
        (answer,), = conn.execute("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE"
                                  f" score ({'NULL, ' * 9} 5000)").fetchall()
        assert reads(answer[0]["Plan"], "outbox")
        assert reads(answer[0]["Plan"], "content_metadata") == []


def test_watch_projects_by_itself(shared):
    watcher = shared.start("sync", "--watch")
    try:
        with shared.connect() as conn:
            conn.execute(INSERT, ("Counting the omer", "Forty-nine days.", 3))
            deadline = time.monotonic() + 30
            while conn.execute("SELECT count(*) FROM grove.outbox").fetchone()[0]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.communicate(timeout=30)


LATER = """INSERT INTO grove.migration (version, name, checksum, duration_ms)
           SELECT 9999, 'of a later grove', checksum, 0 FROM grove.migration LIMIT 1"""


@pytest.mark.parametrize("change", [
    pytest.param(LATER, id="alike"),
    pytest.param(LATER + "; ALTER TABLE grove.outbox RENAME TO later", id="unlike")])
def test_a_watch_ends_with_a_later_schema(filled, change):
    """Another grove upgrades the database meanwhile, whether or not that breaks a statement."""
    watcher = filled.start("sync", "--watch")
    assert "watching" in watcher.stderr.readline()
    with filled.connect() as conn:
        conn.execute(change)
    _, said = watcher.communicate(timeout=30)
    assert watcher.returncode == EXIT_STATUS["unsupported"]
    assert said.count("the database has migration 9999") == 1


def test_a_watch_goes_on_where_the_schema_can_be_mended(filled):
    """The private database becomes one of an earlier version, as by a backup of it."""
    watcher = filled.start("sync", "--watch")
    try:
        assert "watching" in watcher.stderr.readline()
        with filled.connect() as conn:
            conn.execute("DELETE FROM grove.ledger WHERE version >= %s", (DEMANDED,))
            wait_until(lambda: conn.execute("SELECT version FROM grove.schema_version").fetchone()
                       >= (DEMANDED,))
            conn.execute(INSERT, ("Of both versions", "Written after the backup.", 4))
            wait_until(lambda: conn.execute("SELECT count(*) FROM grove.outbox").fetchone() == (0,))
    finally:
        watcher.send_signal(signal.SIGINT)
        _, said = watcher.communicate(timeout=30)
    assert (watcher.returncode, said) == (0, "")


def test_lost_vectors_are_missed_and_written_again(shared):
    before = titles(shared, "candles")
    shared("stop")
    vectors = os.path.realpath(shared.home / "servers" / "vector")
    shutil.rmtree(vectors)

    def search():
        return shared.json("search", "candles", "--limit", "20")
    # The first one does not wait for the engine, which starts.
    wait_until(lambda: "is starting" not in search()["degraded_reason"])
    answer = search()
    assert answer["complete"] is True and answer["degraded"] is True
    reason = answer["degraded_reason"]
    assert "no collection" in reason and "grove sync" in reason
    assert [hit["title"] for hit in answer["results"]] == before
    # The same words where no JSON is asked for, and in the explanation.
    warned = shared("search", "candles").stderr
    assert reason in warned and "PostgreSQL" in warned
    assert shared.json("search", "candles", "--explain")["explain"]["reason"] == reason
    report = shared.json("sync")
    status = shared.json("status")
    assert report["pending"] == 0
    assert status["engine"]["points"] == status["contents"]
    answer = shared.json("search", "candles", "--limit", "20")
    assert answer["degraded"] is False and answer["degraded_reason"] is None
    assert [hit["title"] for hit in answer["results"]] == before


def test_a_home_in_which_nothing_was_projected_is_healthy(grove):
    """There is no collection until something makes it, and nothing that it could lack."""
    def answers():
        found = [grove.json(*command) for command in
                 (["search", "candles"], ["discover", "candles"],
                  ["search", "candles", "--type", "Note", "--limit", "1"])]
        for answer in found:
            assert answer["complete"] is True and answer["degraded"] is False, answer
            assert answer["degraded_reason"] is None
        return [len(answer["results"]) for answer in found]

    grove("init")
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(grove.json("status")["engine"]["where"])
    connection.request("DELETE", "/collections/content_vectors")
    assert connection.getresponse().status == 200
    assert answers() == [0, 0, 0]
    warnings = grove("search", "candles").stderr
    assert "engine" not in warnings and "nothing is there yet" in warnings
    assert grove.json("status")["engine"]["collection_status"] == "missing"
    with grove.connect() as conn:
        conn.execute("INSERT INTO religion_hierarchy (branch, limb, leaf)"
                     " VALUES ('Judaism', 'Practice', 'Traditions')")
        for number in (1, 2):
            conn.execute(INSERT, (f"Candles {number}", "Before sunset.", number))
        assert answers() == [2, 2, 1]
        grove("sync")
        assert answers() == [2, 2, 1]
        assert grove.json("status")["engine"]["points"] == 2
        # A collection that is gone with what it had is no healthy one.
        grove("stop")
        shutil.rmtree(os.path.realpath(grove.home / "servers" / "vector"))
    assert grove.json("search", "candles")["degraded"] is True


def test_points_lost_one_by_one_are_noticed(shared):
    before = titles(shared, "candles")
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(shared.json("status")["engine"]["where"])
    answer = shared.json("search", "candles", "--limit", "1")
    lost = answer["results"][0]["content_id"]
    connection.request("POST", "/collections/content_vectors/points/delete?wait=true",
                       json.dumps({"points": [lost]}), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()
    # Fewer than 1000 match: that one is missing shows.
    answer = shared.json("search", "candles", "--limit", "1000")
    assert answer["complete"] is True and answer["degraded"] is True
    assert answer["results"][0]["content_id"] == lost
    # What was acknowledged last is looked at when a handle is opened, anything else is counted.
    assert "lacks 1 matching row;" in answer["degraded_reason"] or \
        "lacks what it has had" in answer["degraded_reason"]
    assert "grove sync" in answer["degraded_reason"]
    shared("sync")
    assert titles(shared, "candles") == before
    assert shared.json("search", "candles", "--limit", "1000")["degraded"] is False


def test_a_row_that_is_being_changed_waits_for_nobody(shared):
    with shared.connect() as conn, shared.connect() as writer:
        (number,), = conn.execute(INSERT, ("Held back", "By a writer.", 7)).fetchall()
        conn.execute(INSERT, ("Let through", "Nobody holds it.", 8))
        with writer.transaction(force_rollback=True):
            writer.execute("DELETE FROM content_metadata WHERE id = %s", (number,))
            projector = shared.start("sync")
            deadline = time.monotonic() + 30
            # The other row passes while the writer's transaction is open.
            query = ("SELECT count(*) FROM grove.embedding AS e JOIN content_metadata AS m"
                     " ON m.id = e.content_id WHERE m.title = 'Let through'")
            while conn.execute(query).fetchone()[0] == 0:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        projector.communicate(timeout=60)
        assert projector.returncode == 0
        assert conn.execute("SELECT count(*) FROM grove.embedding WHERE content_id = %s",
                            (number,)).fetchone() == (1,)
    assert shared.json("sync")["pending"] == 0
    assert "Held back" in titles(shared, "held back by a writer")


def test_stop_and_start(shared):
    before = titles(shared, "candles")
    shared("stop")
    assert shared.processes() == {}
    shared("stop")
    assert titles(shared, "candles") == before
