// SPDX-License-Identifier: Apache-2.0
// Commands called by name, with JSON: what is refused before anything is done, what is answered.
#include "../../support/stores.h"

#include "base/json.h"
#include "commands/call.h"
#include "commands/input.h"
#include "commands/shape.h"
#include "grove/call.h"
#include "pg/cluster.h"

#define NOBODY "http://127.0.0.1:1"
#define UNTOUCHED ((char *)(uintptr_t)1)

static struct grove *open_handle(const char *database_url)
{
    struct grove *grove = NULL;
    struct grove_error error;
    assert_ok(
        grove_open(&(struct grove_options){.database_url = database_url, .qdrant_url = NOBODY},
                   &grove, &error),
        error);
    return grove;
}

static struct grove *open_stores(struct test_stores *stores)
{
    static char conninfo[CLUSTER_CONNINFO_SIZE];
    test_database_conninfo(stores->database, conninfo);
    return open_handle(conninfo);
}

// --- the table -----------------------------------------------------------------------------------

static void commands_with_fields_can_be_called(void **state)
{
    (void)state;
    for (const struct command *command = command_table; command->name; command++) {
        assert_int_equal(call_knows(command), command->fields != NULL);
        assert_int_equal(command->answer != NULL, command->fields != NULL);
        const struct command_option *field, *other;
        for (size_t i = 0; command->fields && (field = input_field(command, i)); i++) {
            assert_true(field->help && field->help[0]);
            for (size_t k = 0; k < i && (other = input_field(command, k)); k++)
                assert_string_not_equal(field->name, other->name);
        }
    }
}

// --- what is refused -----------------------------------------------------------------------------

static const struct {
    const char *command, *json;
    enum grove_code code;
    const char *message; // a part of it
    const char *hint;    // the same; NULL: any
} refused[] = {
    {"serach", "{}", GROVE_INVALID, "no command \"serach\"", "search"},
    {"", "{}", GROVE_INVALID, "no command \"\"", "status"},
    {"init", "{}", GROVE_INVALID, "init cannot be called", "ls, browse, search, similar"},
    {"psql", NULL, GROVE_INVALID, "psql cannot be called", NULL},
    // the object
    {"search", NULL, GROVE_INVALID, "needs the field text", "meaning"},
    {"search", "", GROVE_INVALID, "no JSON", NULL},
    {"search", "{", GROVE_INVALID, "no JSON", NULL},
    {"search", "{\"text\":\"a\"} x", GROVE_INVALID, "at byte 14", NULL},
    {"search", "{\"text\":\"\xff\"}", GROVE_INVALID, "no JSON", NULL},
    {"search", "[]", GROVE_INVALID, "is an array, not an object", NULL},
    {"search", "null", GROVE_INVALID, "is null", NULL},
    {"search", "{\"text\":null}", GROVE_INVALID, "needs the field text", NULL},
    // names
    {"search", "{\"text\":\"a\",\"limt\":3}", GROVE_INVALID, "no field \"limt\"",
     "did you mean limit? its fields: text, path, type, since"},
    {"search", "{\"text\":\"a\",\"min-words\":3}", GROVE_INVALID, "\"min-words\"", "min_words"},
    {"search", "{\"text\":\"a\",\"output\":\"csv\"}", GROVE_INVALID, "no field \"output\"", NULL},
    {"search", "{\"text\":\"a\",\"limit\\u0000x\":3}", GROVE_INVALID, "no field \"limit\"", NULL},
    {"search", "{\"text\":\"a\",\"\":3}", GROVE_INVALID, "no field \"\"", NULL},
    {"search", "{\"text\":\"a\",\"json\":true}", GROVE_INVALID, "no field \"json\"", NULL},
    {"status", "{\"be_resident\":true}", GROVE_INVALID, "no field", "timeout_ms"},
    {"sync", "{\"watch\":true}", GROVE_INVALID, "no field \"watch\"", "retry_dead"},
    {"search", "{\"text\":\"a\",\"text\":\"b\"}", GROVE_INVALID, "text is given twice", NULL},
    // texts
    {"search", "{\"text\":5}", GROVE_INVALID, "text is a whole number, not a string", NULL},
    {"search", "{\"text\":\"\"}", GROVE_INVALID, "value of text is empty", NULL},
    {"search", "{\"text\":\"a\\u0000b\"}", GROVE_INVALID, "text has a NUL", NULL},
    {"search", "{\"text\":\"a\",\"type\":[1]}", GROVE_INVALID, "type is a whole number", NULL},
    {"search", "{\"text\":\"a\",\"type\":{}}", GROVE_INVALID, "type is an object", NULL},
    {"search", "{\"text\":\"a\",\"since\":\"soon\"}", GROVE_INVALID, "since \"soon\" is neither",
     "90d"},
    {"search", "{\"text\":\"a\",\"since\":\"1d\",\"until\":\"2d\"}", GROVE_INVALID,
     "since is not before until", NULL},
    {"search", "{\"text\":\"a\",\"min_words\":5,\"max_words\":4}", GROVE_INVALID,
     "min_words 5 is above max_words 4", NULL},
    {"browse", "{\"path\":\"a\",\"cursor\":\"x\",\"since\":\"1d\"}", GROVE_INVALID,
     "since 1d with cursor", NULL},
    // numbers
    {"search", "{\"text\":\"a\",\"limit\":3.0}", GROVE_INVALID, "limit is a number, not a whole",
     NULL},
    {"search", "{\"text\":\"a\",\"limit\":\"3\"}", GROVE_INVALID, "limit is a string", NULL},
    {"search", "{\"text\":\"a\",\"freshness\":\"Fast\"}", GROVE_INVALID,
     "freshness \"Fast\" is not one", "one of: fresh fast"},
    {"discover", "{\"text\":\"a\",\"freshness\":1}", GROVE_INVALID, "freshness is a whole number",
     NULL},
    {"search", "{\"text\":\"a\",\"limit\":true}", GROVE_INVALID, "limit is true or false", NULL},
    {"search", "{\"text\":\"a\",\"limit\":0}", GROVE_INVALID, "limit \"0\"", "rows, 1 to 1000"},
    {"search", "{\"text\":\"a\",\"limit\":-1}", GROVE_INVALID, "limit \"-1\"", NULL},
    {"search", "{\"text\":\"a\",\"limit\":1001}", GROVE_INVALID, "limit \"1001\"", NULL},
    {"search", "{\"text\":\"a\",\"limit\":18446744073709551615}", GROVE_INVALID, "limit \"184",
     NULL},
    {"search", "{\"text\":\"a\",\"limit\":18446744073709551616}", GROVE_INVALID,
     "limit is a number of too many digits", NULL},
    {"search", "{\"text\":\"a\",\"min_score\":1.5}", GROVE_INVALID, "min_score \"1.5\"", NULL},
    {"search", "{\"text\":\"a\",\"min_score\":null,\"exact\":1}", GROVE_INVALID,
     "exact is a whole number, not true or false", NULL},
    {"search", "{\"text\":\"a\",\"timeout_ms\":0}", GROVE_INVALID, "timeout_ms \"0\"", NULL},
    // ids
    {"show", "{}", GROVE_INVALID, "show needs the field id", NULL},
    {"show", "{\"id\":0}", GROVE_INVALID, "no content has the id 0", NULL},
    {"show", "{\"id\":-7}", GROVE_INVALID, "no content has the id -7", NULL},
    {"show", "{\"id\":2147483648}", GROVE_INVALID, "no content has the id 2147483648", NULL},
    {"show", "{\"id\":4.5}", GROVE_INVALID, "id is a number, not the id", NULL},
    {"show", "{\"id\":\"4\"}", GROVE_INVALID, "id is a string, not the id", NULL},
    {"show", "{\"id\":[4]}", GROVE_INVALID, "id is an array", NULL},
    {"similar", "{\"id\":99999999999999999999}", GROVE_INVALID, "too many digits", NULL},
    {"rm", "{\"ids\":4}", GROVE_INVALID, "not an array of ids", NULL},
    {"rm", "{\"ids\":[]}", GROVE_INVALID, "ids is empty", NULL},
    {"rm", "{\"ids\":[1,\"2\"]}", GROVE_INVALID, "ids is a string, not the id", NULL},
    {"mv", "{\"ids\":[1]}", GROVE_INVALID, "mv needs the field to", NULL},
    {"load", "{\"rows\":{}}", GROVE_INVALID, "rows is an object, not an array", NULL},
    {"load", "{}", GROVE_INVALID, "load needs the field rows", NULL},
};

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    // Who asked a server would be told that there is none.
    struct grove *grove = open_handle("postgresql://nobody@127.0.0.1:1/none");
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct grove_error error = {0};
        char *json = UNTOUCHED;
        enum grove_code code =
            grove_call(grove, refused[i].command, refused[i].json, &json, &error);
        bool told = code == refused[i].code && strstr(error.message, refused[i].message) &&
                    (!refused[i].hint || strstr(error.hint, refused[i].hint));
        if (!told || json != UNTOUCHED)
            fail_msg("%s %s: %d, \"%s\", \"%s\"", refused[i].command, refused[i].json, code,
                     error.message, error.hint);
    }
    grove_close(grove);
}

static void expect_limit(struct grove *grove, const char *command, struct strbuf *json,
                         const char *message)
{
    struct grove_error error = {0};
    char *answer = UNTOUCHED;
    assert_false(json->failed);
    assert_int_equal(grove_call(grove, command, json->data, &answer, &error), GROVE_LIMIT);
    assert_non_null(strstr(error.message, message));
    assert_ptr_equal(answer, UNTOUCHED);
    strbuf_release(json);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct grove *grove = open_handle("postgresql://nobody@127.0.0.1:1/none");
    struct strbuf json;
    struct grove_error error;
    char *answer = UNTOUCHED;

    strbuf_init(&json, (size_t)2 * GROVE_CALL_BYTES_MAX);
    strbuf_add(&json, "{\"text\":\"");
    memset(strbuf_reserve(&json, GROVE_CALL_BYTES_MAX), 'x', GROVE_CALL_BYTES_MAX);
    strbuf_advance(&json, GROVE_CALL_BYTES_MAX);
    strbuf_add(&json, "\"}");
    expect_limit(grove, "search", &json, "more than 64 MB");

    strbuf_init(&json, GROVE_CALL_BYTES_MAX);
    strbuf_add(&json, "{\"ids\":[1");
    for (int i = 1; i <= INPUT_IDS_MAX; i++)
        strbuf_add(&json, ",1");
    strbuf_add(&json, "]}");
    expect_limit(grove, "rm", &json, "100001 ids, at most 100000");

    strbuf_init(&json, GROVE_CALL_BYTES_MAX);
    strbuf_add(&json, "{\"text\":\"x\",\"type\":[\"t\"");
    for (int i = 1; i <= INPUT_STRINGS_MAX; i++)
        strbuf_add(&json, ",\"t\"");
    strbuf_add(&json, "]}");
    expect_limit(grove, "search", &json, "101 strings, at most 100");

    // As deep as it is long.
    enum { DEPTH = 1 << 20 };
    strbuf_init(&json, GROVE_CALL_BYTES_MAX);
    strbuf_add(&json, "{\"text\":");
    for (int i = 0; i < DEPTH; i++)
        strbuf_add_char(&json, '[');
    for (int i = 0; i < DEPTH; i++)
        strbuf_add_char(&json, ']');
    strbuf_add_char(&json, '}');
    assert_int_equal(grove_call(grove, "search", json.data, &answer, &error), GROVE_INVALID);
    assert_non_null(strstr(error.message, "text is an array"));
    strbuf_release(&json);
    grove_close(grove);
}

// --- what is read --------------------------------------------------------------------------------

static void fields_become_options(void **state)
{
    (void)state;
    static const char json[] =
        "{\"text\":\"caf\xc3\xa9 "
        "\\\"x\\\"\",\"type\":[\"A\",\"B\"],\"limit\":25,\"min_score\":-0.125,"
        "\"exact\":true,\"freshness\":\"fast\",\"explain\":false,\"since\":\"1970-01-01\",\"path\":"
        "null,\"timeout_ms\":7}";
    struct input_values input;
    struct grove_error error;
    assert_ok(input_read(command_find("search"), json, &input, &error), error);
    const struct options *options = &input.options;
    assert_string_equal(options_text(options, FIELD_TEXT), "caf\xc3\xa9 \"x\"");
    assert_string_equal(options->values[1].text, "A");
    assert_string_equal(options->values[2].text, "B");
    assert_int_equal(options_count(options, OPTION_LIMIT, 0), 25);
    assert_true(options_find(options, OPTION_MIN_SCORE)->real == -0.125);
    assert_true(options_has(options, OPTION_EXACT));
    assert_false(options_has(options, OPTION_EXPLAIN));
    assert_false(options_has(options, OPTION_PATH));
    assert_int_equal(options_count(options, OPTION_FRESHNESS, 0), GROVE_FRESHNESS_FAST);
    assert_int_equal(options_find(options, OPTION_SINCE)->number, 0);
    assert_int_equal(options_count(options, FIELD_TIMEOUT_MS, 0), 7);
    input_release(&input);

    assert_ok(input_read(command_find("rm"), "{\"ids\":[1,2147483647]}", &input, &error), error);
    assert_int_equal(input.id_count, 2);
    assert_int_equal(input.ids[1], INT32_MAX);
    input_release(&input);
}

// --- what is answered ----------------------------------------------------------------------------

static yyjson_doc *call(struct grove *grove, const char *command, const char *format, ...)
    GROVE_PRINTF(3, 4);

static yyjson_doc *call(struct grove *grove, const char *command, const char *format, ...)
{
    char json_in[512];
    va_list arguments;
    struct grove_error error;
    char *json;
    va_start(arguments, format);
    vsnprintf(json_in, sizeof json_in, format, arguments);
    va_end(arguments);
    assert_ok(grove_call(grove, command, json_in, &json, &error), error);
    yyjson_doc *document = yyjson_read(json, strlen(json), 0);
    assert_non_null(document);
    grove_free(json);
    return document;
}

static yyjson_val *at(yyjson_doc *document, const char *pointer)
{
    yyjson_val *value = yyjson_doc_ptr_get(document, pointer);
    assert_non_null(value);
    return value;
}

static void contents_are_listed_read_moved_and_removed(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.leaf = "One", .body = "A body."});
    (void)test_content(stores, &(struct test_content){.leaf = "Two", .type = "Note"});
    struct grove *grove = open_stores(stores);

    yyjson_doc *document = call(grove, "ls", "{\"path\":\"subject1/Branch/Limb\"}");
    assert_string_equal(yyjson_get_str(at(document, "/level")), "leaf");
    assert_string_equal(yyjson_get_str(at(document, "/path")), "subject1/Branch/Limb");
    assert_string_equal(yyjson_get_str(at(document, "/places/1/path")), "subject1/Branch/Limb/Two");
    assert_int_equal(yyjson_get_int(at(document, "/contents")), 2);
    yyjson_doc_free(document);

    document = call(grove, "show", "{\"id\":%d,\"body\":true}", (int)id);
    assert_string_equal(yyjson_get_str(at(document, "/body")), "A body.");
    assert_int_equal(yyjson_get_int(at(document, "/content_id")), id);
    assert_true(yyjson_is_null(at(document, "/vector_origin")));
    yyjson_doc_free(document);
    document = call(grove, "show", "{\"id\":%d}", (int)id);
    assert_true(yyjson_is_null(at(document, "/body")));
    yyjson_doc_free(document);

    document = call(grove, "browse", "{\"path\":\"subject1\",\"limit\":1,\"explain\":true}");
    assert_int_equal(yyjson_arr_size(at(document, "/results")), 1);
    assert_true(yyjson_is_null(at(document, "/results/0/score")));
    assert_true(yyjson_is_str(at(document, "/next_cursor")));
    assert_true(yyjson_is_obj(at(document, "/explain")));
    assert_true(yyjson_is_null(at(document, "/hint")));
    yyjson_doc_free(document);
    document = call(grove, "browse", "{\"path\":\"subject1\",\"type\":\"Noet\"}");
    assert_non_null(strstr(yyjson_get_str(at(document, "/hint")), "did you mean \"Note\"?"));
    yyjson_doc_free(document);

    document = call(grove, "mv", "{\"ids\":[%d],\"to\":\"subject2/a/b/c\"}", (int)id);
    assert_int_equal(yyjson_get_int(at(document, "/leaves_created")), 1);
    yyjson_doc_free(document);
    document =
        call(grove, "mv", "{\"from\":\"subject2/a\",\"to\":\"subject2/z\",\"dry_run\":true}");
    assert_true(yyjson_get_bool(at(document, "/dry_run")));
    yyjson_doc_free(document);

    document = call(grove, "rm", "{\"path\":\"subject2\",\"yes\":true}");
    assert_int_equal(yyjson_get_int(at(document, "/contents")), 1);
    yyjson_doc_free(document);
    document = call(grove, "status", "{}");
    assert_int_equal(yyjson_get_int(at(document, "/contents")), 1);
    assert_false(yyjson_get_bool(at(document, "/engine/ok")));
    assert_true(yyjson_is_null(at(document, "/engine/points")));
    yyjson_doc_free(document);
    document = call(grove, "version", "{}");
    assert_string_equal(yyjson_get_str(at(document, "/version")), grove_version());
    yyjson_doc_free(document);
    grove_close(grove);
}

static void contents_of_a_place_go_with_yes_only(struct test_stores *stores)
{
    (void)test_content(stores, &(struct test_content){.title = "Stays"});
    struct grove *grove = open_stores(stores);
    struct grove_error error;
    char *json = UNTOUCHED;
    assert_int_equal(grove_call(grove, "rm", "{\"path\":\"subject1\"}", &json, &error),
                     GROVE_CONFLICT);
    assert_non_null(strstr(error.hint, "\"yes\": true"));
    assert_ptr_equal(json, UNTOUCHED);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM content_metadata"), 1);
    yyjson_doc_free(call(grove, "rm", "{\"path\":\"subject1\",\"dry_run\":true}"));
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM content_metadata"), 1);
    grove_close(grove);
}

// After 300 milliseconds, and not for another reason.
static void expect_timeout(struct grove *grove, int32_t id, unsigned given_ms, unsigned limit_ms)
{
    const struct grove_limits limits = {.timeout_ms = limit_ms};
    struct grove_error error;
    char *json = UNTOUCHED;
    char input[128];
    snprintf(input, sizeof input, "{\"ids\":[%d],\"timeout_ms\":%u}", (int)id, given_ms);
    enum grove_code code = limit_ms ? grove_call_within(grove, "rm", input, &limits, &json, &error)
                                    : grove_call(grove, "rm", input, &json, &error);
    assert_int_equal(code, GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "within the 0.3 s"));
    assert_ptr_equal(json, UNTOUCHED);
}

// Both ways, and of two timeouts the shorter.
static void a_call_ends_as_it_is_told(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.title = "Held"});
    struct grove *grove = open_stores(stores);
    struct grove_error error;
    char *json = UNTOUCHED;
    struct grove_token *token = grove_token_new();
    assert_non_null(token);
    grove_token_cancel(token);
    assert_int_equal(
        grove_call_within(grove, "ls", NULL, &(struct grove_limits){.token = token}, &json, &error),
        GROVE_CANCELLED);
    grove_token_free(token);

    // Whoever removes it waits for its lock.
    test_sql(stores, "BEGIN");
    test_sql(stores, "SELECT 1 FROM content_metadata WHERE id = %d FOR UPDATE", (int)id);
    expect_timeout(grove, id, 300, 0);
    expect_timeout(grove, id, 300, 600000);
    expect_timeout(grove, id, 600000, 300);
    test_sql(stores, "ROLLBACK");
    assert_ptr_equal(json, UNTOUCHED);
    grove_close(grove);
}

// --- memory --------------------------------------------------------------------------------------

static bool read_input(void *state)
{
    struct input_values input;
    struct grove_error error;
    (void)state;
    enum grove_code code =
        input_read(command_find("search"), "{\"text\":\"a\",\"type\":[\"A\",\"B\"],\"limit\":5}",
                   &input, &error);
    assert_true(code == GROVE_OK || code == GROVE_NO_MEMORY);
    input_release(&input);
    return code == GROVE_OK;
}

static bool call_version(void *state)
{
    struct grove_error error;
    char *json = UNTOUCHED;
    enum grove_code code = grove_call(state, "version", "{}", &json, &error);
    assert_true(code == GROVE_OK || (code == GROVE_NO_MEMORY && json == UNTOUCHED));
    if (code != GROVE_OK)
        return false;
    assert_non_null(json);
    assert_string_equal(json, "{\"version\":\"" GROVE_VERSION "\"}");
    grove_free(json);
    return true;
}

static bool write_schema(void *state)
{
    (void)state;
    char *schema = grove_call_schema();
    bool whole = schema && schema[strlen(schema) - 2] == '}';
    assert_true(whole || !schema);
    grove_free(schema);
    return whole;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    struct grove *grove = open_handle("postgresql://nobody@127.0.0.1:1/none");
    test_every_fault(read_input, NULL);
    test_every_fault(call_version, grove);
    test_every_fault(write_schema, NULL);
    grove_close(grove);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_with_fields_can_be_called),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(fields_become_options),
        STORES_TEST(contents_are_listed_read_moved_and_removed),
        STORES_TEST(contents_of_a_place_go_with_yes_only),
        STORES_TEST(a_call_ends_as_it_is_told),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
