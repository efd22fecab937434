// SPDX-License-Identifier: Apache-2.0
//
// The private servers of a test program: a home of its own, made and started by grove's
// own code, and a new database whenever one is wanted.
//
//     struct grove_error error;
//     char database[TEST_DATABASE_SIZE], conninfo[CLUSTER_CONNINFO_SIZE];
//     assert_ok(test_database_new(database, &error), error);   // starts PostgreSQL if need be
//     test_database_conninfo(database, conninfo);
//     test_database_drop(database);
//
// initdb and the migrations take seconds, so they are done once: a cluster with the schema in its
// database "grove" is kept in the folder that GROVE_TEST_CACHE names (meson names one in the build
// folder), else in /tmp/grove-test-cache-<uid>, under a name made of the assets' stamp and the
// migrations. A program copies it, and its databases are copies of that "grove". Whoever finds no
// such cluster makes it under a lock; it appears by one rename.
//
// The home goes away whatever happens: test_home_end at the end of test_main, and a second process
// that waits for the death of the program does the same where it dies before.
//
// Threads: from one thread at a time, the first call before there are threads (it forks).
#ifndef GROVE_TESTS_SUPPORT_POSTGRES_H
#define GROVE_TESTS_SUPPORT_POSTGRES_H

#include "home/home.h"
#include "pg/cluster.h"

enum { TEST_DATABASE_SIZE = 32 };

// Whether PostgreSQL, the vector engine and the model are among the assets.
bool test_assets_there(void);

// The home, opened by the first call. Other servers than PostgreSQL may be started in it: they are
// stopped with it.
enum grove_code test_home(const struct home **ret, struct grove_error *error);
void test_home_end(void);

// A database with grove's schema and nothing in it.
enum grove_code test_database_new(char ret_name[static TEST_DATABASE_SIZE],
                                  struct grove_error *error);
void test_database_conninfo(const char *name, char ret_text[static CLUSTER_CONNINFO_SIZE]);
// Ends the connections it still has.
void test_database_drop(const char *name);

#endif
