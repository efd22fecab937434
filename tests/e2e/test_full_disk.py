# SPDX-License-Identifier: Apache-2.0
"""Where a disk is full: what is told beside what loads and starts tell (test_bad_input.py)."""

import json
import os
import subprocess

from conftest import BINARY, EXIT_STATUS, Grove, make_row, write_rows
from disks import fill, small_disk  # noqa: F401 (a fixture)
from stores import search_tells_all, stores_agree


def test_a_file_that_an_output_does_not_fit_in(filled, small_disk):  # noqa: F811
    """What it got is not whole, and that is said."""
    filler = fill(small_disk, 4096)
    out = os.path.join(small_disk, "out")
    with open(out, "wb") as output:
        done = subprocess.run([BINARY, "export"], env=filled.env, stdout=output, timeout=60,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == EXIT_STATUS["io"], done
    assert b"standard output" in done.stderr and b"not whole" in done.stderr, done.stderr
    assert b"half-written" not in done.stderr
    os.unlink(filler)
    with open(out, "wb") as output:
        subprocess.run([BINARY, "export"], env=filled.env, stdout=output, timeout=60, check=True)


def test_a_home_that_does_not_fit(small_disk):  # noqa: F811
    """What could not be written, how much is free, and what to do."""
    filler = fill(small_disk, 0)
    grove = Grove(os.path.join(small_disk, "home"))
    error = grove.fails("io", "init")
    assert small_disk in error["message"] and "free some" in error["hint"], error
    os.unlink(filler)
    filler = fill(small_disk, 1 << 20)
    error = grove.fails("io", "init")
    assert "free some" in error["hint"], error
    os.unlink(filler)


def test_a_database_on_a_full_disk(small_disk):  # noqa: F811
    grove = Grove(os.path.join(small_disk, "home"))
    try:
        grove("init")
        filler = fill(small_disk, 0)
        error = grove.fails("io", "subject", "add", "law")
        assert error["sqlstate"] == "53100", error
        assert " are free on the disk of " in error["detail"] and small_disk in error["detail"]
        assert "free some space" in error["detail"] and "again" in error["hint"], error
        os.unlink(filler)
        grove("subject", "add", "law")
        assert grove.json("subject", "validate", "law")["ok"]
    finally:
        grove("stop", check=False)


WRITERS = [
    ("sync",), ("rechunk",), ("verify",), ("verify", "--quick"), ("repair", "--yes"),
    ("attach", "articles", "--key", "id", "--title", "title", "--text", "body",
     "--path", "subject2/{category}", "--type", "Article"),
    ("mv", "subject1/Testing/Loads/Rows", "subject1/Testing/Loads/Moved"),
    ("rm", "subject1/Testing/Loads/Others", "--yes"),
    ("subject", "remove", "law", "--with-contents"), ("dead", "retry"),
]


def test_whatever_writes_on_a_full_disk(small_disk, tmp_path):  # noqa: F811
    """It is done, or told; and done by the same command once there is room."""
    grove = Grove(os.path.join(small_disk, "home"))
    words = " ".join(f"word{n}" for n in range(150))
    rows = [make_row(n, leaf=leaf, body=f"{n} {words}") for n in range(1, 6)
            for leaf in ("Rows", "Others")]
    told = {}
    try:
        grove("init")
        grove("subject", "add", "law")
        grove("load", write_rows(tmp_path / "rows", rows))
        with grove.connect() as conn:
            conn.execute("CREATE TABLE public.articles AS SELECT n AS id, 'Article ' || n AS title,"
                         " repeat(md5(n::text) || ' ', 6) AS body, 'A' AS category"
                         " FROM generate_series(1, 40) AS n")
            conn.execute("ALTER TABLE public.articles ADD PRIMARY KEY (id)")
            conn.execute("UPDATE content_metadata SET title = title || ' again'")
        filler = fill(small_disk, 0)
        for line in WRITERS:
            done = grove(*line, "--json", check=False)
            if done.returncode == 0:
                continue
            error = told[line] = json.loads(done.stdout.splitlines()[-1])["error"]
            assert (error["code"], done.returncode) == ("io", EXIT_STATUS["io"]), (line, error)
            assert "free some" in (error["detail"] or "") + error["hint"], (line, error)
        assert ("sync",) in told and ("rechunk",) in told, told
        os.unlink(filler)
        for line in told:
            grove(*line)
        grove("sync")
        search_tells_all(grove)
        stores_agree(grove)
        assert grove.json("browse", "subject2")["total"] == 40
        grove.fails("not_found", "browse", "subject1/Testing/Loads/Others")
        assert grove.json("browse", "subject1/Testing/Loads/Moved")["total"] >= 5
    finally:
        grove("stop", check=False)
