# SPDX-License-Identifier: Apache-2.0
"""The files of the private vector server: the engine changes them behind its back."""
import errno
import importlib
import json
import os
import subprocess

import pytest
from test_vector_server import DIMENSION, ENGINE, PYTHON, ROOT, point, program  # noqa: F401


@pytest.fixture
def package(monkeypatch):
    """The server's modules, in this process."""
    monkeypatch.syspath_prepend(str(ENGINE))
    monkeypatch.syspath_prepend(str(ROOT / "embedded"))
    return importlib.import_module("grove_vectors.collection")


def rename_when_opened(monkeypatch, wal):
    """The engine gives a file of its log its final name just before somebody opens it. Returns the
    names that were opened since."""
    (wal / "tmp-open-99").write_bytes(b"spare")
    opened, real = [], os.open

    def open_later(path, *arguments, **more):
        name = os.path.basename(path)
        if name == "tmp-open-99" and os.path.dirname(path) == str(wal):
            (wal / name).rename(wal / "open-99")
        opened.append(name)
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", open_later)
    return opened


@pytest.fixture
def collection(tmp_path, package, monkeypatch):
    folder = tmp_path / "c"
    package.create(str(folder), "c", package.config_of_request(
        {"vectors": {"size": DIMENSION, "distance": "Cosine"}}))
    made = package.Collection(str(folder))
    assert not made.failure
    yield made
    monkeypatch.undo()
    made.close()


def upsert(package, collection, number=1):
    body = json.dumps({"points": [point(number)]}).encode()
    return collection.change(package.changes.UPSERT, body, True)


def test_a_log_file_renamed_while_the_log_is_synced(tmp_path, package, collection, monkeypatch):
    opened = rename_when_opened(monkeypatch, tmp_path / "c" / "g1" / "wal")
    answer, = upsert(package, collection)
    assert answer["status"] == "completed" and "open-99" in opened
    # A folder that is gone is an error at once.
    monkeypatch.setattr(package.Collection, "path", str(tmp_path / "nowhere"))
    with pytest.raises(package.ApiError) as caught:
        upsert(package, collection)
    assert caught.value.status == 500 and "cannot sync the log" in caught.value.message
    assert len(opened) < 50


def test_changes_during_a_rebuild_are_in_its_journal(tmp_path, package, collection):
    journal = importlib.import_module("grove_vectors.journal")
    path = str(tmp_path / "journal")
    upsert(package, collection, 1)
    collection.journal = journal.Journal(path)
    upsert(package, collection, 2)
    collection.change(package.changes.DELETE, b'{"points": [1]}', False)
    entries = list(journal.read(path, 0, collection.journal.size))
    collection.journal.close()
    collection.journal = None
    assert [kind for kind, _ in entries] == [package.changes.UPSERT, package.changes.DELETE]
    assert json.loads(entries[0][1])["points"][0]["id"] == 2


@pytest.fixture
def journal(package, monkeypatch):
    module = importlib.import_module("grove_vectors.journal")
    monkeypatch.setattr(module, "FILE_BYTES", 1000)
    return module


def test_a_journal_goes_on_in_another_file(tmp_path, journal):
    path = str(tmp_path / "journal")
    log, ends, done, seen = journal.Journal(path), [], 0, []
    for number in range(100):
        log.append(number % 5 + 1, b"%d" % number * 40)
        ends.append(log.size)
    assert len(os.listdir(path)) > 5
    for end in (ends[0], ends[17], ends[17], ends[97], ends[98]):
        seen += journal.read(path, done, end)
        done = end
    assert seen == [(number % 5 + 1, b"%d" % number * 40) for number in range(99)]
    # Who has replayed a file removes it, but for the last.
    assert len(os.listdir(path)) == 1
    log.append(1, b"last")
    assert list(journal.read(path, done, log.size))[-1] == (1, b"last")
    log.close()


def test_a_journal_gives_up_before_changes_are_refused(tmp_path, journal, package, collection,
                                                       monkeypatch):
    log = collection.journal = journal.Journal(str(tmp_path / "journal"))
    monkeypatch.setattr(os, "statvfs", lambda folder: Disk(65 << 20))
    upsert(package, collection, 1)
    assert not log.broken and log.size > 0
    monkeypatch.setattr(os, "statvfs", lambda folder: Disk(63 << 20))
    upsert(package, collection, 2)
    assert "No space left on device" in log.broken
    size = log.size
    upsert(package, collection, 3)
    assert log.size == size and collection.count(None, True) == 3
    log.close()
    collection.journal = None


def test_writers_wait_for_a_rebuild_that_does_not_catch_up(package, collection, journal, tmp_path,
                                                           monkeypatch):
    log = collection.journal = journal.Journal(str(tmp_path / "journal"))
    slept = []
    monkeypatch.setattr(package.time, "sleep", slept.append)
    upsert(package, collection, 1)
    assert slept == []
    log.pace = 1000.0
    before = log.size
    upsert(package, collection, 2)
    assert slept == [pytest.approx((log.size - before) / 1000, rel=0.1)]
    log.pace = 1.0
    upsert(package, collection, 3)
    assert slept[1] == journal.PAUSE_MAX_S
    log.close()
    collection.journal = None


class Replay:
    """A builder that answers at once; `written` comes into the journal while it replays."""

    def __init__(self, log, written):
        self.log, self.written, self.ends = log, list(written), []

    def __call__(self, request, end):
        assert request == "replay"
        self.ends.append(end)
        self.log.size += self.written.pop(0)


def test_catching_up_ends(package):
    rebuild = importlib.import_module("grove_vectors.rebuild")
    mb = 1 << 20

    class Log:
        size, pace = 100 * mb, 0.0

    # Writers who are slow are not told to wait.
    ask = Replay(Log(), [40 * mb, 10 * mb, mb - 1])
    assert rebuild._catch_up(ask.log, ask, 0) == ask.ends[-1] == 150 * mb
    assert ask.ends == [100 * mb, 140 * mb, 150 * mb] and ask.log.pace == 0
    # Those who are fast are; and who does not care has an end, too.
    ask = Replay(Log(), [90 * mb] * 50)
    rebuild._catch_up(ask.log, ask, 0)
    assert len(ask.ends) == rebuild.ROUNDS_MAX and ask.log.pace > 0


def test_no_rebuild_begins_without_room_for_it(package, collection, monkeypatch):
    rebuild = importlib.import_module("grove_vectors.rebuild")
    upsert(package, collection)
    needed = 2 * package.files.size_of_tree(collection.path)
    assert needed > 10_000
    monkeypatch.setattr(os, "statvfs", lambda folder: Disk((64 << 20) + needed - 4096))
    with pytest.raises(OSError, match="No space left on device"):
        rebuild.rebuild(collection, None, None)  # no builder is asked
    assert not collection.rebuilding and collection.journal is None


def test_a_rebuild_that_cannot_be_completed_ends_at_once(package):
    rebuild = importlib.import_module("grove_vectors.rebuild")

    class Log:
        broken = ""

    builder, asked = rebuild.Builder(["sleep", "60"]), []

    def beside():
        asked.append(1)
        if len(asked) == 2:
            Log.broken = "the disk is full"

    try:
        with pytest.raises(rebuild.RebuildError, match="the disk is full"):
            builder.ask("optimize", beside=lambda: rebuild._go_on(Log, beside))
        assert len(asked) == 2
    finally:
        builder.close()


def test_the_builder_flushes_as_it_replays(tmp_path, package, collection, journal, monkeypatch):
    rebuild = importlib.import_module("grove_vectors.rebuild")
    monkeypatch.setattr(rebuild.schedule, "FLUSH_BYTES", 2000)
    target = str(tmp_path / "c" / "g2")
    workshop = rebuild.Workshop()
    workshop.copy(collection.path, target)
    log = collection.journal = journal.Journal(target + ".journal")
    for number in range(30):
        upsert(package, collection, number)
    assert workshop.optimize() is False
    workshop.replay(log.size)
    assert 20 <= json.loads((tmp_path / "c/g2/wal/first-index").read_text())["ack_index"] <= 30
    workshop.finish()
    shard = package.engine.EdgeShard.load(target)
    assert shard.info().points_count == 30
    log.close()
    collection.journal = None


def test_a_log_file_renamed_while_a_generation_is_copied(tmp_path, package, monkeypatch):
    wal = tmp_path / "g1" / "wal"
    wal.mkdir(parents=True)
    (wal / "open-1").write_bytes(b"first")
    (tmp_path / "g1" / "segment").write_bytes(b"points")
    rename_when_opened(monkeypatch, wal)
    package.files.copy_tree(str(tmp_path / "g1"), str(tmp_path / "g2"))
    copied = {str(path.relative_to(tmp_path / "g2")): path.read_bytes()
              for path in (tmp_path / "g2").rglob("*") if path.is_file()}
    assert copied == {"segment": b"points", "wal/open-1": b"first", "wal/open-99": b"spare"}


# --- a full disk ------------------------------------------------------------------------------

class Disk:
    f_frsize = 4096

    def __init__(self, free):
        self.f_bavail = free // self.f_frsize


def test_a_change_is_refused_while_there_is_still_room(package, collection, monkeypatch):
    upsert(package, collection, 1)
    routes = importlib.import_module("grove_vectors.routes")
    for free, number, status in ((31 << 20, 2, 507), (33 << 20, 3, 200)):
        monkeypatch.setattr(os, "statvfs", lambda folder: Disk(free))
        answer = routes.answer(lambda: upsert(package, collection, number)[0], lambda: 0.0)
        assert (answer[0], b"No space left on device" in answer[2]) == (status, status == 507)
        assert collection.count(None, True) == 1 + (number == 3)
    # A disk that fills up meanwhile, and what the engine itself says of it.
    for failure in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
                    Exception("IO Error: No space left on device (os error 28)"),
                    Exception("Service runtime error: Disk quota exceeded (os error 122)")):
        def work(failure=failure):
            raise failure
        assert routes.answer(work, lambda: 0.0)[0] == 507


def test_no_start_on_a_full_disk(tmp_path, program):
    (tmp_path / "full.py").write_text(
        "import os, runpy, sys\n"
        "class Disk: f_frsize, f_bavail = 4096, 100\n"
        "os.statvfs = lambda folder: Disk\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n")
    ended = subprocess.run([PYTHON, "-I", "-S", "-B", tmp_path / "full.py", program, "--engine",
                            ENGINE, "--data", tmp_path / "d", "--socket", tmp_path / "s"],
                           capture_output=True, timeout=20)
    assert ended.returncode == 1 and not (tmp_path / "s").exists()
    assert b"cannot serve" in ended.stderr.splitlines()[-1]
    assert b"No space left on device" in ended.stderr.splitlines()[-1]
