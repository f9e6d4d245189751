"""When the absence of a mark proves that a run never began, and when it does not."""

from pathlib import Path

import pytest

from gatepost.adapters.house import House, name_of
from gatepost.core.message import Run

from .fakes import a_run


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path, "worker")
    house.make()
    return house


def opened(house: House, kind: str, boot: str, *unmarked: Run, lost: tuple[Run, ...] = ()) -> None:
    house.open(kind, boot, unmarked=unmarked, doubtful=lost)


def test_in_its_own_house_and_boot_no_mark_means_not_run(house: House) -> None:
    opened(house, "process", "b1")
    opened(house, "process", "b1", a_run())
    assert house.without_mark(a_run()) == "not_run"


def test_in_a_new_house_no_mark_means_nothing(house: House) -> None:
    opened(house, "process", "b1", a_run())
    assert house.without_mark(a_run()) == "none"


@pytest.mark.parametrize(("kind", "boot"), [("webhook", "b1"), ("process", "b2")])
def test_after_another_kind_or_another_boot_no_mark_means_nothing(
    house: House, kind: str, boot: str
) -> None:
    opened(house, "process", "b1")
    opened(house, kind, boot, a_run())
    assert house.without_mark(a_run()) == "none"


def test_a_machine_that_cannot_name_its_boot_never_proves_anything(house: House) -> None:
    opened(house, "process", "")
    opened(house, "process", "", a_run())
    assert house.without_mark(a_run()) == "none"


def test_doubt_survives_any_number_of_further_crashes(house: House) -> None:
    opened(house, "process", "b1", a_run())
    for _ in range(3):
        opened(house, "process", "b1", a_run())
        assert house.without_mark(a_run()) == "none"


def test_a_run_whose_marks_went_with_the_verdict_none_stays_in_doubt(house: House) -> None:
    opened(house, "process", "b1")
    opened(house, "process", "b1", lost=(a_run(),))
    opened(house, "process", "b1", a_run())
    assert house.without_mark(a_run()) == "none"


def test_doubt_goes_with_its_run(house: House) -> None:
    opened(house, "process", "b1", a_run())
    opened(house, "process", "b1")
    assert [path.name for path in house.path.iterdir()] == ["house"]


def test_the_directory_is_the_owners_alone(house: House) -> None:
    assert house.path.stat().st_mode & 0o777 == 0o700


def test_a_token_that_comes_again_for_another_message_has_other_files() -> None:
    assert name_of(a_run(1)) != name_of(Run(**{**_fields(a_run(2)), "run": "1.1"}))


def _fields(run: Run) -> dict[str, object]:
    return {name: getattr(run, name) for name in run.__struct_fields__}
