# SPDX-License-Identifier: Apache-2.0
"""The specified schema, exactly, and what the triggers keep."""

import concurrent.futures
import contextlib
import pathlib
import random
import re

import psycopg
import pytest
from conftest import MIGRATIONS, read_statement, wait_until
from stores import STRAYS

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What 0006_outbox_checks.sql and 0014_numbered_points.sql add.
CHECKS = {"content_state": ["content_state_revision_drawn"],
          "outbox": ["outbox_revision_drawn", "outbox_attempts_counted", "outbox_lease_whole",
                     "outbox_dead_not_leased", "outbox_dead_has_reason", "outbox_lease_of_now"]}
DROP_CHECKS = "; ".join(f"ALTER TABLE grove.{table} DROP CONSTRAINT {name}"
                        for table, names in CHECKS.items() for name in names)
# What 0007_directions_and_times.sql adds.
DROP_DIRECTIONS = "DROP FUNCTION grove.is_direction, grove.embedding_updated CASCADE"
# What 0008_examination.sql adds.
DROP_EXAMINATION = "DROP TABLE grove.examination; DROP SEQUENCE grove.acknowledged_seq"
# What 0009_text_revisions.sql adds.
DROP_TEXT_REVISIONS = (
    "DROP FUNCTION grove.note_text_changed, grove.content_text_updated, grove.body_text_inserted,"
    " grove.body_text_updated, grove.body_text_deleted, grove.forget_revision CASCADE;"
    "ALTER TABLE grove.content_state DROP COLUMN text_revision;"
    "ALTER TABLE grove.embedding DROP COLUMN revision")
# What 0011_outbox_of_changes.sql makes of the outbox, and of the functions that write there.
OLD_OUTBOX = ("DROP VIEW grove.waiting; ALTER TABLE grove.outbox DROP CONSTRAINT outbox_pkey,"
              " ADD CONSTRAINT outbox_pkey PRIMARY KEY (content_id), DROP COLUMN lease_pid,"
              " DROP COLUMN lease_session; " + "".join(
                  part[:part.index("END;\n") + 5].replace("CREATE", "CREATE OR REPLACE", 1)
                  for part in re.split(r"^(?=CREATE)", (ROOT / "sql/0003_triggers.sql").read_text(),
                                       flags=re.M)
                  if re.match(r"CREATE FUNCTION grove.note_", part)))
TREES = ["religion"] + [f"subject{n}" for n in range(1, 9)]


@pytest.fixture
def conn(shared):
    with shared.connect() as connection:
        yield connection


def test_columns(conn):
    columns = conn.execute("""
        SELECT column_name, data_type, character_maximum_length, is_nullable
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'content_metadata'
        ORDER BY ordinal_position""").fetchall()
    assert columns == [
        ("id", "integer", None, "NO"),
        ("hierarchy_table", "character varying", 50, "NO"),
        ("leaf_id", "integer", None, "NO"),
        ("content_type", "character varying", 50, "NO"),
        ("title", "character varying", 200, "NO"),
        ("content_summary", "character varying", 500, "NO"),
        ("chunk_number", "integer", None, "YES"),
        ("word_count", "integer", None, "YES"),
        ("created_at", "timestamp without time zone", None, "YES"),
        ("updated_at", "timestamp without time zone", None, "YES"),
    ]


@pytest.mark.parametrize("tree", TREES)
def test_trees(conn, tree):
    columns = conn.execute("""
        SELECT column_name, character_maximum_length, is_nullable
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position""",
                           (f"{tree}_hierarchy",)).fetchall()
    assert columns == [("id", None, "NO"), ("branch", 100, "NO"), ("limb", 100, "NO"),
                       ("leaf", 100, "NO"), ("description", 500, "YES"),
                       ("created_at", None, "YES")]
    indexes = {row[0] for row in conn.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s",
        (f"{tree}_hierarchy",))}
    assert indexes == {f"{tree}_hierarchy_pkey", f"unique_{tree}_path", f"idx_{tree}_branch",
                       f"idx_{tree}_limb"}


def test_indexes_and_constraints(conn):
    indexes = {row[0] for row in conn.execute(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'content_metadata'")}
    assert {"content_metadata_pkey", "unique_content_chunk", "idx_content_hierarchy",
            "idx_content_type", "idx_content_created"} <= indexes
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("""INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
            content_summary) VALUES ('nowhere_hierarchy', 1, 't', 't', 's')""")


def test_leaves_must_exist(conn):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        conn.execute("""INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
            content_summary) VALUES ('religion_hierarchy', 999999, 't', 't', 's')""")


def test_leaves_in_use_stay(conn):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        conn.execute("DELETE FROM religion_hierarchy WHERE leaf = 'Doctrines'")
    conn.execute("DELETE FROM religion_hierarchy WHERE leaf = 'Practices'")


def test_the_contents_of_a_leaf_are_looked_up_by_index(filled):
    """Deleting a leaf costs the same, however many contents other leaves have."""
    with filled.connect() as conn:
        conn.execute("""INSERT INTO subject1_hierarchy (branch, limb, leaf)
            SELECT 'a', 'b', n FROM generate_series(1, 10000) AS n""")
        conn.execute("""INSERT INTO subject2_hierarchy (branch, limb, leaf)
            VALUES ('a', 'b', 'first'), ('a', 'b', 'second')""")
        conn.execute("""INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,
            chunk_number, title, content_summary) SELECT 'subject1_hierarchy', id, 'Note', n, 'x',
            'x' FROM subject1_hierarchy, generate_series(1, 2) AS n""")
        conn.execute("ANALYZE content_metadata")
        for leaf in ("first", "second"):  # the first reads what a session reads once
            plan = conn.execute(f"""EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
                DELETE FROM subject2_hierarchy WHERE leaf = '{leaf}'""").fetchone()[0][0]["Plan"]
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 30


def test_updated_at_moves(conn):
    (before,), = conn.execute("SELECT min(updated_at) FROM content_metadata").fetchall()
    conn.execute("UPDATE content_metadata SET word_count = word_count")
    (after,), = conn.execute("SELECT min(updated_at) FROM content_metadata").fetchall()
    assert after > before
    assert conn.execute("SELECT count(*) FROM grove.outbox").fetchone() == (0,)


def test_nothing_of_ours_in_public(conn):
    tables = {row[0] for row in conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert tables == {f"{tree}_hierarchy" for tree in TREES} | {"content_metadata"}


def test_init_again_changes_nothing(shared):
    assert shared.json("init")["applied"] == 0


def test_tables_of_users_land_in_public(shared):
    """The role's name is that of our schema, which would come first on its search path."""
    def psql(*statements):
        return shared("psql", "--", "-Atq", *(part for each in statements
                                              for part in ("-c", each))).stdout.strip()

    where = ("SELECT schemaname FROM pg_tables WHERE tablename = 'mine'", "DROP TABLE mine")
    assert psql("CREATE TABLE mine (id integer)", *where) == "public"
    # A database that an older grove made: psql is enough to bring it up to date.
    psql("DELETE FROM grove.migration WHERE version >= 4", DROP_TEXT_REVISIONS, OLD_OUTBOX,
         DROP_CHECKS, DROP_DIRECTIONS, DROP_EXAMINATION, "DROP FUNCTION grove.recount",
         "DROP FUNCTION grove.count_contents CASCADE", "DROP TABLE grove.content_count",
         "ALTER ROLE grove IN DATABASE grove RESET search_path")
    assert psql("CREATE TABLE mine (id integer)", *where) == "public"
    assert psql("SELECT version FROM grove.schema_version") == str(MIGRATIONS)
    with shared.connect() as conn:
        assert wrong_counts(conn) == [] and count_rows(conn) > 0


# --- counts -------------------------------------------------------------------------------------

def wrong_counts(conn):
    """Where the kept counts of leaves, trees, branches and limbs differ from the contents."""
    return [row for name, query in STRAYS.items() if name.startswith("counts")
            for row in conn.execute(query).fetchall()]


def count_rows(conn):
    return conn.execute("SELECT count(*) FROM grove.content_count").fetchone()[0]


INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary,
                                  chunk_number)
    SELECT 'religion_hierarchy', r.id, %s, 'A title', 'A summary.', n
    FROM religion_hierarchy AS r, generate_series(%s::integer, %s::integer) AS n
"""


def fold(conn):
    conn.execute((ROOT / "sql" / "projector" / "fold_counts.sql").read_text())


def test_counts_follow_every_change(filled):
    with filled.connect() as conn:
        assert wrong_counts(conn) == [] and count_rows(conn) > 0
        conn.execute(INSERT, ("Note", 101, 120))
        conn.execute("UPDATE content_metadata SET content_type = 'Letter' WHERE chunk_number > 110")
        conn.execute("UPDATE content_metadata SET title = 'Another' WHERE chunk_number = 101")
        conn.execute("UPDATE content_metadata SET chunk_number = 1000 + id,"
                     " leaf_id = (SELECT min(id) FROM religion_hierarchy)"
                     " WHERE chunk_number BETWEEN 105 AND 110")
        conn.execute("DELETE FROM content_metadata WHERE chunk_number IN (101, 119)")
        assert wrong_counts(conn) == []
        with pytest.raises(psycopg.errors.DivisionByZero), conn.transaction():
            conn.execute(INSERT, ("Gone", 1, 5))
            conn.execute("SELECT 1 / 0")
        with conn.transaction():
            conn.execute("SET LOCAL grove.leaf_delete = 'cascade'")
            conn.execute("DELETE FROM religion_hierarchy"
                         " WHERE id = (SELECT max(id) FROM religion_hierarchy)")
        assert wrong_counts(conn) == []
        before = count_rows(conn)
        fold(conn)
        assert wrong_counts(conn) == [] and count_rows(conn) < before
        here = conn.execute("SELECT content_type, count(*) FROM content_metadata"
                            " WHERE hierarchy_table = 'religion_hierarchy' GROUP BY 1").fetchall()
        groups = filled.json("browse", "religion")["groups"]
        assert {(group["content_type"], group["count"]) for group in groups} == set(here)
        conn.execute("TRUNCATE content_metadata CASCADE")
        assert wrong_counts(conn) == [] and count_rows(conn) == 0
        assert filled.json("browse", "religion")["groups"] == []


def test_counts_hold_while_many_write_and_fold(shared):
    """What a snapshot sees of contents and counts agrees, and nobody waits in a circle."""
    def write(number):
        with shared.connect() as conn:
            for i in range(20):
                first = 10000 * (number + 1) + 10 * i
                conn.execute(INSERT, ("Note", first, first + 9))
                conn.execute("DELETE FROM content_metadata WHERE chunk_number = %s", (first,))

    def fold_often(number):
        with shared.connect() as conn:
            for _ in range(30):
                fold(conn)
                with conn.transaction():
                    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    assert wrong_counts(conn) == [], number

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(write if n < 3 else fold_often, n) for n in range(6)]:
            done.result()
    with shared.connect() as conn:
        fold(conn)
        assert wrong_counts(conn) == []
        keys = conn.execute("SELECT count(DISTINCT (hierarchy_table, leaf_id, content_type))"
                            " FROM grove.content_count").fetchone()[0]
        assert count_rows(conn) == keys
        conn.execute("DELETE FROM content_metadata WHERE chunk_number >= 10000")


def move(conn, random, column, value):
    """Leaves go elsewhere, or a whole branch or limb, which may be a rename or a merge."""
    what = random.choice(["id = (SELECT id FROM subject3_hierarchy ORDER BY random() LIMIT 1)",
                          "branch = (SELECT min(branch) FROM subject3_hierarchy)",
                          "limb = 'limb 1'"])
    conn.execute(f"UPDATE subject3_hierarchy SET {column} = %s WHERE {what}", (value,))


def change_at_random(conn, random):
    """One statement, as any client may write it."""
    one = "(SELECT id FROM subject3_hierarchy ORDER BY random() LIMIT 1)"
    some = ("id IN (SELECT id FROM content_metadata WHERE hierarchy_table = 'subject3_hierarchy'"
            " ORDER BY random() LIMIT 5)")
    choice = random.randrange(8)
    if choice < 2:
        conn.execute(f"""
            INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
                                          content_summary, chunk_number)
            SELECT 'subject3_hierarchy', l.id, 'Type ' || n %% 2, 't', 's',
                   (random() * 2000000000)::integer
            FROM {one} AS l, generate_series(1, %s) AS n""", (random.randrange(1, 6),))
    elif choice == 2:
        conn.execute(f"UPDATE content_metadata SET content_type = %s WHERE {some}",
                     (f"Type {random.randrange(3)}",))
    elif choice == 3:
        conn.execute(f"UPDATE content_metadata SET leaf_id = {one} WHERE {some}")
    elif choice == 4:
        conn.execute(f"DELETE FROM content_metadata WHERE {some}")
    elif choice == 5:
        move(conn, random, "limb", f"limb {random.randrange(4)}")
    elif choice == 6:
        move(conn, random, "branch", f"branch {random.randrange(4)}")
    elif random.randrange(10) == 0:
        conn.execute("TRUNCATE content_metadata CASCADE")
    else:
        conn.execute("SET LOCAL grove.leaf_delete = 'cascade'")
        conn.execute(f"DELETE FROM subject3_hierarchy WHERE id = {one}")
        conn.execute("INSERT INTO subject3_hierarchy (branch, limb, leaf)"
                     " VALUES ('branch 1', 'limb 1', random()::text)")


GIVES_WAY = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected,
             psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation,
             psycopg.errors.FeatureNotSupported, psycopg.errors.LockNotAvailable,
             psycopg.errors.NotNullViolation)


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_hold_whoever_changes_contents_and_leaves(filled, seed):
    """Transactions of a few statements each, in all isolation levels, some of them rolled back;
    leaves move, are renamed, merged and deleted under contents; one folds, one counts anew, and in
    every snapshot all counts are right."""
    levels = ["READ COMMITTED"] * 3 + ["REPEATABLE READ", "SERIALIZABLE"]
    done = []

    def write(number):
        chance = random.Random(f"{seed} {number}")
        with filled.connect() as conn:
            conn.execute("SET lock_timeout = '3s'")
            for _ in range(60):
                with contextlib.suppress(*GIVES_WAY, psycopg.Rollback), conn.transaction():
                    conn.execute("SET TRANSACTION ISOLATION LEVEL " + chance.choice(levels))
                    for _ in range(chance.randrange(1, 4)):
                        change_at_random(conn, chance)
                    if chance.randrange(6) == 0:
                        raise psycopg.Rollback
                    done.append(number)

    def look(number):
        with filled.connect() as conn:
            for turn in range(40):
                if number == 4:
                    fold(conn)
                elif turn % 4 == 0:
                    conn.execute("SELECT grove.recount_places(0, NULL)")
                with conn.transaction():
                    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    assert wrong_counts(conn) == [], number

    with filled.connect() as conn:
        conn.execute("INSERT INTO subject3_hierarchy (branch, limb, leaf)"
                     " SELECT 'branch ' || n % 3, 'limb ' || n % 4, 'leaf ' || n"
                     " FROM generate_series(1, 24) AS n")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for each in [pool.submit(write if n < 4 else look, n) for n in range(6)]:
                each.result()
        assert len(done) > 60
        assert wrong_counts(conn) == []
        fold(conn)
        assert wrong_counts(conn) == []


# --- the rows of the outbox -----------------------------------------------------------------------

NOW = "clock_timestamp()"


@pytest.fixture
def waiting(conn):
    """The id of a content that waits in the outbox, in a transaction that is rolled back."""
    with conn.transaction(force_rollback=True):
        yield conn.execute("UPDATE content_metadata SET title = title || '!' WHERE id ="
                           " (SELECT min(id) FROM content_metadata) RETURNING id").fetchone()[0]


@pytest.mark.parametrize("table, change, constraint", [
    ("outbox", "revision = 0", "outbox_revision_drawn"),
    ("outbox", "attempts = -1", "outbox_attempts_counted"),
    ("outbox", f"lease_until = {NOW}", "outbox_lease_whole"),
    ("outbox", "lease_owner = 'somebody'", "outbox_lease_whole"),
    ("outbox", f"dead_since = {NOW}, last_error = 'why', lease_owner = 'me', lease_until = {NOW}",
     "outbox_dead_not_leased"),
    ("outbox", f"dead_since = {NOW}", "outbox_dead_has_reason"),
    ("outbox", f"lease_owner = '123-0123456789abcdef', lease_until = {NOW}", "outbox_lease_of_now"),
    ("content_state", "revision = 0", "content_state_revision_drawn"),
])
def test_a_row_that_breaks_a_rule_is_refused(conn, waiting, table, change, constraint):
    with pytest.raises(psycopg.errors.CheckViolation) as refused, conn.transaction():
        conn.execute(f"UPDATE grove.{table} SET {change} WHERE content_id = %s", (waiting,))
    assert refused.value.diag.constraint_name == constraint
    # The whole row given anew is checked as well.
    columns = ", ".join(part.split(" = ")[0] for part in change.split(", "))
    values = ", ".join(part.split(" = ")[1] for part in change.split(", "))
    with pytest.raises(psycopg.errors.CheckViolation) as refused, conn.transaction():
        given = "" if "revision" in change else ", revision"
        deleted = ("", "") if table == "content_state" else (", deleted", ", false")
        conn.execute(f"INSERT INTO grove.{table} (content_id{given}{deleted[0]}, {columns})"
                     f" VALUES (1234567{', 1' if given else ''}{deleted[1]}, {values})")
    assert refused.value.diag.constraint_name == constraint


def test_all_checks_are_there(conn):
    found = conn.execute("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE"
                         " contype = 'c' AND convalidated AND conrelid IN"
                         " ('grove.outbox'::regclass, 'grove.content_state'::regclass)").fetchall()
    assert sorted(found) == sorted((f"grove.{table}", name) for table, names in CHECKS.items()
                                   for name in names)


def run_file(conn, name, *values):
    """A statement of sql/projector with its parameters; the rows it gives."""
    types = {"put_back.sql": "(integer[], text, text, boolean, integer)",
             "lease_these.sql": "(integer[], text, integer, text, integer)"}.get(name, "")
    conn.execute(f"PREPARE of_the_file {types} AS "
                 + read_statement(name))
    try:
        holes = ", ".join(["%s"] * len(values))
        cursor = psycopg.ClientCursor(conn)
        cursor.execute(f"EXECUTE of_the_file{f'({holes})' if values else ''}", values)
        return cursor.fetchall() if cursor.description else []
    finally:
        conn.execute("DEALLOCATE of_the_file")


def test_every_way_into_and_out_of_death_keeps_the_rules(conn, waiting):
    def state():
        return conn.execute("SELECT dead, lease_owner, attempts, last_error FROM grove.waiting"
                            " WHERE content_id = %s", (waiting,)).fetchone()

    def lease():
        (model,) = conn.execute("SELECT value FROM grove.setting WHERE name = 'model'").fetchone()
        assert len(run_file(conn, "lease_these.sql", [waiting], "me", 1000, model, 0)) == 1

    def kill():
        lease()
        assert run_file(conn, "put_back.sql", [waiting], "me", "why", True, 1) == [(True,)]

    lease()
    assert state() == (False, "me", 0, None)
    conn.execute("UPDATE content_metadata SET title = 'Another' WHERE id = %s", (waiting,))
    assert state() == (False, "me", 0, None)  # the lease stays
    assert run_file(conn, "put_back.sql", [waiting], "me", "why", True, 2) == [(False,)]
    assert state() == (False, None, 0, None)  # by the row of the change
    kill()
    assert state() == (True, None, 1, "why")
    lease()  # what is loaded again is tried again
    assert state() == (False, "me", 1, "why")
    assert run_file(conn, "put_back.sql", [waiting], "me", "out", False, 2) == [(False,)]
    kill()
    run_file(conn, "revive.sql")
    assert state() == (False, None, 0, "why")
    kill()
    conn.execute("UPDATE content_metadata SET title = 'A third' WHERE id = %s", (waiting,))
    assert state() == (False, None, 0, None)
    kill()
    conn.execute("DELETE FROM content_metadata WHERE id = %s", (waiting,))
    assert state() == (False, None, 0, None)


def test_an_upgrade_mends_what_breaks_the_rules(grove):
    """Version 5 took any row."""
    grove("demo")
    with grove.connect() as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM content_metadata ORDER BY id")]
        conn.execute(f"DELETE FROM grove.migration WHERE version > 5; {DROP_TEXT_REVISIONS};"
                     f"{OLD_OUTBOX}; {DROP_CHECKS}; {DROP_DIRECTIONS}; {DROP_EXAMINATION};"
                     "UPDATE content_metadata SET title = title || '!'")
        for number, change in enumerate([
                f"lease_until = {NOW} + interval '1 hour'", "lease_owner = 'half'",
                f"dead_since = {NOW}, last_error = 'why', lease_owner = 'me', lease_until = {NOW}",
                f"dead_since = {NOW}", "attempts = -3", "revision = -1"]):
            conn.execute(f"UPDATE grove.outbox SET {change} WHERE content_id = %s", (ids[number],))
        conn.execute("UPDATE grove.content_state SET revision = 0 WHERE content_id = %s", (ids[6],))
        conn.execute("DELETE FROM content_metadata WHERE id = %s", (ids[7],))
        conn.execute("UPDATE grove.outbox SET revision = 0 WHERE content_id = %s", (ids[7],))
        conn.execute("INSERT INTO grove.content_state VALUES (7654321, -5)")  # of no content
        assert grove.json("init")["applied"] == MIGRATIONS - 5
        rows = {row[0]: row[1:] for row in conn.execute("""
            SELECT o.content_id, lease_owner, lease_until, dead_since IS NOT NULL, attempts,
                   last_error, deleted, o.revision > 0,
                   o.revision IS NOT DISTINCT FROM s.revision
            FROM grove.outbox AS o LEFT JOIN grove.content_state AS s USING (content_id)""")}
        alive = (None, None, False, 0, None, False, True, True)
        gone = (None, None, False, 0, None, True, True, False)
        assert rows == {
            **{content_id: alive for content_id in ids[:7]},
            ids[2]: (None, None, True, 0, "why", False, True, True),
            ids[3]: (None, None, True, 0, "the reason was not kept", False, True, True),
            ids[7]: gone, 7654321: gone}
        report = grove.json("sync")
        assert (report["pending"], report["dead"]) == (0, 2)
        assert grove.json("sync", "--retry-dead")["dead"] == 0
        assert conn.execute("SELECT count(*) FROM grove.outbox").fetchone() == (0,)
    assert grove.json("status")["engine"]["points"] == 7


def name_both(first, second):
    """Statements that name both tables, with their parts: name and text."""
    tables = re.compile(rf"({first}|{second})\b")
    for path in sorted((ROOT / "sql").glob("*/*.sql")):
        if path.parent.name in ("queries", "examine", "projector", "contents"):
            for_each = re.search(r"^-- part: \w+_\*$", path.read_text(), flags=re.M)
            for depth in ("tree", "branch", "limb", "leaf") if for_each else ("tree",):
                text = read_statement(path.name, path.parent.name, depth)
                if len(set(tables.findall(re.sub(r"--.*", "", text)))) == 2:
                    yield f"{path.stem}_{depth}.sql" if for_each else path.name, text


@pytest.mark.parametrize("first, second, known", [
    ("content_metadata", "content_count", {"recall_leaves.sql", "browse_first_limb.sql"}),
    ("content_metadata", "tree_count", {"subject_list.sql"}),
    ("content_count", "place_count", {"fold_counts.sql", "matching_max.sql", "list_types.sql",
                                      "list_places.sql", "browse_totals_branch.sql"}),
    ("content_count", "tree_count", {"fold_counts.sql", "matching_max.sql"}),
    ("place_count", "tree_count", {"fold_counts.sql", "matching_max.sql"}),
])
def test_contents_are_locked_before_their_counts(shared, first, second, known):
    """As TRUNCATE does, which wants all for itself: else one of the two would be ended."""
    waited = set()
    for name, text in name_both(first, second):
        with shared.connect() as truncating, shared.connect() as reader, \
                shared.connect() as conn, concurrent.futures.ThreadPoolExecutor(1) as pool, \
                truncating.transaction():
            truncating.execute("SET search_path = public, grove")
            truncating.execute(f"LOCK {first} IN ACCESS EXCLUSIVE MODE")
            pid = reader.info.backend_pid
            prepared = pool.submit(reader.execute, f"PREPARE x AS {text}")
            try:
                wait_until(lambda: prepared.done() or conn.execute(
                    "SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", (pid,)).fetchone())
                if prepared.done():
                    prepared.result()  # it names the contents and does not read them
                    continue
                waited.add(name)
                held = conn.execute("SELECT 1 FROM pg_locks WHERE granted AND pid = %s AND relation"
                                    f" = 'grove.{second}'::regclass", (pid,)).fetchone()
            finally:
                conn.execute("SELECT pg_terminate_backend(%s)", (pid,))
            assert held is None, name
    assert waited >= known
