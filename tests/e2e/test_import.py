# SPDX-License-Identifier: Apache-2.0
"""grove import: tables as people have them become contents."""

import csv
import gzip
import io
import json
import subprocess

import pytest
from conftest import EXIT_STATUS, PARTLY, make_row, make_vector, write_rows

@pytest.fixture(autouse=True)
def cleared(empty):
    """The file's home without the contents of the test before."""
    if exported(empty):
        empty("rm", "subject1", "--yes")


ARTICLES = [
    {"id": "1", "title": "Rain", "body": "Drops fall,\nwhen they are \"heavy\".", "category": "Sky",
     "made": "2024/03/05"},
    {"id": "2", "title": "Snow", "body": "Frozen rain.", "category": "Sky/High",
     "made": "5 Mar 2024"},
    {"id": "3", "title": "Bread", "body": "Flour; water", "category": "", "made": "1709640000"},
]
PATH = "subject1/{category|Other}"
HOW = ["--path", PATH, "--chunk", "id", "--created", "made", "--type", "Article"]


def as_csv(rows, newline="\r\n", **form):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0], lineterminator=newline, **form)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def exported(grove, *arguments):
    return [json.loads(line) for line in grove("export", *arguments).stdout.splitlines()]


def check(grove):
    found = sorted(exported(grove), key=lambda row: row["chunk_number"])
    assert [row["title"] for row in found] == ["Rain", "Snow", "Bread"]
    assert [row["body"] for row in found] == [row["body"] for row in ARTICLES]
    assert [row["branch"] for row in found] == ["Sky", "Sky/High", "Other"]
    assert all(row["branch"] == row["limb"] == row["leaf"] for row in found)
    assert {row["created_at"][:10] for row in found} == {"2024-03-05"}
    assert {row["content_type"] for row in found} == {"Article"}


@pytest.mark.parametrize("form", [
    as_csv(ARTICLES).encode(),
    b"\xef\xbb\xbf" + as_csv(ARTICLES, newline="\n").encode(),
    as_csv(ARTICLES, delimiter=";").encode(),
    as_csv(ARTICLES, delimiter="\t", quoting=csv.QUOTE_ALL).encode(),
    as_csv(ARTICLES).encode("utf-16"),
    gzip.compress(as_csv(ARTICLES).encode()),
    as_csv(ARTICLES).rstrip().encode(),
    as_lines([{**row, "id": int(row["id"]), "category": row["category"] or None}
              for row in ARTICLES]).encode(),
], ids=["csv", "mark", "semicolons", "tabs", "utf-16", "gzip", "no last line end", "json lines"])
@pytest.mark.parametrize("piped", [False, True])
def test_a_table_is_taken_as_it_is(empty, tmp_path, form, piped):
    path = tmp_path / "x"
    path.write_bytes(form)
    done = empty("import", "-" if piped else path, *HOW, **({"input": form} if piped else {}))
    told = done.stderr if isinstance(done.stderr, str) else done.stderr.decode()
    assert 'title from "title", text from "body"' in told
    check(empty)
    # What is there already stays as it is.
    again = json.loads(empty("import", path, *HOW, "--json").stdout)
    assert again["rows_unchanged"] == 3 and again["rows_read"] == 3


def test_another_encoding_is_told_with_how_to_convert_it(empty, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(as_csv(ARTICLES).replace("Sky", "Caf\xe9").encode("latin-1"))
    done = empty("import", path, *HOW, check=False)
    assert done.returncode and '"iconv -f WINDOWS-1252 -t UTF-8" converts a file' in (
        " ".join(done.stderr.split())), done.stderr
    path.write_text(subprocess.run(["iconv", "-f", "WINDOWS-1252", "-t", "UTF-8", path],
                                   capture_output=True, text=True, check=True).stdout)
    assert "Caf\xe9" in path.read_text() and empty.json("import", path, *HOW)["rows_bad"] == 0


def test_with_a_key_rows_are_documents_of_any_length(empty, tmp_path):
    rows = [{"id": str(i), "title": f"Title {i}", "category": "Sky", "url": f"http://x.test/{i}",
             "metadata": '{"n": %d}' % i,
             "body": "\n\n".join(f"Part {part} of text {i} tells of the weather of month {part}. "
                                 * 4 for part in range(12))} for i in range(1, 4)]
    how = ["--path", "subject1/{category}", "--key", "id", "--source", "files/{category}"]
    (tmp_path / "x.csv").write_text(as_csv(rows), newline="")
    first = empty.json("import", tmp_path / "x.csv", *how)
    assert first["documents"] == 3 and first["rows_bad"] == 0 and first["chunks_written"] > 9
    with empty.connect() as conn:
        assert conn.execute("SELECT key, source, url, metadata->>'n', chunk_count "
                            "FROM grove.document ORDER BY key").fetchall() == [
            (str(i), "files/Sky", f"http://x.test/{i}", str(i), first["chunks_written"] // 3)
            for i in range(1, 4)]
    again = empty.json("import", tmp_path / "x.csv", *how)
    assert again["rows_unchanged"] == 3 and again["chunks_written"] == 0
    rows[1]["body"] = rows[1]["body"].replace("month 7", "September")
    (tmp_path / "x.csv").write_text(as_csv(rows), newline="")
    changed = empty.json("import", tmp_path / "x.csv", *how)
    assert changed["rows_unchanged"] == 2 and 0 < changed["chunks_written"] < 4
    found = empty.json("search", "September weather", "--path", "subject1/Sky", "--limit", "1")
    assert found["results"][0]["title"].startswith("Title 2") and found["complete"]


def test_what_postgresql_writes_is_read(empty, tmp_path):
    empty("psql", "--", "-q", "-c",
          "CREATE TABLE public.articles (id int, title text, body text, category text, made date);"
          "INSERT INTO public.articles VALUES "
          "(1, 'Rain', E'Drops fall,\\nwhen they are \"heavy\".', 'Sky', '2024-03-05'), "
          "(2, 'Snow', 'Frozen rain.', 'Sky/High', '2024-03-05'), "
          "(3, 'Bread', 'Flour; water', NULL, '2024-03-05')")
    rows = empty("psql", "--", "-q", "-c", "COPY public.articles TO STDOUT CSV HEADER").stdout
    empty("import", "-", *HOW, input=rows)
    check(empty)


def test_an_export_as_csv_comes_back_equal(empty, tmp_path):
    rows = [make_row(1, title="a, \"b\"", summary="two\nlines", body="x\r\ny"),
            make_row(2, branch="either/or", vector=make_vector(3), body="given"),
            make_row(3, summary="no body", created_at="2024-03-05T01:02:03.000004Z")]
    empty("load", write_rows(tmp_path / "x.jsonl", rows))
    before, table = exported(empty), empty("export", "--csv", input=b"").stdout
    (tmp_path / "x.csv").write_bytes(table)
    empty("rm", "subject1", "--yes")
    assert exported(empty) == []
    empty("import", tmp_path / "x.csv", "--path", "{tree}/{branch}/{limb}/{leaf}")
    assert exported(empty) == before and len(before) == 3


def test_bad_rows_are_told_by_line_and_column(empty, tmp_path):
    (tmp_path / "x.csv").write_text(
        "id,title,body,category,made\n"
        "1,\"a\n\nb\",x,Sky,\n"            # a line end in a title
        "2,two,x\n"                        # ragged
        "3,three,x,Sky,05/03/2024\n"
        "4,four,,Sky,\n"                   # no text
        "5,five,\"x\"y,Sky,\n"
        "6,,x,Sky,\n"                      # a null title
        "7,seven,x,Sky,\n")
    done = empty("import", tmp_path / "x.csv", *HOW, check=False)
    assert done.returncode == PARTLY
    told = [line.split("x.csv:")[1] for line in done.stderr.splitlines() if "x.csv:" in line]
    assert told[0].startswith("2: title: control character 0x0a")
    assert told[1] == "5: 3 columns, and the first line names 5"
    assert told[2].startswith('6: made: "05/03/2024" is not a time') and "month" in told[2]
    assert told[3].startswith("7: summary: missing, and there is no body")
    assert told[4].startswith("8: text after a closing quote")
    assert told[5].startswith("9: title: missing")
    assert len(told) == 6 and "loaded 1 and refused 6" in done.stdout
    assert [row["title"] for row in exported(empty)] == ["seven"]


def test_files_with_the_same_keys_do_not_overwrite_each_other(fresh, tmp_path):
    """Rows of most tables are numbered from 1. Below another tree they are another file's."""
    (tmp_path / "x.csv").write_text("id,title,body\n1,Rain,Drops fall.\n")
    (tmp_path / "y.csv").write_text("id,title,body\n0,Hail,Ice falls.\n1,Snow,Flakes fall.\n")
    fresh("import", tmp_path / "x.csv", "--path", "subject1/Sky", "--key", "id")
    other = ("import", tmp_path / "y.csv", "--path", "subject2/Sky", "--key", "id")
    error = fresh.fails("conflict", *other)
    assert 'a document "1" in another tree already, subject1_hierarchy' in error["message"]
    assert "--source NAME" in error["hint"] and "line 3" in error["context"]
    assert sorted(row["title"] for row in exported(fresh)) == ["Hail", "Rain"]
    assert fresh.json(*other, "--source", "y")["rows_inserted"] == 2
    # Within its tree a document goes where its row says; and with a source nobody else has its key.
    moved = fresh.json("import", tmp_path / "x.csv", "--path", "subject1/Rain", "--key", "id")
    assert (moved["rows_updated"], moved["chunks_kept"]) == (1, 1)
    moved = fresh.json("import", tmp_path / "y.csv", "--path", "subject3/Sky", "--key", "id",
                       "--source", "y")
    assert moved["rows_updated"] == 2
    # Where the column of the tree says so, and by a load.
    (tmp_path / "z.csv").write_text("id,title,body,tree\n1,Rain,Drops fall.,subject4\n")
    assert fresh.json("import", tmp_path / "z.csv", "--path", "{tree}/Sky", "--key",
                      "id")["rows_updated"] == 1
    row = make_row(1, document="1", tree="subject5", body="Drops fall.")
    for field in ("summary", "chunk_number", "word_count"):
        row.pop(field, None)
    assert fresh.json("load", write_rows(tmp_path / "z.jsonl", [row]))["rows_updated"] == 1


def test_an_import_makes_the_home(grove, tmp_path):
    (tmp_path / "x.csv").write_text("id,title,body\n1,Rain,Drops fall.\n")
    done = grove.json("import", tmp_path / "x.csv", "--path", "subject1/Sky", "--key", "id")
    assert done["rows_inserted"] == 1


def test_rows_of_one_place_want_a_key_or_a_number(empty, tmp_path):
    (tmp_path / "x.csv").write_text("title,body\nRain,Drops fall.\nSnow,Flakes fall.\n")
    done = empty("import", tmp_path / "x.csv", "--path", "subject1/Sky", check=False)
    assert done.returncode == PARTLY
    assert "with --key COLUMN each row is a document" in done.stderr
    assert "chunk_number: where" not in done.stderr


def test_an_end_within_quotes_is_no_row(empty, tmp_path):
    (tmp_path / "x.csv").write_text("id,title,body,category,made\n1,one,x,Sky,\n2,two,\"x\n3,y\n")
    error = empty.fails("corrupt", "import", tmp_path / "x.csv", *HOW)
    assert "ends within quotes, in the row that begins in line 3" in error["message"]
    assert [row["title"] for row in exported(empty)] == ["one"]
    cut = gzip.compress(as_csv(ARTICLES * 1).encode())[:-12]
    (tmp_path / "cut.gz").write_bytes(cut)
    error = empty.fails("corrupt", "import", tmp_path / "cut.gz", *HOW)
    assert "gzip" in error["message"]
    (tmp_path / "x.csv").write_text("id,title,body,category,made\n1,one,x,Sky,\n2,two,\n")
    empty("rm", "subject1", "--yes")
    error = empty.fails("invalid", "import", tmp_path / "x.csv", *HOW, "--strict")
    assert ":3: " in error["message"] and exported(empty) == []


@pytest.mark.parametrize("arguments, code, told", [
    (["--path", "subject1/{categry}"], "not_found", 'has no column "categry"'),
    (["--path", "wiki/{category}"], "not_found", 'there is no tree "wiki"'),
    (["--path", "subject1/{category"], "invalid", "no closing brace"),
    ([], "invalid", "no path"),
    (["--path", "subject1", "--text", "nope"], "not_found", 'has no column "nope"'),
    (["--path", "subject1", "--separator", "ab"], "invalid", "is not one character"),
    (["--path", "subject1", "--csv", "--jsonl"], "invalid", "exclude each other"),
], ids=["column", "tree", "brace", "path", "text", "separator", "format"])
def test_what_cannot_be_meant_is_told_before_a_row_is_read(empty, tmp_path, arguments, code, told):
    (tmp_path / "x.csv").write_text(as_csv(ARTICLES), newline="")
    error = empty.fails(code, "import", tmp_path / "x.csv", *arguments)
    assert told in error["message"], error
    if "categry" in told:
        assert 'did you mean "category"?' in error["hint"]
    if "wiki" in told:
        assert "grove subject add wiki" in error["hint"]
    assert exported(empty) == []


@pytest.mark.parametrize("data, what", [
    (b"%PDF-1.4\n", "a PDF document"),
    (b"\x28\xb5\x2f\xfd\x04\x58\n\n" * 99, "zstd"),
    (json.dumps(ARTICLES).encode(), "one JSON array"),
    (b"<html><body>x</body></html>", "HTML"),
])
def test_what_is_no_table_is_told_once(empty, tmp_path, data, what):
    (tmp_path / "x").write_bytes(data)
    done = empty("import", tmp_path / "x", *HOW, check=False)
    assert done.returncode == EXIT_STATUS["unsupported"]
    assert what in done.stderr and "not CSV or JSON Lines" in done.stderr
    assert len(done.stderr.splitlines()) < 9
