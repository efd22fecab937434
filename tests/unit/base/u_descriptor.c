// SPDX-License-Identifier: Apache-2.0
// A host that has closed its standard input, and what is opened then.
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

static void a_temporary_file_has_another_number(void **state)
{
    (void)state;
    char path[] = "/tmp/grove-test-XXXXXX";
    int fd = descriptor_open_temporary(path);
    assert_true(fd > STDERR_FILENO);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_true(is_closed(STDIN_FILENO));
    close(fd);
    assert_int_equal(unlink(path), 0);
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

// --- a host that forks ---------------------------------------------------------------------------

struct child {
    pid_t pid;
    int until; // it lives until this is closed
};

// `work` in the child: whether all is as it should be.
static struct child fork_child(bool (*work)(void))
{
    int ends[2], lives[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(lives), 0);
    struct child child = {.pid = fork(), .until = ends[1]};
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        close(ends[1]);
        bool good = !work || work();
        good = write(lives[1], "x", 1) == 1 && good;
        (void)!read(ends[0], &(char){0}, 1);
        _exit(good ? 0 : 1);
    }
    close(ends[0]);
    close(lives[1]);
    assert_int_equal(read(lives[0], &(char){0}, 1), 1); // it has begun
    close(lives[0]);
    return child;
}

static void end_child(struct child child)
{
    int status;
    close(child.until);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool can_lock(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool free_ = fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0;
    close(fd);
    return free_;
}

// The lock ends when it is given up here, whoever was forked meanwhile.
static void a_child_has_no_lock(void **state)
{
    (void)state;
    char path[] = "/tmp/grove-test-XXXXXX";
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    close(mkstemp(path));
    int fd = descriptor_open_own(path, O_RDWR, 0);
    int other = descriptor_duplicate_own(fd, 16);
    assert_true(fd > STDERR_FILENO && other >= 16);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(other, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    struct child child = fork_child(NULL);
    assert_false(can_lock(path));
    descriptor_close_own(&fd);
    assert_false(can_lock(path));
    descriptor_close_own(&other);
    bool given_up = can_lock(path);
    end_child(child);
    unlink(path);
    assert_true(given_up);
    assert_int_equal(fd, -1);
}

// It ends when it is closed here.
static void a_child_has_no_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(descriptor_pipe_own(ends, 16), 0);
    assert_true(ends[0] >= 16 && ends[1] >= 16);
    assert_int_equal(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
    struct child child = fork_child(NULL);
    descriptor_close_own(&ends[1]);
    struct pollfd end = {.fd = ends[0], .events = POLLIN};
    int ready = poll(&end, 1, 0);
    end_child(child);
    descriptor_close_own(&ends[0]);
    assert_int_equal(ready, 1);
    assert_true(end.revents & POLLHUP);
}

static bool input_is_closed_and_stays_so(void)
{
    bool closed = is_closed(STDIN_FILENO);
    close(descriptor_open("/dev/null", O_RDONLY, 0));
    return closed && is_closed(STDIN_FILENO);
}

// Another thread is just opening something.
static void a_child_has_its_streams_closed(void **state)
{
    (void)state;
    descriptor_hold_standard();
    struct child child = fork_child(input_is_closed_and_stays_so);
    descriptor_let_standard_go();
    end_child(child);
    assert_true(is_closed(STDIN_FILENO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_has_another_number, close_input, give_input_back),
        cmocka_unit_test_setup_teardown(a_temporary_file_has_another_number, close_input,
                                        give_input_back),
        cmocka_unit_test_setup_teardown(what_others_open_has_another_number, close_input,
                                        give_input_back),
        cmocka_unit_test_setup_teardown(holding_nests, close_input, give_input_back),
        cmocka_unit_test_setup_teardown(what_the_host_opened_meanwhile_stays, close_input,
                                        give_input_back),
        cmocka_unit_test_setup_teardown(a_program_fills_them_for_good, close_input,
                                        give_input_back),
        cmocka_unit_test(a_child_has_no_lock),
        cmocka_unit_test(a_child_has_no_pipe),
        cmocka_unit_test_setup_teardown(a_child_has_its_streams_closed, close_input,
                                        give_input_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
