# SPDX-License-Identifier: Apache-2.0
"""The check of both stores tells every invariant of sql/README.md that it is there for."""

import pytest
from test_schema import DROP_CHECKS

REPLICA = "SET session_replication_role = replica"  # no trigger fires

# What a clumsy hand does to content %(id)s, and what is told of it.
BREAKS = [
    ("DELETE FROM grove.content_state WHERE content_id = %(id)s", "a content has no state"),
    ("INSERT INTO grove.content_state VALUES (7654321, 1)",
     "content 7654321: there is a state of no content"),
    ("DELETE FROM grove.embedding WHERE content_id = %(id)s", "has no embedding"),
    ("UPDATE grove.embedding SET vector = decode(repeat('00000080', 384), 'hex')"
     " WHERE content_id = %(id)s", "a vector that cannot be compared"),
    ("UPDATE grove.embedding SET vector = overlay(vector placing '\\x0000c0ff' from 41)"
     " WHERE content_id = %(id)s", "a vector that cannot be compared"),
    ("UPDATE grove.setting SET value = 'all-MiniLM-L6-v2/int8' WHERE name = 'model'",
     "has no embedding"),
    ("UPDATE grove.setting SET value = '7' WHERE name = 'generation'", "the engine has revision"),
    ("UPDATE content_metadata SET title = title || '!' WHERE id = %(id)s",
     "an embedding of another text"),
    ("UPDATE grove.body SET body = body || '!' WHERE content_id = %(id)s",
     "an embedding of another text"),
    ("UPDATE content_metadata SET leaf_id = 7654321 WHERE id = %(id)s",
     "lies on a leaf that does not exist"),
    ("UPDATE grove.content_count SET contents = contents + 1", "and counted as 2"),
    ("UPDATE grove.tree_count SET contents = contents + 1", "religion_hierarchy, and counted"),
    ("UPDATE grove.place_count SET contents = contents + 1 WHERE limb_id IS NULL",
     "are in branch "),
    ("UPDATE grove.place_count SET contents = contents + 1 WHERE limb_id > 0", "are in limb "),
    ("INSERT INTO grove.content_count VALUES ('religion_hierarchy', 1, 'Nothing', 3)",
     'content of none: 0 contents of type "Nothing"'),
    ("INSERT INTO grove.outbox (content_id, revision, deleted) VALUES (%(id)s, 1, true)",
     "a content that exists waits as deleted"),
    ("INSERT INTO grove.outbox (content_id, revision, deleted) VALUES (7654321, 1, false)",
     "content 7654321: a content that does not exist waits"),
    ("UPDATE grove.content_state SET revision = 3 WHERE content_id = %(id)s;"
     " INSERT INTO grove.outbox (content_id, revision, deleted) VALUES (%(id)s, 2, false)",
     "waits at revision 2 and has 3"),
    ("UPDATE grove.content_state SET revision = 7654321 WHERE content_id = %(id)s",
     "revision 7654321 was never drawn"),
    ("INSERT INTO grove.outbox (content_id, revision, deleted) VALUES (7654321, 7654321, true)",
     "content 7654321: revision 7654321 was never drawn"),
    ("UPDATE grove.content_state SET revision = revision + 1 WHERE content_id = %(id)s",
     "the engine has revision"),
    ("INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
     " content_summary) SELECT 7654321, hierarchy_table, leaf_id, 'New', title, content_summary"
     " FROM content_metadata WHERE id = %(id)s;"
     " INSERT INTO grove.body SELECT 7654321, body FROM grove.body WHERE content_id = %(id)s;"
     " INSERT INTO grove.embedding SELECT 7654321, model, text_sha256, origin, vector"
     " FROM grove.embedding WHERE content_id = %(id)s;"
     " INSERT INTO grove.content_state VALUES (7654321, 1); SELECT grove.recount()",
     "content 7654321: the engine has no point"),
] + [(f"{DROP_CHECKS}; INSERT INTO grove.outbox (content_id, revision, deleted)"
      f" VALUES (7654321, 1, true); UPDATE grove.outbox SET {change}", f"content 7654321: {rule}")
     for change, rule in (
         ("revision = 0", "a row's revision was never drawn"),
         ("attempts = -1", "a row was attempted less than never"),
         ("lease_owner = 'me'", "a row has half a lease"),
         ("lease_until = clock_timestamp()", "a row has half a lease"),
         ("lease_owner = 'me', lease_until = clock_timestamp(), dead_since = clock_timestamp()",
          "a dead row is leased"),
         ("dead_since = clock_timestamp()", "a dead row has no reason"))]

# What the breaks reach, put away and put back.
KEPT = ("public.content_metadata", "grove.content_state", "grove.body", "grove.embedding",
        "grove.content_count", "grove.tree_count", "grove.place_count", "grove.outbox",
        "grove.setting")


@pytest.fixture(scope="module")
def kept(shared):
    """The home with all that is in it put away, to be restored by every test."""
    assert shared.broken() == ""
    with shared.connect() as conn:
        for table in KEPT:
            conn.execute(f"CREATE TABLE kept_{table.split('.')[1]} AS TABLE {table}")
        yield shared


@pytest.mark.parametrize("statements, told", BREAKS)
def test_what_is_broken_is_told(kept, statements, told):
    with kept.connect() as conn:
        (checks,) = conn.execute("""
            SELECT string_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass,
                                     conname, pg_get_constraintdef(oid)), ';')
            FROM pg_constraint WHERE contype = 'c'
              AND conrelid IN ('grove.outbox'::regclass, 'grove.content_state'::regclass)
            """).fetchone()
        (victim,) = conn.execute("SELECT min(content_id) FROM grove.body").fetchone()
        conn.execute(REPLICA)
        for statement in statements.split("; "):
            conn.execute(statement, {"id": victim} if "%(id)s" in statement else None)
        try:
            said = kept.broken()
            assert told in said and (f"content {victim}: " in said or "content of none" in said
                                     or "7654321" in told or "counted" in told), said
        finally:
            for table in reversed(KEPT):
                conn.execute(f"DELETE FROM {table}")
            for table in KEPT:
                conn.execute(f"INSERT INTO {table} TABLE kept_{table.split('.')[1]}")
            if statements.startswith(DROP_CHECKS):
                conn.execute(checks)
    assert kept.broken() == ""


def test_what_waits_is_not_told(kept):
    """Rows on their way break nothing, and neither do those that went."""
    with kept.connect() as conn, conn.transaction():
        conn.execute("UPDATE content_metadata SET title = title || '?'")
        conn.execute("DELETE FROM content_metadata WHERE id ="
                     " (SELECT max(id) FROM content_metadata)")
    assert kept.broken() == ""
    kept("sync")
    assert kept.broken() == ""
