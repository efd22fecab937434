# SPDX-License-Identifier: Apache-2.0
"""The Python package: the library's calls by ctypes, on real homes."""

import asyncio
import contextlib
import gc
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import schema
from conftest import (LIBRARY, ROOT, Grove, library_environment, make_row, make_vector, wait_until,
                      write_rows)
from stores import COLLECTION, ask_engine

PACKAGE = ROOT / "bindings" / "python"
BUILD = LIBRARY.parent

sys.path.insert(0, str(PACKAGE))
import grove as package
import grove.aio
from grove import _handle, _library

# What differs from one call to the next, also where nothing has changed.
VOLATILE = ("milliseconds", "seconds", "waited_milliseconds", "plan", "age_seconds")


@pytest.fixture(autouse=True)
def surroundings():
    with library_environment():
        yield


def steady(value):
    if isinstance(value, dict):
        return {name: steady(member) for name, member in value.items() if name not in VOLATILE}
    return [steady(item) for item in value] if isinstance(value, list) else value


def run_script(script, home, *arguments, **options):
    return subprocess.Popen([sys.executable, "-B", "-c", script, *map(str, arguments)],
                            env={**os.environ, "GROVE_HOME": str(home.home),
                                 "PYTHONPATH": str(PACKAGE)},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@contextlib.contextmanager
def held_row(home, content_id=1):
    """Whoever removes the content waits for us; gives a function that waits for as many."""
    with home.connect() as conn, home.connect() as watcher:
        with conn.transaction():
            conn.execute("SELECT 1 FROM content_metadata WHERE id = %s FOR UPDATE", [content_id])
            yield lambda count=1: wait_until(lambda: watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ).fetchone()[0] >= count)


# --- the package ----------------------------------------------------------------------------------

def test_what_is_generated_is_current():
    made = subprocess.run([sys.executable, "-B", PACKAGE / "generate", "--print"], check=True,
                          capture_output=True, text=True).stdout
    assert made == (PACKAGE / "grove" / "_calls.py").read_text(), (
        "bindings/python/grove/_calls.py is stale: run bindings/python/generate")


def test_the_version_is_that_of_the_library(sample):
    with package.Grove(sample.home) as db:
        assert db.version()["version"] == package.__version__


def test_structs_are_those_of_the_headers(tmp_path):
    structs = {"grove_error": _library.CError, "grove_code_info": _library.CCodeInfo,
               "grove_limits": _library.CLimits, "grove_options": _library.COptions}
    places = [(name, field[0]) for name, struct in structs.items() for field in struct._fields_]
    source = tmp_path / "structs.c"
    source.write_text("#include <stdio.h>\n#include <grove/grove.h>\nint main(void)\n{\n" + "".join(
        f'    printf("%zu\\n", sizeof(struct {name}));\n' for name in structs) + "".join(
        f'    printf("%zu\\n", offsetof(struct {name}, {field}));\n' for name, field in places)
        + "}\n")
    program = tmp_path / "structs"
    subprocess.run([os.environ.get("CC", "cc"), f"-I{ROOT / 'include'}", source, "-o", program],
                   check=True)
    sizes = [int(line) for line in subprocess.run(
        [program], check=True, capture_output=True, text=True).stdout.split()]
    assert sizes[:len(structs)] == [_library.ctypes.sizeof(struct) for struct in structs.values()]
    assert sizes[len(structs):] == [getattr(structs[name], field).offset for name, field in places]


def test_pip_installs_it_without_a_network(tmp_path):
    """And what is installed is typed, and whole."""
    target = tmp_path / "installed"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index",
                    "--disable-pip-version-check", "--target", target, PACKAGE], check=True,
                   capture_output=True, timeout=120)
    there = {path.name for path in (target / "grove").iterdir() if path.is_file()}
    assert there == {path.name for path in (PACKAGE / "grove").iterdir() if path.is_file()}
    assert "py.typed" in there
    shown = subprocess.run([sys.executable, "-B", "-c", "import grove, importlib.metadata as m; "
                            "print(grove.__file__, m.version('grove-client'))"], check=True,
                           env={**os.environ, "PYTHONPATH": str(target)}, capture_output=True,
                           text=True).stdout.split()
    assert shown == [str(target / "grove" / "__init__.py"), package.__version__]


@pytest.mark.parametrize("place, told", [("/nowhere/libgrove.so.0", "/nowhere"),
                                         ("libc.so.6", "too old")])
def test_a_library_that_cannot_be_used_is_told(place, told, monkeypatch):
    monkeypatch.setenv("GROVE_LIBRARY", place)
    monkeypatch.setattr(_library, "load", _library.load.__wrapped__)
    with pytest.raises(package.LibraryNotFound, match=told) as caught:
        package.Grove("/nowhere")
    assert "GROVE_LIBRARY" in str(caught.value)


def test_the_library_beside_a_command_is_found(monkeypatch, tmp_path):
    monkeypatch.delenv("GROVE_LIBRARY")
    monkeypatch.setenv("PATH", str(BUILD))
    assert _library.places()[1] == str(LIBRARY)
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib" / "some-machine").mkdir(parents=True)
    installed = tmp_path / "lib" / "some-machine" / LIBRARY.name
    shutil.copy(LIBRARY, installed)
    shutil.copy(BUILD / "grove", tmp_path / "bin" / "grove")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert _library.places()[1:] == [str(installed)]


def test_the_readme_works_as_printed(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (PACKAGE / "README.md").read_text(), re.M | re.S)
    assert len(blocks) >= 6
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
    home = Grove(tmp_path / "home")  # made by it, and of who runs it
    try:
        done = run_script(f"import runpy; runpy.run_path({str(script)!r})", home)
        out, err = done.communicate(timeout=120)
    finally:
        home("stop", check=False)
    assert done.returncode == 0, err
    assert "Pruning an apple tree" in out and "does not exist" in out


@pytest.mark.parametrize("page", ["README.md", "docs/bindings.md"])
def test_what_other_pages_show_works(page, sample, tmp_path):
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
    # The rows of the tour are not there.
    block = block.replace("subject1/Gardening", "religion/Christianity")
    process = run_script(block, sample)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out, err


# --- what is answered ----------------------------------------------------------------------------

@pytest.mark.parametrize("line, fields", [
    (["ls"], {}), (["ls", "religion/Islam"], {"path": "religion/Islam"}),
    (["ls", "religion", "--leaves", "--type", "Doctrine"],
     {"path": "religion", "leaves": True, "type": "Doctrine"}),
    (["browse", "religion", "--limit", "2", "--explain"],
     {"path": "religion", "limit": 2, "explain": True}),
    (["browse", "religion", "--type", "Doctirne"], {"path": "religion", "type": "Doctirne"}),
    (["search", "salvation", "--type", "Doctrine", "--type", "Teaching", "--min-score", "0.2",
      "--since", "2020-01-01", "--min-words", "5", "--exact"],
     {"text": "salvation", "type": ["Doctrine", "Teaching"], "min_score": 0.2,
      "since": "2020-01-01", "min_words": 5, "exact": True}),
    (["search", "salvation", "--freshness", "fast"], {"text": "salvation", "freshness": "fast"}),
    (["similar", "4", "--limit", "3"], {"id": 4, "limit": 3}),
    (["discover", "salvation", "--limit", "2", "--depth", "5"],
     {"text": "salvation", "limit": 2, "depth": 5}),
    (["show", "4", "--body"], {"id": 4, "body": True}),
    (["embed", "caf\u00e9 \u4e2d"], {"text": "caf\u00e9 \u4e2d"}),
    (["mv", "religion/Islam", "religion/Other", "--dry-run"],
     {"from": "religion/Islam", "to": "religion/Other", "dry_run": True}),
    (["rm", "1", "2", "--dry-run"], {"ids": [1, 2], "dry_run": True}),
    (["rm", "religion", "--dry-run"], {"path": "religion", "dry_run": True}),
    (["verify"], {}), (["verify", "religion/Islam", "--quick"],
                       {"path": "religion/Islam", "quick": True}),
    (["repair", "--dry-run"], {"dry_run": True}), (["dead", "list"], {"action": "list"}),
    (["dead", "retry"], {"action": "retry"}),
    (["dead", "drop", "--dry-run", "1"], {"action": "drop", "ids": [1], "dry_run": True}),
    (["sync"], {}), (["status"], {}), (["version"], {}),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_answers_are_those_of_the_command(line, fields, sample):
    schema.assert_input(line[0], fields)
    printed = sample.json(*line)
    with package.Grove(sample.home) as db:
        answer = db.call(line[0], fields)
    schema.assert_answer(line[0], answer)
    assert steady(answer) == steady(printed)


def test_every_call_is_compared():
    """With the one above, and with the loads below."""
    marks = test_answers_are_those_of_the_command.pytestmark
    compared = {line[0] for mark in marks for line, _ in mark.args[1]}
    assert compared | {"load", "attach", "attachments", "detach", "document", "rechunk"} == \
        set(schema.SCHEMA["calls"])


def test_a_search_has_the_freshness_that_is_asked_for(filled):
    with filled.connect() as conn:
        conn.execute("UPDATE content_metadata SET title = title || ', revised' WHERE id = 4")
    with package.Grove(filled.home) as db:
        fast = db.search("salvation", limit=20, freshness="fast")
        assert (fast["pending"], fast["merged"], fast["beyond"]) == (1, 0, 1)
        assert not fast["complete"] and 4 not in [row["content_id"] for row in fast["results"]]
        fresh = db.discover("salvation", limit=20)
        assert (fresh["pending"], fresh["merged"], fresh["beyond"]) == (1, 1, 0)
        assert fresh["complete"] and 4 in [row["content_id"] for row in fresh["results"]]
        with pytest.raises(package.GroveError, match='freshness "stale" is not one'):
            db.discover("salvation", freshness="stale")


def test_what_differs_is_told_and_mended(filled):
    """As the commands do where they cannot ask: what changes something needs "yes"."""
    with package.Grove(filled.home) as db:
        db.sync()
        assert db.repair()["mended"] == 0 and db.repair()["dry_run"] is False
        ask_engine(filled, "POST", f"/collections/{COLLECTION}/points/delete?wait=true",
                   {"points": [2, 3]})
        found = db.verify()
        schema.assert_answer("verify", found)
        assert found["equal"] is False and found["kinds"]["missing"] == 2
        assert [(one["kind"], one["content_id"]) for one in found["differences"]] == \
            [("missing", 2), ("missing", 3)]
        with pytest.raises(package.GroveError, match="it would mend 2 differences") as caught:
            db.repair()
        assert caught.value.code == "conflict" and "yes" in caught.value.hint
        assert db.repair(dry_run=True)["mended"] == 0
        mended = db.repair(yes=True)
        schema.assert_answer("repair", mended)
        assert mended["mended"] == 2 and mended["found"]["kinds"]["missing"] == 2
        assert db.verify()["equal"] is True


def test_what_was_given_up_on_is_dropped(filled):
    with filled.connect() as conn, package.Grove(filled.home) as db:
        conn.execute("INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type,"
                     " title, content_summary) SELECT -7, hierarchy_table, leaf_id, 'Note',"
                     " 'Below', 'zero' FROM content_metadata LIMIT 1")
        db.sync()
        listed = db.dead("list")
        schema.assert_answer("dead", listed)
        assert [letter["content_id"] for letter in listed["dead"]] == [-7]
        assert db.dead("retry", ids=[-7]) == {"contents": 1}
        db.sync()
        for fields, code in (({"action": "drop"}, "invalid"), ({"action": "lose"}, "invalid"),
                             ({"action": "list", "ids": [1]}, "invalid"), ({}, "invalid"),
                             ({"action": "drop", "ids": [-7]}, "conflict")):
            with pytest.raises(package.GroveError) as caught:
                db.call("dead", fields)
            assert caught.value.code == code, fields
        assert len(db.dead("list")["dead"]) == 1
        dropped = db.dead("drop", ids=[-7, 1], yes=True)
        schema.assert_answer("dead", dropped)
        assert dropped == {"contents": 1, "letters": 0, "kept": 0, "dry_run": False}
        assert db.dead("list")["dead"] == [] and db.show(1)["content_id"] == 1
        # Nothing that was given up on is named: there is nothing to ask about.
        assert db.dead("drop", ids=[1])["contents"] == 0


def test_documents_and_tables_are_those_of_the_command(empty, tmp_path):
    row = make_row(1, document="kelp", source="wiki", body="Kelp grows in cold water.")
    for field in ("summary", "chunk_number", "word_count"):
        row.pop(field, None)
    empty("load", write_rows(tmp_path / "kelp.jsonl", [row]))
    mapping = {"table": "posts", "path": "subject1/Sky/Day/Now", "type": "Note", "title": "title",
               "text": "body"}
    options = [word for name in ("path", "type", "title", "text")
               for word in (f"--{name}", mapping[name])]
    with empty.connect() as conn, package.Grove(empty.home) as db:
        conn.execute("CREATE TABLE public.posts (id int PRIMARY KEY, title text, body text)")
        conn.execute("INSERT INTO posts VALUES (1, 'Rain', 'It comes from clouds.')")
        for line, fields in (
                (["document", "wiki/kelp", "--body"], {"name": "wiki/kelp", "body": True}),
                (["attach", "posts", *options, "--dry-run"], {**mapping, "dry_run": True}),
                (["attach", "posts", *options], mapping),
                (["attachments"], {}),
                (["rechunk", "subject1", "--dry-run"], {"path": "subject1", "dry_run": True}),
                (["detach", "posts", "--dry-run"], {"table": "posts", "dry_run": True})):
            schema.assert_input(line[0], fields)
            printed, answer = empty.json(*line), db.call(line[0], fields)
            schema.assert_answer(line[0], answer)
            assert set(answer) == set(printed)
            if line[0] != "attach":
                assert steady(answer) == steady(printed)
        assert db.search("clouds", path="subject1/Sky")["results"][0]["title"] == "Rain"
        answer = db.detach("posts")
        schema.assert_answer("detach", answer)
        assert "Rain" not in [row["title"] for row in db.search("clouds")["results"]]


def test_rows_are_loaded_as_they_are(filled):
    vector = make_vector(7)
    rows = [make_row(1, title="A \"title\" \u2028 caf\u00e9 \U0001f333", word_count=2147483647,
                     created_at="1970-01-01T00:00:00.000001Z"),
            make_row(2, vector=vector), {"tree": "none"}, make_row(3, title=""), 5]
    with package.Grove(filled.home) as db:
        loaded = db.load(rows)
        schema.assert_answer("load", loaded)
        assert loaded["rows_loaded"] == 2 and loaded["rows_bad"] == 3
        assert [(bad["file"], bad["line"]) for bad in loaded["bad_lines"]] == [
            ("rows", 3), ("rows", 4), ("rows", 5)]
        again = db.load(rows[:2])
        assert again["rows_unchanged"] == 2
        found = db.browse("subject1/Testing")["results"]
        assert {row["title"] for row in found} == {rows[0]["title"], "Row 2"}
        (first,) = (row for row in found if row["chunk_number"] == 1)
        assert first["word_count"] == 2147483647
        assert first["created_at"] == "1970-01-01T00:00:00.000001Z"
    exported = [json.loads(line) for line in filled("export", "subject1").stdout.splitlines()]
    (supplied,) = (row["vector"] for row in exported if "vector" in row)
    assert supplied == vector


def test_what_is_strict_or_all_bad_loads_nothing(filled):
    with package.Grove(filled.home) as db:
        with pytest.raises(package.GroveError) as caught:
            db.load([make_row(1), make_row(2, title="")], strict=True)
        assert caught.value.code == "invalid" and "rows:2: title" in caught.value.message
        with pytest.raises(package.GroveError) as caught:
            db.load([make_row(1, title="")])
        assert "every row is bad" in caught.value.message and "row 1: title" in caught.value.detail
        assert db.load([])["rows_read"] == 0
        assert db.browse("subject1")["total"] == 0


def test_contents_are_moved_and_removed(filled):
    with package.Grove(filled.home) as db:
        assert db.mv("subject2/a/b/c", ids=[1])["leaves_created"] == 1
        assert db.mv("subject3/z", from_="subject2/a")["contents"] == 1
        with pytest.raises(package.GroveError) as caught:
            db.rm(path="subject3")
        assert caught.value.code == "conflict" and '"yes": true' in caught.value.hint
        assert db.rm(path="subject3", yes=True)["contents"] == 1
        assert db.rm(ids=[2, 3])["contents"] == 2
        with pytest.raises(package.GroveError) as caught:
            db.show(2)
        assert caught.value.code == "not_found"
        assert db.status()["contents"] == 5
    assert filled.broken() == ""


# --- what is wrong -------------------------------------------------------------------------------

def test_errors_tell_what_is_known(sample):
    with package.Grove(sample.home) as db:
        with pytest.raises(package.GroveError) as caught:
            db.browse("religion/Islm")
        error = caught.value
        assert (error.code, error.retry, error.origin) == ("not_found", "never", "grove")
        assert "Islam" in error.hint and error.hint in str(error)
        for command, fields, told in (("serach", {}, "search"), ("init", {}, "ls, browse"),
                                      ("search", {"text": "a", "limt": 1}, "limit"),
                                      ("search", {"text": "a", "limit": 2.0}, "1 to 1000"),
                                      ("search", {}, "text"), ("show", {"id": 2**31}, "")):
            with pytest.raises(package.GroveError) as caught:
                db.call(command, fields)
            assert caught.value.code == "invalid" and told in caught.value.hint, command
        for given, error in (({"text": float("nan")}, ValueError), ({"text": b"a"}, TypeError)):
            with pytest.raises(error):
                db.call("search", given)
        for text in ("\ud800", "a\0b"):
            with pytest.raises(package.GroveError, match="surrogate|NUL"):
                db.search(text)
        with pytest.raises(ValueError, match="null byte"):
            db.call("ls\0more")
        with pytest.raises(package.GroveError) as caught:
            db.call("embed", {"text": "word " * 200000, "timeout_ms": 1})
        assert (caught.value.code, caught.value.retry) == ("timeout", "later")
    with pytest.raises(ValueError, match="null byte"):
        package.Grove("/tmp\0/other")
    with pytest.raises(ValueError, match="f32"):
        package.Grove(sample.home, precision="f64")


def test_a_home_is_made_where_that_is_asked_for(tmp_path):
    missing = tmp_path / "missing"
    with pytest.raises(package.GroveError) as caught:
        package.Grove(missing).ls()
    assert caught.value.code == "not_found" and not missing.exists()


# --- threads -------------------------------------------------------------------------------------

TEXTS = ["baptism of believers", "the oneness of God", "the end of suffering", "grace and works"]


def test_eight_threads_share_a_handle(sample):
    with package.Grove(sample.home) as db:
        expected = {text: steady(db.search(text, limit=5)) for text in TEXTS}
        together = threading.Barrier(8)

        def work(number):
            together.wait()
            for turn in range(20):
                text = TEXTS[(number + turn) % len(TEXTS)]
                assert steady(db.search(text, limit=5)) == expected[text]
                assert db.show(1 + number)["content_id"] == 1 + number
                with pytest.raises(package.GroveError):
                    db.show(1000 + number)
            return number

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == list(range(8))


def test_a_call_holds_no_lock_of_python_s(filled):
    with package.Grove(filled.home) as db, ThreadPoolExecutor(1) as pool:
        with held_row(filled) as await_waiting:
            waiting = pool.submit(db.rm, ids=[1])
            await_waiting()
            # All that is done here is done while that call waits.
            assert db.show(1)["content_id"] == 1 and not waiting.done()
        assert waiting.result()["contents"] == 1


def test_closing_cancels_what_is_under_way(filled):
    db = package.Grove(filled.home)
    with ThreadPoolExecutor(8) as pool, held_row(filled) as await_waiting:
        calls = [pool.submit(db.rm, ids=[1]) for _ in range(8)]
        await_waiting(8)
        db.close()
        for call in calls:
            assert call.exception(timeout=60).code == "cancelled"
    assert db.closed and db._state.handle is None
    db.close()
    assert filled.json("show", 1)["content_id"] == 1


# In a process of its own: the library would not survive it.
CLOSED = """
import grove
db = grove.Grove()
db.close()
try:
    db.ls()
except grove.GroveError as error:
    print(error.code, error)
"""


def test_a_handle_that_is_closed_is_used_no_more(sample):
    process = run_script(CLOSED, sample)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("invalid the handle is closed\n", 0), err


def test_cancelling_leaves_the_handle_open(filled):
    with package.Grove(filled.home) as db, ThreadPoolExecutor(2) as pool:
        with held_row(filled) as await_waiting:
            call = pool.submit(db.rm, ids=[1])
            await_waiting()
            db.cancel()
            assert call.exception(timeout=60).code == "cancelled"
        assert db.show(1)["content_id"] == 1


def test_a_handle_that_is_forgotten_is_closed(sample):
    db = package.Grove(sample.home)
    db.ls()
    state = db._state
    del db
    gc.collect()
    assert state.closing and state.handle is None and not state.tokens


# --- signals, processes --------------------------------------------------------------------------

# The tests may be run by what ignores the signal, and then Python does not wait for it.
INTERRUPTED = """
import signal, grove
signal.signal(signal.SIGINT, signal.default_int_handler)
db = grove.Grove()
db.show(1)
print("ready", flush=True)
try:
    db.rm(ids=[1])
except KeyboardInterrupt:
    print("interrupted", db.show(1)["content_id"], flush=True)
    db.close()
"""


def test_ctrl_c_cancels_the_call(filled):
    with held_row(filled) as await_waiting:
        process = run_script(INTERRUPTED, filled)
        assert process.stdout.readline() == "ready\n"
        await_waiting()
        process.send_signal(signal.SIGINT)
        # The row is held still: only a call that was cancelled ends.
        out, err = process.communicate(timeout=60)
        assert (out, process.returncode) == ("interrupted 1\n", 0), err
    assert filled.json("show", 1)["content_id"] == 1


FORKED = """
import os, signal, threading, grove
db = grove.Grove()
stop = threading.Event()
def busy():
    while not stop.is_set():
        db.ls()
threads = [threading.Thread(target=busy) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        try:
            db.ls()
        except grove.GroveError as error:
            db.close()
            with grove.Grove() as other:
                os._exit(0 if error.code == "invalid" and other.ls()["places"] else 2)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
# A lock that another thread has while the process forks is never given back in the child.
held, done = threading.Event(), threading.Event()
def hold():
    with db._state.changed:
        held.set()
        done.wait()
holder = threading.Thread(target=hold, daemon=True)
holder.start()
held.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    # A thread may get the number of one that is gone, and pass for the lock's owner: not ours.
    for _ in range(16):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    try:
        db.ls()
    except grove.GroveError as error:
        db.close()
        os._exit(0 if error.code == "invalid" else 2)
    os._exit(1)
status = os.waitpid(child, 0)[1]
done.set()
holder.join()
assert status == 0
print(db.show(1)["content_id"])
"""


def test_a_child_of_fork_opens_its_own(sample):
    process = run_script(FORKED, sample)
    out, err = process.communicate(timeout=120)
    assert (out, process.returncode) == ("1\n", 0), err


# Whoever goes on once its call has ended has time to, before the interpreter goes.
LEFT = """
import atexit, os, threading, time
atexit.register(time.sleep, 0.5)
threading.excepthook = lambda args: os.write(2, b"the thread went on")
import grove
db = grove.Grove()
db.show(1)
threading.Thread(target=db.rm, kwargs={"ids": [1]}, daemon=True).start()
print("ready", flush=True)
input()
"""


def test_a_program_ends_with_a_call_under_way(filled):
    with held_row(filled) as await_waiting:
        process = run_script(LEFT, filled, stdin=subprocess.PIPE)
        assert process.stdout.readline() == "ready\n"
        await_waiting()
        _, err = process.communicate("\n", timeout=60)
        assert (process.returncode, err) == (0, "")
    assert filled.json("show", 1)["content_id"] == 1


def test_a_handle_finds_what_is_attached_while_it_is_open(empty):
    with empty.connect() as conn, package.Grove(empty.home) as db:
        conn.execute("CREATE TABLE public.notes (id int PRIMARY KEY, title text, body text)")
        assert db.search("clouds", type="Sighting")["results"] == []
        empty("attach", "notes", "--key", "id", "--title", "title", "--text", "body",
              "--path", "subject1/Sky/Day/Now", "--type", "Sighting")
        for number in range(1, 4):  # each at once
            conn.execute("INSERT INTO notes VALUES (%s, %s, 'Rain comes from clouds.')",
                         (number, f"Rain {number}"))
            answer = db.search("clouds", type="Sighting")
            assert (len(answer["results"]), answer["complete"]) == (number, True)


# --- asyncio -------------------------------------------------------------------------------------

def test_coroutines_are_made_by_a_pool(sample):
    async def ask():
        async with grove.aio.Grove(sample.home) as db:
            answers = await asyncio.gather(*(db.search(text, limit=5) for text in TEXTS * 8))
            with pytest.raises(package.GroveError):
                await db.show(1000)
            return answers

    answers = asyncio.run(ask())
    with package.Grove(sample.home) as db:
        expected = [steady(db.search(text, limit=5)) for text in TEXTS]
    assert [steady(answer) for answer in answers] == expected * 8


def test_cancelling_a_task_cancels_its_call(filled):
    async def ask(await_waiting):
        async with grove.aio.Grove(filled.home) as db:
            task = asyncio.create_task(db.rm(ids=[1]))
            await asyncio.to_thread(await_waiting)
            # The loop goes on meanwhile.
            assert (await db.show(1))["content_id"] == 1 and not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not db._grove._state.tokens  # it has ended
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(db.rm(ids=[1]), 0.3)
            return await db.show(1)

    with held_row(filled) as await_waiting:
        assert asyncio.run(ask(await_waiting))["content_id"] == 1


def test_a_call_that_has_not_begun_is_cancelled_as_well(filled):
    async def ask(await_waiting):
        async with grove.aio.Grove(filled.home, threads_max=1) as db:
            first = asyncio.create_task(db.rm(ids=[1]))
            await asyncio.to_thread(await_waiting)
            second = asyncio.create_task(db.rm(ids=[2]))
            await asyncio.sleep(0)
            second.cancel()
            first.cancel()
            for task in (first, second):
                with pytest.raises(asyncio.CancelledError):
                    await task

    with held_row(filled) as await_waiting:
        asyncio.run(ask(await_waiting))
    with package.Grove(filled.home) as db:
        assert db.show(1)["content_id"] == 1 and db.show(2)["content_id"] == 2


def test_methods_are_typed():
    """Each method takes what the schema has, in annotations that can be resolved."""
    import inspect
    import typing
    for owner in (package.Grove, grove.aio.Grove):
        for command, call in schema.SCHEMA["calls"].items():
            method = getattr(owner, command)
            hints = typing.get_type_hints(method)
            named = {name.rstrip("_") for name in inspect.signature(method).parameters} - {"self"}
            assert named == set(call["input"]["properties"])
            answer = hints["return"]
            assert set(typing.get_type_hints(answer)) == set(
                schema.SCHEMA["$defs"][call["output"]["$ref"].split("/")[-1]]["properties"])
            required = set(call["input"]["required"])
            assert {name.rstrip("_") for name, parameter in
                    inspect.signature(method).parameters.items()
                    if parameter.default is inspect.Parameter.empty} - {"self"} == required
    assert issubclass(package.Grove, _handle.Calls)
