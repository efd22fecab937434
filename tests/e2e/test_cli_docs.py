# SPDX-License-Identifier: Apache-2.0
"""What the command says about itself: all of it made from one table. No server is needed."""
import json
import os
import pty
import re
import shutil
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
    listed = re.findall(r"^  ([a-z_]+) {2,}", grove("--help").stdout, re.M)
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
        (["psql", "select 1"], 'the argument "select 1"', 'grove psql -- -c "select 1"'),
        (["show", "4", "5"], 'does not take the argument "5"', "it takes one ID at a time"),
        (["subject", "check", "x"], 'grove subject has no action "check"', "subject validate?"),
        (["subject", "addd", "x"], 'no action "addd"', "did you mean grove subject add?"),
        (["subject", "rename", "a", "b", "c"], 'the argument "c"', "it takes 3 at most"),
        (["dead", "xyzzy"], 'grove dead has no action "xyzzy"', "there are list, retry, drop"),
        (["delete", "4"], 'unknown command "delete"', "grove rm"),
        (["backup"], "unknown command", "grove pg_dump"),
        (["restore"], "unknown command", "grove pg_restore"),
        (["start"], "unknown command", "any command starts"),
        (["drop", "x"], "unknown command", "grove subject remove"),
        (["versoin"], "unknown command", "did you mean grove version?"),
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


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
def test_the_manual_page(tmp_path):
    """It has every command, option, status and variable, and nothing that man complains of."""
    page = tmp_path / "grove.1"
    page.write_text(grove("help", "--man").stdout)
    done = subprocess.run(["man", "-l", "--warnings", page], capture_output=True, text=True,
                          timeout=60, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100",
                               "GROFF_NO_SGR": "1"})
    assert done.stderr == ""
    shown = re.sub(r".\x08", "", done.stdout)
    documented = (ROOT / "docs" / "cli.md").read_text()
    words = {f"grove {command}" for command in commands()}
    words |= set(re.findall(r"`(--[\w-]+)", documented))
    words |= set(re.findall(r"^\| `([A-Z_]+)", documented, re.M))
    assert len(words) > 40 and {word for word in words if word not in shown} == set()
    statuses = set(re.findall(r"^\| (\d+) \|", documented, re.M))
    assert statuses <= set(re.findall(r"^ +(\d+) ", shown, re.M))
    # What is typed keeps its quotes and backslashes.
    assert "search \"how is a person saved\"" in shown and r"browse 'subject1/either\/or'" in shown


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


def completed(words, folder=None):
    script = grove("completion", "bash").stdout
    ask = (
        f"{script}\nCOMP_WORDS=({' '.join(words)!s}); COMP_CWORD={len(words) - 1}\n"
        'compopt() { :; }\n_grove\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    answer = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, timeout=60,
                            cwd=folder)
    assert answer.stderr == ""
    return answer.stdout.split()


# Ctrl-X writes what was offered, then the line, to the file $OUT, and begins another line.
ZSH_RC = """
autoload -Uz compinit; compinit -u -D
source $SCRIPT
PS1=READY
compadd() {
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
        typeset -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >> $OUT
    fi
    builtin compadd "$@"
}
note() { print -r -- "=$BUFFER" >> $OUT; BUFFER= }
zle -N note; bindkey '^X' note; bindkey '^I' complete-word
"""


def completed_by_zsh(folder, lines):
    """Of each line: what zsh offers, and what becomes of it."""
    (folder / ".zshrc").write_text(ZSH_RC)
    (folder / "script").write_text(grove("completion", "zsh").stdout)
    out = folder / "out"
    out.write_text("")
    terminal, end = pty.openpty()
    shell = subprocess.Popen(["zsh", "-i"], stdin=end, stdout=end, stderr=end, cwd=folder,
                             start_new_session=True,
                             env={**os.environ, "ZDOTDIR": str(folder), "TERM": "dumb",
                                  "SCRIPT": str(folder / "script"), "OUT": str(out)})
    os.close(end)
    got, typed = b"", 0
    while True:
        try:
            got += os.read(terminal, 65536)
        except OSError:  # the shell has ended
            break
        # The next line once the one before was noted: what is typed ahead may be lost.
        noted = sum(line.startswith("=") for line in out.read_text().splitlines())
        if b"READY" in got and typed <= len(lines) and noted >= typed:
            line = lines[typed].encode() + b"\t\x18" if typed < len(lines) else b"exit\r"
            os.write(terminal, line)
            typed += 1
    os.close(terminal)
    assert shell.wait(30) == 0, got
    assert b"not found" not in got, got
    found, offered = [], set()
    for line in out.read_text().splitlines():
        if line.startswith("="):
            found.append((offered, line[1:]))
            offered = set()
        elif line:
            offered.add(line)
    return found


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_completion_by_zsh(tmp_path):
    cases = [
        ("grove se", {"search"}, "grove search "),
        ("grove search --min-w", {"--min-words"}, "grove search --min-words="),
        ("grove --js", {"--json"}, "grove --json "),
        ("grove --home /tmp sync --w", {"--watch"}, "grove --home /tmp sync --watch "),
        ("grove completion f", {"fish"}, "grove completion fish "),
        ("grove init --precision r", {"reduced"}, "grove init --precision reduced "),
        ("grove load --strict scr", {"script"}, "grove load --strict script "),
        ("grove search --limit ", set(), "grove search --limit "),
        ("grove subject val", {"validate"}, "grove subject validate "),
        ("grove dead re", {"retry"}, "grove dead retry "),
        ("grove subject add val", set(), "grove subject add val"),
        ("grove doctor --rec", {"--recall"}, "grove doctor --recall="),
    ]
    for case, (offered, line) in zip(cases, completed_by_zsh(tmp_path, [c[0] for c in cases])):
        assert (offered, line) == case[1:]


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_offers_every_command_and_every_option(tmp_path):
    parts = re.split(r"^### grove (\w+)$", (ROOT / "docs" / "cli.md").read_text(), flags=re.M)[1:]
    asked = ["grove ", *(f"grove {command} --" for command in parts[::2])]
    found = [offered for offered, _ in completed_by_zsh(tmp_path, asked)]
    assert len(found) == len(asked) and set(commands()) <= found[0]
    for command, text, offered in zip(parts[::2], parts[1::2], found[1:]):
        options = re.findall(r"^\| (?:`-\w`, )?`(--[\w-]+)", text.split("\n## ")[0], re.M)
        assert {*options, "--help", "--json", "--home"} <= offered, command


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.parametrize("line, offered", [
    ("grove se", {"search"}), ("grove search --min-w", {"--min-words"}),
    ("grove subject val", {"validate"}), ("grove dead re", {"retry"}),
    ("grove subject add val", set()),
    ("grove completion f", {"fish"}), ("grove init --precision r", {"reduced"}),
])
def test_completion_by_fish(tmp_path, line, offered):
    script = tmp_path / "grove.fish"
    script.write_text(grove("completion", "fish").stdout)
    done = subprocess.run(["fish", "-N", "-c", 'source $argv[1]; complete -C $argv[2]', script,
                           line], capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, "HOME": str(tmp_path)})
    assert {each.split("\t")[0] for each in done.stdout.splitlines()} == offered
    assert done.stderr == ""


def test_completion():
    assert completed(["grove", "se"]) == ["search"]
    assert completed(["grove", "search", "--min-w"]) == ["--min-words"]
    assert completed(["grove", "--home", "/tmp", "sync", "--w"]) == ["--watch"]
    assert completed(["grove", "completion", "f"]) == ["fish"]
    assert completed(["grove", "ls", "-o", "i"]) == ["ids"]
    actions = {"add", "validate", "remove", "list", "show", "rename"}
    assert actions < set(completed(["grove", "--home", "/tmp", "subject", "''"]))
    assert completed(["grove", "subject", "re"]) == ["remove", "rename"]
    assert completed(["grove", "subject", "add", "re"]) == []
    assert completed(["grove", "dead", "l"]) == ["list"]
    assert completed(["grove", "url", "--for", "j"]) == ["jdbc"]
    assert completed(["grove", "search", "--limit", "''"]) == []
    assert set(commands()) <= set(completed(["grove", "help", "''"]))


def test_completion_behind_values_of_options():
    assert completed(["grove", "--timeout", "5s", "se"]) == ["search"]
    assert "--limit" in completed(["grove", "--timeout", "5s", "search", "--"])
    # Bash splits at =.
    assert completed(["grove", "--timeout", "=", "5s", "se"]) == ["search"]
    assert completed(["grove", "search", "-n", "''"]) == []


def test_completion_of_files(tmp_path):
    (tmp_path / "some.txt").touch()
    (tmp_path / "some").mkdir()
    for words in (["embed", "-f"], ["embed", "--file"], ["embed", "--file", "="], ["load"],
                  ["psql", "--", "-f"], ["load", "--"]):
        assert sorted(completed(["grove", *words, "so"], tmp_path)) == ["some", "some.txt"], words
    assert completed(["grove", "--home", "=", "so"], tmp_path) == ["some"]
    assert "some.txt" in completed(["grove", "embed", "--file", "="], tmp_path)


def test_completion_behind_dashes(tmp_path):
    """What is there is psql's, or a text."""
    for words in (["psql", "--", "-"], ["psql", "--", "--limit", "-"], ["search", "--", "-"]):
        assert completed(["grove", *words], tmp_path) == [], words
    assert "--print" in completed(["grove", "psql", "-"], tmp_path)
