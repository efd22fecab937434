# SPDX-License-Identifier: Apache-2.0
"""A change of the database's model beside the old one: searches miss nothing until every content
has a vector of the new one, whoever writes, wishes for something else or dies meanwhile."""

import json

import pytest
from conftest import make_row, make_vector, wait_until, write_rows
from crashes import ARCHITECTURE, armed, at, home, row  # noqa: F401
from stores import search_tells_all, stores_agree
from test_model_change import Writers, ids_of

F32, REDUCED = "all-MiniLM-L6-v2/f32", "all-MiniLM-L6-v2/int8"
ROWS = 60
ALL = ROWS + 8  # with the sample


@pytest.fixture(scope="module")
def loaded(shared):
    rows = [make_row(n, body=f"Suffering number {n} ends when its cause, number {n + 1}, ends.")
            for n in range(1, ROWS + 1)]
    shared("load", write_rows(shared.home.parent / "many.jsonl", rows))
    return shared


@pytest.fixture
def fresh_vectors(loaded):
    """The database has f32, and changes to nothing; what the tests before computed is gone."""
    back(loaded)
    return loaded


@pytest.fixture
def points(fresh_vectors, home):
    """The same, as grove with points."""
    return home


def back(grove):
    grove("init", "--precision", "f32", "--now")
    grove("sync")
    grove("init", "--drop-old-vectors")


def wish(grove, precision="reduced", **options):
    return grove.json("init", "--precision", precision, **options)


def agree(grove, model):
    report = grove.json("sync")
    assert (report["pending"], report["dead"]) == (0, 0), report
    status = grove.json("status")
    assert (status["model"], status["next_model"], status["next_embedded"]) == (model, None, None)
    stores_agree(grove)  # the vectors that it compares are of the database's model
    assert grove.broken() == ""
    return report


def count(grove, model=REDUCED, origin="computed"):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM grove.embedding WHERE model = %s AND origin = %s",
                            (model, origin)).fetchone()[0]


def waiting(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM grove.outbox").fetchone()[0]


# --- the way of it --------------------------------------------------------------------------------

def test_searches_are_whole_until_it_changes(points):
    grove = points
    answer = wish(grove)
    assert (answer["model"], answer["next_model"], answer["queued"]) == (F32, REDUCED, 0)
    before = search_tells_all(grove)
    with grove.held_at(["next-model-moved@2", "next-model-whole"], "sync") as held:
        held.reach("next-model-moved@2")
        status = grove.json("status")
        assert (status["model"], status["next_model"]) == (F32, REDUCED)
        assert (status["next_embedded"], status["contents"], status["pending"]) == (64, ALL, 0)
        assert count(grove) == 32  # the others are being embedded
        text = grove("status").stdout
        assert f"changes to {REDUCED}: 64 of {ALL} embedded" in text and "run grove sync" in text
        assert search_tells_all(grove)["results"] == before["results"]
        held.go_on("next-model-moved@2")
        held.reach("next-model-whole")
        assert count(grove) == ALL and waiting(grove) == 0
        assert search_tells_all(grove)["results"] == before["results"]
        held.go_on("next-model-whole")
        report = json.loads(held.finish())
    assert (report["embedded"], report["upserted"], report["pending"]) == (ALL, ALL, 0)
    agree(grove, REDUCED)


def test_the_way_back_embeds_nothing(fresh_vectors):
    wish(fresh_vectors)
    agree(fresh_vectors, REDUCED)
    answer = wish(fresh_vectors, "f32")
    assert (answer["model"], answer["next_model"], answer["queued"]) == (F32, None, ALL)
    assert search_tells_all(fresh_vectors)["complete"]
    assert agree(fresh_vectors, F32)["embedded"] == 0


def test_what_was_supplied_needs_no_vector(empty, tmp_path):
    rows = [make_row(n, vector=make_vector(n)) for n in range(1, 41)]
    empty("load", write_rows(tmp_path / "own.jsonl", rows))
    answer = wish(empty)
    assert (answer["model"], answer["queued"]) == (REDUCED, 40)
    assert agree(empty, REDUCED)["embedded"] == 0
    assert count(empty, REDUCED, "supplied") == 40
    back(empty)
    assert count(empty, REDUCED, "supplied") == 40  # nobody's to drop
    empty("rm", "subject1", "--yes", check=False)


def test_without_contents_it_changes_at_once(empty):
    empty("rm", "religion", "--yes", check=False)
    with empty.connect() as conn:
        conn.execute("DELETE FROM content_metadata")
    empty("sync")
    answer = wish(empty)
    assert (answer["model"], answer["next_model"], answer["queued"]) == (REDUCED, None, 0)
    assert wish(empty, "f32")["model"] == F32


def test_old_vectors_are_dropped(fresh_vectors):
    wish(fresh_vectors)
    agree(fresh_vectors, REDUCED)
    done = fresh_vectors("init", "--drop-old-vectors")
    assert f"{ALL} old vectors freed" in done.stdout
    assert (count(fresh_vectors, F32), count(fresh_vectors)) == (0, ALL)
    assert fresh_vectors.json("init", "--drop-old-vectors")["dropped"] == 0
    agree(fresh_vectors, REDUCED)
    # The way back is a change as any.
    assert wish(fresh_vectors, "f32")["next_model"] == F32
    assert agree(fresh_vectors, F32)["embedded"] == ALL


def test_the_text_says_what_to_do(fresh_vectors):
    text = fresh_vectors("init", "--precision", "reduced").stdout
    assert f"model: still {F32}, and {REDUCED} when all is embedded: run \"grove sync\"" in text
    fresh_vectors("sync")
    text = fresh_vectors("init", "--precision", "f32").stdout
    assert f"model: now {F32}; {ALL} contents to project anew: run \"grove sync\"" in text


def test_now_is_of_a_precision(loaded):
    error = loaded.fails("invalid", "init", "--now")
    assert "--precision" in error["hint"]


# --- wishes ---------------------------------------------------------------------------------------

def test_the_old_precision_gives_it_up(points):
    grove = points
    wish(grove)
    grove.dies_at("next-model-moved@2", "sync")
    assert wish(grove)["next_model"] == REDUCED  # the same goes on
    assert grove.json("status")["next_embedded"] == 64
    answer = wish(grove, "f32")
    assert (answer["model"], answer["next_model"], answer["queued"]) == (F32, None, 0)
    assert agree(grove, F32)["upserted"] == 0
    # What was embedded is not lost.
    wish(grove)
    assert agree(grove, REDUCED)["embedded"] == ALL - 32


def test_of_two_opposite_wishes_one_comes_about(fresh_vectors):
    """Whichever comes last; the other one leaves nothing."""
    for _ in range(6):
        processes = [fresh_vectors.start("init", "--precision", precision, "--json")
                     for precision in ("reduced", "f32", "reduced", "f32")]
        for process in processes:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, (out, err)
        with fresh_vectors.connect() as conn:
            found = dict(conn.execute("SELECT name, value FROM grove.setting"
                                      " WHERE name IN ('model', 'next_model', 'next_model_at')"))
        assert found["model"] == F32
        assert found in ({"model": F32},
                         {"model": F32, "next_model": REDUCED, "next_model_at": "1 -1 0 0"})
    agree(fresh_vectors, REDUCED if "next_model" in found else F32)


def test_given_up_while_a_projector_is_about_to_change_it(points):
    grove = points
    wish(grove)
    with grove.held_at(["next-model-whole"], "sync") as held:
        held.reach("next-model-whole")
        wish(grove, "f32")
        held.go_on("next-model-whole")
        held.finish()
    agree(grove, F32)


# --- beside others --------------------------------------------------------------------------------

def test_beside_writers_and_projectors(fresh_vectors):
    """Writers at all levels never wait or fail; two projectors embed, and one changes the model."""
    before = ids_of(fresh_vectors)
    with Writers(fresh_vectors) as writers:
        for precision, model in (("reduced", REDUCED), ("f32", F32)):
            writers.go_on()
            wish(fresh_vectors, precision)
            projectors = [fresh_vectors.start("sync", "--watch") for _ in range(2)]
            wait_until(lambda: model_of(fresh_vectors) == model or writers.failures, 120)
            for projector in projectors:
                projector.terminate()
            for projector in projectors:
                projector.communicate(timeout=60)
    assert writers.failures == []
    with fresh_vectors.connect() as conn:
        conn.execute("UPDATE grove.outbox SET lease_owner = NULL, lease_until = NULL,"
                     " lease_pid = NULL, lease_session = NULL WHERE lease_owner IS NOT NULL")
        conn.execute("DELETE FROM content_metadata WHERE id <> ALL (%s)", [before])
        conn.execute("UPDATE content_metadata SET title = rtrim(title, '!')")
    agree(fresh_vectors, F32)


def model_of(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT value FROM grove.setting WHERE name = 'model'").fetchone()[0]


def test_a_table_that_is_attached_meanwhile(points):
    """What is written to it comes along, before the change is made and after."""
    grove = points
    with grove.connect() as conn:
        conn.execute("CREATE TABLE public.notes (id bigint PRIMARY KEY, title text, body text)")
        conn.execute("INSERT INTO notes SELECT n, 'Note ' || n, 'It rained on day ' || n"
                     " FROM generate_series(1, 40) AS n")
    wish(grove)
    grove.dies_at("next-model-moved", "sync")
    grove("attach", "notes", "--key", "id", "--title", "title", "--text", "body", "--path",
          "religion/Notes", "--type", "Note")
    with grove.connect() as conn:
        conn.execute("UPDATE notes SET body = body || ', and on the day after' WHERE id % 2 = 0")
        conn.execute("DELETE FROM notes WHERE id % 5 = 0")
    grove.dies_at("next-model-whole", "sync")
    with grove.connect() as conn:
        conn.execute("INSERT INTO notes VALUES (100, 'Late', 'It snowed at last.')")
    agree(grove, REDUCED)
    answer = grove.json("search", "It snowed at last.", "--path", "religion/Notes", "--limit", "50")
    assert answer["complete"] and len(answer["results"]) == 33
    assert answer["results"][0]["title"] == "Late"
    grove("detach", "notes")
    with grove.connect() as conn:
        conn.execute("DROP TABLE notes")


def test_a_dump_from_amid_a_change(points, tmp_path):
    """Restored, it goes on from there, and what was taken and not embedded is found."""
    grove = points
    wish(grove)
    grove.dies_at("next-model-moved@2", "sync")
    dump = tmp_path / "amid.dump"
    grove("pg_dump", "--", "-Fc", "-f", dump)
    agree(grove, REDUCED)
    grove("pg_restore", "--", "--clean", "--if-exists", "--exit-on-error", dump)
    status = grove.json("status")
    assert (status["model"], status["next_model"], status["next_embedded"]) == (F32, REDUCED, 64)
    search_tells_all(grove)
    assert agree(grove, REDUCED)["embedded"] == ALL - 32


@pytest.mark.slow
def test_the_resident_projector_does_it(fresh_vectors):
    env = {"GROVE_PROJECTOR": ""}
    answer = fresh_vectors("init", "--precision", "reduced", env=env)
    assert "see grove status" in answer.stdout
    wait_until(lambda: model_of(fresh_vectors) == REDUCED and waiting(fresh_vectors) == 0, 60)
    fresh_vectors("stop")
    assert agree(fresh_vectors, REDUCED)["embedded"] == 0


# --- killed ---------------------------------------------------------------------------------------

@pytest.mark.slow
@row(ARCHITECTURE, "`grove init --precision`, or a projector, before the model is another")
@at("next-model-moved", "next-model-whole", "projector-embedded", "projector-stored")
def test_killed_before_it_changes(home, loaded, point):
    """The database has the model of before, whole; any projector goes on."""
    back(home)
    wish(home)
    home.dies_at(point, "sync")
    assert model_of(home) == F32 and waiting(home) == 0
    search_tells_all(home)
    report = agree(home, REDUCED)
    kept = 32 if point == "projector-stored" else ALL if point == "next-model-whole" else 0
    assert report["embedded"] == ALL - kept


@pytest.mark.slow
@row(ARCHITECTURE, "`grove init --precision`, or a projector, before the model is another")
@at("model-noted")
def test_killed_while_it_is_noted(home, loaded, point):
    back(home)
    home.dies_at(point, "init", "--precision", "reduced")
    assert home.json("status")["next_model"] is None
    wish(home)
    home.dies_at(point, "init", "--precision", "f32")
    assert home.json("status")["next_model"] == REDUCED
    agree(home, REDUCED)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["model-locked", "model-changed"])
def test_killed_in_the_change_itself(home, loaded, point):
    back(home)
    wish(home)
    home.dies_at(point, "sync")
    wait_until(lambda: not advisory_locks(home))
    assert model_of(home) == F32 and waiting(home) == 0
    assert agree(home, REDUCED)["embedded"] == 0


def advisory_locks(grove):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                            ).fetchone()[0]


@pytest.mark.slow
@row(ARCHITECTURE, "`grove init --drop-old-vectors`, anywhere")
@at("vectors-dropped")
def test_killed_while_old_vectors_are_dropped(home, loaded, point):
    """What is gone is gone, chunk by chunk; the next one frees the others."""
    back(home)
    wish(home)
    agree(home, REDUCED)
    env = armed({point: "die@3"}, knobs={"drop-rows": "20"})
    assert home("init", "--drop-old-vectors", check=False, env=env).returncode < 0
    assert 0 < count(home, F32) < ALL and count(home) == ALL
    wait_until(lambda: not advisory_locks(home))
    home("init", "--drop-old-vectors")
    assert count(home, F32) == 0
    agree(home, REDUCED)
