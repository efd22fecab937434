# SPDX-License-Identifier: Apache-2.0
"""grove dead: what was given up on is listed, tried again, or removed."""

import json

from conftest import EXIT_STATUS, make_row, make_vector, write_rows
from stores import stores_agree

POISON = -7


def dead(grove, action, *ids, option="--json"):
    return json.loads(grove("dead", "--json", option, action, "--", *ids).stdout)


def test_dead_letters(empty, tmp_path):
    """A content whose id the engine cannot have, from the sync that gives it up to its end."""
    rows = [make_row(n, vector=make_vector(n)) for n in range(1, 6)]
    empty("load", write_rows(tmp_path / "rows.jsonl", rows))
    assert "nothing was given up on" in empty("dead", "list").stdout
    with empty.connect() as conn:
        conn.execute(
            "INSERT INTO content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
            " content_summary) SELECT %s, hierarchy_table, leaf_id, 'Note', 'Below', 'zero'"
            " FROM content_metadata LIMIT 1", (POISON,))
    done = empty("sync")
    assert "grove dead list" in done.stderr
    assert "grove dead list" in empty("status").stdout
    answer = empty.json("dead", "list")
    assert answer["more"] is False
    (letter,) = answer["dead"]
    assert letter["content_id"] == POISON and letter["title"] == "Below"
    assert letter["content_type"] == "Note" and letter["deleted"] is False
    assert "negative" in letter["reason"] and letter["since"]
    assert "negative" in " ".join(empty("dead", "list").stdout.split())
    # Verify tells it as what it is, and it is no difference.
    found = empty.json("verify")
    assert found["equal"] is True
    assert [(one["kind"], one["content_id"]) for one in found["differences"]] == [("dead", POISON)]
    assert dead(empty, "retry", POISON) == {"contents": 1}
    assert empty.json("dead", "list")["dead"] == []
    empty("sync")
    assert len(empty.json("dead", "list")["dead"]) == 1
    assert "1 content is due again" in empty("dead", "retry").stdout
    empty("sync")
    error = empty.fails("conflict", "dead", "drop", "--", POISON)
    assert error["message"] == "it would remove 1 content from the database"
    assert dead(empty, "drop", POISON, 1, option="--dry-run")["contents"] == 1
    answer = dead(empty, "drop", POISON, 1, 2, option="--yes")
    assert answer == {"contents": 1, "letters": 0, "kept": 0, "dry_run": False}
    empty("sync")
    assert empty.json("dead", "list")["dead"] == []
    assert stores_agree(empty) == 5


def test_what_cannot_be_asked(empty):
    for arguments in (["dead"], ["dead", "lost"], ["dead", "list", "7"], ["dead", "drop"],
                      ["dead", "retry", "x"]):
        assert empty(*arguments, check=False).returncode == EXIT_STATUS["invalid"], arguments
