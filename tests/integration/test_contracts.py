# SPDX-License-Identifier: Apache-2.0
"""A calling sequence that is wrong does not compile, and none drops out of sight."""

import json
import os
import pathlib
import shlex
import subprocess

import pytest

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GROVE_BIN", ROOT / "build" / "grove")).resolve().parent
EXTRACT = ROOT / "tests" / "contracts" / "extract"

HEADER = """// What it is for.
//
{comment}
//
// Threads: any.
#ifndef GROVE_A_B_H
#define GROVE_A_B_H
#include <stddef.h>
#include "grove/error.h"
struct box {{ int width; }};
enum grove_code box_open(struct box *ret, const char *name, struct grove_error *error)
    __attribute__((warn_unused_result));
size_t box_count(const struct box *box);
#endif
"""

GOOD = """//     struct box box;
//     code = box_open(&box, "x", error);   // a remark
//     ...
//
//     size_t count = box_count(&box);"""

CONTEXTS = "// remarks\n"


def extract(folder, comment=GOOD, contexts=CONTEXTS):
    """Runs the extractor over a tree of one header; what it says, and the C file or None."""
    header = folder / "src" / "a" / "b.h"
    header.parent.mkdir(parents=True)
    header.write_text(HEADER.format(comment=comment))
    (folder / "contexts.txt").write_text(contexts)
    done = subprocess.run([EXTRACT, folder, "contexts.txt", folder / "out.c", folder / "out.d"],
                          capture_output=True, text=True, check=False)
    made = (folder / "out.c").exists()
    assert (done.returncode == 0) == made and (not made) == bool(done.stderr), done.stderr
    return done.stderr, folder / "out.c" if made else None


def compile_as_built(folder, source):
    """The compiler's words, with the flags of the real build."""
    with open(BUILD / "compile_commands.json", encoding="utf-8") as database:
        entry, = [entry for entry in json.load(database)
                  if entry["file"].endswith("tests/contracts/contracts.c")]
    command = shlex.split(entry["command"])
    flags = command[1:command.index("-MD")]
    done = subprocess.run([command[0], f"-I{folder / 'src'}", *flags, "-fdiagnostics-color=never",
                           "-c", "-o", folder / "out.o", source],
                          cwd=entry["directory"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr


def test_a_sequence_that_is_right(tmp_path):
    said, source = extract(tmp_path)
    assert said == "" and compile_as_built(tmp_path, source) == ""
    # Both paragraphs are one sequence, since nothing but an empty line is between them.
    assert source.read_text().count("static enum grove_code contract_") == 1
    assert str(tmp_path / "src" / "a" / "b.h") in (tmp_path / "out.d").read_text()


BOX, NAME = "struct box *box;", "const char *name;"

# what the sequence says, what its context declares, words of the compiler
WRONG = [
    ("size_t n = box_size(box);", [BOX], "box_size"),
    ("size_t n = box_count(box, 1);", [BOX], "too many arguments"),
    ("size_t n = box_count();", [], "too few arguments"),
    ("size_t n = box_count(name);", [NAME], "incompatible pointer"),
    ("size_t n = box_count(7);", [], "without a cast"),
    ("name = box->width;", [BOX, NAME], "without a cast"),
    ("box->height = 1;", [BOX], "no member named"),
    ("box_open(box, name, error);", [BOX, NAME], "unused-result"),
    ("code = box_open(&other, name, error);", [NAME], "undeclared"),
    ("code = box_open(box, name, error);", ["const struct box *box;", NAME], "discards"),
    ("struct grove_error error; code = box_open(box, name, error);", [BOX, NAME], "incompatible"),
]


@pytest.mark.parametrize("code, declarations, words", WRONG)
def test_a_sequence_that_is_wrong(tmp_path, code, declarations, words):
    said, source = extract(tmp_path, f"//     {code}", "\n".join(["[src/a/b.h]", *declarations]))
    assert said == ""
    compiled = compile_as_built(tmp_path, source)
    assert words in compiled and "src/a/b.h:3:" in compiled, compiled


# the comment, the contexts, words of the extractor
REFUSED = [
    ("//     code  what it means", CONTEXTS, "src/a/b.h:3: neither a calling sequence nor named"),
    ("//     box_count(box)", CONTEXTS, "neither a calling sequence nor named"),
    (GOOD, "[src/a/b.h]\nnot code: struct box", "looks like code"),
    (GOOD, "[src/a/b.h]\nnot code: code  what", "contexts.txt:2: src/a/b.h has no block"),
    (GOOD + "\n//\n//     a   1", CONTEXTS, "src/a/b.h:9: neither a calling sequence"),
    (GOOD, "[src/a/c.h]\nint x;", "there is no header src/a/c.h"),
    (GOOD, "[src/a/b.h]\nint depth;", "no sequence of src/a/b.h uses \"depth\""),
    (GOOD, "[src/a/b.h]\n[src/a/b.h]", "a context already"),
    (GOOD, "int x;", "before the first"),
    (GOOD, "[src/a/b.h]\nx", "neither \"TYPE NAME;\""),
    (GOOD + "\n//   count++;", CONTEXTS, "src/a/b.h:8: indented by less than four"),
    ("// no block at all", CONTEXTS, "no header shows a calling sequence"),
    ("// no block at all", "[src/a/b.h]\nint x;", "no sequence of src/a/b.h uses"),
]


@pytest.mark.parametrize("comment, contexts, words", REFUSED)
def test_nothing_drops_out(tmp_path, comment, contexts, words):
    said, _ = extract(tmp_path, comment, contexts)
    assert words in said


def test_what_is_no_code_is_named(tmp_path):
    said, source = extract(tmp_path, GOOD + "\n//\n//     a   1\n//     b   2",
                           "[src/a/b.h]\nnot code: a   1\n")
    assert said == "" and compile_as_built(tmp_path, source) == ""


def test_later_comments_are_read_too(tmp_path):
    said, source = extract(tmp_path, GOOD + "\n#define X 1\n    // More.\n    //     code = no();")
    assert said == "" and "no" in compile_as_built(tmp_path, source)
