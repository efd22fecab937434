# SPDX-License-Identifier: Apache-2.0
"""What a load makes of its inputs: those that break off, are no JSON Lines, are long, are no files;
and how much memory it takes."""

import codecs
import contextlib
import gzip
import json
import os
import re
import resource
import signal
import subprocess
import sys
import zlib

import pytest
from conftest import EXIT_STATUS, PARTLY, ROOT, make_row, make_vector, wait_until, write_rows
from crashes import Injected
from stores import stores_agree

VECTOR = make_vector(1)


def rows(first, last, **fields):
    return [make_row(n, vector=VECTOR, **fields) for n in range(first, last + 1)]


def lines(rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def numbers(report):
    return report["rows_read"], report["rows_loaded"], report["rows_bad"]


def count(grove, leaf):
    with grove.connect() as conn:
        return conn.execute("SELECT count(*) FROM content_metadata m JOIN subject1_hierarchy AS l"
                            " ON l.id = m.leaf_id AND m.hierarchy_table = 'subject1_hierarchy'"
                            " WHERE l.leaf = %s", (leaf,)).fetchone()[0]


# --- some rows are refused ------------------------------------------------------------------------

def test_a_partial_load_has_its_own_exit_status(empty, tmp_path):
    path = write_rows(tmp_path / "x", [*rows(1, 3, leaf="partly"), b"{", b"5"])
    done = empty("load", path, check=False)
    assert done.returncode == PARTLY
    assert done.stdout.startswith("read 5 rows, loaded 3 and refused 2, in ")
    assert done.stderr.count("\n") == 2
    assert numbers(empty.partly(path)) == (5, 3, 2)
    # Whole, or not at all: other statuses.
    assert empty("load", write_rows(path, rows(1, 3, leaf="partly"))).returncode == 0
    answer = empty.failure("invalid", "load", write_rows(path, [b"{", b"5"]))
    assert numbers(answer["load"]) == (2, 0, 2)
    table = (ROOT / "docs" / "cli.md").read_text()
    assert re.search(rf"^\| {PARTLY} \| \| `grove load`, [^|]*refused some rows", table, re.M)


def test_a_terminal_gets_the_first_refused_lines(empty, tmp_path):
    path = write_rows(tmp_path / "x", [*rows(1, 1, leaf="shown"), *[b"{"] * 40])
    status, shown = empty.on_terminal("load", path, columns=200)
    assert status == PARTLY and shown.count("not JSON") == 20
    assert shown.count("more lines are refused and not shown") == 1
    assert empty("load", path, check=False).stderr.count("not JSON") == 40


@pytest.mark.parametrize("kind", ["bad", "duplicate"])
def test_any_number_of_refused_lines_takes_no_memory(empty, tmp_path, kind):
    """Lines of 1 MB in a batch that never gets full: more bytes than a batch may have."""
    long = make_row(1, leaf="refused", body="long words " * 95_000, vector=VECTOR)
    if kind == "bad":
        long["word_count"] = -1
    line = json.dumps(long).encode() + b"\n"
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.write(lines(rows(2, 2, leaf="refused")))
        for _ in range(210):
            file.write(line)
    good = 1 if kind == "bad" else 2
    assert numbers(empty.partly(path)) == (211, good, 211 - good)


# A process starts with the peak of the one that it was made by, which is this one.
MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(status.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def peak_memory(grove, path):
    """Of a load, in bytes."""
    done = subprocess.run([sys.executable, "-c", MEASURE, *grove.command, "load", "--json", path],
                          env=grove.env, capture_output=True, text=True, timeout=300, check=True)
    status, peak = map(int, done.stdout.split())
    assert status == PARTLY
    return peak


def test_memory_does_not_grow_with_refused_lines(empty, tmp_path):
    def mixture(number):
        """Bad, duplicate and unchanged lines, and one that is good."""
        path = tmp_path / str(number)
        with path.open("wb") as file:
            file.write(lines(rows(1, 200, leaf="mixed")))
            line = lines([make_row(1, leaf="mixed", vector=VECTOR)])
            bad = lines([make_row(1, leaf="mixed", vector=VECTOR, word_count=-1)])
            for _ in range(number // 2):
                file.write(line + bad)
        return path

    few, many = mixture(1000), mixture(30_000)
    peak_memory(empty, few)
    assert peak_memory(empty, many) < peak_memory(empty, few) + (4 << 20)


# --- inputs that break off, or go on --------------------------------------------------------------

def broken(grove, path, leaf, *, code="corrupt", loaded, refused=0, piped=False):
    answer = grove.failure(code, "load", "-" if piped else path,
                           input=path.read_bytes() if piped else None)
    assert numbers(answer["load"]) == (loaded + refused, loaded, refused), answer
    assert count(grove, leaf) == loaded
    # The rows before are loaded: that is what is said.
    assert "are loaded" in answer["error"]["hint"], answer["error"]
    assert ("standard input" if piped else str(path)) in answer["error"]["message"]
    done = grove("load", path, check=False)
    assert done.returncode == EXIT_STATUS[code]
    return answer["error"]


@pytest.mark.parametrize("piped", [False, True])
def test_a_cut_gzip(empty, tmp_path, piped):
    leaf = f"cut {piped}"
    text = lines(rows(1, 300, leaf=leaf))
    path = tmp_path / "x.gz"
    data = gzip.compress(text)
    path.write_bytes(data[:-len(data) // 50])
    whole = len(rows_in(path))
    assert 257 < whole < 300  # more than a batch, and not all
    error = broken(empty, path, leaf, loaded=whole, piped=piped)
    assert "ends within its gzip data" in error["message"]
    assert f"line {whole}" in error["context"] or f"line {whole + 1}" in error["context"]


def rows_in(path):
    """The whole lines of a gzip file that may be cut."""
    unpacked = gzip_part(path.read_bytes())
    return unpacked.split(b"\n")[:-1]


def gzip_part(data):
    stream = zlib.decompressobj(wbits=31)
    return stream.decompress(data)


def test_what_follows_gzip(empty, tmp_path):
    """Members are one text, zeros are padding, anything else is an error."""
    path = tmp_path / "x.gz"
    first, second = (gzip.compress(lines(rows(a, a + 9, leaf="follows"))) for a in (1, 11))
    path.write_bytes(first + b"rubbish")
    error = broken(empty, path, "follows", loaded=10)
    assert "goes on after the end of its gzip data" in error["message"]
    path.write_bytes(first + second[:20])
    error = broken(empty, path, "follows", loaded=10)
    path.write_bytes(first + second + bytes(1000))
    assert numbers(empty.json("load", path)) == (20, 20, 0)
    # A member may end within a line.
    text = lines(rows(21, 24, leaf="follows"))
    path.write_bytes(gzip.compress(text[:1000]) + gzip.compress(text[1000:]))
    assert numbers(empty.json("load", path)) == (4, 4, 0)
    assert count(empty, "follows") == 24


def test_damaged_gzip_loads_what_is_good(empty, tmp_path):
    data = bytearray(gzip.compress(lines(rows(1, 30, leaf="damaged"))))
    data[-6] ^= 1  # of the checksum
    (tmp_path / "x.gz").write_bytes(data)
    error = broken(empty, tmp_path / "x.gz", "damaged", loaded=30)
    assert "damaged" in error["message"]


@pytest.mark.parametrize("end", ["in the middle", "within a string", "within a character",
                                 "within UTF-16", "in a bad line", "at the end"])
@pytest.mark.parametrize("piped", [False, True])
def test_a_text_that_ends_early(empty, tmp_path, end, piped):
    leaf = f"early {end} {piped}"
    text = lines(rows(1, 5, leaf=leaf))
    last = json.dumps(make_row(6, leaf=leaf, title="Éire", vector=VECTOR), ensure_ascii=False)
    path = tmp_path / "x.jsonl"
    tails = {"in the middle": last[:-20].encode(), "within a string": last[:40].encode(),
             "within a character": last[:last.index("É")].encode() + "É".encode()[:1]}
    if end == "within UTF-16":
        path.write_bytes(codecs.BOM_UTF16_LE + text.decode().encode("utf-16-le") + b"{")
    elif end == "in a bad line":
        path.write_bytes(text + last.replace("title", "titel").encode())
    elif end == "at the end":
        path.write_bytes(text + last.encode())
    else:
        path.write_bytes(text + tails[end])
    name, options = ("-", {"input": path.read_bytes()}) if piped else (path, {})
    if end == "at the end":  # only the line's end is missing
        assert numbers(empty.json("load", name, **options)) == (6, 6, 0)
    elif end == "in a bad line":
        assert numbers(empty.partly(name, **options)) == (6, 5, 1)
    else:
        error = broken(empty, path, leaf, loaded=5, piped=piped)
        assert "ends within" in error["message"] or "in the middle of line 6" in error["message"]
        answer = empty.failure("corrupt", "load", "--strict", name, **options)
        assert numbers(answer["load"])[1] == 0
        assert "nothing was loaded" in answer["error"]["hint"]


def test_refused_and_cut(empty, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(lines(rows(1, 3, leaf="both")) + b'{"x": 1}\n{"tree": "subj')
    broken(empty, path, "both", loaded=3, refused=1)
    done = empty("load", path, check=False)
    assert "read 4 rows, loaded 3 and refused 1, in " in done.stderr


def test_a_file_that_becomes_shorter(empty, tmp_path):
    """While the load waits within its first batch."""
    path = write_rows(tmp_path / "x", rows(1, 400, leaf="shorter"))
    whole = path.stat().st_size
    with Injected(empty.home).held_at(["load-committed"], "load", path,
                                      env={"GROVE_KNOBS": "load-rows=100"}) as load:
        load.reach("load-committed")
        os.truncate(path, whole // 2)
        load.go_on("load-committed")
        answer = json.loads(load.finish("io"))
    assert "became shorter while it was read" in answer["error"]["message"]
    assert str(whole) in answer["error"]["message"]
    assert answer["load"]["rows_loaded"] == count(empty, "shorter") < 400


def test_a_file_that_grows_is_read_as_it_was(empty, tmp_path):
    path = write_rows(tmp_path / "x", rows(1, 300, leaf="grows"))
    with Injected(empty.home).held_at(["load-committed"], "load", path) as load:
        load.reach("load-committed")
        with path.open("ab") as file:
            file.write(lines(rows(301, 400, leaf="grows")))
        load.go_on("load-committed")
        report = json.loads(load.finish("ok"))
    assert numbers(report) == (300, 300, 0)


# --- inputs of another kind -----------------------------------------------------------------------

TABLE = "tree,branch,limb,leaf,title\r\nsubject1,a,b,c,d\r\nsubject1,a,b,c,e\r\n"
ROW = make_row(1, leaf="kinds", vector=VECTOR)
KINDS = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n<<\n" * 50, "a PDF document", "pdftotext"),
    "zip": (b"PK\3\4\x14\0\0\0\x08\0" + bytes(range(256)) * 20, "a zip archive", "unzip -p"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x58\n\n" * 99, "zstd", "zstd -dc"),
    "xz": (b"\xfd7zXZ\0\0\n" * 99, "xz", "xz -dc"),
    "bzip2": (b"BZh91AY&SY\n" * 99, "bzip2", "bzip2 -dc"),
    "parquet": (b"PAR1\x15\x04\n" * 99, "a Parquet file", "read_parquet"),
    "sqlite": (b"SQLite format 3\0" * 99, "an SQLite database", "sqlite3"),
    "gzip of gzip": (gzip.compress(gzip.compress(lines([ROW]))), "compressed twice", "gzip -dc"),
    "zstd in gzip": (gzip.compress(b"\x28\xb5\x2f\xfd\x04\x58\n\n" * 99), "zstd", "zstd -dc"),
    "array": (json.dumps([ROW] * 3).encode(), "one JSON array", "jq -c '.[]'"),
    "array over lines": (json.dumps([ROW] * 3, indent=1).encode(), "one JSON array", "jq -c"),
    "objects over lines": (b"".join(json.dumps(ROW, indent=2).encode() + b"\n" for _ in range(9)),
                           "objects over several lines", "jq -c ."),
    "a long object over lines": (json.dumps({**ROW, "body": "b" * 90_000}, indent=2).encode(),
                                 "objects over several lines", "jq -c ."),
    "pandas": (json.dumps({name: {"0": value, "1": value} for name, value in ROW.items()}).encode(),
               "a table by columns", "orient=\"records\""),
    "pandas, split": (json.dumps({"columns": ["tree"], "index": [0], "data": [["x"]]}).encode(),
                      "a table by columns", "orient=\"records\""),
    "csv": (TABLE.encode(), "CSV", "grove import"),
    "csv with a mark": (b"\xef\xbb\xbf" + TABLE.encode(), "CSV", "grove import"),
    "csv in UTF-16": (TABLE.encode("utf-16"), "CSV", "grove import"),
    "semicolons": (TABLE.replace(",", ";").encode(), "CSV", "grove import"),
    "quoted": (
        b'\xef\xbb\xbfnr;betreff;text\r\n1;"Login; geht nicht";"zwei\r\nZeilen"\r\n', "CSV",
        "grove import"),
    "two columns": (b"nr;betreff\n1;Login\n", "CSV", "grove import"),
    "bars": (b"nr|betreff\n1|Login\n", "a table with bars", "grove import"),
    "a row that goes on": (b"nr;betreff;text\n1;a;" + b"b" * 300_000, "CSV", "grove import"),
    "tabs": (TABLE.replace(",", "\t").encode(), "a table with tabs", "grove import"),
    "quoted csv": (b'"id","title","body"\n"1","a","b"\n', "CSV", "grove import"),
    "html": (b"<!DOCTYPE html>\n<html><body>x</body>\n</html>\n", "HTML or XML", "--help"),
    "a comma in each line": (b"Dear all,\na letter, short.\nYours\n", "text without", "--help"),
    "prose": (b"Dear all,\na letter.\nYours\n" * 30, "text without a JSON object", "--help"),
    "binary": (bytes(range(256)).replace(b"{", b"") * 9, "binary data", "--help"),
    "UTF-32": (TABLE.encode("utf-32"), "UTF-32", "iconv"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piped", [False, True])
def test_another_kind_is_told_once(empty, tmp_path, kind, piped):
    data, what, hint = KINDS[kind]
    path = tmp_path / "x"
    path.write_bytes(data)
    done = empty("load", "-" if piped else path, check=False, **({"input": data} if piped else {}))
    assert done.returncode == EXIT_STATUS["unsupported"], done.stderr
    told = done.stderr if isinstance(done.stderr, str) else done.stderr.decode()
    name = "standard input" if piped else path
    assert told.splitlines()[0].startswith(f'grove: "{name}" is '), told
    assert what in told and "not JSON Lines" in told and hint in told
    assert len(told.splitlines()) < 9


def test_another_kind_beside_good_files_loads_nothing(empty, tmp_path):
    good = write_rows(tmp_path / "good", rows(1, 3, leaf="beside"))
    (tmp_path / "x.csv").write_text(TABLE)
    error = empty.fails("unsupported", "load", good, tmp_path / "x.csv")
    assert "x.csv" in error["message"] and count(empty, "beside") == 0


@pytest.mark.parametrize("first", [b"{", b'{"tree": "x"', b'{"tree": "x",', b'{"title": [1, 2,',
                                   b"", b"rubbish", b'{"a": {}}', b"\xff\xfd"])
def test_a_bad_first_line_is_a_bad_line(empty, tmp_path, first):
    path = write_rows(tmp_path / "x", [first, *rows(1, 3, leaf="first")])
    refused = 1 if first else 0
    report = empty.partly(path) if refused else empty.json("load", path)
    assert numbers(report) == (3 + refused, 3, refused)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_that_work(empty, tmp_path, encoding, packed):
    leaf = f"{encoding} {packed}"
    text = "\r\n".join(json.dumps(make_row(n, leaf=leaf, title=f"Élan 🌳 {n}", vector=VECTOR),
                                  ensure_ascii=False) for n in range(1, 300))
    data = text.encode(encoding)
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert numbers(empty.json("load", path)) == (299, 299, 0)
    with empty.connect() as conn:
        titles = {title for title, in conn.execute(
            "SELECT title FROM content_metadata AS m JOIN subject1_hierarchy AS l"
            " ON l.id = m.leaf_id AND m.hierarchy_table = 'subject1_hierarchy' WHERE l.leaf = %s",
            (leaf,))}
    assert titles == {f"Élan 🌳 {n}" for n in range(1, 300)}


def test_broken_utf_16_is_a_bad_line(empty, tmp_path):
    text = "".join(json.dumps(row) + "\n" for row in rows(1, 3, leaf="surrogate"))
    data = text.replace("Row 2", "Row \ud800x", 1).encode("utf-16", "surrogatepass")
    (tmp_path / "x").write_bytes(data)
    report = empty.partly(tmp_path / "x")
    assert numbers(report) == (3, 2, 1)
    assert report["bad_lines"][0]["line"] == 2 and "not UTF-8" in report["bad_lines"][0]["reason"]


def test_joined_files_may_each_have_a_mark(empty, tmp_path):
    one = b"\xef\xbb\xbf" + lines(rows(1, 2, leaf="joined"))
    (tmp_path / "x").write_bytes(one + b"\xef\xbb\xbf" + lines(rows(3, 4, leaf="joined")))
    assert numbers(empty.json("load", tmp_path / "x")) == (4, 4, 0)


# --- lines ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("given", [250.0, 2.5e2, "250", "250.0", "2.5e2"])
def test_whole_numbers_in_any_form(empty, tmp_path, given):
    row = make_row(1, leaf=f"whole {given!r}", vector=VECTOR, word_count=given)
    assert numbers(empty.json("load", write_rows(tmp_path / "x", [row]))) == (1, 1, 0)
    with empty.connect() as conn:
        assert conn.execute("SELECT word_count FROM content_metadata AS m JOIN subject1_hierarchy l"
                            " ON l.id = m.leaf_id AND m.hierarchy_table = 'subject1_hierarchy'"
                            " WHERE l.leaf = %s", (row["leaf"],)).fetchone() == (250,)


LONG = 65 << 20


@pytest.mark.parametrize("text, reason", [
    (b"x" * LONG, f"{LONG} bytes, at most 8388608"),
    (b'{"tree": "' + b"y" * 9_000_000 + b'"}', f"{9_000_012} bytes, at most 8388608"),
    (b"[" * 8_000_000, "far more values than a row has"),
    (b'{"vector": [' + b"1," * 4_000_000 + b"1]}", "far more values than a row has"),
    (b'{"a":' * 1000 + b"1" + b"}" * 1000, 'unknown field "a"'),
    (b'{"id": 1}', 'unknown field "id"'),
    (b'{"tree": "geology"}', 'no tree "geology"; there are religion, subject1, subject2'),
    (b'{"tree": "subject1", "tree": "subject1"}', "given twice"),
    (b'{"tree": "a\0b"}', "a NUL byte, at byte 12"),
    (b'{"tree": "a\xffb"}', "not UTF-8 at byte 12: 0xff"),
    (json.dumps(make_row(word_count=7)).encode().replace(b": 7", b": 1e999"), "not a whole number"),
    (json.dumps(make_row(word_count=7)).encode().replace(b": 7", b": " + b"9" * 200),
     "out of range"),
    (json.dumps(make_row(word_count="0x10")).encode(), "not a whole number"),
    (json.dumps(make_row(word_count="")).encode(), "not a whole number"),
    (json.dumps(make_row(word_count=250.5)).encode(), "not a whole number"),
    (json.dumps(make_row(word_count="250.5")).encode(), "not a whole number"),
], ids=lambda value: "" if isinstance(value, bytes) else value[:20])
def test_hostile_lines(empty, tmp_path, text, reason):
    path = write_rows(tmp_path / "x", [*rows(1, 1, leaf="hostile"), text])
    report = empty.partly(path)
    assert numbers(report) == (2, 1, 1)
    bad, = report["bad_lines"]
    assert bad["line"] == 2 and reason in bad["reason"], bad["reason"]
    assert "did you mean" not in bad["reason"]


def test_the_longest_lines_take_bounded_memory(empty, tmp_path):
    path = write_rows(tmp_path / "x", [*rows(1, 1, leaf="longest"), b"[" * 8_000_000,
                                       b'{"vector": [' + b"1," * 4_000_000 + b"1]}", b"x" * LONG])
    assert peak_memory(empty, path) < 160 << 20


def test_one_name_for_standard_input(empty):
    row = lines(rows(1, 1, leaf="named"))
    done = empty("load", "-", check=False, input=row + row)
    assert done.stderr.decode().startswith(
        "standard input:2: duplicate of standard input:1 (tree, branch"), done.stderr


# --- files that are none --------------------------------------------------------------------------

def test_devices(empty, tmp_path):
    for device in ("/dev/zero", "/dev/urandom"):
        assert "is a device" in empty.fails("invalid", "load", device)["message"]
        with open(device, "rb") as file:
            done = subprocess.run([*empty.command, "--json", "load", "-"], stdin=file, timeout=60,
                                  capture_output=True, env=empty.env, check=False)
        assert '"standard input" is a device' in json.loads(done.stdout)["error"]["message"]
    assert numbers(empty.json("load", "/dev/null")) == (0, 0, 0)
    assert numbers(empty.json("load", write_rows(tmp_path / "x", []))) == (0, 0, 0)


def test_the_same_file_twice(empty, tmp_path):
    path = write_rows(tmp_path / "x", rows(1, 2, leaf="twice"))
    (tmp_path / "link").symlink_to(path)
    assert f'"{path}" is given twice' in empty.fails("invalid", "load", path, path)["message"]
    message = empty.fails("invalid", "load", path, tmp_path / "link")["message"]
    assert str(path) in message and "are the same file" in message
    error = empty.fails("invalid", "load", "-", "-", input=path.read_bytes())
    assert '"standard input" is given twice' in error["message"]
    assert "are the same file" in \
        empty.fails("invalid", "load", "-", "/dev/stdin", input=b"")["message"]
    assert count(empty, "twice") == 0


def test_more_files_than_descriptors(empty, tmp_path):
    paths = [write_rows(tmp_path / str(n), rows(n, n, leaf="many")) for n in range(1, 61)]
    done = subprocess.run([*empty.command, "--json", "load", *map(str, paths)], env=empty.env,
                          capture_output=True, timeout=120, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50)))
    assert done.returncode == 0, done.stdout
    assert numbers(json.loads(done.stdout)) == (60, 60, 0)


def test_standard_input_is_read_from_where_it_is(empty, tmp_path):
    path = write_rows(tmp_path / "x", [b"a head line", *rows(1, 2, leaf="offset")])
    for strict in ([], ["--strict"]):
        with path.open("rb", buffering=0) as file:
            file.seek(len("a head line\n"))
            done = subprocess.run([*empty.command, "--json", "load", "-", *strict], stdin=file,
                                  timeout=60, capture_output=True, env=empty.env, check=False)
        assert numbers(json.loads(done.stdout)) == (2, 2, 0)


def test_no_place_for_the_copy(empty, tmp_path):
    missing = str(tmp_path / "missing")
    error = empty.fails("not_found", "load", "--strict", "-", input=b"{}\n",
                        env={"TMPDIR": missing})
    assert f'in "{missing}"' in error["message"] and "XXXXXX" not in error["message"]
    assert "TMPDIR" in error["hint"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("place", ["pipe", "fifo"])
def test_waiting_for_input_can_be_interrupted(empty, tmp_path, strict, place):
    """With nothing there yet, and in the middle of a line."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for begun in (b"", lines(rows(1, 2, leaf="waiting")) + b'{"tree": '):
        options = ["--strict"] if strict else []
        name = "-" if place == "pipe" else str(fifo)
        process = subprocess.Popen([*empty.command, "--json", "load", name, *options],
                                   env=empty.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            writer = process.stdin.fileno()
            if place == "fifo":
                wait_until(lambda: str(fifo) in opened_by(process.pid))
                writer = os.open(fifo, os.O_WRONLY)
            else:
                wait_until(lambda: opened_by(process.pid).count(opened_by(process.pid, "0")[0]) > 1)
            os.write(writer, begun)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == EXIT_STATUS["cancelled"]
        finally:
            process.kill()
            process.communicate()
    assert count(empty, "waiting") == 0


def opened_by(pid, which=None):
    """What the descriptors of a process are."""
    found = []
    for descriptor in [which] if which else os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    return found


@pytest.mark.parametrize("point", ["load-begun", "load-leaves", "load-contents", "load-bodies",
                                   "load-vectors", "load-committed", "projector-leased",
                                   "projector-written", "load-projected"])
def test_an_interrupt_leaves_whole_batches(empty, tmp_path, point):
    """At any place of the second one, while two more may be written already."""
    path = write_rows(tmp_path / "x", rows(1, 125, leaf=f"at {point}"))
    with Injected(empty.home).held_at([f"{point}@2"], "load", path,
                                      env={"GROVE_KNOBS": "load-rows=25"}) as load:
        load.reach(f"{point}@2")
        load.process.send_signal(signal.SIGINT)
        load.go_on(f"{point}@2")
        answer = json.loads(load.finish("cancelled"))
    there = count(empty, f"at {point}")
    assert there in (25, 50, 75, 100) and answer["load"]["rows_loaded"] == there
    assert "the same command again goes on" in answer["error"]["hint"]
    assert empty.json("sync")["pending"] == 0
    stores_agree(empty)
    assert empty.json("load", path)["rows_unchanged"] == there


def test_rows_do_not_wait_for_those_that_come_slowly(empty):
    """A batch is what comes within a second, though the pipe stays open."""
    with subprocess.Popen([*empty.command, "--json", "load", "-"], env=empty.env,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(lines(rows(1, 3, leaf="slowly")))
        process.stdin.flush()
        wait_until(lambda: count(empty, "slowly") == 3)
        assert process.poll() is None
        process.communicate()
    assert process.returncode == 0


def test_a_load_has_as_long_as_it_is_given(empty):
    with subprocess.Popen([*empty.command, "--json", "load", "-", "--timeout", "2s"],
                          env=empty.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.wait(60) == EXIT_STATUS["timeout"]
        assert "2 s that it was given" in json.loads(process.stdout.read())["error"]["message"]


# --- progress -------------------------------------------------------------------------------------

def drawn(shown):
    return [part.split("\x1b[K")[0] for part in shown.split("\r")[1:]]


def test_progress_is_there_from_the_start_and_honest(empty, tmp_path):
    """The first 10 % of the bytes are 500 rows, the rest is one: no more is claimed than done."""
    path = write_rows(tmp_path / "x", [*rows(1, 500, leaf="progress"), b" " * 8_000_000])
    status, shown = empty.on_terminal("load", path, columns=100)
    assert status == 0
    first = drawn(shown)[0]
    assert "0 %" in first and "0 rows" in first
    assert not [line for line in drawn(shown) if "256 rows" in line and not
                re.search(r"\b(?:[0-9]|1[0-9]) %", line)]


def test_batches_that_must_be_embedded_are_small_at_first(empty, tmp_path):
    """So there is progress to be seen, and Ctrl-C is obeyed, on slow processors too."""
    path = write_rows(tmp_path / "x", [make_row(n, leaf="small") for n in range(1, 41)])
    with Injected(empty.home).held_at(["load-committed"], "load", path) as load:
        load.reach("load-committed")
        assert count(empty, "small") == 32
        load.go_on("load-committed")
        assert numbers(json.loads(load.finish("ok"))) == (40, 40, 0)


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_progress_fits_the_terminal(empty, tmp_path, columns):
    path = write_rows(tmp_path / "x", rows(1, 800, leaf=f"narrow {columns}"))
    status, shown = empty.on_terminal("load", path, columns=columns)
    assert status == 0
    lines_drawn = drawn(shown)
    assert lines_drawn and max(map(len, lines_drawn)) < columns
    assert any(" %" in line for line in lines_drawn)


def test_texts_longer_than_the_model_reads_are_counted(empty, tmp_path):
    few, many = "word " * 200, "word " * 300
    data = [make_row(n, leaf="texts", body=many if n <= 3 else few) for n in range(1, 9)]
    # Those with a vector of their own are not embedded.
    data += [make_row(n, leaf="texts", body=many, vector=VECTOR) for n in range(9, 11)]
    path = write_rows(tmp_path / "x", data)
    done = empty("load", path)
    assert ("3 of 8 texts are longer than the 256 tokens that the model reads; what comes later is "
            "not found") in done.stdout
    assert "longer than" not in empty("load", path).stdout  # nothing is embedded
    data[0]["title"] = "Changed"
    assert empty.json("load", write_rows(path, data))["rows_cut"] == 1
