# SPDX-License-Identifier: Apache-2.0
"""What the command says about itself: all of it made from one table. No server is needed."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GROVE = os.environ.get("GROVE_BIN", str(ROOT / "build" / "grove"))


def grove(*arguments, **options):
    # A folder that cannot be made: whatever touched the home by mistake would fail.
    environment = {**os.environ, "GROVE_HOME": "/dev/null/nowhere", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [GROVE, *arguments], capture_output=True, text=True, timeout=60, env=environment, **options
    )


def commands():
    return re.findall(r"^### grove (\w+)$", (ROOT / "docs" / "cli.md").read_text(), re.M)


def test_docs_are_current():
    made = grove("help", "--markdown").stdout
    assert made == (ROOT / "docs" / "cli.md").read_text(), (
        "docs/cli.md is stale: build/grove help --markdown > docs/cli.md"
    )


def test_every_command_is_documented():
    listed = re.findall(r"^  ([a-z]+) {2,}", grove("--help").stdout, re.M)
    assert len(listed) >= 15
    assert sorted(set(listed)) == sorted(commands())


@pytest.mark.parametrize("command", commands())
def test_help_teaches_by_example(command):
    answer = grove(command, "--help")
    assert answer.returncode == 0 and answer.stderr == ""
    assert f"usage: grove {command}" in answer.stdout
    examples = answer.stdout.split("examples\n")[1].split("options")[0]
    assert f"\n  grove {command}" in "\n" + examples or f" {command}" in examples
    assert grove("help", command).stdout == answer.stdout


@pytest.mark.parametrize(
    "arguments, message, hint",
    [
        (["serch", "x"], 'unknown command "serch"', "did you mean grove search?"),
        (["search", "x", "--limt", "3"], 'unknown option "--limt"', "did you mean --limit?"),
        (["search"], "search needs a TEXT", 'grove search "how'),
        (["search", "two", "words"], 'does not take the argument "words"', "quotes"),
        (["search", "x", "--limit", "0"], '--limit "0" is not a whole number from 1 to 1000', None),
        (["search", "x", "--limit", "9999"], "from 1 to 1000", None),
        (["search", "x", "--limit"], "option --limit needs a value", "--limit N"),
        (["search", "x", "--since", "yesterday"], "neither a duration nor a time", "90d"),
        (["search", "x", "--since", "1d", "--until", "2d"], "nothing can match", None),
        (["discover", "x", "--min-score", "nan"], "not a number from -1 to 1", None),
        (["discover", "x", "--since", "9d", "--cursor", "c"], "another query", "the time"),
        (["embed"], "embed needs a TEXT", None),
        (["completion", "tcsh"], 'shell "tcsh"', "bash, zsh and fish"),
    ],
)
def test_usage_errors(arguments, message, hint):
    plain = grove(*arguments)
    assert plain.returncode == 2 and plain.stdout == ""
    assert plain.stderr.startswith("grove: ") and message in plain.stderr
    as_json = grove(*arguments, "--json")
    # As --limit's value "--json" is no option.
    if arguments[-1] != "--limit":
        error = json.loads(as_json.stdout)["error"]
        assert as_json.returncode == 2 and as_json.stderr == ""
        assert error["code"] == "invalid" and message in error["message"]
        assert set(error) == {
            "code", "message", "detail", "hint", "context", "origin", "sqlstate", "http_status",
            "retry",
        }
        assert hint is None or hint in error["hint"]


def test_text_must_be_utf8():
    answer = subprocess.run([GROVE, "search", b"caf\xe9"], capture_output=True, timeout=60)
    assert answer.returncode == 2
    assert b"the TEXT is not valid UTF-8: byte 4 is 0xe9" in answer.stderr


def test_nothing_asked_shows_the_commands():
    answer = grove()
    assert answer.returncode == 2 and answer.stdout == "" and "start here" in answer.stderr


def test_version():
    assert re.fullmatch(r"grove \d+\.\d+\.\d+\n", grove("--version").stdout)
    assert json.loads(grove("version", "--json").stdout)["version"] in grove("--version").stdout


def test_a_full_output_is_an_error():
    with open("/dev/full", "w") as full:
        answer = subprocess.run(
            [GROVE, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert answer.returncode == 11 and "could not write to standard output" in answer.stderr


def test_a_closed_pipe_is_silent():
    reader, writer = os.pipe()
    os.close(reader)
    answer = subprocess.run([GROVE, "--help"], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert answer.returncode == 141 and answer.stderr == b""


def completed(words):
    script = grove("completion", "bash").stdout
    ask = (
        f"{script}\nCOMP_WORDS=({' '.join(words)!s}); COMP_CWORD={len(words) - 1}\n"
        'compopt() { :; }\n_grove\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    answer = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, timeout=60)
    assert answer.stderr == ""
    return answer.stdout.split()


def test_completion():
    assert completed(["grove", "se"]) == ["search"]
    assert completed(["grove", "search", "--mi"]) == ["--min-words"]
    assert completed(["grove", "--home", "/tmp", "sync", "--w"]) == ["--watch"]
    assert completed(["grove", "completion", "f"]) == ["fish"]
    assert completed(["grove", "search", "--limit", "''"]) == []
    assert set(commands()) <= set(completed(["grove", "help", "''"]))
