# SPDX-License-Identifier: Apache-2.0
"""Who projects, as status tells it: beside each other, killed, failing, of a schema of before, and
of a database that came out of a dump."""

import contextlib
import os
import re
import signal

from conftest import MIGRATIONS, make_row, make_vector, wait_until, write_rows
from crashes import Injected

NOTED_FROM = 35  # the migration that brings the table
RARELY = {"GROVE_KNOBS": "notes-ms=600000"}


def add_rows(grove, count, first=1):
    """Rows with vectors that wait for a projector."""
    with grove.connect() as conn:
        conn.execute(
            "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
            " content_summary, chunk_number)"
            " SELECT 'religion_hierarchy', l.id, 'Note', 'Noted ' || n, 'Noted.', n"
            " FROM (SELECT min(id) AS id FROM religion_hierarchy) AS l,"
            " generate_series(%s::int, %s::int) AS n", [first, first + count - 1])


def listed(grove, **wanted):
    return [item for item in grove.json("status", check=False)["projectors"]
            if all(item[name] == value for name, value in wanted.items())]


def the_one(grove, **wanted):
    """The only one that is so, once there is one."""
    found = wait_until(lambda: listed(grove, **wanted))
    assert len(found) == 1, found
    return found[0]


@contextlib.contextmanager
def watching(grove, **options):
    """A process that projects until it is killed."""
    process = grove.start("sync", "--watch", **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_each_is_told_beside_the_others(filled, tmp_path):
    """What watches, a load beside it, and what became of each: who is killed says nothing."""
    filled("sync")  # starts the servers, and has nothing to do
    base = len(listed(filled))
    with watching(filled) as first:
        add_rows(filled, 3, 1001)
        told = wait_until(lambda: listed(filled, kind="watch", written=3))[0]
        assert (told["state"], told["process"], told["embedded"]) == ("alive", first.pid, 3)
        assert told["failure"] is None and told["failures"] == told["refused"] == 0
        assert told["seconds_embedding"] > 0 and told["rows_per_second"] > 0
        assert told["began_at"] < told["worked_at"] and told["ended_at"] is None
        assert told["name"].split("/")[:2] == [told["host"], str(first.pid)]

        rows = [make_row(n, vector=make_vector(n)) for n in range(1, 301)]
        first.send_signal(signal.SIGSTOP)  # or it takes some of them
        filled("load", write_rows(tmp_path / "rows.jsonl", rows))
        first.send_signal(signal.SIGCONT)
        load = the_one(filled, kind="load", written=300)
        assert (load["state"], load["embedded"]) == ("ended", 0)
        assert load["ended_at"] >= load["worked_at"] and load["process"] != first.pid
        answer = filled.json("status")
        assert 0 < answer["rows_per_second"] <= told["rows_per_second"]  # of who lives alone
        assert [item["state"] for item in answer["projectors"]] == (
            ["alive"] + ["ended"] * (base + 1))

        words = filled("status").stdout
        assert re.search(r"^projecting +1 projector lives; [\d.,]+ rows/s$", words, re.M), words
        assert re.search(rf"^watch +{first.pid} .* alive .* ago +3 ", words, re.M), words
        assert re.search(rf"^load +{load['process']} .* ended .* ago +300 ", words, re.M), words
    told = the_one(filled, kind="watch", process=first.pid, state="lost")
    assert (told["written"], told["ended_at"]) == (3, None)
    assert filled.json("status")["rows_per_second"] == 0

    with watching(filled) as second:
        filled("rm", "--yes", load_leaf())
        wait_until(lambda: listed(filled, kind="watch", removed=300, state="alive"))
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
    assert the_one(filled, kind="watch", process=second.pid, state="ended")["removed"] == 300
    assert len(listed(filled)) == base + 3


def load_leaf():
    row = make_row()
    return "/".join(row[name] for name in ("tree", "branch", "limb", "leaf"))


def test_a_failure_is_told(filled):
    """Of who goes on while the engine does not answer, and of what it said."""
    with watching(filled) as process:
        add_rows(filled, 2, 2001)
        wait_until(lambda: listed(filled, kind="watch", written=2))
        engine = filled.processes()["vectors"]
        os.kill(engine, signal.SIGSTOP)
        try:
            assert filled.json("search", "faith")["degraded"] is True  # now all know it
            add_rows(filled, 1, 2003)
            told = wait_until(lambda: [item for item in listed(filled, kind="watch")
                                       if item["failures"] > 0], 60)[0]
            words = filled("status", check=False).stdout
        finally:
            os.kill(engine, signal.SIGCONT)
        assert (told["process"], told["state"], told["written"]) == (process.pid, "alive", 2)
        assert "vector" in told["failure"], told
        assert told["failed_at"] and told["failure_age_seconds"] >= 0
        assert re.search(r"^ +\d+ failures?; the last .* ago: ", words, re.M), words
        # What goes well afterwards leaves it to be read.
        assert wait_until(lambda: listed(filled, kind="watch", written=3))[0]["failure"]


def test_the_resident_one_is_told_to_its_last_row(filled):
    """It looks once a second: what it did in less is saved when it has done all."""
    made = Injected(filled.home)
    made.env |= {"GROVE_PROJECTOR": "on", **RARELY}
    made("search", "faith")
    for number in range(3):
        add_rows(filled, 1, 3001 + number)
        wait_until(lambda: listed(filled, kind="resident", written=number + 1))
    told = the_one(filled, kind="resident")
    assert (told["state"], told["process"]) == ("alive", made.processes()["projector"])


def test_what_came_out_of_a_dump_is_not_told(filled, tmp_path):
    add_rows(filled, 1, 4001)
    filled("sync")
    assert listed(filled, kind="sync", written=1)
    filled("pg_dump", "--", "-Fc", "-f", tmp_path / "x.dump")
    filled("pg_restore", "--", "--clean", "--if-exists", "--exit-on-error", tmp_path / "x.dump")
    assert listed(filled) == []
    assert "projecting" not in filled("status").stdout
    with filled.connect() as conn:
        assert conn.execute("SELECT count(*) FROM grove.projector").fetchone()[0] > 0
    # The next one has them go.
    add_rows(filled, 1, 4002)
    filled("sync")
    assert [item["kind"] for item in listed(filled)] == ["sync"]
    with filled.connect() as conn:
        assert conn.execute("SELECT count(*) FROM grove.projector").fetchone()[0] == 1


def test_an_older_schema_has_none(grove, tmp_path):
    """Whoever works with it goes on without; who brings it up to date has it noted."""
    made = Injected(grove.home)
    older = {"GROVE_KNOBS": f"schema-known={NOTED_FROM - 1}"}
    made("init", env=older)
    made("load", write_rows(tmp_path / "a.jsonl", [make_row(1, vector=make_vector(1))]))
    answer = made.json("status")
    assert (answer["database"]["schema_version"], answer["contents"]) == (NOTED_FROM - 1, 1)
    assert answer["database"]["schema_works"] and answer["pending"] == 0
    assert answer["projectors"] == [] and answer["rows_per_second"] is None
    assert "projecting" not in made("status").stdout
    log = (made.home / "servers" / "log" / "postgres.log").resolve()
    assert 'relation "grove.projector" does not exist' not in log.read_text()
    made("init", env={"GROVE_KNOBS": f"schema-known={MIGRATIONS}"})
    made("load", write_rows(tmp_path / "b.jsonl", [make_row(2, vector=make_vector(2))]))
    assert the_one(made, kind="load")["written"] == 1


def test_who_may_not_note_projects_all_the_same(filled):
    """A role that was granted what there was before the table came."""
    with filled.connect() as conn:
        conn.execute("CREATE ROLE worker LOGIN")
        conn.execute("GRANT USAGE ON SCHEMA grove, public TO worker")
        conn.execute("GRANT ALL ON ALL TABLES IN SCHEMA grove, public TO worker")
        conn.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA grove, public TO worker")
        conn.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA grove TO worker")
        conn.execute("REVOKE ALL ON grove.projector FROM worker")
    before = len(listed(filled))
    add_rows(filled, 2, 5001)
    env = {"DATABASE_URL": f"postgresql://grove@/grove?host={filled.socket_folder()}"
                           "&options=-c%20role%3Dworker"}
    done = filled.json("sync", env=env)
    assert (done["upserted"], done["pending"]) == (2, 0)
    answer = filled.json("status", env=env)
    assert answer["ok"] and answer["projectors"] == [] and answer["rows_per_second"] is None
    assert len(listed(filled)) == before
