# SPDX-License-Identifier: Apache-2.0
"""Between Qdrant's JSON and the engine's objects. Everything is checked here, before anything is
written; what Qdrant knows and this does not is refused, never ignored."""
import binascii
import math
import sys
import uuid
from array import array

import qdrant_edge as engine

from .errors import ApiError, bad_json, bad_value, unsupported, wrong_input

PACKED = "base64"  # the one member of a vector that is no list of numbers
FILTER_DEPTH_MAX = 32
LIMIT_MAX = 1_000_000
GIVEN_IDS_MAX = 2500  # more of them are asked about in pieces
_numbers = {int, float}
_types = {dict: "map", list: "sequence", str: "string", int: "integer", float: "floating point",
          bool: "boolean", type(None): "null"}


def _invalid(name: str, value, expected: str) -> ApiError:
    given = _types.get(type(value), "value")
    return bad_json(f"{name}: invalid type: {given}, expected {expected}")


# --- plain values -----------------------------------------------------------------------------

def whole(members: dict, name: str, default: int, minimum: int = 0, maximum: int = LIMIT_MAX):
    value = members.get(name)
    if value is None:
        return default
    if type(value) is not int:
        raise _invalid(name, value, "an integer")
    if not minimum <= value <= maximum:
        bound = f"{minimum} or larger" if value < minimum else f"at most {maximum}"
        raise bad_value(f"{name}: value {value} invalid, must be {bound}")
    return value


def flag(members: dict, name: str, default: bool = False) -> bool:
    value = members.get(name)
    if value is None:
        return default
    if type(value) is not bool:
        raise _invalid(name, value, "a boolean")
    return value


def number(members: dict, name: str):
    value = members.get(name)
    if value is None:
        return None
    if type(value) not in _numbers or not math.isfinite(value):
        raise _invalid(name, value, "a number")
    return float(value)


def members_of(value, name: str) -> dict:
    if not isinstance(value, dict):
        raise _invalid(name, value, "a map")
    return value


def text(value, name: str) -> str:
    if not isinstance(value, str):
        raise _invalid(name, value, "a string")
    return value


def point_id(value):
    if type(value) is int and 0 <= value < 1 << 64:
        return value
    if isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            pass
    raise bad_json(f"value {value!r:.60} is not a valid point ID, "
                   "valid values are either an unsigned integer or a UUID")


def point_ids(value, name: str) -> list:
    if not isinstance(value, list):
        raise _invalid(name, value, "a sequence")
    if set(map(type, value)) == {int} and 0 <= min(value) and max(value) < 1 << 64:
        return value
    return [point_id(item) for item in value]


def is_packed(value) -> bool:
    return isinstance(value, dict) and set(value) == {PACKED}


def _unpack(value, dimension: int) -> array:
    """The float32s, little-endian, in base64: numbers take fifty times as long to read."""
    text, numbers = value[PACKED], array("f")
    if not isinstance(text, str):
        raise _invalid(f"vector.{PACKED}", text, "a string")
    try:
        numbers.frombytes(binascii.a2b_base64(text))
    except ValueError as error:
        raise bad_json(f"vector.{PACKED}: no float32 numbers in base64: {error}") from error
    if sys.byteorder == "big":
        numbers.byteswap()
    return _of_size(numbers, dimension)


def _of_size(numbers, dimension: int):
    if len(numbers) != dimension:
        raise wrong_input(f"Vector dimension error: expected dim: {dimension}, got {len(numbers)}")
    return numbers


def vector(value, dimension: int) -> array:
    if is_packed(value):
        return _finite(_unpack(value, dimension))
    if not isinstance(value, list):
        raise _invalid("vector", value, "a sequence of numbers")
    if not set(map(type, value)) <= _numbers:
        raise bad_json("vector: invalid type, expected a sequence of numbers")
    try:
        return _finite(array("f", _of_size(value, dimension)))
    except OverflowError as error:
        raise bad_json("vector: number out of range") from error


def _finite(numbers: array) -> array:
    if not math.isfinite(sum(numbers)):
        raise bad_json("vector: number out of range")
    return numbers


# --- filters ----------------------------------------------------------------------------------

def filter_of(value, depth: int = 0):
    """None for none."""
    if value is None:
        return None
    if depth > FILTER_DEPTH_MAX:
        raise bad_json("recursion limit exceeded")
    members_of(value, "filter")
    for key in value:
        if key not in _filter_keys:
            raise bad_json(f"unknown field `{key:.60}`, expected one of `should`, `min_should`, "
                           "`must`, `must_not`")
    least = value.get("min_should")
    if least is not None:
        members_of(least, "min_should")
        least = engine.MinShould(_conditions(least.get("conditions"), depth) or [],
                                 whole(least, "min_count", 0))
    return engine.Filter(must=_conditions(value.get("must"), depth),
                         should=_conditions(value.get("should"), depth),
                         must_not=_conditions(value.get("must_not"), depth), min_should=least)


_filter_keys = {"must", "should", "must_not", "min_should"}


def _conditions(value, depth: int):
    if value is None:
        return None
    if isinstance(value, dict):  # Qdrant takes one condition without its list, too
        value = [value]
    if not isinstance(value, list):
        raise _invalid("filter", value, "a sequence of conditions")
    return [_condition(item, depth + 1) for item in value]


def _condition(value, depth: int):
    if isinstance(value, dict):
        if "key" in value:
            return _field_condition(value)
        if len(value) == 1:
            (kind, argument), = value.items()
            make = _kinds.get(kind)
            if make:
                return make(argument, depth)
        if all(key in _filter_keys for key in value):
            return filter_of(value, depth)
    raise bad_json("Expected some form of condition, which can be a field condition "
                   '(like {"key": ..., "match": ... }), or one of has_id, is_empty, is_null, '
                   "has_vector, nested or a filter")


def _key(value, name: str) -> str:
    return text(members_of(value, name).get("key"), f"{name}.key")


def _nested(value, depth: int):
    members_of(value, "nested")
    inner = filter_of(members_of(value.get("filter"), "nested.filter"), depth + 1)
    return engine.NestedCondition(_key(value, "nested"), inner)


_kinds = {
    "has_id": lambda value, depth: engine.HasIdCondition(set(point_ids(value, "has_id"))),
    "is_empty": lambda value, depth: engine.IsEmptyCondition(_key(value, "is_empty")),
    "is_null": lambda value, depth: engine.IsNullCondition(_key(value, "is_null")),
    "has_vector": lambda value, depth: engine.HasVectorCondition(text(value, "has_vector")),
    "nested": _nested,
}


def _field_condition(value: dict):
    arguments = {}
    for kind, argument in value.items():
        if kind == "key" or argument is None:
            continue
        make = _field_kinds.get(kind)
        if not make:
            if kind.startswith("geo_"):
                raise unsupported(f"the condition `{kind}`")
            raise bad_json(f"unknown condition `{kind:.60}` on a field")
        arguments[kind] = make(argument)
    if not arguments:
        raise bad_json("Expected some form of condition on the field, like match or range")
    return engine.FieldCondition(_path(text(value["key"], "key")), **arguments)


def _path(key: str) -> str:
    if not key:
        raise bad_json("invalid JSON path \"\"")
    return key


def _match(value):
    members_of(value, "match")
    if len(value) != 1:
        raise bad_json("match: expected exactly one of `value`, `any`, `except`, `text`, `phrase`")
    (kind, argument), = value.items()
    if kind == "value":
        if type(argument) is bool:  # the engine's binding would take true for the number 1
            raise unsupported("match on a boolean")
        if type(argument) is int and -(1 << 63) <= argument < 1 << 63 or isinstance(argument, str):
            return engine.MatchValue(argument)
        raise _invalid("match.value", argument, "a string or an integer")
    if kind in ("any", "except"):
        if not isinstance(argument, list) or \
                len(set(map(type, argument)) | {str}) > 1 and set(map(type, argument)) != {int}:
            raise _invalid(f"match.{kind}", argument, "strings only or integers only")
        if any(type(item) is int and not -(1 << 63) <= item < 1 << 63 for item in argument):
            raise bad_json(f"match.{kind}: number out of range")
        return (engine.MatchAny if kind == "any" else engine.MatchExcept)(argument)
    make = {"text": engine.MatchText, "text_any": engine.MatchTextAny,
            "phrase": engine.MatchPhrase}.get(kind)
    if not make:
        raise bad_json(f"match: unknown kind `{kind:.60}`")
    return make(text(argument, f"match.{kind}"))


_bounds = ("gte", "gt", "lte", "lt")


def _range(value):
    members_of(value, "range")
    given = {key: bound for key, bound in value.items() if bound is not None}
    for key in given:
        if key not in _bounds:
            raise bad_json(f"range: unknown field `{key:.60}`, expected `gte`, `gt`, `lte`, `lt`")
    if given and all(isinstance(bound, str) for bound in given.values()):
        return engine.RangeDateTime(**given)  # refuses what is no time
    return engine.RangeFloat(**{key: number(given, key) for key in given})


def _values_count(value):
    members_of(value, "values_count")
    for key in value:
        if key not in _bounds:
            raise bad_json(f"values_count: unknown field `{key:.60}`")
    return engine.ValuesCount(**{key: whole(value, key, None) for key in value})


def _yes(name: str):
    return lambda value: flag({name: value}, name)


_field_kinds = {"match": _match, "range": _range, "values_count": _values_count,
                "is_empty": _yes("is_empty"), "is_null": _yes("is_null")}


def split_ids(value) -> tuple:
    """Of a filter with a `has_id` that must hold: how many ids it names, else None; these ids
    where they are many, else None; and the filter, without that condition where they are many."""
    must = value.get("must") if isinstance(value, dict) else None
    for at, condition in enumerate(must if isinstance(must, list) else ()):
        ids = condition.get("has_id") if isinstance(condition, dict) else None
        if not isinstance(ids, list) or len(condition) != 1:
            continue
        if len(ids) <= GIVEN_IDS_MAX:
            return len(ids), None, value
        return len(ids), point_ids(ids, "has_id"), {**value, "must": must[:at] + must[at + 1:]}
    return None, None, value


def keys_of(value) -> set:
    """The fields that a filter reads. It has been checked."""
    keys, left = set(), [value]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            if isinstance(value.get("key"), str):
                keys.add(value["key"])
                if "filter" not in value:  # else it is nested
                    continue
            left += (inner for name, inner in value.items() if name != "has_id")
    return keys


# --- what to return ---------------------------------------------------------------------------

def payload_selector(value, default: bool):
    if value is None:
        return default
    if type(value) is bool:
        return value
    if isinstance(value, dict) and len(value) == 1:
        (kind, keys), = value.items()
        if kind in ("include", "exclude"):
            make = engine.PayloadSelector.Include if kind == "include" \
                else engine.PayloadSelector.Exclude
            return make(_keys(keys))
    return _keys(value)


def _keys(value) -> list:
    if not isinstance(value, list) or not set(map(type, value)) <= {str}:
        raise _invalid("with_payload", value, "a boolean, or a sequence of keys")
    return value


def vector_selector(value) -> bool:
    if value is None or type(value) is bool:
        return bool(value)
    if isinstance(value, list):
        raise unsupported("a collection with named vectors")
    raise _invalid("with_vector", value, "a boolean")


def record(found) -> dict:
    answer = {"id": found.id}
    if found.payload is not None:
        answer["payload"] = found.payload
    if found.vector is not None:
        answer["vector"] = found.vector
    return answer


def scored(found) -> dict:
    answer = {"id": found.id, "version": found.version, "score": found.score}
    if found.payload is not None:
        answer["payload"] = found.payload
    if found.vector is not None:
        answer["vector"] = found.vector
    return answer


# --- searches ---------------------------------------------------------------------------------

def search_params(value):
    if value is None:
        return None
    members_of(value, "params")
    if value.get("quantization") is not None or value.get("acorn") is not None:
        raise unsupported("quantization or acorn in params")
    return engine.SearchParams(hnsw_ef=whole(value, "hnsw_ef", None), exact=flag(value, "exact"),
                               indexed_only=flag(value, "indexed_only"))


class Search:
    """A request of points/query, checked, ready to run."""

    def __init__(self, members: dict, dimension: int, before=None):
        """`before` is another search of the same batch, which often has the same vector."""
        for name in ("prefetch", "lookup_from", "using"):
            if members.get(name):
                raise unsupported(f"`{name}`")
        query = members.get("query")
        if isinstance(query, dict):
            if set(query) != {"nearest"}:
                raise unsupported("a query other than `nearest`")
            query = query["nearest"]
        self.like = None  # the id of the point to search near to
        self.points = 0  # that a scan looks at, as far as it was asked
        self.raw, self.nearest = query, None
        if isinstance(query, list) or is_packed(query):
            if before is not None and query == before.raw:
                self.nearest = before.nearest
            else:
                self.nearest = engine.Query.Nearest(vector(query, dimension))
        elif query is not None:
            self.like = point_id(query)
        self.limit = whole(members, "limit", 10, 1)
        self.offset = whole(members, "offset", 0)
        self.last = self.offset + self.limit
        self.score_threshold = number(members, "score_threshold")
        self.with_payload = payload_selector(members.get("with_payload"), False)
        self.with_vector = vector_selector(members.get("with_vector"))
        self.wants_records = self.with_payload is not False or self.with_vector
        self.named, self.ids, rest = None, None, members.get("filter")
        if query is not None:
            self.named, self.ids, rest = split_ids(rest)
        self.filter = filter_of(rest)
        self.keys = keys_of(rest)
        self.params = search_params(members.get("params"))
        self.exact = query is not None and self.params is not None and self.params.exact
        self.exactly = engine.SearchParams(
            exact=True, indexed_only=self.params is not None and self.params.indexed_only)

    def near_to(self, numbers) -> None:
        """Fills in the vector of the point `like`, which is no result itself."""
        self.nearest = engine.Query.Nearest(numbers)
        self.filter = engine.Filter(
            must=[self.filter] if self.filter else None,
            must_not=[engine.HasIdCondition({self.like})])

    def request(self, **other):
        arguments = dict(
            limit=self.limit, offset=self.offset, query=self.nearest, filter=self.filter,
            params=self.params, score_threshold=self.score_threshold,
            with_payload=self.with_payload, with_vector=self.with_vector)
        arguments.update(other)
        return engine.QueryRequest(**arguments)


# --- schema -----------------------------------------------------------------------------------

_schema_types = {name.lower(): (getattr(engine.PayloadSchemaType, name),
                                getattr(engine, f"{name}IndexParams"))
                 for name in ("Keyword", "Integer", "Float", "Geo", "Text", "Bool", "Datetime",
                              "Uuid")}
_schema_names = {kind: name for name, (kind, _) in _schema_types.items()}
_params_shown = ("is_tenant", "lookup", "range", "is_principal", "on_disk", "enable_hnsw")


# Payload indexes are mapped, unless a request says otherwise: else the engine reads each into its
# heap when it loads a shard, and nobody is answered meanwhile.
_ON_DISK = {"on_disk": True}


def field_schema(value):
    if isinstance(value, str) and value in _schema_types:
        return _schema_types[value][1](**_ON_DISK)
    if isinstance(value, dict) and value.get("type") in _schema_types:
        arguments = {key: argument for key, argument in value.items()
                     if key != "type" and argument is not None}
        if not set(arguments) <= set(_params_shown):
            raise unsupported("the field_schema")
        return _schema_types[value["type"]][1](
            **{**_ON_DISK, **{key: flag(arguments, key) for key in arguments}})
    raise bad_json("field_schema: expected one of " +
                   ", ".join(f"`{name}`" for name in _schema_types))


def schema_json(info) -> dict:
    answer = {"data_type": _schema_names[info.data_type], "points": info.points}
    if info.params is not None:
        params = {key: getattr(info.params, key, None) for key in _params_shown}
        params = {key: value for key, value in params.items()
                  if value is not None and (key, value) not in _ON_DISK.items()}
        if params:
            answer["params"] = {"type": answer["data_type"], **params}
    return answer
