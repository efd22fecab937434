# SPDX-License-Identifier: Apache-2.0
"""tools/mutants: what it calls current, and its verdicts."""

import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import find_assets

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = re.compile(r"^(\.git|build|build-.*|__pycache__|\.pytest_cache|\.cache)$")


def run(root, *arguments):
    done = subprocess.run([root / "tools" / "mutants", *arguments], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path):
    """A copy of the tree."""
    copy = tmp_path / "tree"
    shutil.copytree(ROOT, copy, ignore=lambda folder, names: [
        name for name in names if SKIPPED.match(name) and (pathlib.Path(folder) / name).is_dir()])
    return copy


def change(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_the_catalogue_is_current():
    status, said = run(ROOT, "--check")
    assert status == 0, said


def test_what_is_stale_is_told(tree):
    change(tree / "src" / "base" / "file.c", "if (fsync(fd) != 0)", "if (fsync( fd ) != 0)")
    change(tree / "tests" / "unit" / "base" / "u_text.c", "static void numbers(", "static void n(")
    change(tree / "tests" / "unit" / "base" / "u_text.c", "cmocka_unit_test(numbers)",
           "cmocka_unit_test(n)")
    change(tree / "src" / "vector" / "README.md", "\n1. A write asks",
           "\n99. Another one.\n1. A write asks")
    change(tree / "src" / "api" / "README.md", "\n8. Locks are taken", "\nLocks are taken")
    status, said = run(tree, "--check")
    assert status == 1
    assert "file-not-synced: its text occurs 0 times in src/base/file.c" in said
    assert "u_text.c has no numbers" in said
    assert "src/vector/README 99: no mutant, and no reason" in said
    assert "src/api/README 8: a reason for an invariant that is not there" in said


ENTRIES = '''
from mutant import Mutant

KEPT = tuple(f"embedded/README {number}" for number in range(1, 9))
MAIN = "embedded/grove_vectors/__main__.py"
TEST = "tests/integration/test_vector_server.py::test_service_routes"

MUTANTS = [
    Mutant("other-words", KEPT, "embedded/grove_vectors/routes.py", "healthz check passed",
           "healthz check", TEST),
    Mutant("other-comment", KEPT, MAIN, "The last line on standard error", "The last line", TEST),
    Mutant("no-python", KEPT, MAIN, "def main() -> None:", "def main( -> None:", TEST),
]
'''


def test_verdicts(tree):
    """A kill, a survivor, and a server that does not even start: its fixture fails, no kill."""
    find_assets()
    (tree / "tests" / "mutants" / "embedded.py").write_text(ENTRIES)
    status, said = run(tree, "-j", "1", "--no-suite", "other-words", "other-comment", "no-python")
    verdicts = {line.split()[1]: line.split()[0] for line in said.splitlines()
                if line.startswith(("killed", "survived", "error"))}
    assert status == 1
    assert verdicts == {"other-words": "killed", "other-comment": "survived",
                        "no-python": "error"}, said
    assert "mutants: 1 killed, 1 survived, 1 errors" in said
    assert run(tree, "-j", "1", "other-words")[0] == 0
