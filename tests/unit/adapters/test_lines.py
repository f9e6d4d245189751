"""What a command may print, and what becomes of it."""

import msgspec
import pytest

from gatepost.adapters.process import lines
from gatepost.core.message import Data, File, Text


def test_text_is_a_part_before_the_others() -> None:
    said = lines.read(b'{"type":"done","text":"here","parts":[{"type":"json","data":{"a":1}}]}')
    update = lines.update(said, "m")
    assert (update.id, update.kind) == ("m", "done")
    assert update.parts == (Text("here"), Data(msgspec.Raw(b'{"a":1}')))


def test_a_file_is_base64_with_name_and_media_type() -> None:
    said = lines.read(
        b'{"type":"artifact","parts":[{"type":"file","data":"AAE=","name":"a.bin","media":"x/y"}]}'
    )
    assert said.parts == (File(b"\0\1", "a.bin", "x/y"),)


def test_a_reason_that_is_a_code_stays_one() -> None:
    update = lines.update(lines.read(b'{"type":"failed","reason":"disk.full","text":"no"}'), "m")
    assert (update.reason, update.parts) == ("disk.full", (Text("no"),))


@pytest.mark.parametrize("reason", ["the disk is full", "Disk", "x" * 65, "größe"])
def test_a_reason_in_words_becomes_text(reason: str) -> None:
    line = msgspec.json.encode({"type": "failed", "reason": reason, "text": "more"})
    update = lines.update(lines.read(line), "m")
    assert (update.reason, update.parts) == ("", (Text(reason), Text("more")))


def test_fields_nobody_knows_are_ignored() -> None:
    assert lines.read(b'{"type":"progress","text":"x","percent":7}').text == "x"


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"",
        b"[]",
        b'"done"',
        b'{"text":"no type"}',
        b'{"type":"answer"}',
        b'{"type":"message"}',
        b'{"type":"done","text":null}',
        b'{"type":"done","parts":{}}',
        b'{"type":"done","parts":[{"type":"link"}]}',
        b'{"type":"done","parts":[{"type":"file","data":"not base64"}]}',
        b'{"type":"done"} {"type":"done"}',
        b'{"type":"done","text":"\xff\xfe"}',
        b"\x00\x01\x02",
        b'{"type":"done"',
    ],
)
def test_what_is_not_the_protocol_is_refused_with_its_first_characters(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a line of the protocol") as refused:
        lines.read(line)
    assert line.decode("utf-8", "replace") in str(refused.value)


def test_of_a_long_bad_line_only_the_beginning_is_quoted() -> None:
    with pytest.raises(ValueError, match="protocol") as refused:
        lines.read("ä".encode() * 100_000)
    assert str(refused.value).count("ä") == lines.SHOWN


def test_tokens_that_a_run_used_are_told_with_any_line() -> None:
    assert lines.update(lines.read(b'{"type":"progress","tokens":1200}'), "m").tokens == 1200
    for wrong in (b"-1", b'"many"', b"1.5", b"100000000000000"):
        with pytest.raises(ValueError, match="not a line of the protocol"):
            lines.read(b'{"type":"done","tokens":' + wrong + b"}")
