# SPDX-License-Identifier: Apache-2.0
"""Where a source can be changed and how, and a source that has many of its mutants at once.

What no test could notice is not made: WMBT_ASSERT (the library's users compile it out), static assertions,
sizeof, tables of more than eight values (their golden data is compared whole), and texts of statuses.
"""
import bisect
import collections
import functools
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "checks"))
from common import ROOT  # noqa: E402 # pylint: disable=wrong-import-position

# --- where and what --------------------------------------------------------------------------------

TOKEN = re.compile(r"""
    (?P<skip>\s+ | //[^\n]* | /\*.*?\*/ | (?m:^[ \t]*\#)(?:\\\n|[^\n])*)
  | (?P<text>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\w\s])
""", re.S | re.X)
SWAPS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="],
         "!=": ["=="], "+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"], "&": ["|"],
         "|": ["&"], "^": ["|"], "<<": [">>"], ">>": ["<<"], "&&": ["||"], "||": ["&&"],
         "+=": ["-="], "-=": ["+="], "|=": ["="], "&=": ["="], "^=": ["="], "<<=": ["="], ">>=": ["="],
         "++": ["--"], "--": ["++"]}
NO_STATEMENT = {"return", "if", "for", "while", "do", "switch", "case", "default", "break", "continue",
                "goto", "else", "static", "const", "struct", "enum", "typedef", "extern"}
LEFT_OUT = {"WMBT_ASSERT", "WMBT_STATIC_ASSERT", "WMBT_HIDE_POINTER", "_Static_assert", "sizeof"}
MAX_LIST = 8  # longer lists of values are tables

Token = collections.namedtuple("Token", "kind text start end")
Mutant = collections.namedtuple("Mutant", "source start end new")


def tokens_of(text):
    return [Token(match.lastgroup, match[0], match.start(), match.end())
            for match in TOKEN.finditer(text) if match.lastgroup != "skip"]


def closing(tokens, i):
    """The index of what closes the bracket at i."""
    depth = 0
    for k in range(i, len(tokens)):
        depth += tokens[k].text in "([{" and tokens[k].kind == "op"
        depth -= tokens[k].text in ")]}" and tokens[k].kind == "op"
        if depth == 0:
            return k
    return len(tokens) - 1


def is_value(token):
    """True if an operator behind the token has two operands."""
    return token.kind in ("word", "number", "text") and token.text != "return" or token.text in (")", "]")


def statement(tokens, i):
    """The index of the ';' if a statement that can be deleted begins at i."""
    first = tokens[i]
    if tokens[i - 1].text not in (";", "{", "}", ":") or first.text in NO_STATEMENT | LEFT_OUT:
        return None
    star = first.text in ("*", "++", "--")
    if not star and (first.kind != "word" or tokens[i + 1].text not in
                     ("=", ".", "->", "[", "(", "++", "--") and tokens[i + 1].text[-1:] != "="):
        return None
    k = i
    while tokens[k].text != ";":
        if tokens[k].text in ("{", "}"):
            return None
        k = closing(tokens, k) + 1 if tokens[k].text in ("(", "[") else k + 1
    return k


def in_body(tokens):
    """Indices of the tokens in functions, without tables and what is left out."""
    i = 0
    while i < len(tokens):
        if tokens[i].text == "{":
            end = closing(tokens, i)
            if tokens[i - 1].text == ")":
                yield from without_tables(tokens, i + 1, end)
            i = end
        i += 1


def without_tables(tokens, i, end):
    while i < end:
        if tokens[i].text == "{" and tokens[i - 1].text == "=":
            close = closing(tokens, i)
            if sum(token.text == "," for token in tokens[i:close]) >= MAX_LIST:
                i = close
        elif tokens[i].text in LEFT_OUT and tokens[i + 1].text == "(":
            i = closing(tokens, i + 1)
        else:
            yield i
        i += 1


def changes_at(tokens, text, i):
    """(start, end, new) of the changes at a token."""
    token = tokens[i]
    if token.kind == "op":
        if token.text in SWAPS and (is_value(tokens[i - 1]) or token.text in ("++", "--")):
            for new in SWAPS[token.text]:
                yield token.start, token.end, new
    elif token.kind == "number":
        for new in ("+", "-"):
            yield token.start, token.end, f"({token.text} {new} 1)"
    elif token.text in ("if", "while") and tokens[i + 1].text == "(":
        end = tokens[closing(tokens, i + 1)].end
        yield tokens[i + 1].start, end, f"(!{text[tokens[i + 1].start:end]})"
    elif token.text == "return" and tokens[i + 2].text == ";":
        value = tokens[i + 1]
        if value.text in ("true", "false"):
            yield value.start, value.end, "false" if value.text == "true" else "true"
        elif value.text.startswith("WMBT_"):
            yield value.start, value.end, "WMBT_OK" if value.text != "WMBT_OK" else "WMBT_BAD_CHECKSUM"
            if value.text != "WMBT_OK":
                yield value.start, value.end, \
                    "WMBT_BAD_ORDER" if value.text != "WMBT_BAD_ORDER" else "WMBT_BAD_MAGIC"
    stop = statement(tokens, i)
    if stop is not None:
        yield token.start, tokens[stop].start, ""


def mutants_of(source, text):
    tokens = tokens_of(text)
    found = {}
    for i in in_body(tokens):
        for start, end, new in changes_at(tokens, text, i):
            found[(start, end, new)] = None
    return [Mutant(source, *change) for change in sorted(found)]


@functools.lru_cache(maxsize=None)
def text_of(source):
    with open(os.path.join(ROOT, source), encoding="utf-8") as f:
        return f.read()


def line_of(mutant):
    """(number, text) of the mutant's line."""
    text = text_of(mutant.source)
    starts = [match.start() for match in re.finditer(r"^", text, re.M)]
    number = bisect.bisect_right(starts, mutant.start)
    return number, text.split("\n")[number - 1].strip()


# --- many mutants in one object --------------------------------------------------------------------

# start: of what comes before the name; name: its token; brace, end: of the body; arguments: names.
Function = collections.namedtuple("Function", "start name brace end arguments")


def argument_names(tokens, i, end):
    """The names of the parameters between brackets at i and end; None if that cannot be told."""
    groups, k = [[]], i + 1
    while k < end:
        close = closing(tokens, k) + 1 if tokens[k].text in ("(", "[") else k + 1
        if tokens[k].text == ",":
            groups.append([])
        else:
            groups[-1].append(tokens[k:close])
        k = close
    if [token.text for part in groups[0] for token in part] == ["void"]:
        return []
    names = []
    for group in groups:
        parts = [part for part in group if part[0].text != "["]
        pointer = [part for part in parts if len(part) > 2 and part[1].text == "*"]
        last = pointer[0][2] if pointer else parts[-1][0] if parts else None
        if last is None or last.kind != "word":
            return None
        names.append(last.text)
    return names


def functions_of(text):
    """The functions that a source defines, in its order."""
    tokens, found, i, start = tokens_of(text), [], 0, 0
    while i < len(tokens):
        if tokens[i].text in ("(", "["):
            i = closing(tokens, i)
        elif tokens[i].text == "{":
            end = closing(tokens, i)
            if tokens[i - 1].text == ")":
                k = i - 1
                while closing(tokens, k) != i - 1:
                    k -= 1
                found.append(Function(tokens[start].start, tokens[k - 1], tokens[i].start, tokens[end].end,
                                      argument_names(tokens, k, i - 1)))
                start = end + 1
            i = end
        elif tokens[i].text == ";":
            start = i + 1
        i += 1
    return found


def function_of(functions, mutant):
    """The index of the function that the mutant is in."""
    return bisect.bisect_right([f.brace for f in functions], mutant.start) - 1


EXTERNS = "extern unsigned wmbt_mutant; extern unsigned char *wmbt_reached;\n"


def copy_of(text, f, suffix, body):
    """The function under another name, with another body. noipa: else a call of a mutant that has come to do
    nothing is left out, and then the mutant, as if it were none."""
    before = text[f.start:f.name.start]
    before = before if re.search(r"\bstatic\b", before) else "static " + before.replace("extern ", "")
    return f"__attribute__((noipa)) {before}{f.name.text}__{suffix}{text[f.name.end:f.brace]}{body}\n"


def with_mutants(text, chosen, source):
    """The source with a copy of a function for each of its mutants, and in the function's place a choice
    among them by number. chosen: {number: mutant}. A message of the compiler's about a mutant has 'mutant-N'
    as its file."""
    functions, out, at = functions_of(text), [EXTERNS, f'#line 1 "{source}"\n'], 0
    inside = collections.defaultdict(list)
    for number, mutant in chosen.items():
        inside[function_of(functions, mutant)].append((number, mutant))
    for index, f in enumerate(functions):
        if index not in inside:
            continue
        given = ", ".join(f.arguments)
        out += [text[at:f.start], "\n", copy_of(text, f, "is", text[f.brace:f.end])]
        for number, mutant in inside[index]:
            body = text[f.brace:mutant.start] + mutant.new + text[mutant.end:f.end]
            out += [f'#line 1 "mutant-{number}"\n', copy_of(text, f, number, body)]
        cases = "".join(f"case {number}u: return {f.name.text}__{number}({given}); " for number, _ in inside[index])
        out += [f'#line {text.count(chr(10), 0, f.end) + 1} "{source}"\n', text[f.start:f.brace],
                f"{{ switch (wmbt_mutant) {{ {cases} default: return {f.name.text}__is({given}); }} }}"]
        at = f.end
    return "".join(out) + text[at:]


def with_marks(text, first):
    """The source with functions that say, by number from first on, that they were called."""
    out, at = [EXTERNS], 0
    for number, f in enumerate(functions_of(text), first):
        out += [text[at:f.brace + 1], f" wmbt_reached[{number}] = 1; "]
        at = f.brace + 1
    return "".join(out) + text[at:]
