"""The talking words: send, ask, delegate, reply. stdout gets the answer or the id, no more."""

from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer
from msgspec import structs

from gatepost.cli import options as opt
from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.content import parts, save
from gatepost.cli.pages import messages as page
from gatepost.cli.times import now, seconds
from gatepost.cli.waiting import EXIT, exit_code, stand
from gatepost.core.message import (
    Content,
    MessageView,
    Receipt,
    Submission,
    UpdateIn,
    UpdateKind,
    Verb,
)
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.ports import Mailbox

NO_ID = "00000000-0000-0000-0000-000000000000"
LONGEST = 30 * 24 * 3600 * 1000  # of the life of a message, in ms; a node takes no more
CALLED = {"send": "message", "ask": "question", "delegate": "task"}
Kind = Literal["answer", "progress", "needs_input", "done", "declined", "failed"]


def register(app: typer.Typer) -> None:
    """Add the talking words to the command line."""
    command(
        app,
        "send",
        'send specialist@lab "The index is rebuilt."',
        "send specialist@lab --attach night.log",
        "send specialist@lab - < note.txt",
        speaks=True,
    )(send)
    command(
        app,
        "ask",
        'ask specialist@lab "Why did the nightly job fail?" --wait 60s',
        'ask specialist@lab "What went wrong here?" --attach night.log',
        speaks=True,
    )(ask)
    command(
        app,
        "delegate",
        'delegate specialist@lab "Find the cause" --done-when "it is named" --attach night.log',
        'delegate specialist@lab "Rebuild the index" --wait 15m --save results',
        speaks=True,
    )(delegate)
    command(
        app,
        "reply",
        'reply 0199f3a2-7b1c "It ran out of disk at 02:14."',
        'reply 0199f3a2-7b1c "Which night do you mean?" --kind needs_input',
        'reply 0199f3a2-7b1c "Not my field." --kind declined',
        speaks=True,
    )(reply)


def send(
    call: Call,
    to: opt.To,
    text: opt.Words = None,
    attach: opt.Attach = None,
    conversation: opt.Conversation = "",
    re: opt.Re = "",
    expires: opt.Expires = "",
    key: opt.Key = "",
) -> int:
    """Give a message to an agent. Prints its id; no answer is awaited.

    Once it has an id it is on this node's disk. If the other node is away it goes when that node is
    back.
    """
    content = parts(text or (), attach or ())
    said = _message("send", to, content, conversation, re, expires, key)
    return _submit(call, said)


def ask(
    call: Call,
    to: opt.To,
    text: opt.Words = None,
    attach: opt.Attach = None,
    wait: opt.Wait = "60s",
    save: opt.Save = "",
    conversation: opt.Conversation = "",
    re: opt.Re = "",
    expires: opt.Expires = "",
    key: opt.Key = "",
) -> int:
    """Ask an agent and wait for the answer, which is all that stdout gets.

    When the wait ends first, it says how the question stands and exits with 9; the question goes
    on, see `gatepost check`.
    """
    content = parts(text or (), attach or ())
    said = _message("ask", to, content, conversation, re, expires, key)
    return _wait_for(call, said, seconds(wait, "--wait"), save)


def delegate(
    call: Call,
    to: opt.To,
    text: opt.Words = None,
    attach: opt.Attach = None,
    done_when: Annotated[
        str,
        typer.Option(
            "--done-when", metavar="TEXT", help="When the task is done.", show_default=False
        ),
    ] = "",
    wait: opt.Wait = "",
    save: opt.Save = "",
    conversation: opt.Conversation = "",
    re: opt.Re = "",
    expires: opt.Expires = "",
    key: opt.Key = "",
) -> int:
    """Hand work to an agent. Prints the task's id, or with --wait its result.

    Progress and the result are kept: `gatepost check ID` and `gatepost messages show ID`.
    """
    content = parts(text or (), attach or ())
    said = _message("delegate", to, content, conversation, re, expires, key, done_when)
    if not wait:
        return _submit(call, said)
    return _wait_for(call, said, seconds(wait, "--wait"), save)


def reply(
    call: Call,
    message: opt.MessageId,
    text: opt.Words = None,
    attach: opt.Attach = None,
    kind: Annotated[
        Kind,
        typer.Option("--kind", metavar="KIND", help="What this reply means to the other side."),
    ] = "answer",
) -> int:
    """Answer a message, question or task this agent has, or the other agent that needs input.

    `answer`, `done`, `declined` and `failed` end it; `progress` and `needs_input` do not. A reply
    cannot be taken back.
    """
    said = parts(text or (), attach or ())
    update = UpdateIn(id=message, kind=cast(UpdateKind, kind), parts=said)
    if kind in ("declined", "failed"):
        update = UpdateIn(id=message, kind=kind, reason=page.spoken(said))
    call.goes_on = (
        f"stopped while replying: {call.typed('messages show ' + message)} shows whether it is in"
    )
    update = call.as_agent(lambda mailbox: _replied(mailbox, update))
    call.screen.data(update, [f"replied  {update.id}  {kind}"])
    return 0


async def _replied(mailbox: "Mailbox", update: UpdateIn) -> UpdateIn:
    """Say it about the message whose id begins like that."""
    if len(update.id) < len(NO_ID):
        update = structs.replace(update, id=(await mailbox.check(update.id)).id)
    await mailbox.update(update)
    return update


def show(call: Call, view: MessageView, directory: str = "", *, answer_only: bool = True) -> int:
    """A message at the end of a wait: its answer on stdout, or how it stands and what next."""
    ended_well = view.state in ("done", "delivered")
    said = page.spoken(view.parts)
    if ended_well and said:
        call.screen.body(view, said)
    elif call.screen.json or not answer_only:
        call.screen.data(view, page.standing(view, now()))
    else:
        call.screen.say(*page.standing(view, now()))
    if not ended_well and said and not call.screen.json:
        call.screen.say(*page.content(view.parts))
    _files(call, view, directory)
    if not ended_well:
        call.hint("next", _next(view))
    return exit_code(view.state)


def _next(view: MessageView) -> str:
    if view.state == "needs_input":
        return f"gatepost reply {view.id} TEXT"
    if view.state in ("rejected", "held"):
        return f"gatepost explain {view.id}"
    if view.state in EXIT:
        return f"gatepost messages show {view.id}"
    return f"gatepost check {view.id} --wait 5m"


def _files(call: Call, view: MessageView, directory: str) -> None:
    if directory:
        call.screen.say(
            *(page.labelled("saved", str(path)) for path in save(view.parts, directory))
        )
    elif lines := page.attachments(view.parts):
        call.screen.say(*lines, page.labelled("keep", call.typed(f"check {view.id} --save DIR")))


def _message(
    verb: Verb,
    to: str,
    content: tuple[Content, ...],
    conversation: str,
    re: str,
    expires: str,
    key: str,
    done_when: str = "",
) -> Submission:
    """What the options of the talking words make."""
    return Submission(
        verb=verb,
        to=to,
        parts=content,
        conversation=conversation,
        re=re,
        done_when=done_when,
        expires_in=_expiry(expires),
        request_key=key,
    )


def _submit(call: Call, said: Submission) -> int:
    receipt = call.as_agent(lambda mailbox: _accepted(call, mailbox, said))
    call.screen.data(receipt, [receipt.id])
    call.screen.say(_receipt_line(receipt, said.verb))
    call.hint("look", f"gatepost check {receipt.id}")
    call.hint("undo", f"gatepost cancel {receipt.id}")
    return EXIT.get(receipt.state, 0)


def _wait_for(call: Call, said: Submission, wait: float, directory: str) -> int:
    async def work(mailbox: "Mailbox") -> MessageView:
        receipt = await _accepted(call, mailbox, said)
        call.screen.say(_receipt_line(receipt, said.verb))
        return await stand(mailbox, receipt.id, wait, call.screen)

    return show(call, call.as_agent(work), directory)


async def _accepted(call: Call, mailbox: "Mailbox", said: Submission) -> Receipt:
    call.goes_on = (
        f"stopped while sending: {call.typed('messages list')} shows whether it was accepted"
    )
    receipt = await mailbox.submit(said)
    call.goes_on = (
        f"the {CALLED[said.verb]} goes on without you: {call.typed('check ' + receipt.id)}"
    )
    return receipt


def _receipt_line(receipt: Receipt, verb: Verb) -> str:
    known = ", the same as before (its request key was used)" if receipt.attached else ""
    return f"{receipt.state}  {CALLED[verb]} {receipt.id}{known}" + (
        f"  {receipt.why}" if receipt.why else ""
    )


def _expiry(text: str) -> int:
    ms = round(seconds(text, "--expires") * 1000) if text else 0
    if ms > LONGEST:
        why = "a message waits 30 days at most"
        raise GatepostError("usage.invalid", what=f"--expires {text} is too long", why=why)
    return ms
