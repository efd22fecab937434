# SPDX-License-Identifier: Apache-2.0
"""Long reads of the private vector server are worked on in pieces: with the answers of the whole,
whatever changes in between, and nobody waits for them."""
import importlib
import json
import random
import select
import time

import pytest
from test_vector_server import (DIMENSION, ENGINE, ROOT, make, program, server,  # noqa: F401
                                upsert, vector)

FIXTURES = (program, server)  # which pytest looks for here
POINTS = 3000


@pytest.fixture(scope="module")
def package():
    """The server's modules, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ENGINE))
        patch.syspath_prepend(str(ROOT / "embedded"))
        yield importlib.import_module("grove_vectors.long_reads")


def numbered(number, **payload):
    return {"id": number, "vector": vector(number), "payload": {"content_id": number, **payload}}


class Store:
    """A collection of this process."""

    def __init__(self, folder, package, distance="Cosine", index="integer"):
        self.module = importlib.import_module("grove_vectors.collection")
        self.routes = importlib.import_module("grove_vectors.routes")
        self.package, self.folder = package, folder
        self.module.create(str(folder), "c", self.module.config_of_request(
            {"vectors": {"size": DIMENSION, "distance": distance}}))
        self.collection = self.module.Collection(str(folder))
        if index:
            self.change("CREATE_INDEX", {"field_name": "content_id", "field_schema": index})

    def change(self, kind, members):
        changes = self.module.changes
        self.collection.change(getattr(changes, kind), json.dumps(members).encode(), False)

    def write(self, *points):
        self.change("UPSERT", {"points": points})

    def query(self, **members):
        """The work of a search as a generator, and its answer by the engine at once."""
        search = self.package.translate.Search(members, DIMENSION)
        whole = self.package.translate.Search(members, DIMENSION)
        if search.ids is not None:  # the engine gets them all
            whole.filter = self.package.translate.filter_of(members["filter"])
        return (self.package.query_json(self.collection, search),
                lambda: [self.package.translate.scored(hit)
                         for hit in self.collection.query(whole.request(params=whole.exactly))])


@pytest.fixture
def store(tmp_path, package):
    made = []

    def make_one(name="c", **more):
        made.append(Store(tmp_path / name, package, **more))
        return made[-1]
    yield make_one
    for one in made:
        one.collection.close()


@pytest.fixture
def small_pieces(package, monkeypatch):
    """So that there are many."""
    for name, value in (("SCAN_POINTS_MAX", 100), ("WHOLE_POINTS_MAX", 100),
                        ("FILTERED_POINTS_MAX", 90), ("POINTS_FIRST", 80), ("POINTS_MAX", 150),
                        ("COUNT_POINTS_MAX", 100), ("RECORDS", 7), ("VECTORS", 3)):
        monkeypatch.setattr(package, name, value)


def finish(work):
    """The parsed result, and the number of pieces."""
    pieces = 0
    while True:
        try:
            next(work)
            pieces += 1
        except StopIteration as stop:
            return json.loads(stop.value), pieces


def in_order(hits, sign=-1):
    return sorted(hits, key=lambda hit: (sign * hit["score"], isinstance(hit["id"], str),
                                         hit["id"]))


# Ids of several kinds of collections: what windows can go wrong with.
COLLECTIONS = {
    "numbered": [numbered(i, a=i % 7) for i in range(POINTS)],
    "scattered": [numbered(i * i, a=i % 7) for i in range(POINTS - 2)] +
                 [numbered((1 << 53) - 1, a=1), numbered(1 << 40, a=2)],
    "unnumbered": [{"id": i, "vector": vector(i), "payload": {"a": i % 7}} for i in range(POINTS)],
    "others": [{"id": f"00000000-0000-0000-0000-{i:012}" if i % 2 else i, "vector": vector(i),
                "payload": {"content_id": [i, i + 500], "a": i % 7}} for i in range(POINTS)],
}
SEARCHES = [
    {"limit": 5}, {"limit": 40, "offset": 30}, {"limit": 700}, {"limit": POINTS + 5},
    {"limit": 20, "filter": {"must": [{"key": "a", "match": {"value": 3}}]}},
    {"limit": 20, "filter": {"must": [{"key": "a", "match": {"value": 99}}]}},
    {"limit": 20, "filter": {"must_not": [{"has_id": list(range(0, POINTS, 3))}]}},
    {"limit": 20, "filter": {"must": [{"has_id": [*range(0, POINTS, 2), *range(0, POINTS, 3)] * 2}],
                             "must_not": [{"key": "a", "match": {"value": 3}}]}},
    {"limit": POINTS, "score_threshold": 0.3}, {"limit": 9, "score_threshold": 0.99},
    {"limit": 30, "with_payload": True, "with_vector": True},
]


@pytest.mark.parametrize("kind", COLLECTIONS)
@pytest.mark.parametrize("index", ["integer", None])
def test_pieces_give_what_the_whole_gives(store, small_pieces, kind, index):
    one = store(index=index)
    one.write(*COLLECTIONS[kind])
    assert one.collection.numbered == (kind in ("numbered", "scattered"))
    for members in SEARCHES:
        work, whole = one.query(query=vector(-1), params={"exact": True}, **members)
        answer, pieces = finish(work)
        expected = json.loads(json.dumps(in_order(whole()), default=str))
        assert answer["points"] == expected, members
        assert pieces > 10 or members["limit"] == 5
    for condition, expected in ((None, POINTS), ({"must": [{"key": "a", "match": {"value": 3}}]},
                                                 sum(i % 7 == 3 for i in range(POINTS)))):
        if kind == "scattered" and condition:
            continue
        filters = one.package.translate
        work = one.package.count(one.collection, filters.filter_of(condition),
                                 filters.keys_of(condition))
        answer, pieces = finish(work)
        assert answer == {"count": expected} and pieces > 10


@pytest.mark.parametrize("distance", ["Cosine", "Dot", "Euclid", "Manhattan"])
def test_ties_are_in_the_order_of_ids(store, small_pieces, distance):
    one = store(distance=distance)
    ids = list(range(1000))
    random.Random(5).shuffle(ids)
    for some in range(0, 1000, 100):
        one.write(*({"id": i, "vector": [1.0] * 7 + [float(i % 3)], "payload": {"content_id": i}}
                    for i in ids[some:some + 100]))
    work, whole = one.query(query=[1.0] * 7 + [2.0], params={"exact": True}, limit=500)
    answer, pieces = finish(work)
    sign = 1 if distance in ("Euclid", "Manhattan") else -1
    assert [hit["score"] for hit in answer["points"]] == [hit["score"] for hit in whole()]
    assert answer["points"] == in_order(answer["points"], sign) and pieces > 5
    assert [hit["id"] for hit in answer["points"]][:333] == list(range(2, 1000, 3))


def test_many_ids_of_a_search_through_the_graph_are_asked_in_pieces(store, small_pieces):
    one = store()
    one.write(*COLLECTIONS["numbered"])
    members = {"query": vector(-1), "limit": 20, "filter": {"must": [{"has_id": [
        i for i in range(POINTS) if i % 10]}]}}
    search = one.package.translate.Search(members, DIMENSION)
    assert one.package.is_long(one.collection.shard, search)
    answer, pieces = finish(one.query(**members)[0])
    _, whole = one.query(params={"exact": True}, **members)
    assert answer["points"] == in_order(whole()) and pieces > 10


def test_scroll_and_retrieve_in_pieces(store, small_pieces):
    one = store()
    one.write(*COLLECTIONS["numbered"])
    for keys, condition, expected in (
            (set(), None, list(range(POINTS))),
            ({"a"}, {"must": [{"key": "a", "match": {"value": 3}}]}, list(range(3, POINTS, 7)))):
        for limit in (50, POINTS):
            answer, pieces = finish(one.package.scroll_json(
                one.collection, limit=limit, offset=None, keys=keys, with_payload=["a"],
                condition=one.package.translate.filter_of(condition), with_vector=True))
            assert [found["id"] for found in answer["points"]] == expected[:limit]
            assert pieces > 5 and all(len(found["vector"]) == 8 for found in answer["points"])
            following = expected[limit:limit + 1]
            if not condition:
                assert answer["next_page_offset"] == (following[0] if following else None)
    ids = [5, 3, 3, 9, POINTS + 1, *range(100, 200), 5]
    answer, pieces = finish(one.package.retrieve_json(one.collection, ids, ["a"], False))
    assert [found["id"] for found in answer] == [5, 3, 9, *range(100, 200)] and pieces > 10


# --- changes in between -----------------------------------------------------------------------

def steps(work, number):
    for _ in range(number):
        next(work)
    return work


def test_a_point_that_gets_another_number_meanwhile_is_not_missed(store, small_pieces):
    one = store()
    one.write(*COLLECTIONS["numbered"])
    best = numbered(POINTS - 1)
    work, _ = one.query(query=best["vector"], params={"exact": True}, limit=1)
    steps(work, 5)
    one.write({**best, "payload": {"content_id": 1}})  # in a range that is done
    answer, _ = finish(work)
    assert answer["points"][0]["id"] == POINTS - 1
    assert not one.collection.numbered
    with open(one.folder / "config.json") as file:
        assert json.load(file)["numbered"] is False


def test_changes_between_pieces(store, small_pieces):
    """What was there all the time is there; what was written meanwhile may be."""
    one = store()
    one.write(*COLLECTIONS["numbered"])
    work, _ = one.query(query=vector(-1), params={"exact": True}, limit=2 * POINTS,
                        with_payload=["content_id"])
    for number in range(30):
        next(work)
        one.change("DELETE", {"points": [number * 100 + 50]})
        one.write(numbered(POINTS + number), numbered(number * 10))
    found = [hit["id"] for hit in finish(work)[0]["points"]]
    assert len(set(found)) == len(found)
    assert set(range(POINTS)) - {number * 100 + 50 for number in range(30)} <= set(found)


def test_another_generation_meanwhile(store, small_pieces, tmp_path):
    one = store()
    one.write(*COLLECTIONS["numbered"])
    work, whole = one.query(query=vector(-1), params={"exact": True}, limit=300)
    expected = in_order(whole())
    steps(work, 5)
    one.collection.shard.flush()
    files = one.module.files
    files.copy_tree(one.collection.path, str(one.folder / "g2"))
    with one.collection.lock:
        old, _ = one.collection.switch_to(2)
    importlib.import_module("shutil").rmtree(old)
    one.change("DELETE", {"filter": {}})
    assert finish(work)[0]["points"] == expected
    assert one.collection.count(None, True) == 0


def test_an_older_collection_is_looked_through(store, package, monkeypatch):
    """Whose config.json does not tell whether its points are numbered."""
    for name, numbers in (("numbered", True), ("unnumbered", False)):
        one = store(name)
        one.write(*COLLECTIONS[name][:300])
        del one.collection.config["numbered"]
        assert not one.collection.numbered
        one.collection.look_at_numbers()
        assert one.collection.numbered is numbers
        assert one.module.Collection(str(one.folder)).numbered is numbers
    # A point that is not, written while it looks.
    one = store("racing")
    one.write(*COLLECTIONS["numbered"][:300])
    del one.collection.config["numbered"]
    real = one.module.changes.is_numbered

    def write_meanwhile(number, payload):
        monkeypatch.setattr(one.module.changes, "is_numbered", real)
        one.write({"id": 7, "vector": vector(7)})
        return real(number, payload)

    monkeypatch.setattr(one.module.changes, "is_numbered", write_meanwhile)
    one.collection.look_at_numbers()
    assert not one.collection.numbered


# --- over the socket --------------------------------------------------------------------------

def send(server, path, members):  # noqa: F811
    connection = server.connect()
    connection.request("POST", f"/collections/c/points/{path}", json.dumps(members))
    return connection


def test_a_short_search_overtakes_long_reads(server):  # noqa: F811
    make(server, dimension=DIMENSION)
    upsert(server, [numbered(i) for i in range(9000)])
    long = {"query": vector(1), "limit": 9000, "params": {"exact": True}, "with_payload": True,
            "with_vector": True}
    slow = [send(server, "query", long) for _ in range(6)] + \
           [send(server, "scroll", {"limit": 9000, "with_vector": True})]
    for _ in range(3):
        quick = server.ok("POST", "/collections/c/points/query", {"query": vector(3), "limit": 1})
        assert quick["points"][0]["id"] == 3
    waiting = [connection.sock for connection in slow]
    assert select.select(waiting, [], [], 0)[0] == []
    for connection in slow:
        points = json.loads(connection.getresponse().read())["result"]["points"]
        assert len(points) == 9000
        connection.close()


def test_a_client_that_leaves_ends_its_long_read(server):  # noqa: F811
    make(server, dimension=DIMENSION)
    upsert(server, [numbered(i) for i in range(9000)])
    long_read = {"query": vector(1), "limit": 9000, "params": {"exact": True}, "with_vector": True}

    def seconds_of(body, points):
        began = time.monotonic()
        answer = server.ok("POST", "/collections/c/points/query", body)
        assert len(answer["points"]) == points
        return time.monotonic() - began

    alone_s = seconds_of(long_read, 9000)
    for _ in range(40):
        send(server, "query", long_read).close()
    # Worked on to their ends they would take as long as forty.
    assert seconds_of({"query": vector(1), "limit": 500, "params": {"exact": True}},
                      500) < 10 * alone_s
    assert server.stop() == 0


def test_batches_short_and_long(server):  # noqa: F811
    make(server, dimension=DIMENSION)
    upsert(server, [numbered(i) for i in range(6000)])
    graph = {"query": vector(5), "limit": 3}
    some = {"query": vector(5), "limit": 3, "params": {"exact": True},
            "filter": {"must": [{"has_id": list(range(6, 2000))}]}}
    whole = {"query": vector(5), "limit": 300, "params": {"exact": True}}
    single = [server.ok("POST", "/collections/c/points/query", members)
              for members in (graph, some, whole)]
    for batch in ((0, 1), (0, 1, 2), (2, 0), (0,) * 20):
        searches = [(graph, some, whole)[number] for number in batch]
        assert server.ok("POST", "/collections/c/points/query/batch", {"searches": searches}) == \
            [single[number] for number in batch]
    assert server.fails("POST", "/collections/c/points/query/batch",
                        {"searches": [graph, {**graph, "limit": 0}]})[0] == 422


# --- long bodies ------------------------------------------------------------------------------

def in_pieces(package, raw):
    work = importlib.import_module("grove_vectors.body").object_in_pieces(raw)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def some_json(source, depth=0):
    kind = source.randrange(7 if depth < 4 else 4)
    if kind < 4:
        return source.choice([1, -2.5e3, True, None, "", "a,]}[\"\\ é", 1 << 70])
    size = source.choice([0, 1, 2, 5])
    if kind == 4:
        return {f"k{i}": some_json(source, depth + 1) for i in range(size)}
    if kind == 5:
        return [some_json(source, depth + 1) for _ in range(size)]
    return [source.random() for _ in range(source.choice([0, 1, 3000]))]


def test_long_bodies_are_read_as_short_ones(package):
    body = importlib.import_module("grove_vectors.body")
    source = random.Random(11)
    texts = []
    for _ in range(300):
        value = {"a": some_json(source), "b": some_json(source)}
        texts.append(json.dumps(value, indent=source.choice([None, 1]), ensure_ascii=False))
    for text in list(texts):
        at = source.randrange(len(text))
        texts.append(text[:at] + source.choice(["", ",", "]", "[", "}", '"', " ", "1"]) +
                     text[at + source.randrange(2):])
    texts += ['{"a":["x", ]}', '{"a":[[1], ]}', '{"a":[1,' + " " * 9000 + "]}"]
    texts += ['{"a":[1,]}', '{"a":[,1]}', '{"a":[1 2]}', '{"a":[ ]}', '{"a":[1,,2]}', '{"a":[1, ]}',
              '{"a":[1,[2,],3]}', "[]", "", "{", '{"a":[1', '{"a":NaN}', '{"a":[1,NaN]}',
              '{"a":1}x', '{"a":' + "[" * 100000, '{"a":' + '{"a":' * 100000]
    for text in texts:
        results = []
        for read in (body.parse_object, lambda raw: in_pieces(package, raw)):
            try:
                results.append(read(text.encode()))
            except body.bad_json("").__class__ as error:
                results.append(error.status)
        assert results[0] == results[1], text[:300]


def test_a_long_body_over_the_socket(server):  # noqa: F811
    make(server, dimension=DIMENSION)
    upsert(server, [numbered(i) for i in range(500)])
    ids = list(range(100, 30000))
    found = server.ok("POST", "/collections/c/points/query", {
        "query": vector(5), "limit": 3, "filter": {"must": [{"has_id": ids}]}})["points"]
    assert len(found) == 3 and all(hit["id"] >= 100 for hit in found)
    assert server.ok("POST", "/collections/c/points/count",
                     {"filter": {"must": [{"has_id": ids}]}}) == {"count": 400}
    assert len(server.ok("POST", "/collections/c/points", {"ids": ids})) == 400
    assert server.fails("POST", "/collections/c/points/query", {
        "query": vector(5), "filter": {"must": [{"has_id": [*ids, -1]}]}})[0] == 400
