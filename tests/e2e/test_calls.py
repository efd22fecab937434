# SPDX-License-Identifier: Apache-2.0
"""docs/calls.json, the schema of what commands take and answer as JSON."""

import json
import subprocess

import pytest
import schema
from conftest import BINARY, make_row, make_vector, write_rows


def test_the_schema_is_current():
    made = subprocess.run([BINARY, "help", "--schema"], check=True, capture_output=True,
                          text=True).stdout
    assert made == schema.PATH.read_text(), (
        "docs/calls.json is stale: build/grove help --schema > docs/calls.json")
    assert json.loads(made)["$schema"].endswith("/2020-12/schema")


def test_a_violation_is_found():
    """Else what follows would prove nothing."""
    good = {"contents": 1, "leaves": 1, "dry_run": False, "seconds": 0.5}
    schema.assert_answer("rm", good)
    for wrong in ({**good, "leaves": "1"}, {**good, "leaves": None}, {**good, "leaves": 1.5},
                  {**good, "more": 1}, {"contents": 1}, []):
        with pytest.raises(AssertionError):
            schema.assert_answer("rm", wrong)
    for given in ({"text": ""}, {"text": "a", "limit": 0}, {"text": "a", "limt": 1}, {},
                  {"text": "a", "type": [1]}, {"text": "a", "exact": 1}):
        with pytest.raises(AssertionError):
            schema.assert_input("search", given)
    schema.assert_input("search", {"text": "a", "type": ["A", "B"], "min_score": -1})


@pytest.mark.parametrize("line", [
    ["ls"], ["ls", "religion/Islam"], ["ls", "religion", "--leaves", "--type", "Doctrine"],
    ["browse", "religion"], ["browse", "religion", "--limit", "2", "--explain"],
    ["browse", "subject1"], ["browse", "religion", "--type", "Doctirne"],
    ["search", "salvation"], ["search", "salvation", "--explain", "--exact", "--type", "Doctrine"],
    ["search", "salvation", "--freshness", "fast"],
    ["search", "salvation", "--path", "subject3"], ["similar", "4", "--explain"],
    ["discover", "salvation"], ["discover", "salvation", "--limit", "1", "--depth", "2"],
    ["discover", "salvation", "--path", "subject4", "--explain"],
    ["show", "4"], ["show", "4", "--body"], ["embed", "a text"],
    ["mv", "religion/Islam", "religion/Other", "--dry-run"], ["rm", "1", "--dry-run"],
    ["sync"], ["version"],
], ids=" ".join)
def test_what_is_printed_is_as_the_schema_says(line, sample):
    schema.assert_answer(line[0], sample.json(*line))


def test_a_load_prints_as_the_schema_says(filled, tmp_path):
    rows = [make_row(1), make_row(2, vector=make_vector(2)), b"{}", make_row(3, title=""), b"no"]
    answer = filled.partly(write_rows(tmp_path / "rows.jsonl", rows))
    schema.assert_answer("load", answer)
    assert [bad["line"] for bad in answer["bad_lines"]] == [3, 4, 5]
    assert answer["rows_loaded"] == 2


@pytest.mark.parametrize("stopped", [False, True])
def test_a_status_prints_as_the_schema_says(stopped, filled):
    filled("stop" if stopped else "sync")
    done = filled("status", "--json", check=False)
    schema.assert_answer("status", json.loads(done.stdout))
