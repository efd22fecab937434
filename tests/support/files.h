// SPDX-License-Identifier: Apache-2.0
//
// Whole folders, copied and removed.
#ifndef GROVE_TESTS_SUPPORT_FILES_H
#define GROVE_TESTS_SUPPORT_FILES_H

#include "base/error.h"
#include "home/home.h"

// Copies folders and regular files. What is made belongs to the account of the home's servers;
// `home` NULL: to us.
enum grove_code test_tree_copy(const char *from, const char *to, const struct home *home,
                               struct grove_error *error);

// As far as that goes. No symbolic link is followed.
void test_tree_remove(const char *path);

#endif
