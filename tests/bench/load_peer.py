#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads a corpus with ready vectors as a program without grove does: the peer of `grove load`.

    load_peer.py CORPUS CONNINFO WHERE COLLECTION LIKE

A line is parsed, leaves and contents go by binary COPY into the tables of the specification,
vectors into a table of their own, and points into COLLECTION, 256 a request, each answered when it
is durable. The tables are made here, in a database that is empty, and COLLECTION with the
configuration and the payload indexes of LIKE. WHERE is the socket of a home's engine, or the URL of
a server; of a server, where the package qdrant_client is there, its client writes over gRPC
(QDRANT_GRPC_PORT, else 6334).

One after another in one process, a transaction for 8,192 rows. Prints JSON: who wrote, rows, and
seconds of the parts. A failure ends it with 1.
"""

import array
import datetime
import importlib
import itertools
import json
import os
import pathlib
import sys
import time

import psycopg

from engine import Engine, EngineError

BATCH_ROWS, UPSERT_POINTS = 8192, 256
TABLES = pathlib.Path(__file__).resolve().parents[2] / "sql" / "0001_public_tables.sql"
VECTORS_SQL = """
CREATE TABLE public.content_vector (content_id integer PRIMARY KEY, vector bytea NOT NULL);
ALTER TABLE public.content_vector ALTER COLUMN vector SET STORAGE EXTERNAL"""
LEAVES_SQL = "COPY public.{} (id, branch, limb, leaf) FROM STDIN (FORMAT binary)"
CONTENTS_SQL = """
COPY public.content_metadata (id, hierarchy_table, leaf_id, content_type, title, content_summary,
                              chunk_number, word_count, created_at)
FROM STDIN (FORMAT binary)"""
EMBEDDINGS_SQL = "COPY public.content_vector (content_id, vector) FROM STDIN (FORMAT binary)"
LEAF_TYPES = ("int4", "varchar", "varchar", "varchar")
CONTENT_TYPES = ("int4", "varchar", "int4", "varchar", "varchar", "varchar", "int4", "int4",
                 "timestamp")


class RestWriter:
    """Points as JSON over the engine's own API."""

    def __init__(self, where, key):
        self.engine = Engine(where, key)
        self.name = "JSON over " + ("HTTP" if "://" in where else "the socket")

    def make(self, collection, like):
        told = self.engine.ask("GET", f"/collections/{like}")
        config = told["config"]
        self.engine.drop(collection)
        self.engine.ask("PUT", f"/collections/{collection}", {
            "vectors": config["params"]["vectors"], "hnsw_config": config["hnsw_config"],
            "optimizers_config": config["optimizer_config"]})
        for field, schema in told["payload_schema"].items():
            if not field.startswith("grove_"):  # marks of whose the collection is
                self.engine.ask("PUT", f"/collections/{collection}/index?wait=true",
                                {"field_name": field, "field_schema": schema["data_type"]})

    def write(self, collection, points):
        self.engine.ask("PUT", f"/collections/{collection}/points?wait=true", {"points": [
            {"id": number, "vector": vector, "payload": payload}
            for number, vector, payload in points]})

    def end(self):
        self.engine.end()


class GrpcWriter(RestWriter):
    """Points over gRPC by the published client; the collection is made as the other does."""

    def __init__(self, where, key, package):
        super().__init__(where, key)
        self.models = importlib.import_module("qdrant_client.models")
        self.client = package.QdrantClient(
            url=where, api_key=key, prefer_grpc=True, timeout=60,
            grpc_port=int(os.environ.get("QDRANT_GRPC_PORT") or 6334))
        self.name = "qdrant_client over gRPC"

    def write(self, collection, points):
        self.client.upsert(collection, wait=True, points=[
            self.models.PointStruct(id=number, vector=vector, payload=payload)
            for number, vector, payload in points])

    def end(self):
        self.client.close()
        super().end()


def choose_writer(where, key):
    if "://" in where:
        try:
            return GrpcWriter(where, key, importlib.import_module("qdrant_client"))
        except ImportError:
            pass
    return RestWriter(where, key)


class Numbers(dict):
    """Gives what it is asked for the first time the next number."""

    def __missing__(self, key):
        self[key] = len(self) + 1
        return self[key]


class Peer:
    def __init__(self, conn, writer, collection):
        self.conn, self.writer, self.collection = conn, writer, collection
        self.leaves, self.branches, self.limbs = {}, Numbers(), Numbers()
        self.rows = 0
        self.seconds = {"reading": 0.0, "database": 0.0, "vectors": 0.0}

    def read(self, lines):
        """The batch as rows to copy and points to write."""
        leaves, contents, vectors, points = {}, [], [], []
        for line in lines:
            row = json.loads(line)
            self.rows += 1
            table = row["tree"] + "_hierarchy"
            known = self.leaves.setdefault(table, {})
            place = (row["branch"], row["limb"], row["leaf"])
            if place not in known:
                known[place] = len(known) + 1
                leaves.setdefault(table, []).append((known[place], *place))
            leaf, vector = known[place], row["vector"]
            created = row["created_at"]
            contents.append((self.rows, table, leaf, row["content_type"], row["title"],
                             row["summary"], row["chunk_number"], row["word_count"],
                             datetime.datetime.fromisoformat(created.rstrip("Z"))))
            vectors.append((self.rows, array.array("f", vector).tobytes()))
            points.append((self.rows, vector, {
                "content_id": self.rows, "hierarchy_table": table, "leaf_id": leaf,
                "branch_id": self.branches[table, place[0]],
                "limb_id": self.limbs[table, place[:2]], "content_type": row["content_type"],
                "chunk_number": row["chunk_number"], "word_count": row["word_count"],
                "created_at": created, "revision": self.rows}))
        return leaves, contents, vectors, points

    def copy(self, statement, types, rows):
        with self.conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def write_rows(self, leaves, contents, vectors):
        with self.conn.transaction():
            for table, new in leaves.items():
                self.copy(LEAVES_SQL.format(table), LEAF_TYPES, new)
            self.copy(CONTENTS_SQL, CONTENT_TYPES, contents)
            self.copy(EMBEDDINGS_SQL, ("int4", "bytea"), vectors)

    def load(self, file):
        while lines := list(itertools.islice(file, BATCH_ROWS)):
            moments = [time.perf_counter()]
            leaves, contents, vectors, points = self.read(lines)
            moments.append(time.perf_counter())
            self.write_rows(leaves, contents, vectors)
            moments.append(time.perf_counter())
            for first in range(0, len(points), UPSERT_POINTS):
                self.writer.write(self.collection, points[first:first + UPSERT_POINTS])
            moments.append(time.perf_counter())
            for part, began, ended in zip(self.seconds, moments, moments[1:]):
                self.seconds[part] += ended - began


def main(corpus, conninfo, where, collection, like):
    writer = choose_writer(where, os.environ.get("QDRANT_API_KEY"))
    with psycopg.connect(conninfo, autocommit=True) as conn, open(corpus, encoding="utf-8") as file:
        conn.execute(TABLES.read_text("utf-8"))
        conn.execute(VECTORS_SQL)
        writer.make(collection, like)
        peer = Peer(conn, writer, collection)
        began = time.perf_counter()
        peer.load(file)
        seconds = time.perf_counter() - began
    writer.end()
    print(json.dumps({"writer": f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__}), "
                                f"binary COPY; {writer.name}, {UPSERT_POINTS} points a request",
                      "rows": peer.rows, "seconds": seconds,
                      **{f"seconds_{part}": value for part, value in peer.seconds.items()}}))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (psycopg.Error, EngineError, OSError) as error:
        print(f"load_peer: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
