# SPDX-License-Identifier: Apache-2.0
"""Whether PostgreSQL and the vector engine of a home say the same, content by content."""

import array
import contextlib
import datetime
import http.client
import json
import math
import os
import socket

COLLECTION = "content_vectors"
PAGE = 1000
TOLERANCE = 1e-6  # of a vector's numbers: the engine makes lengths 1, in single precision

CONTENTS = """
    SELECT m.id, s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation'),
           m.hierarchy_table, m.leaf_id, m.content_type, m.chunk_number,
           m.word_count, m.created_at, l.branch_id, l.limb_id, e.vector,
           e.text_sha256 = sha256(convert_to(
               m.title || E'\n' || coalesce(b.body, m.content_summary), 'UTF8')) AS current
    FROM content_metadata AS m
    LEFT JOIN grove.content_state AS s ON s.content_id = m.id
    LEFT JOIN grove.leaf AS l USING (hierarchy_table, leaf_id)
    LEFT JOIN grove.body AS b ON b.content_id = m.id
    LEFT JOIN grove.embedding AS e ON e.content_id = m.id
        AND e.model = (SELECT value FROM grove.setting WHERE name = 'model')
"""
# Must all be empty: what is kept beside the contents, and fits none of them.
STRAYS = {
    "leaves that are wrong": "SELECT * FROM grove.wrong_leaves()",
    "revisions of no content": """
        SELECT content_id FROM grove.content_state
        WHERE content_id NOT IN (SELECT id FROM content_metadata)""",
    "counts that are wrong": """
        SELECT hierarchy_table, leaf_id, content_type, sum(counted)
        FROM (SELECT hierarchy_table, leaf_id, content_type, contents AS counted
              FROM grove.content_count
              UNION ALL
              SELECT hierarchy_table, leaf_id, content_type, -1 FROM content_metadata) AS each
        GROUP BY hierarchy_table, leaf_id, content_type HAVING sum(counted) <> 0""",
    "counts of trees that are wrong": """
        SELECT hierarchy_table, content_type, sum(counted)
        FROM (SELECT hierarchy_table, content_type, contents AS counted FROM grove.tree_count
              UNION ALL
              SELECT hierarchy_table, content_type, -1 FROM content_metadata) AS each
        GROUP BY hierarchy_table, content_type HAVING sum(counted) <> 0""",
    "counts of branches and limbs that are wrong": """
        SELECT branch_id, limb_id, content_type, sum(counted)
        FROM (SELECT branch_id, limb_id, content_type, contents AS counted FROM grove.place_count
              UNION ALL
              SELECT l.branch_id, p.limb_id, m.content_type, -1
              FROM content_metadata AS m
              JOIN grove.leaf AS l USING (hierarchy_table, leaf_id)
              CROSS JOIN LATERAL (VALUES (l.limb_id), (NULL)) AS p (limb_id)) AS each
        GROUP BY branch_id, limb_id, content_type HAVING sum(counted) <> 0""",
}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def vector_socket(grove):
    return os.path.join(grove.sockets or grove.socket_folder(), "vectors.sock")


def ask_engine(grove, method, path, body=None):
    """The result of a request to the private vector server of a home, which must run."""
    connection = UnixConnection(vector_socket(grove))
    with contextlib.closing(connection):
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
    assert reply.status == 200, (method, path, reply.status, text)
    return json.loads(text)["result"]


def points_of(grove):
    """All points of the engine: id -> (payload, vector). Starts it where it does not run."""
    try:
        ask_engine(grove, "GET", "/collections")
    except (ConnectionRefusedError, FileNotFoundError):
        grove("search", "x")
    points, offset = {}, None
    while True:
        page = ask_engine(grove, "POST", f"/collections/{COLLECTION}/points/scroll",
                          {"limit": PAGE, "offset": offset, "with_payload": True,
                           "with_vector": True})
        for point in page["points"]:
            assert point["id"] not in points, f"two points with the id {point['id']}"
            points[point["id"]] = point["payload"], point["vector"]
        offset = page["next_page_offset"]
        if offset is None:
            return points


def wanted_points(conn):
    """What the engine should hold of what PostgreSQL has: id -> (payload, vector)."""
    points = {}
    for number, revision, table, leaf, kind, chunk, words, created, branch, limb, vector, \
            current in conn.execute(CONTENTS):
        assert current, f"content {number} has no vector of its current text"
        payload = {"content_id": number, "hierarchy_table": table, "leaf_id": leaf,
                   "branch_id": branch, "limb_id": limb, "content_type": kind,
                   "chunk_number": chunk, "word_count": words, "revision": revision}
        if created is not None:
            payload["created_at"] = created.replace(tzinfo=datetime.timezone.utc)
        numbers = array.array("f", vector)
        length = math.sqrt(sum(x * x for x in numbers))
        points[number] = payload, [x / length for x in numbers]
    return points


def with_time(payload):
    """A point's payload with its time as a time, however it is written."""
    written = payload.get("created_at")
    return payload if written is None else {
        **payload, "created_at": datetime.datetime.fromisoformat(written.replace("Z", "+00:00"))}


def stores_agree(grove):
    """Compares the two stores of a home completely: every content has one point, with its
    revision, payload and vector; there is no other point; nothing waits, nothing was given up on.
    How many contents there are."""
    there = points_of(grove)
    with grove.connect() as conn:
        left = conn.execute("SELECT * FROM grove.outbox").fetchall()
        assert left == [], f"the outbox is not empty: {left}"
        for what, query in STRAYS.items():
            found = conn.execute(query).fetchall()
            assert found == [], f"{what}: {found}"
        wanted = wanted_points(conn)
    assert set(there) == set(wanted), (f"contents without a point: {set(wanted) - set(there)}, "
                                       f"points without a content: {set(there) - set(wanted)}")
    for number, (payload, vector) in wanted.items():
        got_payload, got_vector = there[number]
        assert with_time(got_payload) == payload, (number, got_payload, payload)
        apart = max(abs(a - b) for a, b in zip(got_vector, vector, strict=True))
        assert apart < TOLERANCE, f"the vector of content {number} is {apart} off"
    return len(wanted)


def search_tells_all(grove, **options):
    """A search for everything: it says that it is complete, and shows each content of PostgreSQL
    (999 at most) once, as it is there. The answer."""
    answer = grove.json("search", "candles", "--limit", 1000, "--chunks", **options)
    assert answer["complete"] is True, answer["incomplete_reason"]
    with grove.connect() as conn:
        rows = dict(conn.execute("SELECT id, title FROM content_metadata").fetchall())
    assert len(rows) < 1000
    shown = [(hit["content_id"], hit["title"]) for hit in answer["results"]]
    assert sorted(shown) == sorted(rows.items())
    return answer
