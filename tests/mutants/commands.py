# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/commands: what commands are given, and what they answer as JSON."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="a-number-that-is-none-is-written",
        guards="src/commands/README 1",
        file="src/commands/shape.c",
        find="    if (isfinite(value))\n",
        replace="    if (isfinite(value) || value != value)\n",
        killer="u_shape:what_is_not_there_is_null",
    ),
]
