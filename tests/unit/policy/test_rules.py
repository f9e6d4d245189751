import pytest

from gatepost.core.origin import Document
from gatepost.errors import GatepostError
from gatepost.policy.limits import DEFAULT_LIMITS, Rate
from gatepost.policy.patterns import Party, Pattern
from gatepost.policy.rules import read_law
from tests.unit.policy.cases import HERE, HOME, WORK, law, rule

GOOD = """\
# a comment
[[rule]]
id = "family-asks"
allow = ["send", "ask"]
from = ["alice@home", "*@work"]
to = "bob"
unless = { hours = "18:00-08:00 Europe/Berlin" }
until = 2027-01-31T00:00:00Z
limit = { rate = "30/min", concurrent = 2, bytes = "1 KiB", tokens = "200k/day" }

[[rule]]
id = "nobody"
deny = []
from = []
to = []

[[expect]]
who = "carol@work -> bob"
verb = "delegate"
want = "deny"

[limits]
turns = 20
rate = "none"
"""


def fault(text: str) -> GatepostError:
    with pytest.raises(GatepostError) as caught:
        law(text)
    assert caught.value.code == "policy.invalid"
    return caught.value


def test_a_rule_is_read_whole_with_the_line_it_stands_on():
    rule = law(GOOD).rules[0]
    assert (rule.id, rule.allow, rule.deny) == ("family-asks", ("send", "ask"), ())
    assert rule.from_ == (Pattern("alice", "home"), Pattern("*", "work"))
    assert rule.unless and rule.unless.hours and rule.unless.hours.start == 18 * 60
    assert rule.until == 1_801_353_600_000
    assert rule.limit.rate == Rate(30, 60_000)
    assert (rule.limit.concurrent, rule.limit.bytes, rule.limit.turns) == (2, 1024, None)
    assert str(rule.origin) == "policy.toml:2"


def test_an_empty_list_is_read_and_is_nobody():
    assert law(GOOD).rules[1].from_ == ()


def test_default_limits_stand_in_the_file_and_the_rest_is_built_in():
    read = law(GOOD)
    assert (read.limits.turns, read.limits.rate) == (20, None)
    assert read.limits.hops == DEFAULT_LIMITS.hops
    assert str(read.limit_origins["turns"]) == "policy.toml:23"
    assert "hops" not in read.limit_origins


def test_expectations_are_kept_for_the_test():
    (expected,) = law(GOOD).expectations
    assert (str(expected), expected.want) == ("carol@work delegate bob", "deny")
    assert str(expected.origin) == "policy.toml:17"


def test_both_files_are_one_set_and_an_id_stands_once():
    one = '[[rule]]\nid = "x"\nallow = ["ask"]\nfrom = "*"\nto = "*"\n'
    with pytest.raises(GatepostError, match=r"grants.toml:2: `id` is `x`.*policy.toml:1"):
        law(one, one)


def test_the_revision_names_the_text():
    assert law(GOOD).revision == law(GOOD).revision != law(GOOD + "\n").revision


def test_the_own_name_of_the_node_is_local():
    text = '[[rule]]\nid = "x"\nallow = ["ask"]\nfrom = "*@lab"\nto = "*"\n'
    assert law(text).rules[0].from_ == (Pattern("*"),)
    documents = [Document("policy.toml", text)]
    assert read_law(documents).rules[0].from_ == (Pattern("*", "lab"),)
    assert read_law([Document("p", text.replace("*@lab", f"*@{HERE}"))], [HERE]).rules[0].from_ == (
        Pattern("*"),
    )


BASE = '[[rule]]\nid = "x"\nallow = ["ask"]\nfrom = "a@b"\nto = "c"\n'


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (BASE.replace('"ask"', '"aks"'), 3, "did you mean `ask`?"),
        (BASE.replace("allow", "alow"), 3, "did you mean `allow`?"),
        (BASE.replace('allow = ["ask"]\n', ""), 2, "says nothing"),
        (BASE.replace('"x"', '""'), 2, "must be a text that is not empty"),
        (BASE.replace('id = "x"\n', ""), 1, "is missing"),
        (BASE.replace('"x"', '"X y"'), 2, "ids are"),
        (BASE.replace('"x"', "7"), 2, "must be a text"),
        (BASE.replace('from = "a@b"\n', ""), 1, "is missing"),
        (BASE.replace('"a@b"', "[1]"), 4, "must hold texts"),
        (BASE.replace('"a@b"', '[""]'), 4, "must hold texts"),
        (BASE.replace('"a@b"', '"A@b"'), 4, "did you mean `a@b`?"),
        (BASE.replace('"a@b"', '"@b"'), 4, "`*@b` is any agent there"),
        (BASE + 'deny = ["ask"]\n', 2, "says two things about `ask`"),
        (BASE + "until = 2027-01-31\n", 6, "a time with its offset"),
        (BASE + "until = 2027-01-31T00:00:00\n", 6, "a time with its offset"),
        (BASE + "unless = {}\n", 6, "is empty"),
        (BASE + "unless = { hour = 1 }\n", 6, "did you mean `hours`?"),
        (BASE + 'unless = { hours = "8-9" }\n', 6, "hours read like"),
        (BASE + 'unless = { tainted = "yes" }\n', 6, "must be true or false"),
        (BASE + "[rule.limit]\nrates = 1\n", 7, "did you mean `rate`?"),
        (BASE + "[rule.limit]\nhops = 1\n", 7, "not a word of the policy"),
        (BASE + "limit = { rate = 30 }\n", 6, "must be a text"),
        (BASE + "limit = { turns = true }\n", 6, "must be a number"),
        (BASE + "limit = { turns = -1 }\n", 6, "must be a number"),
        (BASE + 'limit = { bytes = "big" }\n', 6, "a size is"),
        (BASE + "limit = 3\n", 6, "must be a table"),
        (BASE + '[limits]\nhops = "none"\n', 7, "may be large, but not absent"),
        ("[[rules]]\n", 1, "did you mean `rule`?"),
        ("rule = 1\n", 1, "is written [[rule]]"),
        ('[[expect]]\nwho = "bob"\n', 2, "must name two addresses"),
        ('[[expect]]\nwho = "a -> b"\nverb = "asks"\nwant = "deny"', 3, "did you mean `ask`?"),
        ('[[expect]]\nwho = "a -> b"\nverb = "ask"\nwant = "denied"', 4, "did you mean `deny`?"),
        (BASE + 'to = "twice"\n', 6, "not TOML"),
    ],
)
def test_a_fault_is_told_with_its_line_and_the_nearest_word(text: str, line: int, says: str):
    found = fault("# first\n" + text)
    assert found.where == f"policy.toml:{line + 1}"
    assert says in found.what


def test_default_limits_in_two_files_are_refused():
    with pytest.raises(GatepostError, match="stand in one place"):
        law("[limits]\nturns = 1\n", "[limits]\nturns = 2\n")


def test_a_rule_made_for_a_node_speaks_of_no_other_that_gets_its_alias():
    bound = f'nodes = {{ home = "{HOME}" }}\n'
    (rule_,) = law(rule(from_="main@home", to="specialist", more=bound)).rules
    (pattern,) = rule_.from_
    assert pattern == Pattern("main", HOME, "home")
    assert str(pattern) == "main@home"
    assert pattern.matches(Party("main", HOME, "home"))
    assert pattern.matches(Party("main", HOME, "renamed"))
    assert not pattern.matches(Party("main", WORK, "home"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('nodes = { home = "short" }\n', "`home` must be a node id"),
        (f'nodes = {{ work = "{WORK}" }}\n', "names `work`, of which the rule does not speak"),
        ("nodes = 3\n", "must be a table"),
    ],
)
def test_a_binding_that_binds_nothing_is_refused(more: str, says: str):
    assert says in fault(rule(more=more)).what
