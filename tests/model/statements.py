# SPDX-License-Identifier: Apache-2.0
"""Statements that an SQL client sends to a tree of its own, each with what it does to the model.

A function here takes a random source and the tree as it is, and gives a Statement, or None where
the tree has nothing for it.
"""

import dataclasses
import datetime
from collections.abc import Callable

import texts
from state import Content

KINDS = ("Note", "Article", "Poem")
SUPPLIED = "Supplied "  # begins the titles of contents that came with a vector
EPOCH = datetime.datetime(2024, 1, 1)
LEAF = "(SELECT id FROM {table} WHERE (branch, limb, leaf) = (%s, %s, %s))"
INSERT = ("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, chunk_number,"
          " title, content_summary, word_count, created_at)"
          " VALUES (%s, " + LEAF + ", %s, %s, %s, %s, %s, %s) RETURNING id")

DUPLICATE, NO_LEAF, NULL = "23505", "23503", "23502"


@dataclasses.dataclass(frozen=True)
class Statement:
    sql: str
    values: tuple
    apply: Callable = lambda tree, rows: None  # changes the tree, given what was returned
    returns: int = 0                           # rows, of an INSERT: their ids
    fails: str | None = None                   # with this SQLSTATE, whenever it is run
    read_committed: bool = False               # refused at the other levels, as documented


def words(source):
    return None if source.random() < 0.1 else source.randint(1, 400)


def moment(source):
    if source.random() < 0.1:
        return None
    return EPOCH + datetime.timedelta(seconds=source.randint(0, 10 ** 8))


def choose(source, options):
    return source.choice(options) if options else None


def new_leaf(source):
    return tuple(f"{level}{source.randint(1, count)}" for level, count in
                 (("Branch ", 3), ("Limb ", 3), ("Leaf ", 4)))


def one_content(source, tree):
    """(key, content without an id) of a content that is not there."""
    leaf = choose(source, sorted(tree.leaves))
    if leaf is None:
        return None, None
    kind = source.choice(KINDS)
    return ((*leaf, kind, tree.free_chunk(leaf, kind)),
            Content(0, texts.title(source), texts.sentence(source), None, words(source),
                    moment(source)))


def values_of(tree, key, content):
    return (tree.table, *key[:3], *key[3:], content.title, content.summary, content.words,
            content.created)


def insert(source, tree):
    key, content = one_content(source, tree)
    if key is None:
        return None

    def apply(after, rows):
        after.contents[key] = dataclasses.replace(content, id=rows[0][0])
    return Statement(INSERT.format(table=tree.table), values_of(tree, key, content), apply, 1)


def insert_some(source, tree):
    """A statement that inserts several rows, all of one leaf."""
    key, content = one_content(source, tree)
    if key is None:
        return None
    count = source.randint(2, 6)
    kind = f"Many {source.randint(1, 3)}"
    first = max([other[4] for other in tree.contents if other[:4] == (*key[:3], kind)],
                default=0) + 1

    def apply(after, rows):
        for number, (content_id,) in zip(range(first, first + count), rows, strict=True):
            after.contents[(*key[:3], kind, number)] = dataclasses.replace(content, id=content_id)
    return Statement(
        "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, chunk_number,"
        " title, content_summary, word_count, created_at)"
        " SELECT %s, " + LEAF.format(table=tree.table) + ", %s, n, %s, %s, %s, %s"
        " FROM generate_series(%s::int, %s::int) AS n RETURNING id",
        (tree.table, *key[:3], kind, content.title, content.summary, content.words,
         content.created, first, first + count - 1), apply, count)


def set_columns(tree, key, changed, columns):
    """UPDATE of these columns of one content, to what `changed` has."""
    names = {"title": "title", "summary": "content_summary", "words": "word_count",
             "created": "created_at"}
    old = tree.contents[key]

    def apply(after, _rows):
        after.contents[key] = changed
    return Statement(
        f"UPDATE content_metadata SET {', '.join(names[name] + ' = %s' for name in columns)}"
        " WHERE id = %s", (*(getattr(changed, name) for name in columns), old.id), apply)


def came_with_a_vector(content):
    """Such a text must not come back once it was changed: whether its vector is there still, or a
    computed one has taken its place, hangs on whether it was projected in between. Its title
    tells, and goes with the first change of its text."""
    return content.title.startswith(SUPPLIED)


def change_text(source, tree):
    key = choose(source, tree.plain())
    if key is None:
        return None
    columns = source.choice((("title",), ("summary",), ("title", "summary")))
    if came_with_a_vector(tree.contents[key]):
        columns = ("title",)
    fields = {"title": texts.title(source), "summary": texts.sentence(source)}
    changed = tree.contents[key].with_text(**{name: fields[name] for name in columns})
    return set_columns(tree, key, changed, columns)


def change_fields(source, tree):
    key = choose(source, tree.plain())
    if key is None:
        return None
    changed = dataclasses.replace(tree.contents[key], words=words(source), created=moment(source))
    return set_columns(tree, key, changed, source.choice((("words", "created"),)))


def change_many(source, tree):
    """One statement for all of a place: chunks of documents as well."""
    place = choose(source, tree.places(source.randint(1, 3)))
    if place is None or not tree.under(place):
        return None
    count = source.randint(1, 400)
    keys = tree.under(place)
    names = " AND ".join(f"{level} = %s" for level in ("branch", "limb", "leaf")[:len(place)])

    def apply(after, _rows):
        for key in keys:
            after.contents[key] = dataclasses.replace(after.contents[key], words=count)
    return Statement(
        "UPDATE content_metadata SET word_count = %s WHERE hierarchy_table = %s AND leaf_id IN"
        f" (SELECT id FROM {tree.table} WHERE {names})", (count, tree.table, *place), apply)


def change_nothing(source, tree):
    key = choose(source, tree.plain())
    return key and Statement("UPDATE content_metadata SET title = title WHERE id = %s",
                             (tree.contents[key].id,))


def move_one(source, tree):
    """To another leaf, or to another type; sometimes to where another content is."""
    key = choose(source, tree.plain())
    leaf = choose(source, sorted(tree.leaves))
    if key is None:
        return None
    kind = source.choice(KINDS)
    target = (*leaf, kind, tree.free_chunk(leaf, kind))
    taken = [other for other in tree.plain() if other != key]
    clashes = bool(taken) and source.random() < 0.1
    if clashes:
        target = source.choice(taken)

    def apply(after, _rows):
        after.contents[target] = after.contents.pop(key)
    return Statement(
        "UPDATE content_metadata SET leaf_id = " + LEAF.format(table=tree.table) +
        ", content_type = %s, chunk_number = %s WHERE id = %s",
        (*target, tree.contents[key].id), apply, fails=DUPLICATE if clashes else None)


def write_body(source, tree):
    key = choose(source, [key for key in tree.plain()
                          if not came_with_a_vector(tree.contents[key])])
    if key is None:
        return None
    changed = tree.contents[key].with_text(body=texts.sentence(source))

    def apply(after, _rows):
        after.contents[key] = changed
    return Statement("INSERT INTO grove.body (content_id, body) VALUES (%s, %s)"
                     " ON CONFLICT (content_id) DO UPDATE SET body = excluded.body",
                     (changed.id, changed.body), apply)


def drop_body(source, tree):
    key = choose(source, [key for key in tree.plain() if tree.contents[key].body is not None
                          and not came_with_a_vector(tree.contents[key])])
    if key is None:
        return None
    changed = tree.contents[key].with_text(body=None)

    def apply(after, _rows):
        after.contents[key] = changed
    return Statement("DELETE FROM grove.body WHERE content_id = %s", (changed.id,), apply)


def delete(source, tree):
    keys = tree.plain()
    keys = source.sample(keys, min(len(keys), source.choice((1, 1, 1, 2, 4))))

    def apply(after, _rows):
        after.drop(keys)
    return Statement("DELETE FROM content_metadata WHERE id = ANY (%s)",
                     ([tree.contents[key].id for key in keys],), apply)


def add_leaf(source, tree):
    leaf = new_leaf(source)

    def apply(after, rows):
        after.leaves[leaf] = rows[0][0]
    return Statement(f"INSERT INTO {tree.table} (branch, limb, leaf) VALUES (%s, %s, %s)"
                     " RETURNING id", leaf, apply, 1,
                     fails=DUPLICATE if leaf in tree.leaves else None)


def delete_leaf(source, tree):
    leaf = choose(source, sorted(tree.leaves))
    if leaf is None:
        return None

    def apply(after, _rows):
        del after.leaves[leaf]
    return Statement(f"DELETE FROM {tree.table} WHERE (branch, limb, leaf) = (%s, %s, %s)", leaf,
                     apply, fails=NO_LEAF if tree.under(leaf) else None, read_committed=True)


def rename_place(source, tree):
    """A branch, limb or leaf gets a name of its own, or that of another, with which it unites."""
    old = choose(source, tree.places(source.randint(1, 3)))
    if old is None:
        return None
    level = ("branch", "limb", "leaf")[len(old) - 1]
    name = new_leaf(source)[len(old) - 1]
    if source.random() < 0.5:
        name = f"Renamed {source.randint(1, 10 ** 6)}"
    if name == old[-1]:
        return None
    new = (*old[:-1], name)
    where = " AND ".join(f"{column} = %s" for column in ("branch", "limb", "leaf")[:len(old)])

    def apply(after, _rows):
        after.move(old, new)
    return Statement(f"UPDATE {tree.table} SET {level} = %s WHERE {where}", (name, *old), apply,
                     fails=None if tree.copy().move(old, new) else DUPLICATE, read_committed=True)


def wrong(source, tree):
    """What every client may get wrong, and must be told."""
    key, content = one_content(source, tree)
    if key is None:
        return None
    there = choose(source, tree.plain())
    values = values_of(tree, key, content)
    kind = source.randrange(3)
    if kind == 0 and there is not None:
        return Statement(INSERT.format(table=tree.table), (*values[:1], *there, *values[6:]),
                         fails=DUPLICATE)
    if kind == 1:
        return Statement(INSERT.format(table=tree.table),
                         (tree.table, "No", "such", "leaf", *values[4:]), fails=NULL)
    return Statement("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary) VALUES (%s, 2000000000, 'Note', 'Lost', 'Lost.')",
                     (tree.table,), fails=NO_LEAF)


# Function and weight. What makes contents and what takes them are drawn by how many there are.
CHANGES = ((change_text, 6), (change_fields, 8), (change_many, 2), (change_nothing, 1),
           (move_one, 5), (write_body, 4), (drop_body, 2), (add_leaf, 3), (delete_leaf, 2),
           (rename_place, 2), (wrong, 2))
GROWING = ((insert, 14), (insert_some, 4))
SHRINKING = ((delete, 10),)


def draw(source, tree, size):
    """A statement for a tree that is to have some `size` contents."""
    full = len(tree.contents) / size
    makers = [(make, weight) for make, weight in CHANGES]
    makers += [(make, weight * max(0.1, 2 - 2 * full)) for make, weight in GROWING]
    makers += [(make, weight * full * full) for make, weight in SHRINKING]
    while True:
        make, = source.choices([make for make, _ in makers], [weight for _, weight in makers])
        statement = make(source, tree)
        if statement is not None:
            return statement
