# SPDX-License-Identifier: Apache-2.0
"""The changes that come in while a shard's copy is being rebuilt, in their order.

Needed by that rebuild only: it is not synced, and thrown away after a crash.
"""
import struct

BYTES_MAX = 1 << 30
_header = struct.Struct(">BI")


class Journal:
    def __init__(self, path: str):
        self._file = open(path, "wb")
        self.size = 0
        self.broken = ""  # why the rebuild cannot be completed

    def append(self, kind: int, body) -> None:
        """Never fails: a journal that cannot be written costs the rebuild, not the change."""
        if self.broken:
            return
        if self.size + len(body) > BYTES_MAX:
            self.broken = f"more than {BYTES_MAX} bytes were written meanwhile"
            return
        try:
            self._file.write(_header.pack(kind, len(body)))
            self._file.write(body)
            self._file.flush()
        except OSError as error:
            self.broken = str(error)
        self.size += _header.size + len(body)

    def close(self) -> None:
        self._file.close()


def read(path: str, start: int, end: int):
    """Yields (kind, body) of the entries from one offset to another."""
    with open(path, "rb") as file:
        file.seek(start)
        while file.tell() < end:
            kind, length = _header.unpack(file.read(_header.size))
            yield kind, file.read(length)
