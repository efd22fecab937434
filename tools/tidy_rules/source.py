# SPDX-License-Identifier: Apache-2.0
"""Files of the tree as the rules of tools/tidy see them, and the functions in C files."""

import os
import pathlib
import re

SKIPPED_FOLDERS = re.compile(r"^(\.git|build|build-.*|__pycache__|\.pytest_cache|\.cache)$")
TEXT_SUFFIXES = {".c", ".h", ".py", ".sql", ".md", ".build", ".txt", ".jsonl", ".lock", ".yml"}


class Finding:
    def __init__(self, rule, path, line, text):
        self.rule, self.path, self.line, self.text = rule, str(path), line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text} [{self.rule}]"


class Source:
    """A file of the tree; C also without comments and strings, line by line as it was."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.data = path.read_bytes()
        self.text = self.data.decode("utf-8", errors="replace")
        self.lines = self.text.splitlines()
        self.suffix = path.suffix
        first = self.lines[0] if self.lines else ""
        self.is_c = self.suffix in (".c", ".h")
        self.is_python = self.suffix == ".py" or first.startswith("#!") and "python" in first
        self.is_shell = self.suffix == ".sh" or first.startswith("#!") and "bash" in first
        self.parts = self.path.split("/")
        self._code = None

    @property
    def code(self):
        if self._code is None:
            self._code = strip_c(self.text) if self.is_c else self.text
        return self._code

    @property
    def folder(self):
        """The folder of src this is in, or None."""
        return self.parts[1] if self.parts[0] == "src" and len(self.parts) > 2 else None


C_NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def strip_c(text):
    """Comments become blanks, strings and characters lose their contents; lines stay lines."""

    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] * 2
        return re.sub(r"[^\n]", " ", found)

    return C_NOISE.sub(blank, text)


def read_tree(root):
    sources = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not SKIPPED_FOLDERS.match(name)
                            and not (pathlib.Path(folder) / name / ".git").exists())
        if "tests/fuzz/corpus" in folder:
            continue
        for name in sorted(files):
            path = pathlib.Path(folder) / name
            known = path.suffix in TEXT_SUFFIXES or name in ("Makefile", ".clang-tidy",
                                                             ".clang-format", ".gitignore")
            if path.is_symlink() or not (known or path.suffix == ""):
                continue
            sources.append(Source(root, path))
    return sources


C_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|\"\"|''|[^\s]")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)


def c_tokens(code):
    code = PREPROCESSOR.sub(lambda found: "\n" * found.group(0).count("\n"), code)
    tokens = []
    for number, line in enumerate(code.split("\n"), 1):
        tokens += [(found.group(0), number) for found in C_TOKEN.finditer(line)]
    return tokens


def skip_group(tokens, at):
    """The index behind the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i][0] in "([{":
            depth += 1
        elif tokens[i][0] in ")]}":
            depth -= 1
            if depth == 0:
                return i + 1
    return len(tokens)


def c_functions(tokens):
    """Yields name, line, last line, index of the body's brace."""
    at = start = 0
    while at < len(tokens):
        token = tokens[at][0]
        if token == ";":
            start = at + 1
        elif token in ("(", "["):
            at = skip_group(tokens, at)
            continue
        elif token == "{":
            head = [text for text, _ in tokens[start:at]]
            end = skip_group(tokens, at)
            if "(" in head and "=" not in head and head[0] != "typedef":
                names = [head[i - 1] for i, text in enumerate(head)
                         if text == "(" and i > 0 and head[i - 1] not in ("__attribute__", "(")
                         and re.match(r"[A-Za-z_]", head[i - 1])]
                if names:
                    yield names[0], tokens[start][1], tokens[end - 1][1], at
                    start = end
            at = end
            continue
        at += 1
