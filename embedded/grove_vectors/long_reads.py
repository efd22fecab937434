# SPDX-License-Identifier: Apache-2.0
"""Reads that take long, in pieces.

The engine keeps the interpreter until a call returns, and an exact search visits every point. So
it is asked about one window of the points after the other. Each function here is a generator: it
yields between two pieces, and the loop answers whoever came meanwhile. The windows cover every
point once:

- ranges of content_id, through its payload index, where each point's content_id is its id (the
  collection watches over that). A range costs hardly more than its share of the whole;
- else ids, as scroll gives them. Right for any collection, and some ten times slower;
- the ids that the filter names, where it names many.

A point's id never changes, so none moves from a window that is still to come into one that is
done. A read keeps the shard it began with: a rebuild may make another generation valid meanwhile.

How many points a window has follows from how long the last one took.
"""
import hashlib
import json
import struct
import time
import uuid
from array import array

import qdrant_edge as engine

from . import translate
from .body import PIECE_S, list_in_pieces, to_json
from .changes import ID_FIELD

POINTS_MIN, POINTS_FIRST, POINTS_MAX = 64, 500, 1 << 20
# While no short reads come in, pieces are that much longer: each costs something by itself.
IDLE_FACTOR = 3
# An exact search of so many points is as short as one through the graph.
SCAN_POINTS_MAX, FILTERED_POINTS_MAX = 8000, 15000
# A scan of more is not cut either, up to a number of points, where it is known to take no longer
# than this: pieces cost as much again.
WHOLE_S, WHOLE_POINTS_MAX = 0.0025, 25000
COUNT_POINTS_MAX = 10000
# So many hits are long to hand over; for so many the graph is slower than a scan in pieces.
HITS_MAX, GRAPH_HITS_MAX = 200, 1000
# Many hits take long to hand over, however few points are looked at: fewer, longer pieces.
LONG_PIECE_S = 0.001
RECORDS, VECTORS = 200, 10
DIGEST_POINTS_MAX = 1000


def estimate(shard, condition) -> int:
    """How many points satisfy it, more or less: takes some microseconds."""
    return shard.count(engine.CountRequest(filter=condition, exact=False))


def is_indexed(shard, keys) -> bool:
    """Whether a filter on these fields is judged without reading payloads."""
    return not keys or set(keys) <= set(shard.info().payload_schema)


def _both(*conditions):
    return engine.Filter(must=[condition for condition in conditions if condition is not None])


# --- windows ----------------------------------------------------------------------------------

class Ranges:
    """Ranges of content_id."""

    def __init__(self, shard, condition, first: int, last: int):
        self._shard, self._condition = shard, condition
        self._at, self._last = first, last
        self._width = last - first + 1

    def next(self, points: int):
        """A filter for the next window, of about so many points that matter; None at the end."""
        if self._at > self._last:
            return None
        shrunk = False
        while True:
            window = _both(self._condition, engine.FieldCondition(
                ID_FIELD, range=engine.RangeFloat(gte=self._at, lt=self._at + self._width)))
            found = estimate(self._shard, window)
            if found > points and self._width > 1:
                self._width = -(-self._width // -(-found // points))  # both rounded up
                shrunk = True
            elif 2 * found < points and not shrunk and self._at + self._width <= self._last:
                self._width *= 2
            else:
                break
        self.points = found
        self._at += self._width
        return window


def _edge_of_range(shard, direction):
    found, _ = shard.scroll(engine.ScrollRequest(
        limit=1, order_by=engine.OrderBy(ID_FIELD, direction=direction), with_payload=False,
        with_vector=False))
    return found[0].id if found else None


class Ids:
    """Ids in their order, whatever they are."""

    def __init__(self, shard, condition):
        self._shard, self._condition = shard, condition
        self._offset, self._done = None, False

    def next(self, points: int):
        if self._done:
            return None
        found, self._offset = self._shard.scroll(engine.ScrollRequest(
            offset=self._offset, limit=min(points, 1000), with_payload=False, with_vector=False))
        self._done, self.points = self._offset is None, len(found)
        return _both(self._condition, engine.HasIdCondition({one.id for one in found}))


class Given:
    """The ids that a request names."""

    def __init__(self, ids, condition):
        self._ids, self._condition, self._at = list(dict.fromkeys(ids)), condition, 0

    def next(self, points: int):
        if self._at >= len(self._ids):
            return None
        some = set(self._ids[self._at:self._at + min(points, 1000)])
        self._at += len(some)
        self.points = len(some)
        return _both(self._condition, engine.HasIdCondition(some))


def _windows(collection, shard, condition, ids):
    """Also whether they count on each point's content_id being its id."""
    if ids is not None:
        return Given(ids, condition), False
    schema = shard.info().payload_schema.get(ID_FIELD)
    if not collection.numbered or schema is None or \
            schema.data_type != engine.PayloadSchemaType.Integer or \
            getattr(schema.params, "range", None) is False:
        return Ids(shard, condition), False
    first = _edge_of_range(shard, engine.Direction.Asc)
    last = _edge_of_range(shard, engine.Direction.Desc)
    return Ranges(shard, condition, *((0, -1) if last is None else (first, last))), True


class Pace:
    """How many points the next window has, after how long the last one took."""

    def __init__(self, points: int, piece_s: float, least: int = POINTS_MIN):
        self.points, self._piece_s, self._least = points, piece_s, least

    def tell(self, points: int, took_s: float, busy: bool) -> None:
        wanted_s = self._piece_s if busy else IDLE_FACTOR * self._piece_s
        fitting = int(points * wanted_s / max(took_s, 1e-6))
        self.points = max(self._least, min(fitting, 2 * self.points, POINTS_MAX))


def _in_windows(collection, shard, condition, ids, pace: Pace, ask, start):
    """Calls take = start(), and take(ask(window)) for each window; yields in between, and is told
    then whether short reads come in."""
    while True:
        windows, counts_on_ids = _windows(collection, shard, condition, ids)
        take = start()
        while (window := windows.next(pace.points)) is not None:
            began = time.process_time()  # the engine's threads among it, nobody else's
            take(ask(window))
            took_s = time.process_time() - began
            busy = yield
            pace.tell(windows.points, took_s, busy is not False)
        if collection.numbered or not counts_on_ids:
            return
        # A point got another content_id meanwhile: it may have moved past us.


# --- searches ---------------------------------------------------------------------------------

def is_long(shard, search) -> bool:
    if search.ids is not None or search.last > HITS_MAX:
        return True
    if search.with_vector and search.limit > VECTORS:
        return True
    if not search.exact:
        return False
    if not is_indexed(shard, search.keys):
        return True
    if search.named is not None:  # few, or they were split off
        return False
    search.points = estimate(shard, search.filter)
    return search.points > FILTERED_POINTS_MAX if search.keys else not scans.whole(search.points)


class Scans:
    """How long scans without a filter take on this machine, by those of late."""

    def __init__(self):
        self._per_point_s = WHOLE_S / WHOLE_POINTS_MAX  # until one is known

    def whole(self, points: int) -> bool:
        """Whether a scan of so many points is not to be cut."""
        if points <= SCAN_POINTS_MAX or points > WHOLE_POINTS_MAX:
            return points <= SCAN_POINTS_MAX
        if points * self._per_point_s <= WHOLE_S:
            return True
        self._per_point_s *= 0.99  # it may have been a bad moment: now and then one is tried again
        return False

    def note(self, search, seconds: float) -> None:
        if search.points > 1000 and not search.keys:
            self._per_point_s += (seconds / search.points - self._per_point_s) / 8


scans = Scans()


class Best:
    """The best `limit` hits so far, best first, and by id where they are equally good."""

    def __init__(self, limit: int, small_is_better: bool):
        self._limit = limit
        self._sign = 1 if small_is_better else -1
        self.rows = []  # (key, whether the id is a UUID, id, hit)

    def add(self, hits) -> None:
        sign = self._sign
        self.rows += [(sign * hit.score, isinstance(hit.id, uuid.UUID), hit.id, hit)
                      for hit in hits]
        self.rows.sort()
        del self.rows[self._limit:]

    def threshold(self, asked):
        """What a hit must be better than to be among them."""
        if len(self.rows) < self._limit:
            return asked
        # The engine's threshold is a bound that is no hit itself, and its numbers are floats of
        # 32 bits: so a little worse than the worst.
        bound = self.rows[-1][0]
        bound += abs(bound) * 1e-6 + 1e-30
        if asked is not None:
            bound = min(bound, self._sign * asked)
        return self._sign * bound


def query(collection, search):
    """Generates the hits of a search, best first."""
    shard = collection.open_shard()
    if search.nearest is None or not search.exact and search.ids is None and \
            search.last <= GRAPH_HITS_MAX:
        found = shard.query(search.request(with_payload=False, with_vector=False))
        yield
    else:
        found = yield from _scan(collection, shard, search)
    return (yield from (_filled(shard, search, found) if search.wants_records else _scored(found)))


def _pace_of(shard, search):
    if search.ids is not None or not is_indexed(shard, search.keys):
        return Pace(POINTS_FIRST, PIECE_S)
    if search.last > HITS_MAX:
        return Pace(min(SCAN_POINTS_MAX, max(POINTS_FIRST, search.last)), LONG_PIECE_S)
    if search.keys:  # the engine goes through all that the filter finds, for every window
        return Pace(FILTERED_POINTS_MAX, LONG_PIECE_S, least=FILTERED_POINTS_MAX // 2)
    return Pace(SCAN_POINTS_MAX, PIECE_S)


def _scan(collection, shard, search):
    best = None

    def start():
        nonlocal best
        best = Best(search.last, collection.small_is_better)
        return best.add

    def ask(window):
        return shard.query(search.request(
            filter=window, params=search.exactly, limit=search.last, offset=0,
            score_threshold=best.threshold(search.score_threshold), with_payload=False,
            with_vector=False))

    yield from _in_windows(collection, shard, search.filter, search.ids, _pace_of(shard, search),
                           ask, start)
    return [hit for *_, hit in best.rows[search.offset:]]


def _scored(found):
    answers = []
    for at in range(0, len(found), RECORDS):
        answers += map(translate.scored, found[at:at + RECORDS])
        yield
    return answers


def _filled(shard, search, found):
    """With payload and vector. What was removed meanwhile is left out."""
    answers = []
    size = VECTORS if search.with_vector else RECORDS
    for at in range(0, len(found), size):
        some = found[at:at + size]
        records = {one.id: one for one in shard.retrieve([hit.id for hit in some],
                                                         search.with_payload, search.with_vector)}
        answers += [{**translate.scored(hit), **translate.record(records[hit.id])}
                    for hit in some if hit.id in records]
        yield
    return answers


def query_json(collection, search):
    found = yield from query(collection, search)
    points = yield from list_in_pieces(found)
    return '{"points":' + points + ',"graph":' + to_json(collection.graph) + "}"


# --- other reads ------------------------------------------------------------------------------

def count_is_long(shard, condition, keys) -> bool:
    return not is_indexed(shard, keys) or estimate(shard, condition) > COUNT_POINTS_MAX


def count(collection, condition, keys):
    shard = collection.open_shard()
    total = 0

    def start():
        nonlocal total
        total = 0
        return add

    def add(found: int) -> None:
        nonlocal total
        total += found

    pace = Pace(COUNT_POINTS_MAX if is_indexed(shard, keys) else POINTS_FIRST, PIECE_S)
    yield from _in_windows(collection, shard, condition, None, pace,
                           lambda window: shard.count(engine.CountRequest(filter=window,
                                                                          exact=True)), start)
    return to_json({"count": total})


def retrieve_json(collection, ids: list, with_payload, with_vector: bool):
    shard = collection.open_shard()
    ids = list(dict.fromkeys(ids))
    size, answers = VECTORS if with_vector else RECORDS, []
    for at in range(0, len(ids), size):
        answers += map(translate.record,
                       shard.retrieve(ids[at:at + size], with_payload, with_vector))
        yield
    return (yield from list_in_pieces(answers))


def scroll_json(collection, limit: int, offset, condition, keys, with_payload, with_vector: bool):
    """A filter on a field without an index is asked about some ids at a time: it may have to read
    the payloads of many points to find one."""
    shard = collection.open_shard()
    indexed = is_indexed(shard, keys)
    size, answers = VECTORS if with_vector else RECORDS, []
    while True:
        want = min(size, limit - len(answers)) if indexed else size
        found, following = shard.scroll(engine.ScrollRequest(
            offset=offset, limit=want, filter=condition if indexed else None,
            with_payload=with_payload if indexed else False,
            with_vector=with_vector if indexed else False))
        if not indexed:
            window = _both(condition, engine.HasIdCondition({one.id for one in found}))
            found, more = shard.scroll(engine.ScrollRequest(
                limit=max(1, min(size, limit - len(answers))), filter=window,
                with_payload=with_payload, with_vector=with_vector))
            following = following if more is None else more
        answers += map(translate.record, found)
        offset = following
        yield
        if offset is None or len(answers) >= limit:
            break
    return '{"points":' + (yield from list_in_pieces(answers)) + \
        ',"next_page_offset":' + to_json(offset) + "}"


# --- digests ----------------------------------------------------------------------------------

def _of_revisions(found):
    """Ids and revisions, as src/vector/fingerprint.c writes them. A revision that is no whole
    number makes another digest than any that is expected."""
    numbers = array("q")
    for one in found:
        revision = one.payload.get("revision") if one.payload else None
        fits = type(revision) is int and -(1 << 63) <= revision < 1 << 63
        numbers.extend((one.id, revision if fits else -1))
    return numbers.tobytes()


def _of_all(found):
    """Ids, payloads and vectors, as src/vector/fingerprint.c writes them."""
    parts = []
    for one in found:
        text = _encode(one.payload or {}).encode("utf-8", "replace")
        parts += _HEAD.pack(one.id, len(text)), text, array("f", one.vector).tobytes()
    return b"".join(parts)


_HEAD = struct.Struct("=qq")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def digest(collection, first: int, last: int, condition, whole: bool):
    """How many points there are from one id to another, and a digest of what they hold. Those whose
    ids are no numbers come after all that are, and are none of them."""
    shard = collection.open_shard()
    digest_, points, offset = hashlib.sha256(), 0, first
    pace = Pace(VECTORS if whole else RECORDS, PIECE_S, least=VECTORS)
    selector = True if whole else engine.PayloadSelector.Include(["revision"])
    while offset is not None and type(offset) is int and offset <= last:
        began = time.process_time()
        size = min(pace.points, DIGEST_POINTS_MAX)
        found, offset = shard.scroll(engine.ScrollRequest(
            offset=offset, limit=size, filter=condition, with_payload=selector, with_vector=whole))
        if found and (type(found[-1].id) is not int or found[-1].id > last):
            found = [one for one in found if type(one.id) is int and one.id <= last]
        digest_.update(_of_all(found) if whole else _of_revisions(found))
        points += len(found)
        took_s = time.process_time() - began
        busy = yield
        pace.tell(size, took_s, busy is not False)
    return to_json({"points": points, "digest": digest_.hexdigest()})
