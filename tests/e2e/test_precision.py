# SPDX-License-Identifier: Apache-2.0
"""A database has vectors of one precision, which can be changed; they never mix."""

import json
import math

import psycopg
import pytest

from conftest import ROOT, make_row, make_vector, wait_until, write_rows

F32, REDUCED = "all-MiniLM-L6-v2/f32", "all-MiniLM-L6-v2/int8"
ROWS = 40


def scores(grove, *filters):
    answer = grove.json("search", "how suffering ends", "--limit", "50", *filters)
    return answer, {hit["content_id"]: hit["score"] for hit in answer["results"]}


@pytest.fixture(scope="module")
def loaded(shared):
    """The sample, and rows enough for a search not to embed all of them by itself."""
    folder = shared.home.parent
    rows = [make_row(n, body=f"Suffering number {n} ends when its cause, number {n + 1}, ends.")
            for n in range(1, ROWS + 1)]
    shared("load", write_rows(folder / "many.jsonl", rows))
    return shared


def test_a_new_database_computes_in_f32(loaded):
    assert loaded.json("status")["model"] == F32
    answer = loaded.json("init", "--precision", "f32")
    assert answer["queued"] == 0 and answer["model"] == F32


def test_the_vectors_of_a_database_change_together(loaded):
    _, exact = scores(loaded)
    answer = loaded.json("init", "--precision", "reduced", "--now")
    assert answer["model"] == REDUCED and answer["next_model"] is None
    assert answer["queued"] == ROWS + 8
    # Nothing has a vector of this precision yet: a search embeds some rows and says what it left.
    pending, found = scores(loaded)
    assert pending["complete"] is False and "grove sync" in pending["incomplete_reason"]
    assert 0 < len(found) <= 16
    report = loaded.json("sync")
    # What the search computed was kept.
    assert report["embedded"] == ROWS + 8 - len(found) and report["pending"] == 0
    after, reduced = scores(loaded)
    assert after["complete"] is True and set(reduced) == set(exact)
    differences = [abs(reduced[number] - exact[number]) for number in exact]
    # Other vectors, of the same texts.
    assert max(differences) > 1e-5 and max(differences) < 0.05
    assert {number: reduced[number] for number in found} == pytest.approx(found, abs=1e-6)
    with loaded.connect() as conn:
        assert conn.execute("SELECT model, count(*) FROM grove.embedding GROUP BY 1 ORDER BY 1"
                            ).fetchall() == [(F32, ROWS + 8), (REDUCED, ROWS + 8)]
    assert loaded.json("status")["embeddings"] == ROWS + 8
    findings = {finding["name"]: finding["text"] for finding in loaded.json("doctor")["findings"]}
    assert findings["embedding"].startswith(f"{REDUCED} computes") and findings["weights"]


def test_the_way_back_computes_nothing(loaded):
    assert loaded.json("init", "--precision", "reduced")["queued"] == 0
    assert loaded.json("init", "--precision", "f32")["queued"] == ROWS + 8
    answer, _ = scores(loaded)
    assert answer["complete"] is True  # the kept vectors serve at once
    report = loaded.json("sync")
    assert report["embedded"] == 0 and report["upserted"] == ROWS + 8


def test_new_rows_get_vectors_of_the_database_precision(loaded):
    loaded("init", "--precision", "reduced")
    loaded("sync")
    rows = [make_row(900, body="A rope of hemp.")]
    loaded("load", write_rows(loaded.home.parent / "one.jsonl", rows))
    with loaded.connect() as conn:
        assert conn.execute(
            "SELECT e.model FROM grove.embedding AS e JOIN content_metadata AS m"
            " ON m.id = e.content_id WHERE m.chunk_number = 900").fetchall() == [(REDUCED,)]
    loaded("init", "--precision", "f32")
    loaded("sync")


def test_supplied_vectors_stay(loaded):
    vector = make_vector(7)
    rows = [make_row(901, body="Nothing of the kind.", vector=vector)]
    loaded("load", write_rows(loaded.home.parent / "own.jsonl", rows))
    loaded("init", "--precision", "reduced")
    loaded("sync")
    with loaded.connect() as conn:
        (origins,) = conn.execute(
            "SELECT array_agg(e.origin || ' ' || (e.vector = o.vector)::text ORDER BY e.model)"
            " FROM grove.embedding AS e JOIN content_metadata AS m ON m.id = e.content_id"
            " JOIN grove.embedding AS o ON o.content_id = m.id AND o.model = %s"
            " WHERE m.chunk_number = 901", (F32,)).fetchone()
    assert origins == ["supplied true", "supplied true"]
    loaded("init", "--precision", "f32")
    loaded("sync")


def test_a_projector_that_has_leased_writes_nothing_of_the_old_precision(loaded):
    """The database changes between its lease and its look at the rows."""
    change = (ROOT / "sql" / "projector" / "set_model.sql").read_text().replace(
        "$1", "%(model)s").replace("$2", "false")
    with loaded.connect() as looker, psycopg.connect(
            host=loaded.socket_folder(), user="grove", dbname="grove") as conn:
        looker.execute("UPDATE content_metadata SET title = title || '!'")
        # What is leased is told by the outbox alone; to read the texts takes the bodies, too.
        conn.execute("LOCK TABLE grove.body IN ACCESS EXCLUSIVE MODE")
        syncing = loaded.start("sync", "--json")
        wait_until(lambda: looker.execute(
            "SELECT count(*) FROM grove.outbox WHERE lease_owner IS NOT NULL").fetchone()[0])
        conn.execute(change, {"model": REDUCED})
        conn.commit()
        report = json.loads(syncing.communicate(timeout=60)[0])
        assert report["pending"] == 0 and report["dead"] == 0
        (wrong,) = looker.execute(
            "SELECT count(*) FROM content_metadata AS m WHERE NOT EXISTS"
            " (SELECT FROM grove.embedding AS e WHERE e.content_id = m.id AND e.model = %s"
            "  AND e.created_at > (SELECT changed_at FROM grove.setting WHERE name = 'model'))",
            (REDUCED,)).fetchone()
    assert wrong == 0
    answer, _ = scores(loaded)
    assert answer["complete"] is True and answer["degraded"] is False
    loaded("init", "--precision", "f32")
    loaded("sync")


def test_embed_in_both_precisions(loaded):
    def vector(*options):
        return loaded.json("embed", *options, "In the beginning was the Word.")["vector"]

    exact, reduced = vector(), vector("--precision", "reduced")
    assert exact == vector("--precision", "f32") and exact != reduced
    cosine = sum(a * b for a, b in zip(exact, reduced))
    assert 0.995 < cosine < 0.999999
    assert math.isclose(sum(a * a for a in reduced), 1, abs_tol=1e-5)


def test_kernels_can_be_forced(loaded):
    env = {"GROVE_KERNELS": "plain"}
    lines = [finding["text"] for finding in loaded.json("doctor", env=env)["findings"]
             if finding["name"] == "embedding"]
    assert len(lines) == 1 and '/f32 computes' in lines[0] and '"plain" (GROVE_KERNELS)' in lines[0]
    error = loaded.fails("invalid", "embed", "x", env={"GROVE_KERNELS": "abacus"})
    assert '"abacus"' in error["message"] and "plain" in error["hint"]
    # The reduced precision gives the same bits on all of them that have fused multiply-add.
    line = json.loads(loaded("embed", "--precision", "reduced", "grace", "--json").stdout)
    exact = loaded.json("embed", "--precision", "reduced", "grace",
                        env={"GROVE_KERNELS": "exact"})
    assert exact["vector"] == line["vector"]


def test_an_unknown_precision_is_refused(loaded):
    error = loaded.fails("invalid", "init", "--precision", "f16")
    assert '"f16"' in error["message"] and error["hint"] == "one of: f32 reduced"
