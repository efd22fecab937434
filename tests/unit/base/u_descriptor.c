// SPDX-License-Identifier: Apache-2.0
// A host that has closed its standard input, and what is opened then.
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

static int kept;

static int close_input(void **state)
{
    (void)state;
    kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    return close(STDIN_FILENO);
}

static int give_input_back(void **state)
{
    (void)state;
    return dup2(kept, STDIN_FILENO) == STDIN_FILENO && close(kept) == 0 ? 0 : -1;
}

static bool is_closed(int fd)
{
    return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

static void a_file_has_another_number(void **state)
{
    (void)state;
    int fd = descriptor_open("/dev/null", O_RDWR, 0);
    assert_true(fd > STDERR_FILENO);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_true(is_closed(STDIN_FILENO));
    close(fd);
    errno = 0;
    assert_int_equal(descriptor_open("/nowhere/at/all", O_RDONLY, 0), -1);
    assert_int_equal(errno, ENOENT);
}

static void what_others_open_has_another_number(void **state)
{
    (void)state;
    descriptor_hold_standard();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd > STDERR_FILENO);
    // The host sees no difference.
    assert_int_equal(write(STDIN_FILENO, "x", 1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(read(STDIN_FILENO, &(char){0}, 1), -1);
    assert_int_equal(errno, EBADF);
    descriptor_let_standard_go();
    assert_true(is_closed(STDIN_FILENO));
    close(fd);
}

static void holding_nests(void **state)
{
    (void)state;
    descriptor_hold_standard();
    descriptor_hold_standard();
    descriptor_let_standard_go();
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd > STDERR_FILENO);
    close(fd);
    descriptor_let_standard_go();
    assert_true(is_closed(STDIN_FILENO));
}

static void what_the_host_opened_meanwhile_stays(void **state)
{
    (void)state;
    descriptor_hold_standard();
    close(STDIN_FILENO);
    assert_int_equal(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
    descriptor_let_standard_go();
    assert_int_equal(write(STDIN_FILENO, "x", 1), 1);
}

static void a_program_fills_them_for_good(void **state)
{
    struct stat input, null_device;
    (void)state;
    assert_true(descriptor_fill_standard());
    assert_int_equal(fstat(STDIN_FILENO, &input), 0);
    assert_int_equal(stat("/dev/null", &null_device), 0);
    assert_true(input.st_rdev == null_device.st_rdev && S_ISCHR(input.st_mode));
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd > STDERR_FILENO);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_has_another_number, close_input, give_input_back),
        cmocka_unit_test_setup_teardown(what_others_open_has_another_number, close_input,
                                        give_input_back),
        cmocka_unit_test_setup_teardown(holding_nests, close_input, give_input_back),
        cmocka_unit_test_setup_teardown(what_the_host_opened_meanwhile_stays, close_input,
                                        give_input_back),
        cmocka_unit_test_setup_teardown(a_program_fills_them_for_good, close_input,
                                        give_input_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
