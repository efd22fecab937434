// SPDX-License-Identifier: Apache-2.0
#include "subject/phase.h"

#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "subject/templates.h"

enum holds {
    HOLDS_NOTHING, // that anybody else could want
    HOLDS_ROWS,
    HOLDS_LEAVES, // keeps out whoever adds leaves to the subject
    HOLDS_SCAN,   // keeps out vacuum, indexes and other changes of the table
    HOLDS_BRIEF,  // keeps out everybody, for a moment
};

static const struct {
    const char *name, *file, *locks;
    enum holds holds;
    bool flushed; // its commit waits for the disk, with what it locks; else a later phase's does
} phases[PHASE_COUNT] = {
    [PHASE_TABLE] = {"table", "table.sql", "the new table only: nobody waits", HOLDS_NOTHING, true},
    [PHASE_EXTEND] = {"extend", "extend.sql",
                      "ACCESS EXCLUSIVE on content_metadata, for a moment; asked for during 10 ms "
                      "at a time",
                      HOLDS_BRIEF, false},
    [PHASE_VALIDATE] = {"validate", "validate.sql",
                        "SHARE UPDATE EXCLUSIVE on content_metadata: readers and writers go on, "
                        "vacuum waits",
                        HOLDS_SCAN, true},
    [PHASE_ENTER] = {"enter", "enter.sql",
                     "ACCESS EXCLUSIVE on content_metadata, for a moment; asked for "
                     "during 10 ms at a time",
                     HOLDS_BRIEF, false},
    [PHASE_SETTLE] = {"settle", "settle.sql",
                      "SHARE UPDATE EXCLUSIVE on the new table: nobody waits", HOLDS_SCAN, true},
    [PHASE_FORBID] = {"forbid", "forbid.sql",
                      "ACCESS EXCLUSIVE on content_metadata, for a moment; asked for during 10 ms "
                      "at a time",
                      HOLDS_BRIEF, false},
    [PHASE_EMPTY] = {"empty", "empty.sql",
                     "the rows of the subject's contents: who changes one of them waits",
                     HOLDS_ROWS, true},
    [PHASE_LEAVE] = {"leave", "leave.sql",
                     "ACCESS EXCLUSIVE on content_metadata and the subject's table, for "
                     "a moment; asked for during 10 ms at a time",
                     HOLDS_BRIEF, true},
    [PHASE_UNDO] = {"undo", "undo.sql",
                    "ACCESS EXCLUSIVE on content_metadata and the subject's table, for a moment; "
                    "asked for during 10 ms at a time",
                    HOLDS_BRIEF, true},
    [PHASE_KEEP] = {"keep", "keep.sql",
                    "ACCESS EXCLUSIVE on content_metadata, for a moment; asked for during 10 ms at "
                    "a time",
                    HOLDS_BRIEF, true},
    [PHASE_RENAME] =
        {"rename", "rename.sql",
         "the rows of the subject, its leaves and its attached tables in schema grove: "
         "who adds leaves to it waits; asked for during 10 ms at a time",
         HOLDS_LEAVES, true},
};

const char *phase_name(enum phase phase)
{
    CHECK((int)phase < (int)PHASE_COUNT);
    return phases[phase].name;
}

const char *phase_locks(enum phase phase)
{
    CHECK((int)phase < (int)PHASE_COUNT);
    return phases[phase].locks;
}

static struct text template_of(const char *file)
{
    for (const struct asset *asset = subject_files; asset->name; asset++)
        if (strcmp(asset->name, file) == 0)
            return (struct text){asset->data, asset->size_bytes};
    CHECK(false); // the templates are part of the library
    return (struct text){NULL, 0};
}

static struct text value_of(struct text word, const struct phase_names *names)
{
    const struct {
        const char *word;
        struct text value;
    } values[] = {
        {"stem", names->stem},
        {"table", names->table},
        {"tables", names->tables},
        {"new", names->new_name},
    };
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        if (text_equal(word, text_of(values[i].word))) {
            CHECK(values[i].value.data); // whoever renders it has set it
            return values[i].value;
        }
    CHECK(false); // a template names what there is not
    return word;
}

void phase_add_template(struct strbuf *out, const char *file, const struct phase_names *names)
{
    struct text rest = template_of(file), line;
    CHECK(text_split(&rest, '\n', &line)); // the licence's
    while (rest.length > 0) {
        const char *mark = memmem(rest.data, rest.length, "%{", 2);
        size_t plain = mark ? (size_t)(mark - rest.data) : rest.length;
        strbuf_add_text(out, (struct text){rest.data, plain});
        if (!mark)
            return;
        rest = (struct text){mark + 2, rest.length - plain - 2};
        struct text word;
        CHECK(text_split(&rest, '}', &word));
        strbuf_add_text(out, value_of(word, names));
    }
}

// The other changes of a table, vacuum among them, are kept out first, and patiently: that lock
// lets readers and writers go on. Then nothing but they stands in the way of the brief one.
static void add_brief_lock(struct strbuf *out, bool flushed)
{
    strbuf_addf(out,
                "SET LOCAL lock_timeout = '%dms';\n"
                "LOCK TABLE public.content_metadata IN SHARE UPDATE EXCLUSIVE MODE;\n"
                "SET LOCAL lock_timeout = '%dms';\n",
                PHASE_PATIENT_MS, PHASE_BRIEF_MS);
    if (!flushed)
        strbuf_add(out, "SET LOCAL synchronous_commit = off;\n");
}

void phase_add_sql(struct strbuf *out, enum phase phase, const struct phase_names *names)
{
    CHECK((int)phase < (int)PHASE_COUNT);
    strbuf_add(out, "SELECT pg_advisory_xact_lock(" PHASE_LOCK_KEY ");\n");
    if (phases[phase].holds == HOLDS_BRIEF)
        add_brief_lock(out, phases[phase].flushed);
    else
        strbuf_addf(out, "SET LOCAL lock_timeout = '%dms';\n",
                    phases[phase].holds == HOLDS_LEAVES ? PHASE_BRIEF_MS : PHASE_PATIENT_MS);
    phase_add_template(out, phases[phase].file, names);
}
