"""Policy files as people and editors leave them: a message with a line, and the law goes on."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.config.files import write
from gatepost.config.first import first_config
from gatepost.config.paths import Layout, create, layout
from gatepost.core.origin import Document
from gatepost.errors import GatepostError
from gatepost.node.lawbook import LawFiles
from gatepost.policy.defaults import GRANTS, POLICY
from gatepost.policy.rules import read_law
from tests.unit.node.stage import Stage

RULE = '[[rule]]\nid = "new"\nallow = ["ask"]\nfrom = "*@*"\nto = "*"\n'
END = POLICY.count("\n") + 1


@pytest.fixture
def places(tmp_path: Path) -> Layout:
    made = layout(tmp_path / "home")
    create(made)
    for path, text in ((made.policy, POLICY), (made.grants, GRANTS)):
        write(path, text)
    write(made.config, first_config("home"))
    return made


@pytest.fixture
def law(places: Layout) -> Iterator[LawFiles]:
    stage = Stage("home", "lab")
    node = stage.node("home")
    made = LawFiles(places, node.clock, ("home", node.guard.node))
    made.directory = node.overview.directory
    made.begin()
    yield made


def fault(law: LawFiles) -> GatepostError:
    """What is said of the files as they are now, while the law of before is in force."""
    before = law.law
    law.reload()
    assert law.law is before
    assert law.fault is not None
    return law.fault


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (RULE.replace('"ask"', '"aks"'), 3, "did you mean `ask`?"),
        (RULE.replace('["ask"]', "7"), 3, "must be a text that is not empty"),
        (RULE.replace('"new"', '"outbound"'), 2, "so is that of the rule at policy.toml:"),
        (RULE.replace('"*@*"', '"*@*@*"'), 4, "`*@*@*`, which needs an alias"),
        (RULE.replace('"*"\n', '"Bob"\n'), 5, "did you mean `bob`?"),
        (RULE.replace("to =", "too ="), 5, "did you mean `to`?"),
        (RULE + 'unless = { hours = "18-8" }\n', 6, "hours read like"),
        (RULE + 'unless = { hours = "18:00-08:00 Europe/Berlim" }\n', 6, "no time zone"),
        (RULE + "until = 9999-99-99\n", 6, "not TOML"),
        (RULE + 'limit = { rate = "0/min" }\n', 6, "write the rule with `deny`"),
        (RULE + "limit = { concurrent = true }\n", 6, "must be a number"),
        (RULE + "limit = { concurent = 2 }\n", 6, "did you mean `concurrent`?"),
        (RULE.replace("[[rule]]", "[rule]"), 1, "not TOML"),
        (RULE + '[[expect]]\nwho = "bob"\nverb = "ask"\nwant = "deny"\n', 7, "two addresses"),
        (
            RULE + '[[expect]]\nwho = "a@x -> b@y"\nverb = "ask"\nwant = "deny"\n',
            7,
            "one of them must be an agent of this node",
        ),
        (RULE + '[[expect]]\nwho = "a -> b"\nverb = "ask"\nwant = "dney"\n', 9, "mean `deny`?"),
        (RULE[:-3], 5, "not TOML"),
        ("\x00", 1, "not TOML"),
        ("a = " + "[" * 5000, 1, "nested too deeply"),
        ("a = " + "9" * 5000, 1, "not TOML"),
        (RULE.replace('"new"', '"n\\u0000w"'), 2, "ids are"),
        (RULE.replace('"*"\n', '"b\\u043eb"\n'), 5, "may use a-z"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_last_good_law_goes_on(
    places: Layout, law: LawFiles, text: str, line: int, says: str
) -> None:
    places.policy.write_text(POLICY + text)
    found = fault(law)
    assert found.code == "policy.invalid"
    assert says in found.what, found.what
    assert found.where == f"policy.toml:{END - 1 + line}"
    places.policy.write_text(POLICY)
    law.reload()
    assert law.fault is None


def test_ten_megabytes_of_rules_are_refused_before_they_are_read(
    places: Layout, law: LawFiles
) -> None:
    places.policy.write_text(POLICY + RULE * (10 * 1024 * 1024 // len(RULE)))
    assert "larger than 4 MiB" in fault(law).what


def test_what_is_not_utf_8_is_told_with_its_line(places: Layout, law: LawFiles) -> None:
    places.policy.write_bytes(POLICY.encode() + b'[[rule]]\nid = "caf\xe9"\n')
    found = fault(law)
    assert (found.where, "not UTF-8" in found.what) == (f"policy.toml:{END + 1}", True)


@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_files_of_other_editors_are_read(places: Layout, law: LawFiles, mark: str) -> None:
    places.policy.write_bytes((mark + POLICY + RULE).replace("\n", "\r\n").encode())
    law.reload()
    if mark:
        assert law.fault is not None
        assert law.fault.where == "policy.toml:1"
    else:
        assert law.law.rule("new") is not None


def test_a_directory_a_pipe_or_a_missing_file_never_opens_anything(
    places: Layout, law: LawFiles
) -> None:
    places.policy.unlink()
    places.policy.mkdir()
    assert "cannot be read" in fault(law).what
    places.policy.rmdir()
    law.reload()
    assert law.fault is None
    assert law.law.rules == ()


def test_a_file_that_is_written_in_two_halves_is_taken_once_it_is_whole(
    places: Layout, law: LawFiles
) -> None:
    whole = POLICY + RULE
    places.policy.write_text(whole[:-4])
    fault(law)
    places.policy.write_text(whole)
    law.reload()
    assert law.law.rule("new") is not None


def test_a_file_put_back_with_its_old_time_is_noticed_all_the_same(
    places: Layout, law: LawFiles
) -> None:
    before = places.policy.stat()
    write(places.policy, POLICY.replace("120/min", "121/min"))
    os.utime(places.policy, ns=(before.st_atime_ns, before.st_mtime_ns))
    law.reload()
    assert str(law.law.limits.rate) == "121/min"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200), st.integers(0, len(POLICY)))
def test_garbage_anywhere_is_a_law_or_a_message_and_never_a_crash(junk: bytes, at: int) -> None:
    data = POLICY.encode()
    try:
        text = (data[:at] + junk + data[at:]).decode()
    except UnicodeDecodeError:
        return
    try:
        read_law([Document("policy.toml", text), Document("grants.toml", "")], ["home"])
    except GatepostError as error:
        assert error.code == "policy.invalid"
        assert error.where.startswith("policy.toml")
    else:
        tomllib.loads(text)


VALUES = st.recursive(
    st.sampled_from(['""', '"x"', "1", "-1", "1.5", "true", "inf", "nan", "1979-05-27", "07:32:00",
                     "1979-05-27T07:32:00Z", "9999-12-31T23:59:59Z", '"18:00-08:00 UTC"', "0"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]")
    | st.dictionaries(
        st.sampled_from(["hours", "tainted", "conversation", "rate", "turns", "lab", "x"]),
        inner, max_size=3,
    ).map(lambda some: "{ " + ", ".join(f"{k} = {v}" for k, v in some.items()) + " }"),
    max_leaves=4,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "allow", "hold", "deny", "from", "to", "unless", "until", "limit", "by", "made",
             "nodes"]
        ),
        VALUES,
    )
)  # fmt: skip
def test_any_type_of_value_anywhere_in_a_rule_is_a_law_or_a_message(keys: dict[str, str]) -> None:
    rule = {"id": '"r"', "allow": '["ask"]', "from": '"a@lab"', "to": '"b"', **keys}
    text = "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in rule.items())
    try:
        read_law([Document("policy.toml", text)], ["home"])
    except GatepostError as error:
        assert error.code == "policy.invalid"
        assert error.where.startswith("policy.toml:")
