# SPDX-License-Identifier: Apache-2.0
"""What `grove doctor --recall` says of the searches: of sound ones, and of an engine that has lost
rows."""

import http.client
import json
import socket

import pytest
from conftest import EXIT_STATUS, end_home, make_row, make_vector, new_grove, wait_until, write_rows

ROWS = 60


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
    yield made
    end_home(made)


def measure(grove, *arguments, **options):
    done = grove("doctor", "--recall", *arguments, "--json", check=False, **options)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["ok"] else EXIT_STATUS["unsupported"]), done
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
    assert "--type" in shapes["type and dates"]["worst_filter"]
    assert "--since" in shapes["type and dates"]["worst_filter"]
    assert state_of(rows) == before


def test_people_get_a_table(rows):
    status, shown = rows.on_terminal("doctor", "--recall", "3")
    assert status == 0 and "FILTER" in shown and "none" in shown
    assert "3 queries under each filter, the best 10 rows of 60" in shown
    assert "every answer that said it was complete had all rows" in shown


def test_an_engine_that_lost_rows_is_noticed(rows):
    with rows.connect() as conn:
        lost = [row for row, in conn.execute("SELECT id FROM content_metadata ORDER BY id LIMIT 6")]
    answer = ask_engine(rows, "/collections/content_vectors/points/delete?wait=true",
                        {"points": lost})
    assert answer["status"] == "ok"
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
    assert done.returncode == EXIT_STATUS["unsupported"]
    assert "worst: " in done.stdout and "said they were complete" in done.stdout
    assert "the vector engine has lost rows: run \"grove sync\"" in done.stdout
    rows("sync")
    assert wait_until(lambda: rows.json("status")["engine"]["points"] == ROWS)
    assert measure(rows, 30)["ok"]


def test_an_engine_that_is_out_is_no_measure(rows):
    error = rows.fails("unavailable", "doctor", "--recall", 3,
                       env={"QDRANT_URL": "http://127.0.0.1:9"})
    assert "without the vector engine" in error["message"] and "PostgreSQL" in error["hint"]


def test_an_empty_database_has_nothing_to_measure(empty):
    error = empty.fails("not_found", "doctor", "--recall")
    assert "nothing to measure" in error["message"] and "grove load" in error["hint"]


@pytest.mark.parametrize("arguments", [["5"], ["--recall", "0"], ["--recall", "many"],
                                       ["--recall", "1001"], ["--recall", "1", "2"]])
def test_a_number_of_queries_is_a_number(empty, arguments):
    assert empty.fails("invalid", "doctor", *arguments)["message"]
