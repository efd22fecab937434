# SPDX-License-Identifier: Apache-2.0
"""Upgrades of a database that is in use. The migrations that come are those of
tests/support/migrations, and what a process knows of them a knob says: its library is an older or a
newer one by that alone."""

import contextlib
import json
import os
import pathlib
import subprocess
import threading

import pytest
from conftest import BINARY, MIGRATIONS, ROOT, make_row, make_vector, wait_until, write_rows
from crashes import ARCHITECTURE, Injected, at, row, through
from stores import stores_agree

BESIDE = pathlib.Path(BINARY).resolve().parent / "tests" / "beside"
# The newest that a library knows.
LAST_EXACT = 15  # src/catalog/migration.h
OLD, COLUMN, INDEX, BACKFILL, RENAMED = range(MIGRATIONS, MIGRATIONS + 5)
ROWS = 600


def knowing(newest, **knobs):
    """The environment of a library that knows migrations up to this one."""
    knobs = {"schema-known": newest, **{name.replace("_", "-"): value
                                        for name, value in knobs.items()}}
    return {"GROVE_KNOBS": ",".join(f"{name}={value}" for name, value in knobs.items())}


@pytest.fixture
def loaded(filled, tmp_path):
    """A home of its own with some hundred rows, as grove with points."""
    made = Injected(filled.home)
    made("load", write_rows(tmp_path / "rows.jsonl", [
        make_row(number, vector=make_vector(number)) for number in range(1, ROWS + 1)]))
    made("sync")  # and the library's own backfills
    return made


def version(home):
    with home.connect() as conn:
        return conn.execute("SELECT version, compatible_from FROM grove.schema_version").fetchone()


def fetch(home, query):
    with home.connect() as conn:
        return conn.execute(query).fetchone()[0]


LACKING = """SELECT count(*) FROM content_metadata AS m WHERE length(m.title) IS DISTINCT FROM
    (SELECT t.characters FROM grove.title_length AS t WHERE t.content_id = m.id)"""
FILLED = f"SELECT count(*) FROM grove.ledger WHERE filled_at IS NOT NULL AND version > {OLD}"
MADE = """SELECT (SELECT indisvalid FROM pg_index
                  WHERE indexrelid = to_regclass('public.idx_content_words'))
             AND (SELECT convalidated FROM pg_constraint WHERE conname = 'words_are_counted')"""


# --- side by side ---------------------------------------------------------------------------------

class Beside:
    """The process of an old library that searches and writes."""

    def __init__(self, home, folder):
        self.process = subprocess.Popen(
            [BESIDE, folder / "beside.jsonl"], env={**home.env, **knowing(OLD)}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        self.said.extend(iter(self.process.stdout.readline, ""))

    @property
    def rounds(self):
        return sum(line.strip().isdigit() for line in self.said)

    def goes_on(self):
        """Waits until it has been through two more rounds: one began after this."""
        wanted = self.rounds + 2
        wait_until(lambda: self.rounds >= wanted or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(60)
        self.reader.join()
        return self.process.returncode


def test_an_old_process_works_on_while_the_database_is_upgraded(loaded, tmp_path):
    """Through every kind of migration, until one comes that it cannot work with."""
    beside = Beside(loaded, tmp_path)
    try:
        beside.goes_on()
        for newest in (COLUMN, INDEX, BACKFILL):
            assert loaded.json("init", env=knowing(newest))["applied"] == 1
            assert version(loaded) == (newest, LAST_EXACT)
            beside.goes_on()
        assert fetch(loaded, MADE) is True
        loaded("sync", env=knowing(BACKFILL, backfill_rows=100))
        wait_until(lambda: fetch(loaded, FILLED) == 1)
        beside.goes_on()
        # What the old one wrote meanwhile is as if the new one had written it.
        assert fetch(loaded, LACKING) == 0
        assert loaded.json("search", "baptism of believers", env=knowing(BACKFILL))["complete"]
        loaded("init", env=knowing(RENAMED))
        wait_until(lambda: beside.process.poll() is not None)
        assert beside.end() == 1
        assert f"the database has migration {RENAMED}, this grove knows {OLD}" in beside.said[-1]
        assert "use the grove that wrote it, or a newer one" in beside.said[-1]
        written = fetch(loaded, "SELECT count(*) FROM content_metadata WHERE content_type = 'Note'"
                                " AND hierarchy_table = 'subject2_hierarchy'")
        assert written >= beside.rounds > 6  # what it said is there; its last may be, unsaid
    finally:
        beside.process.kill()
        beside.end()


def test_an_old_process_ends_well_beside_a_new_schema(loaded, tmp_path):
    """And both stores are what they should be."""
    loaded("init", env=knowing(BACKFILL))
    beside = Beside(loaded, tmp_path)
    beside.goes_on()
    loaded("sync", env=knowing(BACKFILL))
    beside.goes_on()
    assert beside.end() == 0
    loaded("sync", env=knowing(OLD))
    assert stores_agree(loaded) > ROWS
    assert loaded.broken() == ""
    assert fetch(loaded, LACKING) == 0


def test_what_a_newer_schema_is_said_to_be(loaded):
    loaded("init", env=knowing(COLUMN))
    database = loaded.json("status", env=knowing(OLD))["database"]
    assert (database["schema_version"], database["schema_wanted"], database["schema_works"]) == \
        (COLUMN, OLD, True)
    assert "of a newer grove; this one works with it" in loaded("status", env=knowing(OLD)).stdout
    database = loaded.json("status", env=knowing(BACKFILL))["database"]
    assert (database["schema_version"], database["schema_works"]) == (COLUMN, True)
    assert "newer migrations to come" in loaded("status", env=knowing(BACKFILL)).stdout
    assert loaded.json("init", env=knowing(OLD))["applied"] == 0
    loaded("init", env=knowing(RENAMED))
    database = loaded.json("status", env=knowing(OLD))["database"]
    assert (database["schema_version"], database["schema_works"]) == (RENAMED, False)
    error = loaded.fails("unsupported", "search", "baptism", env=knowing(OLD))
    assert error["message"] == f"the database has migration {RENAMED}, this grove knows {OLD}"


def test_a_command_does_only_what_it_cannot_do_without(loaded):
    loaded("browse", "religion", env=knowing(BACKFILL))
    assert version(loaded)[0] == OLD
    # And before what it demands comes all that is older. (The old library's own statements are not
    # for that schema: it fails, after it has brought it.)
    loaded("browse", "religion", env=knowing(RENAMED))
    assert version(loaded) == (RENAMED, RENAMED)


def test_the_resident_projector_does_the_rest(loaded):
    env = {**knowing(BACKFILL, backfill_rows=100), "GROVE_PROJECTOR": "on"}
    loaded("browse", "religion", env=env)
    wait_until(lambda: version(loaded)[0] == BACKFILL and fetch(loaded, FILLED) == 1)
    assert fetch(loaded, MADE) is True
    assert fetch(loaded, LACKING) == 0
    log = (loaded.home / "servers" / "log" / "projector.log").read_text()
    assert "brought the schema up to date: 3 applied" in log


# --- killed ---------------------------------------------------------------------------------------

@row(ARCHITECTURE, "online migration")
@pytest.mark.parametrize("time", [1, 2, 3])
@at("migration-step")
def test_an_online_migration_is_killed(loaded, point, time):
    loaded.dies_at(f"{point}@{time}", "init", env=knowing(INDEX))
    assert version(loaded)[0] == COLUMN
    assert loaded.json("search", "baptism", env=knowing(OLD))["complete"]
    assert loaded.json("init", env=knowing(INDEX))["applied"] == 1
    assert version(loaded)[0] == INDEX
    assert fetch(loaded, MADE) is True


def test_a_server_process_ends_that_makes_an_index(loaded):
    """What is left of it is no index, and is made anew."""
    making = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%CREATE INDEX CONC%' AND" \
             " wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
    with loaded.held_at(["migration-step@2"], "init", env=knowing(INDEX)) as init:
        init.reach("migration-step@2")
        with loaded.connect() as writer, loaded.connect() as conn, writer.transaction():
            writer.execute("UPDATE content_metadata SET word_count = 1"
                           " WHERE id = (SELECT min(id) FROM content_metadata)")
            init.go_on("migration-step@2")
            pid, = wait_until(lambda: conn.execute(making).fetchone())
            assert fetch(loaded, MADE) is False
            conn.execute("SELECT pg_terminate_backend(%s)", (pid,))
            init.finish("unavailable")
    assert fetch(loaded, MADE) is False and version(loaded)[0] == COLUMN
    assert loaded.json("init", env=knowing(INDEX))["applied"] == 1
    assert fetch(loaded, MADE) is True


@row(ARCHITECTURE, "backfill")
@pytest.mark.parametrize("time", [1, 3])
@at("backfill-filled")
def test_a_backfill_is_killed(loaded, point, time):
    loaded("init", env=knowing(BACKFILL))
    loaded.dies_at(f"{point}@{time}", "sync", env=knowing(BACKFILL, backfill_rows=100))
    assert fetch(loaded, LACKING) == ROWS + 8 - 100 * (time - 1)
    assert fetch(loaded, FILLED) == 0
    loaded("sync", env=knowing(BACKFILL, backfill_rows=100))
    assert (fetch(loaded, LACKING), fetch(loaded, FILLED)) == (0, 1)


@through("migration-begun", "migration-waits")
def test_two_migrate_at_once(loaded, points):
    begun, waits = points
    with loaded.held_at([begun], "init", env=knowing(INDEX)) as first:
        first.reach(begun)
        with loaded.held_at([waits], "init", env=knowing(INDEX)) as second:
            second.pass_by(waits)
            # Whoever does not need it goes on; who waits says for whom when its time is over.
            assert loaded.json("search", "baptism", env=knowing(INDEX))["complete"]
            error = loaded.fails("timeout", "init", "--timeout", "2s", env=knowing(INDEX))
            assert "waiting for the lock of migrations, held by process" in error["context"]
            first.go_on(begun)
            first.finish()
            _, said = second.process.communicate(timeout=60)
    assert said.startswith("grove: waiting for the lock of migrations held by process ")
    assert version(loaded)[0] == INDEX
    assert fetch(loaded, "SELECT count(*) FROM grove.ledger") == INDEX - LAST_EXACT


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path):
    """From a build to itself: nothing is to be applied, and everybody goes on."""
    build, figures = pathlib.Path(BINARY).resolve().parent, tmp_path / "figures.json"
    done = subprocess.run(
        [ROOT / "tools" / "bench-upgrade", build, build, "--rows", "500", "--quiet", "2",
         "--seconds", "200", "--json", figures], capture_output=True, text=True, timeout=240,
        env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())
    assert found["init"]["applied"] == 0 and found["schema_after"] == MIGRATIONS
    assert set(found["statements"]) == {"search", "load", "update", "read"}
    assert all(client[period]["statements"] > 0 for client in found["statements"].values()
               for period in ("before", "after"))
