# SPDX-License-Identifier: EUPL-1.2
"""Scripts and style sheets without their comments: what people read at a desk isn't sent to phones.

Only whole lines go: a comment that shares its line with code stays, and so does everything inside
a template. The lines that stay are sent as they were written.
"""

import re

_SHEET_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_STRING = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_PATTERN = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/\w*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_TEMPLATE_TEXT = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*", re.DOTALL)
_MARK = re.compile(r"[/\"'`{}]")
# After a value a slash divides; after anything else it opens a regular expression.
_VALUE_ENDS = re.compile(r"[\w$)\]}\"'`]\s*\Z")
_NO_VALUE = re.compile(r"\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield)\s*\Z")
_LOOK_BACK = 80  # characters; enough for a keyword and the indentation after it


def without_comments(script: str) -> str:
    """Return an ES module without the comments that fill lines of their own."""
    kept: list[str] = []
    at = 0
    for start, end in _comments(script):
        line_start = script.rfind("\n", 0, start) + 1
        line_end = script.find("\n", end)
        line_end = len(script) if line_end < 0 else line_end
        if script[line_start:start].strip() or script[end:line_end].strip():
            continue
        kept.append(script[at:line_start])
        at = min(line_end + 1, len(script))
    return "".join(kept) + script[at:]


def without_sheet_comments(sheet: str) -> str:
    """Return a style sheet without comments and empty lines; no string in one may hold ``/*``."""
    return _BLANK_LINES.sub("\n", _SHEET_COMMENT.sub("", sheet))


def _comments(script: str) -> list[tuple[int, int]]:
    """Return where each comment starts and ends, in order."""
    found: list[tuple[int, int]] = []
    braces: list[str] = []  # what each brace that is open closes: a block or a template's hole
    at = 0
    while mark := _MARK.search(script, at):
        start, sign = mark.start(), mark[0]
        at = start + 1
        if sign in "\"'":
            at = _end(_STRING, script, start)
        elif sign == "`":
            at = _through_template(script, at, braces)
        elif sign == "{":
            braces.append("block")
        elif sign == "}":
            if braces and braces.pop() == "hole":
                at = _through_template(script, at, braces)
        elif comment := _COMMENT.match(script, start):
            found.append(comment.span())
            at = comment.end()
        elif _opens_pattern(script, start):
            at = _end(_PATTERN, script, start)
    return found


def _through_template(script: str, at: int, braces: list[str]) -> int:
    """Return where a template's text that starts at ``at`` ends: behind its quote or ``${``."""
    end = _end(_TEMPLATE_TEXT, script, at)
    if script.startswith("${", end):
        braces.append("hole")
        return end + 2
    return end + 1


def _opens_pattern(script: str, at: int) -> bool:
    before = script[max(0, at - _LOOK_BACK) : at]
    return not _VALUE_ENDS.search(before) or bool(_NO_VALUE.search(before))


def _end(token: re.Pattern[str], script: str, at: int) -> int:
    match = token.match(script, at)
    return match.end() if match else at + 1
