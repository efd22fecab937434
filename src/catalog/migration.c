// SPDX-License-Identifier: Apache-2.0
#include "catalog/migration.h"

#include "base/attr.h"
#include "base/check.h"
#include "base/inject.h"
#include "catalog/assets.h"

static const char step_mark[] = "-- step: ", chunk_mark[] = "-- each chunk:\n";

static const char *const kind_names[] = {
    [MIGRATION_TRANSACTIONAL] = "transactional",
    [MIGRATION_ONLINE] = "online",
    [MIGRATION_BACKFILL] = "backfill",
};

const char *migration_kind_name(enum migration_kind kind)
{
    CHECK(kind < ARRAY_COUNT(kind_names));
    return kind_names[kind];
}

static struct text text_of_file(const struct asset *file)
{
    return (struct text){file->data, file->size_bytes};
}

static int count_files(const struct asset *files)
{
    int count = 0;
    while (files[count].name)
        count++;
    return count;
}

// Files are named "0001_what.sql" and embedded in order.
static bool is_numbered(const struct asset *file, int version)
{
    int number = 0;
    for (const char *c = file->name; *c >= '0' && *c <= '9'; c++)
        number = number * 10 + (*c - '0');
    return number == version;
}

static const struct asset *file_of(int version)
{
    int count = count_files(migration_files);
    CHECK(version > 0);
#ifdef GROVE_INJECTION
    if (version > count) {
        CHECK(version - count <= count_files(later_migration_files));
        return &later_migration_files[version - count - 1];
    }
#endif
    CHECK(version <= count && is_numbered(&migration_files[version - 1], version));
    return &migration_files[version - 1];
}

int migration_newest(void)
{
    int newest = (int)KNOB(SCHEMA_KNOWN, count_files(migration_files));
    (void)file_of(newest); // it is there
    return newest;
}

// The rest of the line of the head that begins so.
static struct text head_line(const struct asset *file, const char *begin)
{
    struct text rest = text_of_file(file), line;
    while (text_split(&rest, '\n', &line) && text_starts_with(line, "--"))
        if (text_starts_with(line, begin))
            return text_trim((struct text){line.data + strlen(begin), line.length - strlen(begin)});
    CHECK(false); // the head of a migration lacks a line
    return (struct text){NULL, 0};
}

static void read_head(const struct asset *file, struct migration *ret)
{
    struct text kind = head_line(file, "-- kind:");
    struct text demanded = head_line(file, "-- demanded:");
    struct text from = head_line(file, "-- compatible from:");
    int64_t compatible_from = ret->version;
    size_t k = 0;
    while (k < ARRAY_COUNT(kind_names) && !text_equal(kind, text_of(kind_names[k])))
        k++;
    CHECK(k < ARRAY_COUNT(kind_names));
    ret->kind = (enum migration_kind)k;
    ret->demanded = text_equal(demanded, text_of("yes"));
    CHECK(ret->demanded || text_equal(demanded, text_of("no")));
    CHECK(text_equal(from, text_of("itself")) || text_to_int64(from, &compatible_from));
    CHECK(compatible_from > 0 && compatible_from <= ret->version);
    ret->compatible_from = (int)compatible_from;
}

void migration_find(int version, struct migration *ret)
{
    *ret = (struct migration){.version = version, .file = file_of(version)};
    if (version > MIGRATION_LAST_EXACT) {
        read_head(ret->file, ret);
        return;
    }
    ret->compatible_from = version;
    ret->demanded = true;
}

int migration_demanded(void)
{
    struct migration migration;
    int version = migration_newest();
    for (; version > 0; version--) {
        migration_find(version, &migration);
        if (migration.demanded)
            break;
    }
    return version;
}

// --- parts of a file -----------------------------------------------------------------------------

bool migration_next_step(struct text *rest, struct migration_step *ret)
{
    const char *mark =
        rest->length > 0 ? memmem(rest->data, rest->length, step_mark, sizeof step_mark - 1) : NULL;
    if (!mark)
        return false;
    size_t before = (size_t)(mark - rest->data) + sizeof step_mark - 1;
    struct text here = {rest->data + before, rest->length - before}, what, word;
    CHECK(text_split(&here, '\n', &what) && here.length > 0);
    const char *next = memmem(here.data, here.length, step_mark, sizeof step_mark - 1);
    size_t length = next ? (size_t)(next - here.data) : here.length;
    *ret = (struct migration_step){.sql = {here.data, length}};
    *rest = (struct text){here.data + length, here.length - length};
    CHECK(text_split(&what, ' ', &word));
    ret->brief = text_equal(word, text_of("brief"));
    if (text_equal(word, text_of("index")))
        ret->index = what;
    CHECK(ret->brief || ret->index.length > 0 || text_equal(word, text_of("patient")));
    return true;
}

static const char *find_chunk(const struct migration *migration)
{
    struct text text = text_of_file(migration->file);
    if (migration->kind != MIGRATION_BACKFILL)
        return NULL;
    const char *mark = memmem(text.data, text.length, chunk_mark, sizeof chunk_mark - 1);
    CHECK(mark); // a backfill has chunks
    return mark;
}

struct text migration_setup(const struct migration *migration)
{
    struct text text = text_of_file(migration->file);
    const char *mark = find_chunk(migration);
    return mark ? (struct text){text.data, (size_t)(mark - text.data)} : text;
}

struct text migration_chunk(const struct migration *migration)
{
    const char *mark = find_chunk(migration);
    return mark ? text_of(mark + sizeof chunk_mark - 1) : (struct text){NULL, 0};
}
