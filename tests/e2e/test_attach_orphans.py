# SPDX-License-Identifier: Apache-2.0
"""Tables whose attachment is gone, as after a restore to a moment before it; triggers stay."""

import pytest

HOW = ["--key", "id", "--title", "title", "--text", "title", "--path", "subject1/{title}"]
TABLES = ("letters", "notes")
OF_NOTES = [("public.notes", "Rain falls"), ("public.notes", "Snow falls there")]


@pytest.fixture
def orphaned(empty):
    """One of two tables was attached, and the database does not know it any more. Numbers of
    attachments come again."""
    with empty.connect() as conn:
        for name in TABLES:
            conn.execute(f"CREATE TABLE public.{name} (id integer PRIMARY KEY, title text);"
                         f"INSERT INTO public.{name} VALUES (1, 'Rain falls')")
    empty("attach", "letters", *HOW)
    with empty.connect() as conn:
        number = conn.execute("DELETE FROM grove.attached RETURNING id").fetchone()[0]
        conn.execute("DELETE FROM grove.document;"
                     "DELETE FROM content_metadata WHERE hierarchy_table = 'subject1_hierarchy'")
        conn.execute("SELECT setval(pg_get_serial_sequence('grove.attached', 'id'), %s, false)",
                     [number])
        conn.execute("INSERT INTO public.letters VALUES (2, 'Snow falls')")
    yield empty
    for name in TABLES:
        empty("detach", name, check=False)
    with empty.connect() as conn:
        conn.execute("DROP TABLE public.letters, public.notes")
    empty("rm", "subject1", "--yes", check=False)


def triggers(grove, name):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass",
                            [name]).fetchone()[0]


def noted(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM grove.attached_change").fetchone()[0]


def titles(grove):
    hits = grove.json("search", "Snow falls", "--path", "subject1")["results"]
    return sorted((hit["document"]["table"], hit["title"]) for hit in hits)


def test_the_doctor_tells_and_detach_takes_the_triggers_away(orphaned):
    finding = next(line for line in orphaned.json("doctor")["findings"]
                   if line["name"] == "attached")
    assert "public.letters has triggers of an attachment that is gone" in finding["text"]
    assert triggers(orphaned, "letters") == 4 and noted(orphaned) == 1
    orphaned("detach", "letters")
    assert triggers(orphaned, "letters") == 0 and noted(orphaned) == 0
    assert "attached" not in [line["name"] for line in orphaned.json("doctor")["findings"]]
    assert "is attached" in orphaned.fails("not_found", "detach", "letters")["message"]


def test_it_is_attached_again(orphaned):
    """Under another number, too."""
    with orphaned.connect() as conn:
        conn.execute("SELECT nextval(pg_get_serial_sequence('grove.attached', 'id'))")
    orphaned("attach", "letters", *HOW)
    assert triggers(orphaned, "letters") == 4 and noted(orphaned) == 0
    assert titles(orphaned) == [("public.letters", "Rain falls"), ("public.letters", "Snow falls")]


def test_another_table_gets_its_number(orphaned):
    """And not what is written into the one that had it."""
    orphaned("attach", "notes", *HOW)
    assert triggers(orphaned, "letters") == 0 and triggers(orphaned, "notes") == 4
    with orphaned.connect() as conn:
        conn.execute("INSERT INTO public.letters VALUES (3, 'Snow falls here');"
                     "INSERT INTO public.notes VALUES (3, 'Snow falls there')")
    assert titles(orphaned) == OF_NOTES


def test_of_two_tables_with_its_triggers_it_is_the_older_one(orphaned):
    orphaned("attach", "notes", *HOW)
    with orphaned.connect() as conn:
        number = conn.execute("SELECT id FROM grove.attached").fetchone()[0]
        conn.execute(f"CREATE TRIGGER grove_attached_{number} AFTER INSERT ON public.letters"
                     " REFERENCING NEW TABLE AS new_rows"
                     f" FOR EACH STATEMENT EXECUTE FUNCTION grove.attached_{number}()")
        conn.execute("INSERT INTO public.notes VALUES (3, 'Snow falls there')")
    assert titles(orphaned) == OF_NOTES
    listed = orphaned.json("attachments")["attachments"]
    assert [item["table"] for item in listed] == ["public.notes"]
    orphaned("sync")
