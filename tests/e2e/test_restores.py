# SPDX-License-Identifier: Apache-2.0
"""Stores that are put back to what they were, one or both: the first search after it notices, and
is right; whatever projects mends what differs, and writes nothing else."""

import shutil
import subprocess

import pytest
from conftest import make_row, make_vector, wait_until, write_rows
from crashes import ARCHITECTURE, row
from stores import search_tells_all, stores_agree

ROWS = 40
CHANGED = 4  # of them, and as many removed and added


def fill(grove, folder):
    rows = [make_row(n, vector=make_vector(n)) for n in range(1, ROWS + 1)]
    grove("load", write_rows(folder / "rows.jsonl", rows))
    grove("sync")


def change(grove, round_of=0):
    """Some are changed, removed and added; others in each round."""
    with grove.connect() as conn:
        ids = [n for n, in conn.execute("SELECT id FROM content_metadata ORDER BY id")]
        changed = ids[round_of * CHANGED:][:CHANGED]
        removed = ids[-CHANGED:]
        conn.execute("INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary, chunk_number)"
                     " SELECT hierarchy_table, leaf_id, content_type, 'Added ' || id, 'New.',"
                     " id + (SELECT max(id) FROM content_metadata) * 100"
                     " FROM content_metadata WHERE id = ANY (%s)", [changed])
        conn.execute("UPDATE content_metadata SET title = 'Later ' || title WHERE id = ANY (%s)",
                     [changed])
        conn.execute("DELETE FROM content_metadata WHERE id = ANY (%s)", [removed])
    grove("sync")


def postgres_of(grove):
    return (grove.home / "servers" / "pg").resolve()


def engine_of(grove):
    return (grove.home / "servers" / "vector").resolve()


def keep(grove, folder):
    """A copy of a server's folder, beside it."""
    kept = folder.with_name(folder.name + "-kept")
    grove("stop")
    subprocess.run(["cp", "-a", folder, kept], check=True)
    return kept


def put_back(grove, folder, kept):
    grove("stop")
    shutil.rmtree(folder)
    kept.rename(folder)


def signal(folder, name, settings):
    (folder / name).touch()
    with open(folder / "postgresql.auto.conf", "a", encoding="utf-8") as file:
        file.write(settings)


def await_writes(grove):
    wait_until(lambda: grove("psql", "--", "-Atc", "SELECT NOT pg_is_in_recovery()",
                             check=False).stdout.strip() == "t")


def search_awake(grove):
    """A search, once the engine has started."""
    def asked():
        answer = search_tells_all(grove)
        return None if "is starting" in (answer["degraded_reason"] or "") else answer
    return wait_until(asked)


def files_by_hand(grove, _):
    folder = postgres_of(grove)
    kept = keep(grove, folder)
    change(grove)
    put_back(grove, folder, kept)
    return "an older copy of it"


def removals_by_hand(grove, _):
    folder = postgres_of(grove)
    kept = keep(grove, folder)
    with grove.connect() as conn:
        conn.execute("DELETE FROM content_metadata WHERE id % 7 = 0")
    grove("sync")
    put_back(grove, folder, kept)
    return "an older copy of it"


def base_backup(grove, _):
    folder = postgres_of(grove)
    kept = keep(grove, folder)
    change(grove)
    signal(kept, "recovery.signal", "restore_command = 'false'\n")
    put_back(grove, folder, kept)
    await_writes(grove)
    return "was restored"


def moment(grove, _):
    """Between two changes, by the log of the server that went on."""
    folder = postgres_of(grove)
    kept = keep(grove, folder)
    change(grove)
    at = grove("psql", "--", "-Atc", "SELECT pg_current_wal_insert_lsn()").stdout.strip()
    change(grove, 1)
    grove("stop")
    log = folder / "pg_wal"
    subprocess.run(["cp", "-a", *log.glob("0*"), kept / "pg_wal"], check=True)
    signal(kept, "recovery.signal", "restore_command = 'false'\n"
           f"recovery_target_lsn = '{at}'\nrecovery_target_action = 'promote'\n")
    put_back(grove, folder, kept)
    await_writes(grove)
    return "was restored"


def failover(grove, _):
    """A replica that has not got the last changes takes the primary's place."""
    folder = postgres_of(grove)
    kept = keep(grove, folder)
    change(grove)
    signal(kept, "standby.signal", "primary_conninfo = ''\n")
    put_back(grove, folder, kept)
    wait_until(lambda: grove("psql", "--", "-Atc", "SELECT 1", check=False).returncode == 0)
    grove("psql", "--", "-qc", "SELECT pg_promote()")
    await_writes(grove)
    return "was restored"


def dump(grove, folder):
    grove("pg_dump", "--", "-Fc", "-f", folder / "x.dump")
    change(grove)
    grove("pg_restore", "--", "--clean", "--if-exists", "--exit-on-error", folder / "x.dump")
    return "restored from a dump"


def engine_wiped(grove, _):
    grove("stop")
    shutil.rmtree(engine_of(grove))
    return "no collection"


def engine_older(grove, _):
    folder = engine_of(grove)
    kept = keep(grove, folder)
    change(grove)
    put_back(grove, folder, kept)
    return "the engine lacks what it has had"


def put_both_back(grove, earlier, later):
    """One store to a moment, the other to a later one."""
    kept = [(earlier, keep(grove, earlier))]
    change(grove)
    kept.append((later, keep(grove, later)))
    change(grove, 1)
    for folder, copy in kept:
        put_back(grove, folder, copy)
    return "as an older copy of it would"


def both(grove, _):
    return put_both_back(grove, engine_of(grove), postgres_of(grove))


def both_otherwise(grove, _):
    return put_both_back(grove, postgres_of(grove), engine_of(grove))


@row(ARCHITECTURE, "either store put back to what it was")
@pytest.mark.parametrize("happens", [
    files_by_hand, removals_by_hand, base_backup, moment, failover, dump, engine_wiped,
    engine_older, both, both_otherwise])
def test_what_was_put_back_is_noticed_and_mended(filled, tmp_path, happens):
    fill(filled, tmp_path)
    reason = happens(filled, tmp_path)
    answer = search_awake(filled)
    assert answer["degraded"] is True and reason in answer["degraded_reason"], answer
    if happens is not engine_wiped:
        assert reason in filled.json("status")["engine"]["doubt"]
    assert filled.json("search", "candles")["degraded"] is True
    report = filled.json("sync")
    contents = stores_agree(filled)
    if happens is not engine_wiped:
        compared = report["comparison"]
        assert compared["ended"] is True
        assert 0 < compared["enqueued"] + compared["taken_out"] <= 8 * CHANGED < contents
        assert compared["enqueued"] <= report["upserted"] <= compared["enqueued"] + 2 * CHANGED
    assert search_tells_all(filled)["degraded"] is False
    assert filled.json("status")["engine"]["doubt"] is None
    filled("verify")
    change(filled)  # it goes on
    stores_agree(filled)


def test_where_nothing_was_lost_nothing_is_written(filled, tmp_path):
    """A replica that has got all takes the primary's place; and a server that began anew."""
    fill(filled, tmp_path)
    filled("stop")
    assert search_awake(filled)["degraded"] is False
    folder = postgres_of(filled)
    kept = keep(filled, folder)
    signal(kept, "recovery.signal", "restore_command = 'false'\n")
    put_back(filled, folder, kept)
    await_writes(filled)
    assert search_tells_all(filled)["degraded"] is True
    report = filled.json("sync")
    assert (report["upserted"], report["comparison"]["taken_out"]) == (0, 0)
    stores_agree(filled)
    assert search_tells_all(filled)["degraded"] is False
