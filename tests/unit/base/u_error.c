// SPDX-License-Identifier: Apache-2.0
#include "../test.h"

#include <errno.h>

#include "base/disk.h"

static void filling_in(void **state)
{
    (void)state;
    struct grove_error error;
    assert_int_equal(error_set(&error, GROVE_UNAVAILABLE, "no %s", "server"), GROVE_UNAVAILABLE);
    assert_string_equal(error.message, "no server");
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    error_context(&error, "loading batch %d", 3);
    error_context(&error, "in file x");
    assert_string_equal(error.context, "loading batch 3; in file x");
    error_set(&error, GROVE_INVALID, "else");
    assert_string_equal(error.context, "");
    assert_int_equal(error.retry, GROVE_RETRY_NEVER);
}

static void system_errors(void **state)
{
    (void)state;
    struct grove_error error;
    assert_int_equal(error_set_errno(&error, ENOSPC, "could not write \"f\""), GROVE_IO);
    assert_string_not_equal(error.hint, "");
    assert_int_equal(error_set_errno(&error, EACCES, "x"), GROVE_DENIED);
    assert_int_equal(error_set_errno(&error, ENOENT, "x"), GROVE_NOT_FOUND);
    assert_int_equal(error_set_errno(&error, ENOMEM, "x"), GROVE_NO_MEMORY);
    assert_int_equal(error.origin, GROVE_ORIGIN_SYSTEM);
}

static void full_disks(void **state)
{
    (void)state;
    static const char *const full[] = {
        "FATAL:  could not write lock file \"postmaster.pid\": No space left on device",
        "cannot serve: [Errno 28] No space left on device: 2 MB are free and 4 MB needed\nmore",
        "IO Error: Disk quota exceeded (os error 122)",
    };
    for (size_t i = 0; i < ARRAY_COUNT(full); i++)
        assert_true(disk_full_in_words(text_of(full[i])));
    assert_false(disk_full_in_words(text_of("No space left")));
    assert_false(disk_full_in_words((struct text){NULL, 0}));
    assert_true(disk_is_full("/proc")); // has no blocks at all
    assert_false(disk_is_full("/nowhere"));
}

static void cut_at_a_character(void **state)
{
    (void)state;
    struct grove_error error;
    char longer[2000];
    memset(longer, 0, sizeof longer);
    for (size_t i = 0; i + 3 < sizeof longer; i += 3)
        memcpy(longer + i, "\xe2\x82\xac", 3);
    error_set(&error, GROVE_INVALID, "%s", longer);
    struct text text = text_of(error.message);
    assert_true(text.length > 500 && text.length < sizeof error.message);
    assert_int_equal(text_utf8_error(text), text.length);
}

static void codes(void **state)
{
    (void)state;
    for (int code = 0; code < GROVE_CODE_COUNT; code++) {
        const struct grove_code_info *info = grove_code_info((enum grove_code)code);
        assert_int_equal(info->code, code);
        assert_true((info->exit_status == 0) == (code == GROVE_OK));
        for (int other = 0; other < code; other++)
            assert_true(info->exit_status != grove_code_info((enum grove_code)other)->exit_status);
    }
    assert_int_equal(grove_code_info((enum grove_code)999)->code, GROVE_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filling_in), cmocka_unit_test(system_errors),
        cmocka_unit_test(full_disks), cmocka_unit_test(cut_at_a_character),
        cmocka_unit_test(codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
