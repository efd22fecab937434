// SPDX-License-Identifier: Apache-2.0
//
// The manual page grove(1), from the same tables as --help and docs/cli.md.
#include "cli/help.h"

// In roff "\\" begins an escape, "-" is a hyphen that may end a line, and "." or "'" at the start
// of a line is a request. Backquotes are how our tables mark what is typed.
static void add_text(struct strbuf *out, const char *text)
{
    bool line_start = true, typed = false;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            strbuf_add(out, "\\&");
        line_start = *text == '\n';
        if (*text == '\\')
            strbuf_add(out, "\\e");
        else if (*text == '-')
            strbuf_add(out, "\\-");
        else if (*text == '`')
            strbuf_add(out, (typed = !typed) ? "\\fB" : "\\fR");
        else
            strbuf_add_char(out, *text);
    }
}

// Paragraphs are separated by an empty line.
static void add_paragraphs(struct strbuf *out, const char *text)
{
    for (const char *end; (end = strstr(text, "\n\n")); text = end + 2) {
        struct strbuf part;
        strbuf_init(&part, 1 << 16);
        strbuf_add_bytes(&part, text, (size_t)(end - text));
        add_text(out, part.data);
        out->failed |= part.failed;
        strbuf_release(&part);
        strbuf_add(out, "\n.PP\n");
    }
    add_text(out, text);
    strbuf_add_char(out, '\n');
}

static void add_entry(struct strbuf *out, const char *name, const char *meaning)
{
    strbuf_add(out, ".TP\n.B ");
    add_text(out, name);
    strbuf_add_char(out, '\n');
    add_text(out, meaning);
    strbuf_add_char(out, '\n');
}

static void add_options(struct strbuf *out, const struct command_option *options)
{
    for (; options->id; options++) {
        char name[128], letter[8] = "";
        if (options->hidden)
            continue;
        if (options->letter)
            snprintf(letter, sizeof letter, "-%c, ", options->letter);
        snprintf(name, sizeof name, "%s--%s%s%s", letter, options->name,
                 options->argument ? " " : "", options->argument ? options->argument : "");
        add_entry(out, name, options->help);
    }
}

static void add_command(struct strbuf *out, const struct command *command)
{
    strbuf_add(out, ".SS grove ");
    add_text(out, command->name);
    strbuf_add_char(out, ' ');
    add_text(out, command->usage);
    strbuf_add_char(out, '\n');
    add_text(out, command->summary);
    strbuf_add(out, ".\n");
    if (command->description) {
        strbuf_add(out, ".PP\n");
        add_paragraphs(out, command->description);
    }
    add_options(out, command->options);
    strbuf_add(out, ".PP\n.nf\n");
    for (const struct command_example *example = command->examples; example->line; example++) {
        strbuf_add(out, "    grove ");
        add_text(out, example->line);
        strbuf_add_char(out, '\n');
    }
    strbuf_add(out, ".fi\n");
}

static void add_codes(struct strbuf *out)
{
    strbuf_add(out, ".SH EXIT STATUS\n");
    for (unsigned i = 0; i < GROVE_CODE_COUNT; i++) {
        const struct grove_code_info *info = grove_code_info((enum grove_code)i);
        char status[16];
        snprintf(status, sizeof status, "%d", info->exit_status);
        add_entry(out, status, info->summary);
    }
    for (const struct help_line *status = help_statuses; status->name; status++)
        add_entry(out, status->name, status->meaning);
}

void help_add_man(struct strbuf *out)
{
    strbuf_addf(out, ".TH GROVE 1 \"\" \"grove %s\"\n", grove_version());
    strbuf_add(out, ".SH NAME\ngrove \\- PostgreSQL and Qdrant behaving as one database\n"
                    ".SH SYNOPSIS\n.B grove\n[\\-\\-home DIR] COMMAND [ARGUMENTS]\n"
                    ".SH DESCRIPTION\nPostgreSQL holds trees of content, Qdrant the embeddings of "
                    "it, and one query searches by meaning under any filter.\n.B grove demo\n"
                    "shows it; nothing needs to be installed or configured.\n"
                    ".SH OPTIONS OF EVERY COMMAND\n");
    add_options(out, command_global_options);
    add_options(out, command_top_options);
    strbuf_add(out, ".SH COMMANDS\n");
    for (const struct command *command = command_table; command->name; command++)
        add_command(out, command);
    add_codes(out);
    strbuf_add(out, ".SH ENVIRONMENT\n");
    for (const struct help_line *variable = help_environment; variable->name; variable++)
        add_entry(out, variable->name, variable->meaning);
    strbuf_add(out, ".SH SEE ALSO\nThe pages in the folder doc/grove of the installation.\n");
}
