// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <string.h>

static bool is_plain(struct text field)
{
    for (size_t i = 0; i < field.length; i++)
        if (memchr("\",\r\n", field.data[i], 4))
            return false;
    return field.length > 0 && field.data[0] != ' ' && field.data[field.length - 1] != ' ';
}

void csv_add(struct strbuf *out, struct text field)
{
    struct text part;
    if (!field.data)
        return;
    if (is_plain(field)) {
        strbuf_add_text(out, field);
        return;
    }
    strbuf_add_char(out, '"');
    for (bool first = true; text_split(&field, '"', &part); first = false) {
        strbuf_add(out, first ? "" : "\"\"");
        strbuf_add_text(out, part);
    }
    strbuf_add_char(out, '"');
}
