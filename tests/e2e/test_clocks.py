# SPDX-License-Identifier: Apache-2.0
"""A clock that is set while grove works: ahead and back by an hour, at each look."""

import threading

import pytest
from conftest import Grove, built_for_tests, make_row, wait_until, write_rows

ODD_CLOCK = built_for_tests("libodd-clock.so")


@pytest.fixture
def odd(filled):
    """Commands of the home that see such a clock."""
    other = Grove(filled.home, command=filled.command)
    other.env = {**filled.env, "LD_PRELOAD": ODD_CLOCK}
    return other


def test_everything_works_whatever_the_clock_says(filled, odd, tmp_path):
    path = write_rows(tmp_path / "rows", [make_row(n) for n in range(1, 301)])
    filled("stop")
    assert odd.json("load", path, "--timeout", "60s")["rows_inserted"] == 300
    assert odd.json("sync", "--timeout", "60s")["pending"] == 0
    answer = odd.json("search", "faith", "--since", "90d", "--timeout", "20s")
    assert answer["results"] and not answer["degraded"]
    assert odd.json("discover", "faith", "--timeout", "20s")["results"]
    assert odd.json("browse", "religion", "--timeout", "20s")["total"] > 0
    assert odd.json("status", "--timeout", "20s")["ok"]
    assert odd.json("verify", "--timeout", "60s")["equal"]
    filled("sync")
    assert odd.json("stop", "--timeout", "30s")["ran"] is True
    assert filled.broken() == ""


def test_a_deadline_holds_whatever_the_clock_says(filled, odd):
    """Where another has the row that is to change, which is waited for until then."""
    with filled.connect() as conn:
        conn.execute("BEGIN")
        conn.execute("UPDATE content_metadata SET title = title || '!' WHERE id = 4")
        error = odd.fails("timeout", "rm", "4", "--yes", "--timeout", "1s")
        assert "1 s" in error["message"] or "time" in error["message"], error
        conn.execute("ROLLBACK")


def test_a_watcher_projects_whatever_the_clock_says(filled, odd):
    filled("sync")  # both servers run
    watcher = odd.start("sync", "--watch")
    try:
        with filled.connect() as conn:
            conn.execute("UPDATE content_metadata SET title = title || '!'")
        wait_until(lambda: filled.json("status")["pending"] == 0)
    finally:
        watcher.terminate()
        out, err = watcher.communicate(timeout=30)
    assert watcher.returncode in (0, 130, 143), (out, err)


def test_searches_side_by_side_whatever_the_clock_says(odd):
    """Several at once start the servers, and wait for each other there."""
    odd("stop")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(
        odd.json("search", "faith", "--timeout", "30s"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4 and all(answer["results"] for answer in answers)
