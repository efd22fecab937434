# SPDX-License-Identifier: Apache-2.0
"""The specified schema, exactly, and what the triggers keep."""

import psycopg
import pytest
from conftest import MIGRATIONS

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
    psql("DELETE FROM grove.migration WHERE version = 4",
         "ALTER ROLE grove IN DATABASE grove RESET search_path")
    assert psql("CREATE TABLE mine (id integer)", *where) == "public"
    assert psql("SELECT max(version) FROM grove.migration") == str(MIGRATIONS)
