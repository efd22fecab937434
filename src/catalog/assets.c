// SPDX-License-Identifier: Apache-2.0
#include "catalog/assets.h"

#include <string.h>

#include "base/check.h"

const char *query_sql(const char *name)
{
    const struct asset *file = query_files;
    while (file->name && strcmp(file->name, name) != 0)
        file++;
    CHECK(file->name);
    return file->data;
}
