# SPDX-License-Identifier: Apache-2.0
"""Looking changes nothing: not where a home is mistyped, nor in a home."""

import json
import os
import shutil
import signal

import pytest
from conftest import EXIT_STATUS, Grove, find_assets

# Those that make a home (init, demo, load, import) have tests in the files of their names.
HOMELESS = [("status",), ("browse", "religion"), ("search", "salvation"), ("discover", "salvation"),
            ("sync",), ("stop",), ("psql", "--", "-c", "SELECT 1")]
HARMLESS = [("embed", "salvation"), ("doctor",), ("help",), ("help", "init"),
            ("init", "--help"), ("version",), ("completion", "bash"), ("--help",), ("--version",),
            ("init", "--unheard-of"), ("search",)]


def tree(top, without=None):
    """What there is and when it was last changed: contents, names and modes."""
    found = {}
    for place, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name != without]
        for name in [".", *folders, *files]:
            path = os.path.join(place, name)
            status = os.lstat(path)
            found[path] = (status.st_ino, status.st_mode, status.st_size, status.st_uid,
                           status.st_mtime_ns, status.st_ctime_ns)
    return found


@pytest.fixture
def mistyped(tmp_path):
    """A folder with a folder that is no home in it; nothing else is there."""
    base = tmp_path / "base"
    (base / "other" / "things").mkdir(parents=True)
    (base / "cache").mkdir()
    one = Grove(base / "unused")
    del one.env["GROVE_HOME"]
    one.env.update(HOME=str(base), XDG_CACHE_HOME=str(base / "cache"),
                   GROVE_ASSETS=str(find_assets()))
    one.base = base
    return one


@pytest.mark.parametrize("place", ["missing", "missing/deeper", "other", None])
@pytest.mark.parametrize("words", HOMELESS, ids=" ".join)
def test_a_mistyped_home_is_told_and_not_made(mistyped, words, place):
    before = tree(mistyped.base)
    home = str(mistyped.base / (place or ".local/share/grove"))
    at = ["--home", home] if place else []
    error = mistyped.fails("not_found", *at, *words)
    assert error["message"] == f'there is no grove home at "{home}"'
    assert "grove init" in error["hint"] and "GROVE_HOME" in error["hint"]
    assert tree(mistyped.base) == before
    assert mistyped(*at, *words, check=False).stderr.startswith("grove: there is no grove home at")


@pytest.mark.parametrize("words", HARMLESS, ids=" ".join)
def test_what_needs_no_home_makes_none(mistyped, words):
    before = tree(mistyped.base)
    for place in ("missing", "other"):
        mistyped.env["GROVE_HOME"] = str(mistyped.base / place)
        done = mistyped(*words, check=False)
        assert done.returncode in (0, EXIT_STATUS["invalid"], EXIT_STATUS["not_found"]), done
        assert tree(mistyped.base) == before


def test_doctor_tells_of_no_home_and_checks_the_rest(mistyped):
    mistyped.env["GROVE_HOME"] = str(mistyped.base / "missing")
    answer = mistyped.json("doctor", check=False)
    home, = [one for one in answer["findings"] if one["name"] == "home"]
    assert home["verdict"] == "warning" and "there is no grove home at" in home["text"]
    assert "grove init" in home["hint"]
    assert {"model", "embedding", "postgres", "qdrant-edge"} <= \
        {one["name"] for one in answer["findings"]}


def test_looking_at_a_home_changes_nothing(ordinary, tmp_path):
    """Running, stopped, with parts missing, and copied."""
    def look(one, code, without=None):
        before = tree(one.home, without)
        for words in (("status",), ("status", "--json"), ("doctor",)):
            done = one(*words, check=False)
            assert tree(one.home, without) == before, words
            if words[0] == "status":
                assert done.returncode == EXIT_STATUS.get(code, 0), done

    ordinary("init")
    look(ordinary, "ok", without="servers")  # these write when they like
    ordinary("stop")
    look(ordinary, "unavailable")
    shutil.rmtree(ordinary.home / "run", ignore_errors=True)
    look(ordinary, "unavailable")
    copy = Grove(tmp_path / "copy")
    shutil.copytree(ordinary.home, copy.home, symlinks=True)
    look(copy, "not_found")
    assert "is a copy of a grove home" in copy.fails("not_found", "status")["message"]
    assert ordinary.json("status", check=False)["database"]["private"] is True


def test_a_stopped_home_is_well(filled):
    """Servers that start when they are needed are no fault; one that cannot be looked at is."""
    filled("stop")
    found = {each["name"]: each for each in filled.json("doctor")["findings"]}
    for name in ("database", "vector engine"):
        assert found[name]["verdict"] == "ok" and "not running" in found[name]["text"]
    filled("init")
    found = {each["name"]: each for each in filled.json("doctor")["findings"]}
    assert found["database"]["verdict"] == "ok" and "PostgreSQL" in found["database"]["text"]


@pytest.mark.parametrize("server, name", [("postgres", "database"), ("vectors", "vector engine")])
def test_doctor_tells_how_to_end_a_server_that_hangs(filled, server, name):
    """The exit status is that of status; the hint names no variable that is not set."""
    filled("search", "faith")
    pid = filled.processes()[server]
    os.kill(pid, signal.SIGSTOP)
    try:
        done = filled("doctor", "--json", check=False)
        assert filled("status", check=False).returncode == EXIT_STATUS["unavailable"]
    finally:
        os.kill(pid, signal.SIGCONT)
    found = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert found[name]["verdict"] == "failed", found
    assert '"grove stop"' in found[name]["hint"] and "_URL" not in found[name]["hint"]
    assert done.returncode == EXIT_STATUS["unavailable"]


@pytest.mark.parametrize("variable, value, name", [
    ("DATABASE_URL", "postgresql+psycopg://localhost/grove", "database"),
    ("QDRANT_URL", "ftp://localhost", "vector engine")])
def test_doctor_tells_which_setting_cannot_be_read(mistyped, variable, value, name):
    mistyped.env[variable] = value
    done = mistyped("doctor", "--json", check=False)
    failed = {each["name"] for each in json.loads(done.stdout)["findings"]
              if each["verdict"] == "failed"}
    assert failed == {name}, done.stdout


@pytest.mark.parametrize("change, verdict, text, hint", [
    ("content_metadata ALTER word_count TYPE bigint", "failed",
     "public.content_metadata.word_count is of the type bigint, not integer",
     'ALTER TABLE public.content_metadata ALTER COLUMN "word_count" TYPE integer'),
    ("grove.document ALTER title TYPE varchar(300)", "warning",
     "grove.document.title is of the type character varying(300), not character varying(200)",
     "TYPE character varying(200)"),
    ("subject1_hierarchy ALTER description TYPE text", "failed",
     "public.subject1_hierarchy.description is of the type text, not character varying(500)",
     "public.subject1_hierarchy"),
    ("grove.examination ALTER points TYPE numeric", "failed",
     "grove.examination.points is of the type numeric, not bigint", "grove psql"),
    ("subject2_hierarchy DROP description CASCADE", "failed",
     "public.subject2_hierarchy.description is missing, not character varying(500)", "by hand")],
    ids=["number", "length", "tree", "examination", "missing"])
def test_doctor_tells_of_an_altered_column(filled, change, verdict, text, hint):
    filled("init")
    assert not [each for each in filled.json("doctor")["findings"] if each["name"] == "column"]
    with filled.connect() as conn:
        conn.execute(f"ALTER TABLE {change}")
    done = filled("doctor", "--json", check=False)
    found, = [each for each in json.loads(done.stdout)["findings"] if each["name"] == "column"]
    assert (found["verdict"], found["text"]) == (verdict, text) and hint in found["hint"]
    assert done.returncode == (EXIT_STATUS["unsupported"] if verdict == "failed" else 0)
    if "TYPE" in found["hint"]:  # what it says mends it
        command = found["hint"].split("-c ")[1].strip("'")
        filled("psql", "--", "-qc", command)
        assert not [each for each in filled.json("doctor")["findings"] if each["name"] == "column"]
