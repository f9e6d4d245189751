from gatepost.core import words


def test_there_are_256_short_words_that_nobody_confuses() -> None:
    assert len(words.WORDS) == 256
    assert len({word[:4] for word in words.WORDS}) == 256
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 8 for word in words.WORDS)
    assert [
        (one, other)
        for one in words.WORDS
        for other in words.WORDS
        if len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1
    ] == []


def test_bytes_are_said_one_word_each() -> None:
    said = words.say(bytes([0, 255, 0]))
    assert said.split() == [words.WORDS[0], words.WORDS[255], words.WORDS[0]]
