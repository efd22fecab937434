// SPDX-License-Identifier: Apache-2.0
//
// The command table, and command lines read by it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "commands/filter.h"
#include "cli/options.h"
#include "cli/run.h"

enum { WORDS_MAX = 12 };

static enum grove_code parse(const char *const *words, struct options *options,
                             struct grove_error *error)
{
    // getopt may reorder the array, never the strings.
    static char *argv[WORDS_MAX + 1];
    int argc = 0;
    for (; argc < WORDS_MAX && words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    argv[argc] = NULL;
    *options = (struct options){0};
    const struct command *command = command_find(words[0]);
    assert_non_null(command);
    return options_parse(command, argc, argv, options, error);
}

static void table_is_consistent(void **state)
{
    (void)state;
    for (const struct command *command = command_table; command->name; command++) {
        assert_ptr_equal(command_find(command->name), command);
        assert_true(run_knows(command));
        assert_non_null(command->usage);
        assert_true(command->examples && command->examples[0].line);
        assert_true(command->operands_max == 0 || command->operand);
        for (const struct command_option *option = command->options; option->id; option++) {
            assert_int_equal(option->kind == VALUE_NONE, option->argument == NULL);
            assert_true(option->kind != VALUE_COUNT || option->min <= option->max);
            for (const struct command_option *other = option + 1; other->id; other++) {
                assert_string_not_equal(option->name, other->name);
                assert_true(!option->letter || option->letter != other->letter);
            }
            for (const struct command_option *global = command_global_options; global->id;
                 global++) {
                assert_string_not_equal(option->name, global->name);
                assert_true(!option->letter || option->letter != global->letter);
            }
        }
    }
    assert_null(command_find("nothing"));
}

static void reads_a_command_line(void **state)
{
    static const char *const words[] = {"search",  "-t", "Doctrine",    "baptism", "--type=Article",
                                        "--limit", "25", "--min-words", "100",     "--json",
                                        NULL};
    struct options options;
    struct grove_error error;
    struct filter_values values;
    (void)state;
    assert_int_equal(parse(words, &options, &error), GROVE_OK);
    assert_int_equal(options.operand_count, 1);
    assert_string_equal(options.operands[0], "baptism");
    assert_int_equal(options_count(&options, OPTION_LIMIT, 10), 25);
    assert_int_equal(options_count(&options, OPTION_MAX_WORDS, 7), 7);
    assert_true(options_has(&options, OPTION_JSON));
    assert_null(options_text(&options, OPTION_PATH));
    assert_int_equal(filter_read(&options, &values, &error), GROVE_OK);
    assert_int_equal(values.filter.content_type_count, 2);
    assert_string_equal(values.filter.content_types[0], "Doctrine");
    assert_string_equal(values.filter.content_types[1], "Article");
    assert_int_equal(values.filter.words_min, 100);
}

static void the_last_one_counts(void **state)
{
    static const char *const words[] = {"search", "x", "-n", "5", "-n", "6", NULL};
    struct options options;
    struct grove_error error;
    (void)state;
    assert_int_equal(parse(words, &options, &error), GROVE_OK);
    assert_int_equal(options_count(&options, OPTION_LIMIT, 10), 6);
}

static void reads_times(void **state)
{
    static const char *const ago[] = {"search", "x", "--since", "90d", NULL};
    static const char *const then[] = {"search", "x", "--until", "2026-11-23", NULL};
    static const char *const zero[] = {"search", "x", "--until", "1970-01-01", NULL};
    static const char *const moving[] = {"discover", "x", "--since", "1d", "--cursor", "c", NULL};
    struct options options;
    struct grove_error error;
    struct filter_values values;
    (void)state;
    assert_int_equal(parse(ago, &options, &error), GROVE_OK);
    int64_t since_us = options_count(&options, OPTION_SINCE, 0);
    int64_t wanted_us = clock_now_us() - 90 * (int64_t)86400 * 1000000;
    assert_in_range(wanted_us - since_us, 0, 60 * 1000000);
    assert_true(options_find(&options, OPTION_SINCE)->relative);

    assert_int_equal(parse(then, &options, &error), GROVE_OK);
    assert_int_equal(options_count(&options, OPTION_UNTIL, 0), 1795392000LL * 1000000);

    // 0 would mean "no bound" to the library.
    assert_int_equal(parse(zero, &options, &error), GROVE_OK);
    assert_int_equal(filter_read(&options, &values, &error), GROVE_OK);
    assert_true(values.filter.created_until_us == GROVE_1970);

    assert_int_equal(parse(moving, &options, &error), GROVE_OK);
    assert_int_equal(filter_read(&options, &values, &error), GROVE_INVALID);
    assert_non_null(strstr(error.message, "another query"));
}

static void dashes_end_options(void **state)
{
    static const char *const words[] = {"psql", "--", "-c", "select 1", "--json", NULL};
    static const char *const dashes_as_value[] = {"psql", "--home", "--", "--", "-A", NULL};
    struct options options;
    struct grove_error error;
    (void)state;
    assert_int_equal(parse(words, &options, &error), GROVE_OK);
    assert_int_equal(options.operand_count, 3);
    assert_string_equal(options.operands[0], "-c");
    assert_false(options_has(&options, OPTION_JSON));
    assert_int_equal(parse(dashes_as_value, &options, &error), GROVE_OK);
    assert_int_equal(options.operand_count, 1);
    assert_string_equal(options.operands[0], "-A");
}

static void refuses(void **state)
{
    static const struct {
        const char *words[6];
        const char *message, *hint;
    } cases[] = {
        {{"search"}, "search needs a TEXT", "for example"},
        {{"subject"}, "subject needs an ACTION", "for example"},
        {{"show"}, "show needs an ID", "for example"},
        {{"search", "a", "b"}, "does not take the argument \"b\"", "quotes: grove search \"a b\""},
        {{"search", "a", "$b"}, "does not take the argument \"$b\"", "goes into quotes"},
        {{"similar", "4", "5"}, "does not take the argument \"5\"", "one ID at a time"},
        {{"subject", "list", "b", "c", "d"}, "the argument \"d\"", "it takes 3 at most"},
        {{"subject", "Check"}, "grove subject has no action \"Check\"", "subject validate?"},
        {{"dead", "lst"}, "grove dead has no action \"lst\"", "did you mean grove dead list?"},
        {{"dead", "x"}, "grove dead has no action \"x\"", "there are list, retry, drop"},
        {{"stop", "now"}, "stop does not take the argument \"now\"", ""},
        {{"search", "x", "--limt", "3"}, "unknown option \"--limt\"", "did you mean --limit?"},
        {{"search", "x", "--limt=3"}, "unknown option \"--limt\"", "did you mean --limit?"},
        {{"search", "x", "--zzzzzzzz"}, "unknown option \"--zzzzzzzz\"", ""},
        {{"search", "x", "--m", "3"}, "option \"--m\" may mean several", ""},
        {{"search", "-5"}, "unknown option \"-5\"", "behind --"},
        {{"search", "x", "--exact=yes"}, "option --exact takes no value", ""},
        {{"search", "x", "--freshness", "fas"},
         "--freshness \"fas\" is not one of its values",
         "one of: fresh fast"},
        {{"search", "x", "--limit"}, "option --limit needs a value", "--limit N"},
        {{"search", "x", "-n"}, "option --limit needs a value", "--limit N"},
        {{"search", "x", "--limit", "0"},
         "is not a whole number from 1 to 1000",
         "write --limit N: "},
        {{"search", "x", "--limit", "1001"},
         "is not a whole number from 1 to 1000",
         "write --limit N: "},
        {{"search", "x", "--limit", "1e2"}, "is not a whole number", ""},
        {{"search", "x", "--limit", "99999999999999999999"}, "is not a whole number", ""},
        {{"search", "x", "--type", ""}, "the value of --type is empty", ""},
        {{"search", "x", "--type", "\xff"}, "the value of --type is not valid UTF-8", "iconv"},
        {{"search", "\xc3"}, "the TEXT is not valid UTF-8: byte 1 is 0xc3", "iconv"},
        {{"search", "x", "--since", "90"}, "neither a duration nor a time", "90d"},
        {{"search", "x", "--since", "2026-02-30"}, "neither a duration nor a time", "90d"},
        {{"discover", "x", "--min-score", "1.5"},
         "is not a number from -1 to 1",
         "write --min-score S: "},
        {{"discover", "x", "--min-score", "nan"},
         "is not a number from -1 to 1",
         "write --min-score S: "},
        {{"psql", "-c", "select 1"}, "unknown option \"-c\"", "grove psql -- -c"},
        {{"psql", "select 1"}, "the argument \"select 1\"", "grove psql -- -c \"select 1\""},
        {{"psql", "select 1", "--", "-A"}, "the argument \"select 1\"", "grove psql -- -c"},
        {{"psql", "select \"a\""}, "does not take the argument", "psql --help"}, // quotes nest ill
        {{"pg_dump", "--json", "grove"}, "the argument \"grove\"", "grove pg_dump -- grove"},
        {{"pg_restore", "b.dump"}, "the argument \"b.dump\"", "grove pg_restore -- b.dump"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct options options;
        struct grove_error error = {0};
        assert_int_equal(parse(cases[i].words, &options, &error), GROVE_INVALID);
        if (!strstr(error.message, cases[i].message))
            fail_msg("\"%s\" lacks \"%s\"", error.message, cases[i].message);
        if (!strstr(error.hint, cases[i].hint))
            fail_msg("hint \"%s\" lacks \"%s\"", error.hint, cases[i].hint);
    }
}

static void help_needs_no_operands(void **state)
{
    static const char *const words[] = {"search", "--help", NULL};
    struct options options;
    struct grove_error error;
    (void)state;
    assert_int_equal(parse(words, &options, &error), GROVE_OK);
    assert_true(options_has(&options, OPTION_HELP));
}

static void top_options_stop_at_the_command(void **state)
{
    char grove[] = "grove", home[] = "--home", folder[] = "/x", search[] = "search",
         flag[] = "--exact";
    char *argv[] = {grove, home, folder, search, flag, NULL};
    struct options options = {0};
    struct grove_error error;
    int next = 0;
    (void)state;
    assert_int_equal(options_parse_top(5, argv, &options, &next, &error), GROVE_OK);
    assert_int_equal(next, 3);
    assert_string_equal(options_text(&options, OPTION_HOME), "/x");
}

static void suggests_commands(void **state)
{
    static const struct {
        const char *name, *hint;
    } cases[] = {{"serch", "grove search?"},
                 {"brwose", "grove browse?"},
                 {"doc", "grove doctor?"},
                 {"Status", "grove status?"},
                 {"versoin", "grove version?"}, // the last of all
                 {"delete", "grove rm"},
                 {"backup", "grove pg_dump"},
                 {"restore", "grove pg_restore"},
                 {"Start", "any command starts"},
                 {"xyzzy", ""},
                 {"", ""}};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct grove_error error = {0};
        assert_int_equal(command_unknown(cases[i].name, &error), GROVE_INVALID);
        assert_non_null(strstr(error.hint, cases[i].hint));
        assert_int_equal(error.hint[0] == '\0', cases[i].hint[0] == '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_consistent),    cmocka_unit_test(reads_a_command_line),
        cmocka_unit_test(the_last_one_counts),    cmocka_unit_test(reads_times),
        cmocka_unit_test(dashes_end_options),     cmocka_unit_test(refuses),
        cmocka_unit_test(help_needs_no_operands), cmocka_unit_test(top_options_stop_at_the_command),
        cmocka_unit_test(suggests_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
