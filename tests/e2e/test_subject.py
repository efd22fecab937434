# SPDX-License-Identifier: Apache-2.0
"""grove subject: through the command, on a database that others use; the scripts for review; what
docs/extending.md has readers type."""

import json
import os
import pathlib
import re
import subprocess
import threading
import time

import psycopg
import pytest
from conftest import BINARY, EXIT_STATUS, ROOT, make_row, wait_until, write_rows
from crashes import Injected, at

SCRIPTS = {"migration": ("add",), "rollback": ("remove",), "validation": ("validate",),
           "sample": ("add", "--sample")}
NINE = {"religion", *(f"subject{number}" for number in range(1, 9))}


def names(grove):
    return {subject["name"] for subject in grove.json("subject", "list")["subjects"]}


def failed_checks(grove, name):
    done = grove("subject", "validate", name, "--json", check=False)
    answer = json.loads(done.stdout)
    failed = [finding["name"] for finding in answer["findings"] if finding["verdict"] == "failed"]
    assert answer["ok"] == (not failed) == (done.returncode == 0)
    return failed


@pytest.fixture
def busy(shared):
    """The file's home, without Science and whatever else a test added."""
    yield shared
    for name in names(shared) - NINE:
        shared("subject", "remove", name, "--with-contents")


# --- the way of a subject -------------------------------------------------------------------------

def test_a_subject_comes_and_goes(busy):
    answer = busy.json("subject", "add", "science", "--sample")
    assert [phase["name"] for phase in answer["phases"]] == [
        "table", "extend", "validate", "enter", "settle"]
    assert all(phase["done"] for phase in answer["phases"])
    assert answer["load"]["rows_inserted"] == 12 and answer["load"]["leaves_created"] == 7
    # Again: it is there, and so is its sample.
    assert busy.json("subject", "add", "science", "--sample")["load"]["rows_unchanged"] == 12
    assert failed_checks(busy, "science") == []
    shown = busy.json("subject", "show", "science")
    assert (shown["leaves"], shown["contents"], shown["state"]) == (7, 12, "ready")

    hits = busy.json("search", "entangled particles far apart", "--path", "science")["results"]
    assert len(hits) == 10 and hits[0]["title"].startswith("Entanglement")
    found = busy.json("discover", "the beginning of the world")
    assert {"science_hierarchy", "religion_hierarchy"} <= {
        group["hierarchy_table"] for group in found["groups"]}
    browsed = busy.json("browse", "science/Physics/Quantum-Mechanics/Theories")
    assert browsed["total"] == 3

    error = busy.fails("conflict", "subject", "remove", "science")
    assert "12 contents" in error["message"] and "--with-contents" in error["hint"]
    assert busy.json("subject", "remove", "science", "--with-contents")["contents_removed"] == 12
    busy("sync")
    assert names(busy) == NINE
    busy.fails("not_found", "browse", "science")
    assert busy.json("status")["engine"]["points"] == 8
    assert not [group for group in busy.json("discover", "the beginning of the world")["groups"]
                if group["hierarchy_table"] == "science_hierarchy"]


def test_rename_keeps_what_is_there(busy, tmp_path):
    busy("subject", "add", "science", "--sample")
    before = busy.json("browse", "science", "--limit", "5")
    busy("subject", "rename", "science", "nature")
    after = busy.json("browse", "nature", "--limit", "5")
    assert [row["content_id"] for row in after["results"]] == [
        row["content_id"] for row in before["results"]]
    assert busy.json("status")["pending"] == 0
    busy.fails("not_found", "browse", "science")
    busy("load", write_rows(tmp_path / "more.jsonl", [make_row(1, tree="nature")]))
    assert busy.json("subject", "show", "nature")["contents"] == 13
    assert failed_checks(busy, "nature") == []
    # A page of a query across all subjects goes on where it was.
    page = busy.json("discover", "nature", "--limit", "3")
    busy("subject", "rename", "nature", "science")
    following = busy.json("discover", "nature", "--limit", "3", "--cursor", page["next_cursor"])
    assert not {row["content_id"] for row in page["results"]} & {
        row["content_id"] for row in following["results"]}


def test_a_dry_run_tells_and_changes_nothing(busy):
    before = busy.json("subject", "list")
    answer = busy.json("subject", "add", "science", "--dry-run")
    assert [phase["name"] for phase in answer["phases"]] == [
        "table", "extend", "validate", "enter", "settle"]
    assert not any(phase["done"] for phase in answer["phases"])
    impact = answer["impact"]
    assert impact["subjects"] == 9 and impact["validate_seconds"] >= 0
    assert impact["planning_ms"] > 0 and impact["database_bytes"] > impact["table_bytes"] > 0
    assert impact["discover_ms"] > 0
    shown = busy("subject", "add", "science", "--dry-run").stdout
    assert "NOT VALID" in shown and "ACCESS EXCLUSIVE" in shown and "pg_dump" in shown
    assert "nothing was changed" in shown and "8 contents are read by VALIDATE" in shown
    assert busy.json("subject", "list") == before
    # What is told of a removal and of a rename is theirs.
    busy("subject", "add", "science", "--sample")
    before = busy.json("subject", "list")
    shown = busy("subject", "remove", "science", "--with-contents", "--dry-run").stdout
    assert "20 contents are read by VALIDATE" in shown and "12 contents go with it" in shown
    shown = busy("subject", "rename", "science", "nature", "--dry-run").stdout
    assert "VALIDATE" not in shown and "go with it" not in shown
    assert busy.json("subject", "list") == before
    shown = busy("subject", "add", "science", "--sample").stdout
    assert 'the subject "science" is there already' in shown
    shown = busy("subject", "rename", "science", "nature").stdout
    assert 'the subject "science" is called "nature" now: ' in shown and " phase in " in shown
    shown = busy("subject", "remove", "nature", "--with-contents").stdout
    assert 'the subject "nature" is gone: ' in shown and "12 contents went with it" in shown
    assert 'the subject "nature" is there: ' in busy("subject", "add", "nature").stdout
    busy("subject", "remove", "nature")


@pytest.mark.parametrize("arguments, code, words", [
    (("add",), "invalid", "needs a name"),
    (("add", "Science"), "invalid", "cannot be"),
    (("add", "x" * 41), "invalid", "at most 40"),
    (("add", "select"), "invalid", "key word"),
    (("add", "religion"), "conflict", "already"),
    (("add", "history", "--sample"), "invalid", "no sample"),
    (("add", "history", "--with-contents"), "invalid", "does not take --with-contents"),
    (("add", "two", "names"), "invalid", "does not take the argument"),
    (("rename", "science"), "invalid", "two names"),
    (("rename", "nowhere", "there"), "not_found", "no subject"),
    (("rename", "subject1", "religion"), "conflict", "already"),
    (("remove", "nowhere"), "not_found", "no subject"),
    (("remove", "subject1"), "invalid", "cannot be removed"),
    (("show", "nowhere"), "not_found", "no subject"),
    (("validate", "nowhere"), "not_found", "no subject"),
    (("ad", "science"), "invalid", "no action"),
])
def test_bad_input(busy, arguments, code, words):
    assert words in busy.fails(code, "subject", *arguments)["message"]
    assert names(busy) == NINE


INSERT = ("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
          " content_summary, chunk_number) VALUES (%s, %s, 'Note', 'Early', 'Early', 1)")
UPDATE = "UPDATE content_metadata SET hierarchy_table = %s, leaf_id = %s WHERE id = 1"


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("statement", [INSERT, UPDATE], ids=["INSERT", "UPDATE"])
def test_a_snapshot_that_lacks_a_subject_takes_nothing_of_it(busy, level, statement):
    """The CHECK knows it already. Who begins anew is served; a name that is no subject's stays the
    CHECK's business."""
    with busy.connect() as conn:
        conn.execute(f"BEGIN ISOLATION LEVEL {level}")
        conn.execute("SELECT count(*) FROM grove.subject")
        busy("subject", "add", "science", "--sample")
        with busy.connect() as other:
            leaf, = other.execute("SELECT min(id) FROM science_hierarchy").fetchone()
        with pytest.raises(psycopg.errors.SerializationFailure, match="science_hierarchy is newer"):
            conn.execute(statement, ("science_hierarchy", leaf))
        conn.execute("ROLLBACK")
        conn.execute(f"BEGIN ISOLATION LEVEL {level}")
        conn.execute(statement, ("science_hierarchy", leaf))
        conn.execute("ROLLBACK")
        conn.execute(f"BEGIN ISOLATION LEVEL {level}")
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute(INSERT, ("science_library", leaf))
        conn.execute("ROLLBACK")


# --- beside others --------------------------------------------------------------------------------

def test_a_wait_is_told_and_ends(busy):
    with busy.connect() as conn:
        conn.execute("SET application_name = 'a long report'")
        conn.execute("BEGIN")
        conn.execute("SELECT count(*) FROM content_metadata")
        changing = busy.start("subject", "add", "science")
        line = changing.stderr.readline()
        assert "waiting for a lock on tables held by process" in line and "a long report" in line
        # Its time is its own; nothing was done that could be seen.
        error = busy.fails("timeout", "subject", "add", "history", "--timeout", "5s")
        assert "lock of changes" in error["context"]
        conn.execute("COMMIT")
    out, err = changing.communicate(timeout=60)
    assert changing.returncode == 0, (out, err)
    assert names(busy) == NINE | {"science"}


def test_its_sessions_are_ended(busy):
    """By an administrator, while it waits: between two attempts it goes on with another; in one it
    says that the connection is lost, and the same command goes on from there."""
    with busy.connect() as conn, busy.connect() as admin:
        conn.execute("BEGIN")
        conn.execute("SELECT count(*) FROM content_metadata")
        changing = busy.start("subject", "add", "science", "--json")
        assert "waiting for a lock" in changing.stderr.readline()
        while changing.poll() is None and not admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type ="
                " 'client backend' AND pid <> ALL (%s)",
                ([conn.info.backend_pid, admin.info.backend_pid],)).fetchall():
            pass
        conn.execute("COMMIT")
        out, _ = changing.communicate(timeout=60)
    if changing.returncode != 0:
        error = json.loads(out)["error"]
        assert (error["code"], error["retry"]) == ("unavailable", "later"), error
        busy("subject", "add", "science")
    assert names(busy) == NINE | {"science"} and failed_checks(busy, "science") == []


# No statement of theirs may wait so long for a lock. What is asked for briefly is asked for during
# 10 ms; the rest is room for a machine on which much else runs.
LOCK_TIMEOUT = "500ms"


class Client(threading.Thread):
    """Does the same again and again, until it is told to end; a statement that fails ends it."""

    def __init__(self, grove, statements):
        super().__init__()
        self.conn = grove.connect()
        self.conn.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        self.statements, self.ended, self.count, self.error = statements, False, 0, None

    def run(self):
        try:
            while not self.ended:
                for statement in self.statements:
                    self.conn.execute(statement)
                self.count += 1
        except psycopg.Error as error:
            self.error = error

    def end(self):
        self.ended = True
        self.join()
        self.conn.close()
        assert self.error is None, self.error
        return self.count


WRITES = (
    "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary,"
    " chunk_number) SELECT 'religion_hierarchy', min(id), 'Beside', 'b', 's', 1"
    " FROM religion_hierarchy",
    "UPDATE content_metadata SET word_count = coalesce(word_count, 0) + 1"
    " WHERE content_type = 'Beside'",
    "DELETE FROM content_metadata WHERE content_type = 'Beside'",
)
READS = (
    "SELECT count(*) FROM content_metadata AS m JOIN grove.leaf AS l"
    " ON l.hierarchy_table = m.hierarchy_table AND l.leaf_id = m.leaf_id",
)


def test_readers_and_writers_go_on(busy):
    clients = [Client(busy, WRITES), Client(busy, READS)]
    for client in clients:
        client.start()
    for _ in range(3):
        busy("subject", "add", "science", "--sample")
        busy("subject", "rename", "science", "nature")
        assert busy.json("search", "entropy", "--limit", "1")["results"]
        busy("subject", "remove", "nature", "--with-contents")
    assert all(client.end() > 0 for client in clients)
    busy("sync")
    assert busy.broken() == ""


def test_two_commands_at_once(busy):
    changing = [busy.start("subject", "add", name) for name in ("science", "history", "law")]
    for process in changing:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
    assert names(busy) == NINE | {"science", "history", "law"}
    for name in ("science", "history", "law"):
        assert failed_checks(busy, name) == []
    removing = [busy.start("subject", "remove", name) for name in ("science", "history", "law")]
    for process in removing:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
    assert names(busy) == NINE


# --- killed ---------------------------------------------------------------------------------------

def table_is_there(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT to_regclass('science_hierarchy') IS NOT NULL").fetchone()[0]


@pytest.mark.slow
@at("subject-decided", "subject-committed")
def test_killed_while_it_adds(busy, point):
    grove = Injected(busy.home)
    for time in range(1, 6):
        grove.dies_at(f"{point}@{time}", "subject", "add", "science")
        added = point == "subject-committed" and time >= 4 or time == 5
        state = {subject["name"]: subject["state"]
                 for subject in busy.json("subject", "list")["subjects"]}.get("science")
        nothing = point == "subject-decided" and time == 1
        assert state == (None if nothing else "ready" if added else "adding"), time
        # What was there is as it was.
        assert busy.json("browse", "religion")["total"] == 8
        # Finished, or told that it is finished.
        done = busy("subject", "add", "science", check=False)
        assert done.returncode == (EXIT_STATUS["conflict"] if added else 0)
        assert failed_checks(busy, "science") == []
        busy("subject", "remove", "science")
        # The same again, and taken back.
        grove.dies_at(f"{point}@{time}", "subject", "add", "science")
        taken = busy("subject", "remove", "science", check=False)
        assert taken.returncode == (EXIT_STATUS["not_found"] if nothing else 0)
        assert names(busy) == NINE and not table_is_there(busy)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["subject-decided", "subject-committed"])
def test_killed_while_it_removes(busy, point):
    grove = Injected(busy.home)
    for time in range(1, 5):
        busy("subject", "add", "science", "--sample")
        grove.dies_at(f"{point}@{time}", "subject", "remove", "science", "--with-contents")
        contents = busy.json("browse", "science")["total"] if table_is_there(busy) else None
        gone = point == "subject-committed" and time == 4
        emptied = point == "subject-committed" and time >= 2 or time >= 3
        assert contents == (None if gone else 0 if emptied else 12)
        if not gone:
            busy("subject", "remove", "science", "--with-contents")
        assert names(busy) == NINE and not table_is_there(busy)
    busy("sync")
    assert busy.broken() == ""


def test_what_is_removed_takes_nothing(busy, tmp_path):
    busy("subject", "add", "science", "--sample")
    grove = Injected(busy.home)
    grove.dies_at("subject-committed@2", "subject", "remove", "science", "--with-contents")
    row = make_row(tree="science")
    document = {**row, "document": "a", "body": "It is said in full."}
    del document["summary"], document["chunk_number"]
    content = busy.json("browse", "religion", "--limit", "1")["results"][0]["content_id"]
    for command in (("load", write_rows(tmp_path / "row", [row])),
                    ("load", write_rows(tmp_path / "rows", [document])),
                    ("mv", content, "science/A/B/C"), ("mv", "religion/Christianity", "science/A")):
        done = busy(*command, check=False)
        assert done.returncode == EXIT_STATUS["conflict"], done.stderr
        assert 'the subject "science" is being removed, and takes no contents' in done.stderr
        assert "valid_hierarchy_table" not in done.stderr
    busy("subject", "add", "science")  # takes it back
    assert busy.json("load", tmp_path / "rows")["documents"] == 1


@pytest.mark.parametrize("document", [False, True], ids=["rows", "documents"])
def test_a_subject_that_goes_while_it_is_loaded(busy, document):
    busy("subject", "add", "history")
    busy("subject", "rename", "history", "past")
    lines = [make_row(1, tree="past"), make_row(2, tree="past")]
    if document:
        lines = [{**line, "document": str(number), "body": "It is said in full."}
                 for number, line in enumerate(lines)]
        for line in lines:
            del line["summary"], line["chunk_number"]
    loading = busy.start("load", "-", stdin=subprocess.PIPE)
    loading.stdin.write(json.dumps(lines[0]) + "\n")
    loading.stdin.flush()
    with busy.connect() as conn:
        wait_until(lambda: conn.execute("SELECT count(*) FROM pg_stat_activity WHERE"
                                        " application_name LIKE 'grove%'").fetchone()[0] > 0)
    time.sleep(0.3)  # it has read which subjects there are, and waits for more
    busy("subject", "remove", "past", "--with-contents")
    loading.stdin.write(json.dumps(lines[1]) + "\n")
    _, said = loading.communicate(timeout=60)
    assert loading.returncode == EXIT_STATUS["not_found"], said
    assert 'the subject "past" was removed since this began' in said and "relation" not in said


def test_an_attached_table_follows_its_subject(busy):
    busy("subject", "add", "history")
    with busy.connect() as conn:
        conn.execute("CREATE TABLE facts (id integer PRIMARY KEY, title text, body text)")
        try:
            conn.execute("INSERT INTO facts VALUES (1, 'Rome', 'It fell.'),"
                         " (2, 'Troy', 'It burnt.')")
            busy("attach", "facts", "--path", "history/Cities")
            busy("subject", "rename", "history", "past")
            conn.execute("UPDATE facts SET body = 'It was sacked by the Goths.' WHERE id = 1")
            found = busy.json("search", "the Goths", "--path", "past", "--limit", "2")
            assert found["complete"]
            assert [row["title"] for row in found["results"]] == ["Rome", "Troy"]
            assert found["results"][0]["score"] > 2 * found["results"][1]["score"]
            # Nothing of it goes unless the table is detached.
            error = busy.fails("conflict", "subject", "remove", "past", "--with-contents")
            assert '"public.facts" is attached' in error["message"]
            assert "detach 'public.facts'" in error["hint"]
            assert busy.json("subject", "show", "past")["contents"] == 2
        finally:
            busy("detach", "facts", check=False)
            conn.execute("DROP TABLE facts")


# --- the scripts, and the page --------------------------------------------------------------------

@pytest.mark.parametrize("script, arguments", SCRIPTS.items())
def test_the_scripts_are_what_the_command_does(script, arguments):
    action, *options = arguments
    done = subprocess.run([BINARY, "subject", action, "science", "--sql", *options],
                          capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, "GROVE_HOME": "/dev/null/nowhere"})
    path = ROOT / "sql" / "extension" / f"{script}.sql"
    assert path.read_text() == done.stdout, (
        f"{path.name} is stale: build/grove subject {action} science --sql {' '.join(options)}")


@pytest.mark.parametrize("action, script", [("add", "migration"), ("remove", "rollback")])
def test_the_scripts_have_the_sql_that_is_executed(busy, action, script):
    if action == "remove":
        busy("subject", "add", "science", "--sample")
    options = ("--with-contents",) if action == "remove" else ()
    answer = busy.json("subject", action, "science", *options)
    text = (ROOT / "sql" / "extension" / f"{script}.sql").read_text()
    assert len(answer["phases"]) == text.count("-- --- phase ")
    for phase in answer["phases"]:
        assert phase["sql"] in text and phase["locks"] in text, phase["name"]


@pytest.mark.slow
def test_the_exercise(tmp_path, grove):
    """Each step, as it stands; and what it says that one should see."""
    page = (ROOT / "docs" / "extending.md").read_text().replace("$(mktemp -d)", "$TRY")
    blocks = [re.sub(r"^   ", "", block, flags=re.M)
              for block in re.findall(r"^ *```sh\n(.*?)^ *```$", page.split("## Exercise")[1],
                                      re.M | re.S)]
    assert len(blocks) == 9
    environment = {**grove.env, "TRY": str(grove.home.parent), "HOME": str(tmp_path),
                   "GROVE_HOME": str(grove.home.parent / "exercise"),
                   "PATH": f"{pathlib.Path(BINARY).resolve().parent}:{os.environ['PATH']}"}
    said = []
    try:
        for block in blocks:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], env=environment,
                                  capture_output=True, text=True, timeout=180, check=False)
            assert done.returncode == 0, (block, done.stdout, done.stderr)
            said.append(done.stdout + done.stderr)
    finally:
        grove("--home", environment["GROVE_HOME"], "stop", check=False)
    assert "What to try next" in said[0]
    assert said[1].count("BEGIN;") == 5 and "nothing was changed" in said[1]
    assert "settle" in said[2] and "12 inserted" in said[2]
    assert "all is well" in said[3] and "failed" not in said[3]
    assert "Entanglement" in said[4].split("\n")[1]
    assert "waiting for a lock on tables held by process" in said[5]
    assert re.search(r"history .* adding", said[5])
    assert "table " not in said[6].split("\n")[0] and "validate" in said[6]
    assert "12 contents went with it" in said[7] and "has 12 contents" in said[7]
    assert "science_hierarchy" not in said[7].split("went with it")[1]
    assert "science" not in said[8] and "subject8_hierarchy" in said[8]


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path):
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [ROOT / "tools" / "bench-subject", "--rows", "500", "--rounds", "2", "--kills", "2",
         "--quiet", "1", "--seconds", "200", "--json", figures],
        capture_output=True, text=True, timeout=240,
        env={**os.environ, "BUILD": str(pathlib.Path(BINARY).parent)}, check=False)
    # Times are not this test's: a busy machine adds to a statement what it likes.
    assert re.search(r"a change added [\d.]+ ms at most.*\n.*wait [\d.]+ ms at most for a lock",
                     done.stdout), done.stderr
    found = json.loads(figures.read_text())
    assert [phase["name"] for phase in found["changes"]["add"]["phases"]] == [
        "table", "extend", "validate", "enter", "settle"]
    assert sum(found["kills"].values()) == 2
    assert set(found["statements"]) == {"read", "write"}
    assert all(period["statements"] > 0 for client in found["statements"].values()
               for period in client.values())
