# SPDX-License-Identifier: Apache-2.0
"""What the files of this folder are lists of; README.md tells how to write one."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One guard, how to take it away, and the test that must notice."""
    name: str
    guards: tuple  # what it keeps: "src/base/README 5", or a document and some words
    file: str
    find: str  # occurs exactly once in the file
    replace: str
    killer: str  # "u_home:a_test", "u_home", "spec_load", or the id of a pytest test
    limit_seconds: int = 60  # for the killer, once it runs
    hangs: bool = False  # the killer notices by waiting in vain: ending at its limit is a kill
    needs_root: bool = False  # what it takes away is done under root only

    def __post_init__(self):
        if isinstance(self.guards, str):
            object.__setattr__(self, "guards", (self.guards,))


@dataclasses.dataclass(frozen=True)
class NoMutant:
    """An invariant of a README for which there is no mutant, and why."""
    guards: str
    reason: str
