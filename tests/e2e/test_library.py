# SPDX-License-Identifier: Apache-2.0
"""The installed library, as other programs use it."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import (BINARY, EXIT_STATUS, ROOT, make_row, make_vector, wait_until, write_rows)

BUILD = pathlib.Path(BINARY).resolve().parent
HEADERS = sorted(path.name for path in (ROOT / "include" / "grove").glob("*.h"))
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that everything was installed into: flags to compile, environment to run."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet",
                    "--destdir", folder], check=True, capture_output=True, timeout=60)
    (description,) = folder.rglob("grove.pc")
    environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(folder),
                   "PKG_CONFIG_PATH": str(description.parent)}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "grove"], env=environment,
                           check=True, capture_output=True, text=True).stdout.split()
    return folder, flags, {"LD_LIBRARY_PATH": str(description.parent.parent)}


def compile_c(source, output, flags):
    done = subprocess.run([os.environ.get("CC", "cc"), source, *WARNINGS, *flags, "-lm", "-pthread",
                           "-o", output], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return output


def run(program, *args, grove, environment, **more):
    return subprocess.run([program, *args], env={**grove.env, **environment, **more},
                          capture_output=True, text=True, timeout=120, check=False)


def test_what_is_installed(installed):
    folder, flags, _ = installed
    names = {path.name for path in folder.rglob("*") if path.is_file() or path.is_symlink()}
    assert {"grove", *HEADERS, "grove.pc", "libgrove.so", "libgrove.so.0"} <= names
    assert "-lgrove" in flags
    (library,) = (path for path in folder.rglob("libgrove.so.*.*") if not path.is_symlink())
    if not shutil.which("nm"):
        pytest.skip("nm is not installed")
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                             capture_output=True, text=True).stdout.split("\n")
    exported = {line.split()[-1] for line in symbols if line}
    assert exported and all(name.startswith("grove_") for name in exported), exported
    header = "".join((ROOT / "include" / "grove" / name).read_text() for name in HEADERS)
    assert {name for name in exported if f"{name}(" not in header} == set()


def test_the_headers_stand_alone(installed, tmp_path):
    _, flags, _ = installed
    for name in HEADERS:
        source = tmp_path / f"{name}.c"
        source.write_text(f"#include <grove/{name}>\nint main(void) {{ return 0; }}\n")
        for standard in ("c11", "c17"):
            compile_c(source, tmp_path / "a.out", [f"-std={standard}", *flags])
        if shutil.which("g++"):
            subprocess.run(["g++", "-x", "c++", "-fsyntax-only", *WARNINGS, *flags, source],
                           check=True)


def test_the_example(installed, tmp_path, sample):
    _, flags, environment = installed
    source = ROOT / "examples" / "search.c"
    assert len(source.read_text().splitlines()) < 60
    program = compile_c(source, tmp_path / "search", flags)
    sample("sync")  # waits for an engine that is starting, for which a search does not
    done = run(program, "the oneness of God", grove=sample, environment=environment)
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 5 and "(religion/Islam/Sunni/Beliefs)" in lines[0]
    done = run(program, "grace", "religion/Islam", grove=sample, environment=environment)
    assert len(done.stdout.splitlines()) == 2
    done = run(program, "grace", "religion/Islm", grove=sample, environment=environment)
    assert done.returncode == EXIT_STATUS["not_found"]
    assert "does not exist" in done.stderr and "hint: " in done.stderr and "Islam" in done.stderr
    assert run(program, grove=sample, environment=environment).returncode == 2


def test_the_example_makes_no_home(installed, tmp_path, sample):
    """A mistyped one is told."""
    _, flags, environment = installed
    program = compile_c(ROOT / "examples" / "search.c", tmp_path / "search", flags)
    missing = tmp_path / "missing"
    done = run(program, "grace", grove=sample, environment=environment, GROVE_HOME=str(missing))
    assert done.returncode == EXIT_STATUS["not_found"], done
    assert "there is no grove home" in done.stderr and not missing.exists()


def test_the_example_tells_that_the_engine_is_out(installed, tmp_path, filled):
    _, flags, environment = installed
    program = compile_c(ROOT / "examples" / "search.c", tmp_path / "search", flags)
    filled("search", "grace")
    engine = filled.processes()["vectors"]
    os.kill(engine, signal.SIGSTOP)
    try:
        done = run(program, "grace", grove=filled, environment=environment)
    finally:
        os.kill(engine, signal.SIGCONT)
    assert done.returncode == 0 and "PostgreSQL answered alone: " in done.stderr, done


def test_an_installed_library_starts_the_installed_command(installed, tmp_path, filled):
    """It is the home's resident projector, from where the tree was moved to."""
    folder, flags, environment = installed
    program = compile_c(ROOT / "examples" / "search.c", tmp_path / "search", flags)
    done = run(program, "faith", grove=filled, environment=environment, GROVE_PROJECTOR="on")
    assert done.returncode == 0
    pid = wait_until(lambda: filled.json("status", check=False)["projector"]["pid"])
    (command,) = folder.rglob("bin/grove")
    assert os.path.realpath(f"/proc/{pid}/exe") == str(command.resolve())


@pytest.fixture(scope="module")
def calls(installed, tmp_path_factory):
    _, flags, environment = installed
    program = tmp_path_factory.mktemp("calls") / "calls"
    return compile_c(ROOT / "tests" / "e2e" / "calls.c", program, flags), environment


@pytest.mark.parametrize("threads, rounds", [(2, 40), (100, 3)])
def test_many_threads_share_one_handle(calls, sample, threads, rounds):
    program, environment = calls
    done = run(program, "threads", str(threads), str(rounds), grove=sample, environment=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{threads * rounds} rounds, 0 wrong\n", done.stderr


@pytest.mark.parametrize("what", ["misuse", "results", "cancel"])
def test_calls(calls, sample, what):
    program, environment = calls
    done = run(program, what, grove=sample, environment=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "good\n", "")


@pytest.fixture(scope="module")
def decimal_comma(tmp_path_factory):
    """A folder of locales with one that writes 0,5 for a half: its name, and the variables."""
    folder = tmp_path_factory.mktemp("locales")
    if not shutil.which("localedef"):
        pytest.skip("localedef is not installed")
    made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"],
                          capture_output=True, timeout=120, check=False)
    if made.returncode > 1:  # 1: with warnings
        pytest.skip("localedef lacks its sources (the package locales)")
    return "de_DE.UTF-8", {"LOCPATH": str(folder)}


def test_the_hosts_locale_is_nowhere_in_what_grove_writes(calls, filled, decimal_comma, tmp_path):
    program, environment = calls
    name, variables = decimal_comma
    rows = write_rows(tmp_path / "rows.jsonl", [make_row(1, vector=make_vector(1)), make_row(2)])
    done = run(program, "locale", name, rows, grove=filled, environment=environment, **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "good\n", "")


def test_a_host_without_standard_streams(calls, filled, tmp_path):
    program, environment = calls
    rows = write_rows(tmp_path / "rows.jsonl", [make_row(1), make_row(2)])
    for attempt in ("servers run", "servers are started"):
        done = run(program, "closed", rows, grove=filled, environment=environment)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "good, 0\n"), attempt
        filled("stop")


def test_rows_deleted_while_recall_is_measured_are_not_missed(calls, filled):
    program, environment = calls
    delete = ("import psycopg, sys; psycopg.connect(host=sys.argv[1], user='grove', dbname='grove',"
              " autocommit=True).execute('DELETE FROM content_metadata WHERE id % 2 = 0')")
    command = shlex.join([sys.executable, "-c", delete, filled.socket_folder()])
    done = run(program, "recall", grove=filled, environment=environment, MEANWHILE=command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "good\n", "")
