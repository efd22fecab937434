# SPDX-License-Identifier: Apache-2.0
"""libgrove by ctypes: where it is, and the few of its functions that a binding needs.

Calls through it hold no lock of Python's.
"""

from __future__ import annotations

import ctypes
import functools
import glob
import os
import shutil

from ._error import GroveError

SONAME = "libgrove.so.0"


class LibraryNotFound(OSError):
    """There is no libgrove that could be loaded; the message tells where it was looked for."""


class CError(ctypes.Structure):
    """struct grove_error"""

    _fields_ = [("code", ctypes.c_int), ("retry", ctypes.c_int), ("origin", ctypes.c_int),
                ("http_status", ctypes.c_int), ("sqlstate", ctypes.c_char * 6),
                ("message", ctypes.c_char * 512), ("detail", ctypes.c_char * 512),
                ("hint", ctypes.c_char * 512), ("context", ctypes.c_char * 512)]


class CCodeInfo(ctypes.Structure):
    """struct grove_code_info"""

    _fields_ = [("code", ctypes.c_int), ("name", ctypes.c_char_p), ("exit_status", ctypes.c_int),
                ("http_status", ctypes.c_int), ("summary", ctypes.c_char_p)]


class CLimits(ctypes.Structure):
    """struct grove_limits"""

    _fields_ = [("timeout_ms", ctypes.c_uint), ("token", ctypes.c_void_p)]


class COptions(ctypes.Structure):
    """struct grove_options. A newer library, which knows more members, goes by size_bytes."""

    _fields_ = [("size_bytes", ctypes.c_size_t), ("home", ctypes.c_char_p),
                ("database_url", ctypes.c_char_p), ("qdrant_url", ctypes.c_char_p),
                ("qdrant_api_key", ctypes.c_char_p), ("collection", ctypes.c_char_p),
                ("model_folder", ctypes.c_char_p), ("threads", ctypes.c_uint),
                ("connections_max", ctypes.c_uint), ("embed_precision", ctypes.c_int),
                ("no_query_cache", ctypes.c_bool), ("background_sync", ctypes.c_bool),
                ("no_projector", ctypes.c_bool), ("command", ctypes.c_char_p),
                ("home_use", ctypes.c_int), ("limits", CLimits), ("total_ms", ctypes.c_uint)]


HOME_MAKE, HOME_FIND = 0, 1
PRECISIONS = {"f32": 1, "reduced": 2}
RETRY_LATER = 1

ERROR = ctypes.POINTER(CError)
# name: what it returns, what it takes
FUNCTIONS = {
    "grove_open": (ctypes.c_int, (ctypes.POINTER(COptions), ctypes.POINTER(ctypes.c_void_p),
                                  ERROR)),
    "grove_close": (None, (ctypes.c_void_p,)),
    "grove_call_within": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p,
                                         ctypes.POINTER(CLimits), ctypes.POINTER(ctypes.c_void_p),
                                         ERROR)),
    "grove_free": (None, (ctypes.c_void_p,)),
    "grove_token_new": (ctypes.c_void_p, ()),
    "grove_token_cancel": (None, (ctypes.c_void_p,)),
    "grove_token_free": (None, (ctypes.c_void_p,)),
    "grove_code_info": (ctypes.POINTER(CCodeInfo), (ctypes.c_int,)),
    "grove_origin_name": (ctypes.c_char_p, (ctypes.c_int,)),
    "grove_version": (ctypes.c_char_p, ()),
}


def places() -> list[str]:
    """Where it is looked for, in this order; a name without a folder is the linker's to find."""
    wanted = os.environ.get("GROVE_LIBRARY")
    if wanted:
        return [wanted]
    found = [SONAME]
    command = shutil.which("grove")
    if command:  # beside the command of a build, or in the tree that it is installed in
        folder = os.path.dirname(os.path.realpath(command))
        found += glob.glob(os.path.join(glob.escape(folder), SONAME))
        found += [name for pattern in (("lib*", SONAME), ("lib", "*", SONAME)) for name in
                  sorted(glob.glob(os.path.join(glob.escape(os.path.dirname(folder)), *pattern)))]
    return found


@functools.cache
def load() -> ctypes.CDLL:
    """The library, once for the process."""
    tried = []
    for place in places():
        try:
            library = ctypes.CDLL(place)
        except OSError as error:
            tried.append(f"{place}: {error}")
            continue
        try:
            for name, (result, arguments) in FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except AttributeError as error:
            tried.append(f"{place}: too old: {error}")
            continue
        return library
    raise LibraryNotFound("libgrove was not found; GROVE_LIBRARY may name the file. Tried "
                          + "; ".join(tried))


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def error_of(library: ctypes.CDLL, error: CError) -> GroveError:
    return GroveError(
        text(library.grove_code_info(error.code).contents.name), text(error.message),
        retry="later" if error.retry == RETRY_LATER else "never",
        origin=text(library.grove_origin_name(error.origin)), detail=text(error.detail),
        hint=text(error.hint), context=text(error.context), sqlstate=text(error.sqlstate),
        http_status=error.http_status)


class Token:
    """Cancels the calls that were given it, from any thread."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self.address = library.grove_token_new()
        if not self.address:
            raise MemoryError("a token")

    def cancel(self) -> None:
        self._library.grove_token_cancel(self.address)

    # Whoever has it under way refers to it.
    def __del__(self) -> None:
        if getattr(self, "address", None):
            self._library.grove_token_free(self.address)
