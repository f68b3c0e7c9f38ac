"""Markdown in the manner of real files, and the blocks that are in it."""

from __future__ import annotations

import pytest

from kb.parsing.plain import parse_markdown

CASES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "nested list": (
        "# T\n\n- one\n  - inner *a*\n  - inner b\n- two\n\n  second paragraph of two\n",
        [("list", "• one"), ("list", "• inner a"), ("list", "• inner b"), ("list", "• two")],
    ),
    "loose ordered": (
        "# T\n\n3. three\n\n4. four\n   goes on\n\n   ```\n   x = 1\n   ```\n",
        [("list", "3. three"), ("list", "4. four goes on"), ("code", "x = 1")],
    ),
    "indented code": (
        "# T\n\nText before it.\n\n    if a < b:\n        pass\n\nText after it.\n",
        [("code", "if a < b:\n    pass"), ("paragraph", "Text after it.")],
    ),
    "fence with info and tildes": (
        '# T\n\n~~~python title="x"\na | b\n# no heading\n~~~\n',
        [("code", "a | b\n# no heading")],
    ),
    "reference links": (
        (
            '# T\n\nSee [the paper][1] and [that one] and ![a plot][fig].\n\n[1]: https://a.org "Title"\n[that o'
            "ne]: <https://b.org>\n[fig]: f.png\n"
        ),
        [("paragraph", "See the paper and that one and a plot.")],
    ),
    "link with parentheses and title": (
        '# T\n\nSee [it](https://a.org/x_(y) "a \\"t\\"") now.\n',
        [("paragraph", "See it now.")],
    ),
    "emphasis": (
        "# T\n\nA ***very*** strong, snake_case_name, 2*3*4, __bold__ and _it_.\n",
        [("paragraph", "A very strong, snake_case_name, 2*3*4, bold and it.")],
    ),
    "inline code with marks": (
        "# T\n\nUse `a*b*c` and ``x ` y`` and `<EOS>` here.\n",
        [("paragraph", "Use a*b*c and x ` y and <EOS> here.")],
    ),
    "maths with marks": (
        "# T\n\nLet $a_i * b_j$ and $c_k*d$ be, with \\(x_1*y_1*z\\) too; it costs $5 and $6.\n",
        [("paragraph", "Let $a_i * b_j$ and $c_k*d$ be, with $x_1*y_1*z$ too; it costs $5 and $6.")],
    ),
    "display maths": (
        (
            "# T\n\nWe have\n\n$$\n\\begin{aligned}\na &= b \\\\\nc &= d\n\\end{aligned}\n$$\n\nwhere a is."
            "\n\n\\[ E = mc^2 \\]\n\n$$x=1$$ and more.\n"
        ),
        [
            ("equation", "\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}"),
            ("equation", "E = mc^2"),
            ("equation", "x=1"),
        ],
    ),
    "angle brackets": (
        "# T\n\nThe label <SELF-LOOP> where a<b and c>d, p<0.05; List<T> and <https://a.org/b> and a@b.\n",
        [("paragraph", "The label <SELF-LOOP> where a<b and c>d, p<0.05; List<T> and https://a.org/b and a@b.")],
    ),
    "html in it": (
        (
            '# T\n\n<div align="center">\n\nText <b>bold</b> H<sub>2</sub>O<br>next.\n\n</div>\n\n<img src="a.pn'
            'g" alt="x">\n'
        ),
        [("paragraph", "Text bold H2O next.")],
    ),
    "table": (
        "# T\n\n| a | `x|y` | c \\| d |\n|:--|--:|---|\n| 1 | **2** | $a_1$ |\n| 3 | | 5 |\n\nAfter it.\n",
        [("paragraph", "After it.")],
    ),
    "table without outer pipes": (
        "# T\n\nModel | BLEU\n--- | ---\nBase | 27.3\nBig | 28.4\n",
        [("table", "Model | BLEU\nBase | 27.3\nBig | 28.4")],
    ),
    "setext of two lines": (
        "A Title\nOver Two Lines\n==============\n\nText of it.\n\nPart\n----\n\nMore text.\n",
        [("heading", "A Title Over Two Lines"), ("heading", "Part"), ("paragraph", "More text.")],
    ),
    "quote": (
        "# T\n\n> First line\n> second line\n>\n> > inner\n\nAfter it.\n",
        [("paragraph", "First line second line"), ("paragraph", "inner"), ("paragraph", "After it.")],
    ),
    "lazy quote and rule": (
        "# T\n\n> First line\nlazy line\n\n***\n\nAfter it.\n",
        [("paragraph", "First line lazy line"), ("paragraph", "After it.")],
    ),
    "hard breaks, entities, escapes": (
        "# T\n\nOne  \ntwo &amp; three &lt;x&gt; \\*not\\* 5 \\% &nbsp;end.\n",
        [("paragraph", "One two & three <x> *not* 5 % end.")],
    ),
    "footnotes": (
        "# T\n\nText[^a] more.\n\n[^a]: The note\n    goes on.\n",
        [("paragraph", "Text more."), ("footnote", "The note goes on.")],
    ),
    "closed ATX, no blank lines": (
        "# T #\nText one.\n## Part ##\nText two.\n* item\n* item2\n",
        [
            ("heading", "T"),
            ("paragraph", "Text one."),
            ("heading", "Part"),
            ("paragraph", "Text two."),
            ("list", "• item"),
            ("list", "• item2"),
        ],
    ),
    "references": (
        "# T\n\nText.\n\n## References\n\n1. Knuth, D. *Literate*. 1984.\n2. Lamport, L. LaTeX. 1994.\n",
        [("reference", "1. Knuth, D. Literate. 1984."), ("reference", "2. Lamport, L. LaTeX. 1994.")],
    ),
    "task list": ("# T\n\n- [x] done\n- [ ] open\n", [("list", "• [x] done"), ("list", "• [ ] open")]),
}


@pytest.mark.parametrize("name", CASES)
def test_markdown_is_read_as_it_is_shown(name: str) -> None:
    source, expected = CASES[name]
    document = parse_markdown(source.encode())
    assert document.text == "\n\n".join(block.text for block in document.blocks)
    found = [(block.kind, block.text) for block in document.blocks]
    assert [block for block in expected if block not in found] == []


def test_chinese_emphasis_needs_no_blanks() -> None:
    document = parse_markdown("# T\n\n这是*强调*文字，很好。\n".encode())
    assert document.blocks[1].text == "这是强调文字，很好。"


@pytest.mark.parametrize("opening", ["  ", "> ", "- ", "1. ", ">"])
def test_marks_within_each_other_without_end_lose_no_text(opening: str) -> None:
    source = "# T\n\n" + "".join(f"{opening * depth}- item {depth}\n" for depth in range(0, 300, 7))
    text = parse_markdown(source.encode()).text
    assert all(f"item {depth}" in text for depth in range(0, 300, 7))
