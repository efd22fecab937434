# SPDX-License-Identifier: Apache-2.0
"""What the owner of an attached table may have done by others, who may do more: nothing."""

import pytest

OWNER = """
CREATE ROLE owner_of_items;
CREATE SCHEMA items AUTHORIZATION owner_of_items;
SET ROLE owner_of_items;
CREATE TABLE items.called (by_whom text);
CREATE FUNCTION items.note() RETURNS void LANGUAGE sql AS
    'INSERT INTO items.called VALUES (current_user)';
CREATE TYPE items.letter AS ENUM ('a', 'b', 'c', 'd');
CREATE TYPE items.kind AS ENUM ('Sky', 'Food');
CREATE FUNCTION items.is_name(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM items.note(); RETURN true; END $$;
CREATE DOMAIN items.name AS varchar(20) CHECK (items.is_name(VALUE));
CREATE FUNCTION items.letter_text(items.letter) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM items.note(); RETURN format('%s', $1); END $$;
CREATE FUNCTION items.letter_json(items.letter) RETURNS json LANGUAGE plpgsql AS $$
BEGIN PERFORM items.note(); RETURN format('"%s"', $1)::json; END $$;
CREATE FUNCTION items.text_letter(text) RETURNS items.letter LANGUAGE plpgsql AS $$
BEGIN PERFORM items.note(); RETURN e FROM unnest(enum_range(NULL::items.letter)) AS e
                             WHERE format('%s', e) = $1; END $$;
CREATE FUNCTION items.kind_text(items.kind) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM items.note(); RETURN format('%s', $1); END $$;
CREATE CAST (items.letter AS text) WITH FUNCTION items.letter_text(items.letter) AS ASSIGNMENT;
CREATE CAST (items.letter AS json) WITH FUNCTION items.letter_json(items.letter);
CREATE CAST (text AS items.letter) WITH FUNCTION items.text_letter(text);
CREATE CAST (items.kind AS text) WITH FUNCTION items.kind_text(items.kind) AS ASSIGNMENT;
CREATE TABLE items.one (letter items.letter, name items.name, kind items.kind, title text,
                        PRIMARY KEY ({key}));
INSERT INTO items.one VALUES ('a', 'n', 'Sky', 'Rain falls'), ('b', 'n', 'Food', 'Bread is baked');
"""
HOW = ["--title", "title", "--text", "title", "--path", "subject1/{kind}"]


@pytest.fixture
def items(empty, request):
    """The table, with the key that is asked for, attached."""
    with empty.connect() as conn:
        conn.execute(OWNER.format(key=request.param))
    empty("attach", "items.one", *HOW)
    yield empty
    with empty.connect() as conn:
        conn.execute("DROP SCHEMA items CASCADE; DROP ROLE owner_of_items")
    empty("detach", "items.one")
    empty("rm", "subject1", "--yes", check=False)


def as_owner(grove, sql):
    with grove.connect() as conn:
        conn.execute(f"SET ROLE owner_of_items; {sql}")


def callers(grove):
    with grove.connect() as conn:
        return {row[0] for row in conn.execute("SELECT by_whom FROM items.called")}


def documents(grove):
    with grove.connect() as conn:
        return dict(conn.execute("SELECT key, title FROM grove.document"
                                 " WHERE source = 'items.one'"))


@pytest.mark.parametrize("items, keys", [
    ("letter", ["a", "b", "c"]),
    ("name, letter", ['["n", "a"]', '["n", "b"]', '["n", "c"]']),
], indirect=["items"], ids=["one column", "two columns"])
def test_casts_and_checks_of_its_types_are_left_alone(items, keys):
    """Those that were there are read, one that comes, one that changes, one that goes."""
    assert documents(items) == {keys[0]: "Rain falls", keys[1]: "Bread is baked"}
    as_owner(items, "INSERT INTO items.one VALUES ('c', 'n', 'Sky', 'Snow falls');"
                    "UPDATE items.one SET title = 'Rain is water' WHERE letter = 'a';"
                    "DELETE FROM items.one WHERE letter = 'b'")
    hits = items.json("search", "Snow falls", "--path", "subject1/Sky")["results"]
    assert [hit["title"] for hit in hits] == ["Snow falls", "Rain is water"]
    items("sync")
    assert documents(items) == {keys[0]: "Rain is water", keys[2]: "Snow falls"}
    assert callers(items) == {"owner_of_items"}


@pytest.mark.parametrize("items", ["letter"], indirect=True)
def test_a_view_with_a_triggers_name_is_not_the_table(items):
    with items.connect() as conn:
        number = conn.execute("SELECT id FROM grove.attached").fetchone()[0]
    as_owner(items, f"""
        ALTER TABLE items.one RENAME TO other;
        CREATE FUNCTION items.told() RETURNS text LANGUAGE plpgsql AS
            $$ BEGIN PERFORM items.note(); RETURN 'told'; END $$;
        CREATE FUNCTION items.instead() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RETURN NULL; END $$;
        CREATE VIEW items.one AS
            SELECT letter, name, kind, items.told() AS title FROM items.other;
        DROP TRIGGER grove_attached_{number} ON items.other;
        CREATE TRIGGER grove_attached_{number} INSTEAD OF INSERT ON items.one
            FOR EACH ROW EXECUTE FUNCTION items.instead();
        UPDATE items.other SET title = 'Rain is water' WHERE letter = 'a'""")
    items("sync", check=False)
    assert documents(items) == {"a": "Rain falls", "b": "Bread is baked"}
    assert callers(items) == {"owner_of_items"}
    with items.connect() as conn:
        assert conn.execute("SELECT problem FROM grove.attached").fetchone()[0]
