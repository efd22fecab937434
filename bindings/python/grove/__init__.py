# SPDX-License-Identifier: Apache-2.0
"""grove: PostgreSQL and Qdrant behaving as one database, from Python.

    import grove

    with grove.Grove() as db:
        for row in db.search("how is a person saved", limit=3)["results"]:
            print(f"{row['score']:.2f} {row['title']}")

Each method is a command of grove, and what it returns is what that command prints with --json. A
handle may be used by any number of threads at once; grove.aio has the same for asyncio.
"""

from ._error import GroveError
from ._handle import Grove
from ._library import LibraryNotFound

__all__ = ["Grove", "GroveError", "LibraryNotFound"]
__version__ = "0.1.0"
