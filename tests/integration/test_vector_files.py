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
