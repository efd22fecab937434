# SPDX-License-Identifier: Apache-2.0
"""Clients: each owns a tree, changes it by SQL and by grove, and knows what is to be found in it.

Nobody else writes to a client's tree, so that the model is exact while others are at work: a search
under the tree's path must show what this client committed a moment ago. What all clients change is
in shared.py.
"""

import collections
import csv
import dataclasses
import datetime
import random

import psycopg
import statements
import texts
from caller import Failed
from compare import Disagreement, Written, check_ranking, read_tree, settle
from state import Content, Filter, Tree, ranking
from statements import KINDS, draw, moment, new_leaf

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
ATTEMPTS = 200       # of a transaction in serializable, which may fail for what others do
REMEMBERED = 30      # operations that a failure tells
SUPPLIED = 40        # vectors that rows bring along
NO_VECTORS = "no usable vector yet"


class Client:
    """`world` has the callers, the texts and what is shared; see world.py."""

    def __init__(self, world, number):
        self.world, self.number = world, number
        self.tree = Tree(f"subject{number}", f"subject{number}_hierarchy")
        self.conn = None
        self.supplied = 0
        self.log = collections.deque(maxlen=REMEMBERED)

    def run(self, seed, count):
        """So many operations; those of one seed are the same each time."""
        source = random.Random(seed)
        done = 0
        makers, weights = zip(*OPERATIONS, strict=True)
        while done < count:
            make, = source.choices(makers, weights)
            self.log.append(make.__name__)
            made = make(self, source)
            done += made
            self.world.count(made)

    # --- PostgreSQL -------------------------------------------------------------------------------

    def connection(self):
        if self.conn is None or self.conn.closed:
            self.conn = self.world.insist(self.world.connect)
        return self.conn

    def look(self):
        """What PostgreSQL has of the tree; after a fault as soon as it answers."""
        return self.world.insist(lambda: read_tree(self.connection(), self.tree.table))

    def accept(self, candidates):
        """It is unknown what became of an operation: one of these, (tree, documents), and no
        mixture of them."""
        seen, told = self.look(), []
        for tree, written in reversed(candidates):
            try:
                self.tree = settle(tree, seen, written)
                return
            except Disagreement as problem:
                told.append(str(problem))
        raise Disagreement("an operation that failed left neither what was before nor what was to "
                           "be: " + " | ".join(told))

    def check(self):
        self.tree = settle(self.tree, self.look())

    def statement(self, source, tree, level):
        while True:
            found = draw(source, tree, self.world.size)
            if level == LEVELS[0] or not found.read_committed:
                self.log.append((level, found.sql, found.values, found.fails))
                return found

    def refused(self, conn, statement):
        try:
            conn.execute(statement.sql, statement.values)
        except psycopg.Error as error:
            if error.sqlstate != statement.fails:
                raise
            return
        raise Disagreement(f"{statement} was done")

    def single(self, source):
        """A statement that is a transaction."""
        statement = self.statement(source, self.tree, LEVELS[0])
        after = self.tree.copy()
        conn = self.connection()
        try:
            if statement.fails:
                self.refused(conn, statement)
                return 1
            rows = conn.execute(statement.sql, statement.values)
            statement.apply(after, rows.fetchall() if statement.returns else [])
            self.tree = after
        except psycopg.Error as error:
            self.world.pardon(error)
            if not statement.fails:
                statement.apply(after, [(None,)] * statement.returns)
            self.accept([(self.tree, None)] + ([] if statement.fails else [(after, None)]))
        return 1

    def transaction(self, source):
        """Some statements, at any isolation level; committed, or taken back as a whole or from a
        savepoint on."""
        level, = source.choices(LEVELS, (5, 3, 2))
        state = source.getstate()
        for _ in range(ATTEMPTS):
            source.setstate(state)
            try:
                return self.attempt(source, level)
            except psycopg.errors.SerializationFailure:
                # Nobody else has a part in these rows: only serializable may take readers of
                # neighbours for one.
                if level != "SERIALIZABLE":
                    raise
        raise Disagreement(f"serializable failed {ATTEMPTS} times")

    def attempt(self, source, level):
        count, taken_back = source.randint(1, 4), source.random() < 0.15
        conn, after, committing = self.connection(), self.tree.copy(), False
        try:
            conn.execute(f"BEGIN ISOLATION LEVEL {level}")
            for done in range(1, count + 1):
                statement = self.statement(source, after, level)
                if statement.fails is None:
                    rows = conn.execute(statement.sql, statement.values)
                    statement.apply(after, rows.fetchall() if statement.returns else [])
                    continue
                saved = source.random() < 0.5
                if saved:
                    conn.execute("SAVEPOINT before")
                self.refused(conn, statement)
                conn.execute("ROLLBACK TO before" if saved else "ROLLBACK")
                if not saved:
                    return done
            committing = not taken_back
            conn.execute("COMMIT" if committing else "ROLLBACK")
            if committing:
                self.tree = after
        except psycopg.errors.SerializationFailure:
            conn.execute("ROLLBACK")
            raise
        except psycopg.Error as error:
            self.world.pardon(error)
            self.accept([(self.tree, None)] + ([(after, None)] if committing else []))
        return count

    # --- grove ------------------------------------------------------------------------------------

    def call(self, source, command, given):
        """As a library or as a command, which may be made to fail, wait or die on its way."""
        self.log.append((command, given))
        return self.world.call(source, command, given)

    def change(self, source, command, given, after, expected=None, written=None, between=()):
        """An operation of grove, after which the tree is `after`; or it fails as `expected`. Where
        it is broken off it may have come as far as one of `between`, too."""
        try:
            self.call(source, command, given)
        except Failed as failure:
            if failure.code == expected:
                return 1
            self.world.pardon(failure)
            self.accept([(self.tree, None), *between]
                        + ([] if expected else [(after, written)]))
            return 1
        if expected:
            raise Disagreement(f"{command} {given} did not fail: {expected}")
        self.tree = settle(after, self.look(), written)
        return 1

    def load(self, source):
        after, rows = self.tree.copy(), []
        there = self.tree.plain()
        for _ in range(source.randint(1, 8)):
            if there and source.random() < 0.4:
                key = source.choice(there)
                old = self.tree.contents[key]
            else:
                leaf = (source.choice(sorted(after.leaves))
                        if after.leaves and source.random() < 0.8 else new_leaf(source))
                kind = source.choice(KINDS)
                key = (*leaf, kind, after.free_chunk(leaf, kind))
                old = after.contents.get(key, Content(None, "", ""))
            if key in [row[0] for row in rows]:
                continue
            content = old
            if old.id is None or source.random() < 0.7:
                content = old.with_text(
                    title=texts.title(source), summary=texts.sentence(source),
                    body=texts.sentence(source) if source.random() < 0.3 else None)
            # A load counts the words of a row that does not say.
            content = dataclasses.replace(content, words=source.randint(1, 400),
                                          created=moment(source) or old.created
                                          or statements.EPOCH)
            if source.random() < 0.3 and old.supplied is None:
                self.supplied += 1
                content = dataclasses.replace(
                    content, title=f"{statements.SUPPLIED}{self.number}.{self.supplied}",
                    supplied=source.randint(1, SUPPLIED))
            after.contents[key] = content
            after.leaves.setdefault(key[:3], None)
            rows.append((key, content))
        return self.change(source, "load", {"rows": [
            line_of(after, key, content, texts.made_vector(content.supplied)
                    if content.supplied is not None else None) for key, content in rows]}, after)

    def write_documents(self, source, count):
        """Names documents and where they go: (key, Written) each."""
        for _ in range(count):
            leaf = source.choice(sorted(self.tree.leaves) or [("Branch 1", "Limb 1", "Leaf 1")])
            key = f"{self.tree.table} {source.randint(1, 6)}"
            yield key, Written(leaf, "Document", texts.title(source), texts.long_text(source))

    def with_documents(self, written):
        after = self.tree.copy()
        after.drop([key for key, content in self.tree.contents.items()
                    if content.document in written])
        for document in written.values():
            after.leaves.setdefault(document.leaf, None)
        return after

    def load_document(self, source):
        written = dict(self.write_documents(source, 1))
        (key, document), = written.items()
        row = {**line_of(self.tree, (*document.leaf, document.kind, 1),
                         Content(None, document.title, "")), "document": key, "body": document.text}
        del row["summary"], row["chunk_number"]
        return self.change(source, "load", {"rows": [row]}, self.with_documents(written),
                           written=written)

    def import_documents(self, source):
        written = dict(self.write_documents(source, 3))
        path = self.world.folder / f"import-{self.number}.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(("key", "branch", "limb", "leaf", "title", "body"))
            table.writerows((key, *document.leaf, document.title, document.text)
                            for key, document in written.items())
        keys = list(written)
        between = [(self.with_documents(part), part) for part in (
            {key: written[key] for key in keys[:count]} for count in range(1, len(keys)))]
        # Leaves of documents that are not written yet are not there.
        return self.change(source, "import", {
            "file": str(path), "path": self.tree.name + "/{branch}/{limb}/{leaf}",
            "type": "Document", "key": "key"}, self.with_documents(written), written=written,
            between=between)

    def move_contents(self, source):
        keys = self.tree.plain()
        keys = source.sample(keys, min(len(keys), source.randint(1, 3)))
        leaf = (source.choice(sorted(self.tree.leaves))
                if self.tree.leaves and source.random() < 0.8 else new_leaf(source))
        after = self.tree.copy()
        moved = {(*leaf, *key[3:]): after.contents.pop(key) for key in keys}
        clashes = len(moved) < len(keys) or moved.keys() & after.contents.keys()
        after.contents.update(moved)
        after.leaves.setdefault(leaf, None)
        if not keys:
            return 0
        return self.change(source, "mv", {"ids": [self.tree.contents[key].id for key in keys],
                                          "to": self.tree.path(leaf)}, after,
                           expected="conflict" if clashes else None)

    def move_place(self, source):
        places = self.tree.places(source.randint(1, 3))
        if not places:
            return 0
        old = source.choice(places)
        new = new_leaf(source)[:len(old)]
        after = self.tree.copy()
        there = bool(self.tree.leaves_under(new))
        if not there:
            after.move(old, new)
        return self.change(source, "mv", {"from": self.tree.path(old), "to": self.tree.path(new)},
                           after, expected="conflict" if there else None)

    def remove_contents(self, source):
        keys = self.tree.plain()
        keys = source.sample(keys, min(len(keys), source.randint(1, 3)))
        after = self.tree.copy()
        after.drop(keys)
        if not keys:
            return 0
        return self.change(source, "rm", {"ids": [self.tree.contents[key].id for key in keys]},
                           after)

    def remove_place(self, source):
        place = new_leaf(source)[:source.randint(2, 3)]
        after = self.tree.copy()
        after.drop(self.tree.under(place))
        for leaf in self.tree.leaves_under(place):
            del after.leaves[leaf]
        return self.change(source, "rm", {"path": self.tree.path(place), "yes": True}, after,
                           expected=None if self.tree.leaves_under(place) else "not_found")

    def remove_some(self, source):
        chosen = Filter(kinds=(source.choice((*KINDS, "Document")),),
                        words_max=source.randint(1, 60))
        after = self.tree.copy()
        after.drop([key for key, content in self.tree.contents.items()
                    if chosen.accepts(key, content)])
        return self.change(source, "rm", {**chosen.arguments(self.tree), "yes": True}, after)

    def rename_tree(self, source):
        """The tree's name is in every path, and in no content and no point."""
        name = f"tree{self.number}" if self.tree.name.startswith("subject") else \
            f"subject{self.number}"
        before = self.tree.name
        try:
            self.call(source, "subject", {"action": "rename", "name": before, "to": name})
        except Failed as failure:
            self.world.pardon(failure)
            name = self.world.insist(lambda: self.connection().execute(
                "SELECT tree FROM grove.subject WHERE hierarchy_table = %s",
                (self.tree.table,)).fetchone()[0])
        self.tree = dataclasses.replace(self.tree, name=name)
        return 1

    # --- readers ----------------------------------------------------------------------------------

    def filter(self, source):
        place = source.choice(self.tree.places(source.randint(1, 3)) or [()])
        low = source.randint(1, 200)
        since = statements.EPOCH + datetime.timedelta(days=source.randint(0, 500))
        return Filter(
            place=place if source.random() < 0.4 else (),
            kinds=(tuple(source.sample(KINDS, source.randint(1, 2))) if source.random() < 0.3
                   else ()),
            words_min=low if source.random() < 0.2 else None,
            words_max=low + 150 if source.random() < 0.2 else None,
            since=since if source.random() < 0.2 else None,
            until=since + datetime.timedelta(days=300) if source.random() < 0.2 else None)

    def ask(self, source, command, given):
        """A reader's call: None where a fault excuses it."""
        try:
            answer = self.call(source, command, given)
        except Failed as failure:
            self.world.pardon(failure)
            return None
        self.world.check_degraded(answer)
        return answer

    def search(self, source):
        condition, limit, fold = self.filter(source), source.choice((1, 5, 10, 300)), \
            source.random() < 0.3
        query = source.choice(texts.QUERIES)
        self.look_for(source, "search", {"text": query}, condition, limit, fold, query)
        return 1

    def similar(self, source):
        key = source.choice(self.tree.plain() or [None])
        if key is None:
            return 0
        content = self.tree.contents[key]
        self.look_for(source, "similar", {"id": content.id}, self.filter(source), 10, False,
                      content.meaning(), content.id)
        return 1

    def look_for(self, source, command, what, condition, limit, fold, meaning, without=None):
        given = {**what, **condition.arguments(self.tree), "limit": limit, "chunks": not fold}
        answer = self.ask(source, command, given)
        if answer is not None and NO_VECTORS in (answer["incomplete_reason"] or ""):
            # A search embeds a few texts that wait, and says so where there are more.
            self.synchronise(source)
            answer = self.ask(source, command, given)
        if answer is not None:
            check_ranking(answer, ranking(self.world.texts, [self.tree], condition, meaning,
                                          without), limit, fold, [self.tree])

    def browse(self, source):
        condition = self.filter(source)
        answer = self.ask(source, "browse", {**condition.arguments(self.tree), "limit": 1000})
        if answer is None:
            return 1
        wanted = {content.id: content for key, content in self.tree.contents.items()
                  if condition.accepts(key, content)}
        shown = [row["content_id"] for row in answer["results"]]
        if sorted(shown) != sorted(wanted) or answer["total"] != len(wanted):
            raise Disagreement(f"browse {condition} shows {answer['total']}, {sorted(shown)}, "
                               f"not {sorted(wanted)}")
        times = [wanted[number].created for number in shown if wanted[number].created is not None]
        if times != sorted(times, reverse=True):
            raise Disagreement(f"browse {condition} is not sorted: {shown}")
        return 1

    def count_places(self, source):
        answer = self.ask(source, "ls", {"path": self.tree.name})
        if answer is None:
            return 1
        wanted = sorted((place[0], len(self.tree.under(place)))
                        for place in self.tree.places(1))
        if sorted((place["name"], place["contents"]) for place in answer["places"]) != wanted:
            raise Disagreement(f"ls {self.tree.name}: {answer['places']}, not {wanted}")
        return 1

    def show(self, source):
        key = source.choice(sorted(self.tree.contents) or [None])
        if key is None:
            return 0
        content = self.tree.contents[key]
        answer = self.ask(source, "show", {"id": content.id, "body": True})
        if answer is not None:
            shown = (answer["branch"], answer["limb"], answer["leaf"], answer["content_type"],
                     answer["chunk_number"], answer["title"], answer["content_summary"],
                     answer["body"], answer["word_count"])
            if shown != (*key, content.title, content.summary, content.body, content.words):
                raise Disagreement(f"show {answer}, which is {key} {content}")
        return 1

    def verify(self, source):
        """Beside all that the others do."""
        answer = self.ask(source, "verify", {"path": self.tree.name,
                                             "quick": source.random() < 0.5})
        self.world.check_verified(answer)
        return 1

    def synchronise(self, source):
        self.ask(source, "sync", {})
        return 1

    def share(self, source):
        self.world.shared.change(self, source)
        return 1


def line_of(tree, key, content, vector=None):
    """A content as a line to load."""
    row = {"tree": tree.name, "branch": key[0], "limb": key[1], "leaf": key[2],
           "content_type": key[3], "chunk_number": key[4], "title": content.title,
           "summary": content.summary, "body": content.body, "word_count": content.words,
           "created_at": content.created and content.created.isoformat() + "Z", "vector": vector}
    return {name: value for name, value in row.items() if value is not None}


OPERATIONS = (
    (Client.single, 35), (Client.transaction, 10), (Client.share, 6), (Client.search, 10),
    (Client.similar, 2), (Client.browse, 2), (Client.count_places, 1), (Client.show, 2),
    (Client.load, 4), (Client.load_document, 0.6), (Client.import_documents, 0.3),
    (Client.move_contents, 1.5), (Client.move_place, 0.7), (Client.remove_contents, 1.5),
    (Client.remove_place, 0.5), (Client.remove_some, 0.5), (Client.rename_tree, 0.3),
    (Client.verify, 0.4), (Client.synchronise, 0.5))

