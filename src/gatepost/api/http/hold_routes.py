"""The operator surface, holds: what waits for a person, and the person's answers.

None of it is on the agents' surface: what may speak as an agent can neither read nor answer this.
"""

from typing import Any

from gatepost.api.http.operations import Given, Operation
from gatepost.core.calls import Nothing, Undo
from gatepost.core.holding import Answered, ApprovalView, ApproveIn, HoldView, RefuseIn


async def holds(given: Given[Nothing]) -> list[HoldView]:
    """What waits for a person here."""
    return given.inside.operator.holds()


async def hold(given: Given[Nothing]) -> HoldView:
    """One message that waits, with its exact content."""
    return given.inside.operator.hold(given.path["id"])


async def approve(given: Given[ApproveIn]) -> Answered:
    """Say yes to what was shown."""
    return await given.inside.operator.approve(given.path["id"], given.body)


async def refuse(given: Given[RefuseIn]) -> Answered:
    """Say no."""
    return await given.inside.operator.refuse(given.path["id"], given.body.reason)


async def approvals(given: Given[Nothing]) -> list[ApprovalView]:
    """Approvals that stand for more than one message."""
    return given.inside.operator.approvals()


async def revoke_approval(given: Given[Nothing]) -> Undo:
    """Take such an approval back."""
    return Undo(await given.inside.operator.revoke_approval(given.path["id"]))


HOLDS: tuple[Operation[Any], ...] = (
    Operation("GET", "/v1/holds", "What waits for a person here", Nothing, list[HoldView], holds),
    Operation(
        "GET",
        "/v1/holds/{id}",
        "One of them with its exact content; the id may be shortened",
        Nothing,
        HoldView,
        hold,
    ),
    Operation(
        "POST",
        "/v1/holds/{id}/approve",
        "Say yes to exactly what was shown",
        ApproveIn,
        Answered,
        approve,
    ),
    Operation(
        "POST",
        "/v1/holds/{id}/refuse",
        "Say no; the sender reads the reason",
        RefuseIn,
        Answered,
        refuse,
    ),
    Operation(
        "GET",
        "/v1/approvals",
        "Approvals that stand for more than one message",
        Nothing,
        list[ApprovalView],
        approvals,
    ),
    Operation(
        "DELETE",
        "/v1/approvals/{id}",
        "Take an approval back; what it let go has gone",
        Nothing,
        Undo,
        revoke_approval,
    ),
)
