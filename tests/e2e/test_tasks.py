# SPDX-License-Identifier: Apache-2.0
"""The commands that docs/tasks.md shows do what it says, in its order."""

import configparser
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import BINARY, ROOT, Grove, find_assets
from stores import stores_agree

PAGE = (ROOT / "docs" / "tasks.md").read_text("utf-8")


def blocks():
    """(heading, number within it, commands) of each block."""
    for part in re.split(r"^## ", PAGE, flags=re.M)[1:]:
        heading, text = part.split("\n", 1)
        for number, commands in enumerate(re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S), 1):
            yield heading, number, commands


def scalar(home, statement):
    return home("psql", "--", "-Atc", statement).stdout.strip()


def sees_trees_and_types(_home, _folder, shown):
    assert re.search(r"^religion( +\d){3} +8$", shown, re.M)
    assert re.search(r"^subject8( +0){4}$", shown, re.M)
    assert re.findall(r"^[A-Z][a-z]+ +(\d)$", shown, re.M) == ["3", "2", "2", "1"]


def sees_places(home, _folder, shown):
    assert "Protestant-Baptist       2         3" in shown
    places = [line for line in shown.splitlines() if "/" in line]
    assert len(places) == 6 and "religion/Christianity/Protestant-Baptist/Doctrines" in places
    assert sum(home.json("browse", place)["total"] for place in places) == 8


def browses(_home, _folder, shown):
    assert "Christianity" in shown and "rows" in shown


def shows_one(home, _folder, shown):
    body = home.json("show", "4", "--body")["body"]
    assert body in shown and "TITLE" in shown.partition(body)[2]


def changes_a_type(home, _folder, _shown):
    assert home.json("search", "God", "--type", "Creed")["total"] == 2
    assert home.json("search", "God", "--type", "Belief")["total"] == 0


def renames_a_branch(home, _folder, _shown):
    assert home.json("browse", "religion/Buddha")["total"] > 0
    assert home("browse", "religion/Buddhism", check=False).returncode == 3
    assert home.json("show", "4")["leaf"] == "Baptism"


def deletes_contents(home, _folder, _shown):
    assert scalar(home, "SELECT count(*) FROM content_metadata "
                        "WHERE id = 1 OR content_type = 'Teaching'") == "0"


def deletes_a_place(home, _folder, shown):
    assert "would remove 2 contents in 1 leaf" in shown
    assert "Islam" not in scalar(home, "SELECT string_agg(branch, ' ') FROM grove.leaf")
    assert home.json("search", "God")["total"] == home.json("status")["contents"]


def names_a_tree(home, _folder, shown):
    assert "Frost" in shown and "1 inserted" in shown
    assert home.json("search", "cold", "--path", "garden/Trees")["results"][0]["tree"] == "garden"
    assert home("browse", "subject1", check=False).returncode == 3


def loads_a_table(home, _folder, shown):
    assert "2 inserted" in shown and "Oak" in shown
    oak = home.json("search", "acorns", "--path", "garden/Other")["results"][0]
    assert oak["title"] == "Oak" and oak["created_at"].startswith("2024-03-05")


def connects(home, _folder, shown):
    url = shown.splitlines()[0]
    assert url.startswith("postgresql://grove@/grove?host=")
    assert home.json("url") == {"url": url, "password_left_out": False}
    import psycopg
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM content_metadata").fetchone()[0] > 0


def finds_no_long_texts(home, _folder, shown):
    assert home.json("status")["long_texts"] == 0 and "0" in shown
    assert home.json("rechunk")["documents"] == 0


def loads_a_query(_home, _folder, shown):
    assert "Broom" in shown and "1 inserted" in shown


def loads_a_folder(home, folder, shown):
    assert "2 inserted" in shown and "notes/bees.md" in shown
    body = home.json("document", "notes/bees.md", "--body")["body"]
    assert body == (folder / "notes" / "bees.md").read_text()


def exports(home, folder, shown):
    rows = [json.loads(line) for line in (folder / "export.jsonl").read_text().splitlines()]
    assert len(rows) == home.json("status")["contents"] and all("title" in row for row in rows)
    assert f"{len(rows)} unchanged" in shown


def exports_a_search(_home, folder, _shown):
    found = list(csv.DictReader((folder / "found.csv").open(newline="")))
    assert len(found) == 3 and all(float(row["score"]) > 0 for row in found)
    rows = list(csv.DictReader((folder / "religion.csv").open(newline="")))
    exported = (folder / "export.jsonl").read_text().splitlines()
    assert [row["title"] for row in rows] == [json.loads(line)["title"] for line in exported
                                              if json.loads(line)["tree"] == "religion"]


def backs_up(home, folder, _shown):
    assert (folder / "backup.dump").stat().st_size > 10000
    # From here on the engine is ahead of the backup, with as many points.
    home("psql", "--", "-qc", "UPDATE content_metadata SET title = 'Later ' || title")
    home("sync")


def restores(home, folder, _shown):
    # What was changed after the backup is taken back in the engine, too.
    assert scalar(home, "SELECT count(*) FROM content_metadata WHERE title LIKE 'Later %'") == "0"
    stores_agree(home)
    found = home.json("search", "grace", "--limit", "50")
    exported = (folder / "export.jsonl").read_text().splitlines()
    assert found["total"] == len(exported) > 3 and found["complete"] and not found["degraded"]
    assert home.json("status")["pending"] == 0 and home.broken() == ""
    # What PostgreSQL reads from a dump it tells in other words.
    for action in ("add", "validate", "remove"):
        home("subject", action, "later")
    other = Grove(home.home.with_name("restored"))
    try:
        other("init")
        other("pg_restore", "--", "--clean", "--if-exists", folder / "backup.dump")
        other("sync")
        assert other.json("search", "grace", "--limit", "50")["results"] == found["results"]
        assert other.broken() == ""
    finally:
        other("stop")


def starts_anew(home, _folder, _shown):
    status = home.json("status")
    assert status["contents"] == status["leaves"] == status["pending"] == 0
    assert status["engine"]["points"] == 0


CHECKS = {
    ("See what is there", 1): sees_trees_and_types,
    ("See what is there", 2): sees_places,
    ("See what is there", 3): browses,
    ("See what is there", 4): shows_one,
    ("Change and delete", 1): changes_a_type,
    ("Change and delete", 2): renames_a_branch,
    ("Change and delete", 3): deletes_contents,
    ("Change and delete", 4): deletes_a_place,
    ("Long texts that were loaded as rows", 1): finds_no_long_texts,
    ("Name a tree", 1): names_a_tree,
    ("Load a table", 1): loads_a_table,
    ("Load a table", 2): loads_a_query,
    ("Load a folder of texts", 1): loads_a_folder,
    ("Connect another client", 1): connects,
    ("Export", 1): exports,
    ("Export", 2): exports_a_search,
    ("Back up and restore", 1): backs_up,
    ("Back up and restore", 2): restores,
    ("Start anew", 1): starts_anew,
}


def test_every_block_has_its_check():
    assert {(heading, number) for heading, number, _ in blocks()} == set(CHECKS)
    headings = re.findall(r"^## (.*)$", PAGE, re.M)
    assert re.findall(r"^- \[(.*?)\]", PAGE, re.M) == headings


def test_the_commands_do_what_the_page_says(filled, tmp_path):
    # Its own psql goes last: where the machine has one that is what a reader has, too.
    (own,) = find_assets().glob("postgres/*/pginstall/bin")
    path = f"{pathlib.Path(BINARY).resolve().parent}:{os.environ['PATH']}:{own}"
    for heading, number, commands in blocks():
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path,
                              env={**filled.env, "PATH": path}, capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode != 0:
            pytest.fail(f"{heading}, block {number}: {done.returncode}\n{done.stderr}")
        CHECKS[heading, number](filled, tmp_path, done.stdout)


def test_the_unit_of_the_page(tmp_path):
    """test_servers.py runs a watch as confined as this one is."""
    (text,) = re.findall(r"^```ini\n(.*?)^```$", PAGE, re.M | re.S)
    unit = configparser.RawConfigParser()
    unit.optionxform = str
    unit.read_string(text)
    service = unit["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    path, *words = service["ExecStart"].split()
    assert os.path.basename(path) == "grove" and words == ["sync", "--watch"]
    assert service["CacheDirectory"] == os.path.basename(service["Environment"])
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    made = tmp_path / "grove-sync.service"
    made.write_text(text.replace(path, str(pathlib.Path(BINARY).resolve())))
    done = subprocess.run(["systemd-analyze", "verify", made], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
