# SPDX-License-Identifier: Apache-2.0
"""What both stores should have of one tree: the model.

A Tree is a value: whoever changes it copies it first, so a client keeps the tree of before until it
knows what became of its operation. Nothing here knows of a server.
"""

import dataclasses
import datetime

LEVELS = ("branch", "limb", "leaf")


@dataclasses.dataclass(frozen=True)
class Content:
    id: int
    title: str
    summary: str
    body: str | None = None
    words: int | None = None
    created: datetime.datetime | None = None
    supplied: int | None = None       # the seed of a vector that came with exactly this text
    document: str | None = None       # of a chunk: its document's key
    position: int | None = None

    def text(self):
        return f"{self.title}\n{self.summary if self.body is None else self.body}"

    def meaning(self):
        """What Texts.vector takes."""
        return self.text() if self.supplied is None else self.supplied

    def with_text(self, **fields):
        """Another text; a supplied vector is that of the one before."""
        changed = dataclasses.replace(self, **fields)
        return changed if changed.text() == self.text() else dataclasses.replace(changed,
                                                                                 supplied=None)


@dataclasses.dataclass
class Tree:
    """Contents by (branch, limb, leaf, type, chunk number); leaves by their paths, with ids."""
    name: str
    table: str
    contents: dict = dataclasses.field(default_factory=dict)
    leaves: dict = dataclasses.field(default_factory=dict)

    def copy(self):
        return dataclasses.replace(self, contents=dict(self.contents), leaves=dict(self.leaves))

    def emptied(self):
        return dataclasses.replace(self, contents={})

    def without_bodies(self):
        return dataclasses.replace(self, contents={
            key: content.with_text(body=None) for key, content in self.contents.items()})

    def path(self, place):
        return "/".join((self.name, *place))

    def under(self, place):
        """Keys of the contents under a place of any depth."""
        return [key for key in self.contents if key[:len(place)] == tuple(place)]

    def leaves_under(self, place):
        return [leaf for leaf in self.leaves if leaf[:len(place)] == tuple(place)]

    def places(self, depth):
        return sorted({leaf[:depth] for leaf in self.leaves})

    def plain(self):
        """Keys of the contents that are no chunks, in an order that depends on nothing else."""
        return sorted(key for key, content in self.contents.items() if content.document is None)

    def documents(self):
        return sorted({content.document for content in self.contents.values()
                       if content.document is not None})

    def free_chunk(self, leaf, kind):
        taken = {key[4] for key in self.contents if key[:4] == (*leaf, kind)}
        return next(number for number in range(1, len(taken) + 2) if number not in taken)

    def move(self, old, new):
        """Moves all under one place to another; False where that cannot be, and nothing is done."""
        leaves = {leaf: (*new, *leaf[len(old):]) for leaf in self.leaves_under(old)}
        kept = set(self.leaves) - set(leaves)
        if kept & set(leaves.values()):
            return False
        ids = {target: self.leaves.pop(leaf) for leaf, target in leaves.items()}
        self.leaves.update(ids)
        moved = {key: self.contents.pop(key) for key in self.under(old)}
        self.contents.update({(*leaves[key[:3]], *key[3:]): content
                              for key, content in moved.items()})
        return True

    def drop(self, keys):
        for key in keys:
            del self.contents[key]


@dataclasses.dataclass(frozen=True)
class Filter:
    place: tuple = ()
    kinds: tuple = ()
    words_min: int | None = None
    words_max: int | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def accepts(self, key, content):
        return (key[:len(self.place)] == self.place
                and (not self.kinds or key[3] in self.kinds)
                and (self.words_min is None or content.words is not None
                     and content.words >= self.words_min)
                and (self.words_max is None or content.words is not None
                     and content.words <= self.words_max)
                and (self.since is None or content.created is not None
                     and content.created >= self.since)
                and (self.until is None or content.created is not None
                     and content.created < self.until))

    def arguments(self, tree):
        """As the members of a call."""
        given = {"path": tree.path(self.place), "type": list(self.kinds) or None,
                 "min_words": self.words_min, "max_words": self.words_max}
        for name, when in (("since", self.since), ("until", self.until)):
            given[name] = None if when is None else when.isoformat() + "Z"
        return {name: value for name, value in given.items() if value is not None}


def ranking(texts, trees, condition, meaning, without=None):
    """(score, id, group, key, tree's name) of all contents that a search may show, best first.
    Contents of one group, a document, are one row of a search that folds."""
    rows = []
    for tree in trees:
        for key, content in tree.contents.items():
            if content.id != without and condition.accepts(key, content):
                group = content.id if content.document is None else content.document
                rows.append((texts.score(meaning, content.meaning()), content.id, group, key,
                             tree.name))
    return sorted(rows, key=lambda row: -row[0])


def folded(rows):
    best = {}
    for row in rows:
        best.setdefault(row[2], row)
    return list(best.values())
