import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core.origin import Document, Origin, line_of, lines, tables
from gatepost.errors import GatepostError

TEXT = """\
# a comment with [brackets] and = signs
name = "home" # and more

listen."dotted key".x = 'literal # not a comment'
list = [1, # one ]
  "two ]", # two
  [3, {a = 4}]]
[operator]
long = \"\"\"
[not.a.header]
key = "no key"
\"\"\"
"q\\u0041" = 1
[[rule]]
id = "first"
unless = { hours = "08:00", s = "}" }
[rule.limit]
rate = 1
[[rule]]
id = "second" # [[rule]]
[[rule.deep]]
z = 1979-05-27T07:32:00Z
[ spaced . "out" ]
k = '''
'' ]''''
"""


def test_every_table_element_and_key_has_the_line_it_begins_on():
    found = lines(TEXT)
    assert found == {
        ("name",): 2,
        ("listen",): 4,
        ("listen", "dotted key"): 4,
        ("listen", "dotted key", "x"): 4,
        ("list",): 5,
        ("operator",): 8,
        ("operator", "long"): 9,
        ("operator", "qA"): 13,
        ("rule",): 14,
        ("rule", 0): 14,
        ("rule", 0, "id"): 15,
        ("rule", 0, "unless"): 16,
        ("rule", 0, "limit"): 17,
        ("rule", 0, "limit", "rate"): 18,
        ("rule", 1): 19,
        ("rule", 1, "id"): 20,
        ("rule", 1, "deep"): 21,
        ("rule", 1, "deep", 0): 21,
        ("rule", 1, "deep", 0, "z"): 22,
        ("spaced",): 23,
        ("spaced", "out"): 23,
        ("spaced", "out", "k"): 24,
    }


def test_a_path_without_a_line_of_its_own_takes_the_line_around_it():
    found = lines(TEXT)
    assert line_of(found, ("rule", 0, "unless", "hours")) == 16
    assert line_of(found, ("rule", 1, "limit", "rate")) == 19
    assert line_of(found, ("nothing", "here")) == 0


def test_an_origin_reads_like_a_compiler_message():
    assert str(Origin("policy.toml", 12)) == "policy.toml:12"
    assert str(Origin("default")) == "default"


def test_what_is_not_toml_is_an_error_with_its_line():
    with pytest.raises(GatepostError) as caught:
        tables(Document("policy.toml", 'a = 1\n[[rule]]\nid = "x\n'), "policy.invalid")
    assert caught.value.code == "policy.invalid"
    assert caught.value.where == "policy.toml:3"
    assert "policy.toml:3: this is not TOML" in caught.value.what


@given(st.text(alphabet="[]{}=\"'#\n.a1 \\", max_size=60))
def test_the_scan_ends_on_any_text_and_never_names_a_line_that_is_not_there(text: str):
    count = text.count("\n") + 1
    assert all(1 <= line <= count for line in lines(text).values())


KEYS = st.sampled_from(["a", "b-1", "C_d", '"q.x"', "'l #'", '"[x]"'])
STRINGS = st.sampled_from(
    [
        '"plain"',
        '"with # and ] \\" inside"',
        "'it is = literal'",
        '"""\nlines [a]\nb = 1\n# c\n"""',
        "'''\n[[x]]\n'''",
        '""',
        '"""ends with a quote\\""""',
    ]
)
SCALARS = st.one_of(
    STRINGS, st.sampled_from(["1", "-2.5", "true", "1979-05-27 07:32:00", "0xff", "inf"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: "[" + ", # ]\n ".join(v) + "\n]"),
        st.lists(inner, max_size=2).map(
            lambda v: (
                "{" + ", ".join(f"k{n} = {x}" for n, x in enumerate(v) if "\n" not in x) + "}"
                if all("\n" not in x for x in v)
                else "[]"
            )
        ),
    ),
    max_leaves=4,
)
BLANK = st.sampled_from(["", "\n", "# [c]\n", "  \t\n# x = 1\n\n"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A TOML text of top-level keys, tables and arrays of tables, with noise between them."""
    out = [draw(BLANK)]
    end = st.sampled_from(["\n", " # ]\n"])
    keys = st.lists(KEYS, unique=True, max_size=3)
    out += [f"{key} = {draw(VALUES)}{draw(end)}{draw(BLANK)}" for key in draw(keys)]
    for name in draw(st.lists(st.sampled_from(["t", "u", "v"]), unique=True, max_size=3)):
        array = draw(st.booleans())
        for _ in range(draw(st.integers(1, 3)) if array else 1):
            out.append(f"[[{name}]] # [x]\n" if array else f" [ {name} ]\n")
            out += [f"  {key} = {draw(VALUES)}\n{draw(BLANK)}" for key in draw(keys)]
    return "".join(out)


def _leaves(tree: Any, path: tuple[str | int, ...] = ()) -> Any:
    for name, value in tree.items():
        here = (*path, name)
        yield here
        if isinstance(value, dict):
            yield from _leaves(value, here)
        elif isinstance(value, list) and name in ("t", "u", "v"):
            for n, one in enumerate(value):
                yield (*here, n)
                if isinstance(one, dict):
                    yield from _leaves(one, (*here, n))


@given(documents())
def test_each_key_that_tomllib_reads_is_found_on_a_line_that_spells_it(text: str):
    tree = tomllib.loads(text)
    found, rows = lines(text), text.split("\n")
    for path in _leaves(tree):
        if any(str(part).startswith("k") for part in path):
            continue  # keys of inline tables have no line of their own
        assert path in found, path
        name = next(str(part) for part in reversed(path) if isinstance(part, str))
        assert name in rows[found[path] - 1].replace("\\", "")
