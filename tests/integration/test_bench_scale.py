# SPDX-License-Identifier: Apache-2.0
"""What of tools/bench-scale needs no servers: its corpus, its queries, what it reads and shows. And
a run on few rows, which needs them."""

import array
import collections
import importlib.machinery
import importlib.util
import json
import math
import os
import pathlib
import subprocess
import sys
import types

import pytest

from conftest import built_for_tests

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "bench-scale"
GROVE_BENCH = built_for_tests("bench/grove_bench")


def load_tool():
    loader = importlib.machinery.SourceFileLoader("bench_scale", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_scale", loader))
    loader.exec_module(module)
    return module


scale = load_tool()  # which finds the modules of tests/bench
beside, corpora = importlib.import_module("beside"), scale.corpora


@pytest.fixture(scope="module", name="corpus")
def a_corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    corpora.write("leaves", 2000, folder, 1)
    return folder / "corpus.jsonl"


# --- the corpus -----------------------------------------------------------------------------------

def test_a_seed_makes_the_same_rows_again(tmp_path, corpus):
    texts = [corpus.read_bytes()]
    for seed in (1, 2):
        corpora.write("leaves", 2000, tmp_path, seed)
        texts.append((tmp_path / "corpus.jsonl").read_bytes())
    assert texts[0] == texts[1] != texts[2]


def test_most_leaves_have_a_row_and_a_few_have_many(corpus):
    rows = [json.loads(line) for line in corpus.read_text("utf-8").splitlines()]
    leaves = collections.Counter(tuple(row[name] for name in ("tree", "branch", "limb", "leaf"))
                                 for row in rows)
    assert len(rows) == 2000 and 0.62 < len(leaves) / len(rows) < 0.74
    assert sum(count == 1 for count in leaves.values()) > 0.75 * len(leaves)
    assert leaves.most_common(1)[0][1] > 0.01 * len(rows)
    # Also where rows join those of before, beside the places that have most rows anyway.
    assert sum(count > 1 and leaf[3].startswith("Leaf ") for leaf, count in leaves.items()) > 50


def test_rows_are_one_by_one_of_other_clusters(corpus):
    islands = json.loads((corpus.parent / "groups.json").read_text("utf-8"))
    assert len(islands) == 13 and all(len(rows) == 12 for _, rows in islands)
    vectors = [json.loads(line)["vector"] for line in corpus.read_text("utf-8").splitlines()[:200]]
    near = [sum(a * b for a, b in zip(corpora.unit(one), corpora.unit(other)))
            for one, other in zip(vectors, vectors[1:])]
    assert min(near) < 0.4 and max(near) > 0.8


# --- queries --------------------------------------------------------------------------------------

def test_queries_are_the_rows_with_noise(corpus):
    vectors = scale.sample_vectors(corpus, 50, 1)
    assert vectors == scale.sample_vectors(corpus, 50, 1) != scale.sample_vectors(corpus, 50, 2)
    assert len(vectors) == 50 and all(len(vector) == 384 for vector in vectors)
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-9) for vector in vectors)
    first = corpora.unit(json.loads(corpus.open(encoding="utf-8").readline())["vector"])
    assert sum(a * b for a, b in zip(first, vectors[0])) > 0.98


def test_a_short_corpus_has_fewer_queries(tmp_path):
    corpora.write("leaves", 160, tmp_path, 1)
    lines = (tmp_path / "corpus.jsonl").read_text("utf-8").splitlines()[:3]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    assert 1 <= len(scale.sample_vectors(tmp_path / "corpus.jsonl", 20, 1)) <= 20


# --- what goes on beside --------------------------------------------------------------------------

def test_a_line_that_is_being_written_is_left_for_later():
    noted, said = beside.read_stream("1.5 2.25 whole\n2.5 3.0 degraded\n3.5 1")
    assert noted == [(1.5, 2.25, "whole"), (2.5, 3.0, "degraded")] and not said
    noted, said = beside.read_stream('1.5 2.25 failed\n{"searches":1,"failed":"why"}\n')
    assert len(noted) == 1 and said["failed"] == "why"


def test_searches_are_summed_up_by_what_came_of_them():
    times = scale.sum_up([(float(n), float(n), "degraded" if n == 100 else "whole")
                          for n in range(1, 101)])
    assert (times["p50"], times["p99"], times["max"], times["count"]) == (50, 99, 100, 100)
    assert (times["whole"], times["degraded"], times["failed"]) == (99, 1, 0)
    assert scale.tell_outcomes(times, {"degraded": "it starts"}) == "1 of 100 degraded: it starts"
    assert scale.tell_outcomes(scale.sum_up([(1.0, 1.0, "whole")]), {}) == "all whole"
    assert scale.sum_up([]) is None


def test_a_file_of_two_names_takes_its_room_once(tmp_path):
    (tmp_path / "one").write_bytes(b"x" * 100000)
    size = beside.disk_bytes(tmp_path)
    os.link(tmp_path / "one", tmp_path / "other")
    assert beside.disk_bytes(tmp_path) == size >= 100000


# --- sections -------------------------------------------------------------------------------------

@pytest.fixture(name="run")
def a_run(tmp_path, monkeypatch):
    home = types.SimpleNamespace(url=None, made=[], env={}, folder=tmp_path)
    options = types.SimpleNamespace(rows=3000, seed=1, only=["load", "index", "searches", "verify"])
    monkeypatch.setattr(scale, "prepare", lambda run: None)
    return scale.Run(home, options)


def sections(**failing):
    def make(name):
        def work(run):
            if name in failing:
                raise failing[name]
            run.table.add(name, "measured", 1, "s")
        return work
    return {name: make(name) for name in scale.SECTIONS}


def shown(run):
    return [(row["section"], row["name"], row.get("said")) for row in run.table.rows]


@pytest.mark.parametrize("error", [scale.Failure("no graph"), OSError("no graph"),
                                   TypeError("no graph")])
def test_a_section_that_fails_does_not_lose_the_others(run, monkeypatch, error):
    monkeypatch.setattr(scale, "SECTIONS", sections(index=error))
    scale.measure_sections(run)
    assert shown(run) == [("load", "measured", None), ("index", "not measured", "no graph"),
                          ("searches", "measured", None), ("verify", "measured", None)]
    assert list(run.errors) == ["index"]


def test_without_rows_nothing_else_is_tried(run, monkeypatch):
    monkeypatch.setattr(scale, "SECTIONS", sections(load=scale.Failure("the disk is full")))
    scale.measure_sections(run)
    assert [row[1:] for row in shown(run)] == [("not measured", "the disk is full")] + 3 * [
        ("not measured", "there are no rows")]


def test_the_table_says_what_was_not_measured(run, capsys):
    run.table.add("load", "grove / peer", 1.5, "times", least=2)
    run.table.say("load", "peer", "not measured: it is gone")
    run.table.show()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["grove", "/", "peer", "1.50", "times", ">=", "2", "MISSED"]
    assert lines[3].split(maxsplit=1) == ["peer", "not measured: it is gone"]
    assert len(run.table.missed()) == 1


@pytest.mark.parametrize("arguments", [["--rows", "10"], ["--only", "load,nothing"], ["--frob"],
                                       ["KIND"]])
def test_a_wrong_command_line_is_refused(arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 2 and "usage: tools/bench-scale" in done.stderr


# --- the peer -------------------------------------------------------------------------------------

def test_of_a_server_the_published_client_writes_where_it_is_there(monkeypatch):
    peer = importlib.import_module("load_peer")
    assert type(peer.choose_writer("/run/vectors.sock", None)) is peer.RestWriter
    monkeypatch.setitem(sys.modules, "qdrant_client", None)  # as if it were not installed
    assert type(peer.choose_writer("http://127.0.0.1:1", None)) is peer.RestWriter
    written = []
    client = types.SimpleNamespace(
        upsert=lambda collection, wait, points: written.append((collection, wait, points)))
    package = types.ModuleType("qdrant_client")
    package.QdrantClient = lambda **options: client if options["prefer_grpc"] else None
    models = types.ModuleType("qdrant_client.models")
    models.PointStruct = dict
    monkeypatch.setitem(sys.modules, "qdrant_client", package)
    monkeypatch.setitem(sys.modules, "qdrant_client.models", models)
    writer = peer.choose_writer("http://127.0.0.1:1", None)
    writer.write("mine", [(7, [0.5], {"leaf_id": 3})])
    assert "gRPC" in writer.name and written == [
        ("mine", True, [{"id": 7, "vector": [0.5], "payload": {"leaf_id": 3}}])]


def test_the_peer_numbers_leaves_by_their_table(corpus):
    peer = importlib.import_module("load_peer").Peer(None, None, "mine")
    lines = corpus.read_text("utf-8").splitlines()[:500]
    leaves, contents, vectors, points = peer.read(lines)
    assert len(contents) == len(vectors) == len(points) == peer.rows == 500
    assert all([number for number, *_ in new] == list(range(1, len(new) + 1))
               for new in leaves.values())
    places = {(table, new[0]): new[1:] for table, each in leaves.items() for new in each}
    for line, content, vector, point in zip(lines, contents, vectors, points):
        row = json.loads(line)
        assert places[content[1], content[2]] == (row["branch"], row["limb"], row["leaf"])
        assert vector[1] == array.array("f", row["vector"]).tobytes()
        assert point[2]["leaf_id"] == content[2] and point[1] == row["vector"]
    again = peer.read(lines)
    assert not again[0] and [row[2] for row in again[1]] == [row[2] for row in contents]


# --- all of it ------------------------------------------------------------------------------------

@pytest.mark.slow
def test_the_benchmark_runs(tmp_path):
    figures = tmp_path / "figures.json"
    done = subprocess.run([TOOL, "--rows", "3000", "--only", "load,verify,starting", "--seconds",
                           "270", "--json", figures], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "BUILD": str(GROVE_BENCH.parents[2])}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text("utf-8"))
    assert found["load"]["grove"]["rows_inserted"] == found["load"]["peer"]["rows"] == 3000
    assert found["load"]["peer"]["cpu_seconds"]["vector server"] > 0
    assert "JSON over the socket" in found["load"]["peer"]["writer"]
    assert found["verify"]["whole"]["equal"] and found["verify"]["whole"]["contents"] == 3000
    assert found["starting"]["killed"]["seconds"] > 0 and not found["errors"]
    assert "grove / peer" in done.stdout and "seed 1" in done.stdout
