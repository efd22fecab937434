# SPDX-License-Identifier: Apache-2.0
"""The client that looks after a home while others work in it: it compares both stores, projects,
and adds, renames and removes a subject."""

import collections
import dataclasses
import random

import texts
from caller import Failed
from client import line_of
from compare import Disagreement, read_tree, settle
from state import Content, Tree
from statements import EPOCH

NAMES = ("extra", "further")  # of the subject, in turn


class Keeper:
    number = 0

    def __init__(self, world):
        self.world, self.conn, self.tree = world, None, None
        self.log = collections.deque(maxlen=10)

    def trees(self):
        return [] if self.tree is None else [self.tree]

    def run(self, seed, count):
        source = random.Random(seed)
        for _ in range(count):
            make, = source.choices((Keeper.verify, Keeper.synchronise, Keeper.look, Keeper.search,
                                    Keeper.change_subject), (3, 2, 1, 3, 3))
            self.log.append(make.__name__)
            make(self, source)
            self.world.count(1)

    def ask(self, source, command, given):
        self.log.append((command, given))
        try:
            return self.world.call(source, command, given)
        except Failed as failure:
            self.world.pardon(failure)
            return None

    def verify(self, source):
        self.world.check_verified(self.ask(source, "verify", {"quick": source.random() < 0.5}))

    def synchronise(self, source):
        self.ask(source, "sync", {})

    def look(self, source):
        answer = self.ask(source, "status", {})
        down = self.world.faults is None and answer is not None and not answer["ok"]
        if answer is not None and (down or answer["dead"]):
            raise Disagreement(f"status: {answer}")

    def search(self, source):
        """Of everything, while all of it changes: what is shown is sorted, and shown once."""
        answer = self.ask(source, "search", {"text": source.choice(texts.QUERIES), "limit": 100,
                                             "chunks": True})
        if answer is None:
            return
        ids = [row["content_id"] for row in answer["results"]]
        scores = [row["score"] for row in answer["results"]]
        if len(set(ids)) != len(ids) or scores != sorted(scores, reverse=True):
            raise Disagreement(f"search: {answer}")

    # --- a subject that comes and goes ------------------------------------------------------------

    def change_subject(self, source):
        """Its next step; where a fault broke one off the same again goes on from there."""
        if self.tree is None:
            self.insist(source, {"action": "add", "name": NAMES[0]})
            self.tree = Tree(NAMES[0], f"{NAMES[0]}_hierarchy")
        elif not self.tree.contents:
            self.load(source)
        elif self.tree.name == NAMES[0]:
            self.insist(source, {"action": "rename", "name": NAMES[0], "to": NAMES[1]}, "not_found")
            self.tree = dataclasses.replace(self.tree, name=NAMES[1])
        else:
            self.insist(source, {"action": "remove", "name": self.tree.name,
                                 "with_contents": True}, "not_found")
            self.tree = None

    def insist(self, source, given, done=None):
        """Until it is done; `done` is what it fails with where it was done before a fault."""
        faults = 0
        while True:
            try:
                return self.world.call(source, "subject", given)
            except Failed as failure:
                if failure.code == done and faults:
                    return None
                self.world.pardon(failure)
                faults += 1

    def load(self, source):
        after, rows = self.tree.copy(), []
        for number in range(1, 6):
            key = ("Branch", "Limb", "Leaf", "Note", number)
            content = Content(None, texts.title(source), texts.sentence(source), words=number,
                              created=EPOCH, supplied=number)
            after.contents[key] = content
            rows.append(line_of(after, key, content, texts.made_vector(number)))
        after.leaves["Branch", "Limb", "Leaf"] = None
        while self.ask(source, "load", {"rows": rows}) is None:
            pass  # twice changes nothing
        self.tree = after
        self.check()

    def check(self):
        if self.tree is not None:
            self.tree = settle(self.tree, self.world.insist(
                lambda: read_tree(self.connection(), self.tree.table)))

    def connection(self):
        if self.conn is None or self.conn.closed:
            self.conn = self.world.insist(self.world.connect)
        return self.conn
