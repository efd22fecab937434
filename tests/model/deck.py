# SPDX-License-Identifier: Apache-2.0
"""Kinds drawn in a random order, each once before any comes twice: so a short run has them all."""


class Deck:
    """Counts what became of them. `kinds` in an order that depends on nothing else."""

    def __init__(self, kinds):
        self.kinds, self.left = tuple(kinds), []
        self.done = dict.fromkeys(self.kinds, 0)

    def look(self, source):
        """The kind that is next; it stays so until it was done, or is put off. None: there is
        none."""
        if not self.left:
            self.left = source.sample(self.kinds, len(self.kinds))
        return self.left[-1] if self.left else None

    def do(self, kind):
        self.done[kind] += 1
        if kind in self.left:
            self.left.remove(kind)

    def put_off(self, source):
        """What could not be done now comes after all others that are left, or after all others."""
        kind = self.left.pop()
        others = self.left or source.sample(self.kinds, len(self.kinds))
        self.left = [kind, *(other for other in others if other != kind)]

    def total(self):
        return sum(self.done.values())

    def never(self):
        return [kind for kind, count in self.done.items() if count == 0]

    def __str__(self):
        return f"{self.total()} ({', '.join(f'{kind} {n}' for kind, n in self.done.items())})"
