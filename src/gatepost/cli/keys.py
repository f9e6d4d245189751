"""Keys: who this node is, and how its next key takes over."""

from typing import Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.pages import keys as page
from gatepost.cli.times import now
from gatepost.core.views import KeysView

NO = 1
Kit = Annotated[
    str,
    typer.Argument(
        metavar="[KIT]",
        help="The recovery kit; left out or -, it is asked for and stays out of the shell history.",
        show_default=False,
    ),
]
NewTls = Annotated[
    bool,
    typer.Option(
        "--new-tls", help="A new TLS key too: peers that only dial this node must pair again."
    ),
]


def register(app: typer.Typer) -> None:
    """Add `keys` to the command line."""
    noun = group("keys", "Who this node is, and its next key.")
    command(noun, "show", "keys show")(show)
    command(noun, "rotate", "keys rotate")(rotate)
    command(noun, "recover", "keys recover", "keys recover --new-tls")(recover)
    app.add_typer(noun)


def show(call: Call) -> None:
    """The node's id, to compare by voice, and its keys. No private key is ever shown.

    Read from the node's files, so it works with the node down too.
    """
    from gatepost import compose

    found = compose.custody(call.directory()).show()
    call.screen.data(found, page.shown(found, now()))


def rotate(call: Call, kit: Kit = "", new_tls: NewTls = False) -> int:
    """Let the next key, which is in the recovery kit, take over, as planned. Shows the next kit.

    The node must not run. Its id stays, peers follow at their next contact, nothing waits in vain.
    """
    return _succeed(call, kit, lost=False, new_tls=new_tls)


def recover(call: Call, kit: Kit = "", new_tls: NewTls = False) -> int:
    """Take the node back after its keys were lost or stolen: the same as rotate, with less left.

    The signed record (keys/record, no secret) must be there. From the first contact on peers refuse
    whoever holds the old key. After a theft take --new-tls.
    """
    return _succeed(call, kit, lost=True, new_tls=new_tls)


def _succeed(call: Call, kit: str, *, lost: bool, new_tls: bool) -> int:
    from gatepost import compose

    custody = compose.custody(call.directory())
    before = custody.show()
    text = kit if kit not in ("", "-") else call.screen.prompt("recovery kit:")
    if not text:
        call.screen.say("nothing was changed")
        return NO
    fresh: list[str] = []

    def seen(new: str) -> bool:
        fresh.append(new)
        return _written_down(call, new)

    after = custody.succeed(text, seen, lost=lost, tls=new_tls)
    if after is None:
        call.screen.say("nothing was changed; the kit you have stays good, the new one is void")
        return NO
    _done(call, before, after, fresh[0])
    return 0


def _written_down(call: Call, kit: str) -> bool:
    """Whether somebody has the new kit. A program that reads it has it once it is out."""
    if call.screen.json or call.screen.piped:
        return True
    call.screen.say(*page.kit(kit))
    last = kit.rpartition("-")[2]
    return call.screen.prompt("Written down? Type its last group, then the keys change:") == last


def _done(call: Call, before: KeysView, after: KeysView, kit: str) -> None:
    data = {"keys": after, "kit": kit}
    reader = call.screen.piped
    call.screen.data(data, [kit] if reader else page.changed(before, after))
    call.hint("next", "gatepost start")
    if after.tls != before.tls:
        call.hint("note", "peers that only dial this node see another key there: pair them again")
