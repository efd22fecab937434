# SPDX-License-Identifier: Apache-2.0
"""The examination of the engine's graph: who does it, what it lists, and what a death leaves."""

import math
import random

import pytest
from conftest import make_row, wait_until, write_rows
from crashes import ARCHITECTURE, SYNC, at, home, row  # noqa: F401
from stores import COLLECTION, ask_engine

pytestmark = pytest.mark.slow

KNOBS = {"exact-rows": 4}  # fewer than the sample has
COLUMNS = "graph, ef, ef_filtered, unreached, recall, reason"


def examination(grove, columns=COLUMNS):
    with grove.connect() as conn:
        return conn.execute(f"SELECT {columns} FROM grove.examination").fetchone()


def environment(**knobs):
    wanted = {**KNOBS, **knobs}
    return {"GROVE_KNOBS": ",".join(f"{name}={value}" for name, value in wanted.items())}


@pytest.fixture
def unexamined(home):
    with home.connect() as conn:
        conn.execute("DELETE FROM grove.examination")
    return home


def test_few_rows_are_not_examined(unexamined):
    report = unexamined.json("sync")["index"]
    assert report["state"] == "needless"
    told = {"state", "examined_now"}
    assert {name: value for name, value in report.items() if name not in told} == dict.fromkeys(
        ["rows", "listed", "ef", "ef_filtered", "queries", "recall", "recall_worst", "seconds",
         "reason"])
    assert examination(unexamined)[0] == ""
    assert unexamined.json("status")["index"]["state"] == "needless"
    assert "index" not in unexamined("sync").stdout


def test_sync_examines_once(unexamined):
    first = unexamined.json("sync", env=environment())["index"]
    assert first["state"] == "examined" and first["examined_now"] is True
    assert first["rows"] == 8 and first["ef"] == 128 and first["recall"] == 1
    found = examination(unexamined)
    assert found[0] != "" and found[1] == 128 and found[5] is None
    again = unexamined.json("sync", env=environment())["index"]
    assert again["state"] == "examined" and again["examined_now"] is False
    status = unexamined.json("status", env=environment())["index"]
    assert status["state"] == "examined" and status["ef"] == 128
    text = unexamined("status", env=environment()).stdout
    assert "examined: 8 rows looked up, 0 listed, ef 128, recall 1.000 on " in text


def test_sync_tells_of_an_examination_in_words(unexamined):
    lines = unexamined("sync", env=environment()).stdout.splitlines()
    assert lines[0] == "up to date"
    assert lines[1].startswith("index examined: 8 rows looked up, 0 listed, ef 128, recall 1.000")


def test_measuring_tells_that_nobody_examined_the_index(unexamined):
    """What is measured then is the comparing of all rows."""
    words = ("doctor", "--recall=2")
    told = "the index is not examined yet"
    assert told in unexamined(*words, env=environment()).stdout
    index = unexamined.json(*words, env=environment())["index"]
    assert index["state"] == "due" and index["recall"] is None
    unexamined("sync", env=environment())
    assert told not in unexamined(*words, env=environment()).stdout
    assert unexamined.json(*words, env=environment())["index"]["state"] == "examined"


def test_another_is_at_it(unexamined):
    with unexamined.held_at(["examine-looked-up"], "sync", knobs=KNOBS) as held:
        held.reach("examine-looked-up")
        assert unexamined.json("sync", env=environment())["index"]["state"] == "taken"
        assert unexamined.json("status", env=environment())["index"]["state"] == "taken"
        held.go_on("examine-looked-up")
        held.finish()
    assert examination(unexamined)[1] == 128


@row(ARCHITECTURE, "examination, anywhere")
@row(SYNC, "an examination, anywhere")
@at("examine-claimed", "examine-looked-up", "examine-judged")
def test_one_that_dies_leaves_what_was_known(unexamined, point):
    unexamined.dies_at(point, "sync", knobs=KNOBS)
    assert examination(unexamined)[:2] == ("", 0)  # which says nothing of any graph
    assert unexamined.json("sync", env=environment())["index"]["state"] == "taken"
    with unexamined.connect() as conn:  # the time passing
        conn.execute("UPDATE grove.examination SET claimed_until = clock_timestamp()")
    assert unexamined.json("sync", env=environment())["index"]["examined_now"] is True
    assert examination(unexamined)[1] == 128


@at("examiner-awake")
def test_a_watch_examines(unexamined, point):
    """And a thread that dies takes the command with it, which is the tests' way to see it there."""
    unexamined.dies_at(point, "sync", "--watch", knobs={**KNOBS, "examine-poll-ms": 1})
    with unexamined.held_at([], "sync", "--watch", knobs={**KNOBS, "examine-poll-ms": 1}):
        wait_until(lambda: (examination(unexamined) or ("", 0))[1] == 128)


# --- islands --------------------------------------------------------------------------------------

GROUPS, GROUP, TOPICS, TOPIC = 6, 400, 5, 12


def direction(source, *parts):
    """Of length 1: the sum of vectors, and of noise where a number is among the parts."""
    total = [0.0] * 384
    for part in parts:
        if isinstance(part, float):
            noise = [source.gauss(0, 1) for _ in range(384)]
            length = math.sqrt(sum(x * x for x in noise))
            part = [part * x / length for x in noise]
        total = [a + b for a, b in zip(total, part)]
    length = math.sqrt(sum(x * x for x in total))
    return [round(x / length, 6) for x in total]


def corpus():
    """Form letters, each hundreds of times, and then a few rows on each of some topics: rows that a
    graph tends to have no way to. Vectors with the number of their topic, or None."""
    source = random.Random(1)
    for size, count, noise, named in ((GROUP, GROUPS, 0.05, False), (TOPIC, TOPICS, 0.4, True)):
        for number in range(count):
            centre = direction(source, 1.0)
            for _ in range(size):
                yield direction(source, centre, noise), number if named else None


def nearest(grove, vector, **parameters):
    points = ask_engine(grove, "POST", f"/collections/{COLLECTION}/points/query",
                        {"query": vector, "limit": 10, "params": parameters})["points"]
    return {point["id"]: point["score"] for point in points}


def test_islands_are_listed(unexamined, tmp_path):
    rows = list(corpus())
    write_rows(tmp_path / "rows.jsonl", (
        make_row(number, vector=vector, leaf=f"Leaf {topic}")
        for number, (vector, topic) in enumerate(rows, 1)))
    unexamined("load", tmp_path / "rows.jsonl", timeout=300)
    wait_until(lambda: unexamined.json("status")["engine"]["points_indexed"] > 2000,
               seconds=120)
    wait_until(lambda: unexamined.json("sync", env=environment())["index"]["state"]
               == "examined", seconds=120)
    _, ef, _, listed, _, reason = examination(unexamined)
    assert (ef > 0) == (reason is None)
    if ef == 0:
        assert listed == []
        return
    for topic in range(TOPICS):
        centre = direction(random.Random(2), *(v for v, t in rows if t == topic))
        wanted = nearest(unexamined, centre, exact=True)
        shown = nearest(unexamined, centre, hnsw_ef=ef)
        worst = min(wanted.values()) - 1e-5
        reached = {i for i, score in shown.items() if score >= worst} | set(listed)
        assert set(wanted) <= reached, (topic, set(wanted) - reached)
