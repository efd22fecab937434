// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include "base/check.h"

enum {
    WIDTH_MAX = 100,
    NAME_WIDTH = 12,
    OPTION_WIDTH = 24,
    RIGHT_WIDTH_MIN = 30,
    NARROW_INDENT = 6,
};

const struct help_line help_statuses[] = {
    {"1",
     "`grove verify` found differences; or answers that `grove doctor --recall` asked for said "
     "they were complete, and lacked rows"},
    {"15", "`grove load`, `import`, `attach` or `rechunk` refused some rows and did the others"},
    {"141", "the reader of the output went away (as in `grove ... | head -1`)"},
    {NULL, NULL},
};

const struct help_line help_environment[] = {
    {"GROVE_HOME", "folder of the private servers; `--home` goes before it"},
    {"DATABASE_URL", "the PostgreSQL server to use instead of the private one"},
    {"PGHOST, PGDATABASE, PGSERVICE",
     "and libpq's others: the same, where there is no `DATABASE_URL`"},
    {"QDRANT_URL, QDRANT_API_KEY", "the Qdrant server to use instead of the private one; "
                                   "without a port: 443 for https, 6333 for http"},
    {"GROVE_COLLECTION", "the collection's name (default: `content_vectors`)"},
    {"GROVE_ASSETS", "folder of the unpacked servers and the model"},
    {"GROVE_USER", "the account of the private servers when grove runs as root"},
    {"GROVE_PROJECTOR", "`off`: start no resident projector for the private servers"},
    {"NOTIFY_SOCKET, WATCHDOG_USEC",
     "set by systemd: `grove sync --watch` says there that it is ready, and that it gets on"},
    {"NO_COLOR", "any value: no colours"},
    {NULL, NULL},
};

static unsigned help_width(const struct terminal *terminal)
{
    return terminal->width < WIDTH_MAX ? terminal->width : WIDTH_MAX;
}

static void add_title(struct strbuf *out, const struct terminal *terminal, const char *title)
{
    strbuf_addf(out, "\n%s%s%s\n", terminal_style(terminal, STYLE_BOLD), title,
                terminal_style(terminal, STYLE_PLAIN));
}

// "  LEFT      right, wrapped below itself"; a long left part has a line of its own.
static void add_entry(struct strbuf *out, const struct terminal *terminal, const char *left,
                      unsigned left_width, const char *right)
{
    unsigned indent = left_width + 4, width = help_width(terminal);
    if (width < indent + RIGHT_WIDTH_MIN) { // each left part has a line of its own
        indent = NARROW_INDENT;
        left_width = 0;
    }
    unsigned room = width > indent + 1 ? width - indent : 1;
    unsigned used = display_width(text_of(left));
    strbuf_addf(out, "  %s%s%s", terminal_style(terminal, STYLE_CYAN), left,
                terminal_style(terminal, STYLE_PLAIN));
    if (used > left_width)
        strbuf_add_char(out, '\n');
    struct text rest = text_of(right);
    for (bool first = true; rest.length > 0; first = false) {
        struct text line = display_wrap(&rest, room);
        bool same_line = first && used <= left_width;
        display_add_spaces(out, same_line ? indent - 2 - used : indent);
        strbuf_add_text(out, line);
        strbuf_add_char(out, '\n');
    }
}

static void add_options(struct strbuf *out, const struct terminal *terminal,
                        const struct command_option *options)
{
    for (; options->id; options++) {
        char left[64];
        if (options->hidden)
            continue;
        char letter[8] = "    ";
        if (options->letter)
            snprintf(letter, sizeof letter, "-%c, ", options->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, options->name,
                 options->argument ? " " : "", options->argument ? options->argument : "");
        add_entry(out, terminal, left, OPTION_WIDTH, options->help);
    }
}

static bool any_visible(const struct command_option *options)
{
    for (; options->id; options++)
        if (!options->hidden)
            return true;
    return false;
}

static void add_examples(struct strbuf *out, const struct terminal *terminal,
                         const struct command_example *examples)
{
    add_title(out, terminal, "examples");
    for (; examples->line; examples++)
        strbuf_addf(out, "  %s# %s%s\n  grove %s\n", terminal_style(terminal, STYLE_DIM),
                    examples->what, terminal_style(terminal, STYLE_PLAIN), examples->line);
}

void help_add_overview(struct strbuf *out, const struct terminal *terminal)
{
    strbuf_add(out, "grove: PostgreSQL and Qdrant behaving as one database\n\n"
                    "usage: grove [--home DIR] COMMAND [ARGUMENTS]\n");
    for (enum command_group group = 0; group < GROUP_COUNT; group++) {
        add_title(out, terminal, command_group_title(group));
        for (const struct command *command = command_table; command->name; command++)
            if (command->group == group)
                add_entry(out, terminal, command->name, NAME_WIDTH, command->summary);
    }
    add_title(out, terminal, "options of every command");
    add_options(out, terminal, command_global_options);
    add_options(out, terminal, command_top_options);
    static const struct command_example first_steps[] = {
        {"demo", "see it work; nothing needs to be installed or configured"},
        {"search \"how is a person saved\" --limit 3", "ask something"},
        {"search --help", "more on a command, with examples"},
        {NULL, NULL},
    };
    add_examples(out, terminal, first_steps);
}

void help_add_command(struct strbuf *out, const struct terminal *terminal,
                      const struct command *command)
{
    strbuf_addf(out, "%sgrove %s%s: %s\n\nusage: grove %s%s%s\n",
                terminal_style(terminal, STYLE_BOLD), command->name,
                terminal_style(terminal, STYLE_PLAIN), command->summary, command->name,
                command->usage[0] ? " " : "", command->usage);
    if (command->description) {
        strbuf_add_char(out, '\n');
        display_add_paragraphs(out, command->description, 0, help_width(terminal));
    }
    CHECK(command->examples && command->examples[0].line);
    add_examples(out, terminal, command->examples);
    if (any_visible(command->options)) {
        add_title(out, terminal, "options");
        add_options(out, terminal, command->options);
    }
    add_title(out, terminal, "options of every command");
    add_options(out, terminal, command_global_options);
}

enum grove_code help_print(struct session *session, const struct command *command,
                           struct grove_error *error)
{
    struct strbuf text;
    strbuf_init(&text, SESSION_OUTPUT_MAX);
    if (command)
        help_add_command(&text, &session->out, command);
    else
        help_add_overview(&text, &session->out);
    enum grove_code code = session_print_either(session, &text, error);
    strbuf_release(&text);
    return code;
}
