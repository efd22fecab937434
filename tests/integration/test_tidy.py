# SPDX-License-Identifier: Apache-2.0
"""The tree keeps the rules of tools/tidy, and the rules see what they are for."""

import importlib.machinery
import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load():
    loader = importlib.machinery.SourceFileLoader("tidy", str(ROOT / "tools" / "tidy"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    loader.exec_module(module)
    return module


tidy = load()


def findings(tmp_path, rule, files, exemptions=()):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [str(found) for found in tidy.check(tmp_path, [rule], exemptions)]


def test_the_tree_is_tidy():
    assert [str(found) for found in tidy.check(ROOT)] == []


LINES = "".join(f"    count += weight[{i}] * {i};\n" for i in range(12))
NESTED = "if (a) { for (;;) while (b) if (c) { do { e(); } while (d); } }"

# rule, path, contents, words of the one finding; None: all is well
CASES = [
    ("text", "src/base/a.c", "int a; \n", "white space"),
    ("text", "src/base/a.c", "\tint a;\n", "a tab"),
    ("text", "src/base/a.c", "int a;", "no newline"),
    ("text", "src/base/a.c", "// " + "FIX" + "ME: later\n", "finish it"),
    ("text", "src/base/a.c", "// mktemp: XXXXXX, base/workers.h, /tmp/with\n", None),
    ("text", "docs/a.md", "see /" + "root/notes\n", "machine"),
    ("text", "docs/a.md", "see /" + "work\n", "machine"),
    ("text", "src/base/a.c", "// " + "x" * 98 + "\n", "101 characters"),
    ("text", "src/base/a.c", "// " + "ü" * 97 + "\n", None),
    ("spdx", "src/base/a.c", "int a;\n", "lack"),
    ("spdx", "tools/a", "#!/usr/bin/env bash\n", "lack"),
    ("spdx", "sql/a.sql", "-- SPDX-License-Identifier: Apache-2.0\n", None),
    ("sizes", "src/base/a.c", "int f(void)\n{\n" + "    g();\n" * 67 + "}\n", None),
    ("sizes", "src/base/a.c", "int f(void)\n{\n" + "    g();\n" * 68 + "}\n", "f: 71 lines"),
    ("sizes", "src/base/a.c", "enum code f(void)\n{\n" + "    g();\n" * 68 + "}\n", "f: 71"),
    ("sizes", "src/base/a.c", "enum { A = B(1),\n" + "    C,\n" * 69 + "};\n", None),
    ("sizes", "src/base/a.c", "int a;\n" * 801, "801 lines"),
    ("sizes", "src/base/a.c", "void f(void)\n{" + NESTED + "}\n", "nested 5 deep"),
    ("sizes", "src/base/a.c", "int f(void)\n{if (a) ; " + "else if (b) ; " * 9 + "}\n", None),
    ("sizes", "tests/a.py", "def f():\n" + "    g()\n" * 70, "f: 71 lines"),
    ("includes", "src/pg/a.c", '#include "base/text.h"\n#include <libpq-fe.h>\n', None),
    ("includes", "src/pg/a.c", '#include "vector/engine.h"\n', "above it"),
    ("includes", "src/pg/a.c", '#include "text.h"\n', "write its folder"),
    ("includes", "src/pg/a.c", '#include "home/home_private.h"\n', "private"),
    ("includes", "src/cli/a.c", '#include "query/search.h"\n', "may include grove"),
    ("includes", "src/query/a.c", "#include <libpq-fe.h>\n", "belongs to src/pg"),
    ("includes", "src/pg/a.c", "#include <curl/curl.h>\n", "belongs to src/vector"),
    ("includes", "src/other/a.c", '#include "base/text.h"\n', "no place"),
    ("includes", "examples/a.c", '#include "base/text.h"\n', "include/grove only"),
    ("banned", "src/pg/a.c", "x = strcpy(a, b);\n", "strcpy"),
    ("banned", "tests/a.c", "x = sprintf(a, b);\n", "sprintf"),
    ("banned", "tests/a.c", "x = malloc(8); exit(1);\n", None),
    ("banned", "src/pg/a.c", "x = malloc(8);\n", "malloc"),
    ("banned", "src/pg/a.c", "exit(1);\n", "exit"),
    ("banned", "src/cli/a.c", "exit(1);\n", None),
    ("banned", "src/pg/a.c", "engine->free(engine); // malloc(8)\nx = \"atoi(\";\n", None),
    ("banned", "src/pg/a.c", "vsnprintf(a, b, c, d);\n", "vsnprintf: use text_vformat"),
    ("banned", "src/pg/a.c", "pthread_cond_timedwait(&a, &b, &c);\n", "clock_wait"),
    ("banned", "src/pg/a.c", "int fd = open(path, 0); pool_open(1);\n", "descriptor_open"),
    ("fractions", "src/pg/a.c", 'snprintf(a, 9,\n         "x %.3f",\n b);\n', "text_format"),
    ("fractions", "src/pg/a.c", 'snprintf(a, 9, "%.*g", 3, b);\n', "text_format"),
    ("fractions", "src/pg/a.c", 'snprintf(a, 9, "%d%%f %5s", b); text_format(a, "%f");\n', None),
    ("headers", "src/base/a.h", "#include <stddef.h>\nsize_t f(void);\n", None),
    ("headers", "src/base/a.h", "size_t f(void);\n", "size_t"),
    ("dead", "src/base/a.c", "int a;\n", "in no meson.build"),
    ("dead", "sql/queries/a.sql", "SELECT 1;\n", "in no meson.build"),
    ("readme", "sql/README.md", "short\n", "1 lines"),
    ("readme", "sql/README.md", "line\n" * 20, None),
    ("links", "docs/a.md", "[b](b.md)\n", "there is no b.md"),
    ("links", "docs/a.md", "# One thing\n[b](#one-thing) [c](a.md#one-thing)\n", None),
    ("links", "docs/a.md", "# One thing\n[b](#other)\n", "no #other"),
    ("links", "docs/a.md", "```\n[b](b.md)\n```\n`[c](c.md)` [d](https://example.org/)\n", None),
    ("python", "tests/a.py", "import os\nimport sys\nsys.exit()\n", "os: imported, never used"),
    ("python", "tests/a.py", "def f(:\n", "invalid syntax"),
    ("duplicates", "src/base/a.c", f"a\n{LINES}b\n{LINES}", "12 or more lines"),
    ("duplicates", "src/base/a.c", LINES + LINES.replace("weight", "height"), None),
]


@pytest.mark.parametrize("rule, path, text, words", CASES)
def test_rule(tmp_path, rule, path, text, words):
    found = findings(tmp_path, rule, {path: text})
    if words is None:
        assert found == []
    else:
        assert len(found) == 1 and words in found[0] and found[0].startswith(path), found


def test_headers_of_two_folders_do_not_name_a_struct_alike(tmp_path):
    of_sync = {"src/sync/a.h": "struct batch;\nstruct batch {\n    int a;\n};\n"}
    of_files = {"src/content/a.c": "struct batch {\n    int b;\n};\n"}
    assert findings(tmp_path, "names", of_sync | of_files) == []
    of_headers = of_sync | {"src/content/b.h": "struct batch {\n    int b;\n};\n"}
    (found,) = findings(tmp_path, "names", of_headers)
    assert "struct batch is another one in src/content/b.h" in found



CODE = {
    "src/pg/a.c": """static void deep(void) { leaf(); }
static void second(void) { deep(); }
static void first(void) { second(); }
enum code leaf(void) { return 0; }
void open_it(struct x *x)
{
    if (bad)
        return give_up();
    first();
    x->table->begin(x);
    run_all(callback);
    first();
    give_up();
}
static void callback(void) { other("take_row.sql"); }
void give_up(void) { }
void run_all(void (*f)(void)) { }
""",
    "embedded/a.py": "class Box:\n    def open(self):\n        shut()\n\n\ndef shut():\n    pass\n",
    "tools/go": "#!/usr/bin/env bash\nhelp() { echo; }\nrun() {\n    help\n}\nrun # tools/other\n",
    "sql/a.sql": "CREATE FUNCTION grove.one() RETURNS void AS $$ SELECT grove.two() $$;\n"
                 "CREATE FUNCTION grove.two() RETURNS void AS $$ $$;\n"
                 "CREATE TRIGGER t AFTER INSERT ON x EXECUTE FUNCTION grove.one();\n",
}

# the README's folder, a tree, words of the one finding; None: all is well
TREES = [
    ("src/pg", "open_it\n  first\n    second\n", None),
    ("src/pg", "open_it\n  first  x\n  run_all, callback\n", None),
    ("src/pg", "open_it\n  shut_it\n", "shut_it: there is no such function"),
    ("src/pg", "shut_it\n", "shut_it: there is no such function"),
    ("src/pg", "open_it\n  leaf\n", "open_it does not call leaf"),  # four calls away
    ("src/pg", "first\n  leaf\n", None),
    ("src/pg", "give_up\n  open_it\n", "give_up does not call open_it"),
    ("src/pg", "open_it\n  run_all\n  x->begin\n", "does not call x->begin after run_all"),
    ("src/pg", "open_it\n  x->begin\n  first\n  give_up\n", None),
    ("src/pg", "open_it\n  first\n  run_all\n  first\n  first\n", "does not call first after"),
    ("src/pg", "open_it\n  x->shut\n", "x->shut: there is no such function"),
    ("src/pg", "open_it\n  if it is bad:\n    give_up\n  6 times:\n    leaf\n", "call leaf"),
    ("src/pg", "open_it\n  first and last\n", "neither names nor"),
    ("src/pg", "open_it\n  Box.open\n", "Box.open: there is no such function"),
    ("src/pg", "open_it   some words\n          give_it_up goes on\n", "give_it_up: nothing"),
    ("src/pg", "callback   take_row.sql\n", "take_row.sql: nothing has that name"),
    ("src/pg", "callback   a.sql, give_up, <a_b>, x/a_b\n", None),
    ("embedded", "Box.open\n  a.shut\n", None),
    ("embedded", "a.shut\n  Box.open\n", "a.shut does not call Box.open"),
    ("tools", "go\n  run\n    help\n", None),
    ("tools", "go\n  help\n", None),
    ("tools", "go\n  tools/other\n", "tools/other: there is no such function"),
    ("tests", "tools/go\n  run\n", None),
    ("sql", "INSERT:\n  grove.one\n    grove.two\n", None),
    ("sql", "INSERT:\n  grove.two\n", "grove.two: no trigger calls it"),
    ("sql", "INSERT:\n  grove.one\n    grove.one\n", "grove.one does not call grove.one"),
]


@pytest.mark.parametrize("folder, tree, words", TREES)
def test_call_trees(tmp_path, folder, tree, words):
    found = findings(tmp_path, "calls", {**CODE, f"{folder}/README.md": f"```calls\n{tree}```\n"})
    if words is None:
        assert found == []
    else:
        assert len(found) == 1 and words in found[0] and f"{folder}/README.md:" in found[0], found


@pytest.mark.parametrize("text, words", [
    ("```\nopen_it\n  first\n```\n", ["fence it", "no call tree"]),
    ("\n    open_it\n      first\n", ["fence it", "no call tree"]),
    ("```calls\nopen_it\n```\n\n    grove --version\n\n```\nan open_it drawing\n```\n", []),
    ("words\n", ["no call tree"]),
])
def test_call_trees_are_fenced(tmp_path, text, words):
    found = findings(tmp_path, "calls", {**CODE, "src/pg/README.md": text})
    assert len(found) == len(words)
    assert all(any(word in line for line in found) for word in words), found


def test_listed_files_are_alive(tmp_path):
    assert findings(tmp_path, "dead", {
        "src/base/a.c": "", "sql/a.sql": "", "tests/fuzz/fuzz_path.c": "",
        "src/base/meson.build": "files('a.c', '../../sql/a.sql')\n",
        "tests/fuzz/meson.build": "foreach name : ['path']\n"}) == []


def test_a_folder_without_readme(tmp_path):
    assert findings(tmp_path, "readme", {"src/base/a.c": ""}) == [
        "src/base/README.md:1: missing [readme]"]


def test_exemptions(tmp_path):
    reason = ("banned", "src/base/a.c", "malloc", "the reason")
    assert findings(tmp_path, "banned", {"src/base/a.c": "x = malloc(8);\n"}, [reason]) == []
    found = findings(tmp_path, "banned", {"src/base/a.c": "x = 0;\n"}, [reason])
    assert len(found) == 1 and "no longer needed" in found[0] and "the reason" in found[0]


ASSERTING = "static enum grove_code f(int a)\n{\n    CHECK(a > 0);\n    return g(a);\n}\n"
SILENT = "enum grove_code g(int a)\n{\n    // CHECK(a > 0);\n    return a;\n}\n"


def test_a_folder_has_an_assertion_for_each_function(tmp_path):
    files = {"src/pg/a.c": ASSERTING, "src/pg/b.h": 'static_assert(B == 1, "one");\n',
             "src/pg/c.c": SILENT, "src/base/a.c": SILENT}
    assert findings(tmp_path, "assertions", files) == []
    found = findings(tmp_path, "assertions", {**files, "src/pg/c.c": SILENT * 2})
    assert found == ["src/pg/README.md:1: 2 assertions in 3 functions of src/pg; "
                     "as many are wanted [assertions]"]
    assert findings(tmp_path, "assertions", {
        **files, "src/pg/c.c": SILENT * 2 + "void h(void)\n{\n    DCHECK(i);\n    DCHECK(j);\n}\n"
    }) == []
