-- SPDX-License-Identifier: Apache-2.0
-- Where contents fall into halves, by time and by words.
-- answers: timestamp, integer
SELECT (percentile_disc(0.5) WITHIN GROUP (ORDER BY created_at))::timestamp,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY word_count)
FROM public.content_metadata
