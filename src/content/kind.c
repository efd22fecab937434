// SPDX-License-Identifier: Apache-2.0
#include "content/kind.h"

#include "base/json.h"
#include "content/record.h"

// --- by their first bytes ------------------------------------------------------------------------

#define PIPE(program) "unpack it on the way: " program " FILE | grove ... -"
#define PANDAS(read)                                                                               \
    "write its rows as JSON Lines, with pandas for example: "                                      \
    "pandas." read ".to_json(\"rows.jsonl\", orient=\"records\", lines=True, "                     \
    "date_format=\"iso\")"
#define TEXT_OUT                                                                                   \
    "take the text out of it, and write each part as a JSON object with its tree, branch, limb, "  \
    "leaf, content_type, title and body: see grove load --help"

#define MAGIC(bytes, at, what, hint)                                                               \
    {                                                                                              \
        {bytes, sizeof(bytes) - 1}, at,                                                            \
        {                                                                                          \
            what, hint                                                                             \
        }                                                                                          \
    }

static const struct {
    struct text bytes;
    size_t at;
    struct kind kind;
} magics[] = {
    MAGIC("%PDF-", 0, "a PDF document", TEXT_OUT " (pdftotext, for the text)"),
    MAGIC("PK\3\4", 0, "a zip archive, or an office document",
          PIPE("unzip -p") "; export a spreadsheet as CSV first"),
    MAGIC("\x28\xb5\x2f\xfd", 0, "compressed by zstd", PIPE("zstd -dc")),
    MAGIC("\xfd\x37zXZ\0", 0, "compressed by xz", PIPE("xz -dc")),
    MAGIC("BZh", 0, "compressed by bzip2", PIPE("bzip2 -dc")),
    MAGIC("\x04\x22\x4d\x18", 0, "compressed by lz4", PIPE("lz4 -dc")),
    MAGIC("\x1f\x8b", 0, "compressed twice by gzip", PIPE("gzip -dc")),
    MAGIC("7z\xbc\xaf\x27\x1c", 0, "a 7z archive", PIPE("7z x -so")),
    MAGIC("Rar!\x1a", 0, "a rar archive", "unpack it first"),
    MAGIC("ustar", 257, "a tar archive", PIPE("tar -xO -f")),
    MAGIC("PAR1", 0, "a Parquet file", PANDAS("read_parquet(\"FILE\")")),
    MAGIC("ARROW1", 0, "an Arrow file", PANDAS("read_feather(\"FILE\")")),
    MAGIC("ORC", 0, "an ORC file", PANDAS("read_orc(\"FILE\")")),
    MAGIC("\x80\x04\x95", 0, "a Python pickle", PANDAS("read_pickle(\"FILE\")")),
    MAGIC("\x89HDF", 0, "an HDF5 file", PANDAS("read_hdf(\"FILE\")")),
    MAGIC("SQLite format 3", 0, "an SQLite database",
          "sqlite3 -csv -header FILE \"SELECT * FROM ...\" | grove import - --path TREE/{COLUMN}"),
    MAGIC("\xff\xfe\0\0", 0, "text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE | grove ... -"),
    MAGIC("\0\0\xfe\xff", 0, "text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE | grove ... -"),
    MAGIC("\x7f"
          "ELF",
          0, "a program", "JSON Lines are wanted: see grove load --help"),
    MAGIC("\x89PNG", 0, "a picture", TEXT_OUT),
    MAGIC("\xff\xd8\xff", 0, "a picture", TEXT_OUT),
    MAGIC("{\\rtf", 0, "a document in RTF", TEXT_OUT),
};

static const struct kind *find_magic(struct text head)
{
    for (size_t i = 0; i < ARRAY_COUNT(magics); i++) {
        struct text bytes = magics[i].bytes;
        if (head.length >= magics[i].at + bytes.length &&
            memcmp(head.data + magics[i].at, bytes.data, bytes.length) == 0)
            return &magics[i].kind;
    }
    return NULL;
}

// --- JSON of another shape -----------------------------------------------------------------------

static const struct kind array = {"one JSON array", "write one object a line: jq -c '.[]' FILE | "
                                                    "grove ... -"};
static const struct kind several_lines = {"JSON with objects over several lines",
                                          "write one object a line: jq -c . FILE | grove ... -"};
static const struct kind columns = {
    "a table by columns, as pandas writes it",
    "write one row a line: df.to_json(\"rows.jsonl\", orient=\"records\", lines=True, "
    "date_format=\"iso\")"};

static bool is_table_by_columns(yyjson_val *root)
{
    yyjson_val *title = yyjson_obj_get(root, "title"), *tree = yyjson_obj_get(root, "tree");
    if (yyjson_is_obj(title) || yyjson_is_arr(title))
        return yyjson_is_obj(tree) || yyjson_is_arr(tree);
    return yyjson_is_arr(yyjson_obj_get(root, "columns")) &&
           yyjson_is_arr(yyjson_obj_get(root, "data"));
}

// Of a text that begins with "{". A string has no line end in it, so an object with one is written
// over several lines, whether it ends within the head or not.
static const struct kind *judge_object(struct text text)
{
    struct text whole = text_trim(text);
    yyjson_read_err failure = {0};
    yyjson_doc *document = yyjson_read_opts(
        (char *)(uintptr_t)whole.data, whole.length,
        YYJSON_READ_ALLOW_INF_AND_NAN | YYJSON_READ_STOP_WHEN_DONE, json_allocator(), &failure);
    bool goes_on = !document && failure.code == YYJSON_READ_ERROR_UNEXPECTED_END;
    if (!document)
        return goes_on && memchr(whole.data, '\n', whole.length) ? &several_lines : NULL;
    const struct kind *kind = NULL;
    if (memchr(whole.data, '\n', yyjson_doc_get_read_size(document)))
        kind = &several_lines;
    else if (is_table_by_columns(yyjson_doc_get_root(document)))
        kind = &columns;
    yyjson_doc_free(document);
    return kind;
}

// --- text ----------------------------------------------------------------------------------------

static const char import_it[] = "\"grove import FILE --path TREE/{COLUMN}\" loads it: it is told "
                                "which column is what, or finds them by their names";

static const struct {
    char separator;
    struct kind kind;
} tables[] = {
    {',', {"a table in CSV", import_it}},
    {'\t', {"a table with tabs", import_it}},
    {';', {"a table in CSV", import_it}},
    {'|', {"a table with bars", import_it}},
};
static const struct kind markup = {"HTML or XML", TEXT_OUT};
static const struct kind binary = {"binary data", "JSON Lines are wanted: see grove load --help"};
static const struct kind no_names = {"binary data",
                                     "the first line of CSV has the names of its columns: see "
                                     "grove import --help"};
static const struct kind other_text = {"text without a JSON object in it",
                                       "each line must be a JSON object: see grove load --help. A "
                                       "file as one document: jq -Rsc '{tree: \"...\", branch: "
                                       "\"...\", limb: \"...\", leaf: \"...\", content_type: "
                                       "\"Text\", title: \"...\", document: \"NAME\", body: .}' "
                                       "FILE | grove load -"};

// Takes a row off, whose quoted fields may have separators and line ends in them, and counts its
// separators. False: the text ends before the row does.
static bool take_row(struct text *rest, char separator, size_t *ret_separators)
{
    bool quoted = false;
    size_t i = 0, separators = 0;
    for (; i < rest->length && (quoted || rest->data[i] != '\n'); i++) {
        quoted ^= rest->data[i] == '"';
        separators += !quoted && rest->data[i] == separator;
    }
    bool ended = i < rest->length;
    *rest = (struct text){rest->data + i + ended, rest->length - i - ended};
    *ret_separators = separators;
    return ended;
}

static bool names_a_field(struct text line, char separator)
{
    struct text part;
    while (text_split(&line, separator, &part)) {
        part = text_trim(part);
        if (part.length > 2 && part.data[0] == '"')
            part = (struct text){part.data + 1, part.length - 2};
        if (record_has_field(part))
            return true;
    }
    return false;
}

// The first row names columns that a load knows, or the first two have as many. Prose has commas in
// any line, so one in each does not tell of a table.
static const struct kind *find_table(struct text head)
{
    struct text lines = head, first = {0};
    (void)text_split(&lines, '\n', &first);
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        char separator = tables[i].separator;
        struct text rest = head;
        size_t separators = 0, second = 0, least = separator == ',' ? 2 : 1;
        (void)take_row(&rest, separator, &separators);
        bool whole = take_row(&rest, separator, &second);
        // Of a row that the head cuts off the other separators may come yet.
        bool alike = second == separators || (!whole && rest.length == 0 && second < separators);
        if (separators > 0 &&
            (names_a_field(first, separator) || (separators >= least && second > 0 && alike)))
            return &tables[i].kind;
    }
    return NULL;
}

// Without what may stand before a text.
static struct text skip_mark(struct text text)
{
    return text_trim(text_without_mark(text_trim(text)));
}

// The rest from the first line on that begins with "{"; {NULL, 0}: none does.
static struct text find_object(struct text head)
{
    struct text rest = head, line;
    while (text_split(&rest, '\n', &line)) {
        struct text trimmed = skip_mark(line);
        if (trimmed.length > 0 && trimmed.data[0] == '{')
            return (struct text){trimmed.data, (size_t)(head.data + head.length - trimmed.data)};
    }
    return (struct text){0};
}

const struct kind *kind_of(struct text head)
{
    const struct kind *kind = find_magic(head);
    struct text text = skip_mark(head);
    if (kind || text.length == 0)
        return kind;
    if (text.data[0] == '[')
        return &array;
    struct text object = find_object(text);
    if (object.data)
        return judge_object(object);
    if (memchr(text.data, '\0', text.length))
        return &binary;
    if (text.data[0] == '<')
        return &markup;
    kind = find_table(text);
    return kind ? kind : &other_text;
}

const struct kind *kind_of_no_table(struct text head, bool *ret_objects)
{
    const struct kind *kind = find_magic(head);
    struct text text = skip_mark(head), rest = text, names = {0};
    *ret_objects = false;
    if (kind || text.length == 0)
        return kind;
    (void)text_split(&rest, '\n', &names); // a NUL further down is its row's
    *ret_objects = text.data[0] == '{';
    if (*ret_objects)
        return judge_object(text);
    return text.data[0] == '['                                          ? &array
           : text.data[0] == '<'                                        ? &markup
           : names.length > 0 && memchr(names.data, '\0', names.length) ? &no_names
                                                                        : NULL;
}

enum grove_code kind_refuse(const struct kind *kind, const char *name, const char *wanted,
                            struct grove_error *error)
{
    error_set(error, GROVE_UNSUPPORTED, "\"%s\" is %s, not %s", name, kind->what, wanted);
    error_hint(error, "%s", kind->hint);
    return GROVE_UNSUPPORTED;
}
