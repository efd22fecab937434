// SPDX-License-Identifier: Apache-2.0
//
// Completion scripts from the command table.
#include <string.h>

#include "cli/session.h"

static void add_command_names(struct strbuf *out)
{
    for (const struct command *command = command_table; command->name; command++)
        strbuf_addf(out, "%s%s", command == command_table ? "" : " ", command->name);
}

// "add remove", of a command whose first operand is one of them.
static void add_actions(struct strbuf *out, const struct command *command)
{
    struct text rest = command_actions(command), action;
    for (const char *before = ""; text_split(&rest, '|', &action); before = " ")
        strbuf_addf(out, "%s%.*s", before, TEXT_ARGS(action));
}

static void add_option_names(struct strbuf *out, const struct command_option *options)
{
    for (; options->id; options++)
        if (!options->hidden)
            strbuf_addf(out, " --%s", options->name);
}

// --- bash ----------------------------------------------------------------------------------------

// "--a|-a|--b" of the options in a list that have a value.
static void add_options_with_value(struct strbuf *out, const struct command_option *options,
                                   const char *separator)
{
    for (; options->id; options++)
        if (options->kind != VALUE_NONE) {
            strbuf_addf(out, "%s--%s", separator, options->name);
            if (options->letter)
                strbuf_addf(out, "|-%c", options->letter);
            separator = "|";
        }
}

// "--a|-a|--b" of the options whose values are of these kinds.
static void add_value_pattern(struct strbuf *out, bool files, bool folders)
{
    struct strbuf seen;
    strbuf_init(&seen, 4096);
    const struct command_option *lists[64] = {command_global_options};
    size_t count = 1;
    for (const struct command *command = command_table; command->name && count < 64; command++)
        lists[count++] = command->options;
    for (size_t i = 0; i < count; i++)
        for (const struct command_option *option = lists[i]; option->id; option++) {
            char pattern[64];
            bool other = option->kind != VALUE_FILE && option->kind != VALUE_FOLDER;
            bool wanted = files     ? option->kind == VALUE_FILE
                          : folders ? option->kind == VALUE_FOLDER
                                    : other && option->kind != VALUE_NONE;
            snprintf(pattern, sizeof pattern, "|--%s|", option->name);
            if (!wanted || strstr(seen.data, pattern))
                continue;
            strbuf_addf(out, "%s--%s", seen.length ? "|" : "", option->name);
            if (option->letter)
                strbuf_addf(out, "|-%c", option->letter);
            strbuf_add(&seen, pattern);
        }
    out->failed |= seen.failed;
    strbuf_release(&seen);
}

// Options of one name have the same words in all commands.
static void add_bash_words(struct strbuf *out)
{
    const char *seen = "";
    for (const struct command *command = command_table; command->name; command++)
        for (const struct command_option *option = command->options; option->id; option++) {
            if (option->kind != VALUE_WORD || strcmp(option->name, seen) == 0)
                continue;
            strbuf_addf(out, "--%s", option->name);
            if (option->letter)
                strbuf_addf(out, "|-%c", option->letter);
            strbuf_addf(out,
                        ")\n        mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$word\")\n"
                        "        return ;;\n    ",
                        option->words);
            seen = option->name;
        }
}

static void add_bash_values(struct strbuf *out)
{
    strbuf_add(out, "    case $before in\n    ");
    add_bash_words(out);
    add_value_pattern(out, true, false);
    strbuf_add(out, ")\n        compopt -o filenames\n"
                    "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
                    "        return ;;\n    ");
    add_value_pattern(out, false, true);
    strbuf_add(out, ")\n        compopt -o filenames\n"
                    "        mapfile -t COMPREPLY < <(compgen -d -- \"$word\")\n"
                    "        return ;;\n    ");
    add_value_pattern(out, false, false);
    strbuf_add(out, ")\n        return ;;\n    esac\n");
}

static void add_bash_command(struct strbuf *out, const struct command *command)
{
    strbuf_addf(out, "    %s)\n        words='", command->name);
    if (command->operand_kind == VALUE_COMMAND) {
        add_command_names(out);
        strbuf_add_char(out, ' ');
    }
    if (command->operand_kind == VALUE_SHELL)
        strbuf_add(out, "bash zsh fish ");
    struct strbuf options;
    strbuf_init(&options, 4096);
    add_option_names(&options, command->options);
    add_option_names(&options, command_global_options);
    strbuf_addf(out, "%s'", options.length ? options.data + 1 : "");
    out->failed |= options.failed;
    strbuf_release(&options);
    if (command_actions(command).data) {
        strbuf_add(out, "\n        [[ $first ]] && words=\"");
        add_actions(out, command);
        strbuf_add(out, " $words\"");
    }
    if (command->operand_kind == VALUE_FILE)
        strbuf_add(out, "\n        files=yes");
    if (command->operand_kind == VALUE_RAW) // of the other program's arguments only files are known
        strbuf_add(out, "\n        files=$behind");
    strbuf_add(out, " ;;\n");
}

// The command, whether its first word is completed, and whether a -- behind it has ended its
// options.
static void add_bash_command_search(struct strbuf *out)
{
    strbuf_add(out, "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "        case ${COMP_WORDS[i]} in\n"
                    "        ");
    add_options_with_value(out, command_global_options, "");
    add_options_with_value(out, command_top_options, "|");
    strbuf_add(out, ")\n            ((i++))\n"
                    "            [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;\n"
                    "        -*) ;;\n"
                    "        *) command=${COMP_WORDS[i]}; break ;;\n"
                    "        esac\n"
                    "    done\n"
                    "    ((i + 1 == COMP_CWORD)) && first=yes\n"
                    "    for ((; i < COMP_CWORD; i++)); do\n"
                    "        [[ ${COMP_WORDS[i]} == -- ]] && behind=yes\n"
                    "    done\n");
}

// Bash makes a word of its own of the = in --home=DIR.
static void add_bash(struct strbuf *out)
{
    strbuf_add(out, "# bash completion for grove, made by: grove completion bash\n"
                    "_grove() {\n"
                    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local command='' words='' files='' behind='' first='' i\n"
                    "    COMPREPLY=()\n"
                    "    [[ $word == = ]] && word=''\n"
                    "    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}\n");
    add_bash_command_search(out);
    strbuf_add(out, "    [[ $behind ]] && before=''\n");
    add_bash_values(out);
    strbuf_add(out, "    case $command in\n"
                    "    '')\n        words='");
    add_command_names(out);
    add_option_names(out, command_global_options);
    add_option_names(out, command_top_options);
    strbuf_add(out, "' ;;\n");
    for (const struct command *command = command_table; command->name; command++)
        add_bash_command(out, command);
    strbuf_add(out, "    esac\n"
                    "    [[ $behind ]] && words=''\n"
                    "    if [[ $files && ( $behind || $word != -* ) ]]; then\n"
                    "        compopt -o filenames\n"
                    "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
                    "        return\n"
                    "    fi\n"
                    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                    "}\n"
                    "complete -F _grove grove\n");
}

// --- zsh -----------------------------------------------------------------------------------------

// Part of a specification in single quotes; `special` are characters that end the part.
static void add_zsh_text(struct strbuf *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            strbuf_add(out, "'\\'");
        else if (*text == '\\' || strchr(special, *text))
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, *text);
    }
}

// ":what it is:how it is completed"
static void add_zsh_value(struct strbuf *out, const char *what, enum value_kind kind,
                          const char *words)
{
    strbuf_add_char(out, ':');
    add_zsh_text(out, what, ":");
    strbuf_add_char(out, ':');
    switch (kind) {
    case VALUE_FILE: strbuf_add(out, "_files"); break;
    case VALUE_FOLDER: strbuf_add(out, "_files -/"); break;
    case VALUE_WORD: strbuf_addf(out, "(%s)", words); break;
    case VALUE_SHELL: strbuf_add(out, "(bash zsh fish)"); break;
    case VALUE_COMMAND:
        strbuf_add_char(out, '(');
        add_command_names(out);
        strbuf_add_char(out, ')');
        break;
    default: strbuf_add(out, "()"); // nothing to offer; a message would keep zsh from inserting
    }
}

// 'word[help]:value:', once for the name and once for the letter; neither is offered after either.
static void add_zsh_option(struct strbuf *out, const struct command_option *option,
                           const char *word)
{
    strbuf_add(out, " \\\n            '");
    if (option->repeatable)
        strbuf_add_char(out, '*');
    else if (option->letter)
        strbuf_addf(out, "(-%c --%s)", option->letter, option->name);
    strbuf_addf(out, "%s[", word);
    add_zsh_text(out, option->help, "[]");
    strbuf_add_char(out, ']');
    if (option->value_optional)
        strbuf_add(out, "::N: ");
    else if (option->kind != VALUE_NONE)
        add_zsh_value(out, option->argument, option->kind, option->words);
    strbuf_add_char(out, '\'');
}

static void add_zsh_options(struct strbuf *out, const struct command_option *options)
{
    for (; options->id; options++) {
        if (options->hidden)
            continue;
        char word[64];
        bool value = options->kind != VALUE_NONE;
        snprintf(word, sizeof word, "--%s%s", options->name,
                 options->value_optional ? "=-"
                 : value                 ? "="
                                         : "");
        add_zsh_option(out, options, word);
        if (options->letter) {
            snprintf(word, sizeof word, "-%c%s", options->letter, value ? "+" : "");
            add_zsh_option(out, options, word);
        }
    }
}

static void add_zsh_operands(struct strbuf *out, const struct command *command)
{
    if (!command->operand)
        return;
    if (command_actions(command).data) {
        strbuf_add(out, " \\\n            '1:action:(");
        add_actions(out, command);
        strbuf_add(out, ")'");
    }
    strbuf_addf(out, " \\\n            '%s", command->operands_max > 1 ? "*" : "1");
    add_zsh_value(out, command->operand, command->operand_kind, "");
    strbuf_add_char(out, '\'');
}

static void add_zsh_commands(struct strbuf *out)
{
    strbuf_add(out, "    command)\n        commands=(\n");
    for (const struct command *command = command_table; command->name; command++) {
        strbuf_addf(out, "            '%s:", command->name);
        add_zsh_text(out, command->summary, "");
        strbuf_add(out, "'\n");
    }
    strbuf_add(out, "        )\n        _describe -t commands 'grove command' commands ;;\n");
}

static void add_zsh(struct strbuf *out)
{
    strbuf_add(out, "#compdef grove\n"
                    "# zsh completion for grove, made by: grove completion zsh\n"
                    "_grove() {\n"
                    "    local curcontext=$curcontext state line\n"
                    "    local -a commands\n"
                    "    typeset -A opt_args\n"
                    "    _arguments -C -S");
    add_zsh_options(out, command_global_options);
    add_zsh_options(out, command_top_options);
    strbuf_add(out, " \\\n            '1: :->command' '*:: :->arguments'\n"
                    "    case $state in\n");
    add_zsh_commands(out);
    strbuf_add(out, "    arguments)\n        curcontext=${curcontext%:*}-$line[1]:\n"
                    "        case $line[1] in\n");
    for (const struct command *command = command_table; command->name; command++) {
        strbuf_addf(out, "        %s)\n            _arguments -S", command->name);
        add_zsh_options(out, command->options);
        add_zsh_options(out, command_global_options);
        add_zsh_operands(out, command);
        strbuf_add(out, " ;;\n");
    }
    // As a file in fpath it is the function's body; where it is sourced it defines it.
    strbuf_add(out, "        esac ;;\n    esac\n}\n"
                    "if [[ $funcstack[1] == _grove ]]; then\n    _grove \"$@\"\n"
                    "else\n    compdef _grove grove\nfi\n");
}

// --- fish ----------------------------------------------------------------------------------------

// In fish's single quotes only \ and ' are special.
static void add_fish_quoted(struct strbuf *out, const char *text)
{
    strbuf_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            strbuf_add_char(out, '\\');
        strbuf_add_char(out, *text);
    }
    strbuf_add_char(out, '\'');
}

static void add_fish_options(struct strbuf *out, const char *condition,
                             const struct command_option *options)
{
    for (; options->id; options++) {
        if (options->hidden)
            continue;
        strbuf_addf(out, "complete -c grove%s -l %s", condition, options->name);
        if (options->letter)
            strbuf_addf(out, " -s %c", options->letter);
        if (options->kind != VALUE_NONE)
            strbuf_add(out, options->kind == VALUE_FILE || options->kind == VALUE_FOLDER ? " -rF"
                                                                                         : " -x");
        if (options->kind == VALUE_WORD)
            strbuf_addf(out, " -a '%s'", options->words);
        strbuf_add(out, " -d ");
        add_fish_quoted(out, options->help);
        strbuf_add_char(out, '\n');
    }
}

// As long as none is there.
static void add_fish_actions(struct strbuf *out, const struct command *command)
{
    struct strbuf actions;
    strbuf_init(&actions, 4096);
    add_actions(&actions, command);
    strbuf_addf(out,
                "complete -c grove -n '__fish_seen_subcommand_from %s; and not "
                "__fish_seen_subcommand_from %s' -a '%s'\n",
                command->name, actions.data, actions.data);
    out->failed |= actions.failed;
    strbuf_release(&actions);
}

static void add_fish(struct strbuf *out)
{
    strbuf_add(out, "# fish completion for grove, made by: grove completion fish\n"
                    "complete -c grove -f\n");
    add_fish_options(out, "", command_global_options);
    add_fish_options(out, " -n __fish_use_subcommand", command_top_options);
    for (const struct command *command = command_table; command->name; command++) {
        char condition[96];
        strbuf_addf(out, "complete -c grove -n __fish_use_subcommand -a %s -d ", command->name);
        add_fish_quoted(out, command->summary);
        strbuf_add_char(out, '\n');
        snprintf(condition, sizeof condition, " -n '__fish_seen_subcommand_from %s'",
                 command->name);
        add_fish_options(out, condition, command->options);
        if (command->operand_kind == VALUE_FILE)
            strbuf_addf(out, "complete -c grove%s -F\n", condition);
        if (command->operand_kind == VALUE_SHELL)
            strbuf_addf(out, "complete -c grove%s -a 'bash zsh fish'\n", condition);
        if (command_actions(command).data)
            add_fish_actions(out, command);
    }
}

enum grove_code cmd_completion(struct session *session, struct grove_error *error)
{
    const struct options *options = &session->options;
    const char *shell = options->operand_count ? options->operands[0] : "bash";
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    if (strcmp(shell, "bash") == 0) {
        add_bash(&out);
    } else if (strcmp(shell, "zsh") == 0) {
        add_zsh(&out);
    } else if (strcmp(shell, "fish") == 0) {
        add_fish(&out);
    } else {
        strbuf_release(&out);
        session_usage_error(session, error, "no completion for the shell \"%s\"", shell);
        error_hint(error, "there are bash, zsh and fish");
        return GROVE_INVALID;
    }
    enum grove_code code = session_print_either(session, &out, error);
    strbuf_release(&out);
    return code;
}
