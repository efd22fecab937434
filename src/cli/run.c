// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include <string.h>

#include "base/check.h"
#include "cli/session.h"

static const struct {
    const char *name;
    enum grove_code (*run)(struct session *session, struct grove_error *error);
} runs[] = {
    {"attach", cmd_attach},
    {"attachments", cmd_attachments},
    {"browse", cmd_browse},
    {"completion", cmd_completion},
    {"dead", cmd_dead},
    {"demo", cmd_demo},
    {"detach", cmd_detach},
    {"discover", cmd_discover},
    {"document", cmd_document},
    {"doctor", cmd_doctor},
    {"embed", cmd_embed},
    {"export", cmd_export},
    {"help", cmd_help},
    {"import", cmd_import},
    {"init", cmd_init},
    {"load", cmd_load},
    {"ls", cmd_ls},
    {"mv", cmd_mv},
    {"pg_dump", cmd_pg_dump},
    {"pg_restore", cmd_pg_restore},
    {"psql", cmd_psql},
    {"rechunk", cmd_rechunk},
    {"repair", cmd_repair},
    {"rm", cmd_rm},
    {"search", cmd_search},
    {"show", cmd_show},
    {"similar", cmd_similar},
    {"status", cmd_status},
    {"stop", cmd_stop},
    {"subject", cmd_subject},
    {"sync", cmd_sync},
    {"url", cmd_url},
    {"verify", cmd_verify},
    {"version", cmd_version},
};

static size_t find(const struct command *command)
{
    size_t i = 0;
    while (i < ARRAY_COUNT(runs) && strcmp(runs[i].name, command->name) != 0)
        i++;
    return i;
}

bool run_knows(const struct command *command)
{
    return find(command) < ARRAY_COUNT(runs);
}

enum grove_code run_command(struct session *session, struct grove_error *error)
{
    size_t i = find(session->command);
    CHECK(i < ARRAY_COUNT(runs)); // a row of the table that nothing runs
    return runs[i].run(session, error);
}
