"""Arguments and options that several commands share, so that a word means the same everywhere."""

from typing import Annotated

import typer

from gatepost.cli import completing

To = Annotated[
    str,
    typer.Argument(
        metavar="TO", help="agent@peer, or the name of a local agent.", show_default=False
    ),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TEXT]...", help="What to say; - reads stdin.", show_default=False),
]
Attach = Annotated[
    list[str] | None,
    typer.Option("--attach", metavar="FILE", help="Send a file along; repeatable."),
]
Wait = Annotated[
    str, typer.Option("--wait", metavar="TIME", help="How long to wait: 60s, 15m, 2h.")
]
Save = Annotated[
    str,
    typer.Option(
        "--save", metavar="DIR", help="Keep the files that came back in DIR.", show_default=False
    ),
]
Conversation = Annotated[
    str,
    typer.Option(
        "--conversation", metavar="ID", help="The conversation it belongs to.", show_default=False
    ),
]
Re = Annotated[
    str, typer.Option("--re", metavar="ID", help="The message it refers to.", show_default=False)
]
Expires = Annotated[
    str,
    typer.Option("--expires", metavar="TIME", help="Give up after: 15m, 72h.", show_default=False),
]
Key = Annotated[
    str,
    typer.Option(
        "--request-key",
        metavar="KEY",
        help="Repeating the call with this key sends nothing twice.",
        show_default=False,
    ),
]
MessageId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A message id; its beginning is enough when unique.",
        show_default=False,
        autocompletion=completing.messages,
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most this many.")]
Alias = Annotated[
    str,
    typer.Argument(
        metavar="PEER",
        help="The peer's alias.",
        show_default=False,
        autocompletion=completing.peers,
    ),
]
Reuse = Annotated[
    bool,
    typer.Option("--reuse", help="Take the name although it meant another node until lately."),
]
