# SPDX-License-Identifier: Apache-2.0
"""The routes: what each request does, and in which lane it runs.

INLINE in the loop itself: short reads. WRITE in the thread of the writes, one after another.
BULK in a thread for reads that take longer; short reads move there when they turn out long.
"""
import urllib.parse

from . import changes, translate
from .body import list_to_json, parse_object, to_json
from .errors import ApiError, bad_json, of_engine, unsupported

INLINE, WRITE, BULK = range(3)
INLINE_BODY_MAX = 64 << 10
INLINE_ITEMS_MAX = 200
TITLE = "qdrant - vector search engine"


class Later(Exception):
    """Raised by an inline read that is long after all: run `work` in the bulk lane."""

    def __init__(self, work):
        super().__init__()
        self.work = work


class Plain(str):
    """An answer that is no JSON."""


class Request:
    __slots__ = ("method", "segments", "query", "body", "catalogue", "version")

    def __init__(self, method: str, target: str, body, catalogue, version: str):
        path, _, query = target.partition("?")
        self.method = method
        self.segments = [urllib.parse.unquote(part) if "%" in part else part
                         for part in path.split("/") if part]
        self.query = query
        self.body = body
        self.catalogue = catalogue
        self.version = version

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

def _or_later(heavy: bool, work):
    if heavy:
        raise Later(work)
    return work()


def query(request: Request):
    collection = request.collection
    search = translate.Search(parse_object(request.body), _dimension(collection))
    return _or_later(search.heavy, lambda: _points(collection, search))


def _dimension(collection) -> int:
    collection.open_shard()
    return collection.dimension


def _points(collection, search) -> str:
    found = collection.query(search)
    return '{"points":' + list_to_json(map(translate.scored, found)) + \
        ',"graph":' + to_json(collection.graph) + "}"


def query_batch(request: Request):
    collection = request.collection
    dimension = _dimension(collection)
    searches = parse_object(request.body).get("searches")
    if not isinstance(searches, list):
        raise bad_json("missing field `searches`")
    searches = [translate.Search(translate.members_of(members, "searches"), dimension)
                for members in searches]
    return "[" + ",".join(_points(collection, search) for search in searches) + "]"


def count(request: Request):
    members = parse_object(request.body) if request.body else {}
    exact = translate.flag(members, "exact", True)
    return {"count": request.collection.count(translate.filter_of(members.get("filter")), exact)}


def retrieve(request: Request):
    collection = request.collection
    members = parse_object(request.body)
    ids = translate.point_ids(members.get("ids"), "ids")
    payload = translate.payload_selector(members.get("with_payload"), True)
    vector = translate.vector_selector(members.get("with_vector"))
    return _or_later(len(ids) > INLINE_ITEMS_MAX or vector and len(ids) > 10, lambda: list_to_json(
        map(translate.record, collection.retrieve(ids, payload, vector))))


def get_point(request: Request):
    name = request.segments[3]
    found = request.collection.retrieve(
        [translate.point_id(int(name) if name.isdecimal() else name)], True, True)
    if not found:
        raise ApiError(404, f"Not found: Point with id {name} does not exists!")
    return translate.record(found[0])


def scroll(request: Request):
    collection = request.collection
    members = parse_object(request.body)
    if members.get("order_by") is not None:
        raise unsupported("`order_by`")
    offset = members.get("offset")
    limit = translate.whole(members, "limit", 10, 1)
    arguments = dict(
        offset=None if offset is None else translate.point_id(offset), limit=limit,
        filter=translate.filter_of(members.get("filter")),
        with_payload=translate.payload_selector(members.get("with_payload"), True),
        with_vector=translate.vector_selector(members.get("with_vector")))

    def work() -> str:
        found, following = collection.scroll(**arguments)
        return '{"points":' + list_to_json(map(translate.record, found)) + \
            ',"next_page_offset":' + to_json(following) + "}"
    return _or_later(limit > INLINE_ITEMS_MAX or arguments["with_vector"], work)


# --- the table --------------------------------------------------------------------------------

# {} stands for one segment of the path.
ROUTES = {
    "/": {"GET": (INLINE, root)},
    "/healthz": {"GET": (INLINE, healthz)},
    "/livez": {"GET": (INLINE, healthz)},
    "/readyz": {"GET": (INLINE, readyz)},
    "/collections": {"GET": (INLINE, list_collections)},
    "/collections/{}": {"GET": (INLINE, collection_info), "PUT": (WRITE, create_collection),
                        "DELETE": (WRITE, delete_collection)},
    "/collections/{}/exists": {"GET": (INLINE, collection_exists)},
    "/collections/{}/index": {"PUT": (WRITE, _change(changes.CREATE_INDEX))},
    "/collections/{}/index/{}": {"DELETE": (WRITE, delete_index)},
    "/collections/{}/points": {"PUT": (WRITE, _change(changes.UPSERT)),
                               "POST": (INLINE, retrieve)},
    "/collections/{}/points/{}": {"GET": (INLINE, get_point)},
    "/collections/{}/points/delete": {"POST": (WRITE, _change(changes.DELETE))},
    "/collections/{}/points/batch": {"POST": (WRITE, _change(changes.BATCH))},
    "/collections/{}/points/query": {"POST": (INLINE, query)},
    "/collections/{}/points/query/batch": {"POST": (BULK, query_batch)},
    "/collections/{}/points/count": {"POST": (INLINE, count)},
    "/collections/{}/points/scroll": {"POST": (INLINE, scroll)},
}


def find(request: Request):
    """The lane and the handler of a request."""
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
    lane, handler = methods[request.method]
    if lane == INLINE and len(request.body) > INLINE_BODY_MAX:
        lane = BULK
    return lane, handler


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
