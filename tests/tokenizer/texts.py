# SPDX-License-Identifier: Apache-2.0
"""Random texts that tokenizers disagree on, the same for the same seed.

    source = Texts(seed, pieces, prose)     pieces: lines of the vocabulary; prose: some texts
    source.make(100_000)                    yields as many texts, every kind in turn

A kind is a method of Texts named after what it mixes. Python's tables of Unicode change with its
version: ranges are written out instead, with unassigned code points among them, and only letters
of the vocabulary and of prose, which no version changes, are asked for their other case.
Surrogates are left out, since no UTF-8 has them.
"""

import random

LAST = 0x10FFFF
WORDS = ("the", "quick", "Brown", "fox", "unaffable", "embeddings", "tokenization", "it's", "3.14",
         "e-mail", "NAIVE", "Straße")
SPECIALS = ("[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]")

# Where assigned code points are dense; the whole of Unicode comes in by itself.
DENSE = ((0x20, 0x24F), (0x250, 0x6FF), (0x700, 0x10FF), (0x1100, 0x13FF), (0x1400, 0x1CFF),
         (0x1D00, 0x1FFF), (0x2000, 0x2BFF), (0x2C00, 0x33FF), (0xA000, 0xABFF), (0xD7A0, 0xD7FF),
         (0xF900, 0xFFFF), (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x12000, 0x14FFF),
         (0x16000, 0x18FFF), (0x1AFF0, 0x1BCFF), (0x1CC00, 0x1DFFF), (0x1E000, 0x1EFFF),
         (0x1F000, 0x1FBFF), (0xE0000, 0xE01FF))
MARKS = ((0x300, 0x36F), (0x483, 0x489), (0x591, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F),
         (0x6D6, 0x6ED), (0x730, 0x74A), (0x7EB, 0x7F3), (0x816, 0x82D), (0x8D3, 0x902),
         (0x93A, 0x94F), (0x9BC, 0x9D7), (0xB3C, 0xB57), (0xBBE, 0xBCD), (0xCBC, 0xCD6),
         (0xD3B, 0xD4D), (0xDCA, 0xDDF), (0xE31, 0xE4E), (0xEB1, 0xECD), (0xF18, 0xF84),
         (0x1037, 0x103A), (0x135D, 0x135F), (0x1714, 0x1734), (0x17B4, 0x17D3), (0x18A9, 0x18A9),
         (0x1A17, 0x1A18), (0x1A60, 0x1A7F), (0x1AB0, 0x1ACE), (0x1B34, 0x1B44), (0x1CD0, 0x1CF9),
         (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0x2CEF, 0x2CF1), (0x302A, 0x302F), (0x3099, 0x309A),
         (0xA66F, 0xA67D), (0xA8E0, 0xA8F1), (0xFB1E, 0xFB1E), (0xFE20, 0xFE2F),
         (0x10A0D, 0x10A3F), (0x11046, 0x11046), (0x110B9, 0x110BA), (0x11131, 0x11134),
         (0x16AF0, 0x16AF4), (0x1D165, 0x1D1AD), (0x1E000, 0x1E02A), (0x1E8D0, 0x1E8D6))
COMPOSED = ((0xC0, 0x17F), (0x1CD, 0x233), (0x340, 0x344), (0x374, 0x390), (0x400, 0x4F9),
            (0x622, 0x6D3), (0x929, 0x95F), (0x9CB, 0x9DF), (0xB48, 0xB5D), (0xF43, 0xFB9),
            (0x1E00, 0x1FFF), (0x2000, 0x2001), (0x2126, 0x212B), (0x219A, 0x22ED),
            (0x304C, 0x30FE), (0xFB1D, 0xFB4E), (0x1109A, 0x110AB), (0x1112E, 0x1112F),
            (0x1D15E, 0x1D164), (0x1D1BB, 0x1D1C0))
IDEOGRAPHS = ((0x2E80, 0x2FDF), (0x3000, 0x30FF), (0x3100, 0x33FF), (0x3400, 0x4DBF),
              (0x4DC0, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A6E0, 0x2B740),
              (0x2B81D, 0x2CEB0), (0x2F800, 0x2FA1F), (0x30000, 0x323AF))
# Both sides of the ends of what the reference takes for ideographs.
IDEOGRAPH_ENDS = (0x33FF, 0x3400, 0x4DBF, 0x4DC0, 0x4DFF, 0x4E00, 0x9FFF, 0xA000, 0xF8FF, 0xF900,
                  0xFAFF, 0xFB00, 0x1FFFF, 0x20000, 0x2A6DF, 0x2A6E0, 0x2A6FF, 0x2A700, 0x2B73F,
                  0x2B740, 0x2B81F, 0x2B820, 0x2B91F, 0x2B920, 0x2CEAF, 0x2CEB0, 0x2F7FF, 0x2F800,
                  0x2FA1F, 0x2FA20)
HANGUL = ((0x1100, 0x11FF), (0x1100, 0x1112), (0x1161, 0x1175), (0x11A7, 0x11C3),
          (0x3130, 0x318F), (0xA960, 0xA97C), (0xAC00, 0xD7A3), (0xD7B0, 0xD7FB),
          (0xFFA0, 0xFFDC), (0x302E, 0x302F))
EMOJI = ((0x1F300, 0x1F5FF), (0x1F600, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1FAFF),
         (0x2600, 0x27BF), (0x1F1E6, 0x1F1FF))
EMOJI_GLUE = ("\u200d", "\ufe0f", "\ufe0e", "\u20e3", "\U0001f3fb", "\U0001f3ff", "\U000e0067",
              "\U000e007f", "")
CONTROLS = ((0, 0x1F), (0x7F, 0xA0), (0xAD, 0xAD), (0x378, 0x379), (0x600, 0x605), (0x61C, 0x61C),
            (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x180B, 0x180F),
            (0x200B, 0x200F), (0x2028, 0x202F), (0x2060, 0x206F), (0xD7FF, 0xD7FF),
            (0xE000, 0xE010), (0xF8F0, 0xF8FF), (0xFDD0, 0xFDEF), (0xFEFF, 0xFEFF),
            (0xFFF0, 0xFFFF), (0x110BD, 0x110CD), (0x13430, 0x1345F), (0x1BCA0, 0x1BCA4),
            (0x1D173, 0x1D17A), (0x1FFFE, 0x1FFFF), (0xE0000, 0xE007F), (0xE0FFF, 0xE1000),
            (0xEFFFE, 0xF0001), (0xFFFFC, 0x100001), (0x10FFFC, 0x10FFFF))
CASED = ((0x41, 0x5A), (0xC0, 0xDE), (0x100, 0x24F), (0x370, 0x3FF), (0x400, 0x52F),
         (0x531, 0x556), (0x10A0, 0x10FF), (0x13A0, 0x13FF), (0x1C80, 0x1CBF), (0x1E00, 0x1FFF),
         (0x2100, 0x2188), (0x24B6, 0x24E9), (0x2C00, 0x2CE3), (0xA640, 0xA69B), (0xA722, 0xA7FF),
         (0xAB70, 0xABBF), (0xFB00, 0xFB17), (0xFF21, 0xFF3A), (0x10400, 0x1044F),
         (0x104B0, 0x104FB), (0x10570, 0x105BC), (0x10C80, 0x10CB2), (0x118A0, 0x118DF),
         (0x16E40, 0x16E7F), (0x1E900, 0x1E943))
CASING = ("İ", "I\u0307", "ı", "i\u0307", "ΟΔΥΣΣΕΥΣ", "ΌΣΟΣ", "Σ", "ς", "σ", "Σ\u0301", "aΣ", "ß",
          "ẞ", "ſ", "ﬁ", "ﬃ", "ﬅ", "ǅ", "ǈ", "ǋ", "Ǳ", "ŉ", "ǰ", "ΐ", "ᾈ", "ᾳ", "ῼ", "K", "Å", "Ω",
          "Ⅷ", "Ⓐ", "Ａｂ", "Ա", "և", "Ⴀ", "ა", "Ა", "Ꭰ", "ꭰ", "ᏸ", "Ꟁ", "Ɤ", "Ƛ", "𐐀", "𞤀", "𝐀",
          "À\u0301", "Ệ", "ǖ")
SPACES = ("\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005"
          "\u2006\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff")
PUNCTUATION = ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA1, 0xBF),
               (0x37E, 0x387), (0x55A, 0x58A), (0x5BE, 0x5F4), (0x609, 0x66D), (0x6D4, 0x70D),
               (0x7F7, 0x85E), (0x964, 0x970), (0x1360, 0x1368), (0x166D, 0x16ED),
               (0x1735, 0x180A), (0x1FBD, 0x1FFE), (0x2010, 0x205E), (0x207D, 0x208E),
               (0x2308, 0x232A), (0x2768, 0x2775), (0x27C5, 0x27EF), (0x2983, 0x29FD),
               (0x2CF9, 0x2D70), (0x2E00, 0x2E5D), (0x3001, 0x303D), (0x30A0, 0x30FB),
               (0xA4FE, 0xA6F7), (0xFD3E, 0xFD3F), (0xFE10, 0xFE6B), (0xFF01, 0xFF65),
               (0x10100, 0x10102), (0x11047, 0x1104D), (0x1E95E, 0x1E95F))
LOOKALIKES = {"a": "аａɑá", "e": "еｅéë", "o": "оｏ0ö", "i": "іıｉí", "c": "сｃç", "s": "ѕſ5",
              "n": "ｎñ", " ": "\u00a0\u2003\t\u3000", "-": "‐–—\u00ad", "'": "’ʼ＇´", ".": "．…。",
              "l": "1Iｌ", "A": "ΑАÅ"}


def is_scalar(code_point):
    return not 0xD800 <= code_point <= 0xDFFF


class Texts:
    def __init__(self, seed, pieces, prose):
        self.random = random.Random(seed)
        self.pieces, self.prose = pieces, prose
        self.words = [word for text in prose for word in text.split()]
        known = set(pieces)
        # By these the tokenizer can split words of many scripts: an [UNK] would hide differences.
        self.letters = [piece for piece in pieces if len(piece) == 1 and "##" + piece in known]
        self.kinds = (self.everything, self.blocks, self.known_letters, self.mark_runs, self.cjk,
                      self.hangul, self.emoji, self.controls, self.casing, self.spaces,
                      self.punctuation, self.specials, self.long_words, self.glued_pieces,
                      self.around_the_cut, self.mutated_prose, self.mixture)

    def make(self, count):
        return (self.kinds[i % len(self.kinds)]() for i in range(count))

    # --- parts --------------------------------------------------------------------------------

    def one_of(self, ranges):
        while True:
            code_point = self.random.randint(*self.random.choice(ranges))
            if is_scalar(code_point):
                return chr(code_point)

    def some_of(self, ranges, count_max):
        return "".join(self.one_of(ranges) for _ in range(self.random.randint(1, count_max)))

    def word(self):
        return self.random.choice(self.random.choice((WORDS, self.words)))

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    def joined(self, parts):
        """Now with spaces between, now without."""
        separator = self.random.choice(("", " ", " "))
        return separator.join(parts)

    def several(self, part, count_max):
        return [part() for _ in range(self.random.randint(1, count_max))]

    # --- kinds ----------------------------------------------------------------------------------

    def everything(self):
        """Any code points of any plane."""
        ranges = self.random.choice((((0, LAST),), ((0, 0xFFFF),), DENSE))
        return self.joined(self.several(lambda: self.some_of(ranges, 6), 8))

    def blocks(self):
        """One or two blocks of 128, as the text of a language has them."""
        ranges = []
        for _ in range(self.random.randint(1, 2)):
            start = ord(self.one_of(DENSE)) & ~0x7F
            ranges.append((start, start + 0x7F))
        return " ".join(self.several(lambda: self.some_of(ranges, 12), 8))

    def known_letters(self):
        """Words of any scripts that can be split, with something between their letters."""
        def letter():
            pick = self.random.randrange(30)
            if pick < 3:
                return self.one_of((MARKS, COMPOSED, CONTROLS)[pick])
            letter = self.random.choice(self.letters)
            return letter.upper() if pick < 9 else letter
        return " ".join(self.several(lambda: "".join(self.several(letter, 8)), 8))

    def mark_runs(self):
        """Marks in any order behind letters, with what must not part them and what must."""
        def cluster():
            ranges = MARKS if self.chance(2) else (self.random.choice(MARKS[:9]),)
            base = self.one_of(((0x61, 0x7A), (0x41, 0x5A), (0xC0, 0x17F), *COMPOSED))
            marks = [self.one_of(ranges) for _ in range(self.random.randint(0, 6))]
            if self.chance(6):
                marks.insert(self.random.randint(0, len(marks)),
                             self.random.choice("\0\x01\u200d\u034f\u00ad\u0301\u302e\U0001d165"))
            return base + "".join(marks)
        return self.joined(self.several(cluster, 12))

    def cjk(self):
        def part():
            if self.chance(3):
                return chr(self.random.choice(IDEOGRAPH_ENDS))
            return self.word() if self.chance(4) else self.some_of(IDEOGRAPHS, 6)
        return self.joined(self.several(part, 10))

    def hangul(self):
        def part():
            jamo = self.one_of(((0x1100, 0x1112),)) + self.one_of(((0x1161, 0x1175),))
            ranges = HANGUL if self.chance(2) else ((0xAC00, 0xD7A3),)
            return jamo if self.chance(3) else self.some_of(ranges, 6)
        return self.joined(self.several(part, 10))

    def emoji(self):
        def part():
            signs = [self.one_of(EMOJI) for _ in range(self.random.randint(1, 4))]
            return self.random.choice(EMOJI_GLUE).join(signs) + self.random.choice(EMOJI_GLUE)
        return self.joined(self.several(lambda: self.word() if self.chance(3) else part(), 10))

    def controls(self):
        """What is dropped, or looks so, within words."""
        def part():
            word = self.word()
            for _ in range(self.random.randint(1, 3)):
                at = self.random.randint(0, len(word))
                word = word[:at] + self.one_of(CONTROLS) + word[at:]
            return word
        return self.joined(self.several(part, 10))

    def casing(self):
        def part():
            pick = self.random.randrange(4)
            if pick == 0:
                return self.some_of(CASED, 8)
            if pick == 1:
                word = self.word()
                at = self.random.randint(0, len(word))
                return word[:at] + self.random.choice(CASING) + word[at:]
            return "".join(self.several(lambda: self.random.choice(CASING), 4))
        return self.joined(self.several(part, 8))

    def spaces(self):
        def part():
            return self.word() + "".join(self.several(lambda: self.random.choice(SPACES), 4))
        return self.random.choice(SPACES) * self.random.randint(0, 2) + \
            "".join(self.several(part, 12))

    def punctuation(self):
        def part():
            run = self.some_of(PUNCTUATION, 8)
            if self.chance(3):
                run = self.random.choice("!-._[]#$'`~") * self.random.randint(1, 12)
            return run if self.chance(2) else run + self.word()
        return self.joined(self.several(part, 8))

    def specials(self):
        """Special tokens written out, whole, broken and nested."""
        def part():
            token = self.random.choice(SPECIALS)
            at = self.random.randint(0, len(token))
            return self.random.choice((
                token, token, token.lower(), token[:at], token[at:], "[" + token,
                token[:-1] + token, token[:at] + " " + token[at:],
                token[:at] + self.one_of(CONTROLS) + token[at:], token + self.one_of(MARKS),
                self.word(), "##" + token, token[:at] + self.random.choice(SPECIALS) + token[at:]))
        return self.joined(self.several(part, 8))

    def long_words(self):
        """Around the 100 characters that a word may have, in characters of 1 to 4 bytes."""
        def word():
            ranges = self.random.choice((((0x61, 0x7A),), ((0x41, 0x5A), (0xC0, 0xFF)),
                                         ((0x430, 0x44F),), ((0x905, 0x939),),
                                         ((0x10400, 0x1044F),), ((0xAC00, 0xD7A3),)))
            length = self.random.choice((33, 49, 50, 51, 98, 99, 100, 101, 102, 150))
            letters = [self.one_of(ranges) for _ in range(length)]
            if self.chance(2):
                for _ in range(self.random.randint(1, 5)):
                    letters.insert(self.random.randint(0, len(letters)),
                                   self.random.choice("\u0301\u0323\u00ad\u200b\u302e\u0130\x07"))
            return "".join(letters)

        def of_pieces():
            text = ""
            length = self.random.randint(97, 103)
            while len(text) < length:
                text += self.random.choice(self.pieces).removeprefix("##")
            return text[:length]
        return " ".join(self.several(self.random.choice((word, of_pieces)), 3))

    def glued_pieces(self):
        """Pieces of the vocabulary behind one another, with their ## and without."""
        def piece():
            text = self.random.choice(self.pieces)
            if not self.chance(5):
                text = text.removeprefix("##")
            return text.upper() if self.chance(6) else text
        return " ".join(self.several(lambda: "".join(self.several(piece, 4)), 8))

    def around_the_cut(self):
        """Around 254 tokens, the last ones of every sort."""
        count = self.random.randint(246, 258)
        parts = [self.random.choice(("a", "the", "!", "中", "é")) for _ in range(count)]
        tail = self.several(lambda: self.random.choice(
            (self.random.choice(SPECIALS), self.word(), self.random.choice(self.pieces),
             "unaffableness", "x" * 101, "\U0001f600", "-", self.random.choice(SPACES))), 8)
        return " ".join(parts + tail)

    def mutated_prose(self):
        text = list(self.random.choice(self.prose))
        start = self.random.randint(0, max(0, len(text) - 50))
        text = text[start:start + self.random.randint(1, 400)]
        for _ in range(self.random.randint(1, 12)):
            at = self.random.randrange(len(text))
            pick = self.random.randrange(6)
            if pick == 0:
                del text[at:at + self.random.randint(0, min(3, len(text) - 1))]
            elif pick == 1:
                text.insert(at, self.one_of(DENSE))
            elif pick == 2:
                text[at] = text[at].swapcase()
            elif pick == 3:
                text[at] = self.random.choice(LOOKALIKES.get(text[at], text[at]))
            elif pick == 4:
                text.insert(at + 1, self.one_of(MARKS))
            else:
                other = self.random.randrange(len(text))
                text[at], text[other] = text[other], text[at]
        return "".join(text)

    def mixture(self):
        """Pieces of texts of the other kinds, cut anywhere."""
        def part():
            text = self.random.choice(self.kinds[:-1])()
            start = self.random.randint(0, len(text))
            return text[start:start + self.random.randint(1, 30)]
        return self.joined(self.several(part, 8))
