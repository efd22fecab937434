-- SPDX-License-Identifier: Apache-2.0
-- Whether a row o of the outbox may be taken: its time has come. The clock may be set back, and then
-- a row waits no longer than put_back.sql can have it wait.
      (o.not_before <= clock_timestamp()
       OR o.not_before > clock_timestamp()
              + least(300, power(2, least(o.attempts, 9))) * interval '1 second')
