from gatepost.policy.defaults import GRANTS, POLICY
from gatepost.policy.limits import DEFAULT_LIMITS
from gatepost.policy.request import VERBS
from tests.unit.policy.cases import default_law, law


def test_the_first_file_says_what_is_built_in():
    """A limit deleted from the file keeps the value the file had."""
    assert default_law().limits == DEFAULT_LIMITS == law("").limits


def test_the_first_file_names_its_rules_verbs_and_limits():
    first = law(POLICY, GRANTS)
    assert [rule.id for rule in first.rules] == ["outbound", "local", "ping", "taint"]
    assert all(verb in POLICY for verb in VERBS)
    assert set(first.limit_origins) == set(DEFAULT_LIMITS.__struct_fields__)


def test_the_example_of_a_test_in_the_first_file_can_be_read():
    example = POLICY[POLICY.index("# [[expect]]") :].replace("# ", "")
    assert law(POLICY + example).expectations[0].want == "deny"


def test_an_empty_policy_permits_nothing():
    assert law("").rules == ()
