# SPDX-License-Identifier: Apache-2.0
"""What went wrong in a call."""

from __future__ import annotations


class GroveError(Exception):
    """Branch on `code` and `retry`, never on the texts."""

    code: str  # "invalid", "not_found", ...: docs/cli.md, "Exit status"
    retry: str  # "later": the same call may work after a pause; else "never"
    origin: str  # "grove", "postgres", "qdrant", "system"
    message: str
    detail: str  # this and the following may be ""
    hint: str
    context: str
    sqlstate: str  # PostgreSQL's
    http_status: int  # the vector engine's; 0: none

    def __init__(self, code: str, message: str, *, retry: str = "never", origin: str = "grove",
                 detail: str = "", hint: str = "", context: str = "", sqlstate: str = "",
                 http_status: int = 0) -> None:
        super().__init__(code, message)
        self.code, self.message, self.retry, self.origin = code, message, retry, origin
        self.detail, self.hint, self.context = detail, hint, context
        self.sqlstate, self.http_status = sqlstate, http_status

    def __str__(self) -> str:
        more = [f"{name}: {text}" for name, text in (
            ("detail", self.detail), ("hint", self.hint), ("context", self.context)) if text]
        return "\n".join([self.message, *more])
