#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client that writes to an attached table, and notes what that costs.

    attached.py pairs CONNINFO ROWS PAIRS    INSERTs of so many rows into bench_plain, bench_twin
                                             and bench_kept, in turns, in an order that is drawn
    attached.py updates CONNINFO ROWS PAIRS  UPDATEs of so many rows, the same
    attached.py fill CONNINFO ROWS           makes bench_filled, with vectors
    attached.py lag CONNINFO RATE SECONDS    inserts so many rows a second into bench_lag, each
                                             with a COMMIT of its own, and looks when each is
                                             projected

Prints JSON. A statement that fails ends it with 1.
"""

import json
import math
import random
import sys
import time

import psycopg

WARM_UP = 20
DIMENSION = 384
PAUSE_SECONDS = 0.02  # between looks at what is projected
PATIENCE_SECONDS = 60  # for the last rows
TABLES = ("bench_plain", "bench_twin", "bench_kept")
TITLE, CATEGORY = "Pruning an apple tree", "Garden"
BODY = "Prune in late winter, while the tree is dormant. " * 16  # 784 characters
INSERT = "INSERT INTO public.{} (title, body, category) VALUES {}"
UPDATE = "UPDATE public.{} SET title = title || '.' WHERE id BETWEEN %s AND %s"
# A row waits until its document is written, and until no change of its contents waits.
PROJECTED = """
SELECT d.key::bigint FROM grove.document AS d
WHERE d.source = 'public.bench_lag' AND d.key = ANY (%s)
  AND NOT EXISTS (SELECT FROM grove.chunk AS c
                  JOIN grove.outbox AS o ON o.content_id = c.content_id
                  WHERE c.document_id = d.id)"""


def vector(draw):
    numbers = [draw.gauss(0, 1) for _ in range(DIMENSION)]
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]


def timed(conn, statement, values):
    began = time.perf_counter()
    conn.execute(statement, values)
    return (time.perf_counter() - began) * 1000


def in_turns(conn, pairs, ask):
    """table -> milliseconds; the nth of each were measured right after each other."""
    draw, times, order = random.Random(pairs), {table: [] for table in TABLES}, list(TABLES)
    for number in range(-WARM_UP, pairs):
        draw.shuffle(order)
        for table in order:
            took = timed(conn, *ask(table, number + WARM_UP))
            if number >= 0:
                times[table].append(took)
    return times


def inserts(conn, rows, pairs):
    values = [TITLE, BODY, CATEGORY] * rows
    statements = {table: INSERT.format(table, ", ".join(["(%s, %s, %s)"] * rows))
                  for table in TABLES}
    return in_turns(conn, pairs, lambda table, _: (statements[table], values))


def updates(conn, rows, pairs):
    def ask(table, number):
        first = number * rows + 1
        return UPDATE.format(table), (first, first + rows - 1)
    return in_turns(conn, pairs, ask)


def fill(conn, rows):
    draw = random.Random(rows)
    conn.execute("CREATE TABLE public.bench_filled (id bigserial PRIMARY KEY, title text, "
                 "body text, category text, embedding real[])")
    with conn.cursor().copy("COPY public.bench_filled (title, body, category, embedding)"
                            " FROM STDIN") as copy:
        for number in range(rows):
            copy.write_row((f"{TITLE} {number}", BODY, f"{CATEGORY} {number % 50}", vector(draw)))
    conn.execute("ANALYZE public.bench_filled")
    return {"rows": rows}


def look(conn, open_since, lags):
    """Notes of rows that are projected now how long that took since their COMMIT."""
    keys = [str(key) for key in open_since]
    done = conn.execute(PROJECTED, (keys,)).fetchall() if keys else []
    now = time.perf_counter()
    for key, in done:
        lags.append((now - open_since.pop(key)) * 1000)


def insert(conn, number, embedding):
    return conn.execute("INSERT INTO public.bench_lag (title, body, category, embedding) "
                        "VALUES (%s, %s, %s, %s) RETURNING id",
                        (f"{TITLE} {number}", BODY, CATEGORY, embedding)).fetchone()[0]


def wait(looker, open_since, lags):
    until = time.perf_counter() + PATIENCE_SECONDS
    while open_since and time.perf_counter() < until:
        look(looker, open_since, lags)
        time.sleep(PAUSE_SECONDS)


def lag(writer, looker, rate, seconds):
    draw, open_since, lags = random.Random(rate), {}, []
    vectors = [vector(draw) for _ in range(100)]
    # Whoever projects is at work before the first that counts is written.
    wait(looker, {insert(writer, 0, vectors[0]): time.perf_counter()}, [])
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        due, looked = began + number / rate, 0.0
        while time.perf_counter() < due:
            if time.perf_counter() - looked > PAUSE_SECONDS:
                look(looker, open_since, lags)
                looked = time.perf_counter()
            else:
                time.sleep(max(0.0, min(0.001, due - time.perf_counter())))
        key = insert(writer, number, vectors[number % 100])
        open_since[key] = time.perf_counter()
    written = time.perf_counter()
    wait(looker, open_since, lags)
    return {"rows": int(rate * seconds), "seconds": written - began, "lags": lags,
            "left": len(open_since)}


def main(kind, conninfo, *numbers):
    numbers = [int(number) for number in numbers]
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.prepare_threshold = 1
        if kind == "lag":
            with psycopg.connect(conninfo, autocommit=True) as looker:
                found = lag(conn, looker, *numbers)
        else:
            found = {"pairs": inserts, "updates": updates, "fill": fill}[kind](conn, *numbers)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except psycopg.Error as error:
        print(f"{sys.argv[1]}: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
