# SPDX-License-Identifier: Apache-2.0
"""Supplied vectors of every length are found by their direction; those that have none, or that a
hand spoilt, are told of and hold up nothing."""

import math
import struct

import pytest
from conftest import make_row, make_vector, write_rows

TEXT = "keeping bees"
PLACE = ("--path", "subject1/Testing/Loads")
SCALES = [1.0, 1e-10, 1e-30, 1e-42, 1e10, 1e30, 3e38]


@pytest.fixture(scope="module")
def scaled(shared, tmp_path_factory):
    """A content for each length, in the direction of TEXT; and one in another direction."""
    vector = shared.json("embed", TEXT)["vector"]
    largest = max(map(abs, vector))
    rows = [make_row(number, vector=[x / largest * scale for x in vector])
            for number, scale in enumerate(SCALES, 1)]
    rows.append(make_row(99, vector=[1.0] * 384))
    shared("load", write_rows(tmp_path_factory.mktemp("vectors") / "rows.jsonl", rows))
    return shared


def as_float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


@pytest.mark.parametrize("exact", [[], ["--exact"]], ids=["index", "exact"])
def test_lengths_do_not_count(scaled, exact):
    answer = scaled.json("search", TEXT, *PLACE, "--limit", "7", "--explain", *exact)
    assert answer["complete"] and not answer["degraded"]
    assert answer["explain"]["strategy"] == "push-down" and answer["explain"]["rounds"] == 1
    assert {row["chunk_number"] for row in answer["results"]} == set(range(1, len(SCALES) + 1))
    # The shortest has whole numbers of the smallest float: its direction is a little off.
    vector = scaled.json("embed", TEXT)["vector"]
    largest = max(map(abs, vector))
    for row in answer["results"]:
        kept = [as_float32(x / largest * SCALES[row["chunk_number"] - 1]) for x in vector]
        wanted = (math.sumprod(kept, vector) if hasattr(math, "sumprod") else
                  sum(x * y for x, y in zip(kept, vector))) / math.hypot(*kept)
        assert abs(row["score"] - wanted / math.hypot(*vector)) < 1e-5


def test_what_was_supplied_is_kept(scaled):
    vector = scaled.json("embed", TEXT)["vector"]
    largest = max(map(abs, vector))
    with scaled.connect() as conn:
        for number, scale in enumerate(SCALES, 1):
            (kept,), = conn.execute("SELECT vector FROM grove.embedding JOIN content_metadata AS m"
                                    " ON m.id = content_id WHERE m.title = %s",
                                    (f"Row {number}",)).fetchall()
            assert struct.unpack("<384f", kept) == tuple(
                as_float32(x / largest * scale) for x in vector)


def revisions(conn):
    return conn.execute("SELECT last_value FROM grove.revision_seq").fetchone()[0]


def test_a_hand_replaces_a_vector(scaled):
    """Searches compare by it from the COMMIT on, and so does the engine after the next sync."""
    with scaled.connect() as conn:
        (mine,), (other,) = conn.execute("SELECT content_id FROM grove.embedding"
                                         " WHERE origin = 'computed' ORDER BY 1 LIMIT 2").fetchall()
        conn.execute("UPDATE grove.embedding SET vector = (SELECT vector FROM grove.embedding"
                     " WHERE content_id = %s) WHERE content_id = %s", (mine, other))
        assert scaled.json("status")["pending"] == 1
        for _ in range(2):
            (best, *_) = scaled.json("similar", mine)["results"]
            assert (best["content_id"], best["score"]) == (other, pytest.approx(1, abs=1e-5))
            scaled("sync")
        assert scaled.json("status")["pending"] == 0 and scaled.broken() == ""
        before = revisions(conn)
        conn.execute("UPDATE grove.embedding SET vector = vector WHERE content_id = %s", (mine,))
        assert revisions(conn) == before


def test_what_grove_writes_is_no_hands(scaled, tmp_path):
    """It draws no more revisions than without that trigger."""
    drawn = []
    with scaled.connect() as conn:
        for seed, trigger in enumerate(("ENABLE", "ENABLE", "DISABLE")):
            conn.execute(f"ALTER TABLE grove.embedding {trigger} TRIGGER grove_embedding_updated")
            before = revisions(conn)
            scaled("load", write_rows(tmp_path / "row.jsonl",
                                      [make_row(50, vector=make_vector(seed))]))
            drawn.append(revisions(conn) - before)
        conn.execute("ALTER TABLE grove.embedding ENABLE TRIGGER grove_embedding_updated")
    assert drawn[1] == drawn[2] > 0


def test_a_hand_spoils_vectors(scaled):
    """One that was computed is computed anew; one that was supplied is given up on, and told."""
    with scaled.connect() as conn:
        (computed,), = conn.execute("SELECT content_id FROM grove.embedding"
                                    " WHERE origin = 'computed' LIMIT 1").fetchall()
        (supplied,), = conn.execute("SELECT id FROM content_metadata"
                                    " WHERE title = 'Row 99'").fetchall()
        conn.execute("UPDATE grove.embedding SET vector = overlay(vector placing '\\x0000c07f'"
                     " from 1) WHERE content_id = ANY (%s)", ([computed, supplied],))
        assert scaled.json("status")["pending"] == 2
        done = scaled("sync")
        assert done.stdout.startswith("1 written (1 embedded)")
        assert "1 attempt failed" in done.stdout
        assert "1 row was given up on" in done.stderr
        assert "1 given up on" in scaled("status").stdout
        (reason,), = conn.execute("SELECT last_error FROM grove.outbox WHERE content_id = %s",
                                  (supplied,)).fetchall()
        assert "not finite" in reason and "--retry-dead" in reason
        # As the reason says.
        conn.execute("DELETE FROM grove.embedding WHERE content_id = %s", (supplied,))
    report = scaled.json("sync", "--retry-dead")
    assert (report["embedded"], report["dead"], report["pending"]) == (1, 0, 0)
    assert scaled.broken() == ""
