from gatepost.policy.turns import Turns


def test_each_message_a_run_adds_to_a_conversation_is_one_turn_more():
    turns = Turns()
    for turn in range(1, 5):
        assert turns.next(1, "c", 1) == turn
        turns.saw(1, "c", turn)
    assert turns.next(1, "other", 1) == 1
    assert turns.next(2, "c", 1) == 1


def test_a_chain_that_came_further_counts_further():
    turns = Turns()
    turns.saw(1, "c", 2)
    assert turns.next(1, "c", 7) == 7


def test_a_person_begins_anew():
    turns = Turns()
    turns.saw(1, "c", 9)
    turns.saw(1, "c", 0)
    assert turns.next(1, "c", 1) == 1
    assert len(turns) == 0


def test_of_too_many_conversations_the_oldest_are_forgotten():
    turns = Turns()
    for number in range(30_000):
        turns.saw(1, f"c{number}", 3)
    assert len(turns) <= 20_000
    assert turns.next(1, "c29999", 1) == 4
    assert turns.next(1, "c0", 1) == 1
