# SPDX-License-Identifier: Apache-2.0
"""JSON in and out.

The interpreter runs one thread at a time, and the C parser does not let go of it: 1,000 points
in one json.loads would make every search wait 60 ms. So arrays of points are parsed element by
element: another thread may run in between. What the loop itself works on, the bodies of long reads
and their answers, is parsed and written by generators, which yield so that it can do something
else (see long_reads.py).
"""
import json
import re
import time
import uuid

from .errors import bad_json

ANSWER_BYTES_MAX = 256 << 20
PIECE_S = 0.0005  # of work between two yields
PIECE_CHARACTERS = 8192


def _refuse_constant(name):
    raise ValueError(f"{name} is not a JSON number")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_scan = _decoder.scan_once
_space = re.compile(r"[ \t\n\r]*").match
_failures = (ValueError, RecursionError)  # JSONDecodeError and UnicodeDecodeError are ValueErrors


def _encode_other(value):
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} in an answer")


to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False,
                           default=_encode_other).encode


def list_to_json(items) -> str:
    """A long list, in pieces."""
    pieces, size = [], 0
    for item in items:
        piece = to_json(item)
        size += len(piece)
        if size > ANSWER_BYTES_MAX:
            raise bad_json(f"the answer is longer than {ANSWER_BYTES_MAX} bytes, ask for less")
        pieces.append(piece)
    return "[" + ",".join(pieces) + "]"


def list_in_pieces(items):
    """The same as a generator, which returns the text."""
    pieces, size, until = [], 0, time.perf_counter() + PIECE_S
    for item in items:
        piece = to_json(item)
        size += len(piece)
        if size > ANSWER_BYTES_MAX:
            raise bad_json(f"the answer is longer than {ANSWER_BYTES_MAX} bytes, ask for less")
        pieces.append(piece)
        if time.perf_counter() > until:
            yield
            until = time.perf_counter() + PIECE_S
    return "[" + ",".join(pieces) + "]"


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "recursion limit exceeded"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"invalid unicode code point at byte {error.start}"
    return str(error)


def parse_object(raw) -> dict:
    try:
        value = _decoder.decode(str(raw, "utf-8"))
    except _failures as error:
        raise bad_json(_reason(error)) from None
    if not isinstance(value, dict):
        raise bad_json("invalid type, expected an object")
    return value


def parse_object_with_list(raw, member: str, convert) -> dict:
    """The same, but elements of the array `member` go through convert(element) one by one, so
    that their parsed form, six times as large, is never there for all of them at once."""
    try:
        text = str(raw, "utf-8")
        return _parse_members(text, member, convert)
    except StopIteration as stop:
        error = json.JSONDecodeError("Expecting value", text, stop.value)
        raise bad_json(_reason(error)) from None
    except _failures as error:
        raise bad_json(_reason(error)) from None


def _value(text: str, at: int):
    return _scan(text, _space(text, at).end())


def _expect(text: str, at: int, allowed: str) -> int:
    at = _space(text, at).end()
    if text[at:at + 1] not in allowed or at >= len(text):
        raise json.JSONDecodeError(f"Expecting {' or '.join(allowed)}", text, at)
    return at


def _parse_members(text: str, member: str, convert) -> dict:
    members = {}
    at = _expect(text, 0, "{") + 1
    if text[_expect(text, at, '"}')] == "}":
        at = _expect(text, at, "}")
    else:
        while True:
            key, at = _scan(text, _expect(text, at, '"'))
            at = _space(text, _expect(text, at, ":") + 1).end()
            if key == member and text[at:at + 1] == "[":
                members[key], at = _parse_list(text, at, convert)
            else:
                members[key], at = _scan(text, at)
            at = _expect(text, at, ",}")
            if text[at] == "}":
                break
            at += 1
    if _space(text, at + 1).end() != len(text):
        raise json.JSONDecodeError("trailing characters", text, at + 1)
    return members


def _parse_list(text: str, at: int, convert):
    items = []
    at = _space(text, at + 1).end()
    if text[at:at + 1] == "]":
        return items, at + 1
    while True:
        item, at = _value(text, at)
        items.append(convert(item))
        at = _expect(text, at, ",]")
        if text[at] == "]":
            return items, at + 1
        at += 1


# --- in pieces --------------------------------------------------------------------------------

# Numbers, literals and what is between them.
_plain = re.compile(r'[^\[\]{}"]*').match


def object_in_pieces(raw):
    """parse_object as a generator."""
    try:
        text = str(raw, "utf-8")
        value, at = yield from _value_in_pieces(text, _space(text, 0).end())
        if _space(text, at).end() != len(text):
            raise json.JSONDecodeError("trailing characters", text, at)
    except _failures as error:
        raise bad_json(_reason(error)) from None
    if not isinstance(value, dict):
        raise bad_json("invalid type, expected an object")
    return value


def _scan_or_fail(text: str, at: int):
    try:
        return _scan(text, at)
    except StopIteration:  # would end the generator
        raise json.JSONDecodeError("Expecting value", text, at) from None


def _value_in_pieces(text: str, at: int):
    if text[at:at + 1] == "{":
        return (yield from _object_in_pieces(text, at))
    if text[at:at + 1] == "[":
        return (yield from _list_in_pieces(text, at))
    return _scan_or_fail(text, at)


def _object_in_pieces(text: str, at: int):
    members = {}
    at = _expect(text, at + 1, '"}')
    if text[at] == "}":
        return members, at + 1
    while True:
        key, at = _scan_or_fail(text, _expect(text, at, '"'))
        at = _space(text, _expect(text, at, ":") + 1).end()
        members[key], at = yield from _value_in_pieces(text, at)
        at = _expect(text, at, ",}")
        if text[at] == "}":
            return members, at + 1
        at += 1


def _list_in_pieces(text: str, at: int):
    items, until = [], time.perf_counter() + PIECE_S
    at = _space(text, at + 1).end()
    if text[at:at + 1] == "]":
        return items, at + 1
    while True:
        # Many numbers at a time, up to a comma.
        end = _plain(text, at, at + PIECE_CHARACTERS).end()
        if text[end:end + 1] != "]":
            end = text.rfind(",", at, end)
        if end > at:
            some, _ = _scan_or_fail("[" + text[at:end] + "]", 0)
            if not some:
                raise json.JSONDecodeError("Expecting value", text, at)
            items += some
            at = end
        else:
            item, at = yield from _value_in_pieces(text, _space(text, at).end())
            items.append(item)
        at = _expect(text, at, ",]")
        if text[at] == "]":
            return items, at + 1
        at += 1
        if time.perf_counter() > until:
            yield
            until = time.perf_counter() + PIECE_S
