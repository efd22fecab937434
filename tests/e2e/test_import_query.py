# SPDX-License-Identifier: Apache-2.0
"""grove import --query: the rows of a query, of this database or of another, become contents."""

import signal
import subprocess
import sys

import pytest
from conftest import EXIT_STATUS, PARTLY, wait_until

TABLE = """CREATE TABLE articles (id int PRIMARY KEY, title text, body text, category text,
    made timestamptz, about jsonb);
INSERT INTO articles VALUES
    (1, 'Rain', E'Drops fall,\\nwhen they are "heavy".', 'Sky', '2024-03-05 12:00+01', '{"n": 1}'),
    (2, 'Snow', 'Frozen rain.', 'Sky/High', '2024-03-05', NULL),
    (3, 'Bread', 'Flour; water', NULL, NULL, '{"n": 3}')"""
ALL = "SELECT * FROM articles ORDER BY id;  -- all of them"
HOW = ["--path", "subject1/{category|Other}", "--key", "id", "--created", "made", "--metadata",
       "about", "--type", "Article", "--source", "articles"]
DOCUMENTS = """SELECT d.key, d.title, d.body, l.leaf, d.created_at::text, d.metadata ->> 'n'
    FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id AND c.position = 1
    JOIN content_metadata m ON m.id = c.content_id
    JOIN grove.leaf l USING (hierarchy_table, leaf_id) ORDER BY d.key"""
# Made of nothing, with a failure of the server's in the middle.
BREAKS = "SELECT g AS id, 'Text ' || 100 / (30 - g) AS body FROM generate_series(1, 40) AS g"
BUSY = """SELECT count(*) FROM pg_stat_activity
    WHERE state <> 'idle' AND pid <> pg_backend_pid() AND query ~ 'generate_series|pg_sleep'"""


@pytest.fixture(autouse=True)
def cleared(empty):
    """The file's home without what the test before has left, and with the table."""
    with empty.connect() as conn:
        conn.execute("DELETE FROM grove.document")
        conn.execute("DELETE FROM content_metadata")
        conn.execute("DROP TABLE IF EXISTS articles")
        conn.execute(TABLE)


def ask(grove, sql, *values):
    with grove.connect() as conn:
        return conn.execute(sql, values or None).fetchall()


def keys(grove):
    return [row[0] for row in ask(grove, "SELECT key FROM grove.document ORDER BY key")]


def is_idle(grove):
    return ask(grove, BUSY) == [(0,)]


def test_rows_of_this_database_become_documents(empty):
    done = empty("import", "--query", ALL, *HOW)
    assert 'title from "title", text from "body"' in done.stderr
    (third,) = ask(empty, "SELECT created_at::text FROM grove.document WHERE key = '3'")
    assert ask(empty, DOCUMENTS) == [
        ("1", "Rain", 'Drops fall,\nwhen they are "heavy".', "Sky", "2024-03-05 11:00:00", "1"),
        ("2", "Snow", "Frozen rain.", "Sky/High", "2024-03-05 00:00:00", None),
        ("3", "Bread", "Flour; water", "Other", third[0], "3")]
    again = empty.json("import", "--query", ALL, *HOW, "--strict")
    assert (again["rows_read"], again["rows_unchanged"], again["bytes_read"]) == (3, 3, 0)
    # What any statement answers with can be taken, of any types.
    for sql in ("TABLE articles", "VALUES (4, 'Four.'), (5, 'Five.')",
                "WITH a AS (SELECT 6.50 AS column1, ARRAY[1, 2] AS column2) SELECT * FROM a"):
        names = ["--key", "column1", "--text", "column2"] if "4" in sql or "6" in sql else HOW[2:]
        empty("import", "--query", sql, "--path", "subject1/X", *names)
    assert keys(empty)[-3:] == ["4", "5", "6.50"]
    assert ask(empty, "SELECT body FROM grove.document WHERE key = '6.50'") == [("{1,2}",)]
    # Nothing is no error.
    none = empty.json("import", "--query", "SELECT * FROM articles WHERE false", *HOW)
    assert (none["rows_read"], none["rows_bad"]) == (0, 0)


def test_rows_of_another_database(empty):
    """Of another encoding, with a search path of its own; what the password is nobody is told."""
    with empty.connect() as conn:
        conn.execute("CREATE DATABASE other TEMPLATE template0 ENCODING 'LATIN1' "
                     "LC_COLLATE 'C' LC_CTYPE 'C'")
        conn.execute("ALTER DATABASE other SET search_path = shop")
    with empty.connect("other") as conn:
        conn.execute("CREATE SCHEMA shop")
        conn.execute("CREATE TABLE shop.page (slug text, body text)")
        conn.execute("INSERT INTO shop.page VALUES ('café', 'Für Gäste.'), (NULL, 'None.')")
    place = f"host={empty.socket_folder()} user=grove password=s3cret dbname=other"
    done = empty("import", "--query", "SELECT * FROM page", "--from", place, "--path", "subject1/X",
                 "--key", "slug", check=False)
    assert done.returncode == PARTLY and "s3cret" not in done.stdout + done.stderr
    assert "query:2: slug: no value, and it is what tells rows apart" in done.stderr
    assert ask(empty, "SELECT key, body FROM grove.document") == [("café", "Für Gäste.")]
    assert is_idle(empty)
    with empty.connect() as conn:
        conn.execute("DROP DATABASE other")  # nobody is connected any more


def test_it_only_reads(empty):
    error = empty.fails("denied", "import", "--query", "DELETE FROM articles RETURNING *", *HOW)
    assert "read-only transaction" in error["message"] and "only reads" in error["hint"]
    assert ask(empty, "SELECT count(*) FROM articles") == [(3,)] and keys(empty) == []


@pytest.mark.parametrize("sql, code, told", [
    ("SELECT * FORM articles", "invalid", "syntax error"),
    ("SELECT id, titel FROM articles", "invalid", 'column "titel" does not exist'),
    ("SELECT nothing(id) FROM articles", "invalid", "function nothing(integer)"),
    ("SELECT * FROM article", "not_found", 'relation "article" does not exist'),
    ("SELECT 1 AS body; DROP TABLE articles", "invalid", "multiple commands"),
    ("COMMIT", "invalid", "answers with no rows"),
    ("COPY articles TO STDOUT", "invalid", "answers with no rows"),
    ("-- nothing", "invalid", "the statement is empty"),
    (" ", "invalid", "--query is empty"),
    ("SELECT title FROM articles", "not_found", 'has no column "category"'),
    ("SELECT id, id, title, body, category, made, about FROM articles", "invalid",
     'two columns "id"'),
    ("SELECT 1 / 0 AS id, 'x' AS body", "invalid", "division by zero"),
])
def test_what_is_no_query_is_told_before_a_row_is_read(empty, sql, code, told):
    error = empty.fails(code, "import", "--query", sql, *HOW)
    assert told in error["message"], error
    if "FORM" in sql or "titel" in sql:
        assert "at character 1" in error["context"] and "--query" in error["context"]
    assert "altered" not in (error["hint"] or "")
    assert keys(empty) == [] and ask(empty, "SELECT count(*) FROM articles") == [(3,)]
    assert is_idle(empty)


@pytest.mark.parametrize("options, told", [
    (["x.csv", "--query", ALL], "exclude each other"), ([], "needs a FILE, or --query"),
    (["--query", ALL, "--csv"], "are of files"), (["x.csv", "--from", "x"], "where --query is run"),
])
def test_wrong_use(empty, options, told):
    done = empty("import", *options, *HOW, check=False)
    assert done.returncode == 2 and told in done.stderr and "usage" in done.stderr


@pytest.mark.parametrize("place, code", [
    ("postgresql://me:s3cret@127.0.0.1:1/x", "unavailable"),
    ("postgresql://me:s3cret@127.0.0.1:port/x", "unavailable"),
    ("host=/nowhere password=s3cret", "unavailable"), ("s3cret", "invalid"),
    ("service=s3cret-is-none", "unavailable"),
])
def test_a_password_is_in_no_error(empty, place, code):
    for form in (["--json"], []):
        done = empty("import", "--query", ALL, "--from", place, *HOW, *form, check=False)
        told = done.stdout + done.stderr
        assert done.returncode == EXIT_STATUS[code] and "--from" in told, told
        assert "s3cret" not in told.replace("s3cret-is-none", ""), told
        assert "DATABASE_URL" not in told


def test_bad_rows_are_told_by_row_column_and_key(empty):
    with empty.connect() as conn:
        conn.execute("INSERT INTO articles (id, title, body) VALUES (4, NULL, 'x'), (5, 'y', NULL),"
                     " (6, 'z', ''), (7, repeat('long', 60), 'x'), (8, E'a\\tb', 'x'),"
                     " (9, 'Good', 'Good.')")
        conn.execute("UPDATE articles SET about = '[1]' WHERE id = 1")
    done = empty("import", "--query", ALL, *HOW, check=False)
    assert done.returncode == PARTLY and "loaded 3 and refused 6" in done.stdout
    told = [line for line in done.stderr.splitlines() if line.startswith("query:")]
    for line, (row, column, reason) in zip(told, [
            (1, "about", "not a JSON object"), (4, "title", "missing"), (5, "body", "missing"),
            (6, "body", "empty"), (7, "title", "240 characters"), (8, "title", "control")],
            strict=True):
        assert line.startswith(f"query:{row}: {column}: ") and reason in line, told
        assert line.endswith(f'; its key is "{row}"'), told
    assert keys(empty) == ["2", "3", "9"]
    # A path that needs what is null; all or nothing.
    error = empty.fails("invalid", "import", "--query", ALL, "--path", "subject2/{category}",
                        *HOW[2:], "--strict")
    assert error["message"].startswith("query:1: about: ")
    empty("import", "--query", "SELECT * FROM articles WHERE id > 1", "--path",
          "subject2/{category}", *HOW[2:], "--strict", check=False)
    assert "subject2" not in {row[0] for row in ask(
        empty, "SELECT l.tree FROM content_metadata JOIN grove.leaf l USING (hierarchy_table,"
               " leaf_id)")}


def test_a_query_that_breaks_off(empty):
    """The rows before that are loaded, and told; with --strict nothing is."""
    how = ["--path", "subject1/X", "--key", "id"]
    answer = empty.failure("invalid", "import", "--query", BREAKS, *how, "--strict")
    assert "nothing was loaded" in answer["error"]["hint"] and keys(empty) == []
    answer = empty.failure("invalid", "import", "--query", BREAKS, *how)
    assert "division by zero" in answer["error"]["message"]
    assert "after row 29" in answer["error"]["context"]
    assert "the good rows before that are loaded" in answer["error"]["hint"]
    assert answer["load"]["rows_loaded"] == len(keys(empty)) == 29
    whole = empty.json("import", "--query", BREAKS.replace("(30 -", "(0.5 -"), *how)
    assert whole["rows_read"] == 40 and len(keys(empty)) == 40


def test_a_row_too_many_of_nobody_s_is_a_duplicate(empty):
    done = empty("import", "--query", "SELECT 1 AS id, 'x' || g AS body FROM "
                 "generate_series(1, 3) AS g", "--path", "subject1/X", "--key", "id", check=False)
    assert done.returncode == PARTLY and done.stderr.count("duplicate of query:1") == 2


@pytest.mark.parametrize("sql", [
    "SELECT 1 AS id, pg_sleep(100)::text AS body",
    "SELECT g AS id, 'x' AS body, CASE WHEN g > 9 THEN pg_sleep(100)::text END AS wait "
    "FROM generate_series(1, 100) AS g",
    "SELECT g AS id, NULL AS body FROM generate_series(1, 2000000000) AS g",
])
def test_it_ends_with_its_call(empty, sql):
    """Before the first row, between rows, and while they come; at the server, too."""
    how = ["--path", "subject1/X", "--key", "id", "--text", "body"]
    error = empty.fails("timeout", "import", "--query", sql, *how, "--timeout", "1s")
    assert "1 s that it was given" in error["message"]
    wait_until(lambda: is_idle(empty), 3)
    process = empty.start("import", "--query", sql, *how, "--json")
    wait_until(lambda: not is_idle(empty))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == EXIT_STATUS["cancelled"]
    wait_until(lambda: is_idle(empty), 3)


def test_one_that_is_left_early_is_stopped_at_the_server(empty):
    """A column that is not there ends it while the server goes on with its rows."""
    sql = ("SELECT g AS id, CASE WHEN g > 9 THEN pg_sleep(100)::text "
           "ELSE repeat('x', 10000) END AS body FROM generate_series(1, 100) AS g")
    empty.fails("not_found", "import", "--query", sql, "--path", "subject1/X", "--title", "nope")
    assert is_idle(empty)


MEASURE = """import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(status.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_many_rows_take_the_memory_of_few(empty):
    peaks = []
    for rows in (100, 100_000):
        sql = (f"SELECT g AS id, repeat('word ', 400) AS body, repeat('t', 300) AS title "
               f"FROM generate_series(1, {rows}) AS g")
        command = [sys.executable, "-c", MEASURE, *empty.command, "import", "--query", sql,
                   "--path", "subject1/X", "--key", "id"]
        done = subprocess.run(command, env=empty.env, capture_output=True, text=True, timeout=300,
                              check=True)
        status, peak = map(int, done.stdout.split())
        assert status == 2  # every row is bad, so that none is embedded
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 8 << 10, peaks  # kilobytes, of 200 MB
