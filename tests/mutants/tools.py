# SPDX-License-Identifier: Apache-2.0
"""Mutants of tools: what they must not lose."""

from mutant import Mutant

TESTS = "tests/integration/test_build.py::"
SCALE_TESTS = "tests/integration/test_bench_scale.py::"

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
        name="targets-that-are-named-are-all",
        guards="tools/README: build",
        file="tools/build",
        find=' ${targets[@]+"${targets[@]}"} >',
        replace=" >",
        killer=TESTS + "test_only_the_targets_that_are_named_are_made",
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
    Mutant(
        name="a-section-that-fails-loses-the-others",
        guards="docs/benchmarks: at size",
        file="tools/bench-scale",
        find="        return True\n    except Exception as error:",
        replace="        return True\n    except Failure as error:",
        killer=SCALE_TESTS + "test_a_section_that_fails_does_not_lose_the_others[error2]",
        limit_seconds=120,
    ),
    Mutant(
        name="a-half-line-is-a-search",
        guards="docs/benchmarks: at size",
        file="tests/bench/beside.py",
        find='        if not line.endswith("\\n"):\n',
        replace='        if not line.strip():\n',
        killer=SCALE_TESTS + "test_a_line_that_is_being_written_is_left_for_later",
        limit_seconds=120,
    ),
]
