-- SPDX-License-Identifier: Apache-2.0
--
-- What sql/README.md says of a row of the outbox, kept by the table itself: no statement of ours
-- and no clumsy hand leaves a row that projectors neither take nor let go.
--
-- Rows that break a rule by now are mended first. Both tables are locked before, in the order in
-- which writers take them, so that no writer waits for us while we wait for it.
LOCK TABLE grove.content_state, grove.outbox IN ACCESS EXCLUSIVE MODE;

-- Half a lease is none. A dead row is nobody's; it stays dead.
UPDATE grove.outbox
SET lease_owner = NULL, lease_until = NULL
WHERE (lease_owner IS NULL) <> (lease_until IS NULL)
   OR (dead_since IS NOT NULL AND lease_owner IS NOT NULL);

UPDATE grove.outbox SET attempts = 0 WHERE attempts < 0;

UPDATE grove.outbox SET last_error = 'the reason was not kept'
WHERE dead_since IS NOT NULL AND last_error IS NULL;

-- A revision that was never drawn: as if the content had changed just now, or gone.
SELECT grove.note_changed(array_agg(m.id))
FROM public.content_metadata AS m
WHERE m.id IN (SELECT content_id FROM grove.outbox WHERE revision <= 0
               UNION SELECT content_id FROM grove.content_state WHERE revision <= 0)
HAVING count(*) > 0;
SELECT grove.note_deleted(array_agg(undrawn.content_id))
FROM (SELECT content_id FROM grove.outbox WHERE revision <= 0
      UNION SELECT content_id FROM grove.content_state WHERE revision <= 0) AS undrawn
HAVING count(*) > 0;

ALTER TABLE grove.content_state
    ADD CONSTRAINT content_state_revision_drawn CHECK (revision > 0);
ALTER TABLE grove.outbox
    ADD CONSTRAINT outbox_revision_drawn CHECK (revision > 0),
    ADD CONSTRAINT outbox_attempts_counted CHECK (attempts >= 0),
    ADD CONSTRAINT outbox_lease_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    ADD CONSTRAINT outbox_dead_not_leased CHECK (dead_since IS NULL OR lease_owner IS NULL),
    ADD CONSTRAINT outbox_dead_has_reason CHECK (dead_since IS NULL OR last_error IS NOT NULL);
