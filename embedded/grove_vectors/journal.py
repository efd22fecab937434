# SPDX-License-Identifier: Apache-2.0
"""The changes that come in while a shard's copy is being rebuilt, in their order.

A folder of files, each named by how much there was before it: whoever has replayed one removes it.
It may become as large as the disk lets it, and gives up before a change would be refused for want
of room. Needed by that rebuild only: it is not synced, and thrown away after a crash.
"""
import os
import struct

from . import files

FILE_BYTES = 64 << 20
# Of free space: with less, changes are refused soon (files.SPACE_TO_WRITE).
SPACE_LEFT = 2 * files.SPACE_TO_WRITE
PAUSE_MAX_S = 5.0
_header = struct.Struct(">BI")


class Journal:
    def __init__(self, folder: str):
        os.mkdir(folder, 0o700)
        self._folder = folder
        self._file, self._began = None, 0
        self.size = 0
        self.broken = ""  # why the rebuild cannot be completed
        self.pace = 0.0   # bytes a second that writers must not exceed; 0: any number

    def append(self, kind: int, body) -> None:
        """Never fails: a journal that cannot be written costs the rebuild, not the change."""
        if self.broken:
            return
        try:
            files.check_space(self._folder, SPACE_LEFT + files.SPACE_OF_BODY * len(body))
            if self._file is None or self.size - self._began >= FILE_BYTES:
                self._begin_file()
            self._file.write(_header.pack(kind, len(body)))
            self._file.write(body)
            self._file.flush()
        except OSError as error:
            self.broken = str(error)
        self.size += size_of(body)

    def _begin_file(self) -> None:
        self.close()
        self._file, self._began = open(_path(self._folder, self.size), "wb"), self.size

    def pause_s(self, size_bytes: int) -> float:
        """How long whoever wrote so much waits, so that the rebuild can catch up."""
        return min(PAUSE_MAX_S, size_bytes / self.pace) if self.pace else 0.0

    def close(self) -> None:
        if self._file:
            self._file.close()


def size_of(body) -> int:
    """Of an entry."""
    return _header.size + len(body)


def _path(folder: str, began: int) -> str:
    return os.path.join(folder, str(began))


def read(folder: str, start: int, end: int):
    """Yields (kind, body) of the entries from one offset to another, and removes the files that
    were read to their ends and were not the last."""
    began = max((int(name) for name in os.listdir(folder) if int(name) <= start), default=start)
    while start < end:
        with open(_path(folder, began), "rb") as file:
            file.seek(start - began)
            while start < end and (header := file.read(_header.size)):
                kind, length = _header.unpack(header)
                yield kind, file.read(length)
                start += _header.size + length
        if start < end:
            os.unlink(_path(folder, began))
            began = start
