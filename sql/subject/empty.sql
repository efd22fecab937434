-- SPDX-License-Identifier: Apache-2.0
-- All contents of the subject, or none of them. Their points follow by the outbox.
DELETE FROM public.content_metadata WHERE hierarchy_table = '%{table}';
