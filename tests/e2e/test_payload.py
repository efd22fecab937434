# SPDX-License-Identifier: Apache-2.0
"""A point holds what its row says, in every field, whichever column changes. Nothing here lists the
fields: they are those that current.sql reads, those that the engine holds, those that the database
has (src/vector/README.md tells how to add one)."""

import datetime
import http.client
import json
import re
import socket

import psycopg
import pytest
from conftest import ROOT

COLLECTION = "/collections/content_vectors"
# In every payload, and no column of that name: the row's id, and what makes writes conditional.
OWN_FIELDS = {"content_id", "revision"}
# Of the leaf's place, from grove.leaf.
PLACE_FIELDS = {"branch_id", "limb_id"}

INSERT = """
    INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title, content_summary,
                                  chunk_number, word_count)
    SELECT 'religion_hierarchy', min(id), 'Note', 'A title', 'A summary.', 7, 5
    FROM religion_hierarchy RETURNING id
"""


def ask(grove, method, path, body=None):
    """The vector engine's answer."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(grove.json("status")["engine"]["where"])
    connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    result = json.load(answer)["result"]
    connection.close()
    return result


def points(grove, *ids):
    """Of all contents, or of these: id -> payload and vector."""
    found = (ask(grove, "POST", f"{COLLECTION}/points",
                 {"ids": ids, "with_payload": True, "with_vector": True}) if ids else
             ask(grove, "POST", f"{COLLECTION}/points/scroll",
                 {"limit": 1000, "with_payload": True, "with_vector": True})["points"])
    return {point["id"]: (point["payload"], point["vector"]) for point in found}


def projected_columns():
    """Columns of content_metadata that the projector reads for the engine."""
    text = (ROOT / "sql" / "projector" / "current.sql").read_text()
    return set(re.findall(r"^ +m\.(\w+),$", text, re.M))


def as_in_a_payload(value):
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=datetime.timezone.utc)
    return value


def test_points_hold_what_their_rows_say(shared):
    with shared.connect(row_factory=psycopg.rows.dict_row) as conn:
        conn.execute(INSERT)
        conn.execute(INSERT.replace("7, 5", "8, NULL"))  # each field that may be null is so once
        conn.execute("UPDATE content_metadata SET created_at = NULL WHERE chunk_number = 8")
        conn.execute("UPDATE content_metadata SET chunk_number = NULL WHERE chunk_number = 8")
        assert shared.json("sync")["pending"] == 0
        rows = conn.execute("""
            SELECT m.*, l.branch_id, l.limb_id FROM content_metadata AS m
            JOIN grove.leaf AS l USING (hierarchy_table, leaf_id)""").fetchall()
    held = points(shared)
    assert len(rows) == len(held) > 8
    columns = projected_columns()
    assert len(columns) >= 6
    for row in rows:
        payload, _ = held[row["id"]]
        assert payload["content_id"] == row["id"] and payload["revision"] > 0
        assert set(payload) <= columns | OWN_FIELDS | PLACE_FIELDS
        for column in columns | PLACE_FIELDS:
            value = payload.get(column)
            if value and isinstance(row[column], datetime.datetime):
                value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
            assert value == as_in_a_payload(row[column]), (column, payload, row)


# How to give a column another value: by its name, else by its type.
ANOTHER = {
    "hierarchy_table": "'subject1_hierarchy'",
    "leaf_id": "(SELECT max(id) FROM religion_hierarchy)",
    "integer": "coalesce({0}, 0) + 1",
    "character varying": "{0} || ', changed'",
    "timestamp without time zone": "coalesce({0}, now()::timestamp) + interval '1 day'",
}


def columns_of(conn):
    return conn.execute("""
        SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'content_metadata'
          AND column_name <> 'id'""").fetchall()


def state_of(grove, content_id):
    """What of the content the engine can show: all but the revision, which every change raises."""
    payload, vector = points(grove, content_id)[content_id]
    return {**payload, "revision": None}, vector


def test_an_update_is_projected_when_the_point_depends_on_its_column(shared):
    """For each column there is: whether its update goes into the outbox, and whether the point
    differs when the content is projected anew whatever the outbox says."""
    with shared.connect() as conn:
        (content_id,), = conn.execute(INSERT.replace("7, 5", "9, 5")).fetchall()
        # Where the row goes when its table changes: a leaf of the same id.
        conn.execute("""
            INSERT INTO subject1_hierarchy (id, branch, limb, leaf)
            SELECT leaf_id, 'Other', 'Other', 'Other' FROM content_metadata WHERE id = %s
            ON CONFLICT DO NOTHING""", (content_id,))
        shared("sync")
        noticed, differing = set(), set()
        for column, kind in columns_of(conn):
            before = state_of(shared, content_id)
            other = (ANOTHER.get(column) or ANOTHER[kind]).format(column)
            with conn.transaction():
                conn.execute(f"UPDATE content_metadata SET {column} = {other} WHERE id = %s",
                             (content_id,))
                if conn.execute("SELECT count(*) FROM grove.outbox").fetchone()[0]:
                    noticed.add(column)
                conn.execute("SELECT grove.note_changed(ARRAY[%s::integer])", (content_id,))
            shared("sync")
            if state_of(shared, content_id) != before:
                differing.add(column)
            if column == "hierarchy_table":  # and back, for the column after it
                conn.execute("UPDATE content_metadata SET hierarchy_table = 'religion_hierarchy'"
                             " WHERE id = %s", (content_id,))
                shared("sync")
        assert noticed == differing
        assert noticed == projected_columns() | {"title", "content_summary"}
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            conn.execute("UPDATE content_metadata SET id = id + 1000 WHERE id = %s", (content_id,))


def test_every_payload_index_is_on_a_field_that_points_have(shared):
    shared("sync")  # or nothing runs there yet
    told = ask(shared, "GET", COLLECTION)["payload_schema"]
    # The collection's mark is an index on a field that none has (src/sync/lineage.md).
    schema = {field: kind for field, kind in told.items() if not field.startswith("grove_lineage_")}
    assert len(told) == len(schema) + 1
    fields = {field for payload, _ in points(shared).values() for field in payload}
    assert set(schema) == fields
    # The list that src/vector/README.md gives: `a`, `b` (integer), ...
    text = (ROOT / "src" / "vector" / "README.md").read_text()
    listed = text[text.index("Fields with a payload index:"):].split("\n\n")[0]
    documented = {field: kind for group, kind in re.findall(r"((?:`\w+`,?\s+)+)\((\w+)\)", listed)
                  for field in re.findall(r"\w+", group)}
    assert documented == {field: kind["data_type"] for field, kind in schema.items()}


def test_a_point_moves_with_its_leaf_and_keeps_its_vector(shared):
    """A rename touches no point; a move changes the numbers of its contents' points only."""
    with shared.connect() as conn:
        conn.execute("""
            INSERT INTO subject3_hierarchy (branch, limb, leaf)
            VALUES ('Old', 'x', '1'), ('Old', 'y', '2'), ('Other', 'x', '3')""")
        ids = [row[0] for row in conn.execute("""
            INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
                                          content_summary)
            SELECT 'subject3_hierarchy', id, 'Note', 'A title', 'A summary.'
            FROM subject3_hierarchy ORDER BY id RETURNING id""").fetchall()]
        shared("sync")
        before = points(shared, *ids)
        conn.execute("UPDATE subject3_hierarchy SET branch = 'New' WHERE branch = 'Old'")
        assert shared.json("sync")["upserted"] == 0
        assert points(shared, *ids) == before
        conn.execute("UPDATE subject3_hierarchy SET branch = 'Other' WHERE leaf = '2'")
        done = shared.json("sync")
        assert (done["upserted"], done["embedded"]) == (1, 0)
        after = points(shared, *ids)
        payload, vector = before[ids[1]]
        moved, moved_vector = after.pop(ids[1])
        del before[ids[1]]
        assert after == before and moved_vector == vector
        assert moved["branch_id"] == before[ids[2]][0]["branch_id"] != payload["branch_id"]
        assert moved["limb_id"] not in (payload["limb_id"], before[ids[2]][0]["limb_id"])
        assert {**moved, **{name: payload[name] for name in (*PLACE_FIELDS, "revision")}} == payload
