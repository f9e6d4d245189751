"""What else an entry could look like: read as a fault with its line, never as everybody."""

import pytest

from gatepost.errors import GatepostError
from gatepost.policy.evaluate import evaluate
from tests.unit.policy.cases import facts, inbound, law, rule

pytestmark = pytest.mark.requirement("F12")
RULE = '[[rule]]\nid = "r"\nallow = ["ask"]\nfrom = {}\nto = {}\n'


@pytest.mark.parametrize(
    ("from_", "line"),
    [
        ('{ id = "main@home" }', 4),
        ('[{ id = "main@home" }]', 4),
        ('["main@home", 3]', 4),
        ("true", 4),
        ('""', 4),
        ('[""]', 4),
        ('"agent:main@home"', 4),
        ('"agent:main:main"', 4),
        ('"Main@home"', 4),
        ('" main@home"', 4),
        ('"main@"', 4),
        ('"@home"', 4),
        ('"main@home@work"', 4),
        ('"mаin@home"', 4),  # noqa: RUF001 - its second letter is Cyrillic
    ],
)
def test_an_entry_of_another_shape_is_a_fault_with_its_line(from_: str, line: int):
    with pytest.raises(GatepostError) as fault:
        law(RULE.format(from_, '"*"'))
    assert fault.value.code == "policy.invalid"
    assert fault.value.where == f"policy.toml:{line}"


@pytest.mark.parametrize("key", ["from", "to"])
def test_a_missing_list_is_a_fault_and_never_everybody(key: str):
    text = "".join(
        part for part in RULE.format('"*@*"', '"*"').splitlines(True) if not part.startswith(key)
    )
    with pytest.raises(GatepostError, match=f"`{key}` is missing"):
        law(text)


@pytest.mark.parametrize("lists", [("[]", '"*"'), ('"*@*"', "[]"), ("[]", "[]")])
def test_an_empty_list_is_nobody(lists: tuple[str, str]):
    assert evaluate(law(RULE.format(*lists)), inbound(), facts()).verdict == "deny"


def test_an_empty_list_of_verbs_says_nothing():
    assert evaluate(law(rule(says="allow = []")), inbound(), facts()).verdict == "deny"
    with pytest.raises(GatepostError, match="says nothing"):
        law(rule(says=""))
