"""The operator surface, the law: why, who may, what is expected, what would be otherwise.

Nothing here changes anything.
"""

from typing import Any

import msgspec

from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import CanQuery, Nothing
from gatepost.core.views import Question, RuleView
from gatepost.policy.answers import Difference, DiffIn, Examined, May, Whose
from gatepost.policy.explain import Explanation


class WhoQuery(msgspec.Struct, frozen=True):
    """Who may do `verb` to `to`."""

    verb: str
    to: str


async def explain(given: Given[Question]) -> Explanation:
    """Why something is, or would be, refused."""
    return await given.inside.operator.explain(given.body)


async def rules(given: Given[Nothing]) -> list[RuleView]:
    """The law as it stands."""
    return given.inside.operator.rules()


async def can(given: Given[CanQuery]) -> May:
    """Whether the rules let this sender do that."""
    query = given.body
    return given.inside.operator.can(query.sender, query.verb, query.to)


async def who(given: Given[WhoQuery]) -> Whose:
    """Everybody whom the rules let do that."""
    return given.inside.operator.who_can(given.body.verb, given.body.to)


async def tests(given: Given[Nothing]) -> Examined:
    """The expectations beside the rules, tried."""
    return given.inside.operator.tested()


async def draft_tests(given: Given[DiffIn]) -> Examined:
    """The expectations of a draft, tried."""
    return given.inside.operator.drafted(given.body)


async def diff(given: Given[DiffIn]) -> Difference:
    """What would have been decided otherwise."""
    return await given.inside.operator.difference(given.body)


OPERATIONS: tuple[Operation[Any], ...] = (
    Operation("GET", "/v1/policy/rules", "The law as it stands", Nothing, list[RuleView], rules),
    Operation(
        "GET", "/v1/policy/can", "May this sender do that, by the rules?", CanQuery, May, can
    ),
    Operation("GET", "/v1/policy/who", "Who may do that?", WhoQuery, Whose, who),
    Operation(
        "GET",
        "/v1/policy/tests",
        "The expectations beside the rules, tried",
        Nothing,
        Examined,
        tests,
    ),
    Operation(
        "POST",
        "/v1/policy/tests",
        "The expectations of a draft, tried",
        DiffIn,
        Examined,
        draft_tests,
    ),
    Operation(
        "POST",
        "/v1/policy/diff",
        "What the law of now, or a draft, would have decided otherwise",
        DiffIn,
        Difference,
        diff,
        waits=True,
    ),
    Operation(
        "POST",
        "/v1/explain",
        "Why something is, or would be, refused",
        Question,
        Explanation,
        explain,
        waits=True,
    ),
)
