# SPDX-License-Identifier: Apache-2.0
"""The names that the private vector server gives its graphs."""
import json

import test_vector_server
from test_vector_server import count, make, point, upsert, vector, wait_until

program, server = test_vector_server.program, test_vector_server.server  # fixtures, found here


def info(server, name="c"):
    return server.ok("GET", f"/collections/{name}")


def write_many(server):
    """In one request: so many are indexed at once."""
    upsert(server, [point(i, 384) for i in range(2000)])


def graph_of(server, name="c"):
    """What the collection says, and each kind of answer."""
    search = {"query": vector(1, 384), "limit": 1}
    graph = info(server, name)["graph"]
    assert graph == server.ok("POST", f"/collections/{name}/points/query", search)["graph"]
    batch = server.ok("POST", f"/collections/{name}/points/query/batch", {"searches": [search] * 2})
    assert [answer["graph"] for answer in batch] == [graph, graph]
    return graph


def test_no_graph_has_a_name_that_another_had(server, tmp_path):
    make(server, dimension=384)
    make(server, "other", dimension=384)
    names = [graph_of(server), graph_of(server, "other")]
    write_many(server)
    wait_until(lambda: info(server)["graph"] != names[0], 60)
    names.append(graph_of(server))
    upsert(server, [point(5, 384)])
    server.kill()
    server.start()
    assert [graph_of(server, "other"), graph_of(server)] == names[1:]
    # The same collection again has the same generations.
    assert server.ok("DELETE", "/collections/c") is True
    make(server, dimension=384)
    names.append(graph_of(server))
    write_many(server)
    wait_until(lambda: info(server)["graph"] != names[3], 60)
    names.append(graph_of(server))
    assert len(set(names)) == 5
    # Of a version before names: it gets one, and keeps it.
    assert server.stop() == 0
    path = tmp_path / "data" / "collections" / "c" / "config.json"
    config = json.loads(path.read_text())
    assert config.pop("graph") == names[4]
    path.write_text(json.dumps(config))
    server.start()
    given = graph_of(server)
    assert given not in names and count(server) == 2000
    server.kill()
    server.start()
    assert graph_of(server) == given


def test_the_old_graph_keeps_its_name_while_the_next_is_built(server):
    make(server, dimension=384)
    before = graph_of(server)
    write_many(server)
    seen = []
    while not seen or seen[-1] == before:
        told = info(server)
        seen.append(told["graph"])
        if told["graph"] == before:
            assert told["status"] == "yellow" and told["indexed_vectors_count"] == 0
    assert info(server)["indexed_vectors_count"] == 2000
