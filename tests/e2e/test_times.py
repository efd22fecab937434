# SPDX-License-Identifier: Apache-2.0
"""Whatever time PostgreSQL holds: searched, browsed, shown and loaded as PostgreSQL has it."""

import json

import pytest
from conftest import make_row, make_vector, write_rows

# As PostgreSQL writes it, and as grove does; the option may be given as either.
TIMES = [
    ("-infinity", "-infinity"),
    ("4714-11-24 00:00:00 BC", "-4713-11-24T00:00:00.000000Z"),
    ("0044-03-15 12:00:00 BC", "-0043-03-15T12:00:00.000000Z"),
    ("0001-12-31 23:59:59.999999 BC", "0000-12-31T23:59:59.999999Z"),
    ("0001-01-01 00:00:00", "0001-01-01T00:00:00.000000Z"),
    ("1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999Z"),
    ("1970-01-01 00:00:00", "1970-01-01T00:00:00.000000Z"),
    ("1970-01-01 00:00:00.000001", "1970-01-01T00:00:00.000001Z"),
    ("2026-11-23 07:44:41.123456", "2026-11-23T07:44:41.123456Z"),
    ("9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999Z"),
    ("10000-01-01 00:00:00", "10000-01-01T00:00:00.000000Z"),
    ("294247-01-10 04:00:54.775806", "294247-01-10T04:00:54.775806Z"),
    ("infinity", "infinity"),
]
# Rows only: of what 64 bits of microseconds do not hold grove shows the last time that they do.
LATER = ("294247-01-10 04:00:54.775807", "294247-01-10 04:00:54.775808",
         "294276-12-31 23:59:59.999999")


@pytest.fixture(scope="module")
def timed(shared, tmp_path_factory):
    """A content for each time, and one without; all projected."""
    path = tmp_path_factory.mktemp("times") / "rows.jsonl"
    everything = [*(words for words, _ in TIMES), *LATER, None]
    write_rows(path, [make_row(number, limb="Times", vector=make_vector(number))
                      for number in range(1, len(everything) + 1)])
    shared("load", path)
    with shared.connect() as conn:
        for number, words in enumerate(everything, 1):
            conn.execute("UPDATE content_metadata SET created_at = %s::text::timestamp"
                         " WHERE chunk_number = %s AND title LIKE 'Row %%'", (words, number))
    report = shared.json("sync")
    assert report["pending"] == report["dead"] == report["failed"] == 0
    return shared


def ids_of(grove, condition):
    with grove.connect() as conn:
        return {row[0] for row in conn.execute(
            f"SELECT id FROM content_metadata WHERE title LIKE 'Row %' AND {condition}")}


def searched(grove, *options):
    answer = grove.json("search", "row", "--path", "subject1/Testing/Times", "--limit", "100",
                        "--explain", *options)
    assert answer["complete"] and not answer["degraded"]
    assert answer["explain"]["strategy"] == "push-down"
    return {row["content_id"] for row in answer["results"]}


@pytest.mark.parametrize("form", [0, 1], ids=["postgresql", "grove"])
@pytest.mark.parametrize("number", range(len(TIMES)), ids=[words for words, _ in TIMES])
def test_bounds_are_postgresqls(timed, number, form):
    words, option = TIMES[number][0], TIMES[number][form]
    assert searched(timed, f"--since={option}") == ids_of(timed, f"created_at >= '{words}'")
    assert searched(timed, f"--until={option}") == ids_of(timed, f"created_at < '{words}'")
    browsed = timed.json("browse", "subject1/Testing/Times", "--limit", "100", f"--since={option}")
    assert {row["content_id"] for row in browsed["results"]} == \
        ids_of(timed, f"created_at >= '{words}'")


def test_two_bounds(timed):
    for (words, option), (later_words, later) in zip(TIMES, TIMES[1:]):
        assert searched(timed, f"--since={option}", f"--until={later}") == \
            ids_of(timed, f"created_at >= '{words}' AND created_at < '{later_words}'")


def test_times_are_shown(timed):
    shown = [time for _, time in TIMES]
    last = shown[-2]
    rows = timed.json("browse", "subject1/Testing/Times", "--limit", "100")["results"]
    assert [row["created_at"] for row in rows] == \
        ["infinity", last, last, last, *reversed(shown[:-1]), None]
    table = timed("browse", "subject1/Testing/Times", "--limit", "100").stdout
    for words in ("infinity", "-infinity", "294247-01-10", "0044-03-15 BC", "0001-12-31 BC"):
        assert f" {words} " in table or f" {words}\n" in table, table


def test_pages_miss_and_repeat_nothing(timed):
    seen, cursor = [], []
    for _ in range(2 * (len(TIMES) + len(LATER))):
        page = timed.json("browse", "subject1/Testing/Times", "--limit", "1", *cursor)
        seen += [row["content_id"] for row in page["results"]]
        if not page["next_cursor"]:
            break
        cursor = ["--cursor", page["next_cursor"]]
    with timed.connect() as conn:
        assert seen == [row[0] for row in conn.execute(
            "SELECT id FROM content_metadata WHERE title LIKE 'Row %'"
            " ORDER BY created_at DESC NULLS LAST, id DESC")]


def test_a_loaded_time_is_the_one_given(timed, tmp_path):
    rows = [make_row(number, limb="Loaded", vector=make_vector(number),
                     created_at=pair[number % 2]) for number, pair in enumerate(TIMES, 1)]
    timed("load", write_rows(tmp_path / "rows.jsonl", rows))
    shown = timed.json("browse", "subject1/Testing/Loaded", "--limit", "100")["results"]
    assert [row["created_at"] for row in shown] == [time for _, time in reversed(TIMES)]
    assert timed.broken() == ""


@pytest.mark.parametrize("text", ["4714-11-23T23:59:59.999999 BC", "294247-01-10T04:00:54.775807Z",
                                  "0000-01-01 BC", "now"])
def test_what_cannot_be_held_is_refused(timed, tmp_path, text):
    path = write_rows(tmp_path / "rows.jsonl",
                      [make_row(900, limb="Refused", vector=make_vector(1), created_at=text)])
    answer = json.loads(timed("load", path, "--json", check=False).stdout.splitlines()[-1])
    bad = answer.get("load", answer)["bad_lines"]
    assert [line["field"] for line in bad] == ["created_at"]
