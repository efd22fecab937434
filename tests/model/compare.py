# SPDX-License-Identifier: Apache-2.0
"""Whether PostgreSQL has what the model says, and whether searches answer as the model would."""

import dataclasses

from state import Content, folded

CONTENTS = """
    SELECT l.branch, l.limb, l.leaf, m.content_type, m.chunk_number,
           m.id, m.title, m.content_summary, b.body, m.word_count, m.created_at,
           d.key, c.position
    FROM content_metadata AS m
    LEFT JOIN {table} AS l ON l.id = m.leaf_id
    LEFT JOIN grove.body AS b ON b.content_id = m.id
    LEFT JOIN grove.chunk AS c ON c.content_id = m.id
    LEFT JOIN grove.document AS d ON d.id = c.document_id
    WHERE m.hierarchy_table = %s"""
SCORE_ERROR = 1e-4  # between the test's own sum and that of the library


class Disagreement(AssertionError):
    pass


def read_tree(conn, table):
    """(contents, leaves) of a tree in one snapshot, as Tree has them."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        contents = {row[:5]: Content(*row[5:11], document=row[11], position=row[12])
                    for row in conn.execute(CONTENTS.format(table=table), (table,))}
        leaves = {row[:3]: row[3] for row in
                  conn.execute(f"SELECT branch, limb, leaf, id FROM {table}")}
    return contents, leaves


@dataclasses.dataclass(frozen=True)
class Written:
    """A document that was loaded: which chunks it has the library says."""
    leaf: tuple
    kind: str
    title: str
    text: str


def take_in_documents(tree, contents, written):
    """Puts the chunks of documents that were loaded into the model, if they are right."""
    for key, document in written.items():
        chunks = sorted(((chunk.position, place, chunk) for place, chunk in contents.items()
                         if chunk.document == key), key=lambda each: each[0])
        if [position for position, _, _ in chunks] != list(range(1, len(chunks) + 1)):
            raise Disagreement(f"document {key}: chunks {chunks}")
        for _, place, chunk in chunks:
            if place[:4] != (*document.leaf, document.kind) or \
                    not chunk.title.startswith(document.title):
                raise Disagreement(f"document {key}: chunk at {place}: {chunk}")
            tree.contents[place] = chunk
        if "".join("".join(chunk.body for _, _, chunk in chunks).split()) != \
                "".join(document.text.split()):
            raise Disagreement(f"document {key} has {chunks}, not {document.text!r}")


def settle(tree, seen, written=None):
    """The tree, with the ids that were not known, where it is what was seen; else it raises.
    `written` are the documents that were loaded just now."""
    contents, leaves = seen
    tree = tree.copy()
    take_in_documents(tree, contents, written or {})
    problems = [f"PostgreSQL does not have {key}: {tree.contents[key]}"
                for key in tree.contents.keys() - contents.keys()]
    problems += [f"PostgreSQL has {key}: {contents[key]}"
                 for key in contents.keys() - tree.contents.keys()]
    for key in tree.contents.keys() & contents.keys():
        mine, there = tree.contents[key], contents[key]
        mine = dataclasses.replace(mine, id=there.id if mine.id is None else mine.id)
        if mine != dataclasses.replace(there, supplied=mine.supplied):
            problems.append(f"{key} is to be {mine}, and is {there}")
        tree.contents[key] = mine
    if tree.leaves.keys() != leaves.keys():
        problems.append(f"leaves that are missing: {sorted(tree.leaves.keys() - leaves.keys())}, "
                        f"leaves too many: {sorted(leaves.keys() - tree.leaves.keys())}")
    for leaf in tree.leaves.keys() & leaves.keys():
        if tree.leaves[leaf] not in (None, leaves[leaf]):
            problems.append(f"leaf {leaf} was {tree.leaves[leaf]}, and is {leaves[leaf]}")
        tree.leaves[leaf] = leaves[leaf]
    if problems:
        raise Disagreement(f"{tree.name}: " + "; ".join(sorted(problems)[:5]))
    return tree


def check_ranking(answer, rows, limit, fold, trees):
    """That an answer shows the best `limit` of the rows that the model ranks: any of those that
    score the same, each as it is."""
    wanted = folded(rows) if fold else rows
    shown = answer["results"]
    if not answer["complete"]:
        raise Disagreement(f"not complete: {answer['incomplete_reason']}")
    if len(shown) != min(limit, len(wanted)):
        raise Disagreement(f"{len(shown)} rows, not {min(limit, len(wanted))}: "
                           f"{[row['content_id'] for row in shown]}, wanted {wanted[:limit]}")
    by_id = {row[1]: row for row in rows}
    named = {tree.name: tree for tree in trees}
    groups = set()
    for place, row in enumerate(shown):
        if row["content_id"] not in by_id:
            raise Disagreement(f"a row that does not match: {row}")
        score, number, group, key, name = by_id[row["content_id"]]
        content = named[name].contents[key]
        written = (row["tree"], row["branch"], row["limb"], row["leaf"], row["content_type"],
                   row["chunk_number"], row["title"], row["content_summary"], row["word_count"])
        if written != (name, *key, content.title, content.summary, content.words):
            raise Disagreement(f"{row} is shown, not {name} {key} {content}")
        if (group if fold else number) in groups:
            raise Disagreement(f"a row that was shown before: {row}")
        groups.add(group if fold else number)
        if abs(row["score"] - score) > SCORE_ERROR:
            raise Disagreement(f"{row} scores {score}: {content}")
        if abs(row["score"] - wanted[place][0]) > SCORE_ERROR:
            raise Disagreement(
                f"{row} is in place {place}, where {wanted[place]} belongs; shown are "
                f"{[(each['content_id'], each['score']) for each in shown]}, wanted "
                f"{[(each[1], each[0]) for each in wanted[:limit]]}")
