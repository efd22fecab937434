# SPDX-License-Identifier: Apache-2.0
"""Files: copies that keep holes, writes that survive a power cut. None of it keeps the
interpreter while the disk works."""
import errno
import json
import os

CHUNK = 8 << 20
LISTINGS_MAX = 8
SPACE_TO_START = 4 << 20
SPACE_TO_WRITE = 32 << 20
# How much a change takes on the disk at most, in the log and in the segments, by its body.
SPACE_OF_BODY = 4


def check_space(folder: str, needed: int) -> None:
    """The engine writes into mapped files with holes: when the disk has no block left for one, the
    system ends the process (SIGBUS). So there is room before anything is written, or it is
    refused."""
    status = os.statvfs(folder)
    left = status.f_bavail * status.f_frsize
    if left < needed:
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {left >> 20} MB are free and "
                                    f"{needed >> 20} MB needed")


def sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(fd)
    finally:
        os.close(fd)


def each_file(folder: str, work) -> set:
    """Calls work(path) once for each file of a folder, and returns the paths. The engine creates
    the next file of its log under another name ("tmp-open-3"): one that is renamed before its turn
    is met under its new name."""
    done, listings = set(), 0
    while True:
        with os.scandir(folder) as entries:
            found = {entry.path for entry in entries if not entry.is_dir(follow_symlinks=False)}
        listings += 1
        try:
            for path in sorted(found - done):
                work(path)
                done.add(path)
            return found
        except FileNotFoundError:
            if listings == LISTINGS_MAX:
                raise


def sync_tree(path: str) -> None:
    """What vanishes meanwhile (the engine's temporary files) is no matter."""
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                sync_file(os.path.join(folder, name))
            except FileNotFoundError:
                continue
        sync_folder(folder)


def write_json(path: str, value) -> None:
    """Replaces the file in one step: a reader, or a crash, sees the old contents or the new."""
    temporary = path + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def _copy_file(source: str, target: str) -> None:
    reader = os.open(source, os.O_RDONLY)
    try:
        size = os.fstat(reader).st_size
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(writer, size)
            at = 0
            while at < size:
                try:
                    at = os.lseek(reader, at, os.SEEK_DATA)
                except OSError as error:
                    if error.errno == errno.ENXIO:  # nothing but a hole
                        break
                    raise
                end = os.lseek(reader, at, os.SEEK_HOLE)
                while at < end:
                    data = os.pread(reader, min(CHUNK, end - at), at)
                    if not data:
                        return
                    at += os.pwrite(writer, data, at)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def size_of_tree(path: str) -> int:
    """In bytes of the disk, without holes."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += 512 * os.lstat(os.path.join(folder, name)).st_blocks
            except FileNotFoundError:
                continue
    return total


def copy_tree(source: str, target: str) -> None:
    os.mkdir(target, 0o700)
    each_file(source, lambda path: _copy_file(path, os.path.join(target, os.path.basename(path))))
    with os.scandir(source) as entries:
        folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    for name in folders:
        copy_tree(os.path.join(source, name), os.path.join(target, name))
