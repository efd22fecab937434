// SPDX-License-Identifier: Apache-2.0
//
// Values as people read them. Each function appends; nothing fails but the buffer.
#ifndef GROVE_CLI_FORMAT_H
#define GROVE_CLI_FORMAT_H

#include <stdint.h>

#include "base/strbuf.h"
#include "grove/attach.h"
#include "grove/grove.h"

void format_count(struct strbuf *out, int64_t count);                // 6,351
void format_rate(struct strbuf *out, int64_t count, double seconds); // of a second: 1,234 or 0.3
void format_per_second(struct strbuf *out, double rate);             // the same of a rate
// "1 row", "6,351 rows"
void format_counted(struct strbuf *out, int64_t count, const char *singular, const char *plural);
void format_seconds(struct strbuf *out, double seconds);    // 230 ms, 4.2 s, 3 min 12 s, 2 h 5 min
void format_bytes(struct strbuf *out, int64_t bytes);       // 12.3 MB
void format_date(struct strbuf *out, int64_t timestamp_us); // 2026-11-23, UTC; 0044-03-15 BC;
                                                            // "-" for GROVE_NULL

// A path that can be given back to grove: a "/" in a name is "\/". Safe to print.
void format_path(struct strbuf *out, const struct grove_row *row);

const char *format_attach_state(enum grove_attach_state state);

// Which document, as grove show takes it back: "articles 42" of a row of an attached table, else
// "source/key". Not safe to print by itself.
void format_document(struct strbuf *out, const char *table, const char *source, const char *key);

// "part 3 of 12 of wiki/kelp"; where it is one chunk the document alone. Not safe to print.
void format_part(struct strbuf *out, const struct grove_passage *passage);

// A word as a shell reads it back, quoted where it must be. Safe to print.
void format_shell_word(struct strbuf *out, const char *word);

// The members of a JSON object, with commas where they belong. NULL and GROVE_NULL become null.
void json_string_member(struct strbuf *out, const char *key, const char *value);
void json_integer_member(struct strbuf *out, const char *key, int64_t value);
void json_number_member(struct strbuf *out, const char *key, double value);
void json_time_member(struct strbuf *out, const char *key, int64_t timestamp_us);
void json_bool_member(struct strbuf *out, const char *key, bool value);
// The key alone; the caller appends the value.
void json_key(struct strbuf *out, const char *key);

// A line feed, and all lines of a text as they are; whatever else could move a terminal's cursor is
// written out.
void format_body(struct strbuf *out, const char *body);

#endif
