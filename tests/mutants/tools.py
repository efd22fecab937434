# SPDX-License-Identifier: Apache-2.0
"""Mutants of tools: what they must not lose."""

from mutant import Mutant

TESTS = "tests/integration/test_build.py::"

MUTANTS = [
    Mutant(
        name="who-asks-for-help-loses-a-build",
        guards="tools/README: build",
        file="tools/build",
        find="    -h | --help)\n",
        replace="    -h | --no-help)\n",
        killer=TESTS + "test_who_asks_for_help_gets_help[arguments0]",
        limit_seconds=120,
    ),
    Mutant(
        name="a-wrong-option-costs-a-build",
        guards="tools/README: build",
        file="tools/build",
        find='            if [ -e "$before" ]; then mv "$before" "$folder"; fi\n',
        replace="",
        killer=TESTS + "test_an_option_that_there_is_not_costs_no_build",
        limit_seconds=120,
    ),
    Mutant(
        name="what-is-no-build-is-removed",
        guards="tools/README: build",
        file="tools/build",
        find='if [ ! -e "$folder/meson-private" ] && ',
        replace='if [ ! -e "$folder" ] && ',
        killer=TESTS + "test_what_is_no_build_is_left_alone",
        limit_seconds=120,
    ),
]
