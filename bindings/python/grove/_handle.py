# SPDX-License-Identifier: Apache-2.0
"""A handle: opening, calling, cancelling, closing."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import threading
import weakref
from collections.abc import Mapping
from typing import Any

from . import _library
from ._calls import Calls
from ._error import GroveError


def _encode(text: str | os.PathLike[str] | None) -> bytes | None:
    encoded = None if text is None else os.fsencode(text)
    if encoded and b"\0" in encoded:
        raise ValueError("embedded null byte")  # C would take what stands before it
    return encoded


_ending = threading.Event()
_watched = False


def _watch_the_end() -> None:
    """Has the end noted before handles are closed: what was registered last runs first."""
    global _watched
    if not _watched:
        _watched = True
        atexit.register(_ending.set)


def _stay_where_the_program_ends() -> None:
    """A daemon thread whose call was cancelled since the program ends goes no further: what it
    prints, a traceback for example, may meet an interpreter that is half gone, and abort it."""
    if _ending.is_set() and threading.current_thread().daemon:
        threading.Event().wait()


class _State:
    """What a handle owns. It refers to no Grove, so that one that is forgotten is closed.

    `tokens` are those of the calls under way: the library's handle is closed by whoever finds,
    under the lock, that it is to be closed and that there are none.
    """

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self.lib = library
        self.handle: int | None = handle
        self.process = os.getpid()
        self.changed = threading.Condition()
        self.tokens: set[_library.Token] = set()
        self.closing = False

    def enter(self, token: _library.Token) -> int:
        with self.changed:
            if self.closing or self.handle is None:
                raise GroveError("invalid", "the handle is closed")
            self.tokens.add(token)
            return self.handle

    def leave(self, token: _library.Token) -> None:
        with self.changed:
            self.tokens.discard(token)
            self._close_where_idle()
            self.changed.notify_all()

    def _close_where_idle(self) -> None:
        if self.closing and not self.tokens and self.handle is not None:
            handle, self.handle = self.handle, None
            self.lib.grove_close(handle)

    def cancel(self) -> None:
        with self.changed:
            for token in self.tokens:
                token.cancel()

    def close(self) -> None:
        # In a child of fork the lock may be held for ever, and the handle is not the child's.
        if os.getpid() != self.process:
            self.handle = None
            return
        with self.changed:
            self.closing = True
            for token in self.tokens:
                token.cancel()
            self._close_where_idle()
            while self.handle is not None:
                self.changed.wait()

    def run(self, command: str, given: bytes, token: _library.Token) -> bytes:
        """Makes a call, in the thread that it is run in."""
        name = _encode(command)
        if os.getpid() != self.process:
            raise GroveError("invalid", "the handle belongs to a process that has forked this one",
                             hint="open a handle in each process")
        handle = self.enter(token)
        try:
            return self._call(handle, name, given, _library.CLimits(0, token.address))
        finally:
            self.leave(token)
            _stay_where_the_program_ends()

    def _call(self, handle: int, name: bytes | None, given: bytes,
              limits: _library.CLimits) -> bytes:
        answer = ctypes.c_void_p()
        error = _library.CError()
        code = self.lib.grove_call_within(handle, name, given, ctypes.byref(limits),
                                              ctypes.byref(answer), ctypes.byref(error))
        if code != 0:
            raise _library.error_of(self.lib, error)
        try:
            return ctypes.string_at(answer)
        finally:
            self.lib.grove_free(answer)


class Grove(Calls):
    """A database. Everything is where the grove command has it, unless it is told here.

    Opening starts nothing; the first call starts private servers where they do not run. May be used
    by any number of threads at once. Close it, or use it in a with statement; one that is forgotten
    is closed as well.
    """

    def __init__(self, home: str | os.PathLike[str] | None = None, *, create: bool = False,
                 database_url: str | None = None, qdrant_url: str | None = None,
                 qdrant_api_key: str | None = None, collection: str | None = None,
                 model_folder: str | os.PathLike[str] | None = None, threads: int = 0,
                 connections: int = 0, precision: str = "f32", timeout_ms: int = 0) -> None:
        """`create` makes the home where there is none; else that is "not_found". `timeout_ms` is
        that of calls that are given none."""
        if precision not in _library.PRECISIONS:
            raise ValueError(f"precision is one of {', '.join(_library.PRECISIONS)}")
        library = _library.load()
        options = _library.COptions(
            size_bytes=ctypes.sizeof(_library.COptions), home=_encode(home),
            database_url=_encode(database_url), qdrant_url=_encode(qdrant_url),
            qdrant_api_key=_encode(qdrant_api_key), collection=_encode(collection),
            model_folder=_encode(model_folder), threads=threads, connections_max=connections,
            embed_precision=_library.PRECISIONS[precision],
            home_use=_library.HOME_MAKE if create else _library.HOME_FIND,
            limits=_library.CLimits(timeout_ms, None))
        handle = ctypes.c_void_p()
        error = _library.CError()
        if library.grove_open(ctypes.byref(options), ctypes.byref(handle), ctypes.byref(error)):
            raise _library.error_of(library, error)
        assert handle.value is not None
        self._state = _State(library, handle.value)
        self._finalizer = weakref.finalize(self, self._state.close)
        _watch_the_end()

    def call(self, command: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A command by its name; docs/calls.json has them all. Fields that are None are left out.

        Where it is called by the main thread Ctrl-C cancels it; so does whatever else a signal's
        handler raises.
        """
        given = self._given(fields)
        token = _library.Token(self._state.lib)
        if threading.current_thread() is threading.main_thread():
            answer = self._run_beside(command, given, token)
        else:
            answer = self._state.run(command, given, token)
        return json.loads(answer)

    @staticmethod
    def _given(fields: Mapping[str, Any] | None) -> bytes:
        chosen = {name: value for name, value in (fields or {}).items() if value is not None}
        return json.dumps(chosen, allow_nan=False).encode()

    # Signals are handled between two steps of the main thread, and a call is one step: so another
    # thread makes it.
    def _run_beside(self, command: str, given: bytes, token: _library.Token) -> bytes:
        outcome: list[bytes | BaseException] = []
        ended = threading.Event()

        def run() -> None:
            try:
                outcome.append(self._state.run(command, given, token))
            except BaseException as error:  # it is raised where the call was made
                outcome.append(error)
            finally:
                ended.set()

        worker = threading.Thread(target=run, name="grove-call", daemon=True)
        try:
            worker.start()
            ended.wait()
        except BaseException:
            token.cancel()
            if worker.is_alive():
                ended.wait()
            raise
        (result,) = outcome
        if isinstance(result, BaseException):
            raise result
        return result

    def cancel(self) -> None:
        """Ends the calls that are under way: they raise an error with the code "cancelled"."""
        self._state.cancel()

    def close(self) -> None:
        """Cancels the calls that are under way, and waits for them. The servers keep running."""
        self._state.close()

    @property
    def closed(self) -> bool:
        return self._state.closing or self._state.handle is None

    def __enter__(self) -> Grove:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
