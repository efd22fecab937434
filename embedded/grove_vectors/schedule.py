# SPDX-License-Identifier: Apache-2.0
"""When a collection is flushed, and when its index is built anew. It knows what it is told of, and
asks nobody for the time.

A build costs 1 to 5 ms of a processor for each point of the collection. What it saves is a scan of
the points that are not in the graph yet: 0.065 ms for each 1,000 of them and each search. So

- a few points now and then (a trickle) are built into the index when there are 2,000 of them, a
  fifth of a larger index, 20,000 at most; or when nothing was written for 2 s;
- while writes keep coming fast (a bulk load) nothing is built: it would be out of date before it is
  done, and takes a processor from the load. The build comes when writes have stopped for twice as
  long as they did before: a load that computes vectors writes, pauses, and writes again. Unless
  somebody searches meanwhile and 100,000 points, which are 6.5 ms, wait for it; or they have waited
  for an hour.
"""
import collections

FLUSH_IDLE_S = 5.0
FLUSH_BYTES = 64 << 20
REBUILD_IDLE_S = 2.0
REBUILD_POINTS_MIN, REBUILD_POINTS_MAX = 2000, 20000
REBUILD_REMOVED_MIN = 1000
FLUSH_RETRY_S, REBUILD_RETRY_S = 5.0, 60.0
# A bulk load writes so many points a second, counted over so long.
BULK_POINTS_PER_S, BULK_WINDOW_S = 10.0, 60
BULK_IDLE_MAX_S = 60.0
BULK_POINTS_MAX = 100_000  # while somebody searches: there was a search so long ago at most
SEARCHED_S = 10.0
BULK_S_MAX = 3600.0


class Written:
    """What was written in one second."""
    __slots__ = ("second", "began", "points", "pause_s")

    def __init__(self, now: float, pause_s: float):
        self.second, self.began, self.points, self.pause_s = int(now), now, 0, pause_s


class Schedule:
    """Told of changes under the collection's lock, one at a time; asked by any thread."""

    def __init__(self, now: float):
        self.fresh = 0    # points written since the index was built
        self.removed = 0  # and removed
        self._flush_after = self._rebuild_after = float("-inf")  # not before, after a failure
        self._unflushed_bytes = 0
        self._written_at = now
        self._fresh_since = now
        self._searched_at = float("-inf")
        self._written = collections.deque()  # of the last minute
        self._bulk, self._idle_s = False, REBUILD_IDLE_S

    # --- what happens -------------------------------------------------------------------------

    def note_write(self, now: float, points: int, removed: int, size_bytes: int) -> None:
        pause_s, self._written_at = now - self._written_at, now
        self._unflushed_bytes += size_bytes
        self.removed += removed
        if points == 0:
            return
        if self.fresh == 0:
            self._fresh_since = now
        self.fresh += points
        self._count(now, points, pause_s)

    def _count(self, now: float, points: int, pause_s: float) -> None:
        written = self._written
        while written and now - written[0].began > BULK_WINDOW_S:
            written.popleft()
        if not written or written[-1].second != int(now):
            # The pause before the first of them says nothing of this load.
            written.append(Written(now, pause_s if written else 0.0))
        last = written[-1]
        last.points += points
        if last is not written[0]:
            last.pause_s = max(last.pause_s, pause_s)
        seconds = max(1.0, now - written[0].began)
        self._bulk = sum(one.points for one in written) >= BULK_POINTS_PER_S * seconds
        longest_s = max(one.pause_s for one in written)
        self._idle_s = min(BULK_IDLE_MAX_S, max(REBUILD_IDLE_S, 2 * longest_s)) \
            if self._bulk else REBUILD_IDLE_S

    def note_search(self, now: float) -> None:
        """One that a newer index would make faster."""
        self._searched_at = now

    def note_flush(self) -> None:
        self._unflushed_bytes = 0

    def note_failure(self, now: float) -> None:
        """Of a flush, or of a build."""
        self._flush_after = now + FLUSH_RETRY_S
        self._rebuild_after = now + REBUILD_RETRY_S

    def note_build(self, began: float, fresh: int, removed: int) -> None:
        """An index was built of what there was when it began; `fresh` and `removed` were so many
        then."""
        self.fresh -= fresh
        self.removed -= removed
        self._fresh_since = began

    # --- what is to be done -------------------------------------------------------------------

    def flush_due(self, now: float) -> bool:
        return self._unflushed_bytes > 0 and now >= self._flush_after and (
            self._unflushed_bytes >= FLUSH_BYTES or now - self._written_at >= FLUSH_IDLE_S)

    def is_behind(self, indexed: int) -> bool:
        """Whether an index of so many points is to be built anew, sooner or later."""
        return self.fresh >= min(REBUILD_POINTS_MAX, max(REBUILD_POINTS_MIN, indexed // 5))

    def rebuild_due(self, now: float, worth: bool, indexed) -> bool:
        """`worth`: whether the fresh points are enough for a graph; `indexed()` tells how many
        points the index has."""
        if not (self.fresh or self.removed) or now < self._rebuild_after:
            return False
        idle = now - self._written_at >= self._idle_s
        if idle and self.removed >= REBUILD_REMOVED_MIN:
            return True
        if not worth or idle:
            return worth
        if self._bulk and now - self._fresh_since < BULK_S_MAX:
            return now - self._searched_at < SEARCHED_S and self.fresh >= BULK_POINTS_MAX
        return self.is_behind(indexed())
