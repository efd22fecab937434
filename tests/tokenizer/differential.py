# SPDX-License-Identifier: Apache-2.0
"""Compares the tokenizer with the published one, the package "tokenizers", and their speeds.

1. every code point, within a word and by itself (1,112,064 texts);
2. random and adversarial texts (texts.py), the same for the same seed;
3. the speed of both on ASCII prose, one thread each, in turns.

With --write-fixture it writes a few such texts and their published ids instead, which
u_tokenizer_published.c compares with in "make test". The exit status is 1 when ids differ; the
speeds are shown only. tools/check-tokenizer calls this and knows what to give it.
"""

import argparse
import gzip
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import tokenizers

from texts import LAST, Texts, is_scalar

TOKENS_MAX = 256
BATCH = 20_000
UNKNOWN = 100  # [UNK]
SHOWN_MAX = 10
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROSE = ROOT / "data" / "sample.jsonl"
FIXTURE = ROOT / "tests" / "unit" / "embed" / "tokenizer.jsonl"
FIXTURE_TEXTS = 480
FIXTURE_BYTES_MAX = 150_000
FIXTURE_CHARACTERS_MAX = 100
FIXTURE_LONG_TEXTS = 12  # that may have more


def read_bodies(path):
    """The bodies of a file for `grove load`, plain or gzip."""
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(
        path, encoding="utf-8")
    with opened as lines:
        return [json.loads(line)["body"] for line in lines]


def write_texts(file, texts):
    file.seek(0)
    file.truncate()
    for text in texts:
        data = text.encode()
        file.write(struct.pack("<I", len(data)) + data)
    file.flush()


class Ours:
    def __init__(self, program, vocabulary):
        self.program, self.vocabulary = program, vocabulary
        self.file = tempfile.NamedTemporaryFile(prefix="grove-texts-")

    def run(self, mode, texts, *arguments):
        write_texts(self.file, texts)
        done = subprocess.run([self.program, mode, self.vocabulary, self.file.name, *arguments],
                              stdout=subprocess.PIPE, check=True, text=True)
        return done.stdout

    def ids(self, texts):
        return [list(map(int, line.split())) for line in self.run("ids", texts).splitlines()]

    def speed(self, texts, rounds):
        return json.loads(self.run("speed", texts, str(rounds)))


def open_published(folder):
    published = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    published.enable_truncation(TOKENS_MAX)
    published.no_padding()
    return published


def published_ids(published, texts):
    return [encoding.ids for encoding in published.encode_batch_fast(texts)]


# --- ids ------------------------------------------------------------------------------------------

def show_mismatch(text, wanted, got):
    print(f"  {text!r}\n    code points {' '.join(f'{ord(c):04x}' for c in text)}\n"
          f"    published   {' '.join(map(str, wanted))}\n"
          f"    ours        {' '.join(map(str, got))}")


def compare(name, ours, published, texts):
    """The number of texts whose ids differ; shows the first of them."""
    start, count, differing, known = time.monotonic(), 0, 0, 0
    batch = []

    def compare_batch():
        nonlocal count, differing, known
        wanted, got = published_ids(published, batch), ours.ids(batch)
        if len(got) != len(batch):
            raise SystemExit(f"grove_tokenize gave {len(got)} lines for {len(batch)} texts")
        for text, a, b in zip(batch, wanted, got):
            if a != b:
                differing += 1
                if differing <= SHOWN_MAX:
                    show_mismatch(text, a, b)
        count += len(batch)
        known += sum(UNKNOWN not in ids for ids in wanted)
        batch.clear()

    for text in texts:
        batch.append(text)
        if len(batch) == BATCH:
            compare_batch()
    compare_batch()
    print(f"{name}: {count:,} texts ({known:,} without [UNK]), {differing:,} differ "
          f"({time.monotonic() - start:.0f} s)", flush=True)
    return differing


def every_code_point():
    for code_point in filter(is_scalar, range(LAST + 1)):
        character = chr(code_point)
        yield f"a{character}b {character}"


# --- speed ----------------------------------------------------------------------------------------

def ascii_prose(published, corpus):
    """Whole texts that no tokenizer cuts, so that all of their bytes count."""
    published.no_truncation()
    texts = [text for text in read_bodies(corpus) if text.isascii()]
    kept = [text for text, ids in zip(texts, published_ids(published, texts))
            if len(ids) < TOKENS_MAX]
    published.enable_truncation(TOKENS_MAX)
    return kept


def compare_speed(ours, published, corpus, rounds):
    texts = ascii_prose(published, corpus)
    size = sum(map(len, texts))
    measured, theirs = [], {"encode_batch": [], "encode_batch_fast": []}
    for _ in range(rounds):
        measured.append(ours.speed(texts, 5))
        for name, times in theirs.items():
            start = time.perf_counter()
            getattr(published, name)(texts)
            times.append(size / (time.perf_counter() - start) / 1e6)
    best = max(one["mb_s_best"] for one in measured)
    median = statistics.median(one["mb_s_median"] for one in measured)
    print(f"ASCII prose: {len(texts):,} texts of {corpus.name}, {size / 1e6:.2f} MB, "
          f"{measured[0]['tokens']:,} tokens, 1 thread, {rounds} rounds\n"
          f"  {'':24}{'median':>8}{'best':>8}  MB/s\n"
          f"  {'grove':24}{median:8.1f}{best:8.1f}")
    for name, times in theirs.items():
        middle = statistics.median(times)
        print(f"  {name:24}{middle:8.1f}{max(times):8.1f}  "
              f"grove is {median / middle:.0f} times as fast")
    print(f"opening the vocabulary: {min(one['open_ms_best'] for one in measured):.2f} ms best, "
          f"{statistics.median(one['open_ms_median'] for one in measured):.2f} ms median")


# --- the fixture ----------------------------------------------------------------------------------

def fixture_texts(source):
    """Short texts of every kind, as a rule: ids of long ones take room and tell little more."""
    texts, long = {}, 0  # a dictionary keeps the order and drops what came twice
    for text in source.make(100 * FIXTURE_TEXTS):
        if len(text) > FIXTURE_CHARACTERS_MAX:
            if long == FIXTURE_LONG_TEXTS:
                continue
            long += 1
        texts[text] = None
        if len(texts) == FIXTURE_TEXTS:
            break
    return list(texts)


def write_fixture(published, source):
    texts = fixture_texts(source)
    lines = [json.dumps({"text": text, "ids": ids}, separators=(",", ":"))
             for text, ids in zip(texts, published_ids(published, texts))]
    data = "".join(line + "\n" for line in lines)
    if len(data) > FIXTURE_BYTES_MAX:
        raise SystemExit(f"{len(data):,} bytes are more than a fixture should have")
    FIXTURE.write_text(data, encoding="ascii")
    print(f"wrote {len(texts)} texts, {len(data):,} bytes, to {FIXTURE}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--corpus", type=pathlib.Path, default=PROSE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write-fixture", action="store_true")
    options = parser.parse_args()

    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one thread, as ours
    published = open_published(options.model)
    pieces = (options.model / "vocab.txt").read_text("utf-8").splitlines()
    source = Texts(options.seed, pieces, read_bodies(PROSE))
    if options.write_fixture:
        write_fixture(published, source)
        return 0
    ours = Ours(options.program, options.model / "vocab.txt")
    print(f"tokenizers {tokenizers.__version__}, seed {options.seed}")
    differing = compare("every code point", ours, published, every_code_point())
    differing += compare("random texts", ours, published, source.make(options.count))
    compare_speed(ours, published, options.corpus, options.rounds)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
