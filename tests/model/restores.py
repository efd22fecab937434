# SPDX-License-Identifier: Apache-2.0
"""Either store put back to what it was, lost or copied, between rounds of torture; the model goes
with PostgreSQL. Each of these leaves the servers stopped, or as a command finds them."""

import copy
import shutil
import subprocess

from compare import Disagreement
from deck import Deck
from stores import ask_engine

# What each puts back must have been kept, rounds before: each at another moment.
KINDS = {"wipe_engine": (), "copy_by_template": (), "restore_dump": ("dump",),
         "restore_engine": ("engine",), "restore_cluster": ("cluster",),
         "restore_both": ("dump", "engine")}


def folder_of(world, name):
    return (world.grove.home / "servers" / name).resolve()


def put_back(kept, folder):
    shutil.rmtree(folder)
    subprocess.run(["cp", "-a", kept, folder], check=True)


class Restores:
    def __init__(self, world, kinds=tuple(KINDS)):
        self.world = world
        self.folder = world.folder / "kept"
        self.kept = {}  # what: the model of then
        self.done = Deck(kinds)

    def total(self):
        return self.done.total()

    def prepare(self, source):
        """Keeps one thing that the next kind is to put back: False where there is nothing to keep
        any more."""
        wanted = KINDS.get(self.done.look(source), ())
        what = next((what for what in wanted if what not in self.kept), None)
        if what is None:
            return False
        self.world.pause()
        getattr(self, f"keep_{what}")()
        self.kept[what] = self.state()
        self.world.resume()
        return True

    def one(self, source):
        """Does the kind that is due; its name."""
        kind = self.done.look(source)
        self.world.pause()
        getattr(self, kind)()
        for what in KINDS[kind]:
            del self.kept[what]
        self.done.do(kind)
        self.world.resume()
        return kind

    def state(self):
        return copy.deepcopy([client.tree for client in self.world.everybody()]
                             ), copy.deepcopy(self.world.shared.state())

    def go_back(self, what):
        trees, shared = copy.deepcopy(self.kept[what])
        for client, tree in zip(self.world.everybody(), trees, strict=True):
            client.tree = tree
        self.world.shared.go_back(shared)

    def wipe_engine(self):
        self.world.grove("stop")
        shutil.rmtree(folder_of(self.world, "vector"))

    def keep(self, what, server):
        self.world.grove("stop")
        kept = f"{self.folder}-{what}"
        shutil.rmtree(kept, ignore_errors=True)
        subprocess.run(["cp", "-a", folder_of(self.world, server), kept], check=True)

    def keep_engine(self):
        self.keep("engine", "vector")

    def restore_engine(self):
        self.world.grove("stop")
        put_back(f"{self.folder}-engine", folder_of(self.world, "vector"))

    def keep_cluster(self):
        self.keep("cluster", "pg")

    def restore_cluster(self):
        """A moment in time: the copy of then, on a timeline of its own."""
        self.world.grove("stop")
        folder = folder_of(self.world, "pg")
        put_back(f"{self.folder}-cluster", folder)
        (folder / "recovery.signal").touch()
        with open(folder / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
            settings.write("restore_command = 'false'\n")
        self.world.wait_for_recovery()
        self.go_back("cluster")

    def keep_dump(self):
        self.world.grove("pg_dump", "--", "-Fc", "-f", f"{self.folder}-dump")

    def restore_dump(self):
        *_, subject = self.kept["dump"][0]
        if subject is None and self.world.keeper.tree is not None:
            # Else what was made since would hold on to what is replaced (docs/tasks.md).
            self.world.grove("subject", "remove", self.world.keeper.tree.name, "--with-contents")
        self.world.grove("stop")
        self.world.grove("pg_restore", "--", "--clean", "--if-exists", f"{self.folder}-dump",
                         timeout=300)
        self.go_back("dump")

    def restore_both(self):
        """To different moments."""
        self.restore_engine()
        self.restore_dump()

    def copy_by_template(self):
        """The copy is another database: refused the collection, and as good with one of its own."""
        world = self.world
        with world.connect("postgres") as conn:
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                         " WHERE datname = 'grove'")
            conn.execute("CREATE DATABASE copied TEMPLATE grove")
        env = {"DATABASE_URL": f"postgresql://grove@/copied?host={world.socket}"}
        try:
            env["GROVE_COLLECTION"] = "copied"
            for command in ("init", "sync"):
                world.grove(command, env=env, timeout=300)
            answer = world.grove.json("verify", env=env)
            wanted = sum(len(tree.contents) for tree in world.trees())
            if (answer["equal"], answer["points"]) != (True, wanted):
                raise Disagreement(f"a copy of {wanted} contents: {answer}")
        finally:
            with world.connect("postgres") as conn:
                conn.execute("DROP DATABASE copied WITH (FORCE)")
        ask_engine(world.grove, "DELETE", "/collections/copied")
