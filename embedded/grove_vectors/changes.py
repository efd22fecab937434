# SPDX-License-Identifier: Apache-2.0
"""Requests that change points or payload indexes, as operations of the engine.

A change is a kind and the body of its request, nothing else: the same function makes operations
of it when the request comes in and when the journal of a rebuild is replayed.
"""
import qdrant_edge as engine

from . import translate
from .body import parse_object, parse_object_with_list
from .errors import bad_json, unsupported, wrong_input

UPSERT, DELETE, BATCH, CREATE_INDEX, DELETE_INDEX = range(1, 6)

# Where each point's content_id is its id, long reads are asked for by ranges of it. (Ranges are
# given as floating point numbers, which tell whole numbers apart up to here.)
ID_FIELD, NUMBER_MAX = "content_id", 1 << 53

# The engine keeps the interpreter for the whole of an update, so updates are made in pieces: 64
# points take about a millisecond.
POINTS_PER_OPERATION = 64

_modes = {None: None, "upsert": engine.UpdateMode.Upsert,
          "insert_only": engine.UpdateMode.InsertOnly, "update_only": engine.UpdateMode.UpdateOnly}


class Step:
    """One operation; `touched` points are new to the index after it, `removed` gone from it
    (None: nobody knows before)."""
    __slots__ = ("operation", "touched", "removed")

    def __init__(self, operation, touched: int = 0, removed=0):
        self.operation = operation
        self.touched = touched
        self.removed = removed


class Reader:
    """Makes points; `numbered` while each had its id as its content_id, too."""

    def __init__(self, dimension: int):
        self._dimension = dimension
        self.numbered = True

    def point(self, value):
        point = _point(value, self._dimension)
        self.numbered = self.numbered and is_numbered(value["id"], value.get("payload"))
        return point


def is_numbered(number, payload) -> bool:
    named = payload.get(ID_FIELD) if payload else None
    return type(named) is int and type(number) is int and named == number <= NUMBER_MAX


def steps_of(kind: int, body, dimension: int) -> tuple:
    """Lists of steps: one list for each operation that the client named. And whether each point
    that they write is numbered."""
    reader = Reader(dimension)
    return _steps_of(kind, body, reader), reader.numbered


def _steps_of(kind: int, body, reader: Reader) -> list:
    if kind == UPSERT:
        return [_upsert(parse_object_with_list(body, "points", reader.point), reader)]
    if kind == DELETE:
        return [_delete(parse_object(body))]
    if kind == BATCH:
        return _batch(body, reader)
    if kind == CREATE_INDEX:
        members = parse_object(body)
        name = translate.text(members.get("field_name"), "field_name")
        schema = translate.field_schema(members.get("field_schema"))
        return [[Step(engine.UpdateOperation.create_field_index(name, schema))]]
    if kind == DELETE_INDEX:
        return [[Step(engine.UpdateOperation.delete_field_index(str(body, "utf-8")))]]
    raise ValueError(f"change of kind {kind}")


def _point(value, dimension: int):
    translate.members_of(value, "points")
    for name in ("id", "vector"):
        if name not in value:
            raise bad_json(f"missing field `{name}`")
    numbers = value["vector"]
    if isinstance(numbers, dict) and not translate.is_packed(numbers):
        if set(numbers) != {""}:
            raise wrong_input("Not existing vector name error: "
                              f"{next((name for name in numbers if name), ''):.60}")
        numbers = numbers[""]
    payload = value.get("payload")
    if payload is not None:
        translate.members_of(payload, "payload")
    return engine.Point(translate.point_id(value["id"]), translate.vector(numbers, dimension),
                        payload)


def _columns(value, reader: Reader) -> list:
    """Points in the form of columns."""
    translate.members_of(value, "batch")
    ids, vectors, payloads = (value.get(name) for name in ("ids", "vectors", "payloads"))
    if isinstance(vectors, dict):
        raise unsupported("a collection with named vectors")
    if not isinstance(ids, list) or not isinstance(vectors, list) or \
            not isinstance(payloads, (list, type(None))):
        raise bad_json("batch: expected sequences of ids, vectors and payloads")
    if payloads is None:
        payloads = [None] * len(ids)
    if not len(ids) == len(vectors) == len(payloads):
        raise bad_json("batch: number of ids, vectors and payloads must be equal")
    return [reader.point({"id": ids[i], "vector": vectors[i], "payload": payloads[i]})
            for i in range(len(ids))]


def _upsert(members: dict, reader: Reader) -> list:
    if "batch" in members:
        points = _columns(members["batch"], reader)
    else:
        points = members.get("points")
        if not isinstance(points, list):
            raise bad_json("missing field `points`")
    mode = members.get("update_mode")
    if not isinstance(mode, (str, type(None))) or mode not in _modes:
        raise bad_json("unknown variant of update_mode, expected one of `upsert`, `insert_only`, "
                       "`update_only`")
    condition = Condition(members.get("update_filter"))
    steps = []
    for start in range(0, len(points), POINTS_PER_OPERATION):
        some = points[start:start + POINTS_PER_OPERATION]
        steps.append(Step(engine.UpdateOperation.upsert_points(
            some, condition.for_points(some), _modes[mode]), touched=len(some)))
    return steps


class Condition:
    """An update_filter, for some points at a time.

    A `should` whose every part names the ids it is for is how a batch gives each of its points a
    condition of its own. Of such a one only the parts for the points at hand are used: else the
    work would grow with the square of the batch."""

    def __init__(self, value):
        self._whole = None
        self._parts = None  # by id
        only_should = isinstance(value, dict) and set(value) == {"should"}
        parts = value["should"] if only_should else None
        named = [_ids_named(part) for part in parts] if isinstance(parts, list) else [None]
        if not named or None in named:
            self._whole = translate.filter_of(value)
            return
        self._parts = {}
        for part, ids in zip(parts, named):
            translated = translate.filter_of(part)
            for one in ids:
                self._parts.setdefault(one, []).append(translated)

    def for_points(self, points):
        if self._parts is None:
            return self._whole
        parts = [part for point in points for part in self._parts.get(point.id, ())]
        # A `should` without parts would hold for everything.
        return engine.Filter(should=parts or [engine.HasIdCondition(set())])


def _ids_named(part):
    """The ids outside of which `part` cannot hold; None when that cannot be told."""
    must = part.get("must") if isinstance(part, dict) else None
    for condition in must if isinstance(must, list) else ():
        if isinstance(condition, dict) and set(condition) == {"has_id"}:
            return translate.point_ids(condition["has_id"], "has_id")
    return None


def _delete(members: dict) -> list:
    if members.get("points") is not None:
        ids = translate.point_ids(members["points"], "points")
        return [Step(engine.UpdateOperation.delete_points(ids), removed=len(ids))]
    if members.get("filter") is None:
        raise bad_json("data did not match any variant of untagged enum PointsSelector: "
                       "expected `points` or `filter`")
    condition = translate.filter_of(members["filter"])
    return [Step(engine.UpdateOperation.delete_points_by_filter(condition), removed=None)]


def _batch(body, reader: Reader) -> list:
    def convert(value) -> list:
        if not isinstance(value, dict) or len(value) != 1:
            raise bad_json("operations: expected maps of one operation each")
        (kind, members), = value.items()
        translate.members_of(members, f"operations.{kind:.60}")
        if kind == "upsert":
            points = members.get("points")
            if isinstance(points, list):
                members["points"] = [reader.point(point) for point in points]
            return _upsert(members, reader)
        if kind == "delete":
            return _delete(members)
        raise unsupported(f"the operation `{kind:.60}` in a batch")

    operations = parse_object_with_list(body, "operations", convert).get("operations")
    if not isinstance(operations, list):
        raise bad_json("missing field `operations`")
    return operations
