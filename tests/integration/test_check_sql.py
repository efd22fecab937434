# SPDX-License-Identifier: Apache-2.0
"""The SQL that changes databases in use passes its linter, and the linter sees what would not."""

import subprocess

import pytest
from conftest import ROOT

HEAD = "-- SPDX-License-Identifier: Apache-2.0\n-- kind: {}\n-- compatible from: 15\n\n"
INDEX = "CREATE INDEX {} IF NOT EXISTS words ON public.content_metadata (word_count);\n"
TABLE = "CREATE TABLE grove.word (content_id integer PRIMARY KEY, word text);\n"
CHECKED = ("ALTER TABLE public.content_metadata DROP CONSTRAINT IF EXISTS c,"
           " ADD CONSTRAINT c CHECK (word_count >= 0) {};\n")


def check(*files):
    return subprocess.run([ROOT / "tools" / "check-sql", *files], capture_output=True, text=True,
                          timeout=60, check=False)


def test_the_tree_passes():
    done = check()
    assert done.returncode == 0, done.stderr


# kind, statements, the rule that they break; None: none
@pytest.mark.parametrize("kind, sql, rule", [
    ("transactional", TABLE, None),
    ("transactional", TABLE + "CREATE INDEX word_word ON grove.word (word);\n", None),
    ("transactional", INDEX.format(""), "require-concurrent-index-creation"),
    ("transactional", "ALTER TABLE public.content_metadata ALTER word_count TYPE bigint;\n",
     "changing-column-type"),
    ("backfill", INDEX.format(""), "require-concurrent-index-creation"),
    ("online", INDEX.format("CONCURRENTLY"), None),
    ("online", INDEX.format(""), "require-concurrent-index-creation"),
    ("online", CHECKED.format("NOT VALID"), None),
    ("online", CHECKED.format(""), "constraint-missing-not-valid"),
    ("online", "ALTER TABLE public.content_metadata DROP COLUMN word_count;\n", "ban-drop-column"),
    ("sudden", TABLE, "does not say of which kind"),
])
def test_a_migration_that_others_would_wait_for_is_refused(tmp_path, kind, sql, rule):
    migration = tmp_path / "0099_test.sql"
    migration.write_text(HEAD.format(kind) + sql)
    done = check(migration)
    assert done.returncode == (0 if rule is None else 1), done.stderr
    assert (rule or "") in done.stderr
