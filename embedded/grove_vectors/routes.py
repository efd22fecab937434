# SPDX-License-Identifier: Apache-2.0
"""The routes: what each request does, and where it is worked on.

READ in the loop itself: short ones at once; one that turns out long raises Later, and is worked on
in pieces (long_reads.py). WRITE in the thread of the writes, one after another.
"""
import time
import urllib.parse

from . import changes, long_reads, translate
from .body import list_to_json, object_in_pieces, parse_object, to_json
from .errors import ApiError, bad_json, of_engine, unsupported

READ, WRITE = range(2)
SHORT_BODY_MAX = 64 << 10
# Of a batch: more searches or more hits than these are long.
SEARCHES_MAX, HITS_MAX = 8, 400
ID_MAX = (1 << 64) - 1
TITLE = "qdrant - vector search engine"


class Later(Exception):
    """Raised by a read that is long: `work` is a generator that yields between its pieces and
    returns the result."""

    def __init__(self, work):
        super().__init__()
        self.work = work


def _read_later(handler, request):
    """Of a request with a long body."""
    request.members = yield from object_in_pieces(request.body)
    try:
        return handler(request)
    except Later as later:
        return (yield from later.work)


class Plain(str):
    """An answer that is no JSON."""


class Request:
    __slots__ = ("method", "segments", "query", "body", "catalogue", "version", "members")

    def __init__(self, method: str, target: str, body, catalogue, version: str):
        path, _, query = target.partition("?")
        self.method = method
        self.segments = [urllib.parse.unquote(part) if "%" in part else part
                         for part in path.split("/") if part]
        self.query = query
        self.body = body
        self.catalogue = catalogue
        self.version = version
        self.members = None  # of the body, where it has been parsed

    def read_members(self) -> dict:
        return parse_object(self.body) if self.members is None else self.members

    @property
    def collection(self):
        return self.catalogue.get(self.segments[1])

    def flag(self, name: str) -> bool:
        value = dict(urllib.parse.parse_qsl(self.query)).get(name, "false")
        if value not in ("true", "false"):
            raise ApiError(400, f"Format error in query parameters: {name}: "
                                "provided string was not `true` or `false`")
        return value == "true"


# --- service ----------------------------------------------------------------------------------

def root(request: Request):
    return Plain(to_json({"title": TITLE, "version": request.version}))


def healthz(request: Request):
    return Plain("healthz check passed")


def readyz(request: Request):
    return Plain("all shards are ready")


# --- collections ------------------------------------------------------------------------------

def list_collections(request: Request):
    return {"collections": [{"name": name} for name in request.catalogue.names()]}


def collection_info(request: Request):
    return request.collection.info()


def collection_exists(request: Request):
    return {"exists": request.catalogue.has(request.segments[1])}


def create_collection(request: Request):
    return request.catalogue.create(request.segments[1], parse_object(request.body))


def delete_collection(request: Request):
    return request.catalogue.delete(request.segments[1])


# --- changes ----------------------------------------------------------------------------------

def _change(kind: int):
    def handler(request: Request):
        answers = request.collection.change(kind, request.body, request.flag("wait"))
        return answers if kind == changes.BATCH else answers[0]
    return handler


def delete_index(request: Request):
    return request.collection.change(changes.DELETE_INDEX, request.segments[3].encode(),
                                     request.flag("wait"))[0]


# --- reads ------------------------------------------------------------------------------------

def _search(collection, members: dict, before=None):
    search = translate.Search(members, collection.dimension, before)
    if search.like is not None:
        found = collection.retrieve([search.like], False, True)
        if not found:
            raise ApiError(404, f"Not found: No point with id {search.like} found")
        search.near_to(found[0].vector)
    if not search.exact:
        collection.schedule.note_search(time.monotonic())
    return search


def _points(collection, search) -> str:
    began = time.perf_counter()
    found = collection.query(search.request())
    long_reads.scans.note(search, time.perf_counter() - began)
    return '{"points":' + list_to_json(map(translate.scored, found)) + \
        ',"graph":' + to_json(collection.graph) + "}"


def query(request: Request):
    collection = request.collection
    shard = collection.open_shard()
    search = _search(collection, request.read_members())
    if long_reads.is_long(shard, search):
        raise Later(long_reads.query_json(collection, search))
    return _points(collection, search)


def query_batch(request: Request):
    collection = request.collection
    shard = collection.open_shard()
    given = request.read_members().get("searches")
    if not isinstance(given, list):
        raise bad_json("missing field `searches`")
    searches = []
    for members in given:
        searches.append(_search(collection, translate.members_of(members, "searches"),
                                searches[-1] if searches else None))
    if len(searches) > SEARCHES_MAX or sum(search.last for search in searches) > HITS_MAX or \
            any(long_reads.is_long(shard, search) for search in searches):
        raise Later(_batch_in_pieces(collection, searches))
    return "[" + ",".join(_points(collection, search) for search in searches) + "]"


def _batch_in_pieces(collection, searches):
    answers = []
    for search in searches:
        answers.append((yield from long_reads.query_json(collection, search)))
        yield
    return "[" + ",".join(answers) + "]"


def count(request: Request):
    collection = request.collection
    shard = collection.open_shard()
    members = request.read_members() if request.body else {}
    exact = translate.flag(members, "exact", True)
    condition = translate.filter_of(members.get("filter"))
    keys = translate.keys_of(members.get("filter"))
    if exact and long_reads.count_is_long(shard, condition, keys):
        raise Later(long_reads.count(collection, condition, keys))
    return {"count": collection.count(condition, exact)}


def retrieve(request: Request):
    collection = request.collection
    members = request.read_members()
    ids = translate.point_ids(members.get("ids"), "ids")
    payload = translate.payload_selector(members.get("with_payload"), True)
    vector = translate.vector_selector(members.get("with_vector"))
    if len(ids) > (long_reads.VECTORS if vector else long_reads.RECORDS):
        raise Later(long_reads.retrieve_json(collection, ids, payload, vector))
    return list_to_json(map(translate.record, collection.retrieve(ids, payload, vector)))


def get_point(request: Request):
    name = request.segments[3]
    found = request.collection.retrieve(
        [translate.point_id(int(name) if name.isdecimal() else name)], True, True)
    if not found:
        raise ApiError(404, f"Not found: Point with id {name} does not exists!")
    return translate.record(found[0])


def scroll(request: Request):
    collection = request.collection
    shard = collection.open_shard()
    members = request.read_members()
    if members.get("order_by") is not None:
        raise unsupported("`order_by`")
    offset = members.get("offset")
    arguments = dict(
        offset=None if offset is None else translate.point_id(offset),
        limit=translate.whole(members, "limit", 10, 1),
        with_payload=translate.payload_selector(members.get("with_payload"), True),
        with_vector=translate.vector_selector(members.get("with_vector")))
    condition = translate.filter_of(members.get("filter"))
    keys = translate.keys_of(members.get("filter"))
    short = long_reads.VECTORS if arguments["with_vector"] else long_reads.RECORDS
    if arguments["limit"] > short or not long_reads.is_indexed(shard, keys):
        raise Later(long_reads.scroll_json(collection, condition=condition, keys=keys, **arguments))
    found, following = collection.scroll(filter=condition, **arguments)
    return '{"points":' + list_to_json(map(translate.record, found)) + \
        ',"next_page_offset":' + to_json(following) + "}"


def digest(request: Request):
    members = request.read_members()
    for name in members:
        if name not in ("first", "last", "whole", "filter"):
            raise bad_json(f"unknown field `{name:.60}`")
    request.collection.open_shard()
    raise Later(long_reads.digest(
        request.collection, translate.whole(members, "first", 0, 0, ID_MAX),
        translate.whole(members, "last", 0, 0, ID_MAX), translate.filter_of(members.get("filter")),
        translate.flag(members, "whole")))


# --- the table --------------------------------------------------------------------------------

# {} stands for one segment of the path.
ROUTES = {
    "/": {"GET": (READ, root)},
    "/healthz": {"GET": (READ, healthz)},
    "/livez": {"GET": (READ, healthz)},
    "/readyz": {"GET": (READ, readyz)},
    "/collections": {"GET": (READ, list_collections)},
    "/collections/{}": {"GET": (READ, collection_info), "PUT": (WRITE, create_collection),
                        "DELETE": (WRITE, delete_collection)},
    "/collections/{}/exists": {"GET": (READ, collection_exists)},
    "/collections/{}/index": {"PUT": (WRITE, _change(changes.CREATE_INDEX))},
    "/collections/{}/index/{}": {"DELETE": (WRITE, delete_index)},
    "/collections/{}/points": {"PUT": (WRITE, _change(changes.UPSERT)),
                               "POST": (READ, retrieve)},
    "/collections/{}/points/{}": {"GET": (READ, get_point)},
    "/collections/{}/points/delete": {"POST": (WRITE, _change(changes.DELETE))},
    "/collections/{}/points/batch": {"POST": (WRITE, _change(changes.BATCH))},
    "/collections/{}/points/query": {"POST": (READ, query)},
    "/collections/{}/points/query/batch": {"POST": (READ, query_batch)},
    "/collections/{}/points/count": {"POST": (READ, count)},
    "/collections/{}/points/scroll": {"POST": (READ, scroll)},
    "/collections/{}/points/digest": {"POST": (READ, digest)},
}


def find(request: Request):
    """What kind of request it is, and its handler."""
    segments = request.segments
    shape = "/" + "/".join(segments)
    if len(segments) > 1 and segments[0] == "collections":
        shape = "/collections/{}" + "".join("/" + part for part in segments[2:])
    methods = ROUTES.get(shape)
    if methods is None and len(segments) == 4:
        methods = ROUTES.get(f"/collections/{{}}/{segments[2]}/{{}}") \
            if segments[0] == "collections" else None
    if methods is None:
        raise ApiError(404, "Not found: no such route")
    if request.method not in methods:
        raise ApiError(405, f"Method not allowed, expected {' or '.join(methods)}")
    return methods[request.method]


def read(handler, request: Request):
    """The result of a short read; raises Later for a long one."""
    if len(request.body) > SHORT_BODY_MAX:
        raise Later(_read_later(handler, request))
    return handler(request)


def answer(work, seconds) -> tuple:
    """Runs a handler and returns status, content type and body; `seconds` tells the time used.
    Only Later comes out of it."""
    try:
        result = work()
        if isinstance(result, Plain):
            kind = "application/json" if result.startswith("{") else "text/plain"
            return 200, kind, result.encode()
        if not isinstance(result, str):
            result = to_json(result)
        text = f'{{"result":{result},"status":"ok","time":{seconds():.9f}}}'
        return 200, "application/json", text.encode()
    except Later:
        raise
    except ApiError as error:
        failure = error
    except RecursionError:
        failure = bad_json("recursion limit exceeded")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # panics of the engine are no Exception
        failure = of_engine(error)
    return failure_answer(failure, seconds())


def failure_answer(failure: ApiError, seconds: float) -> tuple:
    text = f'{{"status":{to_json({"error": failure.message})},"time":{seconds:.9f}}}'
    return failure.status, "application/json", text.encode("utf-8", "replace")
