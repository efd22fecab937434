// SPDX-License-Identifier: Apache-2.0
#include "changing.h"

enum grove_code add(struct test_stores *stores, const char *name, struct grove_error *error)
{
    struct subject_report report;
    struct grove_subject_request request = {.name = name};
    struct call call;
    call_init(&call);
    return subject_add(&stores->store, &call, &request, &report, error);
}

enum grove_code take(struct test_stores *stores, const char *name, bool with_contents,
                     struct grove_error *error)
{
    struct subject_report report;
    struct grove_subject_request request = {.name = name, .with_contents = with_contents};
    struct call call;
    call_init(&call);
    return subject_remove(&stores->store, &call, &request, &report, error);
}

enum grove_code write_content(struct test_stores *stores, const char *table,
                              struct grove_error *error)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
             "WITH made AS (INSERT INTO %1$s (branch, limb, leaf)"
             " VALUES ('b', 'l', gen_random_uuid()::text) RETURNING id)"
             " SELECT * FROM made;"
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary) SELECT '%1$s', max(id), 't', 't', 's' FROM %1$s",
             table);
    return pg_exec(stores->sessions[0], sql, error);
}

void reset_schema(struct test_stores *stores)
{
    test_sql(stores, "ALTER TABLE content_metadata DISABLE TRIGGER USER;"
                     "DELETE FROM content_metadata; DELETE FROM grove.content_count;"
                     "DELETE FROM grove.place_count;"
                     "ALTER TABLE content_metadata ENABLE TRIGGER USER;"
                     "ALTER TABLE content_metadata DROP CONSTRAINT IF EXISTS valid_hierarchy_table,"
                     " DROP CONSTRAINT IF EXISTS valid_hierarchy_table_next;"
                     "ALTER TABLE content_metadata ADD CONSTRAINT valid_hierarchy_table CHECK"
                     " (hierarchy_table IN ('religion_hierarchy', 'subject1_hierarchy',"
                     " 'subject2_hierarchy', 'subject3_hierarchy', 'subject4_hierarchy',"
                     " 'subject5_hierarchy', 'subject6_hierarchy', 'subject7_hierarchy',"
                     " 'subject8_hierarchy'));"
                     "DELETE FROM grove.subject WHERE tree = 'science';"
                     "SELECT grove.forget_leaves('science_hierarchy');"
                     "DROP TABLE IF EXISTS \"Science_Hierarchy\";"
                     "DO $$ DECLARE found text; BEGIN"
                     " FOR found IN SELECT format('DROP %%s IF EXISTS public.%%I CASCADE', CASE"
                     "  relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,"
                     "  relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                     "  AND relkind IN ('v', 'r', 'S') AND relname ~ 'science'"
                     "  ORDER BY relkind = 'S' LOOP EXECUTE found; END LOOP;"
                     " IF to_regtype('public.science_hierarchy') IS NOT NULL THEN"
                     "  DROP TYPE science_hierarchy; END IF; END $$");
}

const char *schema_digest(struct test_stores *stores)
{
    return test_sql_text(
        stores,
        "SELECT string_agg(part, E'\\n' ORDER BY part) FROM ("
        " SELECT 'table ' || relname AS part FROM pg_class"
        "  WHERE relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint"
        "  WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT tgname || tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT 'subject ' || tree || hierarchy_table FROM grove.subject"
        " UNION ALL SELECT 'branch ' || branch FROM grove.branch"
        "  WHERE hierarchy_table = 'science_hierarchy'"
        " UNION ALL SELECT 'tree ' || tree FROM grove.leaf"
        "  WHERE hierarchy_table = 'science_hierarchy' GROUP BY tree) AS parts");
}

const char *broken_rule(struct test_stores *stores)
{
    return test_sql_text(
        stores,
        "SELECT CASE WHEN c.definition IS NULL THEN 'no CHECK'"
        " WHEN NOT c.convalidated THEN 'not validated'"
        " WHEN EXISTS (SELECT FROM grove.subject AS s"
        "  WHERE strpos(c.definition, quote_literal(s.hierarchy_table)) = 0) THEN 'one too few'"
        " WHEN (SELECT count(*) FROM regexp_matches(c.definition, '_hierarchy''', 'g'))"
        "  <> (SELECT count(*) FROM grove.subject) THEN 'one too many'"
        " WHEN EXISTS (SELECT FROM grove.subject AS s"
        "  WHERE to_regclass('public.' || s.hierarchy_table) IS NULL) THEN 'no table'"
        " END FROM (VALUES (1)) AS one (n) LEFT JOIN (SELECT convalidated,"
        " pg_get_constraintdef(oid) AS definition FROM pg_constraint"
        " WHERE conrelid = 'public.content_metadata'::regclass"
        " AND conname = 'valid_hierarchy_table') AS c ON true");
}
