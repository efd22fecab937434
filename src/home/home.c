// SPDX-License-Identifier: Apache-2.0
//
// Opening a home: first everything is looked at, which is all there is to do in a home that was
// opened before; only when something is missing the same steps run again under the home's lock,
// making it. So commands that start together agree on one id and one servers folder.
#include "home/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/inject.h"
#include "home/home_private.h"

enum {
    OPEN_LOCK_TIMEOUT_MS = 60000,
    LOCK_PAUSE_MS = 20,
    HOME_BYTES_MAX = 900, // PostgreSQL's paths end at 1,024, and there are long names in a home
};

#define PASSABLE 0711

// Where the sockets are when they cannot be in the home.
#define OTHER_RUN "/tmp/grove-"

// The longest name in the run folder.
#define LONGEST_SOCKET_NAME ".s.PGSQL.5432.lock"

// Steps run twice: first with make = false, where they only note what is missing.
struct settling {
    struct home *home;
    struct home_record record;
    bool make;
    bool missing;
};

static enum grove_code default_path(char ret_path[static PATH_MAX], struct grove_error *error)
{
    const char *data = getenv("XDG_DATA_HOME"), *user_home = getenv("HOME");
    if (data && data[0] == '/') // the XDG specification has relative ones ignored
        return home_path(ret_path, error, "%s/grove", data);
    if (user_home && user_home[0])
        return home_path(ret_path, error, "%s/.local/share/grove", user_home);
    error_set(error, GROVE_INVALID, "cannot tell where grove's folder is: HOME is not set");
    error_hint(error, "set GROVE_HOME to the folder to use");
    return GROVE_INVALID;
}

// Files of lines and PostgreSQL's own bound have no room for others. Any other byte will do.
static enum grove_code check_path(const char *path, struct grove_error *error)
{
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ')
            return error_set(error, GROVE_INVALID,
                             "the path of grove's folder has a control character in it");
    if (strlen(path) <= HOME_BYTES_MAX)
        return GROVE_OK;
    error_set(error, GROVE_INVALID, "the path of grove's folder is too long: %zu bytes",
              strlen(path));
    error_hint(error, "set GROVE_HOME to one of at most %d", HOME_BYTES_MAX);
    return GROVE_INVALID;
}

static enum grove_code wanted_path(const char *path, char ret_path[static PATH_MAX],
                                   struct grove_error *error)
{
    char folder[PATH_MAX];
    if (!path || !path[0])
        path = getenv("GROVE_HOME");
    if (!path || !path[0]) {
        enum grove_code code = default_path(folder, error);
        if (code != GROVE_OK)
            return code;
        path = folder;
    }
    char working[PATH_MAX];
    if (path[0] != '/' && !getcwd(working, sizeof working))
        return error_set_errno(error, errno, "could not find the working folder");
    enum grove_code code = path[0] == '/' ? home_path(ret_path, error, "%s", path)
                                          : home_path(ret_path, error, "%s/%s", working, path);
    return code == GROVE_OK ? check_path(ret_path, error) : code;
}

static enum grove_code no_home(const char *path, struct grove_error *error)
{
    error_set(error, GROVE_NOT_FOUND, "there is no grove home at \"%s\"", path);
    error_hint(error,
               "look at --home and GROVE_HOME, which say where it is; \"grove init\" makes one "
               "there");
    return GROVE_NOT_FOUND;
}

enum grove_code home_check_writable(const struct home *home, struct grove_error *error)
{
    if (access(home->path, R_OK | W_OK | X_OK) == 0)
        return GROVE_OK;
    error_set_errno(error, errno, "could not write to grove's folder \"%s\"", home->path);
    error_hint(error, "make it writable, or set GROVE_HOME to another folder");
    return error->code;
}

static enum grove_code check_folder(const struct home *home, const char *path,
                                    struct grove_error *error)
{
    home_act_as_servers(home);
    bool good = faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) == 0;
    int cause = errno;
    home_act_as_self(home);
    if (good || cause == ENOENT)
        return GROVE_OK;
    error_set_errno(error, cause, "the servers could not write to \"%s\"", path);
    error_hint(error, "make it writable for \"%s\"", home->user);
    return error->code;
}

enum grove_code home_check_servers(const struct home *home, struct grove_error *error)
{
    static const char *const parts[] = {"", "/pg", "/vector", "/log"};
    enum grove_code code = check_folder(home, home->run, error);
    for (size_t i = 0; code == GROVE_OK && i < ARRAY_COUNT(parts); i++) {
        char path[PATH_MAX];
        code = home_path(path, error, "%s%s", home->servers, parts[i]);
        if (code == GROVE_OK)
            code = check_folder(home, path, error);
    }
    return code;
}

static enum grove_code resolve(struct home *home, const char *path, bool looks,
                               struct grove_error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT
                   ? no_home(path, error)
                   : error_set_errno(error, errno, "could not use grove's folder \"%s\"", path);
    if (!S_ISDIR(status.st_mode)) {
        error_set(error, GROVE_INVALID, "\"%s\" is a file, grove's folder cannot be there", path);
        error_hint(error, "move the file away, or set GROVE_HOME to another folder");
        return GROVE_INVALID;
    }
    if (!realpath(path, home->path))
        return error_set_errno(error, errno, "could not use grove's folder \"%s\"", path);
    home->owner = status.st_uid;
    enum grove_code code = check_path(home->path, error); // a link may lead anywhere
    if (code == GROVE_OK)
        code = home_choose_account(home, error);
    if (code != GROVE_OK)
        return code;
    if (!looks)
        return home_check_writable(home, error);
    if (access(home->path, R_OK | X_OK) != 0)
        return error_set_errno(error, errno, "could not read grove's folder \"%s\"", home->path);
    return GROVE_OK;
}

static enum grove_code make_folder(struct home *home, const char *path, struct grove_error *error)
{
    bool existed = file_exists(path), as_root = geteuid() == 0;
    // Under root it can be passed through from the start, and no more where that lets nobody in:
    // whoever comes in between must judge as we do, who puts the servers' data where.
    enum grove_code code = existed ? GROVE_OK : folder_make(path, as_root ? PASSABLE : 0700, error);
    if (code != GROVE_OK) {
        error_context(error, "making grove's folder \"%s\"", path);
        if (!error->hint[0])
            error_hint(error, "set GROVE_HOME to a folder that you can write to");
        return code;
    }
    code = resolve(home, path, false, error);
    if (code == GROVE_OK && !existed)
        code = INJECT(HOME_MADE, error);
    if (code != GROVE_OK || existed || !as_root)
        return code;
    // Letting the servers' account through keeps their data in the home. What others must not
    // read has modes of its own.
    char parent[PATH_MAX];
    code = home_path(parent, error, "%s/..", home->path);
    bool passable = home->change_user && home_reaches(home, parent, X_OK);
    if (code == GROVE_OK && chmod(home->path, passable ? PASSABLE : 0700) != 0)
        code = error_set_errno(error, errno, "could not change the mode of \"%s\"", home->path);
    return code;
}

// --- what a home consists of ---------------------------------------------------------------------

static enum grove_code give_to_servers(const struct home *home, const char *path,
                                       struct grove_error *error)
{
    if (home->change_user && lchown(path, home->uid, home->gid) != 0)
        return error_set_errno(error, errno, "could not change the owner of \"%s\"", path);
    return GROVE_OK;
}

// The link to a folder under /var/lib/grove that belongs to the home with `id`.
static bool is_own_link(const char *target, const char *id)
{
    size_t length = strlen(HOME_SERVERS_ROOT "/");
    return strncmp(target, HOME_SERVERS_ROOT "/", length) == 0 && strcmp(target + length, id) == 0;
}

static bool read_servers_link(const struct home *home, char ret_target[static PATH_MAX])
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/servers", home->path) >= sizeof path)
        return false;
    ssize_t length = readlink(path, ret_target, PATH_MAX - 1);
    ret_target[length > 0 ? length : 0] = '\0';
    return length > 0;
}

// A record that is not this home's: keep the id only where data outside of the home hang on it,
// and the home they belonged to is gone from its place.
static bool may_adopt(const struct home *home, const struct home_record *record)
{
    char target[PATH_MAX];
    struct home_record claim;
    return read_servers_link(home, target) && is_own_link(target, record->id) &&
           !(home_claim_read(target, &claim) && home_record_alive(&claim));
}

static enum grove_code settle_id(struct settling *s, struct grove_error *error)
{
    struct home *home = s->home;
    bool known = home_record_read(home->path, &s->record);
    enum home_match match = known ? home_record_match(&s->record, home->path) : HOME_FOREIGN;
    if (match != HOME_SAME && !s->make) {
        s->missing = true;
        return GROVE_OK;
    }
    if (match != HOME_SAME) {
        bool keep = known && (match == HOME_MOVED || may_adopt(home, &s->record));
        char id[17];
        memcpy(id, s->record.id, sizeof id);
        struct stat status;
        if (stat(home->path, &status) != 0)
            return error_set_errno(error, errno, "could not use \"%s\"", home->path);
        enum grove_code code = home_record_write(home->path, keep ? id : NULL, status.st_uid,
                                                 status.st_gid, &s->record, error);
        if (code != GROVE_OK)
            return code;
    }
    memcpy(home->id, s->record.id, sizeof home->id);
    return GROVE_OK;
}

static enum grove_code make_servers_link(const struct home *home, const char *path,
                                         struct grove_error *error)
{
    char target[PATH_MAX], temporary[PATH_MAX];
    enum grove_code code = home_path(target, error, HOME_SERVERS_ROOT "/%s", home->id);
    if (code == GROVE_OK)
        code = home_path(temporary, error, "%s.new", path);
    if (code == GROVE_OK)
        code = folder_make(HOME_SERVERS_ROOT, 0755, error);
    if (code == GROVE_OK && !home_reaches(home, HOME_SERVERS_ROOT, X_OK)) {
        error_set(error, GROVE_DENIED, "the account \"%s\" cannot enter \"%s\"", home->user,
                  HOME_SERVERS_ROOT);
        error_hint(error, "run: chmod a+x %s", HOME_SERVERS_ROOT);
        return GROVE_DENIED;
    }
    if (code == GROVE_OK)
        code = folder_make(target, 0700, error);
    if (code == GROVE_OK)
        code = give_to_servers(home, target, error);
    if (code != GROVE_OK)
        return code;
    unlink(temporary);
    if (symlink(target, temporary) != 0 || rename(temporary, path) != 0)
        return error_set_errno(error, errno, "could not make the link \"%s\"", path);
    return GROVE_OK;
}

static enum grove_code make_servers(const struct home *home, const char *path,
                                    struct grove_error *error)
{
    if (!home_reaches(home, home->path, X_OK))
        return make_servers_link(home, path, error);
    enum grove_code code = folder_make(path, 0700, error);
    if (code == GROVE_OK)
        code = INJECT(HOME_SERVERS_MADE, error);
    return code == GROVE_OK ? give_to_servers(home, path, error) : code;
}

// A start that died, or one that is under way, has made the folder and not given it away yet.
static bool is_not_given(const struct home *home, const char *path)
{
    struct stat status;
    return home->change_user && lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == 0;
}

// Servers folders outside of the home carry a claim, so that two homes never share one.
static enum grove_code settle_claim(struct settling *s, struct grove_error *error)
{
    struct home_record claim;
    bool known = home_claim_read(s->home->servers, &claim);
    if (known && home_record_equal(&claim, &s->record) && strcmp(claim.path, s->record.path) == 0)
        return GROVE_OK;
    if (known && !home_record_equal(&claim, &s->record) && home_record_alive(&claim)) {
        error_set(error, GROVE_CONFLICT, "the data in \"%s\" belong to the home \"%s\"",
                  s->home->servers, claim.path);
        error_hint(error, "remove the link \"%s/servers\" to start with an empty database",
                   s->home->path);
        return GROVE_CONFLICT;
    }
    s->missing = true;
    return s->make ? home_claim_write(s->home->servers, &s->record, error) : GROVE_OK;
}

static enum grove_code settle_servers(struct settling *s, struct grove_error *error)
{
    struct home *home = s->home;
    char path[PATH_MAX], target[PATH_MAX];
    enum grove_code code = home_path(path, error, "%s/servers", home->path);
    if (code != GROVE_OK)
        return code;
    bool linked = read_servers_link(home, target);
    bool stale = linked &&
                 strncmp(target, HOME_SERVERS_ROOT "/", strlen(HOME_SERVERS_ROOT "/")) == 0 &&
                 (!is_own_link(target, home->id) || !file_exists(target));
    if (stale || !file_exists(path) || is_not_given(home, path)) {
        s->missing = true;
        if (!s->make)
            return GROVE_OK;
        code = make_servers(home, path, error);
        if (code != GROVE_OK)
            return code;
        linked = read_servers_link(home, target);
    }
    if (!realpath(path, home->servers))
        return error_set_errno(error, errno, "could not use folder \"%s\"", path);
    if (!home_reaches(home, home->servers, R_OK | W_OK | X_OK)) {
        error_set(error, GROVE_DENIED, "the account \"%s\" cannot use the folder \"%s\"",
                  home->user, home->servers);
        error_hint(error, "let it through with chmod a+x on the folders above, or move the home "
                          "to where that account can go");
        return GROVE_DENIED;
    }
    return linked ? settle_claim(s, error) : GROVE_OK;
}

// libpq takes a comma for the end of a host, and has no way to say otherwise.
static bool fits_socket(const char *folder)
{
    struct sockaddr_un address;
    return strlen(folder) + 1 + sizeof LONGEST_SOCKET_NAME <= sizeof address.sun_path &&
           !strchr(folder, ',');
}

// Beside the servers' data, wherever these were put: the modes of the home may have changed since,
// and a server that runs would be looked for elsewhere.
static enum grove_code choose_run(struct home *home, struct grove_error *error)
{
    size_t length = strlen(home->path);
    bool inside = !home->change_user ||
                  (strncmp(home->servers, home->path, length) == 0 && home->servers[length] == '/');
    enum grove_code code =
        home_path(home->run, error, "%s/run", inside ? home->path : home->servers);
    if (code == GROVE_OK && !fits_socket(home->run))
        code = home_path(home->run, error, OTHER_RUN "%s", home->id);
    return code;
}

static enum grove_code set_no_run(const struct home *home, int failure, struct grove_error *error)
{
    error_set_errno(error, failure, "could not create folder \"%s\"", home->run);
    if (strncmp(home->run, OTHER_RUN, strlen(OTHER_RUN)) == 0)
        error_hint(error,
                   "it is for sockets, since the path of grove's folder is too long for them, "
                   "or has a comma: set GROVE_HOME to a shorter one");
    return error->code;
}

static enum grove_code settle_run(struct settling *s, struct grove_error *error)
{
    struct home *home = s->home;
    enum grove_code code = choose_run(home, error);
    if (code != GROVE_OK)
        return code;
    struct stat status;
    if (lstat(home->run, &status) != 0) {
        s->missing = true;
        if (errno != ENOENT)
            return error_set_errno(error, errno, "could not use folder \"%s\"", home->run);
        if (!s->make)
            return GROVE_OK;
        if (mkdir(home->run, 0700) != 0)
            return set_no_run(home, errno, error);
        code = give_to_servers(home, home->run, error);
        if (code != GROVE_OK || lstat(home->run, &status) != 0)
            return code != GROVE_OK
                       ? code
                       : error_set_errno(error, errno, "could not use \"%s\"", home->run);
    }
    // In /tmp somebody else may have been there first; a start that died may have left root's.
    if (s->make && home->change_user && S_ISDIR(status.st_mode) && status.st_uid == 0) {
        code = give_to_servers(home, home->run, error);
        status.st_uid = home->uid;
    }
    if (code != GROVE_OK)
        return code;
    if (S_ISDIR(status.st_mode) && status.st_uid == home->uid && (status.st_mode & 077) == 0)
        return GROVE_OK;
    s->missing = true;
    if (!s->make && status.st_uid == 0)
        return GROVE_OK;
    error_set(error, GROVE_DENIED,
              "\"%s\" is not a folder that only the account with id %u can use", home->run,
              home->uid);
    error_hint(error, "remove it, grove makes it again");
    return GROVE_DENIED;
}

static enum grove_code settle(struct settling *s, struct grove_error *error)
{
    enum grove_code code = settle_id(s, error);
    if (code == GROVE_OK && s->make)
        code = INJECT(HOME_NAMED, error);
    if (code == GROVE_OK && (s->make || !s->missing))
        code = settle_servers(s, error);
    if (code == GROVE_OK && (s->make || !s->missing))
        code = settle_run(s, error);
    return code;
}

static enum grove_code settle_all(struct home *home, const struct call *call,
                                  struct grove_error *error)
{
    struct settling look = {.home = home};
    enum grove_code code = settle(&look, error);
    if (code != GROVE_OK || !look.missing)
        return code;
    struct home_lock lock = {.descriptor = -1};
    code = home_lock(home, OPEN_LOCK_TIMEOUT_MS, call, &lock, error);
    if (code != GROVE_OK)
        return code;
    struct settling make = {.home = home, .make = true};
    code = settle(&make, error);
    home_unlock(&lock);
    return code;
}

// What settle_all finds or makes, as far as it is there.
static enum grove_code look_around(struct home *home, struct grove_error *error)
{
    struct settling s = {.home = home};
    char path[PATH_MAX], target[PATH_MAX];
    enum grove_code code = settle_id(&s, error);
    if (code == GROVE_OK)
        code = home_path(path, error, "%s/servers", home->path);
    if (code != GROVE_OK)
        return code;
    if (home_record_match(&s.record, home->path) == HOME_FOREIGN && !may_adopt(home, &s.record)) {
        error_set(error, GROVE_NOT_FOUND, "\"%s\" is a copy of a grove home that was not used yet",
                  home->path);
        error_hint(error, "\"grove init\" makes it a home of its own");
        return GROVE_NOT_FOUND;
    }
    memcpy(home->id, s.record.id, sizeof home->id);
    if (!realpath(path, home->servers)) {
        if (errno != ENOENT)
            return error_set_errno(error, errno, "could not use folder \"%s\"", path);
        memcpy(home->servers, path, sizeof home->servers);
    } else if (read_servers_link(home, target)) {
        code = settle_claim(&s, error);
    }
    return code == GROVE_OK ? choose_run(home, error) : code;
}

static void hand_out(struct home *home, struct home *ret_home)
{
    struct grove_error ignored;
    if (home_assets(home->assets, &ignored) != GROVE_OK)
        home->assets[0] = '\0';
    *ret_home = *home;
}

static enum grove_code finish(struct home *home, const struct call *call, struct home *ret_home,
                              struct grove_error *error)
{
    enum grove_code code = settle_all(home, call, error);
    if (code == GROVE_OK)
        hand_out(home, ret_home);
    return code;
}

enum grove_code home_open(const char *path, struct home *ret_home, struct grove_error *error)
{
    return home_open_within(path, NULL, ret_home, error);
}

enum grove_code home_open_within(const char *path, const struct call *call, struct home *ret_home,
                                 struct grove_error *error)
{
    char folder[PATH_MAX];
    struct home home = {0};
    enum grove_code code = wanted_path(path, folder, error);
    if (code == GROVE_OK)
        code = make_folder(&home, folder, error);
    return code == GROVE_OK ? finish(&home, call, ret_home, error) : code;
}

static enum grove_code find_folder(const char *path, bool looks, struct home *home,
                                   struct grove_error *error)
{
    char folder[PATH_MAX];
    struct home_record record;
    enum grove_code code = wanted_path(path, folder, error);
    if (code == GROVE_OK)
        code = resolve(home, folder, looks, error);
    if (code != GROVE_OK)
        return code;
    return home_record_read(home->path, &record) ? GROVE_OK : no_home(home->path, error);
}

enum grove_code home_find(const char *path, struct home *ret_home, struct grove_error *error)
{
    return home_find_within(path, NULL, ret_home, error);
}

enum grove_code home_find_within(const char *path, const struct call *call, struct home *ret_home,
                                 struct grove_error *error)
{
    struct home home = {0};
    enum grove_code code = find_folder(path, false, &home, error);
    return code == GROVE_OK ? finish(&home, call, ret_home, error) : code;
}

enum grove_code home_look(const char *path, struct home *ret_home, struct grove_error *error)
{
    struct home home = {0};
    enum grove_code code = find_folder(path, true, &home, error);
    if (code == GROVE_OK)
        code = look_around(&home, error);
    if (code == GROVE_OK)
        hand_out(&home, ret_home);
    return code;
}

// --- lock ----------------------------------------------------------------------------------------

enum grove_code home_lock(const struct home *home, unsigned timeout_ms, const struct call *call,
                          struct home_lock *ret_lock, struct grove_error *error)
{
    char path[PATH_MAX];
    enum grove_code code = home_path(path, error, "%s/lock", home->path);
    if (code != GROVE_OK)
        return code;
    int fd = descriptor_open_own(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set_errno(error, errno, "could not open the lock \"%s\"", path);
    // Root must not leave a lock in somebody's home that they cannot open.
    if (geteuid() == 0 && home->owner != 0 && fchown(fd, home->owner, (gid_t)-1) != 0) {
        code = error_set_errno(error, errno, "could not change the owner of \"%s\"", path);
        descriptor_close_own(&fd);
        return code;
    }
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            code = error_set_errno(error, errno, "could not lock \"%s\"", path);
            break;
        }
        code = call_check(call, error);
        if (code != GROVE_OK)
            break;
        if (clock_monotonic_us() >= deadline_us) {
            code = error_set(error, GROVE_TIMEOUT,
                             "another process has been starting or stopping the servers of \"%s\" "
                             "for %u s",
                             home->path, timeout_ms / 1000);
            break;
        }
        clock_sleep_ms(LOCK_PAUSE_MS);
    }
    if (code != GROVE_OK)
        descriptor_close_own(&fd);
    else
        ret_lock->descriptor = fd;
    return code;
}

void home_unlock(struct home_lock *lock)
{
    CHECK(lock->descriptor >= 0);
    descriptor_close_own(&lock->descriptor);
}
