# SPDX-License-Identifier: Apache-2.0
"""What tools/build must not lose: a build that is there, and what is no build."""

import subprocess

import pytest
from conftest import ROOT


@pytest.fixture
def folder(tmp_path):
    """Looks like a build; what was compiled in it is a file."""
    made = tmp_path / "made"
    (made / "meson-private").mkdir(parents=True)
    (made / "build.ninja").touch()
    (made / "compiled").touch()
    return made


def build(*arguments):
    return subprocess.run([ROOT / "tools" / "build", *arguments], capture_output=True, text=True,
                          timeout=300, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["-Dwarning_level=1", "-h"]])
def test_who_asks_for_help_gets_help(folder, arguments):
    done = build(folder, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "usage: tools/build FOLDER [MESON OPTION ...] [-- TARGET ...]\n"
    assert (folder / "compiled").exists()


@pytest.mark.parametrize("arguments", [[], [""], ["--version"]])
def test_without_a_folder_nothing_is_done(arguments):
    done = build(*arguments)
    assert done.returncode == 2 and done.stderr.startswith("usage: "), done


def test_an_option_that_there_is_not_costs_no_build(folder):
    done = build(folder, "-Dnothing_of_this_name=1")
    assert done.returncode == 1 and "nothing_of_this_name" in done.stderr, done
    assert (folder / "compiled").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["made"]


def options_of():
    """What a build was configured with by whoever gave no option."""
    assets = subprocess.run([ROOT / "tools" / "setup", "--print-assets"], capture_output=True,
                            text=True, check=True).stdout.strip()
    libraries = subprocess.run(["pkg-config", "--exists", "cmocka", "openblas"], check=False)
    tests = "false" if libraries.returncode else "true"
    return f"-Dassets_dir={assets}\n-Dtests={tests}\n--prefix\n/usr/local\n"


def test_only_the_targets_that_are_named_are_made(folder):
    (folder / "build.ninja").write_text("rule touch\n  command = touch $out\n"
                                        "build one: touch\nbuild other: touch\n")
    (folder / ".options").write_text(options_of())
    done = build(folder, "--", "one")
    assert done.returncode == 0 and done.stderr.startswith("grove build: built "), done
    assert (folder / "one").exists() and not (folder / "other").exists()


def test_what_is_no_build_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").touch()
    done = build(tmp_path, "-Dnothing_of_this_name=1")  # so that nothing is compiled in any case
    assert done.returncode == 2 and "is no build" in done.stderr, done
    assert (tmp_path / "letter.txt").exists()
