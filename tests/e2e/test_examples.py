# SPDX-License-Identifier: Apache-2.0
"""What help and the documents show can be typed as it stands. docs/tasks.md has test_tasks.py."""

import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest
from conftest import BINARY, ROOT, Grove, end_home, make_row, new_grove, write_rows

# Of other folders and servers, or of two homes that the reader has.
NOT_RUN = {
    "README.md": ("make ", "export DATABASE_URL", "cc examples"),
    "docs/troubleshooting.md": ("export QDRANT_URL", 'grove --home "$from" stop',),
}


def read(path):
    return (ROOT / path).read_text("utf-8")


def shown_by_help():
    """Each example of the command table, without its remark."""
    for block in re.findall(r"^```sh\n(grove .*?)^```$", read("docs/cli.md"), re.M | re.S):
        for line in block.splitlines():
            yield line.split("   # ")[0]


def shown_by(path):
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", read(path), re.M | re.S):
        if not any(words in block for words in NOT_RUN[path]):
            yield block


@pytest.fixture
def place(filled, tmp_path):
    """A folder with the files that examples name, and how to run a line in it."""
    write_rows(tmp_path / "articles.jsonl", [make_row(1), make_row(4, branch="either/or")])
    filled("load", tmp_path / "articles.jsonl")
    documents = [make_row(5, leaf="Kelp", document="kelp", source="wiki",
                          body="Kelp grows in cold water."),
                 make_row(6, leaf="Bread", document="bread", source="manuals",
                          body="Bread is baked of flour and water.")]
    for document in documents:
        for field in ("summary", "chunk_number", "word_count"):
            document.pop(field, None)
    filled("load", write_rows(tmp_path / "documents.jsonl", documents))
    for number in (1, 2):
        with gzip.open(tmp_path / f"part-{number}.jsonl.gz", "wt") as part:
            part.write(json.dumps(make_row(number + 1)) + "\n")
    (tmp_path / "articles.csv").write_text("id,title,body,category\n1,Rain,Drops fall.,Sky\n"
                                           "2,Snow,Frozen rain.,Sky\n")
    (tmp_path / "faq.csv").write_text("question;answer;topic\nWhy?;Because.;\n"
                                      "When?;Soon.;\n")
    with gzip.open(tmp_path / "posts.jsonl.gz", "wt") as posts:
        posts.write('{"id": 1, "meta": {"section": "News"}, "post": {"html": "It rains."}, '
                    '"date": "5 Mar 2024"}\n')
    (tmp_path / "texts.txt").write_text("grace\nfaith\n")
    (tmp_path / "report.sql").write_text("SELECT count(*) FROM content_metadata;\n")
    home = tmp_path / "user"
    home.mkdir()
    environment = {**filled.env, "HOME": str(home), "TRY": str(tmp_path / "try"),
                   "PATH": f"{pathlib.Path(BINARY).resolve().parent}:{os.environ['PATH']}"}
    for name in ("mine.jsonl",):
        block = re.search(r"^```json\n(.*?)^```$", read("README.md"), re.M | re.S).group(1)
        (tmp_path / name).write_text(block)

    def start(line, **options):
        return subprocess.Popen(["bash", "-euo", "pipefail", "-c", line], cwd=tmp_path,
                                env=environment, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    yield start
    if (tmp_path / "try").exists():
        Grove(tmp_path / "try")("stop")


def run(start, line):
    process = start(line)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, f"{line}\n{out}\n{err}"
    return out, err


def watch(start, line):
    """Says that it watches, tells each change, and ends well by Ctrl-C."""
    process = start(f"exec {line}")
    assert "watching" in process.stderr.readline()
    run(start, "grove psql -- -qc \"UPDATE content_metadata SET title = title || '!' WHERE id = "
               "(SELECT min(id) FROM content_metadata)\"")
    assert "1 written" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0 and err == ""


def can_be_run(line):
    return all(shutil.which(word) for word in ("jq", "curl") if re.search(rf"\b{word}\b", line))


def test_the_examples_of_every_command(place):
    lines = list(shown_by_help())
    assert len(lines) > 40
    # The tables that examples attach.
    run(place, "grove psql -- -qc \"CREATE TABLE articles (id int PRIMARY KEY, title text, "
               "body text, category text); CREATE SCHEMA docs; "
               "CREATE TABLE docs.page (site text, slug text, "
               "name text, markdown text, published boolean, PRIMARY KEY (site, slug)); "
               "INSERT INTO articles VALUES (1, 'Rain', 'Drops fall.', 'Sky'); "
               "INSERT INTO docs.page VALUES ('a', 'b', 'B', 'Text.', true)\"")
    # What is written by one is read by the next; what makes the others wait comes last.
    lines.sort(key=lambda line: ("pg_dump" not in line, "--precision reduced" in line,
                                 line.startswith("grove stop")))
    for line in lines:
        if not can_be_run(line):
            continue
        if line.endswith("--watch"):
            watch(place, line)
            continue
        out, err = run(place, line.replace("/tmp/try", '"$TRY"'))
        # What has no differences shows none.
        quiet = any(words in line for words in (">", "-f backup", "-f contents", "jq '.diff"))
        assert out or quiet or line.split()[1] in ("psql", "pg_restore"), line
        assert not re.search(r"warning|usage:", err), (line, err)
    # Each shell takes its script.
    for shell, script in (("bash", "grove.bash"), ("fish", "grove.fish")):
        if shutil.which(shell):
            run(place, f"{shell} -n {script}")


def test_your_own_data_in_60_seconds(place):
    """Each way as printed, in a fresh home of its own; in that time, where the machine is ours."""
    blocks = [block for block in shown_by("README.md") if re.search("grove (attach|import)", block)]
    outs = []
    for block in blocks:
        home = new_grove()
        try:
            began = time.monotonic()
            outs.append(run(place, f"export GROVE_HOME={home.home}\n{block}")[0])
            took = time.monotonic() - began
        finally:
            end_home(home)
        assert took < 60 * max(1, os.getloadavg()[0] / os.cpu_count()), (took, block)
    assert len(outs) == 3
    for out, title in zip(outs, ("Pruning", "Rain", "Snow")):
        assert title in out.split("SCORE")[1]
    assert "after the harvest" in outs[0]


def test_the_tour_of_the_readme(place):
    (tour,) = (block for block in shown_by("README.md") if "grove load mine.jsonl" in block)
    if not can_be_run(tour):
        pytest.skip("jq or curl is not installed")
    out, _ = run(place, tour.replace("PATH=$PWD/build:$PATH", "GROVE_PROJECTOR=on"))
    assert "Pruning an apple tree" in out and "1 not yet in the vector engine" in out
    assert "up to date" in out and "the private servers are stopped" in out


def test_the_commands_of_troubleshooting(place):
    blocks = list(shown_by("docs/troubleshooting.md"))
    assert len(blocks) >= 10
    run(place, "grove load mine.jsonl")
    for block in blocks:
        if not can_be_run(block) or "/mnt/large" in block:
            continue
        # Settings and variables that are for good would reach the blocks behind them.
        run(place, block)


def test_every_quoted_command_exists():
    """Of all documents: the command is there, and so is each option beside it."""
    documented = read("docs/cli.md")
    commands = set(re.findall(r"^### grove (\w+)$", documented, re.M))
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "src").glob("*/README.md"),
             *(ROOT / name / "README.md" for name in ("sql", "embedded", "tests", "tools"))]
    options = {name: set(re.findall(r"(--[\w-]+)", text)) for name, text in zip(*[iter(
        re.split(r"^### grove (\w+)$", documented.split("\n## Output")[0], flags=re.M)[1:])] * 2)}
    everywhere = {"--json", "--home", "--help", "--version", "--be-resident", "--markdown", "--man"}
    for page in pages:
        for quoted in re.findall(r"`grove ([a-z_]+[^`]*)`", page.read_text("utf-8")):
            words = quoted.split(" -- ")[0].split()
            if words[0] == "grove":
                continue
            assert words[0] in commands, f"{page}: grove {quoted}"
            used = {word.split("=")[0] for word in words[1:] if word.startswith("--")}
            assert used <= options[words[0]] | everywhere, f"{page}: grove {quoted}"
