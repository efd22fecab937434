# SPDX-License-Identifier: Apache-2.0
"""The files of the private vector server: the engine changes them behind its back."""
import importlib
import json
import os

import pytest
from test_vector_server import DIMENSION, ENGINE, ROOT, point


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


def test_a_log_file_renamed_while_the_log_is_synced(tmp_path, package, monkeypatch):
    folder = tmp_path / "c"
    package.create(str(folder), "c", package.config_of_request(
        {"vectors": {"size": DIMENSION, "distance": "Cosine"}}))
    collection = package.Collection(str(folder))
    assert not collection.failure
    opened = rename_when_opened(monkeypatch, folder / "g1" / "wal")
    body = json.dumps({"points": [point(1)]}).encode()
    answer, = collection.change(package.changes.UPSERT, body, True)
    assert answer["status"] == "completed" and "open-99" in opened
    # A folder that is gone is an error at once.
    monkeypatch.setattr(package.Collection, "path", str(tmp_path / "nowhere"))
    with pytest.raises(package.ApiError) as caught:
        collection.change(package.changes.UPSERT, body, True)
    assert "cannot sync the log" in caught.value.message and len(opened) < 50
    monkeypatch.undo()
    collection.close()


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
