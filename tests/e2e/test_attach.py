# SPDX-License-Identifier: Apache-2.0
"""Tables that are attached: rows as documents, in step with what any client writes."""

import json

import pytest
from conftest import PARTLY
from crashes import Injected, through

TABLE = """CREATE TABLE public.articles (
    id bigint PRIMARY KEY, title text, body text, category text,
    published boolean NOT NULL DEFAULT true, hits integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT '2024-03-05 12:00:00+01')"""
HOW = ["--key", "id", "--title", "title", "--text", "body", "--path", "subject1/{category|Other}",
       "--type", "Article", "--created", "updated_at"]
ROWS = [(1, "Rain", "Drops of water fall from clouds.", "Sky"),
        (2, "Bread", "Flour, water and yeast are baked.", "Food"),
        (3, "Snow", "Frozen water falls slowly.", "Sky/High")]
LONG = "\n\n".join(f"Part {part} tells of the weather of month {part} and of nothing else. " * 4
                   for part in range(12))
DOCUMENTS = """SELECT d.key, d.title, d.body, l.leaf, m.content_type,
    d.created_at::text, count(*) FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id
    JOIN content_metadata m ON m.id = c.content_id
    JOIN grove.leaf l USING (hierarchy_table, leaf_id)
    GROUP BY d.id, l.leaf, m.content_type ORDER BY d.key"""


@pytest.fixture(autouse=True)
def cleared(empty):
    """The file's home without what the test before has attached."""
    yield
    with empty.connect() as conn:
        conn.execute("DROP SCHEMA IF EXISTS other CASCADE")
        names = [row[0] for row in conn.execute(
            "SELECT c.oid::regclass::text FROM pg_class c "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') "
            "AND NOT relispartition AND relname NOT LIKE '%hierarchy' "
            "AND relname <> 'content_metadata'")]
        for name in names:
            conn.execute(f"DROP VIEW IF EXISTS {name} CASCADE" if name.endswith("view")
                         else f"DROP TABLE IF EXISTS {name} CASCADE")
        sources = [row[0] for row in conn.execute("SELECT source FROM grove.attached")]
    for source in sources:
        empty("detach", source)
    empty("rm", "subject1", "--yes", check=False)


def query(grove, sql, *values):
    with grove.connect() as conn:
        done = conn.execute(sql, values or None)
        return done.fetchall() if done.description else []


def make_table(grove, rows=ROWS):
    query(grove, TABLE)
    with grove.connect() as conn:
        conn.cursor().executemany(
            "INSERT INTO articles (id, title, body, category) VALUES (%s, %s, %s, %s)", rows)


@pytest.fixture
def articles(empty):
    """The table with its rows, attached."""
    make_table(empty)
    empty("attach", "articles", *HOW)
    return empty


def keys(grove):
    return [row[0] for row in query(grove, "SELECT key FROM grove.document ORDER BY key")]


def found(grove, text, *arguments):
    """The titles of the hits, of an answer that is complete."""
    answer = grove.json("search", text, "--path", "subject1", *arguments)
    assert answer["complete"], answer["incomplete_reason"]
    return [row["title"] for row in answer["results"]]


def waiting(grove):
    return query(grove, "SELECT coalesce(sum(coalesce(cardinality(keys), 1)), 0) "
                        "FROM grove.attached_change")[0][0]


def only(grove):
    (attachment,) = grove.json("attachments")["attachments"]
    return attachment


def test_rows_become_documents(articles):
    assert query(articles, DOCUMENTS) == [
        (str(key), title, body, category, "Article", "2024-03-05 11:00:00", 1)
        for key, title, body, category in ROWS]
    assert found(articles, "baking", "--limit", "1") == ["Bread"]
    attachment = only(articles)
    assert attachment["state"] == "kept" and attachment["documents"] == 3
    assert (attachment["table"], attachment["key"], attachment["where"]) == (
        "public.articles", "id", None)
    assert articles.broken() == ""


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_a_search_sees_what_was_committed_before_it(articles, isolation):
    with articles.connect() as conn:
        conn.execute(f"BEGIN ISOLATION LEVEL {isolation}")
        conn.execute("INSERT INTO articles (id, title, body, category) "
                     "VALUES (4, 'Tide', 'The moon pulls the sea.', 'Sea')")
        assert "Tide" not in found(articles, "the moon and the ocean")
        conn.execute("COMMIT")
    assert found(articles, "the moon and the ocean", "--limit", "1") == ["Tide"]
    query(articles, "UPDATE articles SET title = 'Ebb', category = 'Coast' WHERE id = 4")
    assert found(articles, "the moon and the ocean", "--limit", "1") == ["Ebb"]
    query(articles, "DELETE FROM articles WHERE id = 4")
    assert "Ebb" not in found(articles, "the moon and the ocean")
    assert keys(articles) == ["1", "2", "3"] and waiting(articles) == 0


@pytest.mark.parametrize("what", ["changes", "rows", "partitions"])
def test_after_a_clock_was_set_back_a_failure_is_not_waited_for(empty, what):
    """What failed is left for a while; that the clock was far ahead then makes it no longer."""
    if what == "partitions":
        query(empty, TABLE.rstrip(")") + ") PARTITION BY RANGE (id); CREATE TABLE public.low "
                     "PARTITION OF public.articles FOR VALUES FROM (0) TO (100)")
    else:
        make_table(empty)
    empty("attach", "articles", *HOW)
    query(empty, "UPDATE grove.attached SET problem = 'once', "
                 "retry_at = clock_timestamp() + interval '1 hour'"
                 + (", filled_at = NULL, filled_to = NULL" if what == "rows" else ""))
    if what == "partitions":
        query(empty, "CREATE TABLE public.high PARTITION OF public.articles "
                     "FOR VALUES FROM (100) TO (200)")
    query(empty, "INSERT INTO articles (id, title, body, category) VALUES "
                 "(50, 'Tide', 'The moon pulls the sea.', 'Sea')")
    empty("sync")
    assert "50" in keys(empty) and waiting(empty) == 0
    assert (only(empty)["state"], only(empty)["problem"]) == ("kept", None)


def test_browse_and_discover_see_it_too(articles):
    query(articles, "INSERT INTO articles (id, title, body, category) VALUES "
                    "(4, 'Tide', 'The moon pulls the sea.', 'Sea')")
    answer = articles.json("browse", "subject1/Sea")
    assert [row["title"] for row in answer["results"]] == ["Tide"] and answer["complete"]
    query(articles, "UPDATE articles SET title = 'Ebb' WHERE id = 4")
    answer = articles.json("discover", "the moon and the ocean", "--path", "subject1/Sea")
    assert [row["title"] for row in answer["results"]] == ["Ebb"] and answer["complete"]


def test_copy_merge_and_upsert_are_noticed(articles):
    with articles.connect() as conn:
        with conn.cursor().copy("COPY articles (id, title, body, category) FROM STDIN") as copy:
            for number in range(10, 20):
                copy.write_row((number, f"Copied {number}", "Text.", "Copies"))
        conn.execute("INSERT INTO articles (id, title, body) "
                     "VALUES (10, 'x', 'y'), (30, 'New', 'z') "
                     "ON CONFLICT (id) DO UPDATE SET title = 'Upserted'")
        conn.execute("MERGE INTO articles a USING (VALUES (11), (31)) AS s (id) ON a.id = s.id "
                     "WHEN MATCHED THEN DELETE "
                     "WHEN NOT MATCHED THEN INSERT (id, title, body) VALUES (s.id, 'Merged', 'm')")
    articles("sync")
    titles = dict(query(articles, "SELECT key, title FROM grove.document"))
    assert titles["10"] == "Upserted" and titles["30"] == "New" and titles["31"] == "Merged"
    assert "11" not in titles and titles["19"] == "Copied 19" and len(titles) == 14


def test_a_key_that_changes_takes_its_document_along(articles):
    query(articles, "UPDATE articles SET id = id + 1 WHERE id = 3")
    query(articles, "UPDATE articles SET id = CASE id WHEN 1 THEN 200 ELSE 100 END WHERE id < 3")
    articles("sync")
    assert dict(query(articles, "SELECT key, title FROM grove.document")) == {
        "4": "Snow", "200": "Rain", "100": "Bread"}


def test_truncate_takes_all(articles):
    query(articles, "TRUNCATE articles")
    answer = articles.json("search", "water", "--path", "subject1")
    assert not answer["complete"] and "articles" in answer["incomplete_reason"]
    articles("sync")
    assert keys(articles) == [] and found(articles, "water") == []
    query(articles, "INSERT INTO articles (id, title, body) VALUES (1, 'Again', 'Water.')")
    assert found(articles, "water") == ["Again"]


def test_a_change_of_what_is_not_read_is_not_noted(articles):
    query(articles, "UPDATE articles SET hits = hits + 1")
    assert waiting(articles) == 0
    query(articles, "UPDATE articles SET hits = hits + 1, title = title || '!' WHERE id = 1")
    assert waiting(articles) == 1


def test_nothing_changes_for_a_row_that_is_written_as_it_was(articles):
    before = query(articles, "SELECT last_value FROM grove.revision_seq")
    with articles.connect() as conn:
        conn.execute("DELETE FROM articles WHERE id = 1")
        conn.execute("INSERT INTO articles (id, title, body, category) VALUES (%s, %s, %s, %s)",
                     ROWS[0])
    assert waiting(articles) == 2
    articles("sync")
    assert waiting(articles) == 0
    assert query(articles, "SELECT last_value FROM grove.revision_seq") == before


def test_long_texts_are_split(articles):
    query(articles, "INSERT INTO articles (id, title, body, category) "
                    "VALUES (4, 'Year', %s, 'Sky')", LONG)
    articles("sync")
    ((chunks,),) = query(articles, "SELECT chunk_count FROM grove.document WHERE key = '4'")
    assert chunks > 3
    query(articles, "UPDATE articles SET body = 'Short.' WHERE id = 4")
    assert "Year" in found(articles, "short")
    assert query(articles, "SELECT chunk_count FROM grove.document WHERE key = '4'") == [(1,)]
    assert articles.broken() == ""


def test_what_cannot_be_a_content_fails_nobody_and_is_told(empty):
    make_table(empty)
    done = empty("attach", "articles", *HOW[:-4], "--type", "Article", check=False)
    assert done.returncode == 0
    with empty.connect() as conn:
        conn.execute("INSERT INTO articles (id, title, body) "
                     "VALUES (4, NULL, 'x'), (5, 'y', NULL), (6, 'z', ''), "
                     "(7, repeat('long', 100), 'x'), (8, 'Good', 'Good.')")
        conn.execute("UPDATE articles SET body = NULL WHERE id = 1")
    empty("sync")
    assert keys(empty) == ["2", "3", "8"]
    told = {row["key"]: row["reason"] for row in empty.json("attachments")["refused"]}
    assert set(told) == {"1", "4", "5", "6", "7"}
    assert told["5"].startswith("body: ") and told["4"].startswith("title: ")
    assert only(empty)["refused"] == 5 and only(empty)["waiting"] == 0
    query(empty, "UPDATE articles SET title = 'Mended', body = 'Mended.' WHERE id <= 7")
    empty("sync")
    assert len(keys(empty)) == 8 and empty.json("attachments")["refused"] == []


def test_a_condition_chooses_rows_and_its_columns_count(empty):
    make_table(empty)
    query(empty, "UPDATE articles SET published = false WHERE id = 2")
    empty("attach", "articles", *HOW, "--where", "published AND id <> 3 -- not that one")
    assert keys(empty) == ["1"]
    query(empty, "UPDATE articles SET published = NOT published")
    empty("sync")
    assert keys(empty) == ["2"]


def test_a_condition_that_fails_for_a_row_refuses_that_row(empty):
    make_table(empty)
    empty("attach", "articles", *HOW, "--where", "100 / (hits + 1) > 0")
    query(empty, "UPDATE articles SET hits = -1 WHERE id = 2")
    query(empty, "UPDATE articles SET title = title || '!'")
    empty("sync")
    assert keys(empty) == ["1", "3"] and waiting(empty) == 0
    (refused,) = empty.json("attachments")["refused"]
    assert refused["key"] == "2" and "division by zero" in refused["reason"]
    # The same while all rows are read.
    empty("detach", "articles")
    done = empty("attach", "articles", *HOW, "--where", "100 / (hits + 1) > 0", check=False)
    assert done.returncode == PARTLY and keys(empty) == ["1", "3"]


@pytest.mark.parametrize("column,first,second", [
    ("text", "a/b, \"c\"", "Ä {x} 'y'"),
    ("uuid", "6ecd8c99-4036-403d-bf84-cf8400f67836", "3f333df6-90a4-4fda-8dd3-9485d27cee36"),
    ("numeric", "1.50", "-3"),
    ("date", "2024-03-05", "infinity"),
    ("timestamptz", "2024-03-05 12:00:00+00", "2024-03-05 12:00:00.000001+00"),
    ("boolean", "true", "false"),
    ("varchar(20)", "x", "y"),
])
def test_keys_of_any_type_tell_rows_apart(empty, column, first, second):
    query(empty, f"CREATE TABLE articles (id {column} PRIMARY KEY, title text, body text)")
    query(empty, "INSERT INTO articles VALUES (%s, 'One', 'Water.')", first)
    empty("attach", "articles", "--path", "subject1/Keys")
    with empty.connect() as conn:
        # How a session writes times is its own affair.
        conn.execute("SET timezone = 'Asia/Tokyo'")
        conn.execute("SET datestyle = 'German'")
        conn.execute("INSERT INTO articles VALUES (%s, 'Two', 'Water.')", (second,))
        conn.execute("UPDATE articles SET title = 'First' WHERE title = 'One'")
    assert sorted(found(empty, "water")) == ["First", "Two"]
    assert len(keys(empty)) == 2
    with empty.connect() as conn:
        conn.execute("SET timezone = 'America/Lima'")
        conn.execute("SET datestyle = 'SQL, DMY'")
        conn.execute("DELETE FROM articles WHERE title = 'Two'")
    assert found(empty, "water") == ["First"]


def test_a_key_of_several_columns(empty):
    query(empty, "CREATE TABLE articles (site text, slug text, day date, body text, "
                 "PRIMARY KEY (site, day, slug))")
    query(empty, "INSERT INTO articles VALUES ('a', 'b', '2024-03-05', 'Water.'), "
                 "('a', 'b\",\"c', '2024-03-05', 'Wine.')")
    empty("attach", "articles", "--key", "slug, site,day", "--path", "subject1/{site}")
    assert keys(empty) == ['["a", "2024-03-05", "b"]', '["a", "2024-03-05", "b\\",\\"c"]']
    query(empty, "DELETE FROM articles WHERE slug = 'b'")
    empty("sync")
    assert keys(empty) == ['["a", "2024-03-05", "b\\",\\"c"]']


def refused(grove, code, *arguments, table="articles"):
    error = grove.fails(code, "attach", table, *arguments)
    assert query(grove, "SELECT count(*) FROM grove.attached") == [(0,)]
    assert query(grove, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'grove_attached%%'") == [
        (0,)]
    return f"{error['message']}; {error['hint']}"


PLAIN = ["--path", "subject1/X"]


def test_what_cannot_be_attached_is_told(empty):
    query(empty, "CREATE TABLE articles (id int NOT NULL, name text, title text, body text, "
                 "weight float8 PRIMARY KEY, UNIQUE (name))")
    query(empty, "CREATE VIEW public.some_view AS SELECT * FROM articles")
    query(empty, "CREATE UNLOGGED TABLE loose (id int PRIMARY KEY, body text)")
    query(empty, "CREATE TABLE parent (id int PRIMARY KEY, body text)")
    query(empty, "CREATE TABLE child () INHERITS (parent)")
    query(empty, "CREATE TABLE bare (id int, body text)")
    assert "no table" in refused(empty, "not_found", *PLAIN, table="nothing")
    assert "is a view" in refused(empty, "unsupported", *PLAIN, table="some_view")
    assert "unlogged" in refused(empty, "unsupported", *PLAIN, table="loose")
    assert "inherit" in refused(empty, "unsupported", *PLAIN, table="parent")
    assert "no primary key" in refused(empty, "unsupported", *PLAIN, table="bare")
    assert "of grove's" in refused(empty, "unsupported", *PLAIN, table="content_metadata")
    assert "weight" in refused(empty, "unsupported", *PLAIN)
    assert "NOT NULL" in refused(empty, "unsupported", *PLAIN, "--key", "name")
    assert "no column \"idd\"" in refused(empty, "not_found", *PLAIN, "--key", "idd")
    query(empty, "ALTER TABLE articles ADD UNIQUE (id)")
    key = [*PLAIN, "--key", "id"]
    assert "did you mean \"body\"" in refused(empty, "not_found", *key, "--text", "bodi")
    assert "levels" in refused(empty, "invalid", "--key", "id", "--path", "subject1/a/b/c/d")
    assert "no tree \"nowhere\"" in refused(empty, "not_found", "--key", "id",
                                           "--path", "nowhere/x")
    assert "--where" in str(empty.fails("unsupported", "attach", "articles", *key, "--where",
                                        "nothing > 1"))
    for condition in ["true; DROP TABLE articles", "true) UNION SELECT (1", "(true"]:
        empty.failure("database", "attach", "articles", *key, "--where", condition)
    assert query(empty, "SELECT count(*) FROM articles") == [(0,)]


def test_dry_run_shows_the_sql_and_changes_nothing(empty):
    make_table(empty)
    shown = empty("attach", "articles", *HOW, "--dry-run").stdout
    assert "CREATE OR REPLACE TRIGGER" in shown and "public.articles" in shown
    assert query(empty, "SELECT count(*) FROM grove.attached") == [(0,)] and keys(empty) == []
    assert empty.json("attach", "articles", *HOW, "--dry-run")["sql"].count("TRIGGER") == 4


def traces(grove):
    with grove.connect() as conn:
        return conn.execute(
            "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname ~ 'attached'), "
            "(SELECT count(*) FROM pg_proc WHERE proname ~ '^attached_[0-9]'), "
            "(SELECT count(*) FROM grove.attached), (SELECT count(*) FROM grove.attached_change), "
            "(SELECT count(*) FROM grove.attached_refused), "
            "(SELECT count(*) FROM grove.attached_leaf), "
            "(SELECT count(*) FROM grove.document), (SELECT count(*) FROM content_metadata), "
            "(SELECT count(*) FROM subject1_hierarchy)").fetchone()


def test_detach_leaves_no_trace(empty):
    make_table(empty)
    before = traces(empty)
    empty("attach", "articles", *HOW)
    query(empty, "INSERT INTO articles (id) VALUES (9)")
    shown = empty.json("detach", "articles", "--dry-run")
    assert shown["documents"] == 3 and keys(empty) == ["1", "2", "3"]
    assert empty.json("detach", "articles")["leaves"] == 3
    assert traces(empty) == before == (0,) * 9
    query(empty, "UPDATE articles SET title = 'x'")
    assert "not_found" == empty.fails("not_found", "detach", "articles")["code"]
    empty("attach", "articles", *HOW, check=False)
    empty("detach", "articles", "--keep")
    assert traces(empty)[:6] == (0,) * 6 and keys(empty) == ["1", "2", "3"]
    query(empty, "DELETE FROM grove.document")


def test_a_key_that_goes_stops_no_writer_and_all_is_read_when_it_is_back(articles):
    with articles.connect() as conn:  # one session: what it has planned before is no use then
        conn.execute("UPDATE articles SET title = 'Wind' WHERE id = 1")
        conn.execute("ALTER TABLE articles RENAME COLUMN id TO number")
        conn.execute("INSERT INTO articles (number, title, body) VALUES (4, 'Tide', 'Sea water.')")
        conn.execute("UPDATE articles SET title = 'Loaf' WHERE number = 2")
        conn.execute("DELETE FROM articles WHERE number = 3")
        conn.execute("INSERT INTO articles (number, title, body) "
                     "SELECT n, 'Many', 'Many waters.' FROM generate_series(1000, 1999) AS n")
    assert not articles.json("search", "water", "--path", "subject1")["complete"]
    assert "id" in only(articles)["problem"]
    query(articles, "ALTER TABLE articles RENAME COLUMN number TO id")
    articles("sync", "--retry-dead")
    titles = dict(query(articles, "SELECT key, title FROM grove.document"))
    assert len(titles) == 1003 and only(articles)["state"] == "kept"
    assert (titles["1"], titles["2"], titles["4"]) == ("Wind", "Loaf", "Tide")


def test_what_changed_while_a_column_was_away_is_read(articles):
    query(articles, "ALTER TABLE articles DROP COLUMN title")
    query(articles, "UPDATE articles SET category = 'Else' WHERE id = 1")
    articles("sync")
    assert only(articles)["state"] == "failing"
    # No trigger fires for what a default gives to rows that are there.
    query(articles, "ALTER TABLE articles ADD COLUMN title text DEFAULT 'Anew'")
    articles("sync", "--retry-dead")
    assert {row[0] for row in query(articles, "SELECT title FROM grove.document")} == {"Anew"}


@pytest.mark.parametrize("path", ["", "evil, pg_catalog"])
def test_a_session_with_another_search_path_writes_as_before(articles, path):
    query(articles, "CREATE SCHEMA other")
    with articles.connect() as conn:
        conn.execute("CREATE SCHEMA evil")
        conn.execute("CREATE FUNCTION evil.cardinality(text[]) RETURNS integer "
                     "LANGUAGE sql AS 'SELECT 0'")
        conn.execute("SELECT set_config('search_path', %s, false)", (path,))
        conn.execute("INSERT INTO public.articles (id, title, body) VALUES (4, 'Tide', 'Sea.')")
        conn.execute("UPDATE public.articles SET title = 'Wind' WHERE id = 1")
        conn.execute("DROP SCHEMA evil CASCADE")
    articles("sync")
    assert keys(articles) == ["1", "2", "3", "4"]


def test_columns_may_be_called_as_what_a_trigger_knows(empty):
    query(empty, "CREATE TABLE articles (noted int, key text, title text, body text, gone text, "
                 "found text, tg_op text, new_rows text, PRIMARY KEY (noted, key))")
    query(empty, "INSERT INTO articles VALUES (1, 'a', 'One', 'Water.', 'g', 'f', 't', 'n')")
    empty("attach", "articles", "--path", "subject1/{gone}", "--type", "{found}",
          "--url", "tg_op", "--created", "new_rows", check=False)
    query(empty, "INSERT INTO articles VALUES (2, 'b', 'Two', 'Water.', 'g', 'f', 't', NULL)")
    query(empty, "UPDATE articles SET title = 'Zwei', new_rows = NULL")
    query(empty, "UPDATE articles SET key = 'c' WHERE noted = 1")
    assert query(empty, "SELECT count(*) FROM grove.attached_change "
                        "WHERE array_position(keys, NULL) IS NOT NULL") == [(0,)]
    empty("sync")
    assert query(empty, "SELECT key, title FROM grove.document ORDER BY key") == [
        ('[1, "c"]', "Zwei"), ('[2, "b"]', "Zwei")]


def test_a_statement_of_many_rows_costs_as_many_times_more(articles):
    """What a session planned for a statement of one row is no plan for one of many."""
    with articles.connect() as conn:
        conn.execute("SET statement_timeout = '60s'")
        conn.execute("UPDATE articles SET title = 'Wind' WHERE id = 1")
        conn.execute("INSERT INTO articles (id, title, body) "
                     "SELECT n, 'Many', 'Waters.' FROM generate_series(1000, 30999) AS n")
        conn.execute("UPDATE articles SET title = 'More' WHERE id >= 1000")
        conn.execute("DELETE FROM articles WHERE id >= 1000")
        noted = conn.execute("SELECT count(*), max(cardinality(keys)), sum(cardinality(keys)) "
                             "FROM grove.attached_change").fetchone()
    assert noted == (1 + 3 * 118, 256, 90001)


def test_the_triggers_follow_a_key_that_becomes_a_time(empty):
    query(empty, "CREATE TABLE articles (id text PRIMARY KEY, title text, body text)")
    empty("attach", "articles", "--path", "subject1/Keys")
    query(empty, "ALTER TABLE articles ALTER COLUMN id TYPE timestamptz USING id::timestamptz")
    query(empty, "INSERT INTO articles VALUES ('2024-03-05 12:00:00+00', 'One', 'Water.')")
    empty("sync")
    with empty.connect() as conn:
        conn.execute("SET datestyle = 'German'")
        conn.execute("UPDATE articles SET title = 'Three'")
        conn.execute("INSERT INTO articles VALUES ('2025-03-05 12:00:00+00', 'Four', 'Water.')")
    assert sorted(found(empty, "water")) == ["Four", "Three"]


def test_a_column_that_goes_stops_no_writer(articles):
    query(articles, "ALTER TABLE articles RENAME COLUMN title TO headline")
    query(articles, "INSERT INTO articles (id, headline, body) VALUES (4, 'Tide', 'Sea water.')")
    query(articles, "UPDATE articles SET headline = 'Rain!' WHERE id = 1")
    query(articles, "DELETE FROM articles WHERE id = 2")
    articles("sync")
    attachment = only(articles)
    assert attachment["state"] == "failing" and "title" in attachment["problem"]
    assert attachment["waiting"] > 0
    answer = articles.json("search", "water", "--path", "subject1")
    assert not answer["complete"]
    query(articles, "ALTER TABLE articles RENAME COLUMN headline TO title")
    articles("sync", "--retry-dead")
    assert only(articles)["state"] == "kept"
    assert dict(query(articles, "SELECT key, title FROM grove.document")) == {
        "1": "Rain!", "3": "Snow", "4": "Tide"}
    # The key's column as well.
    query(articles, "ALTER TABLE articles RENAME COLUMN id TO number")
    query(articles, "INSERT INTO articles (number, title, body) VALUES (5, 'Ebb', 'Water.')")
    articles("detach", "articles")


def test_a_table_that_is_renamed_or_moved_stays_attached(articles):
    query(articles, "CREATE SCHEMA other")
    query(articles, "ALTER TABLE articles RENAME TO \"The Pages\"")
    query(articles, "ALTER TABLE \"The Pages\" SET SCHEMA other")
    query(articles, "INSERT INTO other.\"The Pages\" (id, title, body) VALUES (4, 'Tide', 'Sea.')")
    assert "Tide" in found(articles, "sea")
    attachment = only(articles)
    assert attachment["table"] == 'other."The Pages"' and attachment["source"] == "public.articles"
    articles("detach", 'other."The Pages"')
    assert keys(articles) == []


def test_a_table_that_is_dropped_is_told_and_its_documents_stay(articles):
    query(articles, "DROP TABLE articles")
    attachment = only(articles)
    assert attachment["state"] == "failing" and "gone" in attachment["problem"]
    assert found(articles, "baking", "--limit", "1") == ["Bread"]
    make_table(articles, [(1, "Rain", "Drops of water fall from clouds.", "Sky")])
    error = articles.fails("conflict", "attach", "articles", *HOW)
    assert "detach" in error["hint"]
    articles("detach", "public.articles", "--keep")
    done = articles.json("attach", "articles", *HOW)
    assert (done["rows_read"], done["documents"]) == (1, 1) and keys(articles) == ["1"]


def test_it_is_attached_once(articles):
    again = articles.json("attach", "articles", *HOW)
    assert again["rows_read"] == 3 and len(articles.json("attachments")["attachments"]) == 1
    error = articles.fails("conflict", "attach", "articles", *HOW, "--where", "published")
    assert "another way" in error["message"]


def test_partitions_come_and_go(empty):
    query(empty, "CREATE TABLE articles (id int, day date, title text, body text, "
                 "PRIMARY KEY (id, day)) PARTITION BY RANGE (day)")
    query(empty, "CREATE TABLE march PARTITION OF articles "
                 "FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')")
    query(empty, "INSERT INTO articles VALUES (1, '2024-03-05', 'One', 'Water.')")
    empty("attach", "articles", "--path", "subject1/Parts")
    query(empty, "INSERT INTO march VALUES (2, '2024-03-05', 'Two', 'Water.')")
    assert sorted(found(empty, "water")) == ["One", "Two"]
    query(empty, "CREATE TABLE april PARTITION OF articles "
                 "FOR VALUES FROM ('2024-04-01') TO ('2024-05-01')")
    query(empty, "INSERT INTO april VALUES (3, '2024-04-05', 'Three', 'Water.')")
    assert not empty.json("search", "water", "--path", "subject1")["complete"]
    empty("sync")
    assert sorted(found(empty, "water")) == ["One", "Three", "Two"]
    query(empty, "UPDATE articles SET day = '2024-04-06' WHERE id = 1")  # to another partition
    query(empty, "UPDATE april SET title = 'Drei' WHERE id = 3")
    assert sorted(found(empty, "water")) == ["Drei", "One", "Two"]
    query(empty, "ALTER TABLE articles DETACH PARTITION march")
    empty("sync")
    assert sorted(found(empty, "water")) == ["Drei", "One"]
    empty("detach", "articles")
    assert traces(empty) == (0,) * 9


def test_a_lock_that_others_have_is_waited_for_and_nothing_is_half_done(empty):
    make_table(empty)
    with empty.connect() as conn:
        conn.execute("BEGIN")
        conn.execute("UPDATE articles SET hits = 1")
        error = empty.fails("timeout", "attach", "articles", *HOW, "--timeout", "4s")
        assert "lock on the table" in error["context"]
        assert query(empty, "SELECT count(*) FROM grove.attached") == [(0,)]
        # Nobody stands in a queue behind it.
        query(empty, "INSERT INTO articles (id, title, body) VALUES (9, 'Nine', 'Nine.')")
        conn.execute("COMMIT")
    empty("attach", "articles", *HOW)
    assert keys(empty) == ["1", "2", "3", "9"]


@through("attach-begun", "attach-read", "attach-written", "attach-round", "detach-begun",
         "detach-some")
def test_it_goes_on_after_it_was_killed_anywhere(empty, points):
    make_table(empty, [(number, f"Title {number}", f"Text {number}.", "Sky")
                       for number in range(600)])
    injected = Injected(empty.home)
    for point in points[:4]:
        injected.dies_at(point, "attach", "articles", *HOW)
        assert len(keys(empty)) in (0, 256)
    # Others go on writing, whatever has become of it.
    query(empty, "UPDATE articles SET title = 'New' WHERE id IN (1, 599)")
    done = empty.json("attach", "articles", *HOW)
    assert done["rows_read"] == 600 and len(keys(empty)) == 600
    assert only(empty)["state"] == "kept" and empty.broken() == ""
    injected.dies_at(points[4], "detach", "articles")
    assert only(empty)["state"] == "leaving" and len(keys(empty)) == 600
    assert empty.fails("conflict", "attach", "articles", *HOW)
    injected.dies_at(points[5], "detach", "articles")
    assert 0 < len(keys(empty)) < 600
    empty("detach", "articles")
    assert traces(empty) == (0,) * 9


def test_a_dump_brings_it_along(articles, tmp_path):
    query(articles, "INSERT INTO articles (id, title, body) VALUES (4, 'Tide', 'Sea.')")
    articles("pg_dump", "--", "-Fc", "-f", str(tmp_path / "x.dump"))
    query(articles, "DROP TABLE articles")
    articles("pg_restore", "--", "--clean", "--if-exists", "--exit-on-error",
             str(tmp_path / "x.dump"))
    assert only(articles)["state"] == "kept"
    articles("sync")
    assert keys(articles) == ["1", "2", "3", "4"]
    query(articles, "INSERT INTO articles (id, title, body) VALUES (5, 'Ebb', 'Sea.')")
    assert sorted(found(articles, "sea", "--limit", "2")) == ["Ebb", "Tide"]


def test_a_role_without_rights_on_grove_writes_as_before(articles):
    with articles.connect() as conn:
        conn.execute("DROP ROLE IF EXISTS clerk")
        conn.execute("CREATE ROLE clerk")
        conn.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON articles TO clerk")
        conn.execute("SET ROLE clerk")
        conn.execute("INSERT INTO articles (id, title, body) VALUES (4, 'Tide', 'Sea.')")
        conn.execute("UPDATE articles SET title = 'Ebb' WHERE id = 4")
        conn.execute("DELETE FROM articles WHERE id = 1")
        conn.execute("RESET ROLE")
        conn.execute("DROP OWNED BY clerk")
        conn.execute("DROP ROLE clerk")
    articles("sync")
    assert keys(articles) == ["2", "3", "4"]


def test_places_and_documents_have_what_was_committed_before(articles):
    query(articles, "INSERT INTO articles (id, title, body, category) VALUES "
                    "(4, 'Tide', 'The moon pulls the sea.', 'Sea')")
    listing = articles.json("ls", "subject1")
    assert [place["name"] for place in listing["places"]] == ["Food", "Sea", "Sky", "Sky/High"]
    assert listing["waiting"] == 0
    query(articles, "UPDATE articles SET title = 'Ebb' WHERE id = 4")
    assert '"Ebb"' in articles("export", "subject1").stdout
    query(articles, "UPDATE articles SET title = 'Flood' WHERE id = 4")
    assert articles.json("show", "public.articles/4")["title"] == "Flood"
    (number,), = query(articles, "SELECT c.content_id FROM grove.chunk c "
                                 "JOIN grove.document d ON d.id = c.document_id WHERE d.key = '4'")
    query(articles, "UPDATE articles SET title = 'Wave' WHERE id = 4")
    assert articles.json("show", str(number))["title"] == "Wave"


def test_places_and_exports_tell_what_they_lack(articles):
    query(articles, "TRUNCATE articles")
    assert articles.json("ls", "subject1")["waiting"] > 0
    for command in (["ls", "subject1"], ["export", "subject1"]):
        assert "attached" in articles(*command).stderr
    articles("sync")
    assert articles.json("ls", "subject1")["waiting"] == 0
    assert articles("export", "subject1").stderr == ""


def status(grove):
    return grove("status", check=False).stdout, grove.json("status")["attached"]


def test_a_leaf_tells_the_table_of_its_documents(articles):
    leaf = "subject1/Sky/Sky/Sky"
    articles("import", "--query", "SELECT 9 AS id, 'Text.' AS body", "--path", leaf, "--key", "id")
    query(articles, "ALTER TABLE articles RENAME TO texts")
    listed = articles.json("ls", leaf)["documents"]
    assert {row["key"]: row["table"] for row in listed} == {"1": "public.texts", "9": None}
    assert "texts 1 " in articles("ls", leaf).stdout


def test_status_tells_of_attached_tables(articles):
    text, (told,) = status(articles)
    assert told == {"table": "public.articles", "source": "public.articles", "state": "kept",
                    "documents": 3, "refused": 0, "waiting": 0, "oldest_seconds": None,
                    "failure": None}
    assert "public.articles, kept: 3 documents\n" in text
    query(articles, "UPDATE articles SET body = NULL WHERE id = 1")
    query(articles, "UPDATE grove.attached_change SET noted_at = noted_at - interval '1 hour'")
    text, (told,) = status(articles)
    assert told["waiting"] == 1 and 3600 <= told["oldest_seconds"] < 3700
    assert "1 row waits, the oldest for" in text
    articles("sync")
    text, (told,) = status(articles)
    assert (told["waiting"], told["refused"], told["documents"]) == (0, 1, 2)
    assert told["failure"].startswith("row 1: body: ") and told["failure"] in " ".join(text.split())
    query(articles, "DROP TABLE articles")
    text, (told,) = status(articles)
    assert told["state"] == "failing" and "gone" in told["failure"] and "gone" in text
    assert told["table"] is None and told["source"] == "public.articles"


VECTOR = "(SELECT array_agg(sin({0} * i)::real) FROM generate_series(1, 384) AS i)"
TYPES = ["real[]", "double precision[]", "text", "jsonb"]


def vectors(grove):
    """key -> where its vector is from, and whether it is the row's."""
    with grove.connect() as conn:
        return {key: (origin, first, chunks) for key, origin, first, chunks in conn.execute(
            "SELECT d.key, max(e.origin), max(encode(e.vector, 'hex')), count(*) "
            "FROM grove.document d JOIN grove.chunk c ON c.document_id = d.id "
            "LEFT JOIN grove.embedding e ON e.content_id = c.content_id GROUP BY d.key")}


def make_vectors(grove, column="real[]"):
    as_array = column.endswith("[]")
    value = VECTOR if as_array else f"to_json({VECTOR})"
    query(grove, f"CREATE TABLE articles (id int PRIMARY KEY, title text, body text, own {column})")
    for number in (1, 2):
        query(grove, f"INSERT INTO articles VALUES ({number}, 'One', %s, "
                     f"({value.format(number)})::{column})", LONG)


@pytest.mark.parametrize("column", TYPES)
def test_rows_bring_their_vectors(empty, column):
    make_vectors(empty, column)
    empty("attach", "articles", "--path", "subject1/Own", "--vector", "own")
    before = vectors(empty)
    assert {key: (each[0], each[2]) for key, each in before.items()} == {
        "1": ("supplied", 1), "2": ("supplied", 1)}
    assert before["1"][1] != before["2"][1] and only(empty)["vector"] == "own"
    exported = [json.loads(line) for line in empty("export", "subject1").stdout.splitlines()]
    assert [len(line["vector"]) for line in exported] == [384, 384]
    # Another vector and the same text; then none, and it is split and computed.
    query(empty, "UPDATE articles SET own = (SELECT own FROM articles WHERE id = 1) WHERE id = 2")
    empty("sync")
    assert vectors(empty)["2"] == before["1"]
    query(empty, "UPDATE articles SET own = NULL WHERE id = 2")
    empty("sync")
    origin, _, chunks = vectors(empty)["2"]
    assert origin == "computed" and chunks > 3 and vectors(empty)["1"] == before["1"]
    query(empty, "UPDATE articles SET own = (SELECT own FROM articles WHERE id = 1) WHERE id = 2")
    empty("sync")
    assert vectors(empty)["2"] == before["1"] and empty.broken() == ""


def test_a_short_text_that_loses_its_vector_gets_a_computed_one(empty):
    make_vectors(empty)
    query(empty, "UPDATE articles SET body = 'Short.'")
    empty("attach", "articles", "--path", "subject1/Own", "--vector", "own")
    assert vectors(empty)["2"][0] == "supplied"
    query(empty, "UPDATE articles SET own = NULL WHERE id = 2")
    empty("sync")
    assert vectors(empty)["2"][0] == "computed" and vectors(empty)["1"][0] == "supplied"


@pytest.mark.parametrize("value,told", [
    ("'{1,2}'", "2 numbers, not 384"),
    ("array_fill(0::real, ARRAY[384])", "all zero"),
    ("array_fill('NaN'::real, ARRAY[384])", "NaN"),
    ("array_fill('Infinity'::real, ARRAY[384])", "Infinity"),
    ("array_fill(NULL::real, ARRAY[384])", "number"),
    ("array_fill(1::real, ARRAY[2, 192])", "number"),
])
def test_a_vector_that_is_none_refuses_its_row(empty, value, told):
    make_vectors(empty)
    empty("attach", "articles", "--path", "subject1/Own", "--vector", "own")
    query(empty, f"UPDATE articles SET own = {value} WHERE id = 2")
    query(empty, "UPDATE articles SET title = 'Changed' WHERE id = 1")
    empty("sync")
    assert keys(empty) == ["1"] and waiting(empty) == 0
    (row,) = empty.json("attachments")["refused"]
    assert row["key"] == "2" and row["reason"].startswith("own: ") and told in row["reason"]
    query(empty, "UPDATE articles SET own = (SELECT own FROM articles WHERE id = 1) WHERE id = 2")
    empty("sync")
    assert vectors(empty)["2"] == vectors(empty)["1"]


def test_a_column_that_can_have_no_vector_is_refused(empty):
    make_vectors(empty)
    assert "is of the type integer" in refused(empty, "unsupported", *PLAIN, "--vector", "id")
    assert "no column" in refused(empty, "not_found", *PLAIN, "--vector", "nothing")
    empty("attach", "articles", *PLAIN)
    error = empty.fails("conflict", "attach", "articles", *PLAIN, "--vector", "own")
    assert "another way" in error["message"]


@pytest.mark.parametrize("column,value,key", [
    ("bigint", 42, "42"),
    ("text", "a/b \"c\"", "a/b \"c\""),
    ("uuid", "6ecd8c99-4036-403d-bf84-cf8400f67836", "6ecd8c99-4036-403d-bf84-cf8400f67836"),
])
def test_hits_tell_the_table_and_the_key(empty, column, value, key):
    query(empty, f"CREATE TABLE articles (id {column} PRIMARY KEY, title text, body text)")
    query(empty, "INSERT INTO articles VALUES (%s, 'One', 'Water.')", value)
    empty("attach", "articles", "--path", "subject1/Keys")
    check_hit(empty, "articles", key)
    query(empty, "CREATE SCHEMA other")
    query(empty, "ALTER TABLE articles SET SCHEMA other")
    query(empty, "ALTER TABLE other.articles RENAME TO \"The Pages\"")
    check_hit(empty, 'other."The Pages"', key)
    empty("detach", 'other."The Pages"', "--keep")
    (row,) = empty.json("search", "water", "--path", "subject1")["results"]
    assert row["document"]["table"] is None and row["document"]["key"] == key
    query(empty, "DELETE FROM grove.document")


def test_hits_tell_a_key_of_several_columns(empty):
    query(empty, "CREATE TABLE articles (site text, day date, body text, PRIMARY KEY (site, day))")
    query(empty, "INSERT INTO articles VALUES ('a', '2024-03-05', 'Water.')")
    empty("attach", "articles", "--path", "subject1/Keys")
    check_hit(empty, "articles", '["a", "2024-03-05"]')


def check_hit(grove, table, key):
    named = table if "." in table else f"public.{table}"
    for command in (["search", "water", "--path", "subject1"], ["discover", "water"]):
        (row,) = grove.json(*command)["results"]
        assert (row["document"]["table"], row["document"]["key"]) == (named, key)
        assert f"document {table} {key}" in " ".join(grove(*command).stdout.split())
    shown = grove.json("show", row["content_id"])
    assert (shown["document"]["table"], shown["document"]["key"]) == (named, key)
    assert f"{table} {key}" in " ".join(grove("show", row["content_id"]).stdout.split())
    for name in (f"{table} {key}", f"{table}/{key}", f"{named} {key}", f"public.articles/{key}"):
        document = grove.json("document", name)
        assert (document["table"], document["key"]) == (named, key)
    assert key in grove("document", f"{table} {key}").stdout
    (line,) = grove("export", "subject1").stdout.splitlines()
    assert json.loads(line)["document"] == key
    assert json.loads(line)["source"] == "public.articles"
