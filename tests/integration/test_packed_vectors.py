# SPDX-License-Identifier: Apache-2.0
"""Vectors that the private vector server is given as the bytes of their numbers."""
import base64
import struct

import test_vector_server
from test_vector_server import count, make, point, upsert, vector

program, server = test_vector_server.program, test_vector_server.server  # fixtures, found here
patient_server = test_vector_server.patient_server


def packed(numbers):
    """The same as float32s, little-endian."""
    return {"base64": base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()}


def test_packed_vectors_are_the_same(server):
    make(server)
    assert server.ok("GET", "/collections/c")["packs"] is True
    upsert(server, [point(i) for i in range(1, 100)])
    upsert(server, [{**point(i), "vector": packed(point(i)["vector"])} for i in range(101, 200)])
    records = server.ok("POST", "/collections/c/points", {
        "ids": [7, 107], "with_vector": True})
    given = {record["id"]: record["vector"] for record in records}
    upsert(server, [{**point(8), "vector": point(107)["vector"]}])
    again, = server.ok("POST", "/collections/c/points", {"ids": [8], "with_vector": True})
    assert given[107] == again["vector"] != given[7]
    query = {"limit": 20, "with_payload": False}
    plain = server.ok("POST", "/collections/c/points/query", {**query, "query": vector(107)})
    same = server.ok("POST", "/collections/c/points/query",
                     {**query, "query": {"nearest": packed(vector(107))}})
    assert [hit["id"] for hit in same["points"]] == [hit["id"] for hit in plain["points"]]
    assert {same["points"][0]["id"], same["points"][1]["id"]} == {8, 107}


def test_packed_vectors_are_checked(patient_server):
    for given, text in ((packed([float("nan")] * 8), "out of range"),
                        (packed([1.0]), "expected dim: 8, got 1"),
                        ({"base64": "AAAA"}, "no float32 numbers in base64"),
                        ({"base64": "A"}, "no float32 numbers in base64"),
                        ({"base64": 7}, "expected a string")):
        status, message = patient_server.fails("PUT", "/collections/c/points", {
            "points": [point(9), {"id": 10, "vector": given}]})
        assert (status, text in message) == (400, True), message
    assert count(patient_server) == 1
    status, message = patient_server.fails("POST", "/collections/c/points/query",
                                           {"query": packed(vector(1))})
    assert (status, "not supported" in message) == (400, True)
