# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/home: whose a home is, its locks, the programs that it starts."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="copied-home-keeps-its-id",
        guards="src/home/README 1",
        file="src/home/home_id.c",
        find="if (now.inode != record->inode || now.born_us != record->born_us ||",
        replace="if (now.inode == 0 ||",
        killer="u_home:a_copied_home_is_another_home",
    ),
    Mutant(
        name="home-id-drawn-without-the-lock",
        guards="src/home/README 1",
        file="src/home/home.c",
        find="    code = home_lock(home, OPEN_LOCK_TIMEOUT_MS, &lock, error);\n",
        replace="    lock.descriptor = open(\"/dev/null\", O_RDONLY | O_CLOEXEC);\n",
        killer="u_home:homes_opened_at_once_agree",
    ),
    Mutant(
        name="program-runs-as-us",
        guards="src/home/README 2",
        file="src/home/spawn.c",
        find="    if (home->change_user) {\n        snprintf(command->uid_option",
        replace="    if (home->change_user && home->uid == 0) {\n"
                "        snprintf(command->uid_option",
        killer="u_home:programs_run_under_the_account",
        needs_root=True,
    ),
    Mutant(
        name="program-inherits-files",
        guards="src/home/README 3",
        file="src/home/spawn.c",
        find="        failure = posix_spawn_file_actions_addclosefrom_np(actions, "
             "REPORT_DESCRIPTOR + 1);",
        replace="        failure = 0;",
        killer="u_home:programs_inherit_nothing",
    ),
    Mutant(
        name="program-inherits-environment",
        guards="src/home/README 3",
        file="src/home/spawn.c",
        find="        if (strncmp(*variable, \"GROVE_\", 6) == 0)",
        replace="        if (strncmp(*variable, \"GROVE_\", 0) == 0)",
        killer="u_home:programs_inherit_nothing",
    ),
    Mutant(
        name="lock-excludes-nobody",
        guards="docs/architecture: locks, 2",
        file="src/home/home.c",
        find="while (flock(fd, LOCK_EX | LOCK_NB) != 0) {",
        replace="while (flock(fd, LOCK_SH | LOCK_NB) != 0) {",
        killer="u_home:the_lock_excludes",
    ),
    Mutant(
        name="sockets-follow-the-mode-of-the-home",
        guards="docs/architecture: making a home",
        file="src/home/home.c",
        find="    bool inside = !home->change_user ||",
        replace="    bool inside = home_reaches(home, home->path, X_OK) ||",
        killer="tests/e2e/test_crashes_servers.py"
               "::test_two_make_a_home_and_agree_where[home-made-63]",
        limit_seconds=20,
        hangs=True,
        needs_root=True,
    ),
]
