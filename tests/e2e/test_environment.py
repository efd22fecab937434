# SPDX-License-Identifier: Apache-2.0
"""Variables that libpq reads are meant for other servers: the private one is deaf to them."""

import psycopg

# With these a user names a server.
NAMES = {"PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE"}
SENT = {"PGTZ", "PGDATESTYLE", "PGGEQO"}  # by libpq to any server


def test_the_command_is_deaf_to_libpq_s_variables(filled):
    known = {option.envvar.decode() for option in psycopg.pq.Conninfo.get_defaults()
             if option.envvar}
    nonsense = dict.fromkeys(known - NAMES | SENT, "nonsense")
    assert len(nonsense) > 20
    filled("stop")
    assert "database    ok" not in filled("status", check=False, env=nonsense).stdout
    filled("sync", env=nonsense)  # starts both servers
    filled("search", "baptism", env=nonsense)
    assert "database    ok" in filled("status", env=nonsense).stdout
    asked = filled("psql", "--", "-Atc", "SELECT 1",
                   env=dict.fromkeys(known - NAMES, "nonsense"))
    assert asked.stdout.strip() == "1"


def test_an_empty_name_names_no_server(filled):
    """As a file of settings leaves it that fills in what is not there."""
    empty = dict.fromkeys(NAMES | {"DATABASE_URL", "QDRANT_URL"}, "")
    assert filled.json("search", "baptism", env=empty)["results"]
    for command in ("psql", "--", "-Atc", "SELECT 1"), ("status",), ("url",):
        filled(*command, env=empty)
