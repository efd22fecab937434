# SPDX-License-Identifier: Apache-2.0
"""All collections of a data folder, and the thread that looks after them."""
import os
import secrets
import shutil
import threading
import time
import urllib.parse

from . import files
from .collection import Collection, config_of_request, create
from .errors import ApiError, bad_value, is_disk_full, no_collection, of_engine
from .rebuild import Builder, RebuildError, rebuild

NAME_BYTES_MAX = 255
PAUSE_S = 0.25
FOLDER_CHECK_S = 2.0


def folder_name(name: str) -> str:
    """Any name of a collection as one of a folder, never one that starts with a dot."""
    quoted = urllib.parse.quote(name, safe="")
    return "%2E" + quoted[1:] if quoted.startswith(".") else quoted


class Catalogue:
    def __init__(self, data: str, builder_command: list, log):
        self._folder = os.path.join(data, "collections")
        self._builder_command = builder_command
        self._log = log
        os.makedirs(self._folder, 0o700, exist_ok=True)
        self._collections = {}
        for entry in sorted(os.listdir(self._folder)):
            path = os.path.join(self._folder, entry)
            if entry.startswith("."):  # half made or half removed
                shutil.rmtree(path, ignore_errors=True)
                continue
            collection = Collection(path)
            if is_disk_full(collection.failure):
                raise OSError(collection.failure)  # no damage: the next start may do better
            if collection.failure:
                collection.name = urllib.parse.unquote(entry)
                log(collection.failure)
            self._collections[collection.name] = collection
        self._stopping = threading.Event()
        self._builder = None
        self._checked_at = float("-inf")
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self, check_folder) -> None:
        """`check_folder` is called now and then, and ends the process when the folder is gone."""
        self._check_folder = check_folder
        self._keeper.start()

    # --- collections --------------------------------------------------------------------------

    def names(self) -> list:
        return sorted(self._collections)

    def has(self, name: str) -> bool:
        return name in self._collections

    def get(self, name: str) -> Collection:
        collection = self._collections.get(name)
        if collection is None:
            raise no_collection(name)
        return collection

    # The next two are called by one thread, that of the writes.

    def create(self, name: str, members: dict) -> bool:
        if any(c in '<>:"/\\|?*' or ord(c) < 32 for c in name) or not name:
            raise bad_value(f"collection_name: `{name:.60}` has a character that is not allowed")
        folder = folder_name(name)
        if len(folder) > NAME_BYTES_MAX:
            raise bad_value("collection_name: too long")
        if name in self._collections:
            raise ApiError(409, f"Wrong input: Collection `{name}` already exists!")
        config = config_of_request(members)
        temporary = os.path.join(self._folder, ".new-" + secrets.token_hex(8))
        final = os.path.join(self._folder, folder)
        try:
            files.check_space(self._folder, files.SPACE_TO_WRITE)
            create(temporary, name, config)
            os.rename(temporary, final)
            files.sync_folder(self._folder)
        except BaseException as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise of_engine(error) from error
        self._collections[name] = Collection(final)
        return True

    def delete(self, name: str) -> bool:
        collection = self._collections.pop(name, None)
        if collection is None:
            return False
        if collection.rebuilding and self._builder:
            self._builder.kill()
        collection.abandon()
        grave = os.path.join(self._folder, ".gone-" + secrets.token_hex(8))
        try:
            os.rename(collection.folder, grave)
            files.sync_folder(self._folder)
        except OSError as error:
            raise of_engine(error) from error
        shutil.rmtree(grave, ignore_errors=True)
        return True

    # --- upkeep -------------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._stopping.wait(PAUSE_S):
            self._work_beside()
            for collection in list(self._collections.values()):
                if self._stopping.is_set():
                    return
                self._try(collection, self._look_after)

    def _try(self, collection: Collection, work) -> None:
        try:
            work(collection, time.monotonic())
        except Exception as error:
            if collection.shard is not None and not self._stopping.is_set():
                self._log(f"upkeep of collection `{collection.name}`: {error}")
                collection.schedule.note_failure(time.monotonic())

    def _work_beside(self) -> None:
        """What waits for nothing, not even for a rebuild under way."""
        now = time.monotonic()
        if now - self._checked_at > FOLDER_CHECK_S:
            self._check_folder()
            self._checked_at = now
        for collection in list(self._collections.values()):
            self._try(collection, self._flush)

    def _flush(self, collection: Collection, now: float) -> None:
        if collection.flush_due(now):
            collection.flush()

    def _look_after(self, collection: Collection, now: float) -> None:
        collection.look_at_numbers()
        if not collection.rebuild_due(now):
            return
        fresh = collection.schedule.fresh
        self._builder = Builder(self._builder_command)
        try:
            done = rebuild(collection, self._builder, self._work_beside)
        except (RebuildError, OSError) as error:
            raise RebuildError(f"could not rebuild its index: {error}") from error
        finally:
            self._builder.close()
            self._builder = None
        if done:
            self._log(f"indexed collection `{collection.name}`: {fresh} points written since, "
                      f"{time.monotonic() - now:.1f} s")

    def close(self) -> None:
        """Ends a rebuild under way (it is done again at the next start) and closes all."""
        self._stopping.set()
        builder = self._builder
        if builder:
            builder.kill()
        if self._keeper.is_alive():
            self._keeper.join(5)
        for collection in self._collections.values():
            try:
                collection.close()
            except Exception as error:
                self._log(f"closing collection `{collection.name}`: {error}")
