# SPDX-License-Identifier: Apache-2.0
"""One collection: a folder with config.json and one generation of the engine's shard.

    <folder>/config.json      what the collection is, and which generation is valid
    <folder>/g<N>/            the shard: segments and log
    <folder>/g<N+1>/          a rebuild under way, or what a crash left of one

Threads: reads from any thread at any time; `lock` serialises changes, flushes and the exchange of
generations.
"""
import json
import os
import secrets
import shutil
import threading
import time

import qdrant_edge as engine

from . import changes, files, schedule, translate
from .errors import (ApiError, bad_value, internal, no_collection, of_engine, unsupported,
                     wrong_input)

DIMENSION_MAX = 65536
DISTANCES = {name: getattr(engine.Distance, name) for name in ("Cosine", "Euclid", "Dot",
                                                               "Manhattan")}
# In kilobytes of vectors, as Qdrant counts. Below, a scan of all vectors is as fast as the graph.
INDEXING_THRESHOLD_KB = 1000
NUMBERS_LOOKED_AT = 128  # at a time


def config_of_request(members: dict) -> dict:
    """The configuration that a PUT /collections/{name} asks for."""
    for name in ("sparse_vectors", "quantization_config", "init_from"):
        if members.get(name):
            raise unsupported(f"`{name}`")
    vectors = translate.members_of(members.get("vectors"), "vectors")
    if "size" not in vectors or "distance" not in vectors:
        raise unsupported("a collection with named vectors, or without size and distance,")
    for name in ("multivector_config", "quantization_config", "hnsw_config"):
        if vectors.get(name):
            raise unsupported(f"`vectors.{name}`")
    if vectors.get("datatype") not in (None, "float32"):
        raise unsupported("`vectors.datatype`")
    distance = vectors["distance"]
    if not isinstance(distance, str) or distance not in DISTANCES:
        raise wrong_input(f"unknown distance, expected one of {', '.join(DISTANCES)}")
    size = translate.whole(vectors, "size", None, 1, DIMENSION_MAX)
    if size is None:
        raise bad_value("vectors.size: missing")
    hnsw = translate.members_of(members.get("hnsw_config") or {}, "hnsw_config")
    optimizers = translate.members_of(members.get("optimizers_config") or {}, "optimizers_config")
    return {
        "vectors": {"size": size, "distance": distance},
        "hnsw_config": {
            "m": translate.whole(hnsw, "m", 16, 0, 1000),
            "ef_construct": translate.whole(hnsw, "ef_construct", 100, 4, 10000),
            "full_scan_threshold": translate.whole(hnsw, "full_scan_threshold", 10000, 10),
            "max_indexing_threads": translate.whole(hnsw, "max_indexing_threads", 0, 0, 1000),
            "on_disk": translate.flag(hnsw, "on_disk"),
        },
        "indexing_threshold": translate.whole(optimizers, "indexing_threshold",
                                              INDEXING_THRESHOLD_KB, 1),
    }


def _engine_config(config: dict):
    hnsw = config["hnsw_config"]
    return engine.EdgeConfig(
        vectors=engine.EdgeVectorParams(size=config["vectors"]["size"],
                                        distance=DISTANCES[config["vectors"]["distance"]]),
        hnsw_config=engine.HnswIndexConfig(
            m=hnsw["m"], ef_construct=hnsw["ef_construct"],
            full_scan_threshold=hnsw["full_scan_threshold"],
            max_indexing_threads=hnsw["max_indexing_threads"], on_disk=hnsw["on_disk"]),
        optimizers=engine.EdgeOptimizersConfig(indexing_threshold=config["indexing_threshold"]))


def new_graph(generation: int) -> str:
    """A name for the graph of a generation, which no other graph of any folder has, or will have: a
    collection may come again under its name, a folder out of a copy of it."""
    return f"{secrets.token_hex(12)}-{generation}"


def create(folder: str, name: str, config: dict) -> None:
    """Makes the folder, complete; the caller gives it its final name."""
    os.mkdir(folder, 0o700)
    shard = engine.EdgeShard.create(os.path.join(folder, "g1"), _engine_config(config))
    shard.flush()
    shard.close()
    files.sync_tree(folder)
    files.write_json(os.path.join(folder, "config.json"), {
        "name": name, "generation": 1, "numbered": True, "graph": new_graph(1), **config})


class Collection:
    def __init__(self, folder: str):
        """Never fails: a collection that cannot be read says why whenever it is used."""
        self.folder = folder
        self.name = os.path.basename(folder)
        self.config = {}
        self.shard = None
        self.failure = ""
        self.lock = threading.Lock()
        self.journal = None  # while a rebuild is under way
        self.rebuilding = False
        self.schedule = schedule.Schedule(time.monotonic())
        self._operations = 0
        self._log_files = set()
        try:
            self._load()
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.failure = f"cannot read collection `{self.name}`: {error}"
        except BaseException as error:  # the engine's own kinds, panics among them
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            self.failure = f"cannot load collection `{self.name}`: {error}"

    def _load(self) -> None:
        with open(os.path.join(self.folder, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        self.name, self.dimension = config["name"], config["vectors"]["size"]
        self.config, self.generation = config, config["generation"]
        self.small_is_better = config["vectors"]["distance"] in ("Euclid", "Manhattan")
        self._remove_leftovers()
        if "graph" not in config:  # made before graphs had names
            self._name_graph()
        self.shard = engine.EdgeShard.load(self.path)
        info = self.shard.info()
        self.schedule = schedule.Schedule(time.monotonic())
        self.schedule.fresh = max(0, info.points_count - info.indexed_vectors_count)

    def _name_graph(self) -> None:
        config = {**self.config, "graph": new_graph(self.generation)}
        try:
            files.write_json(os.path.join(self.folder, "config.json"), config)
        except OSError:
            pass  # a name for this time only
        self.config = config

    def _remove_leftovers(self) -> None:
        for entry in os.listdir(self.folder):
            if entry in ("config.json", f"g{self.generation}"):
                continue
            path = os.path.join(self.folder, entry)
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)

    @property
    def graph(self) -> str:
        """Of the generation that is searched, or of a newer one: read it after a search."""
        return self.config["graph"]

    @property
    def path(self) -> str:
        return os.path.join(self.folder, f"g{self.generation}")

    def open_shard(self):
        # An own reference: the shard lives as long as somebody reads it.
        shard = self.shard
        if shard is None:
            raise internal(self.failure) if self.failure else no_collection(self.name)
        return shard

    # --- reads --------------------------------------------------------------------------------

    def _ask(self, method: str, *arguments):
        shard = self.open_shard()
        try:
            return getattr(shard, method)(*arguments)
        except ApiError:
            raise
        except BaseException as error:
            raise of_engine(error) from error

    def query(self, request) -> list:
        return self._ask("query", request)

    def retrieve(self, ids: list, with_payload, with_vector: bool) -> list:
        return self._ask("retrieve", ids, with_payload, with_vector)

    def scroll(self, **arguments):
        return self._ask("scroll", engine.ScrollRequest(**arguments))

    def count(self, condition, exact: bool) -> int:
        return self._ask("count", engine.CountRequest(filter=condition, exact=exact))

    def info(self) -> dict:
        info = self._ask("info")
        config = self.config
        busy = self.rebuilding or \
            self._rebuild_worth() and self.schedule.is_behind(info.indexed_vectors_count)
        return {
            "status": "yellow" if busy else "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": info.indexed_vectors_count,
            "points_count": info.points_count,
            "segments_count": info.segments_count,
            "graph": self.graph,
            "digests": True,
            "packs": True,
            "config": {
                "params": {"vectors": config["vectors"], "shard_number": 1,
                           "replication_factor": 1, "write_consistency_factor": 1,
                           "on_disk_payload": True},
                "hnsw_config": config["hnsw_config"],
                "optimizer_config": {
                    "deleted_threshold": 0.2, "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0, "max_segment_size": None,
                    "memmap_threshold": None, "indexing_threshold": config["indexing_threshold"],
                    "flush_interval_sec": int(schedule.FLUSH_IDLE_S),
                    "max_optimization_threads": 1},
                "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
                "quantization_config": None,
            },
            "payload_schema": {name: translate.schema_json(schema)
                               for name, schema in info.payload_schema.items()},
        }

    # --- changes ------------------------------------------------------------------------------

    def change(self, kind: int, body, wait: bool) -> list:
        """Applies a request's operations; with `wait` their log is on the disk afterwards.
        Returns Qdrant's answer to each."""
        self.open_shard()
        operations, numbered = changes.steps_of(kind, body, self.dimension)
        files.check_space(self.folder, files.SPACE_TO_WRITE + files.SPACE_OF_BODY * len(body))
        with self.lock:
            shard = self.open_shard()
            if not numbered:
                self._set_numbered(False)
            written, removed = 0, 0
            try:
                for steps in operations:
                    for step in steps:
                        removed += self._apply(shard, step)
                        written += step.touched
            except BaseException as error:
                if self.journal:
                    self.journal.broken = f"a change failed half-way: {error}"
                raise of_engine(error) from error
            finally:
                self.schedule.note_write(time.monotonic(), written, removed, len(body) + 1)
            pause_s = 0.0
            if self.journal:
                self.journal.append(kind, body)
                pause_s = self.journal.pause_s(len(body))
            if wait:
                self._sync_log()
            first = self._operations
            self._operations += len(operations)
        if pause_s:
            time.sleep(pause_s)
        status = "completed" if wait else "acknowledged"
        return [{"operation_id": first + i, "status": status} for i in range(len(operations))]

    @property
    def numbered(self) -> bool:
        """Whether each point's content_id is its id. Once told that it is not, it never is."""
        return self.config.get("numbered") is True

    def _set_numbered(self, numbered: bool) -> None:
        """On the disk before the first point that is not. The caller holds the lock."""
        if self.config.get("numbered") is not numbered:
            config = {**self.config, "numbered": numbered}
            files.write_json(os.path.join(self.folder, "config.json"), config)
            self.config = config

    def look_at_numbers(self) -> None:
        """Finds out whether they are, in a collection that an older version made."""
        if self.shard is None or "numbered" in self.config:
            return
        shard, offset, numbered = self.shard, None, True
        while numbered:
            found, offset = shard.scroll(engine.ScrollRequest(
                offset=offset, limit=NUMBERS_LOOKED_AT, with_payload=[changes.ID_FIELD],
                with_vector=False))
            numbered = all(changes.is_numbered(one.id, one.payload) for one in found)
            if offset is None:
                break
        with self.lock:
            if self.shard is not None and "numbered" not in self.config:
                self._set_numbered(numbered)

    def _apply(self, shard, step) -> int:
        """How many points it removed."""
        before = shard.info().points_count if step.removed is None else 0
        shard.update(step.operation)
        if step.removed is None:
            return max(0, before - shard.info().points_count)
        return step.removed

    def _sync_log(self) -> None:
        # The engine leaves its log to the system, which keeps it through a kill -9; this keeps it
        # through a power cut. Files that are "closed" do not change any more.
        folder = os.path.join(self.path, "wal")

        def sync(path: str) -> None:
            if path not in self._log_files or os.path.basename(path).startswith("open-"):
                files.sync_file(path)

        try:
            found = files.each_file(folder, sync)
            if found != self._log_files:
                files.sync_folder(folder)
                self._log_files = found
        except OSError as error:
            raise internal(f"cannot sync the log: {error}") from error

    def flush_due(self, now: float) -> bool:
        return self.shard is not None and self.schedule.flush_due(now)

    def flush(self) -> None:
        """Brings the segments to the disk, so that the log can be cut."""
        # The engine keeps the interpreter while it syncs; so most is synced before.
        files.sync_tree(self.path)
        with self.lock:
            if self.shard is not None:
                self.shard.flush()
                self.schedule.note_flush()

    # --- rebuilds (see rebuild.py) ------------------------------------------------------------

    def _rebuild_worth(self) -> bool:
        size_kb = self.schedule.fresh * self.dimension * 4 / 1024
        return size_kb >= self.config["indexing_threshold"]

    def rebuild_due(self, now: float) -> bool:
        return self.shard is not None and self.schedule.rebuild_due(
            now, self._rebuild_worth(), lambda: self._ask("info").indexed_vectors_count)

    def switch_to(self, generation: int):
        """Makes another generation the valid one, and returns the old one's folder and shard. The
        caller holds the lock."""
        old = self.path, self.shard
        config = {**self.config, "generation": generation, "graph": new_graph(generation)}
        shard = engine.EdgeShard.load(os.path.join(self.folder, f"g{generation}"))
        files.write_json(os.path.join(self.folder, "config.json"), config)
        self.config, self.generation, self.shard = config, generation, shard
        self._log_files = set()
        self.schedule.note_flush()
        return old

    # --- end ----------------------------------------------------------------------------------

    def close(self) -> None:
        with self.lock:
            shard, self.shard = self.shard, None
            if shard is not None:
                shard.flush()
                shard.close()

    def abandon(self) -> None:
        """Before its folder is removed."""
        with self.lock:
            self.shard = None
            self.failure = ""
