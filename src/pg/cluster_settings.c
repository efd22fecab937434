// SPDX-License-Identifier: Apache-2.0
#include "pg/cluster_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/check.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "pg/memory.h"

enum { SETTINGS_BYTES_MAX = 64 << 10 };

#define SHARED_MEMORY "/dev/shm"

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
    CHECK(low <= high);
    return value < low ? low : value > high ? high : value;
}

// In a value both quotes are doubled, the inner ones for the list that it is; a backslash would say
// something of the byte behind it.
static void add_in_quotes(struct strbuf *text, const char *value)
{
    CHECK(value[0]);
    for (const char *c = value; *c; c++) {
        if (*c == '\'' || *c == '"' || *c == '\\')
            strbuf_add_char(text, *c);
        strbuf_add_char(text, *c);
    }
}

// Where /dev/shm is missing or cannot be written to, as in some containers, files in the data
// folder take its place for what parallel workers share. (The rest needs no name.)
static const char *shared_memory_type(const struct home *home)
{
    CHECK(home->servers[0] == '/');
    home_act_as_servers(home);
    GROVE_CLEANUP(file_close_descriptor)
    int fd = descriptor_open(SHARED_MEMORY, O_TMPFILE | O_RDWR, 0600);
    int failure = fd < 0 ? errno : 0;
    home_act_as_self(home);
    return failure == 0 || failure == EOPNOTSUPP ? "posix" : "mmap";
}

// Sized for a machine that grove shares with whatever else its user runs.
static void add_settings(const struct home *home, struct strbuf *text)
{
    uint64_t memory_mb = memory_usable_bytes() >> 20;
    strbuf_add(text, "# Written by grove at every start. Your own settings go to "
                     "postgresql.conf.\nlisten_addresses = ''\nunix_socket_directories = '\"");
    CHECK(home->run[0] == '/');
    add_in_quotes(text, home->run);
    strbuf_add(text, "\"'\nunix_socket_permissions = 0700\nport = 5432\nmax_connections = 200\n"
                     "superuser_reserved_connections = 3\n");
    strbuf_addf(text, "shared_buffers = %lluMB\n",
                (unsigned long long)clamp(memory_mb / 16, 32, 1024));
    strbuf_addf(text, "effective_cache_size = %lluMB\n",
                (unsigned long long)clamp(memory_mb / 2, 128, 1 << 20));
    strbuf_addf(text, "maintenance_work_mem = %lluMB\n",
                (unsigned long long)clamp(memory_mb / 32, 32, 512));
    strbuf_addf(text, "dynamic_shared_memory_type = %s\n", shared_memory_type(home));
    strbuf_add(text, "work_mem = 16MB\nmin_wal_size = 80MB\nmax_wal_size = 1GB\n"
                     "wal_level = replica\nrandom_page_cost = 1.1\njit = off\n"
                     "timezone = 'UTC'\nlog_timezone = 'UTC'\n"
                     "log_min_error_statement = panic\nlog_checkpoints = off\n"
                     "log_line_prefix = '%m [%p] '\n");
}

enum grove_code cluster_write_settings(const struct home *home, const char *data,
                                       struct grove_error *error)
{
    CHECK(data[0] == '/');
    char path[PATH_MAX + 16];
    struct strbuf text;
    strbuf_init(&text, SETTINGS_BYTES_MAX);
    add_settings(home, &text);
    snprintf(path, sizeof path, "%s/grove.conf", data);
    home_act_as_servers(home);
    enum grove_code code = text.failed ? error_no_memory(error, "the server's settings")
                                       : file_write(path, strbuf_text(&text), 0600, error);
    home_act_as_self(home);
    strbuf_release(&text);
    return code;
}
