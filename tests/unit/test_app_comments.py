# SPDX-License-Identifier: EUPL-1.2
"""Comments go, and nothing else does."""

import pytest

from cloud.web.comments import without_comments, without_sheet_comments


def test_lines_that_are_comments_go_and_code_stays_as_it_was():
    script = '// One.\nimport "a";\n\n  /** Two\n   * lines. */\n  run();\n'
    assert without_comments(script) == 'import "a";\n\n  run();\n'


@pytest.mark.parametrize(
    "script",
    [
        "const a = 1; // beside code\n",
        "/* before code */ const a = 1;\n",
        'const a = "\\"\\\n// in a string";\n',
        "const a = `\n// in a template\n/* also */\n`;\n",
        "const a = `${one ? `\n// in a template in a hole\n` : two}\n// and after it`;\n",
        "const a = `${{ b: { c } }.b}\n// an object in a hole\n`;\n",
        "const a = /`/;\nconst b = `\n// after a pattern\n`;\n",
        "const a = /[/`]/u.test(b);\nconst c = `\n// after a class\n`;\n",
        "const a = b / `${2}` / c;\nconst d = `\n// after divisions\n`;\n",
        "return /'/.test(a);\nconst b = `\n// after a word\n`;\n",
        "const a = `\\`\n// after an escaped quote`;\n",
        "const a = `$\n// a lone dollar`;\n",
        "const a = '/*';\nrun();\nconst b = '*/';\n",
        "a = b\n  / c\n",
    ],
)
def test_what_only_looks_like_a_comment_stays(script: str):
    assert without_comments(script) == script


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("const a = `${b}`;\n// real\nrun();\n", "const a = `${b}`;\nrun();\n"),
        ("const a = /\\//;\n// real\n", "const a = /\\//;\n"),
        ("a = (b) / 2; c = d / 3;\n// it's real\nrun();\n", "a = (b) / 2; c = d / 3;\nrun();\n"),
        ("run();\n// the last", "run();\n"),
        ("run({\n  // within\n});\n", "run({\n});\n"),
    ],
)
def test_a_comment_after_something_tricky_goes(script: str, left: str):
    assert without_comments(script) == left


def test_style_sheets_go_without_comments():
    assert without_sheet_comments("/* one\n two */\n\na { color: red; /* b */ }\n\n\nb {}\n") == (
        "\na { color: red;  }\nb {}\n"
    )
