# SPDX-License-Identifier: Apache-2.0
"""What the recipes say must be done together was done: a filter is known everywhere
(src/vector/README.md), a command has all its parts (src/cli/README.md). What the compiler, the
linker, tools/tidy, e2e/test_payload.py and e2e/test_cli_docs.py hold is not repeated here."""

import os
import pathlib
import re
import subprocess

import pytest
from conftest import read_statement

ROOT = pathlib.Path(__file__).resolve().parents[2]
GROVE = os.environ.get("GROVE_BIN", str(ROOT / "build" / "grove"))


def read(path):
    return (ROOT / path).read_text("utf-8")


# --- a filter -----------------------------------------------------------------------------------

def struct_members(text, name):
    body = re.search(rf"^struct {name} \{{\n(.*?)^\}}", text, re.M | re.S).group(1)
    code = re.sub(r"//.*", "", body)
    return set(re.findall(r"(\w+)\s*;", code))


def function_of(path, name):
    return re.search(rf"^\w[^\n;]* {name}\([^;]*?\n\{{.*?^\}}", read(path), re.M | re.S).group(0)


def filtered_keys():
    """Fields of a payload on which the engine is given conditions."""
    return set(re.findall(r"conditions, \"(\w+)\"", read("src/vector/filter.c")))


def conditions_of(text):
    """The predicate's part of a statement: column -> what is compared, as $1, ... are written."""
    found = re.findall(r"\((\$\d)::[\w\[\]]+ IS NULL OR m\.(\w+) ([^\n]*)\)$", text, re.M)
    return {(column, comparison) for _, column, comparison in found}


def test_the_engine_filters_as_postgresql_does():
    """Every statement that takes the whole predicate has the same conditions, on the columns that
    are the engine's fields."""
    found = {}
    for path in sorted((ROOT / "sql" / "queries").glob("*.sql")):
        conditions = conditions_of(read_statement(path.name, "queries"))
        if any(column == "word_count" for column, _ in conditions):
            found[path.name] = conditions
    # Counts that are kept know places and types only, so that one is not among these.
    assert set(found) == {"browse.sql", "browse_counts.sql", "matching.sql", "matching_few.sql",
                          "matching_ids.sql", "matching_likely.sql", "score.sql", "score_all.sql",
                          "score_pending.sql", "score_pending_in.sql"}
    reference = found["matching.sql"]
    for name in found:
        columns = {column for column, _ in reference - found[name]}
        assert found[name] <= reference and columns <= {"hierarchy_table"}, name
        # The path: a tree, and numbers.
        text = "".join(read_statement(name, "queries", depth) for depth in
                       ("tree", "branch", "limb", "leaf"))
        assert re.search(r"l\.hierarchy_table = (\$1|m\.hierarchy_table)", text), name
        named = set(re.findall(r"\b[lm]\.(\w+_id)\b", text))
        assert {"branch_id", "limb_id", "leaf_id"} <= named, name
    assert ({column for column, _ in reference} | {"branch_id", "limb_id", "leaf_id"}
            == filtered_keys() - {"revision"})  # nobody's predicate: the projection's own


def test_no_statement_takes_the_leaves_of_a_path():
    for path in sorted((ROOT / "sql" / "queries").glob("*.sql")):
        assert not re.search(r"leaf_id = ANY", read_statement(path.name, "queries")), path.name


@pytest.mark.parametrize("struct, header, user, use", [
    ("grove_filter", "include/grove/grove.h", "src/commands/filter.c", r"\.{0} = |filter\.{0}\b"),
    ("grove_filter", "include/grove/grove.h", "src/query/predicate.c", r"filter->{}\b"),
    ("predicate", "src/query/predicate.h", "src/query/predicate.c", r"predicate->{}\b"),
    ("vector_filter", "src/vector/engine.h", "src/query/predicate.c predicate_for_engine",
     r"\.{} = "),
    ("vector_filter", "src/vector/engine.h", "src/vector/filter.c", r"filter->{}\b"),
    ("vector_point", "src/vector/engine.h", "src/sync/projector.c", r"\.{} = "),
    ("vector_point", "src/vector/engine.h", "src/vector/point.c", r"point->{}\b"),
])
def test_every_member_is_handed_on(struct, header, user, use):
    members = struct_members(read(header), struct)
    assert len(members) >= 7
    text = function_of(*user.split()) if " " in user else read(user)
    if user.endswith("predicate_for_engine"):
        members -= {"revision_above"}  # nobody's predicate: the projection's own
    assert {name for name in members if not re.search(use.format(name), text)} == set()


def test_every_filter_ties_a_cursor_to_its_query():
    """Times move, and the path is in the fingerprint by its names; the rest of a predicate is."""
    body = function_of("src/query/predicate.c", "predicate_fingerprint")
    members = struct_members(read("src/query/predicate.h"), "predicate")
    members -= {"created_since_us", "created_before_us"}
    # What the path becomes.
    members -= {"has_path", "hierarchy_table", "place_depth", "place_array", "by_leaves",
                "leaves", "parts_exist"}
    assert {name for name in members if f"->{name}" not in body} == set()


# --- a command ----------------------------------------------------------------------------------

def names(pattern, path):
    found = re.findall(pattern, read(path), re.M)
    assert len(found) == len(set(found)), path
    return set(found)


def test_every_command_has_its_file_and_every_file_its_command():
    files = {path.stem.removeprefix("cmd_") for path in (ROOT / "src" / "cli").glob("cmd_*.c")}
    assert len(files) >= 15
    assert names(r"^enum grove_code cmd_(\w+)\(", "src/cli/run.h") == files
    assert names(r"'cmd_(\w+)\.c'", "src/cli/meson.build") == files
    assert names(r"\bcmd_(\w+)\b", "src/cli/run.c") == files
    assert names(r"^        \.name = \"(\w+)\",$", "src/commands/commands.c") == files
    assert names(r"^### grove (\w+)$", "docs/cli.md") == files


def test_every_command_is_run_by_a_test():
    texts = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]
    for command in names(r"^### grove (\w+)$", "docs/cli.md"):
        assert any(re.search(rf"\(\[?\"(?:--json\", \")?{command}\"[,)\]]", text)
                   for text in texts), command


def run_shell(shell, script):
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def grove(*arguments):
    return subprocess.run([GROVE, *arguments], capture_output=True, text=True, timeout=60,
                          check=True).stdout


def documented_options():
    """command -> the options that docs/cli.md lists for it."""
    parts = re.split(r"^### grove (\w+)$", read("docs/cli.md"), flags=re.M)[1:]
    return {name: set(re.findall(r"^\| (?:`-\w`, )?`(--[\w-]+)", text.split("\n## ")[0], re.M))
            for name, text in zip(parts[::2], parts[1::2])}


def test_bash_completes_every_command_and_every_option():
    options = documented_options()
    assert {"--min-words", "--path"} <= options["search"]
    script = grove("completion", "bash")
    asked = ["compopt() { :; }", script]
    for command in options:
        asked.append(f"COMP_WORDS=(grove {command} --); COMP_CWORD=2; COMPREPLY=(); _grove\n"
                     f'echo "{command} ${{COMPREPLY[*]}}"')
    answered = dict((line.split()[0], set(line.split()[1:]))
                    for line in run_shell("bash", "\n".join(asked)).splitlines())
    for command, wanted in options.items():
        assert wanted <= answered[command], command


def test_fish_is_told_every_command_and_every_option():
    lines = grove("completion", "fish").splitlines()
    for command, wanted in documented_options().items():
        assert any(re.search(rf"-a ['\"]?{command}\b", line) for line in lines), command
        told = {f"--{name}" for line in lines if re.search(rf"\b{command}\b", line)
                for name in re.findall(r"-l ([\w-]+)", line)}
        assert wanted <= told, command
