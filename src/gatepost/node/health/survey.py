"""Gathers the facts anybody can see who can read a home's files, with its node up or down."""

from collections.abc import Mapping

import msgspec

from gatepost.config.paths import Layout
from gatepost.config.shown import view
from gatepost.config.sources import load, policy_documents, read_document
from gatepost.core.configured import ConfigView
from gatepost.core.machine import AgentFacts, DatabaseFacts, Fault, KeysFacts
from gatepost.errors import GatepostError
from gatepost.node.guard import party
from gatepost.node.health.facts import Environment, Facts, Holds, LawFacts, law_facts
from gatepost.policy.directory import Directory
from gatepost.policy.rules import read_law
from gatepost.ports.machine import Machine


class Survey:
    """Looks at one home. `environ` is the environment of the command that asks."""

    def __init__(
        self, places: Layout, machine: Machine, environ: Mapping[str, str], version: str
    ) -> None:
        self._places = places
        self._machine = machine
        self._environ = environ
        self._version = version

    def look(self, now: int, deep: bool = True) -> Facts:
        """Everything at once. `deep` reads the whole database and times a few fsyncs."""
        home, process = self._machine.home(), self._machine.process()
        caller = Environment(
            {name: value for name, value in self._environ.items() if name.startswith("GATEPOST_")},
            self._version,
        )
        if not home.node_there:
            return Facts(
                now=now,
                home=home,
                process=process,
                elsewhere=self._machine.elsewhere(),
                caller=caller,
            )
        keys, database = self._machine.keys(), self._machine.database(deep)
        config, fault = self._config()
        listen = config.setting("listen") if config is not None else None
        agents = tuple(self._agent(one) for one in database.agents)
        read = database.fault is None
        return Facts(
            now=now,
            home=home,
            keys=keys,
            process=process,
            elsewhere=() if process.running else self._machine.elsewhere(),
            listener=self._machine.listener(str(listen.value))
            if listen is not None and listen.value
            else None,
            disk=self._machine.disk(deep),
            database=database,
            config=config,
            config_fault=fault,
            law=self._law(config, keys, database, now),
            peers=database.peers if read else None,
            agents=agents if read else None,
            holds=Holds(database.held, database.held_oldest) if read else None,
            caller=caller,
        )

    def _config(self) -> tuple[ConfigView | None, Fault | None]:
        try:
            document = read_document(self._places.config)
            return view(document, load(document, self._environ), {}), None
        except GatepostError as error:
            return None, _fault(error)

    def _law(
        self, config: ConfigView | None, keys: KeysFacts, database: DatabaseFacts, now: int
    ) -> LawFacts:
        name = config.setting("name") if config is not None else None
        named = str(name.value) if name is not None else ""
        parties = (party("", one.node, one.alias, one.owner) for one in database.peers)
        directory = Directory.of(
            keys.node, named, (one.spec.name for one in database.agents), parties
        )
        try:
            law = read_law(policy_documents(self._places), directory.own)
        except GatepostError as error:
            return LawFacts(None, _fault(error), directory)
        return law_facts(law, directory, now)

    def _agent(self, agent: AgentFacts) -> AgentFacts:
        return msgspec.structs.replace(agent, missing=self._machine.command(agent.spec))


def _fault(error: GatepostError) -> Fault:
    return Fault(error.code, error.what, error.why, error.where)
