# SPDX-License-Identifier: Apache-2.0
"""Two databases and one collection; databases that were restored, copied, or died on the way."""

import psycopg
import pytest
import schema
from conftest import make_row, make_vector, write_rows
from crashes import at, home  # noqa: F401
from stores import ask_engine, points_of, search_tells_all, stores_agree

LINEAGE = "SELECT replace(identity::text, '-', ''), epoch, doubt FROM grove.lineage"
BREAK = ("UPDATE grove.lineage SET timeline = 'another', written = pg_current_xact_id()::xid")


def lineage(grove, **names):
    with connect(grove, **names) as conn:
        return conn.execute(LINEAGE).fetchone()


def connect(grove, dbname="grove"):
    return psycopg.connect(host=grove.socket_folder(), user="grove", dbname=dbname, autocommit=True)


def load(grove, folder, count, **options):
    rows = [make_row(n, vector=make_vector(n)) for n in range(1, count + 1)]
    return grove("load", write_rows(folder / "rows.jsonl", rows), **options)


USUAL = {"GROVE_COLLECTION": "content_vectors"}


@pytest.fixture
def beside(shared):
    """A second database on the home's PostgreSQL, and the home's vector engine: its environment."""
    with connect(shared, "postgres") as conn:
        conn.execute("CREATE DATABASE beside")
    try:
        yield {"DATABASE_URL": f"postgresql://grove@/beside?host={shared.socket_folder()}"}
    finally:
        with connect(shared, "postgres") as conn:
            conn.execute("DROP DATABASE beside WITH (FORCE)")


def test_another_databases_collection_is_refused(shared, beside, tmp_path):
    beside = {**beside, **USUAL}
    shared("sync")
    before = shared.json("search", "candles", "--limit", "20")["results"]
    error = shared.fails("conflict", "init", env=beside)
    assert lineage(shared)[0] in error["message"] and "content_vectors" in error["message"]
    assert lineage(shared, dbname="beside")[0] in error["detail"]
    assert "GROVE_COLLECTION" in error["hint"] and "--take-collection" in error["hint"]
    for command in (["sync"], ["load", write_rows(tmp_path / "one.jsonl", [make_row(1)])],
                    ["search", "candles"], ["discover", "candles"]):
        assert shared.fails("conflict", *command, env=beside)["message"] == error["message"]
    status = shared.json("status", env=beside)
    assert status["engine"]["collection_of"] == lineage(shared)[0]
    assert status["database"]["identity"] == lineage(shared, dbname="beside")[0]
    assert lineage(shared)[0] in shared("doctor", env=beside, check=False).stdout
    assert "all is well" not in shared("doctor", env=beside, check=False).stdout
    assert shared.json("status")["engine"]["collection_of"] is None
    # What needs no vectors is not refused.
    assert shared.json("browse", "religion", env=beside)["results"] == []
    # The first way out: both go on side by side.
    own = {**beside, "GROVE_COLLECTION": "beside"}
    shared("init", env=own)
    load(shared, tmp_path, 30, env=own)
    assert shared.json("search", "anything", "--limit", "50", env=own)["total"] == 30
    assert shared.json("search", "candles", "--limit", "20")["results"] == before
    stores_agree(shared)


def test_a_collection_is_taken(shared, beside, tmp_path):
    """And the one whose it was is refused from then on, until it takes it back."""
    beside = {**beside, **USUAL}
    shared("sync")
    before = shared.json("search", "candles", "--limit", "20")["results"]
    shared("init", "--take-collection", env=beside)
    load(shared, tmp_path, 12, env=beside)
    status = shared.json("status", env=beside)
    assert (status["engine"]["points"], status["pending"]) == (12, 0)
    assert shared.json("search", "anything", "--limit", "50", env=beside)["degraded"] is False
    shared.fails("conflict", "search", "candles")
    shared.fails("conflict", "sync")
    shared("init", "--take-collection")
    shared("sync")
    stores_agree(shared)
    assert shared.json("search", "candles", "--limit", "20")["results"] == before
    epoch = lineage(shared)
    shared("init", "--take-collection")  # it is its own: nothing changes
    assert lineage(shared) == epoch


def test_several_databases_have_one_engine_without_care(shared, beside, tmp_path):
    """Each has a collection of its own, by its identity; the first keeps the usual one."""
    shared("sync")
    before = shared.json("search", "candles", "--limit", "20")["results"]
    shared("init", env=beside)
    load(shared, tmp_path, 30, env=beside)
    identity = lineage(shared, dbname="beside")[0]
    assert shared.json("status", env=beside)["engine"]["collection"] == \
        f"content_vectors_{identity[:16]}"
    answer = shared.json("search", "anything", "--limit", "50", env=beside)
    assert (answer["total"], answer["complete"], answer["degraded"]) == (30, True, False)
    assert shared.json("search", "candles", "--limit", "20")["results"] == before
    stores_agree(shared)
    # The home's own, named by its URL, is the home's own.
    own = {"DATABASE_URL": f"postgresql://grove@/grove?host={shared.socket_folder()}"}
    assert shared.json("search", "candles", "--limit", "20", env=own)["results"] == before
    assert shared.json("status", env=own)["engine"]["collection"] == "content_vectors"


def test_who_comes_back_to_a_collection_compares_it(shared):
    """One database, two collections in turn; who only asks takes it to neither."""
    there = {"GROVE_COLLECTION": "there"}
    shared("sync")
    contents = stores_agree(shared)
    shared("init", env=there)
    shared("sync", env=there)
    with connect(shared) as conn:
        conn.execute("UPDATE content_metadata SET word_count = word_count + 1 WHERE id % 2 = 0")
    shared("sync", env=there)
    epoch = lineage(shared)[1]
    answer = shared.json("search", "candles", "--limit", "5")
    assert (answer["complete"], answer["degraded"]) == (True, True)
    assert "another collection by now" in answer["degraded_reason"]
    assert "another collection by now" in shared.json("status")["engine"]["doubt"]
    assert shared.json("search", "candles", env=there)["degraded"] is False
    assert lineage(shared)[1:] == (epoch, None)
    compared = shared.json("sync")["comparison"]
    assert (compared["points"], compared["taken_out"]) == (contents, 0)
    assert 0 < compared["enqueued"] < contents
    stores_agree(shared)
    assert shared.json("search", "candles")["degraded"] is False
    assert shared.json("search", "candles", env=there)["degraded"] is True
    assert lineage(shared)[1:] == (epoch + 1, None)
    ask_engine(shared, "DELETE", "/collections/there", None)


def test_a_copy_is_another_database(shared, tmp_path):
    shared("sync")
    with connect(shared, "postgres") as conn:
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                     " WHERE datname = 'grove' AND pid <> pg_backend_pid()")
        conn.execute("CREATE DATABASE copied TEMPLATE grove")
    copied = {"DATABASE_URL": f"postgresql://grove@/copied?host={shared.socket_folder()}"}
    named = {**copied, **USUAL}
    try:
        # Nobody has noticed yet.
        assert shared.json("status", env=named)["engine"]["collection_of"] == lineage(shared)[0]
        shared.fails("conflict", "search", "candles", env=named)
        assert lineage(shared, dbname="copied")[0] != lineage(shared)[0]
        # Where nobody names one it has its own.
        shared("sync", env=copied)
        answer = shared.json("search", "candles", "--limit", "20", env=copied)
        assert (answer["complete"], answer["degraded"]) == (True, False)
        assert answer["results"] == shared.json("search", "candles", "--limit", "20")["results"]
        stores_agree(shared)
    finally:
        with connect(shared, "postgres") as conn:
            conn.execute("DROP DATABASE copied WITH (FORCE)")


@pytest.fixture
def reader(shared):
    """A role that may read everything and write nothing: its environment."""
    with connect(shared) as conn:
        conn.execute("CREATE ROLE reader; GRANT USAGE ON SCHEMA grove TO reader;"
                     "GRANT SELECT ON ALL TABLES IN SCHEMA grove, public TO reader;"
                     "GRANT SELECT ON ALL SEQUENCES IN SCHEMA grove TO reader")
    try:
        yield {"DATABASE_URL": f"postgresql://grove@/grove?host={shared.socket_folder()}"
                               "&options=-c%20role%3Dreader"}
    finally:
        with connect(shared) as conn:
            conn.execute("DROP OWNED BY reader; DROP ROLE reader")


def cut_history(grove):
    with connect(grove) as conn:
        conn.execute(BREAK)


def take_out_the_witness(grove):
    with connect(grove) as conn:
        ids, = conn.execute("SELECT content_ids FROM grove.witness").fetchone()
    ask_engine(grove, "POST", "/collections/content_vectors/points/delete?wait=true",
               {"points": ids})


@pytest.mark.parametrize("happens", [cut_history, take_out_the_witness])
@pytest.mark.parametrize("limit", [{}, {"PGOPTIONS": "-c default_transaction_read_only=on"}])
def test_who_may_only_read_does_without_the_engine(shared, reader, happens, limit):
    """It cannot note what has happened. Who may write does, and both go on."""
    shared("sync")
    reader = {"DATABASE_URL": reader["DATABASE_URL"].split("&")[0], **limit} if limit else reader
    before = shared.json("search", "candles", env=reader)
    assert before["degraded"] is False
    happens(shared)
    noted = lineage(shared)
    answer = shared.json("search", "candles", env=reader)
    assert (answer["complete"], answer["degraded"]) == (True, True)
    assert "is not compared with the database" in answer["degraded_reason"]
    assert answer["results"] == before["results"]
    assert shared.json("search", "candles", env=reader)["degraded"] is True
    assert lineage(shared) == noted
    shared("sync")
    stores_agree(shared)
    assert shared.json("search", "candles", env=reader)["degraded"] is False


def test_sync_tells_what_it_compared(shared):
    shared("sync")
    contents = stores_agree(shared)
    assert "comparison" not in shared.json("sync")
    cut_history(shared)
    told = shared.json("sync")["comparison"]
    assert (told["points"], told["enqueued"], told["taken_out"]) == (contents, 0, 0)
    assert told["ended"] is True and told["keeps_index"] is False  # too few to know anything of it
    assert "was restored" in told["reason"]
    payload, vector = next(iter(points_of(shared).values()))
    ask_engine(shared, "PUT", "/collections/content_vectors/points?wait=true",
               {"points": [{"id": 4000, "payload": payload, "vector": vector}]})
    cut_history(shared)
    line = shared("sync").stdout.splitlines()[0]
    assert line.startswith(f"compared {contents + 1} points with the contents, since ")
    assert "was restored" in line and line.endswith(": 0 to be written, 1 taken out")
    stores_agree(shared)
    schema.assert_answer("sync", {**shared.json("sync"), "comparison": told})


@at("lineage-begun", "lineage-marked", "lineage-compared")
def test_who_dies_on_the_way_leaves_it_to_the_next(home, point):
    """A new epoch, its mark, the comparison."""
    home("sync")
    with home.connect() as conn:
        conn.execute(BREAK)
        epoch = conn.execute(LINEAGE).fetchone()[1]
    home.dies_at(point, "sync")
    with home.connect() as conn:  # its claim ends after 30 s
        conn.execute("UPDATE grove.lineage SET claimed_until = claimed_until - interval '1 minute',"
                     " written = pg_current_xact_id()::xid")
    assert home.json("search", "grace")["degraded"] is True
    home("sync")
    assert lineage(home)[1:] == (epoch + 1, None)
    stores_agree(home)
    search_tells_all(home)


@at("lineage-begun", "lineage-marked", "lineage-compared")
def test_what_fails_on_the_way_is_tried_again(home, point):
    home("sync")
    with home.connect() as conn:
        conn.execute(BREAK)
    home.fails_at(point, "sync")
    with home.connect() as conn:
        conn.execute("UPDATE grove.lineage SET claimed_until = claimed_until - interval '1 minute',"
                     " written = pg_current_xact_id()::xid")
    home("sync")
    stores_agree(home)
    search_tells_all(home)
