# SPDX-License-Identifier: Apache-2.0
"""A home, several clients that change it at once, and the comparison of both stores with the model
when they rest."""

import contextlib
import json
import random
import sys
import threading
import time

import psycopg
import texts
from caller import LIBRARY, Command, Failed, Library
from client import Client
from compare import Disagreement, check_ranking
from conftest import wait_until
from keeper import Keeper
from shared import Shared
from state import Filter, ranking
from stores import stores_agree

CLIENTS = 3
SIZE = 120          # contents of a tree, about
BY_COMMAND = 0.15   # of the calls that the library can do as well
QUERIES = 4         # of everything, in each comparison
PATIENCE_SECONDS = 120
TOLD = 400          # characters of an operation, in a failure


class World:
    def __init__(self, grove, package, seed, operations, faults=None):
        """`package` is the Python binding; `faults` says what may fail, and how (torture)."""
        self.grove, self.seed, self.operations, self.faults = grove, seed, operations, faults
        self.size = SIZE
        self.lock, self.done, self.phases, self.failed = threading.Lock(), 0, 0, None
        self.command = Command(grove)
        self.folder = self.command.folder
        self.package, self.binding = package, Library(package, grove.home)
        self.watcher, self.threads, self.waiting = None, [], 0
        self.texts = texts.Texts(lambda text: self.binding.call("embed", {"text": text})["vector"])
        self.socket = grove.socket_folder()
        self.shared = Shared(self)
        self.clients = [Client(self, number) for number in range(1, CLIENTS + 1)]
        self.keeper = Keeper(self)
        with self.connect() as conn:
            self.shared.make(conn)

    def everybody(self):
        return (*self.clients, self.keeper)

    def pause(self):
        """Nobody is connected, as somebody is told to see to who puts back a store."""
        self.binding.close()
        for client in self.everybody():
            if client.conn is not None:
                client.conn.close()

    def resume(self):
        self.binding = Library(self.package, self.grove.home)

    close = pause

    # --- for clients ------------------------------------------------------------------------------

    def connect(self, database="grove"):
        return psycopg.connect(host=self.socket, user="grove", dbname=database, autocommit=True)

    def count(self, number):
        with self.lock:
            self.done += number
        if self.failed is not None:
            raise Interrupted

    def call(self, source, command, given):
        if self.faults is not None:
            return self.faults.call(source, command, given)
        if command in LIBRARY and source.random() >= BY_COMMAND:
            return self.binding.call(command, given)
        return self.command.call(command, given)

    def pardon(self, error):
        """Raises an error that nothing excuses."""
        if self.faults is None or not self.faults.excuse(error):
            raise error

    def insist(self, do):
        """Does it as soon as the servers answer again; without faults they always do."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return do()
            except (psycopg.Error, Failed) as error:
                self.pardon(error)
                if time.monotonic() > deadline:
                    raise
                with contextlib.suppress(Failed):
                    self.command.call("browse", {"path": "religion"})

    def check_degraded(self, answer):
        if self.faults is None and answer.get("degraded"):
            raise Disagreement(f"degraded: {answer['degraded_reason']}")

    def check_verified(self, answer):
        if answer is not None and (not answer["equal"] or answer["kinds"]["dead"]):
            raise Disagreement(f"verify: {answer['kinds']}, {answer['differences'][:10]}")

    # --- phases -----------------------------------------------------------------------------------

    def trees(self):
        return [*(client.tree for client in self.clients), self.shared.tree, *self.keeper.trees()]

    def workers(self, count):
        """What runs beside each other: (client, how many operations)."""
        return [*((client, count) for client in self.clients),
                (self.keeper, max(1, count // 12))]

    def work(self, count):
        """All clients at once, each its operations of this phase. The first failure is raised."""
        self.phases += 1

        def run(client, each):
            try:
                client.run(f"{self.seed}/{self.phases}/{client.number}", each)
            except Interrupted:
                pass
            except BaseException as error:  # pylint: disable=broad-exception-caught
                with self.lock:
                    self.failed = self.failed or (client, error)
        threads = [threading.Thread(target=run, args=each) for each in self.workers(count)]
        self.threads = threads
        for thread in threads:
            thread.start()
        return threads

    @contextlib.contextmanager
    def projector(self, wanted):
        """Somebody projects all the time, where that is wanted."""
        self.watcher = self.grove.start("sync", "--watch") if wanted else None
        try:
            yield
        finally:
            watcher, self.watcher = self.watcher, None
            if watcher is not None:
                watcher.terminate()
                watcher.communicate()

    def projector_pid(self):
        return self.watcher and self.watcher.pid

    @contextlib.contextmanager
    def idle(self):
        """Of a client that waits for others."""
        with self.lock:
            self.waiting += 1
        try:
            yield
        finally:
            with self.lock:
                self.waiting -= 1

    def others_work(self):
        return sum(thread.is_alive() for thread in self.threads) > self.waiting

    def rest(self, threads):
        for thread in threads:
            thread.join()
        if self.failed is not None:
            client, error = self.failed
            self.tell(client)
            raise error

    def tell(self, client):
        print(f"model: seed {self.seed}, phase {self.phases}, client {client.number}; its last "
              "operations:", *(str(entry)[:TOLD] for entry in client.log), sep="\n  ",
              file=sys.stderr)

    def compare(self):
        """In quiet: PostgreSQL, the engine and searches with the model."""
        for client in self.everybody():
            client.check()
        self.insist(lambda: self.shared.settle(self.clients[0].connection()))
        # What a fault broke off is done now, once, by hand, as somebody would.
        caller = self.binding if self.faults is None else self.command
        self.insist(lambda: caller.call("sync", {}))
        wanted = sum(len(tree.contents) for tree in self.trees())
        answer = self.binding.call("verify", {})
        self.check_verified(answer)
        if (answer["contents"], answer["points"], answer["kinds"]["waiting"]) != \
                (wanted, wanted, 0):
            raise Disagreement(f"{wanted} contents are to be there: {answer}")
        if stores_agree(self.grove) != wanted or (told := self.grove.broken()):
            raise Disagreement(f"the stores: {told}")
        self.compare_searches(random.Random(f"{self.seed}/{self.phases}/compare"), wanted)

    def compare_searches(self, source, wanted):
        trees = self.trees()
        for _ in range(QUERIES):
            condition = Filter(words_min=source.choice((None, None, 50)),
                               kinds=source.choice(((), (), ("Note",), ("Note", "Shared"))))
            given = condition.arguments(trees[0])
            del given["path"]
            query, limit = source.choice(texts.QUERIES), source.choice((10, 1000))
            fold = source.random() < 0.5
            answer = self.search_by_engine({"text": query, **given, "limit": limit,
                                            "chunks": not fold})
            check_ranking(answer, ranking(self.texts, trees, condition, query), limit, fold, trees)
        answer = self.binding.call("discover", {"text": query, "chunks": True, "depth": 10000})
        if answer["total"] != wanted:
            raise Disagreement(f"discover ranks {answer['total']} of {wanted}")

    def search_by_engine(self, given):
        """After a fault searches may do without the engine for a while: as soon as they do not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := self.binding.call("search", given))["degraded"]:
            if self.faults is None or time.monotonic() > deadline:
                raise Disagreement(f"degraded: {answer['degraded_reason']}")
            time.sleep(0.02)
        return answer

    # --- what is done in quiet --------------------------------------------------------------------

    def truncate(self):
        """Everything goes, by one statement; leaves stay."""
        with self.connect() as conn:
            conn.execute("TRUNCATE content_metadata CASCADE")
            for client in self.everybody():
                client.tree = client.tree and client.tree.emptied()
            self.shared.make(conn)

    def truncate_bodies(self):
        with self.connect() as conn:
            conn.execute("TRUNCATE grove.body")
        for client in self.everybody():
            client.tree = client.tree and client.tree.without_bodies()


    # --- for torture ------------------------------------------------------------------------------

    def wait_for_recovery(self):
        """PostgreSQL is started, and takes writes."""
        wait_until(lambda: self.grove("psql", "--", "-Atc", "SELECT NOT pg_is_in_recovery()",
                                      check=False).stdout.strip() == "t", PATIENCE_SECONDS)

    def rebuild_at(self, size_kb):
        """Has the engine think so many new vectors worth an index: else a home of this size would
        never have one built."""
        self.pause()
        self.grove("sync")
        self.grove("stop")
        folder = (self.grove.home / "servers/vector/collections").resolve()
        for path in folder.glob("*/config.json"):
            config = json.loads(path.read_text())
            config["indexing_threshold"] = size_kb
            path.write_text(json.dumps(config))
        self.grove("sync")
        self.resume()


class Interrupted(Exception):
    """Another client has failed."""


def run(world, phase_operations, tell=print):
    """The model test: phases until as many operations are done as the world is to have."""
    source = random.Random(f"{world.seed}/phases")
    while world.done < world.operations:
        count = min(phase_operations, world.operations - world.done) // CLIENTS + 1
        with world.projector(source.random() < 0.5):
            world.rest(world.work(count))
        world.compare()
        drawn = source.random()
        if drawn < 0.05:
            world.truncate()
        elif drawn < 0.15:
            world.truncate_bodies()
        tell(f"model: seed {world.seed}: {world.done} operations, {world.phases} phases, "
             f"{sum(len(tree.contents) for tree in world.trees())} contents")
