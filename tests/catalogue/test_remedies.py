"""What an operator does about one message, on real nodes."""

import base64
import json

import pytest

from gatepost.core.evidence import flaw
from gatepost.core.identity import verify_record
from tests.catalogue.place import Place

pytestmark = pytest.mark.process


def asked_and_answered(place: Place, bob: str) -> str:
    """A question of main that bob answered; its id."""
    place.quietly(f"ask {bob}@lab hello --wait 0s", expect=9)
    listed = json.loads(place.quietly("messages list --limit 1 --json"))
    place.quietly(f"inbox --as {bob}", place.lab)
    place.quietly(f"reply {listed[0]['id'][:23]} fine --as {bob}", place.lab)
    assert place.quietly(f"check {listed[0]['id']} --wait 20s") == "fine"
    return str(listed[0]["id"])


def test_what_a_peer_signed_about_a_message_holds_and_any_changed_byte_shows(
    somewhere: Place,
) -> None:
    bob = somewhere.poller()
    message = asked_and_answered(somewhere, bob)
    found = json.loads(somewhere.quietly(f"messages evidence {message} --json"))
    assert [proof["shows"] for proof in found["proofs"]] == ["received", "done"]
    record = verify_record(base64.b64decode(found["record"]))
    home = json.loads(somewhere.quietly("keys show --json"))["node"]
    for proof in found["proofs"]:
        signed, item = (base64.b64decode(proof[name]) for name in ("signed", "item"))
        by, public = found["node"], record.key_bytes
        assert flaw(signed, item, by=by, to=home, public=public) == ""
        assert flaw(signed, item, by=home, to=by, public=public)
        assert flaw(signed, item, by=by, to=home, public=b"\1" * 32)
        assert flaw(signed, item[:-1] + bytes([item[-1] ^ 1]), by=by, to=home, public=public)
        for at in range(12, len(signed), 7):
            bent = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
            assert flaw(bent, item, by=by, to=home, public=public), at
        assert flaw(signed[:20], item, by=by, to=home, public=public) == "it is no frame"


def test_a_message_that_ended_is_not_retried_but_sent_anew_under_a_new_id(
    somewhere: Place,
) -> None:
    bob = somewhere.poller()
    message = asked_and_answered(somewhere, bob)
    refused = somewhere.type(f"messages retry {message}")
    assert refused.code == 2 and "messages replay" in refused.err
    again = somewhere.quietly(f"messages replay {message} --reason 'say it again'")
    assert again != message
    somewhere.quietly(f"messages replay {again} --reason no", expect=2)
    (run,) = json.loads(somewhere.quietly(f"inbox --as {bob} --json --wait 20s", somewhere.lab))
    assert (run["id"], run["re"], run["parts"][0]["text"]) == (again, message, "hello")
    somewhere.quietly(f"reply {again} again --as {bob}", somewhere.lab)
    assert somewhere.quietly(f"check {again} --wait 20s") == "again"
    log = json.loads("[" + somewhere.quietly("log --json").replace("\n", ",") + "]")
    assert ("message.replayed", "say it again") in [
        (one["kind"], one["text"]) for one in log if "text" in one
    ]


def test_a_message_dropped_where_it_waits_ends_failed_and_its_sender_is_told(
    somewhere: Place,
) -> None:
    bob = somewhere.poller()
    message = somewhere.quietly(f"send {bob}@lab hello")
    somewhere.quietly(f"messages drop {message} --reason unwanted", somewhere.lab)
    told = somewhere.type(f"check {message} --wait 20s")
    assert told.code == 10 and "(message.dropped)" in told.out
    assert somewhere.quietly(f"inbox --as {bob}", somewhere.lab) == "nothing waits"
    somewhere.quietly(f"messages drop {message} --reason again", somewhere.lab, expect=2)


def test_without_a_reason_nothing_is_sent_and_nothing_dropped(somewhere: Place) -> None:
    message = somewhere.quietly("delegate other hello")
    assert somewhere.type(f"messages drop {message}", stdin="\n").code == 1
    assert somewhere.quietly(f"check {message}", expect=9)
    somewhere.quietly(f"messages drop {message} --reason enough")
    assert somewhere.type(f"messages replay {message}", stdin="").code == 1


def test_a_retry_dials_at_once_and_says_why_a_peer_is_away(somewhere: Place) -> None:
    somewhere.quietly("peers endpoint lab 127.0.0.1:1")
    message = somewhere.quietly("send bob@lab hello")
    assert "connection refused" in somewhere.quietly(f"messages retry {message}")
    somewhere.quietly("peers endpoint lab ''")
    somewhere.quietly(f"messages retry {message}")
    somewhere.quietly(f"messages drop {message} --reason tidy", somewhere.lab)
    assert somewhere.type(f"check {message} --wait 20s").code == 10
