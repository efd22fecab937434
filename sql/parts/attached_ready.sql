-- SPDX-License-Identifier: Apache-2.0
-- Whether rows of an attachment a may be taken in: it is not leaving, and did not fail just now. The
-- clock may be set back, and then it is left no longer than attached_problem.sql can have it left.
      NOT a.leaving
  AND (a.retry_at IS NULL
       OR NOT a.retry_at BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 seconds')
