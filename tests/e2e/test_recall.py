# SPDX-License-Identifier: Apache-2.0
"""What `grove doctor --recall` and `tools/bench-recall` say of the searches: of sound ones, and of
an engine that has lost rows."""

import http.client
import json
import os
import re
import socket
import subprocess

import pytest
from conftest import (ROOT, built_for_tests, end_home, make_row, make_vector,
                      new_grove, wait_until, write_rows)

ROWS = 60
EXIT_LACKING = 1  # no error's
GROVE_BENCH = built_for_tests("bench/grove_bench")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A home with more rows than one search shows, in several places and of several types."""
    made = new_grove()
    lines = [make_row(number, leaf=f"Leaf {number % 4}",
                      content_type=("Article", "Note")[number % 2],
                      created_at=f"2024-0{number % 9 + 1}-11", word_count=number + 5,
                      title=f"About the {('sea', 'sky', 'soil')[number % 3]} {number}",
                      vector=make_vector(number)) for number in range(1, ROWS + 1)]
    made("load", write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", lines))
    with made.connect() as conn:
        # One longer than the words of a query may be, and one whose words have no spaces between.
        conn.execute("UPDATE content_metadata SET title = repeat('ž', 200) WHERE id = 1")
        conn.execute("UPDATE content_metadata SET title = E'a\\tb\\tc\\td\\te' WHERE id = 3")
    made("sync")
    yield made
    end_home(made)


def measure(grove, *arguments, **options):
    done = grove("doctor", "--recall", *arguments, "--json", check=False, **options)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["ok"] else EXIT_LACKING), done
    return answer


def ask_engine(grove, path, body):
    """The private engine's answer to a request that grove knows nothing of."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(grove.json("status")["engine"]["where"])
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def state_of(grove):
    """All that measuring could change."""
    with grove.connect() as conn:
        revision, = conn.execute("SELECT last_value FROM grove.revision_seq").fetchone()
        tables = [conn.execute(f"SELECT count(*), min(xmin::text::bigint), max(xmin::text::bigint)"
                               f" FROM {table}").fetchone()
                  for table in ("public.content_metadata", "grove.outbox", "grove.embedding",
                                "grove.content_state", "grove.content_count")]
    return revision, tables, grove.json("status")["engine"]["points"]


def test_sound_searches_find_all(rows):
    before = state_of(rows)
    answer = measure(rows, 9)
    assert answer["ok"] and answer["queries"] == answer["queries_wanted"] == 9
    assert answer["contents"] == answer["points"] == ROWS and answer["pending"] == 0
    shapes = {shape["shape"]: shape for shape in answer["shapes"]}
    # All rows are in one limb, so that a path down to there filters nothing.
    assert set(shapes) == {"none", "leaf", "type", "dates", "words", "type and dates"}
    for shape in shapes.values():
        assert shape["recall"] == shape["worst"] == 1 and shape["whole"] == shape["queries"] == 9
        assert shape["false_complete"] == shape["exact_false"] == shape["degraded"] == 0
        assert shape["milliseconds"] > 0 and shape["exact_milliseconds"] > 0
        assert (shape["worst_filter"] is None) == (shape["shape"] == "none")
        # That of the first query, since none is worse: cut at a whole character.
        assert re.fullmatch('near "ž{120,}', shape["worst_query"]), shape
    assert "--type" in shapes["type and dates"]["worst_filter"]
    assert "--since" in shapes["type and dates"]["worst_filter"]
    assert state_of(rows) == before


def test_people_get_a_table(rows):
    status, shown = rows.on_terminal("doctor", "--recall", "3")
    assert status == 0 and "FILTER" in shown and "none" in shown
    assert "3 queries under each filter, the best 10 rows of 60" in shown
    assert "every answer that said it was complete had all rows" in shown
    assert "so few rows that all were compared" in shown


def test_the_number_may_be_the_options_value(rows):
    done = rows("doctor", "--recall=2", "--json")
    assert json.loads(done.stdout)["queries"] == 2



@pytest.fixture
def lost(rows):
    """The ids of some contents whose points the engine has no more; it gets them back. None of them
    bears witness: else the loss would be noticed, and searches would not ask the engine."""
    with rows.connect() as conn:
        ids = [row for row, in conn.execute("SELECT id FROM content_metadata ORDER BY id LIMIT 6")]
        conn.execute("DELETE FROM grove.witness")
    answer = ask_engine(rows, "/collections/content_vectors/points/delete?wait=true",
                        {"points": ids})
    assert answer["status"] == "ok"
    yield ids
    rows("sync")
    assert wait_until(lambda: rows.json("status")["engine"]["points"] == ROWS)


def test_an_engine_that_lost_rows_is_noticed(rows, lost):
    answer = measure(rows, 30)
    assert not answer["ok"] and answer["points"] == ROWS - len(lost)
    worst = answer["shapes"][0]
    assert worst["recall"] < 1 and worst["false_complete"] > 0 and worst["exact_false"] > 0
    assert worst["whole"] < worst["queries"] and worst["worst_query"]
    assert [shape["recall"] for shape in answer["shapes"]] == \
        sorted(shape["recall"] for shape in answer["shapes"])
    none = next(shape for shape in answer["shapes"] if shape["shape"] == "none")
    assert none["worst"] < 1 and none["false_complete"] > 0
    done = rows("doctor", "--recall", 30, check=False)
    assert done.returncode == EXIT_LACKING
    assert "worst: " in done.stdout and "said they were complete" in done.stdout
    assert "the vector engine has lost rows: run \"grove sync\"" in done.stdout
    rows("sync")
    assert measure(rows, 30)["ok"]


def test_an_engine_that_is_out_is_no_measure(rows):
    error = rows.fails("unavailable", "doctor", "--recall", 3,
                       env={"QDRANT_URL": "http://127.0.0.1:9"})
    assert "without the vector engine" in error["message"] and "PostgreSQL" in error["hint"]


def test_an_empty_database_has_nothing_to_measure(empty):
    empty("sync")  # a home that nothing was done in is only looked at
    error = empty.fails("not_found", "doctor", "--recall")
    assert "nothing to measure" in error["message"] and "grove load" in error["hint"]


@pytest.mark.parametrize("arguments", [["5"], ["--recall", "0"], ["--recall", "many"],
                                       ["--recall", "1001"], ["--recall", "1", "2"],
                                       ["--recall=0"], ["--recall="], ["--recall=many"],
                                       ["--recall=1", "2"]])
def test_a_number_of_queries_is_a_number(empty, arguments):
    assert empty.fails("invalid", "doctor", *arguments)["message"]


# --- the benchmark --------------------------------------------------------------------------------

def benchmark(grove, folder, ids):
    """What the benchmark's program says of the home's collection, by shapes of filters."""
    texts = "text\toff\ta kettle on the stove\n"
    queries = folder / "queries"
    queries.write_text("".join(f"own\trow {each}\t{each},0.05\n" for each in ids)
                       + f"topic\tthese\t{','.join(map(str, ids))}\n" + texts)
    done = subprocess.run([GROVE_BENCH, "recall-table", queries], input="content_vectors 60\n",
                          capture_output=True, text=True, env=grove.env, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    build, end = map(json.loads, done.stdout.splitlines())
    assert end["rows"] == ROWS and end["queries"] == len(ids) + 2
    assert all(shape["queries"] == end["queries"] for shape in build["shapes"].values())
    return build["shapes"]


def test_the_benchmark_finds_nothing_where_nothing_is_lost(rows, tmp_path):
    shapes = benchmark(rows, tmp_path, range(1, 9))
    assert len(shapes) == 12
    for shape in shapes.values():
        assert shape["recall"] == shape["worst"] == 1 and shape["false_complete"] == 0
        assert shape["topics_lost"] == 0 and shape["found"] == shape["expected"] > 0
        assert sum(shape["strategies"].values()) == 3  # every fourth query
    assert shapes["none"]["topics"] == 1 and shapes["none"]["rows_matching_mean"] == ROWS
    assert shapes["dates"]["rows_matching_mean"] < ROWS


def test_the_benchmark_counts_what_is_lost(rows, lost, tmp_path):
    shapes = benchmark(rows, tmp_path, lost)
    none = shapes["none"]
    # Each finds its neighbours and not itself; the text may have found all.
    assert len(lost) <= none["false_complete"] <= len(lost) + 2 and none["false_query"]
    assert none["recall"] < 1 and none["worst"] <= 0.9 and none["worst_query"]
    assert none["found"] < none["expected"] and none["incomplete"] == 0


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path):
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [ROOT / "tools" / "bench-recall", "far", "--rows", "500", "--builds", "2", "--queries", "9",
         "--seconds", "200", "--json", figures], capture_output=True, text=True, timeout=240,
        env={**os.environ, "BUILD": str(GROVE_BENCH.parents[2])}, check=False)
    assert done.returncode == 0, done.stderr
    assert "0 answers said \"complete\" and were not whole" in done.stdout
    assert re.search(r"^far, 500 rows, private [\d.]+\S*, 2 of 2 builds$", done.stdout, re.M)
    (found,) = json.loads(figures.read_text())["corpora"]
    assert len(found["builds"]) == 2 and found["queries"] == 9
    assert all(build["points"] == 500 for build in found["builds"])
    assert all(shape["queries"] == 18 and shape["recall"] == 1
               for shape in found["shapes"].values())


@pytest.mark.parametrize("arguments", [["nothing"], ["far", "--rows", "1"],
                                       ["far", "--builds", "0"], ["--frob"]])
def test_a_wrong_command_line_of_the_benchmark_is_refused(arguments):
    done = subprocess.run([ROOT / "tools" / "bench-recall", *arguments], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 2 and "usage: tools/bench-recall" in done.stderr
