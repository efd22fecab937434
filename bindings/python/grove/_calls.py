# SPDX-License-Identifier: Apache-2.0
"""Types and methods of all calls. Made by bindings/python/generate of docs/calls.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, cast


class Place(TypedDict):
    name: str
    path: str
    branches: int
    limbs: int
    leaves: int
    contents: int


class TypeCount(TypedDict):
    content_type: str
    contents: int


class ListedDocument(TypedDict):
    id: int
    source: str
    key: str
    title: str
    content_type: str
    chunks: int
    updated_at: str
    table: str | None


class Listing(TypedDict):
    path: str | None
    level: Literal["tree", "branch", "limb", "leaf"]
    contents: int
    places: list[Place]
    types: list[TypeCount]
    documents: list[ListedDocument]
    next_cursor: str | None
    waiting: int


class Passage(TypedDict):
    id: int
    source: str
    key: str
    title: str
    url: str | None
    heading: str
    position: int
    chunks: int
    chunks_matched: int | None
    text: str | None
    table: str | None


class Row(TypedDict):
    content_id: int
    score: float | None
    hierarchy_table: str
    tree: str
    leaf_id: int
    branch: str
    limb: str
    leaf: str
    content_type: str
    chunk_number: int | None
    title: str
    content_summary: str
    word_count: int | None
    created_at: str | None
    document: Passage | None


class _GroupAlways(TypedDict):
    hierarchy_table: str
    content_type: str
    count: int


class Group(_GroupAlways, total=False):
    best_score: float
    branches: int
    limbs: int


class Diversity(TypedDict):
    hierarchy_tables: int
    unique_branches: int
    unique_limbs: int
    evenness: float


class Stage(TypedDict):
    name: str
    milliseconds: float
    rows: int


class Explain(TypedDict):
    strategy: str
    reason: str | None
    proof: str | None
    rows_estimated: int | None
    rows_matching: int | None
    rounds: int
    candidates: int
    pending: int
    dropped: int
    listed: int
    stages: list[Stage]
    plan: str | None
    statements: int
    requests: int
    waited_milliseconds: float
    folded: int


class _ResultAlways(TypedDict):
    results: list[Row]
    complete: bool
    incomplete_reason: str | None
    degraded: bool
    degraded_reason: str | None
    pending: int | None
    merged: int | None
    beyond: int | None
    total: int
    next_cursor: str | None
    milliseconds: float
    hint: str | None


class Result(_ResultAlways, total=False):
    groups: list[Group]
    diversity: Diversity
    depth_reached: bool
    explain: Explain


class Content(TypedDict):
    content_id: int
    hierarchy_table: str
    tree: str
    leaf_id: int
    branch: str
    limb: str
    leaf: str
    content_type: str
    chunk_number: int | None
    title: str
    content_summary: str
    word_count: int | None
    created_at: str | None
    updated_at: str | None
    body_bytes: int | None
    body: str | None
    vector_origin: str | None
    pending: bool
    dead_reason: str | None
    document: Passage | None


class Chunk(TypedDict):
    content_id: int
    position: int
    heading: str
    first_character: int
    characters: int
    word_count: int | None
    path: str
    content_type: str


class Document(TypedDict):
    id: int
    source: str
    key: str
    title: str
    url: str | None
    table: str | None
    metadata: Mapping[str, Any]
    created_at: str | None
    updated_at: str | None
    body_bytes: int
    body: str | None
    chunks: list[Chunk]


class Vector(TypedDict):
    token_ids: list[int]
    vector: list[float]


class BadLine(TypedDict):
    file: str
    line: int
    field: str | None
    reason: str


class Loaded(TypedDict):
    rows_read: int
    rows_loaded: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_bad: int
    leaves_created: int
    rows_embedded: int
    rows_cut: int
    rows_projected: int
    pending: int
    documents: int
    chunks_written: int
    chunks_kept: int
    chunks_removed: int
    bytes_read: int
    seconds: float
    seconds_reading: float
    seconds_database: float
    seconds_embedding: float
    seconds_vectors: float
    bad_lines: list[BadLine]


class Attached(TypedDict):
    table: str
    dry_run: bool
    sql: str
    documents: int
    refused: int
    waiting: int
    pending: int
    rows_expected: int
    rows_read: int
    seconds: float


class Attachment(TypedDict):
    table: str | None
    source: str
    state: Literal["filling", "kept", "failing", "leaving"]
    key: str
    path: str
    type: str
    title: str | None
    text: str | None
    created: str | None
    url: str | None
    metadata: str | None
    where: str | None
    documents: int
    rows_read: int
    rows_expected: int
    waiting: int
    refused: int
    problem: str | None
    attached_at: str
    vector: str | None
    oldest_seconds: int | None
    failure: str | None


class RefusedRow(TypedDict):
    source: str
    key: str
    reason: str
    noted_at: str


class Attachments(TypedDict):
    attachments: list[Attachment]
    refused: list[RefusedRow]


class Detached(TypedDict):
    table: str
    dry_run: bool
    sql: str
    documents: int
    leaves: int
    seconds: float


class Refusal(TypedDict):
    content_id: int
    reason: str


class Rechunked(TypedDict):
    path: str | None
    dry_run: bool
    contents: int
    documents: int
    chunks: int
    supplied: int
    changed: int
    refused: int
    refusals: list[Refusal]
    pending: int
    seconds: float


class Moved(TypedDict):
    contents: int
    leaves: int
    leaves_created: int
    dry_run: bool
    seconds: float


class Removed(TypedDict):
    contents: int
    leaves: int
    dry_run: bool
    seconds: float


class Index(TypedDict):
    state: Literal["unknown", "needless", "examined", "building", "taken", "due"]
    examined_now: bool
    rows: int | None
    listed: int | None
    ef: int | None
    ef_filtered: int | None
    queries: int | None
    recall: float | None
    recall_worst: float | None
    seconds: float | None
    reason: str | None


class Comparison(TypedDict):
    reason: str
    points: int
    enqueued: int
    taken_out: int
    ended: bool
    keeps_index: bool


class _SyncedAlways(TypedDict):
    upserted: int
    removed: int
    embedded: int
    failed: int
    pending: int
    dead: int
    seconds: float


class Synced(_SyncedAlways, total=False):
    index: Index
    comparison: Comparison


class Kinds(TypedDict):
    missing: int
    stale: int
    strange: int
    payload: int
    vector: int
    no_vector: int
    orphan: int
    alien: int
    waiting: int
    dead: int


class Difference(TypedDict):
    kind: str
    content_id: int | None
    point_id: str | None
    content_revision: int | None
    point_revision: int | None
    detail: str | None


class Verified(TypedDict):
    equal: bool
    quick: bool
    path: str | None
    resumed: bool
    noted: bool
    contents: int
    points: int
    proven: int
    different: int
    kinds: Kinds
    differences: list[Difference]
    left_out: int
    seconds: float


class Repaired(TypedDict):
    dry_run: bool
    mended: int
    pending: int
    dead: int
    found: Verified
    seconds: float


class DeadLetter(TypedDict):
    content_id: int
    deleted: bool
    attempts: int
    since: str | None
    reason: str
    content_type: str
    title: str


class Dead(TypedDict, total=False):
    dead: list[DeadLetter]
    more: bool
    contents: int
    letters: int
    kept: int
    dry_run: bool


class Database(TypedDict):
    ok: bool
    private: bool
    where: str | None
    version: str | None
    error: str | None
    schema_version: int | None
    schema_wanted: int
    schema_works: bool
    bytes: int | None
    identity: str | None
    epoch: int | None


class Engine(TypedDict):
    ok: bool
    private: bool
    where: str | None
    version: str | None
    error: str | None
    collection: str | None
    collection_status: str | None
    collection_of: str | None
    doubt: str | None
    points: int | None
    points_indexed: int | None
    out_seconds: int | None
    retry_seconds: int | None
    out_reason: str | None


class Projector(TypedDict):
    wanted: bool
    running: bool
    pid: int | None
    error: str | None


class LastVerified(TypedDict):
    outcome: str
    path: str | None
    quick: bool
    age_seconds: float | None
    contents: int | None
    different: int | None


class AttachedTable(TypedDict):
    table: str | None
    source: str
    state: Literal["filling", "kept", "failing", "leaving"]
    documents: int
    refused: int
    waiting: int
    oldest_seconds: int | None
    failure: str | None


class NotedProjector(TypedDict):
    name: str
    kind: str
    host: str
    process: int
    application: str
    version: str
    state: Literal["unknown", "alive", "ended", "lost"]
    began_at: str
    worked_at: str
    ended_at: str | None
    age_seconds: float
    written: int
    removed: int
    embedded: int
    refused: int
    failures: int
    seconds_database: float
    seconds_embedding: float
    seconds_vectors: float
    rows_per_second: float
    failure: str | None
    failed_at: str | None
    failure_age_seconds: float | None


class Status(TypedDict):
    ok: bool
    home: str | None
    model: str | None
    next_model: str | None
    next_embedded: int | None
    database: Database
    engine: Engine
    projector: Projector
    verify: LastVerified
    contents: int | None
    leaves: int | None
    subjects: int | None
    embeddings: int | None
    pending: int | None
    dead: int | None
    oldest_pending_seconds: int | None
    long_texts: int | None
    long_texts_exact: bool
    index: Index
    attached: list[AttachedTable]
    rows_per_second: float | None
    projectors: list[NotedProjector]


class Version(TypedDict):
    version: str


class Calls:
    """A method for each command that can be called."""

    def call(self, command: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
        raise NotImplementedError

    def ls(self, *, path: str | None = None, leaves: bool | None = None,
           type: str | Sequence[str] | None = None, limit: int | None = None,
           cursor: str | None = None, timeout_ms: int | None = None) -> Listing:
        """what there is: trees, branches, limbs, leaves, documents, types, with counts"""
        return cast(Listing, self.call("ls", {"path": path, "leaves": leaves, "type": type,
            "limit": limit, "cursor": cursor, "timeout_ms": timeout_ms}))

    def browse(self, path: str, *, type: str | Sequence[str] | None = None,
               since: str | None = None, until: str | None = None, min_words: int | None = None,
               max_words: int | None = None, meta: str | Sequence[str] | None = None,
               limit: int | None = None, cursor: str | None = None, explain: bool | None = None,
               timeout_ms: int | None = None) -> Result:
        """contents under a path, newest first, with counts by type"""
        return cast(Result, self.call("browse", {"path": path, "type": type, "since": since,
            "until": until, "min_words": min_words, "max_words": max_words, "meta": meta,
            "limit": limit, "cursor": cursor, "explain": explain, "timeout_ms": timeout_ms}))

    def search(self, text: str, *, path: str | None = None, type: str | Sequence[str] | None = None,
               since: str | None = None, until: str | None = None, min_words: int | None = None,
               max_words: int | None = None, meta: str | Sequence[str] | None = None,
               limit: int | None = None, min_score: float | None = None, chunks: bool | None = None,
               context: int | None = None, exact: bool | None = None,
               freshness: Literal["fresh", "fast"] | None = None, explain: bool | None = None,
               timeout_ms: int | None = None) -> Result:
        """the contents most similar to a text, under any filter"""
        return cast(Result, self.call("search", {"text": text, "path": path, "type": type,
            "since": since, "until": until, "min_words": min_words, "max_words": max_words,
            "meta": meta, "limit": limit, "min_score": min_score, "chunks": chunks,
            "context": context, "exact": exact, "freshness": freshness, "explain": explain,
            "timeout_ms": timeout_ms}))

    def similar(self, id: int, *, path: str | None = None, type: str | Sequence[str] | None = None,
                since: str | None = None, until: str | None = None, min_words: int | None = None,
                max_words: int | None = None, meta: str | Sequence[str] | None = None,
                limit: int | None = None, min_score: float | None = None,
                chunks: bool | None = None, context: int | None = None, exact: bool | None = None,
                freshness: Literal["fresh", "fast"] | None = None, explain: bool | None = None,
                timeout_ms: int | None = None) -> Result:
        """the contents most similar to one that is there"""
        return cast(Result, self.call("similar", {"id": id, "path": path, "type": type,
            "since": since, "until": until, "min_words": min_words, "max_words": max_words,
            "meta": meta, "limit": limit, "min_score": min_score, "chunks": chunks,
            "context": context, "exact": exact, "freshness": freshness, "explain": explain,
            "timeout_ms": timeout_ms}))

    def discover(self, text: str, *, path: str | None = None,
                 type: str | Sequence[str] | None = None, since: str | None = None,
                 until: str | None = None, min_words: int | None = None,
                 max_words: int | None = None, meta: str | Sequence[str] | None = None,
                 limit: int | None = None, depth: int | None = None, min_score: float | None = None,
                 chunks: bool | None = None, cursor: str | None = None,
                 freshness: Literal["fresh", "fast"] | None = None, explain: bool | None = None,
                 timeout_ms: int | None = None) -> Result:
        """similar contents across all subjects, grouped and counted"""
        return cast(Result, self.call("discover", {"text": text, "path": path, "type": type,
            "since": since, "until": until, "min_words": min_words, "max_words": max_words,
            "meta": meta, "limit": limit, "depth": depth, "min_score": min_score, "chunks": chunks,
            "cursor": cursor, "freshness": freshness, "explain": explain,
            "timeout_ms": timeout_ms}))

    def show(self, id: int, *, body: bool | None = None, timeout_ms: int | None = None) -> Content:
        """one content as a whole"""
        return cast(Content, self.call("show", {"id": id, "body": body, "timeout_ms": timeout_ms}))

    def document(self, name: str, *, body: bool | None = None,
                 timeout_ms: int | None = None) -> Document:
        """one document as a whole, with its chunks"""
        return cast(Document, self.call("document", {"name": name, "body": body,
            "timeout_ms": timeout_ms}))

    def embed(self, text: str, *, timeout_ms: int | None = None) -> Vector:
        """print the vector of a text"""
        return cast(Vector, self.call("embed", {"text": text, "timeout_ms": timeout_ms}))

    def load(self, rows: Sequence[Mapping[str, Any]], *, strict: bool | None = None,
             timeout_ms: int | None = None) -> Loaded:
        """load contents from JSON Lines files, plain or gzip"""
        return cast(Loaded, self.call("load", {"rows": rows, "strict": strict,
            "timeout_ms": timeout_ms}))

    def attach(self, table: str, path: str, *, type: str | None = None, key: str | None = None,
               title: str | None = None, text: str | None = None, created: str | None = None,
               url: str | None = None, metadata: str | None = None, vector: str | None = None,
               where: str | None = None, dry_run: bool | None = None,
               timeout_ms: int | None = None) -> Attached:
        """keep a table of the same database in step: each row is a document"""
        return cast(Attached, self.call("attach", {"table": table, "path": path, "type": type,
            "key": key, "title": title, "text": text, "created": created, "url": url,
            "metadata": metadata, "vector": vector, "where": where, "dry_run": dry_run,
            "timeout_ms": timeout_ms}))

    def attachments(self, *, timeout_ms: int | None = None) -> Attachments:
        """the tables that are kept in step, and rows of them that were refused"""
        return cast(Attachments, self.call("attachments", {"timeout_ms": timeout_ms}))

    def detach(self, table: str, *, keep: bool | None = None, dry_run: bool | None = None,
               timeout_ms: int | None = None) -> Detached:
        """keep a table in step no more, and take its documents away"""
        return cast(Detached, self.call("detach", {"table": table, "keep": keep, "dry_run": dry_run,
            "timeout_ms": timeout_ms}))

    def rechunk(self, *, path: str | None = None, dry_run: bool | None = None,
                timeout_ms: int | None = None) -> Rechunked:
        """split contents that are longer than the model reads, so that all is found"""
        return cast(Rechunked, self.call("rechunk", {"path": path, "dry_run": dry_run,
            "timeout_ms": timeout_ms}))

    def mv(self, to: str, *, ids: Sequence[int] | None = None, from_: str | None = None,
           document: str | None = None, dry_run: bool | None = None,
           timeout_ms: int | None = None) -> Moved:
        """move contents to another leaf, or give a place another name"""
        return cast(Moved, self.call("mv", {"ids": ids, "from": from_, "to": to,
            "document": document, "dry_run": dry_run, "timeout_ms": timeout_ms}))

    def rm(self, *, ids: Sequence[int] | None = None, path: str | None = None,
           yes: bool | None = None, dry_run: bool | None = None, document: str | None = None,
           type: str | Sequence[str] | None = None, since: str | None = None,
           until: str | None = None, min_words: int | None = None, max_words: int | None = None,
           timeout_ms: int | None = None) -> Removed:
        """remove contents by their ids, or all that is under a path"""
        return cast(Removed, self.call("rm", {"ids": ids, "path": path, "yes": yes,
            "dry_run": dry_run, "document": document, "type": type, "since": since, "until": until,
            "min_words": min_words, "max_words": max_words, "timeout_ms": timeout_ms}))

    def sync(self, *, retry_dead: bool | None = None, timeout_ms: int | None = None) -> Synced:
        """bring the vector engine up to date with the database"""
        return cast(Synced, self.call("sync", {"retry_dead": retry_dead, "timeout_ms": timeout_ms}))

    def verify(self, *, path: str | None = None, quick: bool | None = None,
               resume: bool | None = None, rate: int | None = None,
               timeout_ms: int | None = None) -> Verified:
        """prove that both stores say the same, or tell what differs"""
        return cast(Verified, self.call("verify", {"path": path, "quick": quick, "resume": resume,
            "rate": rate, "timeout_ms": timeout_ms}))

    def repair(self, *, path: str | None = None, yes: bool | None = None,
               dry_run: bool | None = None, quick: bool | None = None, aliens: bool | None = None,
               rate: int | None = None, timeout_ms: int | None = None) -> Repaired:
        """mend what differs between both stores"""
        return cast(Repaired, self.call("repair", {"path": path, "yes": yes, "dry_run": dry_run,
            "quick": quick, "aliens": aliens, "rate": rate, "timeout_ms": timeout_ms}))

    def dead(self, action: Literal["list", "retry", "drop"], *, ids: Sequence[int] | None = None,
             limit: int | None = None, yes: bool | None = None, dry_run: bool | None = None,
             timeout_ms: int | None = None) -> Dead:
        """list, retry or drop contents that were given up on"""
        return cast(Dead, self.call("dead", {"action": action, "ids": ids, "limit": limit,
            "yes": yes, "dry_run": dry_run, "timeout_ms": timeout_ms}))

    def status(self, *, timeout_ms: int | None = None) -> Status:
        """what runs where, and how much is in it"""
        return cast(Status, self.call("status", {"timeout_ms": timeout_ms}))

    def version(self, *, timeout_ms: int | None = None) -> Version:
        """show the version"""
        return cast(Version, self.call("version", {"timeout_ms": timeout_ms}))


class AsyncCalls:
    """A method for each command that can be called."""

    async def call(self, command: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
        raise NotImplementedError

    async def ls(self, *, path: str | None = None, leaves: bool | None = None,
                 type: str | Sequence[str] | None = None, limit: int | None = None,
                 cursor: str | None = None, timeout_ms: int | None = None) -> Listing:
        """what there is: trees, branches, limbs, leaves, documents, types, with counts"""
        return cast(Listing, await self.call("ls", {"path": path, "leaves": leaves, "type": type,
            "limit": limit, "cursor": cursor, "timeout_ms": timeout_ms}))

    async def browse(self, path: str, *, type: str | Sequence[str] | None = None,
                     since: str | None = None, until: str | None = None,
                     min_words: int | None = None, max_words: int | None = None,
                     meta: str | Sequence[str] | None = None, limit: int | None = None,
                     cursor: str | None = None, explain: bool | None = None,
                     timeout_ms: int | None = None) -> Result:
        """contents under a path, newest first, with counts by type"""
        return cast(Result, await self.call("browse", {"path": path, "type": type, "since": since,
            "until": until, "min_words": min_words, "max_words": max_words, "meta": meta,
            "limit": limit, "cursor": cursor, "explain": explain, "timeout_ms": timeout_ms}))

    async def search(self, text: str, *, path: str | None = None,
                     type: str | Sequence[str] | None = None, since: str | None = None,
                     until: str | None = None, min_words: int | None = None,
                     max_words: int | None = None, meta: str | Sequence[str] | None = None,
                     limit: int | None = None, min_score: float | None = None,
                     chunks: bool | None = None, context: int | None = None,
                     exact: bool | None = None, freshness: Literal["fresh", "fast"] | None = None,
                     explain: bool | None = None, timeout_ms: int | None = None) -> Result:
        """the contents most similar to a text, under any filter"""
        return cast(Result, await self.call("search", {"text": text, "path": path, "type": type,
            "since": since, "until": until, "min_words": min_words, "max_words": max_words,
            "meta": meta, "limit": limit, "min_score": min_score, "chunks": chunks,
            "context": context, "exact": exact, "freshness": freshness, "explain": explain,
            "timeout_ms": timeout_ms}))

    async def similar(self, id: int, *, path: str | None = None,
                      type: str | Sequence[str] | None = None, since: str | None = None,
                      until: str | None = None, min_words: int | None = None,
                      max_words: int | None = None, meta: str | Sequence[str] | None = None,
                      limit: int | None = None, min_score: float | None = None,
                      chunks: bool | None = None, context: int | None = None,
                      exact: bool | None = None, freshness: Literal["fresh", "fast"] | None = None,
                      explain: bool | None = None, timeout_ms: int | None = None) -> Result:
        """the contents most similar to one that is there"""
        return cast(Result, await self.call("similar", {"id": id, "path": path, "type": type,
            "since": since, "until": until, "min_words": min_words, "max_words": max_words,
            "meta": meta, "limit": limit, "min_score": min_score, "chunks": chunks,
            "context": context, "exact": exact, "freshness": freshness, "explain": explain,
            "timeout_ms": timeout_ms}))

    async def discover(self, text: str, *, path: str | None = None,
                       type: str | Sequence[str] | None = None, since: str | None = None,
                       until: str | None = None, min_words: int | None = None,
                       max_words: int | None = None, meta: str | Sequence[str] | None = None,
                       limit: int | None = None, depth: int | None = None,
                       min_score: float | None = None, chunks: bool | None = None,
                       cursor: str | None = None, freshness: Literal["fresh", "fast"] | None = None,
                       explain: bool | None = None, timeout_ms: int | None = None) -> Result:
        """similar contents across all subjects, grouped and counted"""
        return cast(Result, await self.call("discover", {"text": text, "path": path, "type": type,
            "since": since, "until": until, "min_words": min_words, "max_words": max_words,
            "meta": meta, "limit": limit, "depth": depth, "min_score": min_score, "chunks": chunks,
            "cursor": cursor, "freshness": freshness, "explain": explain,
            "timeout_ms": timeout_ms}))

    async def show(self, id: int, *, body: bool | None = None,
                   timeout_ms: int | None = None) -> Content:
        """one content as a whole"""
        return cast(Content, await self.call("show", {"id": id, "body": body,
            "timeout_ms": timeout_ms}))

    async def document(self, name: str, *, body: bool | None = None,
                       timeout_ms: int | None = None) -> Document:
        """one document as a whole, with its chunks"""
        return cast(Document, await self.call("document", {"name": name, "body": body,
            "timeout_ms": timeout_ms}))

    async def embed(self, text: str, *, timeout_ms: int | None = None) -> Vector:
        """print the vector of a text"""
        return cast(Vector, await self.call("embed", {"text": text, "timeout_ms": timeout_ms}))

    async def load(self, rows: Sequence[Mapping[str, Any]], *, strict: bool | None = None,
                   timeout_ms: int | None = None) -> Loaded:
        """load contents from JSON Lines files, plain or gzip"""
        return cast(Loaded, await self.call("load", {"rows": rows, "strict": strict,
            "timeout_ms": timeout_ms}))

    async def attach(self, table: str, path: str, *, type: str | None = None,
                     key: str | None = None, title: str | None = None, text: str | None = None,
                     created: str | None = None, url: str | None = None,
                     metadata: str | None = None, vector: str | None = None,
                     where: str | None = None, dry_run: bool | None = None,
                     timeout_ms: int | None = None) -> Attached:
        """keep a table of the same database in step: each row is a document"""
        return cast(Attached, await self.call("attach", {"table": table, "path": path, "type": type,
            "key": key, "title": title, "text": text, "created": created, "url": url,
            "metadata": metadata, "vector": vector, "where": where, "dry_run": dry_run,
            "timeout_ms": timeout_ms}))

    async def attachments(self, *, timeout_ms: int | None = None) -> Attachments:
        """the tables that are kept in step, and rows of them that were refused"""
        return cast(Attachments, await self.call("attachments", {"timeout_ms": timeout_ms}))

    async def detach(self, table: str, *, keep: bool | None = None, dry_run: bool | None = None,
                     timeout_ms: int | None = None) -> Detached:
        """keep a table in step no more, and take its documents away"""
        return cast(Detached, await self.call("detach", {"table": table, "keep": keep,
            "dry_run": dry_run, "timeout_ms": timeout_ms}))

    async def rechunk(self, *, path: str | None = None, dry_run: bool | None = None,
                      timeout_ms: int | None = None) -> Rechunked:
        """split contents that are longer than the model reads, so that all is found"""
        return cast(Rechunked, await self.call("rechunk", {"path": path, "dry_run": dry_run,
            "timeout_ms": timeout_ms}))

    async def mv(self, to: str, *, ids: Sequence[int] | None = None, from_: str | None = None,
                 document: str | None = None, dry_run: bool | None = None,
                 timeout_ms: int | None = None) -> Moved:
        """move contents to another leaf, or give a place another name"""
        return cast(Moved, await self.call("mv", {"ids": ids, "from": from_, "to": to,
            "document": document, "dry_run": dry_run, "timeout_ms": timeout_ms}))

    async def rm(self, *, ids: Sequence[int] | None = None, path: str | None = None,
                 yes: bool | None = None, dry_run: bool | None = None, document: str | None = None,
                 type: str | Sequence[str] | None = None, since: str | None = None,
                 until: str | None = None, min_words: int | None = None,
                 max_words: int | None = None, timeout_ms: int | None = None) -> Removed:
        """remove contents by their ids, or all that is under a path"""
        return cast(Removed, await self.call("rm", {"ids": ids, "path": path, "yes": yes,
            "dry_run": dry_run, "document": document, "type": type, "since": since, "until": until,
            "min_words": min_words, "max_words": max_words, "timeout_ms": timeout_ms}))

    async def sync(self, *, retry_dead: bool | None = None,
                   timeout_ms: int | None = None) -> Synced:
        """bring the vector engine up to date with the database"""
        return cast(Synced, await self.call("sync", {"retry_dead": retry_dead,
            "timeout_ms": timeout_ms}))

    async def verify(self, *, path: str | None = None, quick: bool | None = None,
                     resume: bool | None = None, rate: int | None = None,
                     timeout_ms: int | None = None) -> Verified:
        """prove that both stores say the same, or tell what differs"""
        return cast(Verified, await self.call("verify", {"path": path, "quick": quick,
            "resume": resume, "rate": rate, "timeout_ms": timeout_ms}))

    async def repair(self, *, path: str | None = None, yes: bool | None = None,
                     dry_run: bool | None = None, quick: bool | None = None,
                     aliens: bool | None = None, rate: int | None = None,
                     timeout_ms: int | None = None) -> Repaired:
        """mend what differs between both stores"""
        return cast(Repaired, await self.call("repair", {"path": path, "yes": yes,
            "dry_run": dry_run, "quick": quick, "aliens": aliens, "rate": rate,
            "timeout_ms": timeout_ms}))

    async def dead(self, action: Literal["list", "retry", "drop"], *,
                   ids: Sequence[int] | None = None, limit: int | None = None,
                   yes: bool | None = None, dry_run: bool | None = None,
                   timeout_ms: int | None = None) -> Dead:
        """list, retry or drop contents that were given up on"""
        return cast(Dead, await self.call("dead", {"action": action, "ids": ids, "limit": limit,
            "yes": yes, "dry_run": dry_run, "timeout_ms": timeout_ms}))

    async def status(self, *, timeout_ms: int | None = None) -> Status:
        """what runs where, and how much is in it"""
        return cast(Status, await self.call("status", {"timeout_ms": timeout_ms}))

    async def version(self, *, timeout_ms: int | None = None) -> Version:
        """show the version"""
        return cast(Version, await self.call("version", {"timeout_ms": timeout_ms}))
