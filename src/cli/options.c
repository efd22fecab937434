// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/strbuf.h"

#define OPTIONS_MARK "--"

// getopt's value of a long option is its place in the choices plus this: never a letter. That of an
// operand, where it tells of them, is getopt's own.
enum { OPERAND = 1, LONG_FIRST = 256, CHOICES_MAX = 32, WORDS_BYTES_MAX = 300 };

struct choices {
    const struct command_option *items[CHOICES_MAX];
    size_t count;
};

static void choices_add(struct choices *choices, const struct command_option *options)
{
    for (; options->id; options++) {
        CHECK(choices->count < CHOICES_MAX);
        choices->items[choices->count++] = options;
    }
}

static const struct command_option *choices_find(const struct choices *choices, int value)
{
    if (value >= LONG_FIRST) {
        CHECK((size_t)(value - LONG_FIRST) < choices->count);
        return choices->items[value - LONG_FIRST];
    }
    for (size_t i = 0; i < choices->count; i++)
        if (value != 0 && choices->items[i]->letter == value)
            return choices->items[i];
    return NULL;
}

// --- what getopt refused -------------------------------------------------------------------------

static enum grove_code refuse_unknown_long(const struct choices *choices, const char *argument,
                                           struct grove_error *error)
{
    struct text names[CHOICES_MAX];
    char wanted[64] = "";
    size_t count = 0, matching = 0;
    size_t length = strcspn(argument + 2, "=");
    if (length < sizeof wanted)
        memcpy(wanted, argument + 2, length);
    for (size_t i = 0; i < choices->count; i++) {
        if (choices->items[i]->hidden)
            continue;
        names[count] = text_of(choices->items[i]->name);
        matching += length > 0 && text_starts_with(names[count++], wanted);
    }
    if (matching > 1)
        return error_set(error, GROVE_INVALID, "option \"--%s\" may mean several options", wanted);
    error_set(error, GROVE_INVALID, "unknown option \"--%.*s\"", (int)length, argument + 2);
    struct text near = options_suggest(wanted, names, count);
    if (near.data)
        error_hint(error, "did you mean --%.*s?", TEXT_ARGS(near));
    return GROVE_INVALID;
}

static enum grove_code refuse(const struct choices *choices, const struct command *command,
                              int found, const char *argument, struct grove_error *error)
{
    const struct command_option *option = optopt ? choices_find(choices, optopt) : NULL;
    if (option && found == ':') {
        error_set(error, GROVE_INVALID, "option --%s needs a value", option->name);
        return option_hint(option, OPTIONS_MARK, error);
    }
    if (option)
        return error_set(error, GROVE_INVALID, "option --%s takes no value", option->name);
    if (optopt)
        error_set(error, GROVE_INVALID, "unknown option \"-%c\"", optopt);
    else
        (void)refuse_unknown_long(choices, argument, error);
    if (command && command->operand_kind == VALUE_RAW)
        error_hint(error, "options of %s itself go behind --: grove %s -- %s", command->name,
                   command->name, argument);
    else if (optopt && command && command->operand_kind == VALUE_TEXT)
        error_hint(error, "what begins with a dash, and is the %s, goes behind --",
                   command->operand);
    return GROVE_INVALID;
}

static enum grove_code add_value(const struct command_option *option, const char *text,
                                 struct options *options, struct grove_error *error)
{
    struct option_value value = {.option = option, .text = text};
    if (options->count == OPTIONS_MAX)
        return error_set(error, GROVE_LIMIT, "more than %d options", OPTIONS_MAX);
    if (option->kind != VALUE_NONE && value_read(&value, OPTIONS_MARK, error) != GROVE_OK)
        return error->code;
    options->values[options->count++] = value;
    return GROVE_OK;
}

// --- parsing -------------------------------------------------------------------------------------

static enum grove_code parse(const struct choices *choices, const struct command *command, int argc,
                             char **argv, struct options *options, struct grove_error *error)
{
    struct option longs[CHOICES_MAX + 1] = {{0}};
    char letters[CHOICES_MAX * 2 + 3];
    size_t length = 0;
    if (!command)
        letters[length++] = '+'; // stop at the first operand: the command's name
    else if (command->operand_kind == VALUE_RAW)
        letters[length++] = '-'; // tells of each operand that stands before --
    letters[length++] = ':';
    for (size_t i = 0; i < choices->count; i++) {
        const struct command_option *option = choices->items[i];
        int has_argument = option->kind != VALUE_NONE ? required_argument
                           : option->value_optional   ? optional_argument
                                                      : no_argument;
        longs[i] = (struct option){option->name, has_argument, NULL, LONG_FIRST + (int)i};
        if (option->letter)
            letters[length++] = option->letter;
        if (option->letter && has_argument == required_argument)
            letters[length++] = ':';
    }
    letters[length] = '\0';

    options->mark = OPTIONS_MARK;
    optind = 0; // makes glibc start afresh
    opterr = 0;
    int found;
    while ((found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        if (found == '?' || found == ':')
            return refuse(choices, command, found, argv[optind > 1 ? optind - 1 : 1], error);
        if (found == OPERAND) {
            options->stray = options->stray ? options->stray : optarg;
            continue;
        }
        const struct command_option *option = choices_find(choices, found);
        CHECK(option != NULL);
        enum grove_code code = add_value(option, optarg, options, error);
        if (code != GROVE_OK)
            return code;
    }
    return GROVE_OK;
}

enum grove_code options_parse_top(int argc, char **argv, struct options *options, int *ret_next,
                                  struct grove_error *error)
{
    struct choices choices = {.count = 0};
    choices_add(&choices, command_global_options);
    choices_add(&choices, command_top_options);
    enum grove_code code = parse(&choices, NULL, argc, argv, options, error);
    if (code == GROVE_OK)
        *ret_next = optind;
    return code;
}

// A word that another program would have taken for its database, say: whose it is must be told.
static enum grove_code refuse_stray(const struct command *command, const char *word,
                                    struct grove_error *error)
{
    const char *option = command->operand_option;
    const char *quote = word[strcspn(word, " \t\n*?;()<>&|'")] ? "\"" : "";
    error_set(error, GROVE_INVALID, "grove %s does not take the argument \"%s\"", command->name,
              word);
    // Within the quotes the shell would take these for its own.
    if (word[strcspn(word, "\"$`\\!")])
        error_hint(error, "arguments of %s itself go behind --, as \"grove %s --help\" shows",
                   command->name, command->name);
    else
        error_hint(error, "arguments of %s itself go behind --: grove %s -- %s%s%s%s%s",
                   command->name, command->name, option ? option : "", option ? " " : "", quote,
                   word, quote);
    return GROVE_INVALID;
}

// Words of one text, or several of what there can be one of.
static enum grove_code refuse_too_many(const struct command *command, const struct options *options,
                                       struct grove_error *error)
{
    struct strbuf words;
    bool numbers = true;
    strbuf_init(&words, WORDS_BYTES_MAX);
    for (size_t i = 0; i < options->operand_count; i++) {
        const char *word = options->operands[i];
        numbers = numbers && word[strspn(word, "0123456789")] == '\0';
        strbuf_addf(&words, "%s%s", i > 0 ? " " : "", word);
    }
    bool plain = !words.failed && words.data[strcspn(words.data, "\"$`\\!")] == '\0';
    error_set(error, GROVE_INVALID, "%s does not take the argument \"%s\"", command->name,
              options->operands[command->operands_max]);
    if (command->operands_max > 1)
        error_hint(error, "it takes %zu at most", command->operands_max);
    else if (command->operand_kind == VALUE_TEXT && numbers)
        error_hint(error, "it takes one %s at a time", command->operand);
    else if (command->operand_kind == VALUE_TEXT)
        error_hint(error, "what has several words goes into quotes%s%s%s%s%s",
                   plain ? ": grove " : "", plain ? command->name : "", plain ? " \"" : "",
                   plain ? words.data : "", plain ? "\"" : "");
    strbuf_release(&words);
    return GROVE_INVALID;
}

static bool has_action(const struct command *command, const char *word)
{
    struct text rest = command_actions(command), action;
    while (text_split(&rest, '|', &action))
        if (text_equal(action, text_of(word)))
            return true;
    return false;
}

static enum grove_code check_operands(const struct command *command, const struct options *options,
                                      struct grove_error *error)
{
    if (options->stray)
        return refuse_stray(command, options->stray, error);
    if (options->operand_count < command->operands_min) {
        error_set(error, GROVE_INVALID, "%s needs %s %s", command->name,
                  strchr("AEIOU", command->operand[0]) ? "an" : "a", command->operand);
        if (command->examples[0].line)
            error_hint(error, "for example: grove %s", command->examples[0].line);
        return GROVE_INVALID;
    }
    if (command_actions(command).data && !has_action(command, options->operands[0]))
        return action_unknown(command, options->operands[0], error);
    if (options->operand_count > command->operands_max)
        return refuse_too_many(command, options, error);
    char what[64];
    snprintf(what, sizeof what, "the %s", command->operand ? command->operand : "argument");
    for (size_t i = 0; i < options->operand_count && command->operand_kind == VALUE_TEXT; i++)
        if (value_check_utf8(what, options->operands[i], error) != GROVE_OK)
            return GROVE_INVALID;
    return GROVE_OK;
}

enum grove_code options_parse(const struct command *command, int argc, char **argv,
                              struct options *options, struct grove_error *error)
{
    struct choices choices = {.count = 0};
    choices_add(&choices, command->options);
    choices_add(&choices, command_global_options);
    enum grove_code code = parse(&choices, command, argc, argv, options, error);
    if (code != GROVE_OK)
        return code;
    options->operands = argv + optind;
    options->operand_count = (size_t)(argc - optind);
    // Whoever asks for help need not have got the operands right.
    return options_has(options, OPTION_HELP) ? GROVE_OK : check_operands(command, options, error);
}
