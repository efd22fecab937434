# SPDX-License-Identifier: Apache-2.0
"""The same for asyncio: calls are made by a pool of threads, beside the event loop.

    async with grove.aio.Grove() as db:
        found = await db.search("how is a person saved")

A task that is cancelled while it waits for a call cancels the call, and ends when the call has.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
from collections.abc import Mapping
from typing import Any

from . import _handle, _library
from ._calls import AsyncCalls


class Grove(AsyncCalls):
    """A handle of grove.Grove, whose arguments it takes, and `threads_max` threads to use it."""

    def __init__(self, *args: Any, threads_max: int = 8, **options: Any) -> None:
        self._grove = _handle.Grove(*args, **options)
        self._pool = concurrent.futures.ThreadPoolExecutor(threads_max, "grove-call")

    async def call(self, command: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A command by its name, as grove.Grove.call."""
        state = self._grove._state
        token = _library.Token(state.lib)
        running = asyncio.get_running_loop().run_in_executor(
            self._pool, state.run, command, self._grove._given(fields), token)
        try:
            answer = await asyncio.shield(running)
        except asyncio.CancelledError:
            token.cancel()
            await asyncio.wait([running])
            raise
        return json.loads(answer)

    def cancel(self) -> None:
        """Ends the calls that are under way."""
        self._grove.cancel()

    async def close(self) -> None:
        """Cancels the calls that are under way, and waits for them."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._grove.close()
        self._pool.shutdown()

    async def __aenter__(self) -> Grove:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()
