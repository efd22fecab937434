# SPDX-License-Identifier: Apache-2.0
"""What all clients change at once: contents on one leaf, whose limb gets other names meanwhile.

In which order they come nobody knows; what must come of it is known all the same. A content has as
many words as transactions that added one were committed, is there if whoever made it did not take
it away, and lies on a limb that somebody named so.
"""

import threading

import psycopg
import texts
from compare import Disagreement, read_tree
from state import Tree

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
TREE = "subject8"
TABLE = "subject8_hierarchy"
COUNTERS = 4
ATTEMPTS = 1000


class Shared:
    """By title: contents that are surely there, those that may be, and how many words were added,
    surely and at most."""

    def __init__(self, world):
        self.world, self.lock = world, threading.Lock()
        self.names = {"Limb"}
        self.certain, self.possible, self.words, self.words_max = set(), set(), {}, {}
        self.numbers = 0
        self.tree = Tree(TREE, TABLE)

    def make(self, conn):
        """The leaf, where it is not there, and the contents that are counted in."""
        row = conn.execute(f"SELECT id FROM {TABLE}").fetchone() or conn.execute(
            f"INSERT INTO {TABLE} (branch, limb, leaf) VALUES ('Shared', 'Limb', 'Leaf')"
            " RETURNING id").fetchone()
        self.leaf = row[0]
        self.certain, self.possible = set(), set()
        for number in range(COUNTERS):
            self.insert(conn, f"Counter {number}", number)
            self.certain.add(f"Counter {number}")
        self.words, self.words_max = ({title: 0 for title in self.certain} for _ in range(2))

    def insert(self, conn, title, number):
        conn.execute("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type,"
                     " chunk_number, title, content_summary, word_count, created_at)"
                     " VALUES (%s, %s, 'Shared', %s, %s, 'Everybody writes here.', 0, NULL)",
                     (TABLE, self.leaf, number, title))

    def change(self, client, source):
        """One change, by a client, at any isolation level; again where others came first."""
        kind = source.choices(("count", "insert", "delete", "rename"), (10, 4, 4, 2))[0]
        level = LEVELS[0] if kind == "rename" else source.choices(LEVELS, (5, 3, 2))[0]
        with self.lock:
            self.numbers += 1
            number = COUNTERS + self.numbers
            title = f"Shared {client.number} {self.numbers}"
            mine = sorted(name for name in self.certain
                          if name.startswith(f"Shared {client.number} "))
        if kind == "delete" and not mine:
            kind = "insert"
        if kind == "delete":
            title = source.choice(mine)
        elif kind == "count":
            title = f"Counter {source.randrange(COUNTERS)}"
        elif kind == "rename":
            title = texts.title(source)
            with self.lock:
                self.names.add(title)
        for _ in range(ATTEMPTS):
            try:
                if self.attempt(client, level, kind, title, number):
                    return
            except psycopg.Error as error:
                self.world.pardon(error)
                self.note(kind, title, False)
                return
        raise Disagreement(f"{kind} {level} failed {ATTEMPTS} times")

    def attempt(self, client, level, kind, title, number):
        conn = client.connection()
        conn.execute(f"BEGIN ISOLATION LEVEL {level}")
        try:
            if kind == "count":
                conn.execute("UPDATE content_metadata SET word_count = word_count + 1"
                             " WHERE hierarchy_table = %s AND title = %s", (TABLE, title))
            elif kind == "insert":
                self.insert(conn, title, number)
            elif kind == "delete":
                conn.execute("DELETE FROM content_metadata WHERE hierarchy_table = %s"
                             " AND title = %s", (TABLE, title))
            else:
                conn.execute(f"UPDATE {TABLE} SET limb = %s WHERE id = %s", (title, self.leaf))
            conn.execute("COMMIT")
        except psycopg.errors.SerializationFailure:
            conn.execute("ROLLBACK")
            if level == LEVELS[0]:
                raise
            return False
        self.note(kind, title, True)
        return True

    def note(self, kind, title, surely):
        with self.lock:
            if kind == "count":
                self.words_max[title] += 1
                self.words[title] += 1 if surely else 0
            elif kind in ("insert", "delete"):
                if kind == "insert" and surely:
                    self.certain.add(title)
                else:
                    self.certain.discard(title)
                if not surely:
                    self.possible.add(title)

    def state(self):
        return self.certain, self.words, self.leaf, self.tree

    def go_back(self, state):
        self.certain, self.words, self.leaf, self.tree = state
        self.words_max, self.possible = dict(self.words), set()

    def settle(self, conn):
        """In quiet: takes what PostgreSQL has, where it can have come about."""
        contents, leaves = read_tree(conn, TABLE)
        by_title = {content.title: content for content in contents.values()}
        told = []
        if not self.certain <= by_title.keys() <= self.certain | self.possible:
            told.append(f"{sorted(by_title)} are there, {sorted(self.certain)} must be, "
                        f"{sorted(self.possible)} may be")
        told += [f"{title} was counted up {self.words[title]} times, or {most}: "
                 f"{by_title[title]}" for title, most in self.words_max.items()
                 if title in by_title
                 and not self.words[title] <= by_title[title].words <= most]
        if len(leaves) != 1 or not {limb for _, limb, _ in leaves} <= self.names:
            told.append(f"leaves {sorted(leaves)}, of limbs {sorted(self.names)}")
        if told or len(by_title) != len(contents):
            raise Disagreement(f"{TREE}: " + "; ".join(told or [str(contents)]))
        self.certain, self.possible = set(by_title), set()
        self.words = {title: by_title[title].words for title in self.words}
        self.words_max = dict(self.words)
        self.tree = Tree(TREE, TABLE, contents, leaves)
