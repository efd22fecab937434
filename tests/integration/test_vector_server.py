# SPDX-License-Identifier: Apache-2.0
"""The private vector server over its socket, on the real engine."""
import array
import hashlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIMENSION = 8
PYTHON = [p for p in ("/usr/bin/python3", sys.executable) if os.path.exists(p)][0]


def assets():
    for place in (os.environ.get("GROVE_ASSETS"), "/var/cache/grove/assets",
                  os.path.expanduser("~/.cache/grove/assets")):
        if place and os.path.isdir(place):
            return pathlib.Path(place)
    pytest.skip("the assets are not there", allow_module_level=True)


ENGINE = assets() / "qdrant-edge"


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.data, self.socket = str(folder / "data"), str(folder / "s")
        self.log = folder / "log"
        self.process = None
        self.start()

    def command(self, socket_path=None):
        return [PYTHON, "-I", "-S", "-B", str(self.program), "--engine", str(ENGINE), "--data",
                self.data, "--socket", socket_path or self.socket]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        wait_until(lambda: self.answers(), 20)

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def connect(self):
        return Connection(self.socket)

    def request(self, method, path, body=None, connection=None):
        """Status and parsed answer."""
        own = connection is None
        connection = connection or self.connect()
        raw = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, raw, {"content-type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if own:
            connection.close()
        kind = response.headers["content-type"]
        return response.status, json.loads(text) if kind == "application/json" else text.decode()

    def ok(self, method, path, body=None, connection=None):
        status, answer = self.request(method, path, body, connection)
        assert status == 200 and answer["status"] == "ok" and answer["time"] >= 0, answer
        return answer["result"]

    def fails(self, method, path, body=None):
        status, answer = self.request(method, path, body)
        assert set(answer) == {"status", "time"} and set(answer["status"]) == {"error"}
        return status, answer["status"]["error"]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "server.pyz"
    subprocess.run([sys.executable, str(ROOT / "embedded" / "build"), str(path)], check=True)
    return path


@pytest.fixture
def server(tmp_path, program):
    server = Server(tmp_path, program)
    yield server
    if server.process.poll() is None:
        server.kill()


def vector(seed, dimension=DIMENSION):
    source = random.Random(seed)
    return [source.gauss(0, 1) for _ in range(dimension)]


def make(server, name="c", dimension=DIMENSION):
    assert server.ok("PUT", f"/collections/{name}", {
        "vectors": {"size": dimension, "distance": "Cosine"},
        "hnsw_config": {"m": 16, "ef_construct": 200}}) is True


def point(number, dimension=DIMENSION, **payload):
    return {"id": number, "vector": vector(number, dimension), "payload": payload}


def upsert(server, points, name="c", **more):
    result = server.ok("PUT", f"/collections/{name}/points?wait=true", {"points": points, **more})
    assert result["status"] == "completed" and isinstance(result["operation_id"], int)


def count(server, condition=None, name="c"):
    return server.ok("POST", f"/collections/{name}/points/count",
                     {"filter": condition, "exact": True})["count"]


# --- collections ------------------------------------------------------------------------------

def test_service_routes(server):
    status, answer = server.request("GET", "/")
    assert status == 200 and answer["title"].startswith("qdrant")
    assert [int(part) for part in answer["version"].split(".")[:2]] >= [1, 16]
    assert server.request("GET", "/healthz") == (200, "healthz check passed")
    assert server.request("GET", "/readyz") == (200, "all shards are ready")


def test_collections_come_and_go(server):
    assert server.ok("GET", "/collections") == {"collections": []}
    assert server.ok("GET", "/collections/c/exists") == {"exists": False}
    make(server)
    make(server, ".odd%20n%C3%A4me")
    names = [entry["name"] for entry in server.ok("GET", "/collections")["collections"]]
    assert names == [".odd näme", "c"]
    assert server.ok("GET", "/collections/c/exists") == {"exists": True}
    info = server.ok("GET", "/collections/c")
    assert info["status"] == "green" and info["points_count"] == 0
    assert info["config"]["params"]["vectors"] == {"size": DIMENSION, "distance": "Cosine"}
    assert info["config"]["hnsw_config"]["ef_construct"] == 200
    assert server.fails("PUT", "/collections/c", {"vectors": {"size": 4, "distance": "Dot"}}) == \
        (409, "Wrong input: Collection `c` already exists!")
    assert server.ok("DELETE", "/collections/c") is True
    assert server.ok("DELETE", "/collections/c") is False
    make(server)
    assert server.stop() == 0
    server.start()
    assert len(server.ok("GET", "/collections")["collections"]) == 2


def test_payload_index(server, tmp_path):
    make(server)
    upsert(server, [point(i, a=i, t="x") for i in range(10)])
    for name, schema in (("a", "integer"), ("t", "keyword"), ("d", "datetime"),
                         ("p", {"type": "integer", "lookup": True, "range": False}),
                         ("h", {"type": "integer", "on_disk": False})):
        result = server.ok("PUT", "/collections/c/index?wait=true",
                           {"field_name": name, "field_schema": schema})
        assert result["status"] == "completed"
    schema = server.ok("GET", "/collections/c")["payload_schema"]
    assert schema["a"] == {"data_type": "integer", "points": 10}
    assert schema["t"]["data_type"] == "keyword" and schema["d"]["points"] == 0
    assert schema["p"]["params"] == {"type": "integer", "lookup": True, "range": False}
    assert schema["h"]["params"] == {"type": "integer", "on_disk": False}
    config, = (tmp_path / "data").glob("collections/c/g1/segments/*/payload_index/config.json")
    fields = json.loads(config.read_text())["indexed_fields"]
    assert [fields[name]["on_disk"] for name in "atdph"] == [True] * 4 + [False]
    server.ok("DELETE", "/collections/c/index/t?wait=true")
    assert "t" not in server.ok("GET", "/collections/c")["payload_schema"]
    assert server.fails("PUT", "/collections/c/index",
                        {"field_name": "a", "field_schema": "number"})[0] == 400


# --- points -----------------------------------------------------------------------------------

UUID = "c18c6293-3758-4920-bfcc-b71ffd8cfdbf"


def test_points_are_written_read_and_removed(server):
    make(server)
    upsert(server, [point(1, title="Ärger \U0001f600 \u0000", n=[1, 2.5, None, {"x": True}]),
                    point(2), {**point(3), "id": UUID}])
    found = server.ok("POST", "/collections/c/points", {"ids": [1, UUID, 99]})
    assert {entry["id"] for entry in found} == {1, UUID}
    one = next(entry for entry in found if entry["id"] == 1)
    assert one == {"id": 1, "payload": {"title": "Ärger \U0001f600 \u0000",
                                        "n": [1, 2.5, None, {"x": True}]}}
    one, = server.ok("POST", "/collections/c/points",
                     {"ids": [2], "with_payload": False, "with_vector": True})
    length = sum(x * x for x in vector(2)) ** 0.5
    assert one["vector"] == pytest.approx([x / length for x in vector(2)], abs=1e-6)
    assert server.ok("GET", "/collections/c/points/1")["payload"]["n"][1] == 2.5
    assert server.fails("GET", "/collections/c/points/77")[0] == 404
    upsert(server, [point(1, title="new")])
    assert server.ok("GET", "/collections/c/points/1")["payload"] == {"title": "new"}
    result = server.ok("POST", "/collections/c/points/delete?wait=true", {"points": [1, 12345]})
    assert result["status"] == "completed" and count(server) == 2
    server.ok("POST", "/collections/c/points/delete?wait=true",
              {"filter": {"must": [{"has_id": [2]}]}})
    assert count(server) == 1
    result = server.ok("PUT", "/collections/c/points", {"points": [point(5)]})
    assert result["status"] == "acknowledged"
    server.ok("PUT", "/collections/c/points?wait=true", {"batch": {
        "ids": [6, 7], "vectors": [vector(6), vector(7)], "payloads": [{"a": 1}, None]}})
    assert count(server) == 4


def test_queries(server):
    make(server)
    upsert(server, [point(i, a=i, t="x" if i % 2 else "y") for i in range(300)])
    near = vector(17)
    hits = server.ok("POST", "/collections/c/points/query", {"query": near, "limit": 3})["points"]
    assert len(hits) == 3 and hits[0]["id"] == 17 and hits[0]["score"] == pytest.approx(1, abs=1e-5)
    assert set(hits[0]) == {"id", "version", "score"}
    exact = server.ok("POST", "/collections/c/points/query",
                      {"query": {"nearest": near}, "params": {"exact": True, "hnsw_ef": 64}})
    assert [hit["id"] for hit in exact["points"]][:3] == [hit["id"] for hit in hits]
    assert len(exact["points"]) == 10
    second = server.ok("POST", "/collections/c/points/query",
                       {"query": near, "limit": 2, "offset": 1, "with_payload": ["a"],
                        "with_vector": True})["points"]
    assert [hit["id"] for hit in second] == [hit["id"] for hit in hits[1:]]
    assert second[0]["payload"] == {"a": second[0]["id"]} and len(second[0]["vector"]) == DIMENSION
    some = server.ok("POST", "/collections/c/points/query",
                     {"query": near, "limit": 300, "score_threshold": 0.5,
                      "with_payload": {"exclude": ["a"]}})["points"]
    assert 0 < len(some) < 300 and all(hit["score"] >= 0.5 for hit in some)
    assert set(some[0]["payload"]) == {"t"}
    like = server.ok("POST", "/collections/c/points/query", {"query": 17, "limit": 2})["points"]
    assert [hit["id"] for hit in like] == [hit["id"] for hit in hits[1:]]
    filtered = server.ok("POST", "/collections/c/points/query", {
        "query": near, "limit": 300, "with_payload": True,
        "filter": {"must": [{"key": "t", "match": {"value": "y"}}]}})["points"]
    assert len(filtered) == 150 and all(hit["payload"]["t"] == "y" for hit in filtered)
    both = server.ok("POST", "/collections/c/points/query/batch",
                     {"searches": [{"query": near, "limit": 3}, {"query": vector(4), "limit": 1}]})
    assert both[0]["points"] == hits and both[1]["points"][0]["id"] == 4


def test_scroll_visits_every_point_once(server):
    make(server)
    upsert(server, [point(i, a=i) for i in range(25)])
    seen, offset = [], None
    while True:
        page = server.ok("POST", "/collections/c/points/scroll",
                         {"limit": 10, "offset": offset, "with_payload": ["a"]})
        seen += [entry["payload"]["a"] for entry in page["points"]]
        offset = page["next_page_offset"]
        if offset is None:
            break
    assert seen == list(range(25))
    page = server.ok("POST", "/collections/c/points/scroll",
                     {"limit": 1000, "with_vector": True, "with_payload": False})
    assert len(page["points"]) == 25 and "payload" not in page["points"][0]


def digest_of(server, first, last, whole=True, **more):
    return server.ok("POST", "/collections/c/points/digest",
                     {"first": first, "last": last, "whole": whole, **more})


def expect(points, whole):
    """The digest that src/vector/fingerprint.c makes of points, as scroll shows them."""
    digest = hashlib.sha256()
    for one in points:
        payload = one["payload"]
        if whole:
            text = json.dumps(payload, sort_keys=True, separators=(",", ":"),
                              ensure_ascii=False).encode()
            digest.update(struct.pack("=qq", one["id"], len(text)) + text)
            digest.update(array.array("f", one["vector"]).tobytes())
        else:
            digest.update(struct.pack("=qq", one["id"], payload.get("revision", -1)))
    return {"points": len(points), "digest": digest.hexdigest()}


def test_digests(server):
    make(server)
    upsert(server, [point(i, revision=i + 100, kind="\u00c4 \"b\"", leaf=i % 3)
                    for i in range(1, 41)])
    upsert(server, [{**point(7), "id": "6f9619ff-8b86-d011-b42d-00c04fc964ff"}])
    points = server.ok("POST", "/collections/c/points/scroll", {
        "limit": 1000, "with_vector": True, "with_payload": True})["points"]
    numbered = [one for one in points if isinstance(one["id"], int)]
    assert len(numbered) == 40 and server.ok("GET", "/collections/c")["digests"] is True
    for whole in (True, False):
        assert digest_of(server, 0, (1 << 31) - 1, whole) == expect(numbered, whole)
        assert digest_of(server, 5, 17, whole) == expect(numbered[4:17], whole)
        assert digest_of(server, 41, 99, whole) == expect([], whole)
        leaf = {"must": [{"key": "leaf", "match": {"value": 2}}]}
        assert digest_of(server, 3, 30, whole, filter=leaf) == expect(
            [one for one in numbered[2:30] if one["payload"]["leaf"] == 2], whole)
    before = digest_of(server, 0, 99)
    upsert(server, [point(9, revision=109, kind="another", leaf=0)])
    assert digest_of(server, 0, 99) != before
    assert digest_of(server, 0, 99, False) == expect(numbered, False)
    for wrong, status in (({"first": 0, "last": 9, "limit": 3}, 400), ({"first": -1}, 422)):
        assert server.fails("POST", "/collections/c/points/digest", wrong)[0] == status


FILTERS = [  # of the points below
    ({"must": [{"key": "t", "match": {"value": "a"}}]}, {1, 2}),
    ({"must": [{"key": "n", "match": {"value": 3}}]}, {3}),
    ({"must": [{"key": "t", "match": {"any": ["a", "b"]}}]}, {1, 2, 3}),
    ({"must": [{"key": "n", "match": {"any": [1, 4]}}]}, {1, 4}),
    ({"must": [{"key": "n", "match": {"any": []}}]}, set()),
    ({"must": [{"key": "t", "match": {"except": ["a"]}}]}, {3, 4}),
    ({"must": [{"key": "n", "range": {"gte": 2, "lt": 4}}]}, {2, 3}),
    ({"must": [{"key": "n", "range": {"gt": 2, "lte": 4}}]}, {3, 4}),
    ({"must": [{"key": "d", "range": {"gte": "2024-02-01T00:00:00Z"}}]}, {2, 3}),
    ({"must": [{"key": "d", "range": {"gt": "2024-02-01T00:00:00Z",
                                      "lt": "2025-01-01T00:00:00+00:00"}}]}, {3}),
    ({"must": [{"key": "d", "range": {"lte": "2024-02-01T01:00:00+01:00"}}]}, {1, 2}),
    ({"must": [{"has_id": [1, 3, 999]}]}, {1, 3}),
    ({"must": [{"has_id": []}]}, set()),
    ({"must": [{"is_empty": {"key": "d"}}]}, {4, 5}),
    ({"must": [{"is_null": {"key": "d"}}]}, {4}),
    ({"must": [{"nested": {"key": "o", "filter": {"must": [
        {"key": "x", "match": {"value": 1}}, {"key": "y", "match": {"value": 2}}]}}}]}, {1}),
    ({"must": [{"should": [{"key": "n", "match": {"value": 1}},
                           {"key": "n", "match": {"value": 2}}]},
               {"key": "t", "match": {"value": "a"}}]}, {1, 2}),
    ({"should": [{"key": "n", "match": {"value": 1}}, {"has_id": [5]}]}, {1, 5}),
    ({"must_not": [{"key": "t", "match": {"value": "a"}}]}, {3, 4, 5}),
    ({"min_should": {"conditions": [{"key": "t", "match": {"value": "a"}},
                                    {"key": "n", "match": {"value": 1}}], "min_count": 2}}, {1}),
    ({"must": {"key": "n", "match": {"value": 1}}}, {1}),
    ({"must": [{"key": "tags", "match": {"value": "q"}}]}, {2}),
    ({"must": [{"key": "tags", "values_count": {"gte": 2}}]}, {2}),
    ({}, {1, 2, 3, 4, 5}),
    (None, {1, 2, 3, 4, 5}),
]


def test_filters(server):
    make(server)
    payloads = [dict(t="a", n=1, d="2024-01-01T00:00:00Z", o=[{"x": 1, "y": 2}, {"x": 3}]),
                dict(t="a", n=2, d="2024-02-01T00:00:00Z", tags=["p", "q"], o=[{"x": 1, "y": 3}]),
                dict(t="b", n=3, d="2024-03-01T12:00:00.5Z", o=[{"x": 1}, {"y": 2}]),
                dict(t="c", n=4, d=None), dict()]
    upsert(server, [point(i + 1, **payload) for i, payload in enumerate(payloads)])

    def check():
        for condition, expected in FILTERS:
            hits = server.ok("POST", "/collections/c/points/query",
                             {"query": vector(1), "filter": condition})["points"]
            assert {hit["id"] for hit in hits} == expected, condition
            assert count(server, condition) == len(expected), condition

    check()
    for name, schema in (("t", "keyword"), ("n", "integer"), ("d", "datetime"),
                         ("tags", "keyword")):
        server.ok("PUT", "/collections/c/index?wait=true",
                  {"field_name": name, "field_schema": schema})
    check()  # the same through payload indexes


# --- conditional writes -----------------------------------------------------------------------

def revision_filter(revisions):
    """What a batch of points with different revisions sends as its update_filter."""
    return {"should": [{"must": [{"has_id": [number]},
                                 {"key": "revision", "range": {"lt": revision}}]}
                       for number, revision in revisions.items()]}


def revisions_of(server, ids):
    found = server.ok("POST", "/collections/c/points", {"ids": ids, "with_payload": ["revision"]})
    return {entry["id"]: entry["payload"]["revision"] for entry in found}


def write_conditionally(server, revisions):
    upsert(server, [point(number, revision=revision) for number, revision in revisions.items()],
           update_filter=revision_filter(revisions))


def test_conditional_upsert(server):
    make(server)
    write_conditionally(server, {1: 10, 2: 20})  # new ones are written in any case
    assert revisions_of(server, [1, 2]) == {1: 10, 2: 20}
    write_conditionally(server, {1: 11, 2: 19, 3: 5})
    assert revisions_of(server, [1, 2, 3]) == {1: 11, 2: 20, 3: 5}
    upsert(server, [point(1, revision=11), point(2, revision=99)],
           update_filter={"must": [{"key": "revision", "range": {"lt": 15}}]})
    assert revisions_of(server, [1, 2]) == {1: 11, 2: 20}
    many = {number: 1000 + number for number in range(500)}  # several pieces
    write_conditionally(server, many)
    stale = {number: 999 if number % 2 else 2000 for number in range(500)}
    write_conditionally(server, stale)
    assert revisions_of(server, list(range(500))) == {
        number: 1000 + number if number % 2 else 2000 for number in range(500)}
    foreign = revision_filter({7777: 5000})  # holds for none of the points of the request
    upsert(server, [point(1, revision=5000)], update_filter=foreign)
    assert revisions_of(server, [1]) == {1: 1001}


def test_conditional_delete_and_batch(server):
    make(server)
    write_conditionally(server, {1: 10, 2: 20})
    at_most = {"should": [{"must": [{"has_id": [number]},
                                    {"key": "revision", "range": {"lte": revision}}]}
                          for number, revision in ((1, 10), (2, 19))]}
    server.ok("POST", "/collections/c/points/delete?wait=true", {"filter": at_most})
    assert revisions_of(server, [1, 2]) == {2: 20}
    answers = server.ok("POST", "/collections/c/points/batch?wait=true", {"operations": [
        {"upsert": {"points": [point(2, revision=5)],
                    "update_filter": {"must": [{"key": "revision", "range": {"lt": 5}}]}}},
        {"upsert": {"points": [point(3, revision=1)]}},
        {"delete": {"points": [9]}}]})
    assert [answer["status"] for answer in answers] == ["completed"] * 3
    assert revisions_of(server, [2, 3]) == {2: 20, 3: 1}


def test_update_mode(server):
    make(server)
    upsert(server, [point(1, a=1)])
    upsert(server, [point(1, a=2), point(2, a=2)], update_mode="insert_only")
    upsert(server, [point(2, a=3), point(3, a=3)], update_mode="update_only")
    found = server.ok("POST", "/collections/c/points", {"ids": [1, 2, 3]})
    assert {entry["id"]: entry["payload"]["a"] for entry in found} == {1: 1, 2: 3}


# --- errors -----------------------------------------------------------------------------------

BAD_REQUESTS = [
    ("GET", "/collections/none", None, 404, "Not found: Collection `none` doesn't exist!"),
    ("PUT", "/collections/none/points", {"points": []}, 404, "`none` doesn't exist!"),
    ("POST", "/collections/none/points/query", {"query": vector(1)}, 404, "doesn't exist!"),
    ("GET", "/nowhere", None, 404, ""),
    ("PATCH", "/collections/c", {}, 405, ""),
    ("POST", "/collections/c/points/query", {"query": [1.0, 2.0]}, 400,
     "Wrong input: Vector dimension error: expected dim: 8, got 2"),
    ("POST", "/collections/c/points/query", b'{"query": [1, ', 400, "Format error in JSON body: "),
    ("POST", "/collections/c/points/query", b"[]", 400, "Format error in JSON body: "),
    ("POST", "/collections/c/points/query", b'{"query": "\xff"}', 400, "Format error in JSON"),
    ("POST", "/collections/c/points/query", b'{"query":' + b"[" * 100000, 400, "Format error"),
    ("POST", "/collections/c/points/query", {"query": vector(1), "limit": 0}, 422,
     "Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]"),
    ("POST", "/collections/c/points/query", {"query": vector(1), "limit": "x"}, 400, "limit"),
    ("POST", "/collections/c/points/query", {"query": {"recommend": {}}}, 400, "not supported"),
    ("POST", "/collections/c/points/query",
     {"query": vector(1), "filter": {"must": [{"key": "a", "smells": 1}]}}, 400, "smells"),
    ("POST", "/collections/c/points/query",
     {"query": vector(1), "filter": {"must": [{"unheard_of": 1}]}}, 400, "form of condition"),
    ("POST", "/collections/c/points/query",
     {"query": vector(1), "filter": {"mast": []}}, 400, "unknown field `mast`"),
    ("POST", "/collections/c/points/query", {"query": vector(1), "filter": {"must": [
        {"key": "d", "range": {"gte": "yesterday"}}]}}, 400, ""),
    ("POST", "/collections/c/points/query", {"query": vector(1), "filter": {"must": [
        {"key": "a", "match": {"any": ["x", 1]}}]}}, 400, "match.any"),
    ("PUT", "/collections/c/points", {"points": [point(9), {"id": 10}]}, 400, "field `vector`"),
    ("PUT", "/collections/c/points", {"points": [point(9), {"vector": vector(1)}]}, 400, "`id`"),
    ("PUT", "/collections/c/points", {"points": [point(9), {**point(9), "id": "abc"}]}, 400,
     "not a valid point ID"),
    ("PUT", "/collections/c/points", {"points": [point(9), {**point(9), "id": -1}]}, 400,
     "not a valid point ID"),
    ("PUT", "/collections/c/points", {"points": [point(9), {"id": 10, "vector": [1.0]}]}, 400,
     "Wrong input: Vector dimension error: expected dim: 8, got 1"),
    ("PUT", "/collections/c/points", {"points": [point(9), {"id": 1, "vector": [1e39] * 8}]}, 400,
     "out of range"),
    ("PUT", "/collections/c/points", b'{"points":[{"id":1,"vector":[NaN]}]}', 400, "NaN"),
    ("PUT", "/collections/c/points", {"points": [point(9), 7]}, 400, "expected a map"),
    ("PUT", "/collections/c/points", b'{"points":[1,]}', 400, "Format error in JSON body"),
    ("PUT", "/collections/c/points", b'{"points":[]}x', 400, "trailing"),
    ("PUT", "/collections/c/points", b'', 400, "Format error in JSON body"),
    ("PUT", "/collections/c/points", {}, 400, "missing field `points`"),
    ("PUT", "/collections/c/points", {"points": [point(9)], "update_mode": "maybe"}, 400,
     "update_mode"),
    ("PUT", "/collections/c/points?wait=maybe", {"points": [point(9)]}, 400, "wait"),
    ("POST", "/collections/c/points/delete", {}, 400, "PointsSelector"),
    ("POST", "/collections/c/points/batch", {"operations": [{"upsert": {"points": [point(9)]}},
                                                            {"set_payload": {}}]}, 400, "set_payl"),
    ("PUT", "/collections/d", {"vectors": {"size": 0, "distance": "Cosine"}}, 422, "size"),
    ("PUT", "/collections/d", {"vectors": {"size": 4, "distance": "Near"}}, 400, "distance"),
    ("PUT", "/collections/d", {"vectors": {"a": {"size": 4, "distance": "Dot"}}}, 400, "named"),
    ("PUT", "/collections/a%2Fb", {"vectors": {"size": 4, "distance": "Dot"}}, 422, "a/b"),
]


@pytest.fixture(scope="module")
def patient_server(tmp_path_factory, program):
    server = Server(tmp_path_factory.mktemp("patient"), program)
    make(server)
    upsert(server, [point(1, a=1)])
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("method,path,body,status,text", BAD_REQUESTS)
def test_errors_change_nothing(patient_server, method, path, body, status, text):
    found_status, message = patient_server.fails(method, path, body)
    assert (found_status, text in message) == (status, True), message
    assert count(patient_server) == 1
    assert patient_server.ok("GET", "/collections") == {"collections": [{"name": "c"}]}


def test_a_bad_point_among_many_changes_nothing(server):
    make(server)
    points = [point(i) for i in range(200)]  # several operations of the engine's
    points[-1]["vector"] = [1.0]
    assert server.fails("PUT", "/collections/c/points?wait=true", {"points": points})[0] == 400
    assert count(server) == 0


def raw_exchange(server, data):
    """What comes back until the server closes the connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(20)
        client.connect(server.socket)
        client.sendall(data)
        answer = b""
        while part := client.recv(65536):
            answer += part
        return answer


def test_http_limits(patient_server):
    server = patient_server
    assert b" 431 " in raw_exchange(server, b"GET / HTTP/1.1\r\nx: " + b"y" * 20000)
    assert b" 413 " in raw_exchange(server, b"PUT /collections/c/points HTTP/1.1\r\n"
                                            b"content-length: 68000000\r\n\r\n")
    assert b" 400 " in raw_exchange(server, b"nonsense\r\n\r\n")
    assert b" 400 " in raw_exchange(server, b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n")
    assert b" 505 " in raw_exchange(server, b"GET / HTTP/2.0\r\n\r\n")
    assert b" 411 " in raw_exchange(server, b"PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
    two = raw_exchange(server, b"GET /readyz HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\n"
                               b"connection: close\r\n\r\n")
    assert two.count(b"all shards are ready") == 2  # pipelined
    assert b"all shards" in raw_exchange(server, b"GET /readyz HTTP/1.0\r\n\r\n")
    expecting = (b"POST /collections/c/points/count HTTP/1.1\r\nexpect: 100-continue\r\n"
                 b"connection: close\r\ncontent-length: 2\r\n\r\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(20)
        client.connect(server.socket)
        client.sendall(expecting)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert b'"count":1' in client.recv(1000)


# --- process ----------------------------------------------------------------------------------

def test_acknowledged_points_survive_a_kill(server):
    make(server)
    server.ok("PUT", "/collections/c/index?wait=true",
              {"field_name": "a", "field_schema": "integer"})
    written = 0
    for _ in range(3):
        for _ in range(20):
            upsert(server, [point(i, a=i) for i in range(written, written + 25)])
            written += 25
        server.kill()
        server.start()
        assert count(server) == written
        assert count(server, {"must": [{"key": "a", "range": {"gte": 0}}]}) == written
    server.ok("POST", "/collections/c/points/delete?wait=true", {"points": [0, 1]})
    server.kill()
    server.start()
    assert count(server) == written - 2


def test_kill_while_writing(server):
    make(server)
    acknowledged = []

    def write():
        connection = server.connect()
        for number in range(100000):
            try:
                server.ok("PUT", "/collections/c/points?wait=true",
                          {"points": [point(number, a=number)]}, connection)
            except (OSError, http.client.HTTPException):
                return
            acknowledged.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: len(acknowledged) > 200, 20)
    server.kill()
    writer.join()
    server.start()
    found = server.ok("POST", "/collections/c/points", {"ids": acknowledged})
    assert {entry["id"] for entry in found} == set(acknowledged)


def test_one_server_per_folder(server, tmp_path):
    make(server)
    second = subprocess.run(server.command(str(tmp_path / "t")), capture_output=True, timeout=20)
    assert second.returncode == 3 and b"another server uses" in second.stderr
    assert server.ok("GET", "/collections/c/exists") == {"exists": True}
    assert not (tmp_path / "t").exists()
    pid, started = (tmp_path / "data" / "pid").read_text().split()
    assert int(pid) == server.process.pid
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert started == fields[19]
    assert stat.S_IMODE(os.stat(server.socket).st_mode) == 0o600


def test_a_server_without_its_folder_ends(server, tmp_path):
    make(server)
    data = tmp_path / "data"
    data.rename(tmp_path / "elsewhere")
    assert server.process.wait(timeout=30) == 1
    assert "removed or replaced" in server.log.read_text()


def test_signals(server, tmp_path):
    make(server)
    for number in (signal.SIGHUP, signal.SIGINT):
        server.process.send_signal(number)
    time.sleep(0.2)
    upsert(server, [point(1)])
    assert server.stop() == 0
    assert not os.path.exists(server.socket) and not (tmp_path / "data" / "pid").exists()
    server.start()
    assert count(server) == 1


def test_requests_under_way_are_finished_when_told_to_stop(server):
    make(server, dimension=384)
    points = [point(i, 384) for i in range(2000)]
    result = []
    connection = server.connect()
    connection.connect()
    writer = threading.Thread(target=lambda: result.append(server.ok(
        "PUT", "/collections/c/points?wait=true", {"points": points}, connection)))
    writer.start()
    time.sleep(0.5)  # encoding the body takes less
    assert server.stop() == 0
    writer.join()
    assert result and result[0]["status"] == "completed"
    server.start()
    assert count(server) == 2000


def test_a_damaged_collection_is_told_and_can_be_replaced(server, tmp_path):
    make(server)
    make(server, "other")
    assert server.stop() == 0
    (tmp_path / "data" / "collections" / "c" / "config.json").write_text("{")
    server.start()
    assert server.fails("POST", "/collections/c/points/count", {})[0] == 500
    # The log has what the client was told; the same again and again is told once a second.
    told = [line for line in server.log.read_text().splitlines()
            if "POST /collections/c/points/count: 500" in line]
    assert len(told) == 1 and "cannot read collection `c`" in told[0]
    for _ in range(20):
        assert server.fails("POST", "/collections/c/points/count", {})[0] == 500
    assert server.log.read_text().count("count: 500") < 20
    assert count(server, name="other") == 0
    assert server.ok("DELETE", "/collections/c") is True
    make(server)
    assert count(server) == 0


def test_nobody_is_let_in_before_the_collections_are_loaded(server, tmp_path):
    make(server)
    assert server.stop() == 0
    (tmp_path / "watch.py").write_text(
        "import json, os, runpy, sys\n"
        "real, seen, address = json.load, sys.argv[1], sys.argv[-1]\n"
        "def load(file):\n"
        "    open(seen, 'w').write(str(os.path.exists(address)))\n"
        "    return real(file)\n"
        "json.load = load\n"
        "sys.argv = sys.argv[2:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n")
    command = server.command()
    command[4:4] = [str(tmp_path / "watch.py"), str(tmp_path / "seen")]
    server.command = lambda: command
    server.start()
    assert (tmp_path / "seen").read_text() == "False"


def test_missing_engine(tmp_path, program):
    command = [PYTHON, "-I", "-S", "-B", str(program), "--engine", str(tmp_path), "--data",
               str(tmp_path / "d"), "--socket", str(tmp_path / "s")]
    ended = subprocess.run(command, capture_output=True, timeout=20)
    assert ended.returncode == 4 and b"cannot load the engine" in ended.stderr.splitlines()[-1]


# --- many at once -----------------------------------------------------------------------------

def test_fifty_clients(server):
    make(server)
    upsert(server, [point(i, a=i) for i in range(500)])
    failures = []

    def client(number):
        connection = server.connect()
        try:
            for i in range(20):
                wanted = (number * 7 + i) % 500
                hits = server.ok("POST", "/collections/c/points/query",
                                 {"query": vector(wanted), "limit": 1}, connection)["points"]
                assert hits[0]["id"] == wanted
                if i % 5 == 0:
                    server.ok("PUT", "/collections/c/points?wait=true",
                              {"points": [point(1000 + number, a=i)]}, connection)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert count(server) == 550


def load_points(server, count_, first=0, dimension=384):
    for start in range(first, first + count_, 500):
        upsert(server, [point(i, dimension, a=i, revision=i + 1)
                        for i in range(start, min(first + count_, start + 500))])


def indexed(server):
    return server.ok("GET", "/collections/c")


def test_searches_and_writes_go_on_while_the_index_is_built(server, tmp_path):
    make(server, dimension=384)
    server.ok("PUT", "/collections/c/index?wait=true",
              {"field_name": "a", "field_schema": "integer"})
    load_points(server, 3000)
    folder = tmp_path / "data" / "collections" / "c"
    wait_until((folder / "g2").exists, 20)  # nothing was written for a moment: it has begun
    during, yellow, written = [], [], 3000
    connection = server.connect()
    queries = [vector(i, 384) for i in range(20)]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for query in queries:
            at = time.perf_counter()
            hits = server.ok("POST", "/collections/c/points/query",
                             {"query": query, "limit": 3}, connection)["points"]
            during.append(time.perf_counter() - at)
            assert hits[0]["score"] > 0.999
        info = indexed(server)
        if info["status"] == "yellow":
            yellow.append(time.monotonic())
        if info["indexed_vectors_count"] >= 2000 and info["status"] == "green":
            break
        # Changed meanwhile: must be there afterwards, and so must what was removed.
        upsert(server, [point(written, 384, a=written)])
        server.ok("POST", "/collections/c/points/delete?wait=true", {"points": [20 + written % 50]})
        written += 1
    assert yellow and written > 3000
    # A build in the server itself would have one search wait for nearly all of it.
    assert max(during) < (yellow[-1] - yellow[0]) / 3
    gone = {20 + number % 50 for number in range(3000, written)}
    assert count(server) == written - len(gone)
    found = server.ok("POST", "/collections/c/points",
                      {"ids": list(range(3000, written)) + sorted(gone), "with_payload": ["a"]})
    assert {entry["id"]: entry["payload"]["a"] for entry in found} == \
        {number: number for number in range(3000, written)}
    assert indexed(server)["payload_schema"]["a"]["data_type"] == "integer"
    wait_until(lambda: len(os.listdir(folder)) == 2, 20)  # config.json and one generation
    server.kill()
    server.start()
    assert count(server) == written - len(gone)
    assert indexed(server)["indexed_vectors_count"] >= 2000
