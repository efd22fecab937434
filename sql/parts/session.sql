-- SPDX-License-Identifier: Apache-2.0
-- The session of a connection that was told to have the server process $5; no row where its end says
-- nothing. Behind a pooler it is another than this one: sessions there come and go without their clients.
-- So they do where the server ends idle ones.
    SELECT a.pid, a.backend_start
    FROM pg_stat_get_activity(pg_backend_pid()) AS a
    WHERE a.pid = $5::integer
      AND current_setting('idle_session_timeout') = '0'
