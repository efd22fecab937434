# SPDX-License-Identifier: Apache-2.0
"""grove rm and grove mv: as a whole or not at all, and nothing is embedded for them."""

import json
import os
import pty
import threading

import psycopg
import pytest
from conftest import BINARY, make_row, make_vector, wait_until, write_rows

STATE = """SELECT c.id, l.tree || '/' || l.branch || '/' || l.limb || '/' || l.leaf, c.content_type,
    c.chunk_number, c.title, b.body, e.origin, e.vector, e.revision
    FROM content_metadata c JOIN grove.leaf l USING (hierarchy_table, leaf_id)
    LEFT JOIN grove.body b ON b.content_id = c.id
    LEFT JOIN grove.embedding e ON e.content_id = c.id ORDER BY 1"""


def state(grove):
    """Every content with all that must stay: id -> (path, the rest)."""
    with grove.connect() as conn:
        return {row[0]: (row[1], row[2:]) for row in conn.execute(STATE).fetchall()}


def paths(grove):
    return set(grove("ls", "--leaves", "-o", "ids").stdout.splitlines())


def check(grove):
    """The stores agree, also when all is projected."""
    assert grove.broken() == ""
    grove("sync")
    assert grove.broken() == ""
    status = grove.json("status")
    assert status["engine"]["points"] == status["contents"] and status["pending"] == 0
    with grove.connect() as conn:
        assert conn.execute("SELECT * FROM grove.wrong_leaves()").fetchall() == []


# --- rm -------------------------------------------------------------------------------------------

def test_contents_are_removed_by_id(filled):
    assert filled.json("rm", "1", "3", "1", "--dry-run")["contents"] == 2
    assert len(state(filled)) == 8
    for wrong in (("1", "99"), ("99", "100", "2147483647")):
        error = filled.fails("not_found", "rm", *wrong)
        assert "99" in error["message"] and error["hint"] == "nothing was done"
        filled.fails("not_found", "rm", "--dry-run", *wrong)
    assert len(state(filled)) == 8
    answer = filled.json("rm", "1", "3", "1")
    assert (answer["contents"], answer["leaves"], answer["dry_run"]) == (2, 0, False)
    assert set(state(filled)) == {2, 4, 5, 6, 7, 8} and len(paths(filled)) == 6
    assert filled.json("search", "grace", "--limit", "50")["total"] == 6  # at once
    check(filled)


def test_a_place_is_removed_with_all_that_is_in_it(filled):
    before = state(filled)
    assert filled("rm", "religion/Christianity", "--dry-run").stdout == (
        "would remove 5 contents in 3 leaves\n")
    error = filled.fails("conflict", "rm", "religion/Christianity")
    assert "5 contents in 3 leaves" in error["message"] and "--yes" in error["hint"]
    done = filled("rm", "religion/Christianity", check=False)
    assert done.returncode != 0 and "--yes" in done.stderr and state(filled) == before
    done = filled("rm", "religion/Christianity", "--yes")
    assert done.stdout == "removed 5 contents in 3 leaves\n"
    assert {key: value for key, value in before.items() if "/Christianity/" not in value[0]} == (
        state(filled))
    filled.fails("not_found", "rm", "religion/Christianity", "--yes")
    # What is empty goes without a question; a tree stays.
    assert filled.json("rm", "religion/Judaism") | {"seconds": 0} == {
        "contents": 0, "leaves": 1, "dry_run": False, "seconds": 0}
    assert filled.json("rm", "religion", "-y")["contents"] == 3
    assert filled.json("ls", "religion")["places"] == [] and paths(filled) == set()
    check(filled)


def test_contents_of_one_kind_are_removed_and_leaves_stay(filled):
    leaves = paths(filled)
    assert filled.json("rm", "religion", "--type", "Doctrine", "--dry-run")["contents"] == 3
    answer = filled.json("rm", "religion", "--type", "Doctrine", "--min-words", "10", "--yes")
    assert (answer["contents"], answer["leaves"]) == (3, 0) and paths(filled) == leaves
    assert filled.json("rm", "religion", "--until", "2000-01-01")["contents"] == 0
    assert len(state(filled)) == 5
    check(filled)


@pytest.mark.parametrize("arguments, code", [
    ((), "invalid"), (("religion/Nowhere",), "not_found"), (("1", "religion"), "invalid"),
    (("religion", "subject1"), "invalid"), (("0",), "not_found"), (("1", "--type", "x"), "invalid"),
    (("a/b/c/d/e",), "invalid"), (("",), "invalid")])
def test_what_cannot_be_removed(sample, arguments, code):
    sample.fails(code, "rm", "--yes", *arguments)


def ask(grove, answer, *arguments):
    """Runs rm on a terminal and types the answer: its exit status, and what it said."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(BINARY, [BINARY, "rm", *arguments], {**grove.env, "TERM": "dumb"})
    got = b""
    while b"[y/N]" not in got:
        got += os.read(terminal, 4096)
    os.write(terminal, answer)
    try:
        while piece := os.read(terminal, 4096):
            got += piece
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), got.decode()


def test_it_asks_on_a_terminal(filled):
    for answer in (b"\n", b"n\n", b"yesterday\n", b"\x04", b"\x03"):
        status, said = ask(filled, answer, "religion/Islam")
        assert status == 130 and 'remove 2 contents in 1 leaf under "religion/Islam"?' in said
        assert len(state(filled)) == 8
    status, said = ask(filled, b"Y\n", "religion/Islam")
    assert status == 0 and "removed 2 contents in 1 leaf" in said and len(state(filled)) == 6


def test_no_more_goes_than_was_said(filled):
    """A content that comes while it asks is not removed unseen."""
    with filled.connect() as conn:
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(BINARY, [BINARY, "rm", "religion/Islam"], {**filled.env, "TERM": "dumb"})
        got = b""
        while b"[y/N]" not in got:
            got += os.read(terminal, 4096)
        conn.execute("""INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
            content_summary) SELECT hierarchy_table, leaf_id, 'Late', 'Late', 'Late.'
            FROM grove.leaf WHERE branch = 'Islam'""")
        os.write(terminal, b"y\n")
        try:
            while piece := os.read(terminal, 4096):
                got += piece
        except OSError:
            pass
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4, got
    assert b"3 contents by now" in got and len(state(filled)) == 9


def test_a_writer_and_rm_wait_for_each_other(filled):
    """Whoever adds to a leaf that goes either comes first, and goes with it, or finds none."""
    with filled.connect() as conn:
        insert = """INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,
            content_summary) SELECT hierarchy_table, leaf_id, 'Late', 'Late', 'Late.'
            FROM grove.leaf WHERE branch = 'Islam'"""
        conn.execute("BEGIN")
        conn.execute(insert)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            filled.json("rm", "religion/Islam", "--yes")))
        thread.start()
        with filled.connect() as other:
            wait_until(lambda: other.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0])
        conn.execute("COMMIT")
        thread.join(60)
        assert answers[0]["contents"] == 3 and answers[0]["leaves"] == 1
        assert conn.execute(insert).rowcount == 0
    check(filled)


@pytest.mark.parametrize("command", [
    ("rm", "religion/Christianity", "--yes"), ("mv", "religion/Christianity", "religion/Church")])
def test_leaves_that_become_others_meanwhile(filled, command):
    """A leaf that is moved out while its branch is waited for goes nowhere else."""
    with filled.connect() as conn, filled.connect() as other:
        conn.execute("BEGIN")
        conn.execute("UPDATE religion_hierarchy SET branch = 'Elsewhere' WHERE leaf = 'Theology'")
        errors = []
        thread = threading.Thread(target=lambda: errors.append(filled.fails("conflict", *command)))
        thread.start()
        wait_until(lambda: other.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0])
        conn.execute("COMMIT")
        thread.join(60)
    assert "have just changed" in errors[0]["message"] and errors[0]["retry"] == "later"
    assert len(state(filled)) == 8 and "religion/Elsewhere/Catholic/Theology" in paths(filled)
    check(filled)


MOVE = "UPDATE subject1_hierarchy SET limb = 'Other' WHERE leaf = 'Goes'"
SPOIL = "UPDATE grove.embedding SET vector = reverse(vector) WHERE content_id = %s"
AGAIN = ("INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
         " content_summary) SELECT %s, hierarchy_table, leaf_id, 'Late', 'Late', 'Late.'"
         " FROM grove.leaf WHERE leaf = 'Stays'")


@pytest.mark.parametrize("isolation, statement, comes_again", [
    ("READ COMMITTED", MOVE, False), ("READ COMMITTED", MOVE, True),
    ("READ COMMITTED", SPOIL, False), ("REPEATABLE READ", SPOIL, False)],
    ids=["moves", "moves_and_comes", "vector", "vector_in_an_old_snapshot"])
def test_a_content_goes_while_another_changes_it(filled, tmp_path, isolation, statement,
                                                 comes_again):
    """A leaf that moves, and a hand at vectors, give contents new revisions that they do not hold.
    One that is gone by then gets none."""
    filled("load", write_rows(tmp_path / "rows.jsonl", [
        make_row(1, leaf="Goes", limb="Here"), make_row(2, leaf="Stays", limb="Here"),
        make_row(3, leaf="There", limb="Other")]))
    failed = []
    with filled.connect() as conn, filled.connect() as other, filled.connect() as watcher:
        number, = conn.execute("SELECT id FROM content_metadata WHERE title = 'Row 1'").fetchone()

        def change():
            try:
                other.execute(statement, [number] if "%s" in statement else None)
            except psycopg.errors.SerializationFailure as error:
                failed.append(error)

        other.execute("CREATE OR REPLACE FUNCTION reverse(bytea) RETURNS bytea LANGUAGE sql RETURN"
                      " substr($1, 5) || substr($1, 1, 4)")
        other.execute(f"BEGIN ISOLATION LEVEL {isolation}")
        other.execute("SELECT FROM content_metadata")  # its snapshot, where it keeps one
        conn.execute("BEGIN")
        conn.execute("DELETE FROM content_metadata WHERE id = %s", [number])
        thread = threading.Thread(target=change)
        thread.start()
        wait_until(lambda: watcher.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0])
        if comes_again:
            conn.execute(AGAIN, [number])
        conn.execute("COMMIT")
        thread.join(60)
        assert not thread.is_alive()
        assert bool(failed) == (isolation != "READ COMMITTED")
        filled("sync")  # what the deletion left in the outbox is done before the other is
        other.execute("COMMIT")
        assert filled.broken() == ""
        known = watcher.execute("SELECT revision FROM grove.content_state WHERE content_id = %s",
                                [number]).fetchall()
        assert len(known) == comes_again
    check(filled)
    filled("verify")
    assert filled.json("search", "late")["degraded"] is False


# --- mv -------------------------------------------------------------------------------------------

@pytest.fixture
def several(filled, tmp_path):
    """The sample, and a row with a vector that was supplied; all of it projected."""
    filled("load", write_rows(tmp_path / "rows.jsonl", [
        make_row(1, vector=make_vector(1), body="Given.")]))
    return filled


def moved(grove, before, change):
    """Nothing but paths differs, and these as `change` says; nothing is embedded for it."""
    after = state(grove)
    assert set(after) == set(before)
    for key, (path, rest) in before.items():
        assert after[key] == (change(path), rest), key
    assert grove.broken() == ""
    report = grove.json("sync")
    assert report["embedded"] == 0
    check(grove)


@pytest.mark.parametrize("old, new", [
    ("religion/Buddhism", "religion/Buddha"),
    ("religion/Christianity/Catholic", "religion/Christianity/Roman"),
    ("religion/Christianity/Catholic/Theology", "religion/Christianity/Catholic/Doctrine"),
    ("religion/Christianity/Catholic", "religion/Islam/Catholic"),
    ("religion/Christianity/Protestant-Baptist/Doctrines", "religion/New/Place/Doctrines"),
    ("religion/Christianity", "subject2/Christianity"),
    ("religion/Christianity/Protestant-Baptist", "subject1/Testing/Baptist"),
    ("subject1/Testing/Loads/Rows", "religion/Islam/Sunni/Rows"),
])
def test_a_place_gets_another_path(several, old, new):
    before = state(several)
    listed = several.json("ls", old)
    several("mv", old, new, "--dry-run")
    assert state(several) == before
    answer = several.json("mv", old, new)
    assert answer["contents"] == listed["contents"] > 0
    moved(several, before, lambda path: new + path.removeprefix(old)
          if (path + "/").startswith(old + "/") else path)
    several.fails("not_found", "ls", old)
    assert several.json("ls", new)["contents"] == listed["contents"]
    # And back again: it is as if nothing had been.
    several("mv", new, old)
    moved(several, before, lambda path: path)


def test_descriptions_of_leaves_go_along(several):
    with several.connect() as conn:
        conn.execute("""UPDATE religion_hierarchy SET description = 'About it.'
            WHERE branch = 'Islam'""")
        several("mv", "religion/Islam", "subject4/Islam")
        assert conn.execute("SELECT branch, description FROM subject4_hierarchy").fetchall() == [
            ("Islam", "About it.")]


def test_contents_go_to_another_leaf(several):
    before = state(several)
    leaf = "subject3/New/One/Leaf"
    done = several("mv", "1", "9", leaf, "--dry-run")
    assert done.stdout == "would move 2 contents to a new leaf\n"
    assert leaf not in paths(several)
    assert several.json("mv", "1", "9", leaf)["leaves_created"] == 1
    changed = {before[1][0]: leaf, before[9][0]: leaf}
    moved(several, before, lambda path: changed.get(path, path))
    assert several("mv", "1", leaf).stdout == "moved 1 content\n"  # it is there
    error = several.fails("not_found", "mv", "2", "99", leaf)
    assert "99" in error["message"] and state(several)[2] == before[2]
    several.fails("not_found", "mv", "2", "nowhere/a/b/c")
    assert "nowhere" not in str(paths(several))


def test_two_of_a_kind_do_not_fit_one_leaf(several):
    """Of contents that go together none goes where one clashes."""
    several("psql", "--", "-qc", """INSERT INTO content_metadata (hierarchy_table, leaf_id,
        content_type, chunk_number, title, content_summary) SELECT 'religion_hierarchy', leaf_id,
        'Article', 1, 'Other', 'Other.' FROM grove.leaf WHERE branch = 'Islam'""")
    before = state(several)
    error = several.fails("conflict", "mv", "1", "9", "religion/Islam/Sunni/Beliefs")
    assert "same type and chunk number" in error["message"]
    assert "Article" in error["detail"]
    assert state(several) == before


@pytest.mark.parametrize("arguments, code, words", [
    (("religion/Islam", "religion/Buddhism"), "conflict", "exists already"),
    (("religion/Islam", "religion/Islam"), "conflict", "exists already"),
    (("religion/Islam", "religion/a/b"), "invalid", "a branch cannot become a limb"),
    (("religion", "subject9"), "invalid", "a tree is not moved"),
    (("religion/Islam", "nowhere/Islam"), "not_found", "nowhere"),
    (("religion/Islm", "religion/Other"), "not_found", "Islm"),
    (("1", "religion/Islam/Sunni"), "invalid", "contents are on leaves"),
    (("1", "2"), "invalid", "no path to move to"),
    (("1", "religion/Islam", "religion/Other"), "invalid", "is no id"),
    (("religion/Islam",), "invalid", ""),
    (("religion/Islam", "religion//x"), "invalid", "empty"),
    (("religion/Islam", "religion/" + "x" * 101), "invalid", "101 characters"),
])
def test_what_cannot_be_moved(sample, arguments, code, words):
    assert words in sample.fails(code, "mv", *arguments)["message"]
    assert json.loads(sample("ls", "--json").stdout)["contents"] == 8


@pytest.fixture
def attached(filled):
    """The sample, and two rows of a table on one of its leaves beside its own contents."""
    with filled.connect() as conn:
        conn.execute("CREATE TABLE public.articles (id bigint PRIMARY KEY, title text, body text)")
        conn.execute("INSERT INTO public.articles VALUES (7, 'Alms', 'A part of what one has.'),"
                     " (8, 'Fasting', 'From dawn to sunset.')")
    filled("attach", "articles", "--path", "religion/Islam/Sunni/Beliefs", "--type", "Note")
    return filled


@pytest.mark.parametrize("lines", [
    [("rm", "1", "ROW"), ("rm", "1", "ROW", "--dry-run"),
     ("mv", "1", "ROW", "religion/Islam/Sunni/Duties")],
    [("rm", "religion/Islam", "--yes"), ("rm", "religion", "--type", "Note", "--yes"),
     ("rm", "religion/Islam/Sunni/Beliefs", "--dry-run"),
     ("mv", "religion/Islam", "religion/Muslims"),
     ("mv", "religion/Islam/Sunni/Beliefs", "subject1/Islam/Sunni/Beliefs", "--dry-run")],
], ids=["ids", "places"])
def test_rows_of_attached_tables_stay_where_their_rows_say(attached, lines):
    before = state(attached)
    row = next(key for key, (_, rest) in before.items() if rest[2] == "Alms")
    for line in lines:
        error = attached.fails("conflict", *(str(row) if part == "ROW" else part for part in line))
        assert "public.articles, which is attached" in error["message"], error
        assert "grove detach 'public.articles'" in error["hint"]
        assert state(attached) == before
    # What is not of a table goes, from beside it as well; and so do rows.
    attached("rm", "religion", "--type", "Article", "--yes")
    with attached.connect() as conn:
        conn.execute("DELETE FROM public.articles WHERE id = 7")
    attached("sync")
    assert row not in state(attached)
    attached("detach", "public.articles")
    attached("rm", "religion/Islam", "--yes")
    check(attached)


# --- documents ------------------------------------------------------------------------------------

@pytest.fixture
def manuals(filled, tmp_path):
    """Two documents of several parts on one leaf; the ids of the parts, by document."""
    texts = {key: "\n\n".join(f"{key} {n}: {'words of it ' * 30}" for n in range(6))
             for key in ("bread", "cake/small")}
    write_rows(tmp_path / "manuals.jsonl", [
        {"tree": "subject1", "branch": "b", "limb": "l", "leaf": "x", "content_type": "Article",
         "source": "manuals", "document": key, "title": key, "body": text}
        for key, text in texts.items()])
    filled("load", tmp_path / "manuals.jsonl")
    parts = {}
    for key in texts:
        chunks = filled.json("document", f"manuals/{key}")["chunks"]
        parts[key] = [chunk["content_id"] for chunk in chunks]
        assert len(parts[key]) > 2
    return filled, parts


def test_a_document_is_removed_by_its_name(manuals):
    grove, parts = manuals
    before = state(grove)
    answer = grove.json("rm", "--document", "manuals/cake/small", "--dry-run")
    assert answer["contents"] == len(parts["cake/small"]) and state(grove) == before
    grove("rm", "--document", "manuals/cake/small")
    assert set(state(grove)) == set(before) - set(parts["cake/small"])
    assert "cake/small" in grove.fails("not_found", "document", "manuals/cake/small")["message"]
    check(grove)


def test_a_document_is_moved_by_its_name(manuals):
    grove, parts = manuals
    before = state(grove)
    answer = grove.json("mv", "--document", "manuals/bread", "subject2/other/place/here")
    assert (answer["contents"], answer["leaves_created"]) == (len(parts["bread"]), 1)
    after = state(grove)
    assert {key for key in before if after[key] != before[key]} == set(parts["bread"])
    assert {after[key][0] for key in parts["bread"]} == {"subject2/other/place/here"}
    check(grove)


@pytest.mark.parametrize("command, to", [("rm", []), ("mv", ["subject2/other/place/here"])],
                         ids=["rm", "mv"])
def test_some_parts_of_a_document_stay_with_the_others(manuals, command, to):
    """What would be left of it could not be told from a whole one."""
    grove, parts = manuals
    before = state(grove)
    some = [str(number) for number in parts["bread"][1:]]
    for given in (some, some + [str(number) for number in parts["cake/small"]]):
        error = grove.fails("conflict", command, *given, *to)
        assert f'{some[0]} is part 2 of {len(parts["bread"])}' in error["message"]
        assert "--document 'manuals/bread'" in error["hint"] and state(grove) == before
    grove(command, str(parts["bread"][0]), *some, *to)
    assert state(grove) != before
    check(grove)


@pytest.mark.parametrize("arguments", [
    ("rm",), ("rm", "--document", "manuals/bread", "1"), ("mv", "subject1/a/b/c"),
    ("mv", "--document", "manuals/bread", "1", "subject1/a/b/c")], ids=" ".join)
def test_ids_or_a_document_or_a_path(sample, arguments):
    sample.fails("invalid", *arguments)
