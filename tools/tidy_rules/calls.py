# SPDX-License-Identifier: Apache-2.0
"""The call trees in READMEs: whoever reads them finds the functions, and their calls, in the code.

A call tree is a block that is fenced as ```calls. A line holds names of functions, with commas
between, and behind two spaces a remark; an indented line is called by the line above it that is
indented less, directly or through at most HELPERS_MAX helpers of the same file. What a function
calls stands in an order in which its code mentions it. A line that ends in ":" is a condition:
what is below it belongs to the function above. A remark may go on below where it began.

    projector_step
      lease_due          lease.sql        due rows, oldest first
      6 times:
        starter->start                    a member of a table of functions

Names: `function` and `table->member` of C, `module.function` and `Class.method` of Python,
`grove.function` of SQL, `tools/build` or `conftest.py` for a file. Words of a remark that look like
names (with "_") or files must exist, too.
"""

import ast
import pathlib
import re

from tidy_rules.source import Finding, c_functions, c_tokens, skip_group

README = re.compile(r"(src/[^/]+|embedded|sql|tests|tools)/README\.md")
HELPERS_MAX = 2

WORD = re.compile(r"[A-Za-z_]\w*")
HEAD = re.compile(r"( *)(\S+(?: \S+)*)(?:( {2,})(\S.*))?$")
NAME = re.compile(r"[\w./-]+(?:->\w+)?")
REMARK_NAME = re.compile(
    r"(?<![\w./$<-])(?:[a-z]+(?:_[a-z0-9]+)+|[a-z]\w*\.(?:sql|[ch]|py))(?![\w>/-]|\.\w)")
FENCE = re.compile(r"(```|~~~)\s*(\w*)")
SHELL_FUNCTION = re.compile(r"^(\w+)\(\) *\{(?:[^\n]*\}$|\n.*?^\})", re.M | re.S)
SQL_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (grove\.\w+)(.*?)(?=^CREATE |^COMMENT |\Z)", re.M | re.S)


class Function:
    """What is named in a tree, and the words of its body in order. `helpers`: the functions of its
    file through which it may call; None: what it calls cannot be told."""

    def __init__(self, name, path, words, text):
        self.name, self.path, self.words, self.text = name, path, words, text
        self.helpers = {}

    def mentions(self, wanted, helpers_max=HELPERS_MAX):
        """Where the body, or that of a helper, mentions a name: tuples that sort, in order."""
        for at, word in enumerate(self.words):
            helper = self.helpers.get(word)
            if word == wanted:
                yield (at,)
            if helpers_max and helper and helper is not self:
                for within in helper.mentions(wanted, helpers_max - 1):
                    yield (at, *within)


def with_helpers(functions, helpers):
    for function in functions:
        function.helpers = helpers
    return functions


def functions_of_c(source):
    tokens, found, helpers = c_tokens(source.code), [], {}
    for name, first, last, body in c_functions(tokens):
        words = [text for text, _ in tokens[body:skip_group(tokens, body)] if WORD.match(text)]
        function = Function(name, source.path, words, "\n".join(source.lines[first - 1:last]))
        found.append(function)
        if source.lines[first - 1].startswith("static"):
            helpers[name] = function
    return with_helpers(found, helpers)


def functions_of_python(source):
    module = pathlib.PurePath(source.path).stem
    found = []

    def take(node, owner):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                text = "\n".join(source.lines[child.lineno - 1:child.end_lineno])
                words = WORD.findall(re.sub(r"#.*", "", text))[2:]  # without "def" and its name
                found.append(Function(f"{owner}.{child.name}", source.path, words, text))
            take(child, child.name if isinstance(child, ast.ClassDef) else owner)

    try:
        take(ast.parse(source.text), module)
    except SyntaxError:
        return []  # the rule python tells
    return with_helpers(found, {function.name.split(".")[1]: function for function in found})


def functions_of_shell(source):
    code = re.sub(r"(^|\s)#.*", r"\1", source.text)
    found = [Function(match.group(1), source.path, re.findall(r"[\w./-]+", match.group(0))[1:],
                      match.group(0)) for match in SHELL_FUNCTION.finditer(code)]
    rest = SHELL_FUNCTION.sub("", code)
    found.append(Function(source.parts[-1], source.path, re.findall(r"[\w./-]+", rest), rest))
    return with_helpers(found, {function.name: function for function in found[:-1]})


def functions_of_sql(source):
    found = []
    for match in SQL_FUNCTION.finditer(re.sub(r"--.*", "", source.text)):
        words = re.findall(r"grove\.\w+", match.group(2))
        found.append(Function(match.group(1), source.path, words, match.group(2)))
    return found


class Code:
    """All functions of the tree, by name."""

    def __init__(self, sources):
        self.functions = {}
        self.paths = [source.path for source in sources]
        self.sources = sources
        self.words = set()
        self.triggers = set()
        for source in sources:
            if source.suffix == ".md":
                continue
            self.words.update(WORD.findall(source.text))
            self.triggers.update(re.findall(r"EXECUTE FUNCTION (grove\.\w+)", source.text))
            if source.is_c:
                found, language = functions_of_c(source), "c"
            elif source.is_python:
                found, language = functions_of_python(source), "python"
            elif source.is_shell:
                found, language = functions_of_shell(source), "shell"
            elif source.suffix == ".sql":
                found, language = functions_of_sql(source), "sql"
            else:
                continue
            for function in found:
                self.functions.setdefault((language, function.name), []).append(function)

    def file(self, name, folder):
        """The path of a file that is named from the root, from the folder, or alone."""
        for path in self.paths:
            if path in (name, f"{folder}/{name}") or "/" not in name and path.endswith("/" + name):
                return path
        return None

    def find(self, name, folder):
        """The functions of that name that a README of the folder may mean; [] when there are none.
        """
        if "->" in name:
            member = name.split("->")[1]
            called = re.compile(rf"(?:->|\.){member}\)?\(")
            known = any(source.is_c and called.search(source.code) for source in self.sources)
            return [Function(name, None, None, "")] if known else []
        languages = {"src": ["c"], "sql": ["sql"], "embedded": ["python"]}.get(
            folder.split("/")[0], ["shell", "python", "c"])
        found = []
        for language in languages:
            found += self.functions.get((language, name), [])
        if not found and ("/" in name or "." in name):
            path = self.file(name, folder)
            scripts = self.functions.get(("shell", name.rsplit("/", 1)[-1]), [])
            found = [script for script in scripts if script.path == path]
            if path and not found:
                found = [Function(name, path, None, "")]
        near = [function for function in found if function.path.startswith(folder + "/")]
        return near or found


class Line:
    def __init__(self, number, indent, names, remark):
        self.number, self.indent, self.names, self.remark = number, indent, names, remark
        self.functions = []
        self.last = None  # the child before, and where the body mentions it

    def call_error(self, name):
        """Why a child must not stand here, or None."""
        word = name.split("->")[-1]
        word = word if "/" in word or name.startswith("grove.") else word.split(".")[-1]
        bodies = [function for function in self.functions if function.words is not None]
        if bodies and not any(next(function.mentions(word), None) for function in bodies):
            return f"{', '.join(self.names)} does not call {name}"
        if len(bodies) != 1 or len(self.names) != 1:
            return None
        last = self.last
        behind = [at for at in bodies[0].mentions(word) if not last or at > last[1]]
        if not behind:
            return f"{self.names[0]} does not call {name} after {last[0]}"
        self.last = (name, behind[0])
        return None


def parse_tree(first, lines):
    """Yields a Line for each line; names are None for a condition, [] for a remark that goes on,
    and a string where the line is none of these."""
    remark_at = None
    for number, text in enumerate(lines, first):
        if not text.strip():
            continue
        indent, head, gap, remark = HEAD.match(text).groups()
        if remark_at and len(indent) >= remark_at:
            yield Line(number, None, [], text.strip())
            continue
        remark_at = len(indent) + len(head) + len(gap) if remark else None
        if head.endswith(":"):
            yield Line(number, len(indent), None, remark or "")
            continue
        names = re.sub(r"\([^)]*\)", "", head).split(", ")
        whole = all(NAME.fullmatch(name) for name in names)
        yield Line(number, len(indent), names if whole else head, remark or "")


def check_tree(code, readme, first, lines):
    folder = str(pathlib.PurePath(readme).parent)
    above = []  # lines that are indented less, conditions left out
    for line in parse_tree(first, lines):
        for word in REMARK_NAME.findall(line.remark):
            if word not in code.words and not code.file(word, folder):
                yield line.number, f"{word}: nothing has that name"
        if isinstance(line.names, str):
            yield line.number, f"\"{line.names}\": neither names nor, with \":\", a condition"
            continue
        if line.names == []:
            continue
        while above and above[-1].indent >= line.indent:
            above.pop()
        if line.names is None:
            continue
        for name in line.names:
            found = code.find(name, folder)
            line.functions += found
            if not found:
                yield line.number, f"{name}: there is no such function"
            elif above:
                error = above[-1].call_error(name)
                if error:
                    yield line.number, error
            elif name.startswith("grove.") and name not in code.triggers:
                yield line.number, f"{name}: no trigger calls it"
        above.append(line)


def blocks(lines):
    """Yields the language (None: indented), the first line's number and the lines of each block."""
    at = 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        end = at + 1
        if fence:
            while end < len(lines) and not lines[end].startswith(fence.group(1)):
                end += 1
            yield fence.group(2), at + 2, lines[at + 1:end]
            end += 1
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()
                                               or lines[at - 1].startswith("#")):
            while end < len(lines) and lines[end].startswith("    "):
                end += 1
            yield None, at + 1, lines[at:end]
        at = end


def rule_calls(sources, _root):
    """Call trees of READMEs name functions that exist, and calls that are made."""
    code = None
    for source in sources:
        if not README.fullmatch(source.path):
            continue
        code = code or Code(sources)
        trees = 0
        for language, first, lines in blocks(source.lines):
            if language == "calls":
                trees += 1
                for number, error in check_tree(code, source.path, first, lines):
                    yield Finding("calls", source.path, number, error)
            elif not language and lines:
                name = re.split(r"[\s,(]", lines[0].strip())[0]
                known = code.find(name, str(pathlib.PurePath(source.path).parent))
                if known and known[0].words is not None:
                    yield Finding("calls", source.path, first,
                                  f"begins with {name}: fence it as \"calls\", to have it checked")
        if trees == 0:
            yield Finding("calls", source.path, 1, "no call tree (a block fenced as \"calls\")")
