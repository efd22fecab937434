# SPDX-License-Identifier: Apache-2.0
"""Bad input gets a clear error with a hint, and changes nothing."""

import gzip
import json
import math
import os
import re
import shutil
import signal
import subprocess

import pytest
from conftest import (BINARY, EXIT_STATUS, MIGRATIONS, Grove, end_home, find_assets, make_home,
                      make_row, make_vector, new_grove, wait_until, write_rows)
from disks import fill, small_disk  # noqa: F401 (a fixture)


# --- lines of a file ----------------------------------------------------------------------------

def without(name):
    row = make_row()
    del row[name]
    return row


def raw(text, old, new):
    assert old in text
    return text.replace(old, new)


PLAIN = json.dumps(make_row(7)).encode()
BAD_LINES = [  # line, field, part of the reason
    (b"{", None, "not JSON"),
    (b"[1, 2]", None, "not a JSON object"),
    (b"NaN", None, "not a JSON object"),
    (PLAIN + b" x", None, "not JSON"),
    (raw(PLAIN, b"Row 7", b"Row \xff"), None, "not UTF-8 at byte"),
    (raw(PLAIN, b"Row 7", b"Row \xed\xa0\x80"), None, "not UTF-8 at byte"),
    (raw(PLAIN, b"Row 7", b"Row \x00"), None, "a NUL byte"),
    (raw(PLAIN, b"Row 7", b"Row \\u0000"), "title", "control character 0x00"),
    (raw(PLAIN, b"Row 7", b"Row \\ud800"), None, "not JSON"),
    (raw(PLAIN, b"Row 7", b"Row \\u001b[31m"), "title", "control character 0x1b"),
    (raw(PLAIN, b"Row 7", b"Row \\n"), "title", "control character 0x0a"),
    (raw(PLAIN, b'"title"', b'"titel"'), None, 'unknown field "titel"; did you mean "title"?'),
    (raw(PLAIN, b'"title"', b'"' + "é".encode() * 80 + b'"'), None, "unknown field"),
    (raw(PLAIN, b'"title"', b'"leaf"'), "leaf", "given twice"),
    (b" " * 9_000_000, None, "9000000 bytes, at most 8388608"),
    *((without(name), name, "missing")
      for name in ("tree", "branch", "limb", "leaf", "content_type", "title", "summary")),
    (make_row(title=None), "title", "missing"),
    (make_row(title=5), "title", "not a string"),
    (make_row(title="  "), "title", "empty"),
    (make_row(branch="   "), "branch", "empty"),
    (make_row(branch="b" * 101), "branch", "101 characters, at most 100"),
    (make_row(limb="é" * 101), "limb", "101 characters, at most 100"),
    (make_row(leaf="l" * 101), "leaf", "101 characters, at most 100"),
    (make_row(content_type="t" * 51), "content_type", "51 characters, at most 50"),
    (make_row(title="t" * 201), "title", "201 characters, at most 200"),
    (make_row(summary="s" * 501), "summary", "501 characters, at most 500"),
    (make_row(body="b" * (1 << 20) + "b"), "body", "1048577"),
    (make_row(body=""), "body", "empty"),
    (make_row(tree="subject9"), "tree", 'no tree "subject9"; the nearest is "subject'),
    (make_row(tree="x" * 41), "tree", "at most 40"),
    (make_row(chunk_number=0), "chunk_number", "out of range, 1 to"),
    (make_row(chunk_number=-1), "chunk_number", "out of range"),
    (make_row(chunk_number=2**31), "chunk_number", "out of range"),
    (make_row(chunk_number=2**64 - 1), "chunk_number", "out of range"),
    (make_row(chunk_number=1.5), "chunk_number", "not a whole number"),
    (make_row(chunk_number="one"), "chunk_number", "not a whole number"),
    (make_row(word_count=-1), "word_count", "out of range, 0 to"),
    (make_row(word_count=True), "word_count", "not a whole number"),
    (make_row(created_at="yesterday"), "created_at", '"yesterday" is not a time such as'),
    (make_row(created_at="05/03/2024"), "created_at", "which is the month?"),
    (make_row(created_at="2026-02-30T00:00:00Z"), "created_at", "not a time such as"),
    (make_row(created_at=1700000000), "created_at", "not a time such as"),
    (make_row(vector="1,2"), "vector", "not an array"),
    (make_row(vector=[0.5] * 383), "vector", "383 numbers, not 384"),
    (make_row(vector=[0.5] * 385), "vector", "385 numbers, not 384"),
    (make_row(vector=[0.5] * 383 + [None]), "vector", "number 384 is none"),
    (make_row(vector=["1"] + [0.5] * 383), "vector", "number 1 is none"),
    (make_row(vector=[1e39] + [0.5] * 383), "vector", "number 1 is too large"),
    (make_row(vector=[0] * 384), "vector", "all zero"),
    (make_row(vector=[0.5] * 2 + [math.nan] + [0.5] * 381), "vector", "number 3 is NaN"),
    (make_row(vector=[-math.inf] + [0.5] * 383), "vector", "number 1 is -Infinity"),
    (make_row(word_count=math.nan), "word_count", "NaN, not a whole number"),
    (make_row(summary=math.nan), "summary", "NaN, not a string"),
]


def loaded_titles(grove):
    with grove.connect() as conn:
        return {title for title, in conn.execute("SELECT title FROM content_metadata").fetchall()}


def test_every_bad_line_is_reported_and_left_out(empty, tmp_path):
    good = [make_row(1, title="Good one", branch="é" * 100, summary="é" * 500,
                     vector=make_vector(1)),
            make_row(2, title="Good two", vector=make_vector(2))]
    path = write_rows(tmp_path / "bad.jsonl",
                      [good[0], *(line for line, _, _ in BAD_LINES), good[1], good[0]])
    report = empty.partly(path)
    assert (report["rows_inserted"], report["rows_bad"]) == (2, len(BAD_LINES) + 1)
    for number, (found, (_, field, reason)) in enumerate(
            zip(report["bad_lines"], BAD_LINES, strict=False), 2):
        assert (found["file"], found["line"], found["field"]) == (str(path), number, field), found
        assert reason in found["reason"], found
    duplicate = report["bad_lines"][-1]
    assert duplicate["line"] == len(BAD_LINES) + 3 and f"duplicate of {path}:1" in \
        duplicate["reason"]
    assert "give each row a chunk_number: where it is missing it is 1" in duplicate["reason"]
    assert loaded_titles(empty) == {"Good one", "Good two"}
    # For people: file:line: field: reason.
    said = empty("load", path, check=False).stderr.splitlines()
    assert len(said) == len(BAD_LINES) + 1
    for line, found in zip(said, report["bad_lines"], strict=True):
        field = f"{found['field']}: " if found["field"] else ""
        assert line == f"{path}:{found['line']}: {field}{found['reason']}"


def test_a_duplicate_in_another_file(empty, tmp_path):
    first = write_rows(tmp_path / "a", [make_row(50, vector=make_vector(50))])
    second = write_rows(tmp_path / "b", [make_row(51, vector=make_vector(51)),
                                         make_row(50, title="Again")])
    report = empty.partly(first, second)
    assert (report["rows_inserted"], report["rows_bad"]) == (2, 1)
    assert report["bad_lines"][0]["file"] == str(second)
    assert f"duplicate of {first}:1" in report["bad_lines"][0]["reason"]
    assert "give each row" not in report["bad_lines"][0]["reason"]
    assert "Again" not in loaded_titles(empty)


def test_nothing_but_bad_lines(empty, tmp_path):
    answer = empty.failure("invalid", "load", write_rows(tmp_path / "x", [b"{", b"{"]))
    assert "every line is bad" in answer["error"]["message"]
    assert "grove load --help" in answer["error"]["hint"]
    assert len(answer["load"]["bad_lines"]) == 2


def test_only_the_first_bad_lines_are_kept(empty, tmp_path):
    path = write_rows(tmp_path / "x", [b"{"] * 150 + [make_row(60, vector=make_vector(60))])
    report = empty.partly(path)
    assert report["rows_bad"] == 150 and len(report["bad_lines"]) == 100


# --- files --------------------------------------------------------------------------------------

def test_files_that_cannot_be_read(empty, tmp_path):
    before = loaded_titles(empty)
    good = write_rows(tmp_path / "good", [make_row(70, title="Not to be loaded")])
    error = empty.fails("not_found", "load", good, tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in error["message"]
    assert "is a folder" in empty.fails("invalid", "load", good, tmp_path)["message"]
    assert loaded_titles(empty) == before


@pytest.mark.parametrize("damage", ["cut", "flipped"])
@pytest.mark.parametrize("strict", [False, True])
def test_damaged_gzip(empty, tmp_path, damage, strict):
    rows = [make_row(n, title=f"{damage} {strict} {n}", branch=f"{damage} {strict}",
                     vector=make_vector(n)) for n in range(1, 301)]
    data = bytearray(gzip.compress(write_rows(tmp_path / "x", rows).read_bytes()))
    if damage == "cut":
        del data[-len(data) // 50:]
    else:
        data[-6] ^= 1  # of the checksum
    path = tmp_path / "x.gz"
    path.write_bytes(data)
    error = empty.fails("corrupt", "load", path, *(["--strict"] if strict else []))
    assert "gzip data" in error["message"] and str(path) in error["message"]
    assert "line 2" in error["context"] if damage == "cut" else "line 300" in error["context"]
    assert ("nothing was loaded" if strict else "are loaded") in error["hint"]
    there = sum(title.startswith(f"{damage} {strict} ") for title in loaded_titles(empty))
    assert there == 0 if strict else there == 300 if damage == "flipped" else 256 < there < 300
    assert empty.json("sync")["pending"] == 0


# --- queries ------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, message, hint", [
    ("religon", 'tree "religon" does not exist', "religion"),
    ("religion/Christianty", 'branch "Christianty" does not exist in "religion"', "Christianity"),
    ("religion/Islam/Suni", 'limb "Suni" does not exist in "religion/Islam"', "Sunni"),
    ("religion/Islam/Sunni/Belief", 'leaf "Belief" does not exist', "Beliefs"),
    ("subject1/Anything", 'branch "Anything" does not exist', "nothing is there yet"),
])
def test_unknown_paths_name_the_nearest(sample, path, message, hint):
    for command in (["browse", path], ["search", "faith", "--path", path],
                    ["discover", "faith", "--path", path]):
        error = sample.fails("not_found", *command)
        assert message in error["message"] and hint in error["hint"]
        assert error["retry"] == "never"
    done = sample("browse", path, check=False)
    assert done.returncode == EXIT_STATUS["not_found"] and done.stdout == ""
    assert done.stderr.startswith(f"grove: {message}") and "  hint:" in done.stderr


@pytest.mark.parametrize("path", ["", "/", "religion//Sunni", "/religion", "religion/a/b/c/d",
                                  "religion/" + "a" * 101, "x" * 100_000, "religion/a\nb"])
def test_malformed_paths(sample, path):
    assert sample.fails("invalid", "browse", path)["message"]


def test_a_slash_at_the_end_is_none(sample):
    assert sample.json("browse", "religion/Islam/")["total"] == 2


@pytest.mark.parametrize("options, part", [
    (["--limit", "0"], "1 to 1000"),
    (["--limit", "100000"], "1 to 1000"),
    (["--limit=-1"], "1 to 1000"),
    (["--limit", "ten"], "1 to 1000"),
    (["--limit", "1e3"], "1 to 1000"),
    (["--limit", ""], "the value of --limit is empty"),
    (["--limit", "99999999999999999999"], "1 to 1000"),
    (["--min-words", "9", "--max-words", "8"], "nothing can match"),
    (["--since", "30d", "--until", "90d"], "nothing can match"),
    (["--since", "soon"], "neither a duration nor a time"),
    (["--type", ""], "empty"),
    (["--type", "x" * 51], "at most 50"),
    (["--path", ""], ""),
])
def test_bad_options(sample, options, part):
    error = sample.fails("invalid", "search", "faith", *options)
    assert part in error["message"] and (error["hint"] or options[0] == "--type"), error


@pytest.mark.parametrize("options", [
    ["--min-score", "nan"], ["--min-score", "inf"], ["--min-score", "1.5"], ["--min-score", ""],
    ["--depth", "0"], ["--depth", "10001"], ["--depth=-5"]])
def test_bad_options_of_discover(sample, options):
    assert options[0].split("=")[0] in sample.fails("invalid", "discover", "x", *options)["message"]


def test_cursors(sample):
    page = sample.json("browse", "religion", "--limit", "2")["next_cursor"]
    ranked = sample.json("discover", "faith", "--limit", "2")["next_cursor"]
    assert "is empty" in \
        sample.fails("invalid", "browse", "religion", "--cursor", "")["message"]
    for cursor in ("x", page[:-1], page + "0", page.upper(), "\x1b[31m", "é" * 41):
        error = sample.fails("invalid", "browse", "religion", "--cursor", cursor)
        assert "not a cursor" in error["message"] and "next_cursor" in error["hint"]
    assert "not a cursor" in \
        sample.fails("invalid", "browse", "religion", "--cursor", ranked)["message"]
    assert "not a cursor" in \
        sample.fails("invalid", "discover", "faith", "--cursor", page)["message"]
    for command in (["browse", "religion/Islam", "--cursor", page],
                    ["browse", "religion", "--type", "Doctrine", "--cursor", page],
                    ["browse", "religion", "--min-words", "5", "--cursor", page],
                    ["discover", "hope", "--cursor", ranked],
                    ["discover", "faith", "--path", "religion", "--cursor", ranked]):
        error = sample.fails("invalid", *command)
        assert "another query" in error["message"] and error["hint"]


def test_texts(sample):
    for text in ("", "   ", "\n\t"):
        assert "empty" in sample.fails("invalid", "search", text)["message"]
        assert "empty" in sample.fails("invalid", "discover", text)["message"]
    long = ("grace and truth " * 10_000)[:120_000]
    assert len(sample.json("search", long)["results"]) == 8
    assert len(sample.json("embed", long)["token_ids"]) == 256
    for text in ("\x1b[31m", "\u202eabc", "🜁", "%s%n", "\\",
                 "''; DROP TABLE content_metadata; --"):
        assert len(sample.json("search", text, "--limit", "8")["results"]) == 8
    done = subprocess.run([BINARY, "--json", "search", "x", "--type", b"\xff"], env=sample.env,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == EXIT_STATUS["invalid"]
    assert "UTF-8" in json.loads(done.stdout)["error"]["message"]
    assert sample.json("search", "faith", "--type", "No such type")["results"] == []


# --- output -------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def hostile(shared):
    """A row that somebody wrote into the database to play with terminals."""
    title = "\x1b[31mred\x07 \u202eright\u202c \x9b2J \r\n end\x7f"
    with shared.connect() as conn:
        conn.execute("""INSERT INTO religion_hierarchy (branch, limb, leaf)
                        VALUES (%s, 'Limb', 'Leaf')""", ("Bad\x1b]0;title\x07",))
        conn.execute("""INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
                                                      content_summary, chunk_number, word_count)
            SELECT 'religion_hierarchy', id, %s, %s, %s, 1, 5 FROM religion_hierarchy
            WHERE leaf = 'Leaf'""", ("Type\x1b[0m", title, "Summary\x1b[2J\nline two\x00"[:-1]))
    return shared, title


@pytest.mark.parametrize("command", [["browse", "religion"], ["search", "red", "--limit", "20"],
                                     ["discover", "red"]])
def test_control_characters_are_written_out(hostile, command):
    grove, title = hostile
    for output in (grove(*command).stdout, grove.on_terminal(*command, env={"NO_COLOR": "1"})[1]):
        assert not [c for c in output if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0 or
                    0x202a <= ord(c) <= 0x202e]
        assert r"\x1b[31mred" in output
    coloured = grove.on_terminal(*command)[1]
    assert "\x1b[" in coloured and "\x1b[31mred" not in coloured and "\x1b]0" not in coloured
    answer = grove(*command, "--json").stdout
    assert not [c for c in answer if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0]
    assert title in [hit["title"] for hit in json.loads(answer)["results"]]


def test_errors_are_written_out(sample):
    for command in (["red\x1b[31m\x9b1m"], ["search", "x", "--limit", "red\x1b[31m\x9b1m"]):
        done = sample(*command, check=False)
        assert done.returncode == EXIT_STATUS["invalid"]
        assert not {"\x1b", "\x9b"} & set(done.stderr) and r"red\x1b[31m\x9b1m" in done.stderr
        done = sample("--json", *command, check=False)
        assert not {"\x1b", "\x9b"} & set(done.stdout)
        assert "red\x1b[31m\x9b1m" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize("env, coloured", [({}, True), ({"NO_COLOR": "1"}, False),
                                           ({"TERM": "dumb"}, False)])
def test_colours(sample, env, coloured):
    status, shown = sample.on_terminal("search", "faith", env=env)
    assert status == 0 and ("\x1b[" in shown) == coloured
    status, shown = sample.on_terminal("browse", "nowhere", env=env)
    assert status == EXIT_STATUS["not_found"] and ("\x1b[" in shown) == coloured
    assert "\x1b" not in sample("search", "faith", env={"TERM": "xterm"}).stdout


@pytest.mark.parametrize("columns", [40, 50, 60, 100])
def test_tables_fit_the_terminal(sample, columns):
    for command in (["search", "faith"], ["browse", "religion"], ["discover", "faith"],
                    ["search", "faith", "--explain"]):
        status, shown = sample.on_terminal(*command, columns=columns, env={"NO_COLOR": "1"})
        assert status == 0
        if "--explain" not in command:
            assert max(map(len, shown.splitlines())) <= columns


# --- errors as JSON -----------------------------------------------------------------------------

@pytest.mark.parametrize("command", [
    ["demo"], ["init"], ["browse", "religion"], ["search", "x"], ["discover", "x"],
    ["embed", "x"], ["load", "/dev/null"], ["sync"], ["status"], ["stop"], ["psql"]])
def test_every_command_fails_in_json(command, tmp_path):
    home = tmp_path / "file"
    home.write_text("not a folder\n")
    grove = Grove(home)
    error = grove.fails("invalid", *command)
    assert f'"{home}" is a file' in error["message"] and "GROVE_HOME" in error["hint"]
    assert home.read_text() == "not a folder\n"
    done = grove(*command, check=False)
    assert done.returncode == EXIT_STATUS["invalid"] and done.stdout == ""
    assert done.stderr.startswith("grove: ") and "  hint:" in done.stderr


@pytest.mark.parametrize("command", [["help", "nothing"], ["completion", "cmd"], ["version", "x"],
                                     ["doctor", "--limit", "5"], ["--nothing"], []])
def test_wrong_use_in_json(sample, command):
    assert sample.fails("invalid", *command)["message"]


# --- homes --------------------------------------------------------------------------------------

def test_homes_that_cannot_be(sample):
    for home, part in (("/tmp/a\nb", "control character"), ("/tmp/" + "a/" * 3000, "too long"),
                       ("/dev/null/x", "/dev/null/x")):
        done = sample("--json", "--home", home, "init", check=False)
        error = json.loads(done.stdout)["error"]
        assert done.returncode == EXIT_STATUS[error["code"]] != 0
        assert part in error["message"]


def test_an_unwritable_home(ordinary):
    folder = ordinary.home.parent.parent  # of root, or made so
    home = folder / "not mine"
    mode = folder.stat().st_mode
    os.chmod(folder, 0o555)
    try:
        error = ordinary.fails("denied", "--home", home, "init")
    finally:
        os.chmod(folder, mode)
    assert str(home) in error["message"] and "GROVE_HOME" in error["hint"]
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users: run it as root")
def test_the_home_of_another(ordinary, sample):
    error = ordinary.fails("denied", "--home", sample.home, "browse", "religion")
    assert str(sample.home) in error["message"] and error["hint"]


# --- the model and the other assets ---------------------------------------------------------------

@pytest.fixture(scope="module")
def assets():
    """A copy of the assets, of links, whose model may be damaged."""
    real, folder = find_assets(), make_home()
    for name in os.listdir(real):
        if name != "model":
            os.symlink(real / name, os.path.join(folder, name))
    yield folder
    shutil.rmtree(folder)


def copy_model(assets, damage):
    real, folder = find_assets() / "model", os.path.join(assets, "model")
    shutil.rmtree(folder, ignore_errors=True)
    if damage == "gone":
        return
    os.mkdir(folder)
    for name in ("model.safetensors", "vocab.txt"):
        shutil.copyfile(real / name, os.path.join(folder, name))
    weights, words = os.path.join(folder, "model.safetensors"), os.path.join(folder, "vocab.txt")
    if damage == "cut":
        os.truncate(weights, 50_000_000)
    elif damage == "emptied":
        os.truncate(weights, 0)
    elif damage == "other header":
        with open(weights, "r+b") as file:
            file.write(b"\xff" * 8)
    elif damage == "words cut":
        os.truncate(words, 100_000)
    elif damage == "another byte":
        with open(weights, "r+b") as file:
            file.seek(60_000_000)
            byte = file.read(1)
            file.seek(60_000_000)
            file.write(bytes([byte[0] ^ 1]))
    elif damage == "other words":
        with open(words, "r+b") as file:
            file.seek(200_000)
            file.write(b"q")


@pytest.mark.parametrize("damage, code", [
    ("cut", "corrupt"), ("emptied", "corrupt"), ("other header", "corrupt"),
    ("words cut", "corrupt"), ("another byte", "corrupt"), ("other words", "corrupt"),
    ("gone", "not_found")])
def test_a_damaged_model(sample, assets, damage, code):
    copy_model(assets, damage)
    env = {"GROVE_ASSETS": assets}
    error = sample.fails(code, "search", "faith", env=env)
    assert assets in error["message"] and "make" in error["hint"], error
    assert sample.fails(code, "embed", "faith", env=env)["code"] == code
    done = sample("doctor", "--json", env=env, check=False)
    answer = json.loads(done.stdout)
    failed = [finding for finding in answer["findings"] if finding["verdict"] == "failed"]
    assert done.returncode == EXIT_STATUS["unsupported"] and answer["ok"] is False
    assert "model" in {finding["name"] for finding in failed}
    assert all(finding["text"] and finding["hint"] for finding in failed), failed
    assert sample.json("browse", "religion", env=env)["total"] == 8  # which needs no model


def test_missing_assets(sample, grove):
    env = {"GROVE_ASSETS": "/nowhere"}
    for command in (["search", "faith"], ["embed", "faith"]):
        error = sample.fails("not_found", *command, env=env)
        assert "make" in error["hint"] and "GROVE_ASSETS" in error["message"] + error["hint"]
    error = grove.fails("not_found", "init", env=env)
    assert "GROVE_ASSETS" in error["message"] and "make" in error["hint"]
    done = sample("doctor", env=env, check=False)
    assert done.returncode == EXIT_STATUS["unsupported"] and "/nowhere" in done.stdout + done.stderr


def test_doctor_is_content(sample):
    answer = sample.json("doctor")
    assert answer["ok"] is True
    assert {"model", "embedding", "home", "database", "vector engine"} <= \
        {finding["name"] for finding in answer["findings"]}


# --- a full disk --------------------------------------------------------------------------------

def test_a_full_disk(small_disk, tmp_path):
    grove = Grove(os.path.join(small_disk, "home"))
    rows = [make_row(n, body=f"{n} " + "words " * 300, vector=make_vector(n))
            for n in range(1, 2001)]
    path = write_rows(tmp_path / "rows", rows)
    try:
        grove("init")
        filler = fill(small_disk, 4 << 20)
        done = grove("load", "--json", path, check=False)
        error = json.loads(done.stdout)["error"]
        assert done.returncode == EXIT_STATUS[error["code"]] != 0
        assert error["code"] in ("io", "unavailable"), error
        told = error["message"] + (error["detail"] or "") + (error["hint"] or "")
        assert "space" in told, error
        os.unlink(filler)
        with grove.connect() as conn:
            assert conn.execute("SELECT count(*) FROM content_metadata").fetchone()[0] % 256 == 0
            # A load that lost its database could not hand back what it had taken; this is the
            # time running out.
            conn.execute("UPDATE grove.outbox SET lease_until = clock_timestamp()"
                     " WHERE lease_until IS NOT NULL")
        report = grove.json("load", path)
        assert report["rows_inserted"] + report["rows_unchanged"] == 2000
        assert grove.json("sync")["pending"] == 0
        status = grove.json("status")
        assert status["contents"] == status["engine"]["points"] == 2000
        # Too full to make a home in.
        grove("stop")
        fill(small_disk, 1 << 20)
        other = Grove(os.path.join(small_disk, "other"))
        error = other.fails("io", "init")
        assert "space" in error["message"] + (error["detail"] or "") + error["hint"], error
    finally:
        grove("stop", check=False)


def test_a_disk_too_full_for_the_vector_server(small_disk, tmp_path):
    grove = Grove(os.path.join(small_disk, "home"))
    path = write_rows(tmp_path / "rows", [make_row(n, vector=make_vector(n)) for n in range(1, 9)])

    def search():
        answer = grove.json("search", "row", "--limit", "50")
        assert answer["complete"] is True
        return len(answer["results"]), answer["degraded_reason"]

    try:
        grove("load", path)
        # It runs, and refuses to write: the row waits, and a search has it.
        filler = fill(small_disk, 10 << 20)
        with grove.connect() as conn:
            conn.execute("UPDATE content_metadata SET title = 'Changed' WHERE chunk_number = 1")
        error = grove.fails("io", "sync")
        assert "No space left on device" in error["message"] and error["http_status"] == 507
        assert "free some space" in error["hint"] and "grove sync" in error["hint"]
        assert search() == (8, None)
        # It does not even start.
        os.kill(grove.processes()["vectors"], signal.SIGKILL)
        wait_until(lambda: "vectors" not in grove.processes())
        os.unlink(filler)
        filler = fill(small_disk, 2 << 20)
        error = grove.fails("io", "sync")
        assert "disk is full" in error["message"] and "free some disk space" in error["hint"]
        assert "No space left on device" in error["detail"]
        assert search()[0] == 8  # it may have ended before it was heard why
        wait_until(lambda: re.search("disk is full.*free some disk space", search()[1]))
        os.unlink(filler)
        assert grove.json("sync")["pending"] == 0
        assert search() == (8, None)
    finally:
        grove("stop", check=False)


def test_too_full_to_start(small_disk):
    """PostgreSQL cannot start, and may not even be able to say why: its log is there, too."""
    grove = Grove(os.path.join(small_disk, "home"))
    codes = []
    try:
        grove("init")
        for pages in (0, 1, 2, 3, 4):
            grove("stop")
            filler = fill(small_disk, pages * 4096)
            done = grove("browse", "religion", "--json", check=False)
            if done.returncode != 0:
                error = json.loads(done.stdout)["error"]
                assert (error["code"], done.returncode) == ("io", EXIT_STATUS["io"]), error
                assert "free some disk space" in error["hint"], error
                codes.append((error["message"], error["detail"]))
            os.unlink(filler)
        assert [message for message, _ in codes if "PostgreSQL" in message], codes
        assert grove.json("browse", "religion")["total"] == 0
    finally:
        grove("stop", check=False)


def test_new_homes_leave_nothing_when_they_fail():
    grove = new_grove()
    try:
        grove.fails("not_found", "init", env={"GROVE_ASSETS": "/nowhere"})
        assert not (grove.home / "servers" / "pg").exists()
        assert grove.json("init")["applied"] == MIGRATIONS
    finally:
        end_home(grove)


@pytest.mark.parametrize("command", [("search", "grace"), ("browse", "religion"),
                                     ("discover", "grace")])
def test_an_unknown_type_is_told_what_was_meant(sample, command):
    done = sample(*command, "--type", "Docrine")
    assert "nothing matches" in done.stdout
    assert 'no content has the type "Docrine"; did you mean "Doctrine"?' in done.stderr
    answer = sample.json(*command, "--type", "doctrine", "--type", "Zebra")
    assert answer["results"] == []
    meant, other = answer["hint"].split("; no content has the type ")
    assert meant == 'no content has the type "doctrine"; did you mean "Doctrine"?'
    assert other.startswith('"Zebra"; there are ') and other.count(",") == 3  # of four types
    # One that is there, under a filter that nothing satisfies, is no mistake.
    assert sample.json(*command, "--type", "Doctrine", "--min-words", "9999")["hint"] is None
    assert sample.json(*command)["hint"] is None
    assert "no content has" not in sample(*command, "--type", "Doctrine",
                                          "--min-words", "9999").stderr


def test_an_unknown_type_where_nothing_is(grove):
    grove("init")
    done = grove("search", "grace", "--type", "Note")
    assert "no content has" not in done.stderr


def test_one_of_many_names_is_told_by_its_nearest(filled):
    filled("psql", "--", "-qc", "INSERT INTO subject2_hierarchy (branch, limb, leaf)"
           " SELECT 'Branch ' || n, 'Limb ' || n, 'Leaf ' || n FROM generate_series(1, 3000) AS n",
           "-c", "INSERT INTO subject2_hierarchy (branch, limb, leaf)"
           " VALUES ('Gardening', 'a', 'b')",
           "-c", "INSERT INTO subject3_hierarchy (branch, limb, leaf)"
           " SELECT repeat('long ', 19) || n, 'a', 'b' FROM generate_series(1, 9) AS n")
    error = filled.fails("not_found", "browse", "subject2/gardning")
    assert error["message"] == 'branch "gardning" does not exist in "subject2"'
    assert error["hint"].startswith("there are 3001, the nearest: Gardening, ")
    error = filled.fails("not_found", "search", "x", "--path", "subject2/Branch 3/Limb 4")
    assert error["hint"] == "there is: Limb 3"
    error = filled.fails("not_found", "browse", "subject3/long")
    assert error["hint"].startswith("there are 9, the nearest: long long ")
    assert len(error["hint"]) < 400 and error["hint"].endswith(tuple("123456789"))


def test_names_are_told_as_a_path_has_them(filled):
    filled("psql", "--", "-qc", "INSERT INTO subject3_hierarchy (branch, limb, leaf)"
           r" VALUES ('Cars/Electric', 'Small \ cheap', 'All'), ('Boilers', 'a', 'b')")
    error = filled.fails("not_found", "ls", "subject3/Cars/Electric")
    assert error["message"] == 'branch "Cars" does not exist in "subject3"'
    assert error["hint"].split(": ")[1].split(", ") == ["Boilers", r"Cars\/Electric"]
    error = filled.fails("not_found", "ls", r"subject3/Cars\/Electric/Small")
    assert error["hint"] == r"there is: Small \\ cheap"
    place, = filled.json("ls", r"subject3/Cars\/Electric/Small \\ cheap")["places"]
    assert place["name"] == "All"
    row = make_row(1, tree="subject3", branch="Cars/Electric", limb="Small \\ cheap", leaf="All")
    filled("load", "-", input=json.dumps(row))
    place = filled("browse", "subject3").stdout.splitlines()
    shown, = (line.split(", chunk")[0].strip() for line in place if "Electric" in line)
    assert filled.json("browse", shown)["total"] == 1
