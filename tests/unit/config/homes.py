"""A home directory as `gatepost init` leaves it."""

from pathlib import Path

from gatepost.config.files import write
from gatepost.config.first import first_config
from gatepost.config.paths import Layout, create, layout
from gatepost.policy.defaults import GRANTS, POLICY
from gatepost.policy.law import Law
from gatepost.policy.rules import read_law


def new_home(at: Path, name: str = "home") -> Layout:
    places = layout(at / name)
    create(places)
    write(places.config, first_config(name, "127.0.0.1:7443"))
    write(places.policy, POLICY)
    write(places.grants, GRANTS)
    return places


def judge(documents) -> Law:
    return read_law(documents, ["home"])
