// SPDX-License-Identifier: Apache-2.0
// What a service manager hears, on a socket with a path and on an abstract one.
#include "../test.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "cli/notify.h"

enum { MESSAGE_SIZE = 1024 };

static char folder[] = "/tmp/grove-test-XXXXXX";

// Of a name as the environment has it.
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    assert_true(length < sizeof address.sun_path);
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

// "" where nothing has come.
static const char *heard(int fd)
{
    static char message[MESSAGE_SIZE];
    ssize_t length = recv(fd, message, sizeof message - 1, 0);
    assert_true(length >= 0 || errno == EAGAIN);
    message[length > 0 ? length : 0] = '\0';
    return message;
}

static struct notify begin(void)
{
    struct notify notify;
    struct grove_error error;
    assert_ok(notify_init(&notify, &error), error);
    return notify;
}

static int forget(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return 0;
}

static void tell_all(int fd)
{
    struct notify notify = begin();
    notify_status(&notify, "reaching");
    assert_string_equal(heard(fd), "STATUS=reaching");
    notify_status(&notify, "reaching");
    assert_string_equal(heard(fd), "");
    notify_ready(&notify, "at work");
    assert_string_equal(heard(fd), "READY=1\nSTATUS=at work");
    notify_ready(&notify, "at work still");
    assert_string_equal(heard(fd), "");
    notify_alive(&notify); // nobody waits for it
    assert_string_equal(heard(fd), "");
    notify_stopping(&notify, "at work");
    assert_string_equal(heard(fd), "STOPPING=1\nSTATUS=at work");
    notify_release(&notify);
    close(fd);
}

static void a_path_and_an_abstract_name(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "%s/notify", folder);
    tell_all(listen_at(name));
    assert_int_equal(unlink(name), 0);
    snprintf(name, sizeof name, "@grove-test-%d", (int)getpid());
    tell_all(listen_at(name));
}

static void nobody_is_told_nothing(void **state)
{
    (void)state;
    static const char *const none[] = {NULL, ""};
    setenv("WATCHDOG_USEC", "1000", 1);
    for (size_t i = 0; i < 2; i++) {
        if (none[i])
            setenv("NOTIFY_SOCKET", none[i], 1);
        struct notify notify = begin();
        assert_int_equal(notify.socket, -1);
        notify_status(&notify, "a");
        notify_ready(&notify, "b");
        notify_alive(&notify);
        notify_stopping(&notify, "c");
        assert_false(notify.ready);
        notify_release(&notify);
    }
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *socket, *time, *words;
    } rows[] = {
        {"notify", NULL, "neither a path nor an @name"},
        {"vsock:2:1234", NULL, "neither a path nor an @name"},
        {"@", NULL, "has 1 bytes"},
        {"/tmp/x", "soon", "WATCHDOG_USEC is \"soon\""},
        {"/tmp/x", "0", "WATCHDOG_USEC is \"0\""},
        {"/tmp/x", "-5", "WATCHDOG_USEC is \"-5\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct notify notify;
        struct grove_error error;
        setenv("NOTIFY_SOCKET", rows[i].socket, 1);
        if (rows[i].time)
            setenv("WATCHDOG_USEC", rows[i].time, 1);
        assert_int_equal(notify_init(&notify, &error), GROVE_INVALID);
        assert_non_null(strstr(error.message, rows[i].words));
        assert_int_equal(notify.socket, -1); // all else can be called
        notify_release(&notify);
    }
    char longest[200] = "/";
    memset(longest + 1, 'x', sizeof longest - 2);
    struct notify notify;
    struct grove_error error;
    unsetenv("WATCHDOG_USEC");
    setenv("NOTIFY_SOCKET", longest, 1);
    assert_int_equal(notify_init(&notify, &error), GROVE_INVALID);
    assert_non_null(strstr(error.message, "has 199 bytes, not 2 to 107"));
}

static void a_status_is_one_line_and_whole_characters(void **state)
{
    (void)state;
    char name[64], text[2 * NOTIFY_STATUS_SIZE] = "a\nREADY=1";
    snprintf(name, sizeof name, "@grove-test-%d", (int)getpid());
    int fd = listen_at(name);
    struct notify notify = begin();
    notify_status(&notify, text);
    assert_string_equal(heard(fd), "STATUS=a READY=1");
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "ü", sizeof "ü");
    notify_status(&notify, text);
    const char *message = heard(fd);
    // 255 bytes are 127 such characters and half of one.
    assert_int_equal(strlen(message), strlen("STATUS=") + 254);
    assert_int_equal(text_utf8_error(text_of(message)), strlen(message));
    notify_release(&notify);
    close(fd);
}

// What the manager's socket does not take is told the next time.
static void what_was_not_taken_is_sent_again(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@grove-test-%d", (int)getpid());
    setenv("NOTIFY_SOCKET", name, 1);
    struct notify notify = begin();
    notify_ready(&notify, "a"); // nobody is there yet
    assert_false(notify.ready);
    int fd = listen_at(name);
    notify_ready(&notify, "a");
    assert_string_equal(heard(fd), "READY=1\nSTATUS=a");
    assert_true(notify.ready);
    notify_release(&notify);
    close(fd);
}

static void a_watchdog_hears_at_half_its_time(void **state)
{
    (void)state;
    char name[64], pid[32];
    snprintf(name, sizeof name, "@grove-test-%d", (int)getpid());
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    int fd = listen_at(name);
    setenv("WATCHDOG_USEC", "60000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    struct notify notify = begin();
    assert_int_equal(notify.ping_every_us, 30000000);
    notify_alive(&notify);
    assert_string_equal(heard(fd), "WATCHDOG=1");
    notify_alive(&notify);
    assert_string_equal(heard(fd), "");
    notify.pinged_at_us = clock_monotonic_us() - 29000000;
    notify_alive(&notify);
    assert_string_equal(heard(fd), "");
    notify.pinged_at_us = clock_monotonic_us() - 30000000;
    notify_alive(&notify);
    assert_string_equal(heard(fd), "WATCHDOG=1");
    notify_release(&notify);
    setenv("WATCHDOG_PID", "1", 1); // it waits for another process
    notify = begin();
    notify_alive(&notify);
    assert_string_equal(heard(fd), "");
    notify_release(&notify);
    close(fd);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_path_and_an_abstract_name, forget),
        cmocka_unit_test_setup(nobody_is_told_nothing, forget),
        cmocka_unit_test_setup(what_makes_no_sense_is_refused, forget),
        cmocka_unit_test_setup(a_status_is_one_line_and_whole_characters, forget),
        cmocka_unit_test_setup(what_was_not_taken_is_sent_again, forget),
        cmocka_unit_test_setup(a_watchdog_hears_at_half_its_time, forget),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
