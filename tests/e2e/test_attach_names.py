# SPDX-License-Identifier: Apache-2.0
"""What is typed to attach a table: its name, and a condition."""

import pytest


@pytest.fixture
def pages(empty):
    """A table whose name PostgreSQL wants in quotes."""
    with empty.connect() as conn:
        conn.execute('CREATE TABLE "Wiki Page" (id int PRIMARY KEY, "Title" text, body text);'
                     "INSERT INTO \"Wiki Page\" VALUES (1, 'Hens', 'Hens lay eggs.')")
    yield empty
    empty("detach", "Wiki Page", check=False)
    with empty.connect() as conn:
        conn.execute('DROP TABLE IF EXISTS "Wiki Page"')
    empty("rm", "subject1", "--yes", check=False)


@pytest.mark.parametrize("name", ["Wiki Page", '"Wiki Page"', "public.Wiki Page",
                                  'public."Wiki Page"'])
def test_a_name_is_understood_with_its_quotes_and_without(pages, name):
    pages("attach", name, "--title", "Title", "--path", "subject1/wiki")
    error = pages.fails("conflict", "attach", name, "--title", "body", "--path", "subject1/wiki")
    assert "grove detach 'public.\"Wiki Page\"'" in error["hint"]
    pages("detach", name)
    with pages.connect() as conn:
        assert conn.execute("SELECT count(*) FROM grove.attached").fetchone() == (0,)


def test_a_condition_that_sql_refuses(pages):
    error = pages.fails("unsupported", "attach", "Wiki Page", "--title", "Title", "--path",
                        "subject1/wiki", "--where", "publ")
    assert 'column "publ" does not exist' in error["message"]
    assert "the columns: id Title body" in error["hint"]


def test_a_table_that_is_gone_says_what_to_do(pages):
    pages("attach", "Wiki Page", "--title", "Title", "--path", "subject1/wiki")
    with pages.connect() as conn:
        conn.execute('DROP TABLE "Wiki Page"')
    problem = pages.json("attachments")["attachments"][0]["problem"]
    assert "its table is gone" in problem and '"grove detach"' in problem
    pages("detach", "public.Wiki Page")
    assert pages.json("attachments")["attachments"] == []
