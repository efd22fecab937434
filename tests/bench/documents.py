#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes long documents for `grove load`, with facts planted anywhere in them, and questions.

usage: tests/bench/documents.py FOLDER [DOCUMENTS [SEED]]

Writes FOLDER/documents.jsonl, a document of 1,000 to 5,000 words a line, in Markdown with headings,
and FOLDER/questions.jsonl: a question, the key of the document that answers it, and the word of the
text at which the answer begins. The same number and seed give the same files.

A document tells of a place that does not exist, section by section, in sentences that many
documents have in much the same words. Its facts, FACTS of them, it has alone, each in a
paragraph among others, anywhere: who did what with which thing, each drawn once. A question tells
the deed in other words, and neither the document's title nor the name in the fact: so who reads but
the beginning of a text finds few of them. The standard library is all that is needed.
"""

import json
import pathlib
import random
import sys

DOCUMENTS, SEED, FACTS = 500, 1, 4
WORDS_LEAST, WORDS_MOST = 1000, 5000

# What sections are about, and what is said there.
THEMES = {
    "Climate": ("weather", ["rain", "fog", "drought", "frost", "wind from the hills",
                            "mild winters", "long summers", "sudden storms"]),
    "Farming": ("harvest", ["barley", "sheep", "orchards", "terraces", "irrigation ditches",
                            "olive presses", "beekeeping", "seed potatoes"]),
    "Trade": ("market", ["salt", "timber", "wool", "copper", "dyed cloth", "customs duties",
                         "river barges", "guild weights"]),
    "Buildings": ("architecture", ["brick vaults", "slate roofs", "timber frames", "arcades",
                                   "courtyards", "town walls", "bell towers", "stone bridges"]),
    "Schools": ("teaching", ["grammar lessons", "apprentices", "evening classes", "libraries",
                             "school meals", "examinations", "music lessons", "travelling tutors"]),
    "Health": ("medicine", ["fevers", "clean wells", "midwives", "quarantine", "herb gardens",
                            "hospital wards", "vaccination", "tooth extraction"]),
    "Travel": ("roads", ["mountain passes", "ferries", "post horses", "night trains", "toll gates",
                         "milestones", "snow ploughs", "footpaths"]),
    "Festivals": ("celebrations", ["lanterns", "processions", "brass bands", "masked dancers",
                                   "fireworks", "pancake races", "boat blessings",
                                   "harvest suppers"]),
    "Wildlife": ("animals", ["otters", "nesting storks", "bats", "brown trout", "deer", "wild boar",
                             "butterflies", "owls"]),
    "Law": ("courts", ["inheritance", "boundary stones", "fishing rights", "juries", "fines",
                       "town charters", "notaries", "water disputes"]),
}
SENTENCES = [
    "Much of what is known about {what} comes from letters and parish books.",
    "Visitors often ask about {what}, and the answers differ from street to street.",
    "In earlier times {what} mattered more than it does today, although the habit has never quite "
    "gone.",
    "The council has discussed {what} in most years, usually without a decision.",
    "Older residents remember when {what} and {other} were part of every week.",
    "A short walk shows how {what} shaped the lower quarter.",
    "Records mention {what} several times, always together with {other}.",
    "There were years in which {what} failed, and people turned to {other} instead.",
    "Neighbouring villages had their own ways with {what}, and quarrels were common.",
    "Historians of {theme} disagree about the part that {what} played.",
    "A good deal of money was spent on {what}, not always wisely.",
    "Children learned about {what} from their grandparents rather than from books.",
    "The cost of {what} rose slowly until it was no longer worth the trouble.",
    "Today {what} can be seen in the small museum beside the fountain.",
    "Nobody wrote down exactly when {what} first became usual here.",
    "It is said that {what} brought the first strangers into the valley.",
    "For {theme}, the years of peace were better than the years of plenty.",
    "Photographs of {what} from that time are rare and mostly out of focus.",
]
# Who did what with which thing: what is told, and how one asks for it.
ROLES = ["watchmaker", "ferryman", "schoolteacher", "beekeeper", "organist", "baker", "shepherd",
         "postman", "midwife", "gardener", "locksmith", "tailor", "magician", "judge", "soldier",
         "nun", "butcher", "painter", "carpenter", "surgeon", "fisherman", "librarian", "miner",
         "astronomer", "barber", "cook", "printer", "blacksmith", "actress", "chemist"]
DEEDS = [("hid {thing} under the floor of the chapel", "concealed {thing} in a church"),
         ("was paid in {thing} for a whole winter", "got {thing} as wages"),
         ("lost {thing} in a game of cards", "gambled away {thing}"),
         ("sold {thing} to the king's brother", "found a royal buyer for {thing}"),
         ("buried {thing} during the siege", "put {thing} into the ground in the war"),
         ("was allergic to {thing} and fainted at the fair", "could not bear {thing}"),
         ("collected {thing} until three rooms were full", "hoarded {thing}"),
         ("smuggled {thing} over the frontier in a coffin", "brought {thing} across the border "
          "secretly"),
         ("threw {thing} at the tax collector", "attacked an official with {thing}"),
         ("taught orphans to make {thing}", "showed poor children how {thing} are made"),
         ("dreamed of {thing} on the night of the earthquake", "saw {thing} while asleep"),
         ("left {thing} to a cat in the will", "bequeathed {thing} to an animal"),
         ("stole {thing} from the governor's kitchen", "was a thief of {thing}"),
         ("swallowed {thing} for a bet", "ate {thing} to win a wager"),
         ("invented a machine that counts {thing}", "built a device for {thing}"),
         ("wrote a long poem about {thing}", "put {thing} into verse"),
         ("floated down the river on a raft of {thing}", "travelled by water on {thing}"),
         ("was buried with {thing} by request", "took {thing} to the grave")]
THINGS = ["candles", "pickled eggs", "blue buttons", "horseshoes", "dried mushrooms",
          "almond cakes", "copper kettles", "goose feathers", "walnuts", "chess pieces",
          "wooden spoons", "smoked eels", "glass beads", "onions", "old maps", "soap", "violins",
          "cherry stones", "fishing hooks", "sealing wax", "turnips", "silk ribbons",
          "lumps of coal", "spiders", "umbrellas", "mirrors", "hats", "lemons", "parrots",
          "snow globes", "keys", "wigs", "snails", "trumpets", "pearls", "pillows", "sausages",
          "thimbles", "false teeth", "tulips"]
# What follows in the paragraph of a fact.
REMARKS = ["Nobody in the town had expected that.", "It was talked about for years.",
           "The {role} never gave a reason.", "A ballad was made of it, and is lost.",
           "Since then {thing} are a joke between neighbours.",
           "The judge wrote two pages about it.", "Some say that it never happened.",
           "The {role} lived to the age of ninety."]
ONSETS = "b br d dr f g gr h k kl l m n p pr r s st t tr v w z".split()
VOWELS = "a e i o u ai ei ou".split()
ENDS = "n r l s th m nd rk x".split()


class Names:
    """Gives names, each once."""

    def __init__(self, source):
        self.source = source
        self.given = set()

    def next(self):
        pick = self.source.choice
        while True:
            name = "".join(pick(ONSETS) + pick(VOWELS) for _ in range(2)) + pick(ENDS)
            if name not in self.given:
                self.given.add(name)
                return name.capitalize()


def sentence(source, theme):
    field, topics = THEMES[theme]
    what, other = source.sample(topics, 2)
    return source.choice(SENTENCES).format(what=what, other=other, theme=field)


def sections(source, words):
    """Lists of [heading, paragraphs], each a list of sentences, until there are enough words."""
    themes, parts, count = list(THEMES), [], 0
    while count < words:
        if not themes:
            themes = list(THEMES)
        theme = themes.pop(source.randrange(len(themes)))
        paragraphs = []
        for _ in range(source.randint(1, 6)):
            paragraph = [sentence(source, theme) for _ in range(source.randint(3, 9))]
            paragraphs.append(paragraph)
            count += sum(len(text.split()) for text in paragraph)
        parts.append([theme, paragraphs])
    return parts


def document(source, names, deeds, number):
    title = names.next()
    parts = sections(source, source.randint(WORDS_LEAST, WORDS_MOST))
    facts = []
    for _ in range(FACTS):
        role, (deed, asked), thing = deeds.pop()
        fact = (f"In {source.randint(1650, 1990)} a {role} called {names.next()} "
                f"{deed.format(thing=thing)}.")
        paragraphs = source.choice(parts)[1]
        paragraphs.insert(source.randint(0, len(paragraphs)),
                          [fact] + [text.format(role=role, thing=thing)
                                    for text in source.sample(REMARKS, source.randint(1, 3))])
        facts.append((fact, f"the {role} who {asked.format(thing=thing)}"))
    body = "\n\n".join(f"## {theme}\n\n" + "\n\n".join(" ".join(p) for p in paragraphs)
                       for theme, paragraphs in parts)
    key = f"place-{number:04}"
    questions = [{"question": question, "document": key,
                  "words": len(body[:body.index(fact)].split())} for fact, question in facts]
    return {"tree": "subject1", "branch": "Places", "limb": f"Region {number % 7 + 1}",
            "leaf": f"District {number % 31 + 1}", "content_type": "Article", "document": key,
            "title": f"{title}, a town and its people", "body": body}, questions


def main(arguments):
    if not 1 <= len(arguments) <= 3:
        sys.exit(__doc__)
    folder = pathlib.Path(arguments[0])
    count = int(arguments[1]) if len(arguments) > 1 else DOCUMENTS
    source = random.Random(int(arguments[2]) if len(arguments) > 2 else SEED)
    folder.mkdir(parents=True, exist_ok=True)
    names = Names(source)
    deeds = [(role, deed, thing) for role in ROLES for deed in DEEDS for thing in THINGS]
    source.shuffle(deeds)
    with open(folder / "documents.jsonl", "w", encoding="utf-8") as documents, \
            open(folder / "questions.jsonl", "w", encoding="utf-8") as questions:
        for number in range(1, count + 1):
            line, asked = document(source, names, deeds, number)
            documents.write(json.dumps(line) + "\n")
            for question in asked:
                questions.write(json.dumps(question) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
