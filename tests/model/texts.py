# SPDX-License-Identifier: Apache-2.0
"""The texts that the model test writes, and how similar the model finds them to queries.

Few words make few texts, so that each is embedded once by the test. What a search must answer is
computed here, in plain Python, from vectors that the library's call `embed` gives: no server has a
part in it.
"""

import math
import random
import threading

THINGS = ("a kettle", "the harbour", "an orchard", "some gravel", "the choir", "a lantern",
          "the ferry", "a beehive", "the quarry", "an anvil", "the glacier", "a violin")
DEEDS = ("rusts in the rain", "is heard at dusk", "needs a new roof", "was sold for little",
         "smells of smoke", "lies under snow", "is older than the town", "hums when it is warm")
QUERIES = ("weather", "music in the evening", "honey", "iron and fire", "boats", "fruit", "stones",
           "ice", "an old building", "the price of things")
DIMENSION = 384


def title(source):
    return source.choice(THINGS).capitalize()


def sentence(source):
    return f"{source.choice(THINGS).capitalize()} {source.choice(DEEDS)}."


def long_text(source):
    """Of a document: some parts, each of which makes a chunk or two."""
    parts = [f"## {title(source)}\n\n" + " ".join(sentence(source) for _ in range(9))
             for _ in range(source.randint(1, 4))]
    return "\n\n".join(parts)


def made_vector(seed):
    """A vector that is supplied with a row, and no text's."""
    source = random.Random(f"vector {seed}")
    return [round(source.gauss(0, 1), 3) for _ in range(DIMENSION)]


def unit(vector):
    length = math.sqrt(sum(number * number for number in vector))
    return [number / length for number in vector]


class Texts:
    """Vectors and scores, each computed once. May be used by any number of threads."""

    def __init__(self, embed):
        self.embed = embed  # text -> 384 numbers
        self.lock = threading.Lock()
        self.vectors, self.scores = {}, {}

    def vector(self, what):
        """Of a text, or of the seed of a vector that was supplied (a number)."""
        with self.lock:
            if what not in self.vectors:
                self.vectors[what] = unit(made_vector(what) if isinstance(what, int)
                                          else self.embed(what))
            return self.vectors[what]

    def score(self, one, other):
        key = one, other
        if key not in self.scores:
            self.scores[key] = sum(map(float.__mul__, self.vector(one), self.vector(other)))
        return self.scores[key]

