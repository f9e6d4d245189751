import tomllib

from hypothesis import given
from hypothesis import strategies as st

from gatepost.config.edit import assigned
from gatepost.config.schema import Settings, settings_of
from gatepost.config.sources import load
from gatepost.core.origin import Document

TEXT = """\
# the head

name = "home"   # ours
operator.auth = "uid"

# about delivery
[delivery]
expires = "2h"  # short

# about the log, which comes next
[log]
level = "info"
"""


def after(path: tuple[str | int, ...], value: str | int | None, text: str = TEXT) -> str:
    return assigned(Document("gatepost.toml", text), path, value).text


def test_a_value_that_is_there_keeps_its_line_and_its_comment():
    assert after(("delivery", "expires"), "3h") == TEXT.replace('"2h"', '"3h"')
    assert after(("name",), "lab") == TEXT.replace('"home"', '"lab"')


def test_a_new_key_stands_above_the_comments_of_the_next_table():
    assert after(("delivery", "horizon"), "9d") == TEXT.replace(
        'expires = "2h"  # short\n', 'expires = "2h"  # short\nhorizon = "9d"\n'
    )


def test_a_new_top_key_stands_with_the_others():
    assert after(("listen",), "x:1") == TEXT.replace(
        'operator.auth = "uid"\n', 'operator.auth = "uid"\nlisten = "x:1"\n'
    )


def test_a_new_table_stands_at_the_end():
    assert after(("store", "keep_free"), "1GiB") == TEXT + '\n[store]\nkeep_free = "1GiB"\n'
    assert after(("a", "b"), 1, "") == "[a]\nb = 1\n"


def test_a_key_beside_a_dotted_one_is_put_where_it_means_the_same():
    edited = after(("operator", "listen"), "127.0.0.1:1")
    assert tomllib.loads(edited)["operator"] == {"auth": "uid", "listen": "127.0.0.1:1"}
    assert edited.startswith("# the head\n")


def test_a_key_that_goes_takes_nothing_along():
    edited = after(("delivery", "expires"), None)
    assert "# about the log, which comes next\n[log]" in edited
    assert tomllib.loads(edited)["delivery"] == {}


def test_a_table_in_a_rule_is_made_in_one_line():
    text = '[[rule]]\nid = "a"\n\n# next\n[[rule]]\nid = "b"\n'
    assert after(("rule", 0, "limit", "turns"), 3, text) == text.replace(
        'id = "a"\n', 'id = "a"\nlimit = { turns = 3 }\n'
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(settings_of(Settings))),
            st.sampled_from(["1h", "5MiB", "127.0.0.1:9", "token", "debug", "77", "name-1"]),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_any_row_of_edits_changes_what_it_means_and_loses_no_comment(edits):
    document, meant = Document("gatepost.toml", TEXT), {}
    for key, text, remove in edits:
        setting = settings_of(Settings)[key]
        try:
            value = setting.parse(text)
        except ValueError:
            continue
        written = setting.plain(value)
        if remove:
            row = load(document, {}).row(key)
            if row.found.source == "file":
                document = assigned(document, tuple(key.split(".")), None)
                meant[key] = setting.default
        else:
            document = assigned(document, tuple(key.split(".")), written)
            meant[key] = value
    rows = load(document, {}).rows
    assert {key: rows[key].found.value for key in meant} == meant
    for comment in ("# the head\n", "# about delivery\n", "# about the log, which comes next\n"):
        assert comment in document.text
