# SPDX-License-Identifier: Apache-2.0
"""Either store put back to what it was, lost or copied, between rounds of torture; the model goes
with PostgreSQL. Each of these leaves the servers stopped, or as a command finds them."""

import copy
import shutil
import subprocess

from compare import Disagreement
from stores import ask_engine


def folder_of(world, name):
    return (world.grove.home / "servers" / name).resolve()


def put_back(kept, folder):
    shutil.rmtree(folder)
    subprocess.run(["cp", "-a", kept, folder], check=True)


class Restores:
    def __init__(self, world):
        self.world = world
        self.kept = world.folder / "kept"
        self.dumped = self.engine = self.cluster = None  # the models of what is kept
        self.done = {}  # kind -> how many

    def one(self, source):
        """A kind that can be done now: its name."""
        kinds = [self.wipe_engine, self.copy_by_template]
        kinds += [self.dump if self.dumped is None else self.restore_dump]
        kinds += [self.keep_engine if self.engine is None else self.restore_engine]
        kinds += [self.keep_cluster if self.cluster is None else self.restore_cluster]
        if self.dumped is not None and self.engine is not None:
            kinds.append(self.restore_both)
        kind = source.choice(kinds)
        self.world.pause()
        kind()
        name = kind.__name__
        self.done[name] = self.done.get(name, 0) + 1
        return name

    def state(self):
        return copy.deepcopy([client.tree for client in self.world.everybody()]
                             ), copy.deepcopy(self.world.shared.state())

    def go_back(self, state):
        trees, shared = copy.deepcopy(state)
        for client, tree in zip(self.world.everybody(), trees, strict=True):
            client.tree = tree
        self.world.shared.go_back(shared)

    def wipe_engine(self):
        self.world.grove("stop")
        shutil.rmtree(folder_of(self.world, "vector"))

    def keep_engine(self):
        self.world.grove("stop")
        shutil.rmtree(f"{self.kept}-engine", ignore_errors=True)
        subprocess.run(["cp", "-a", folder_of(self.world, "vector"), f"{self.kept}-engine"],
                       check=True)
        self.engine = True

    def restore_engine(self):
        self.world.grove("stop")
        put_back(f"{self.kept}-engine", folder_of(self.world, "vector"))
        self.engine = None

    def keep_cluster(self):
        self.world.grove("stop")
        shutil.rmtree(f"{self.kept}-cluster", ignore_errors=True)
        subprocess.run(["cp", "-a", folder_of(self.world, "pg"), f"{self.kept}-cluster"],
                       check=True)
        self.cluster = self.state()

    def restore_cluster(self):
        """A moment in time: the copy of then, on a timeline of its own."""
        self.world.grove("stop")
        folder = folder_of(self.world, "pg")
        put_back(f"{self.kept}-cluster", folder)
        (folder / "recovery.signal").touch()
        with open(folder / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
            settings.write("restore_command = 'false'\n")
        self.world.wait_for_recovery()
        self.go_back(self.cluster)
        self.cluster = None

    def dump(self):
        self.world.grove("pg_dump", "--", "-Fc", "-f", f"{self.kept}-dump")
        self.dumped = self.state()

    def restore_dump(self):
        self.world.grove("stop")
        self.world.grove("pg_restore", "--", "--clean", "--if-exists", f"{self.kept}-dump",
                         timeout=300)
        self.go_back(self.dumped)
        self.dumped = None

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
            world.grove.fails("conflict", "sync", env=env)
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
