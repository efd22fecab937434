# SPDX-License-Identifier: Apache-2.0
"""Writers of attached tables, at every isolation level, beside whoever takes in, fills and
projects: no failure that grove caused, no deadlock, no wait beyond their own rows. And the other
way: whatever writers have locked stops neither searches nor projectors."""

import contextlib
import threading

import psycopg
import pytest
from conftest import wait_until
from crashes import Injected

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
TABLE = """CREATE TABLE public.{name} (
    id bigint PRIMARY KEY, title text, body text, category text)"""
ROWS = [(1, "Rain", "Drops of water fall from clouds.", "Sky"),
        (2, "Bread", "Flour, water and yeast are baked.", "Food"),
        (3, "Snow", "Frozen water falls slowly.", "Sky/High"),
        (4, "Salt", "Water of the sea dries.", "Food")]
HOW = ["--key", "id", "--title", "title", "--text", "body", "--path", "subject1/{category|Other}"]
INSERT = "INSERT INTO public.{name} (id, title, body, category) VALUES (%s, %s, %s, %s)"


def query(grove, sql, *values):
    with grove.connect() as conn:
        done = conn.execute(sql, values or None)
        return done.fetchall() if done.description else []


def make(grove, name, rows=ROWS):
    with grove.connect() as conn:
        conn.execute(TABLE.format(name=name))
        conn.cursor().executemany(INSERT.format(name=name), rows)


@pytest.fixture
def articles(empty):
    """The table with its rows, attached, as grove with points has it."""
    make(empty, "articles")
    empty("attach", "articles", *HOW)
    empty("sync")
    yield Injected(empty.home)
    with empty.connect() as conn:
        sources = [row[0] for row in conn.execute("SELECT source FROM grove.attached")]
        conn.execute("DROP TABLE IF EXISTS public.articles, public.letters, public.parted,"
                     " public.many1, public.many2, public.many3 CASCADE")
    for source in sources:
        empty("detach", source)
    empty("rm", "subject1", "--yes", check=False)


def documents(grove, name="articles"):
    return query(grove, "SELECT key, title FROM grove.document WHERE source = %s ORDER BY key",
                 f"public.{name}")


def rows(grove, name="articles"):
    return query(grove, f"SELECT id::text, title FROM public.{name} ORDER BY id::text")


def agree(grove, name="articles"):
    """All was taken in, at last."""
    def taken():
        grove("sync")
        return documents(grove, name) == rows(grove, name)
    wait_until(taken)
    assert grove.broken() == ""


def titles(grove, text, name="articles"):
    hits = grove.json("search", text, "--path", "subject1", "--limit", "20")["results"]
    return {hit["title"] for hit in hits}


# --- writers beside whoever takes in ------------------------------------------------------------

def change(grove):
    query(grove, "UPDATE public.articles SET title = 'Hail' WHERE id = 4")


def nothing_to_do(grove):
    return contextlib.nullcontext()


def taken_in(grove):
    change(grove)
    assert "Hail" in titles(grove, "water")
    return contextlib.nullcontext()


def filled(grove):
    query(grove, "UPDATE grove.attached SET filled_at = NULL, filled_to = NULL")
    grove("sync")
    return contextlib.nullcontext()


def tried_again(grove):
    query(grove, "INSERT INTO grove.attached_refused SELECT id, '4', 'once' FROM grove.attached")
    grove("sync", "--retry-dead")
    return contextlib.nullcontext()


def another_function(grove):
    """As an upgrade would find it."""
    function, = query(grove, "SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN grove.attached a"
                             " ON p.proname = concat('grove_attached_', a.id)"
                             " OR p.proname = concat('attached_', a.id)")[0]
    query(grove, function.replace("BEGIN\n", "BEGIN -- as before\n", 1))
    change(grove)
    grove("sync")
    return contextlib.nullcontext()


def compared(grove):
    grove("verify")
    return contextlib.nullcontext()


def held(point, fill=False):
    @contextlib.contextmanager
    def being_taken_in(grove):
        if fill:
            query(grove, "UPDATE grove.attached SET filled_at = NULL, filled_to = NULL")
        else:
            change(grove)
        with grove.held_at([point], "sync") as command:
            command.reach(point)
            yield
            command.go_on(point)
            command.finish()
    return being_taken_in


EVENTS = {
    "nothing": nothing_to_do, "taken-in": taken_in, "filled": filled, "tried-again": tried_again,
    "another-function": another_function, "compared": compared,
    "read": held("attach-read"), "written": held("attach-written"),
    "read-to-fill": held("attach-read", True), "written-to-fill": held("attach-written", True),
}
WRITES = (
    "INSERT INTO public.articles VALUES (9, 'Wind', 'Air that moves.', 'Sky')",
    "UPDATE public.articles SET title = 'Mist', category = 'New/Leaf' WHERE id = 1",
    "INSERT INTO public.articles SELECT 9, 'Gale', 'Air.', 'Sky' ON CONFLICT (id)"
    " DO UPDATE SET title = excluded.title",
    "MERGE INTO public.articles a USING (VALUES (2, 'Cake'), (10, 'Jam')) AS n (id, title)"
    " ON a.id = n.id WHEN MATCHED THEN UPDATE SET title = n.title"
    " WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.title, 'Sweet water.', 'Food')",
    "UPDATE public.articles SET id = id + 100 WHERE id = 3",
    "DELETE FROM public.articles WHERE id = 2",
)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("event", EVENTS)
def test_no_writer_fails_or_waits_beside_whoever_takes_in(articles, level, event):
    with articles.connect() as writer:
        writer.execute(f"BEGIN ISOLATION LEVEL {level}")
        writer.execute("SET LOCAL lock_timeout = '20ms'")
        writer.execute("SELECT count(*), max(title) FROM public.articles")
        writer.execute("SELECT count(*) FROM content_metadata")
        with EVENTS[event](articles):
            for write in WRITES:
                writer.execute(write)
            # What is already written by the one, not yet by the other.
            writer.execute("COMMIT")
    agree(articles)


@pytest.mark.parametrize("level", LEVELS)
def test_many_writers_beside_a_projector_and_fills(articles, level):
    """Each has a table of its own, so that nothing but grove stands between them."""
    names = ["many1", "many2", "many3"]
    for name in names:
        make(articles, name)
        articles("attach", name, *HOW)
    failures = []
    watch = articles.start("sync", "--watch")
    stop = threading.Event()

    def write(name):
        with articles.connect() as conn:
            for key in range(10, 60):
                try:
                    conn.execute(f"BEGIN ISOLATION LEVEL {level}")
                    conn.execute("SET LOCAL lock_timeout = '2s'")
                    conn.execute(f"SELECT count(*) FROM public.{name}")
                    conn.execute(INSERT.format(name=name),
                                 (key, f"T{key}", f"Text {key}.", f"Leaf {key % 3}"))
                    conn.execute(f"UPDATE public.{name} SET title = title || '!'"
                                 f" WHERE id = {key - key % 2}")
                    conn.execute(f"DELETE FROM public.{name} WHERE id = {key - 5}")
                    conn.execute("COMMIT")
                except psycopg.Error as failure:
                    conn.execute("ROLLBACK")
                    failures.append((name, key, failure.sqlstate, str(failure)))

    def fill():
        while not stop.wait(0.2):
            query(articles, "UPDATE grove.attached SET filled_at = NULL, filled_to = NULL")

    writers = [threading.Thread(target=write, args=(name,)) for name in names]
    filler = threading.Thread(target=fill)
    for thread in [*writers, filler]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    filler.join()
    watch.kill()
    watch.communicate()
    assert failures == []
    for name in names:
        agree(articles, name)


# --- whoever takes in beside writers ------------------------------------------------------------

def lock_table(grove, conn):
    conn.execute("LOCK TABLE public.articles IN ACCESS EXCLUSIVE MODE")


def hold_leaf(grove, conn):
    conn.execute("INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                 " SELECT replace(branch, 'Sky', 'Coast'), replace(limb, 'Sky', 'Coast'), 'Coast'"
                 " FROM subject1_hierarchy WHERE leaf = 'Sky'")


def hold_contents(grove, conn):
    conn.execute("UPDATE content_metadata SET title = title || '!' WHERE id IN (SELECT content_id"
                 " FROM grove.chunk c JOIN grove.document d ON d.id = c.document_id"
                 " WHERE d.source = 'public.articles')")


@pytest.mark.parametrize("lock", [lock_table, hold_leaf, hold_contents])
def test_what_a_writer_has_locked_stops_neither_searches_nor_projectors(articles, lock):
    make(articles, "letters", [(1, "Dear", "A letter of water.", "Post")])
    articles("attach", "letters", *HOW)
    with articles.connect() as writer:
        writer.execute("BEGIN")
        query(articles, "UPDATE public.articles SET title = 'Ebb', category = 'Coast' WHERE id = 1")
        lock(articles, writer)
        query(articles, "UPDATE public.letters SET title = 'Yours' WHERE id = 1")
        found = articles.json("search", "a letter", "--path", "subject1", "--limit", "9",
                              "--timeout", "8s")
        assert not found["complete"] and "Yours" in {hit["title"] for hit in found["results"]}
        articles("sync", "--timeout", "8s")
        assert documents(articles, "letters") == [("1", "Yours")]
        assert ("1", "Ebb") not in documents(articles)
        writer.execute("ROLLBACK")
    agree(articles)
    attached = {item["source"]: item for item in articles.json("attachments")["attachments"]}
    assert attached["public.articles"]["problem"] is None


def test_a_partition_that_is_locked_stops_nobody(articles):
    query(articles, "CREATE TABLE public.parted (id int PRIMARY KEY, title text, body text,"
                    " category text) PARTITION BY RANGE (id)")
    query(articles, "CREATE TABLE public.low PARTITION OF public.parted FOR VALUES FROM (0) TO (9)")
    query(articles, "INSERT INTO public.parted VALUES (1, 'One', 'Water.', 'Sky')")
    articles("attach", "parted", *HOW)
    with articles.connect() as writer:
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE ONLY public.low IN ACCESS EXCLUSIVE MODE")
        query(articles, "UPDATE public.articles SET title = 'Ebb' WHERE id = 1")
        assert "Ebb" in {hit["title"] for hit in articles.json(
            "search", "water", "--path", "subject1", "--limit", "9", "--timeout", "8s")["results"]}
        articles("sync", "--timeout", "8s")
        writer.execute("ROLLBACK")
    agree(articles, "parted")


def test_a_partition_that_comes_is_waited_for_and_others_are_not(articles):
    """Somebody fills a new partition: what others write is taken in meanwhile."""
    query(articles, "CREATE TABLE public.parted (id int PRIMARY KEY, title text, body text,"
                    " category text) PARTITION BY RANGE (id)")
    query(articles, "CREATE TABLE public.low PARTITION OF public.parted FOR VALUES FROM (0) TO (9)")
    query(articles, "INSERT INTO public.parted VALUES (1, 'One', 'Water.', 'Sky')")
    articles("attach", "parted", *HOW)
    query(articles, "CREATE TABLE public.high PARTITION OF public.parted"
                    " FOR VALUES FROM (9) TO (99)")
    with articles.connect() as writer, articles.connect() as other:
        writer.execute("BEGIN")
        writer.execute("INSERT INTO public.high VALUES (10, 'Ten', 'Water.', 'Sky')")
        other.execute("BEGIN")
        other.execute("UPDATE public.low SET title = 'Uno' WHERE id = 1")
        articles("sync", "--timeout", "8s")
        other.execute("COMMIT")
        articles("sync", "--timeout", "8s")
        assert documents(articles, "parted") == [("1", "Uno")]
        other.execute("BEGIN")
        other.execute("UPDATE public.low SET title = 'Eins' WHERE id = 1")
        writer.execute("COMMIT")
        # It stands in nobody's way any more that writes to the partition of before.
        def told():
            articles("sync", "--timeout", "8s")
            return ("10", "Ten") in documents(articles, "parted")
        wait_until(told)
        other.execute("COMMIT")
    agree(articles, "parted")


def test_a_writer_is_never_the_one_that_ends_a_deadlock(articles):
    """It has a content, and wants the table. Whoever takes in has that, and wants the content."""
    failure = []

    def truncate(writer):
        try:
            writer.execute("TRUNCATE public.articles")
            writer.execute("COMMIT")
        except psycopg.Error as error:
            failure.append(error)

    change(articles)
    with articles.connect() as writer:
        writer.execute("BEGIN")
        hold_contents(articles, writer)
        with articles.held_at(["attach-read"], "sync") as command:
            command.reach("attach-read")
            thread = threading.Thread(target=truncate, args=(writer,))
            thread.start()
            wait_until(lambda: query(articles, "SELECT 1 FROM pg_locks WHERE NOT granted"
                                               " AND relation = 'public.articles'::regclass"))
            command.go_on("attach-read")
            thread.join()
            assert failure == []
            command.finish()
    agree(articles)


@pytest.mark.parametrize("point", ["attach-read", "attach-written"])
def test_whoever_takes_in_and_is_stopped_holds_nothing_for_long(articles, point):
    """The time after which PostgreSQL ends such a transaction is shortened."""
    change(articles)
    with articles.held_at([point], "sync", knobs={"pg-idle-ms": 500}) as stopped:
        stopped.reach(point)
        with articles.connect() as writer:
            writer.execute("SET lock_timeout = '20s'")
            writer.execute("ALTER TABLE public.articles ADD COLUMN more integer")
        wait_until(lambda: "Hail" in titles(articles, "water"))
    agree(articles)


# --- attaching and detaching ----------------------------------------------------------------------

@pytest.mark.parametrize("how", [[], ["--where", "id > 0"]], ids=["all", "some"])
def test_whoever_has_the_table_is_told_of(articles, how):
    """And what is not attached yet is not half attached."""
    make(articles, "letters")
    with articles.connect() as writer:
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE public.letters IN ACCESS EXCLUSIVE MODE")
        error = articles.fails("timeout", "attach", "letters", *HOW, *how, "--timeout", "3s")
        assert f"held by process {writer.info.backend_pid}" in error["context"]
        assert query(articles, "SELECT count(*) FROM grove.attached") == [(1,)]


def test_a_table_that_is_locked_while_it_is_filled_is_waited_for(articles):
    make(articles, "letters")
    with articles.held_at(["attach-begun"], "attach", "letters", *HOW) as command:
        command.reach("attach-begun")
        with articles.connect() as writer:
            writer.execute("BEGIN")
            writer.execute("LOCK TABLE public.letters IN ACCESS EXCLUSIVE MODE")
            command.go_on("attach-begun")
            wait_until(lambda: query(articles, "SELECT 1 FROM grove.attached"
                                               " WHERE retry_at IS NOT NULL"))
            error = articles.fails("timeout", "attach", "letters", *HOW, "--timeout", "3s")
            assert f"held by process {writer.info.backend_pid}" in error["context"]
        command.finish()
    assert documents(articles, "letters") == rows(articles, "letters")


def test_detaching_keeps_a_table_locked_for_nothing_else(articles):
    """What was noted may be much: it goes when the table is free again."""
    change(articles)
    with articles.connect() as other:
        other.execute("BEGIN")
        other.execute("SELECT FROM grove.attached_change FOR UPDATE")
        articles.fails("timeout", "detach", "articles", "--keep", "--timeout", "3s")
        assert query(articles, "SELECT count(*) FROM pg_trigger WHERE tgrelid ="
                               " 'public.articles'::regclass") == [(0,)]
        assert articles.json("search", "water", "--path", "subject1")["complete"]
    articles("detach", "articles", "--keep")
    assert query(articles, "SELECT count(*) FROM grove.attached_change") == [(0,)]
