#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of a database that grove keeps, which notes how long each statement took.

    traffic.py write CONNINFO FILE     inserts a content and changes it, each committed by itself
    traffic.py update CONNINFO FILE    changes contents that are there, and no text
    traffic.py read CONNINFO FILE      looks up a page of contents by the path of their leaf
    traffic.py locks CONNINFO FILE     looks how long a statement of these has waited for a lock

One statement each 5 ms at most, until standard input ends. Says "ready" after the first. FILE gets
a line for each: when it began (seconds, monotonic) and how long it took, or what "locks" saw
(milliseconds). A statement that fails ends it with 1.
"""

import pathlib
import random
import select
import sys
import time

import psycopg

PAUSE_SECONDS = 0.005
INSERT = """
INSERT INTO public.content_metadata (hierarchy_table, leaf_id, content_type, title,
                                     content_summary, chunk_number, word_count)
SELECT hierarchy_table, leaf_id, 'Traffic', 'traffic', 'a row that was written meanwhile', %s, 6
FROM public.content_metadata WHERE id = %s
RETURNING id"""
UPDATE = "UPDATE public.content_metadata SET word_count = word_count + 1 WHERE id = %s"
READ = """
SELECT m.id, m.title, m.chunk_number FROM public.content_metadata AS m
WHERE (m.hierarchy_table, m.leaf_id) = (SELECT hierarchy_table, leaf_id
                                        FROM public.content_metadata WHERE id = %s)
ORDER BY m.id LIMIT 20"""
NAME = "traffic"
LOCKS = """
SELECT coalesce(1000 * max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float
FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE NOT l.granted AND a.application_name = %s"""


def main(kind, conninfo, path):
    draw, written, inserted, ready = random.Random(kind), 0, None, False
    with psycopg.connect(conninfo, autocommit=True, application_name=NAME) as conn, \
            pathlib.Path(path).open("w", encoding="utf-8", buffering=1 << 16) as file:
        ids = [number for number, in conn.execute(
            "SELECT id FROM public.content_metadata ORDER BY id LIMIT 1000")]
        numbers = conn.execute("SELECT coalesce(max(chunk_number), 0) FROM public.content_metadata")
        chunk = numbers.fetchone()[0]
        while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
            began, seen = time.monotonic(), None
            if kind == "locks":
                (seen,), = conn.execute(LOCKS, (NAME,)).fetchall()
            elif kind == "read":
                conn.execute(READ, (draw.choice(ids),)).fetchall()
            elif kind == "update":
                conn.execute(UPDATE, (draw.choice(ids),))
            elif inserted is None:
                written += 1
                (inserted,), = conn.execute(INSERT, (chunk + written, draw.choice(ids))).fetchall()
            else:
                conn.execute(UPDATE, (inserted,))
                inserted = None
            took = (time.monotonic() - began) * 1000
            if not ready:
                print("ready", flush=True)
                ready = True
            file.write(f"{began:.6f} {took if seen is None else seen:.3f}\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except psycopg.Error as error:
        print(f"{sys.argv[1]}: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
