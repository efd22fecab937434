# SPDX-License-Identifier: Apache-2.0
"""grove verify and repair: each kind of difference is made by hand through the engine's own HTTP
API, found, and mended."""

import contextlib
import json
import os
import pty
import threading

import psycopg
import pytest
from conftest import BINARY, EXIT_STATUS, make_row, make_vector, wait_until, write_rows
from crashes import ARCHITECTURE, Injected, row
from stores import COLLECTION, ask_engine, points_of, stores_agree

DIFFERENT = 1
POINTS = f"/collections/{COLLECTION}/points"
STRANGER = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


@pytest.fixture(scope="module")
def stores(empty, tmp_path_factory):
    """A home of 300 contents whose vectors are known, all projected."""
    folder = tmp_path_factory.mktemp("verify")
    rows = [make_row(n, vector=make_vector(n), leaf=f"Leaf {n % 3}") for n in range(1, 301)]
    empty("load", write_rows(folder / "rows.jsonl", rows))
    stores_agree(empty)
    return empty


def verify(grove, *args, equal):
    done = grove("verify", "--json", *args, check=False)
    assert done.returncode == (0 if equal else DIFFERENT), (done.stdout, done.stderr)
    answer = json.loads(done.stdout)
    assert answer["equal"] is equal
    assert answer["different"] == sum(count for kind, count in answer["kinds"].items()
                                      if kind not in ("waiting", "dead"))
    return answer


def told(answer):
    return [(found["kind"], found["content_id"] if found["point_id"] is None else found["point_id"])
            for found in answer["differences"]]


def repair(grove, *args):
    return grove.json("repair", "--yes", *args)


def put(grove, number, payload=None, vector=None):
    """Writes a point past all of grove, as it is but for what is given."""
    there = points_of(grove)
    old_payload, old_vector = there.get(number, next(iter(there.values())))
    ask_engine(grove, "PUT", f"{POINTS}?wait=true", {"points": [{
        "id": number, "payload": old_payload if payload is None else payload,
        "vector": old_vector if vector is None else vector}]})


def take(grove, *numbers):
    ask_engine(grove, "POST", f"{POINTS}/delete?wait=true", {"points": numbers})


def test_equal_stores(stores):
    for arguments in ([], ["--quick"], ["subject1"], ["subject1/Testing/Loads/Leaf 1"],
                      ["--quick", "subject1/Testing"]):
        answer = verify(stores, *arguments, equal=True)
        count = 100 if arguments == ["subject1/Testing/Loads/Leaf 1"] else 300
        assert (answer["contents"], answer["points"]) == (count, count)
        # The private engine and the library make the same digests.
        assert answer["proven"] == count, arguments
        assert answer["differences"] == [] and answer["quick"] is ("--quick" in arguments)
    assert verify(stores, "subject2", equal=True)["contents"] == 0
    assert "equal: 300 contents and 300 points compared whole in" in stores("verify").stdout


def changed(payload, **fields):
    return {**payload, **fields}


# What a hand does to point 7, whose payload and vector are given; the kind, its detail, and whether
# ids and revisions tell it.
HANDS = {
    "lost": (lambda grove, payload, vector: take(grove, 7), "missing", None, True),
    "an older revision": (
        lambda grove, payload, vector: put(grove, 7, changed(payload,
                                                             revision=payload["revision"] - 1)),
        "stale", None, True),
    "a later revision": (
        lambda grove, payload, vector: put(grove, 7, changed(payload, revision=9999999999)),
        "strange", None, True),
    "no revision": (
        lambda grove, payload, vector: put(grove, 7, {key: value for key, value in payload.items()
                                                      if key != "revision"}),
        "strange", None, True),
    "another field": (
        lambda grove, payload, vector: put(grove, 7, changed(payload, word_count=4711)),
        "payload", "word_count", False),
    "a field too many": (
        lambda grove, payload, vector: put(grove, 7, changed(payload, note="x")),
        "payload", "note", False),
    "a field too few": (
        lambda grove, payload, vector: put(grove, 7, {key: value for key, value in payload.items()
                                                      if key != "leaf_id"}),
        "payload", "leaf_id", False),
    "another vector": (
        lambda grove, payload, vector: put(grove, 7, vector=vector[::-1]), "vector", None, False),
}


@pytest.mark.parametrize("hand", HANDS)
def test_a_hand_in_the_engine(stores, hand):
    do, kind, detail, quick = HANDS[hand]
    do(stores, *points_of(stores)[7])
    answer = verify(stores, equal=False)
    assert told(answer) == [(kind, 7)] and answer["kinds"][kind] == 1
    assert answer["differences"][0]["detail"] == detail
    assert told(verify(stores, "--quick", equal=not quick)) == ([(kind, 7)] if quick else [])
    here = stores.json("show", 7)["leaf"]
    for leaf in ("Leaf 0", "Leaf 1", "Leaf 2"):
        found = told(verify(stores, f"subject1/Testing/Loads/{leaf}", equal=leaf != here))
        assert found == ([(kind, 7)] if leaf == here else []), leaf
    assert repair(stores)["mended"] == 1
    verify(stores, equal=True)
    stores_agree(stores)


def test_orphans_and_aliens(stores):
    payload, vector = points_of(stores)[9]
    with stores.connect() as conn:
        drawn = conn.execute("SELECT last_value FROM grove.revision_seq").fetchone()[0]
    put(stores, 5000, changed(payload, content_id=5000))
    put(stores, 5001, changed(payload, content_id=5001, revision=drawn + 1000))
    put(stores, 5002, {"content_id": 5002})
    put(stores, 5000000000, changed(payload, content_id=5000000000))
    put(stores, STRANGER, payload, vector)
    answer = verify(stores, equal=False)
    assert told(answer) == [("orphan", 5000), ("alien", 5001), ("alien", 5002),
                            ("alien", "5000000000"), ("alien", STRANGER)]
    assert answer["points"] == 305
    done = repair(stores)
    assert done["mended"] == 1 and done["found"]["kinds"]["alien"] == 4
    assert told(verify(stores, equal=False)) == [("alien", 5001), ("alien", 5002),
                                                 ("alien", "5000000000"), ("alien", STRANGER)]
    assert repair(stores, "--aliens")["mended"] == 4
    verify(stores, equal=True)
    stores_agree(stores)


def test_the_state_of_a_content_that_went_unseen(stores, tmp_path):
    """No trigger fired: its point and its state are there, or its state alone."""
    stores("load", write_rows(tmp_path / "rows", [make_row(n, leaf="Unseen") for n in (1, 2)]))
    stores("sync")
    with stores.connect() as conn:
        numbers = [number for number, in conn.execute(
            "SELECT id FROM content_metadata WHERE title = ANY ('{Row 1,Row 2}')"
            " AND leaf_id = (SELECT leaf_id FROM grove.leaf WHERE leaf = 'Unseen') ORDER BY id")]
        conn.execute("SET session_replication_role = replica")
        conn.execute("DELETE FROM content_metadata WHERE id = ANY (%s)", [numbers])
    take(stores, numbers[0])
    assert ("missing", numbers[0]) in told(verify(stores, equal=False))
    assert repair(stores)["mended"] == 2
    assert told(verify(stores, equal=True)) == []
    with stores.connect() as conn:
        assert conn.execute("SELECT FROM grove.content_state WHERE content_id = ANY (%s)",
                            [numbers]).fetchall() == []
        conn.execute("SELECT grove.recount()")  # no trigger has counted


def test_a_content_that_came_unseen(stores):
    """No trigger fired: it has no state; or a hand took its state, and its point is no orphan."""
    with stores.connect() as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type,"
                     " title, content_summary) SELECT 6000, hierarchy_table, leaf_id, 'Unseen',"
                     " 'Cats', 'Cats purr.' FROM grove.leaf WHERE tree = 'subject1' LIMIT 1")
        conn.execute("DELETE FROM grove.content_state WHERE content_id = 11")
    for how in ((), ("--quick",)):
        assert {("missing", 6000), ("missing", 11)} <= set(told(verify(stores, *how, equal=False)))
    repair(stores)
    assert told(verify(stores, equal=True)) == []
    assert {6000, 11} <= set(points_of(stores))
    assert stores.json("search", "cats", "--type", "Unseen")["results"][0]["content_id"] == 6000
    with stores.connect() as conn:
        conn.execute("SELECT grove.recount()")  # no trigger has counted
        conn.execute("DELETE FROM content_metadata WHERE id = 6000")
    stores("sync")


def test_what_waits_is_told_and_is_no_difference(stores):
    with stores.connect() as conn:
        conn.execute("UPDATE content_metadata SET word_count = 11 WHERE id = 12")
    answer = verify(stores, equal=True)
    assert told(answer) == [("waiting", 12)] and answer["kinds"]["waiting"] == 1
    assert "1 content waits in the outbox: grove sync" in stores("verify").stdout
    assert repair(stores)["mended"] == 0
    stores("sync")
    assert told(verify(stores, equal=True)) == []
    assert "more than" not in stores("verify").stdout


def test_more_of_one_than_of_the_other_is_explained(stores, tmp_path):
    """Stores that are equal, and whose numbers are not."""
    stores("load", write_rows(tmp_path / "rows", [make_row(n, leaf="Many") for n in (1, 2)]))
    stores("rm", "subject1/Testing/Loads/Many", "--yes")
    for how in ((), ("--quick",)):
        shown = stores("verify", *how).stdout
        assert ("\n2 points more than contents: of what was removed, and is still to be taken out\n"
                in shown and "equal: 300 contents and 302 points" in shown)
    stores("sync")
    assert "more than" not in stores("verify").stdout
    with stores.connect() as conn:
        leaf, = conn.execute("SELECT leaf_id FROM content_metadata LIMIT 1").fetchone()
        conn.execute("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary) VALUES ('subject1_hierarchy', %s, 'Note', 'a', 'b')",
                     (leaf,))
    shown = stores("verify").stdout
    assert "1 content more than points: of what is still to be written" in shown
    with stores.connect() as conn:
        conn.execute("DELETE FROM content_metadata WHERE content_type = 'Note'")
    stores("sync")


def ask(grove, answer):
    """Runs repair on a terminal and types the answer: its exit status, and what it said."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(BINARY, [BINARY, "repair"], {**grove.env, "TERM": "dumb"})
    got = b""
    while b"[y/N]" not in got:
        got += os.read(terminal, 4096)
    os.write(terminal, answer)
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(terminal, 4096):
            got += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), got.decode()


def test_repair_asks(stores):
    take(stores, 20, 21)
    error = stores.fails("conflict", "repair")
    assert error["message"] == "it would mend 2 differences" and "--yes" in error["hint"]
    status, said = ask(stores, b"\n")
    assert status == EXIT_STATUS["cancelled"] and "mend 2 differences? [y/N]" in said
    assert "missing" in said and "nothing was mended" in said  # it was shown before it asked
    answer = stores.json("repair", "--dry-run")
    assert answer["dry_run"] is True and answer["mended"] == 0
    assert told(answer["found"]) == [("missing", 20), ("missing", 21)]
    assert told(verify(stores, equal=False)) == [("missing", 20), ("missing", 21)]
    status, said = ask(stores, b"y\n")
    assert status == 0 and "mended 2 in" in said
    assert "nothing to mend" in stores("repair").stdout  # nor to ask
    stores_agree(stores)


def test_nothing_equal_is_written(stores):
    before = points_of(stores)
    take(stores, 30)
    with stores.connect() as conn:
        drawn = "SELECT last_value FROM grove.revision_seq"
        first = conn.execute(drawn).fetchone()[0]
        repair(stores)
        assert conn.execute(drawn).fetchone()[0] == first + 1
    assert points_of(stores) == before


def test_one_that_was_broken_off_goes_on(stores):
    verify(stores, "--quick", equal=True)
    with stores.connect() as conn:
        conn.execute("UPDATE grove.verification SET ended_at = NULL, next_id = 250, contents = 249"
                     " WHERE id = (SELECT max(id) FROM grove.verification)")
    answer = verify(stores, "--quick", "--resume", equal=True)
    assert answer["resumed"] is True and answer["contents"] == 300
    assert verify(stores, "--quick", "--resume", equal=True)["resumed"] is False


@row(ARCHITECTURE, "`grove verify`, anywhere")
def test_a_killed_verify(stores):
    before = points_of(stores)
    under_way = "SELECT coalesce(max(id), 0) FROM grove.verification WHERE ended_at IS NULL"
    with stores.connect() as conn:
        (first,) = conn.execute(under_way).fetchone()
        process = stores.start("verify", "--rate", "60")
        wait_until(lambda: conn.execute(under_way).fetchone()[0] > first)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    assert points_of(stores) == before and stores.broken() == ""
    answer = verify(stores, "--resume", equal=True)
    assert answer["resumed"] is True and answer["contents"] == 300


@row(ARCHITECTURE, "`grove repair`, anywhere")
def test_a_killed_repair(stores):
    taken = (1, 2, 150, 299, 300)
    take(stores, *taken)
    Injected(stores.home).dies_at("projector-leased", "repair", "--yes")
    with stores.connect() as conn:
        waiting = conn.execute("SELECT content_id FROM grove.outbox ORDER BY 1").fetchall()
    assert waiting == [(number,) for number in taken]
    stores("sync")
    verify(stores, equal=True)
    stores_agree(stores)


def test_a_role_that_may_only_read(stores):
    with stores.connect() as conn:
        conn.execute("ALTER DATABASE grove SET default_transaction_read_only = on")
    try:
        answer = verify(stores, equal=True)
        assert answer["contents"] == 300 and answer["noted"] is False
    finally:
        with stores.connect() as conn:
            conn.execute("SET default_transaction_read_only = off")
            conn.execute("ALTER DATABASE grove RESET default_transaction_read_only")
    assert verify(stores, equal=True)["noted"] is True


def test_writers_and_projectors_make_no_differences(stores):
    """While contents are changed, made, removed and projected all the time."""
    stop = threading.Event()

    def write():
        with stores.connect() as conn:
            turn = 0
            while not stop.is_set():
                turn += 1
                number = turn % 300 + 1
                conn.execute("UPDATE content_metadata SET word_count = %s WHERE id = %s",
                             (turn, number))
                new = conn.execute(
                    "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,"
                    " chunk_number, title, content_summary) SELECT hierarchy_table, leaf_id,"
                    " 'Passing', %s, title, content_summary FROM content_metadata WHERE id = %s"
                    " RETURNING id", (turn, number)).fetchone()[0]
                conn.execute("DELETE FROM content_metadata WHERE id < %s AND content_type ="
                             " 'Passing'", (new,))

    writer = threading.Thread(target=write)
    syncing = stores.start("sync", "--watch")
    writer.start()
    try:
        for quick in ([], ["--quick"]) * 4:
            answer = verify(stores, *quick, equal=True)
            assert {kind for kind, _ in told(answer)} <= {"waiting"}
    finally:
        stop.set()
        writer.join()
        syncing.terminate()
        syncing.communicate(timeout=60)
    with stores.connect() as conn:
        conn.execute("DELETE FROM content_metadata WHERE content_type = 'Passing'")
    stores("sync")
    verify(stores, equal=True)
    stores_agree(stores)


def test_what_cannot_be_compared(stores):
    assert stores.fails("not_found", "verify", "subject1/Nowhere")
    error = stores.fails("not_found", "verify", env={"GROVE_COLLECTION": "none"})
    assert "grove sync" in error["hint"]
    with psycopg.connect(host=stores.socket_folder(), user="grove", dbname="grove") as conn:
        ended = "SELECT count(ended_at) FROM grove.verification WHERE collection = 'none'"
        assert conn.execute(ended).fetchone() == (0,)
