#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a corpus for `grove load` in which nearest neighbours are hard to find by a graph.

usage: tests/bench/corpora.py KIND ROWS FOLDER [SEED]

Writes FOLDER/corpus.jsonl, and FOLDER/groups.json: a list of [name, [chunk number, ...]], the
groups whose centres are asked for. Chunk numbers are the numbers of the lines, so that they name
rows. The same kind, rows and seed give the same corpus.

An island is a small group of rows far from a large mass of others: a graph that is built row by
row may lose every way to it. What differs between the kinds is the mass, the order in which
islands come, and whether an island lies in one leaf or in many:

  letters          20 form letters in many variants, beside 13 topics of 12 essays; texts, in any
                   order
  letters-spread   the same, an essay in any leaf
  letters-ordered  first all letters, then all essays
  duplicates-text  notices that differ by a number or two, beside the same topics; texts
  clusters         20 tight clusters that share a direction, then 13 topics of 12; vectors
  clusters-shuffled, clusters-spread
  skewed           clusters whose sizes follow a power law, down to groups of 4; vectors
  duplicates       groups of 2 to 500 rows that are nearly equal; vectors
  far              one wide mass, then 40 groups of 3 to 12 on its other side; vectors
  far-shuffled, far-spread
  leaves           clusters whose sizes follow a power law, in any order, then 13 topics; vectors
                   with texts of their own. Two leaves for three rows, at a skew: most have one
                   row, a few a hundredth of all
  packages         descriptions of the packages that apt knows; ROWS of them at most, 0: all

Trees, branches, limbs, leaves and types are drawn with unequal shares: the largest has most rows,
the smallest a few of ten thousand. The standard library is all that is needed.
"""

import json
import math
import pathlib
import random
import subprocess
import sys

DIMENSION = 384
TOPICS, ESSAYS = 13, 12
TYPES = (("Article", .620), ("Note", .250), ("Report", .100), ("Minutes", .020), ("Draft", .009),
         ("Erratum", .001))
TREES = (("subject1", .900), ("subject2", .060), ("subject3", .030), ("subject4", .009),
         ("subject5", .001))
BRANCHES = ("Upper", "Middle", "Lower", "Inner", "Outer", "Far")
LIMBS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
LEAVES = ("Ash", "Beech", "Cedar", "Elder", "Fir", "Hazel", "Larch", "Maple")
DAYS = 3650
# Of a corpus of many leaves: the rows that get a new one, and those that join an earlier row's.
NEW_LEAF, JOINED_LEAF = .66, .17

# --- places, types and times ----------------------------------------------------------------------


def falling(count):
    """Weights of which each is about half of the one before."""
    return [1 / 2 ** rank for rank in range(count)]


class Places:
    """Gives rows what filters filter."""

    def __init__(self, source):
        self.source = source
        self.given = []  # of a corpus of many leaves: the place of each row so far

    def place(self):
        pick = self.source.choices
        return {"tree": pick([name for name, _ in TREES], [share for _, share in TREES])[0],
                "branch": pick(BRANCHES, falling(len(BRANCHES)))[0],
                "limb": pick(LIMBS, falling(len(LIMBS)))[0],
                "leaf": pick(LEAVES, falling(len(LEAVES)))[0]}

    def own_leaf(self, name):
        """A leaf of one group alone, somewhere in the trees."""
        return {**self.place(), "leaf": name}

    def many_leaves(self):
        """Of a row in a corpus of many leaves. Who joins an earlier row joins the larger leaves
        more often, so that sizes follow a power law; the rest goes to the places of all others."""
        chance = self.source.random()
        if chance < NEW_LEAF or not self.given:
            place = self.own_leaf(f"Leaf {len(self.given)}")
        elif chance < NEW_LEAF + JOINED_LEAF:
            place = self.source.choice(self.given)
        else:
            place = self.place()
        self.given.append(place)
        return place

    def rest(self):
        day, minute = self.source.randrange(DAYS), self.source.randrange(24 * 60)
        return {"content_type": self.source.choices([name for name, _ in TYPES],
                                                    [share for _, share in TYPES])[0],
                "created_at": f"{2015 + day // 365}-{day % 365 // 31 + 1:02d}-{day % 28 + 1:02d}"
                              f"T{minute // 60:02d}:{minute % 60:02d}:00Z",
                "word_count": 1 + int(self.source.lognormvariate(5, 1.2))}


# --- texts ----------------------------------------------------------------------------------------

LETTERS = (
    "Dear {name}, your booking {ref} is confirmed for {date} at {time}. Please bring this letter.",
    "Dear {name}, invoice {ref} of {sum} euros is payable by {date}. Our account is given below.",
    "Dear {name}, despite our reminder invoice {ref} of {sum} euros has been open since {date}.",
    "Hello {name}, parcel {ref} left our store on {date} and will be in {town} in three days.",
    "Hello {name}, nobody was at home in {town} on {date}. Parcel {ref} waits at the post office.",
    "Dear {name}, we have your application {ref} for the office in {town} and answer by {date}.",
    "Dear {name}, the post {ref} in {town} went to somebody else. We keep your papers to {date}.",
    "To {name}: the meters in {town} are read on {date} from {time}. Please give access. {ref}",
    "Dear {name}, subscription {ref} goes on for {sum} euros unless you end it before {date}.",
    "Dear {name}, the password of account {ref} was changed on {date} at {time}. Was it you?",
    "To the parents of {name}: the class goes to {town} on {date}. It costs {sum} euros. {ref}",
    "Dear {name}, the dentist in {town} expects you on {date} at {time}. Your number is {ref}.",
    "To {name}: water is cut off in {town} on {date} from {time}, while the main is mended. {ref}",
    "Dear member {name}, the yearly meeting is in {town} on {date} at {time}. Agenda: {ref}.",
    "Dear {name}, your complaint {ref} came on {date}. A colleague in {town} looks into it.",
    "Dear {name}, policy {ref} was adjusted. The premium is {sum} euros a month from {date}.",
    "Dear {name}, the book {ref} was to be returned on {date}. The fee is {sum} euros.",
    "Dear {name}, we have paid back {sum} euros for order {ref} on {date}.",
    "Dear {name}, the car {ref} is due for its inspection in {town} on {date} at {time}.",
    "Dear {name}, the lease {ref} in {town} ends on {date}. When may we take over the keys?",
)
NOTICES = (
    "Lift {number} of building {other} is out of service until further notice.",
    "Bus line {number} does not stop at platform {other} today.",
    "Batch {number} was tested by station {other} and found in order.",
    "Room {number} on floor {other} was cleaned and closed.",
)
FIRST = ("Ada", "Bela", "Cora", "Dario", "Edda", "Finn", "Gerda", "Hugo", "Ida", "Jan", "Kaja",
         "Leon", "Mira", "Noah", "Otto", "Pia", "Rosa", "Sven", "Tilda", "Uwe")
LAST = ("Adler", "Bruno", "Castro", "Dahl", "Egger", "Fabre", "Gruber", "Hansen", "Iversen",
        "Jansen", "Kovacs", "Lund", "Meier", "Nagy", "Orsini", "Pavlov", "Quist", "Roth", "Sato")
TOWNS = ("Aarhus", "Bologna", "Cadiz", "Delft", "Erfurt", "Faro", "Galway", "Haarlem", "Imola",
         "Jena", "Krakow", "Leuven", "Metz", "Narvik", "Olomouc", "Padua")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")
SUBJECTS = {
    "antibiotics": ("mould bacterium dose infection culture", "kills spares weakens selects"),
    "beekeeping": ("hive queen comb swarm nectar", "feeds leaves builds seals"),
    "black holes": ("horizon star orbit disc gravity", "bends swallows heats hides"),
    "chess": ("rook bishop pawn gambit endgame", "pins sacrifices defends opens"),
    "coral reefs": ("polyp lagoon algae current sponge", "shelters bleaches filters builds"),
    "counterpoint": ("fugue voice canon cadence subject", "answers inverts imitates resolves"),
    "falconry": ("falcon hood glove lure perch", "stoops returns circles strikes"),
    "fermentation": ("yeast dough brine starter crust", "sours lifts ripens bubbles"),
    "glaciers": ("moraine crevasse meltwater snowfield valley", "carves fills retreats melts"),
    "lighthouses": ("lamp lens keeper foghorn rock", "warns turns flashes guards"),
    "pottery": ("kiln glaze clay wheel vessel", "cracks shrinks melts turns"),
    "typography": ("serif baseline ligature glyph margin", "aligns spaces joins balances"),
    "volcanoes": ("magma crater ash vent lava", "erupts cools flows buries"),
}
FRAMES = (
    "Whoever learns about {subject} sees first how the {a} {verb} the {b}.",
    "In {subject}, no {a} {verb} without a {b}.",
    "The old masters of {subject} knew that a {a} rarely {verb} its {b}.",
    "There are years in which the {a} {verb} and the {b} stays as it was.",
    "That the {a} {verb} the {b} is what makes {subject} so hard to teach.",
    "Ask about {subject}, and you will hear of the {a} that {verb} every {b}.",
)


def letter(source, number):
    return LETTERS[number % len(LETTERS)].format(
        name=f"{source.choice(FIRST)} {source.choice(LAST)}", town=source.choice(TOWNS),
        ref=f"{source.choice('ABCDEFGHK')}-{source.randrange(10000, 99999)}",
        date=f"{source.randrange(1, 29)} {source.choice(MONTHS)}", sum=source.randrange(15, 950),
        time=f"{source.randrange(8, 18)}:{source.choice(('00', '15', '30', '45'))}")


def notice(source, number):
    return NOTICES[number % len(NOTICES)].format(number=source.randrange(1, 400),
                                                 other=source.randrange(1, 90))


def essay(source, subject):
    nouns, verbs = (words.split() for words in SUBJECTS[subject])
    sentences = []
    for frame in source.sample(FRAMES, 4):
        a, b = source.sample(nouns, 2)
        sentences.append(frame.format(subject=subject, a=a, b=b, verb=source.choice(verbs)))
    return " ".join(sentences)


def texts(source, count, write, kinds, word):
    """(group, is it an island, title, body) of each row, the islands last."""
    rows = [(f"{word} {number % kinds}", False, f"{word.capitalize()} of kind {number % kinds}",
             write(source, number)) for number in range(count - TOPICS * ESSAYS)]
    rows += [(subject, True, f"On {subject}", essay(source, subject))
             for subject in sorted(SUBJECTS)[:TOPICS] for _ in range(ESSAYS)]
    return rows


# --- vectors --------------------------------------------------------------------------------------

# A byte as a number of mean 0: three hundred of them point in any direction alike, and are drawn
# many times faster than normal ones.
SPREAD = [(byte - 127.5) / (127.5 * math.sqrt(DIMENSION / 3)) for byte in range(256)]
NUMBERS = ",".join(["%.5f"] * DIMENSION)


def direction(source):
    """Of a length of about 1."""
    return [SPREAD[byte] for byte in source.randbytes(DIMENSION)]


def mix(*parts):
    """The sum of vectors, each given with its weight."""
    sums = [0.0] * DIMENSION
    for weight, vector in parts:
        sums = [a + weight * b for a, b in zip(sums, vector)]
    return sums


def unit(vector):
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector]


def around(source, name, centre, count, noise, island):
    for _ in range(count):
        yield name, island, mix((1, centre), (noise, direction(source)))


def topics(source):
    for number in range(TOPICS):
        yield from around(source, f"topic {number}", unit(direction(source)), ESSAYS, .4, True)


def clusters(source, count):
    """As form letters are: tight, and all alike in some way; what is unlike them comes last."""
    common, mass = unit(direction(source)), count - TOPICS * ESSAYS
    for number in range(20):
        centre = unit(mix((1.5, common), (1, unit(direction(source)))))
        yield from around(source, f"cluster {number}", centre,
                          mass // 20 + (number < mass % 20), .05, False)
    yield from topics(source)


def power_law(count):
    """Sizes of clusters, the largest nearly a third of the rows, down to groups of 4."""
    left, number = count, 0
    while left > 0:
        size = min(left, max(4, int(count * .3 / (number + 1) ** 1.3)))
        yield number, size
        left, number = left - size, number + 1


def skewed(source, count):
    common = unit(direction(source))
    for number, size in power_law(count):
        near = 1.5 if number % 3 else 0
        centre = unit(mix((near, common), (1, unit(direction(source)))))
        yield from around(source, f"cluster {number}", centre, size, .05 + .05 * (number % 4),
                          size <= 40)


def leaves(source, count):
    """In any order without holding the rows: what is shuffled is whose each is."""
    common, mass = unit(direction(source)), count - TOPICS * ESSAYS
    owners = [number for number, size in power_law(mass) for _ in range(size)]
    centres = [unit(mix((1.5 if number % 3 else 0, common), (1, unit(direction(source)))))
               for number in range(owners[-1] + 1)]
    source.shuffle(owners)
    for number in owners:
        yield from around(source, f"cluster {number}", centres[number], 1, .1 + .1 * (number % 4),
                          False)
    yield from topics(source)


def duplicates(source, count):
    left, number = count, 0
    while left > 0:
        size = min(left, int(2 * 1.06 ** (number * 37 % 96)))
        yield from around(source, f"copies {number}", unit(direction(source)), size,
                          (.001, .005, .02)[number % 3], 5 <= size <= 40)
        left, number = left - size, number + 1


def far(source, count):
    common = unit(direction(source))
    sizes = [3 + number % 10 for number in range(40)]
    for _ in range(count - sum(sizes)):
        yield "mass", False, mix((1, common), (.6, direction(source)))
    for number, size in enumerate(sizes):
        centre = unit(mix((-.5, common), (1, unit(direction(source)))))
        yield from around(source, f"group {number}", centre, size, .2, True)


VECTORS = {"clusters": clusters, "skewed": skewed, "leaves": leaves, "duplicates": duplicates,
           "far": far}
TEXTS = {"letters": (letter, len(LETTERS), "letter"),
         "duplicates-text": (notice, len(NOTICES), "notice")}
KINDS = ("letters", "letters-spread", "letters-ordered", "duplicates-text", "clusters",
         "clusters-shuffled", "clusters-spread", "skewed", "leaves", "duplicates", "far",
         "far-shuffled", "far-spread", "packages")

# --- packages -------------------------------------------------------------------------------------


def package_stanzas(text):
    """The fields of each package, continued lines with their line breaks."""
    for stanza in text.split("\n\n"):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line[:1] == " " and name:
                fields[name] += "\n" + ("" if line == " ." else line[1:])
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        if "Package" in fields:
            yield fields


def packages(source, count):
    """A section is a limb, the first letters of a name are a leaf, a priority is a type."""
    try:
        listed = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True,
                                check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"corpora: cannot ask apt for its packages: {error}") from error
    places, number = Places(source), 0
    for fields in package_stanzas(listed):
        name, text = fields["Package"], fields.get("Description-en") or fields.get("Description")
        if not text or (count and number == count):
            continue
        number += 1
        area, _, section = fields.get("Section", "none").rpartition("/")
        ending = name.rpartition("-")[2]
        kind = "library" if name.startswith("lib") else \
            ending if ending in ("doc", "dev", "data", "dbg") else "program"
        yield {**places.rest(), "tree": "subject1", "branch": area or "main", "limb": section,
               "leaf": name[:4] if name.startswith("lib") else name[:1], "content_type": kind,
               "chunk_number": number, "title": f"{name}: {text.splitlines()[0]}"[:200],
               "summary": text.splitlines()[0][:500] or name, "body": text,
               "word_count": len(text.split())}


# --- writing --------------------------------------------------------------------------------------


def rows_of(kind, count, source):
    """The rows of a kind as dictionaries without numbers, each with its group and whether that is
    an island."""
    base, _, variant = kind.rpartition("-")
    if variant not in ("shuffled", "spread", "ordered"):
        base, variant = kind, ""
    places, leaves = Places(source), {}
    if base in TEXTS:
        drawn = [(group, island, {"title": title, "body": body})
                 for group, island, title, body in texts(source, count, *TEXTS[base])]
    else:
        drawn = ((group, island, {"title": "A vector", "summary": "Nothing but a vector.",
                                  "vector": vector})
                 for group, island, vector in VECTORS[base](source, count))
    if variant == "shuffled" or (base in TEXTS and variant != "ordered"):
        drawn = list(drawn)
        source.shuffle(drawn)
    for number, (group, island, fields) in enumerate(drawn):
        if base == "leaves":
            place = places.many_leaves()
            fields = {**fields, "title": f"Letter {number}", "summary": letter(source, number)}
        elif island and variant != "spread":
            place = leaves.setdefault(group, None) or places.own_leaf(group)
            leaves[group] = place
        else:
            place = places.place()
        yield group, island, {**place, **places.rest(), **fields}


def line_of(row):
    vector = row.pop("vector", None)
    line = json.dumps(row, ensure_ascii=False)
    return f'{line[:-1]}, "vector": [{NUMBERS % tuple(vector)}]}}' if vector else line


def write(kind, count, folder, seed):
    """Writes both files; the number of rows."""
    source, groups, number = random.Random(f"{kind} {seed}"), {}, 0
    with open(folder / "corpus.jsonl", "w", encoding="utf-8") as output:
        if kind == "packages":
            for row in packages(source, count):
                number += 1
                print(line_of(row), file=output)
        else:
            for group, island, row in rows_of(kind, count, source):
                number += 1
                row["chunk_number"] = number
                if island:
                    groups.setdefault(group, []).append(number)
                print(line_of(row), file=output)
    (folder / "groups.json").write_text(json.dumps(sorted(groups.items())) + "\n", "utf-8")
    return number


def main(arguments):
    if len(arguments) not in (3, 4) or arguments[0] not in KINDS or not arguments[1].isdigit():
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(arguments[2])
    folder.mkdir(parents=True, exist_ok=True)
    write(arguments[0], int(arguments[1]), folder, int(arguments[3]) if arguments[3:] else 1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
