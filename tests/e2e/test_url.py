# SPDX-License-Identifier: Apache-2.0
"""grove url: what other clients connect by, and a password only where it was asked for."""

import psycopg
import pytest
from conftest import Grove


def test_clients_connect_by_it(sample):
    url = sample("url").stdout.strip()
    for other in (("psql", "--print"), ("url", "--for", "python")):
        assert sample(*other).stdout.strip() == url
    assert sample.json("url") == {"url": url, "password_left_out": False}
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM content_metadata").fetchone() == (8,)
    driver = sample("url", "--for", "sqlalchemy").stdout.strip()
    assert driver == url.replace("postgresql://", "postgresql+psycopg://")
    error = sample.fails("unsupported", "url", "--for", "jdbc")
    assert "Unix socket" in error["message"] and "DATABASE_URL" in error["hint"]
    assert sample("url", "--for", "odbc", check=False).returncode == 2


@pytest.mark.parametrize("address, env, jdbc", [
    ("postgresql://me:s%40cret@127.0.0.1:1/db?sslmode=require", {},
     "jdbc:postgresql://127.0.0.1:1/db?user=me&password=s%40cret&sslmode=require"),
    ("host=127.0.0.1 port=1 user=me dbname=db password='s@cret'", {},
     "jdbc:postgresql://127.0.0.1:1/db?user=me&password=s%40cret"),
    (None, {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "me", "PGDATABASE": "db",
            "PGPASSWORD": "s@cret"},
     "jdbc:postgresql://127.0.0.1:1/db?user=me&password=s%40cret"),
], ids=["url", "keywords", "variables"])
def test_a_password_is_shown_when_it_is_asked_for(sample, address, env, jdbc):
    """Of a server of somebody's; it need not answer."""
    other = Grove(sample.home)
    other.env.update(env)
    if address:
        other.env["DATABASE_URL"] = address
    for form in ("psql", "python", "sqlalchemy", "jdbc"):
        hidden = other("url", "--for", form)
        assert "cret" not in hidden.stdout + hidden.stderr and "--password" in hidden.stderr
        assert "127.0.0.1" in hidden.stdout and "me" in hidden.stdout
        assert other.json("url", "--for", form)["password_left_out"] is True
        shown = other("url", "--for", form, "--password")
        assert "s%40cret" in shown.stdout and shown.stderr == ""
        if form == "jdbc":
            assert shown.stdout.strip() == jdbc
        else:
            read = psycopg.conninfo.conninfo_to_dict(
                shown.stdout.strip().replace("postgresql+psycopg:", "postgresql:"))
            assert (read["host"], read["port"], read["user"], read["dbname"], read["password"]) == (
                "127.0.0.1", "1", "me", "db", "s@cret")
