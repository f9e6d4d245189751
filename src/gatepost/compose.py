"""Puts a node together: the parts list, and nothing else that thinks.

`initialise` makes a home directory, `start` runs the node of one in the foreground. When a commit
fails (disk full, I/O error), or a step of the node breaks off in the middle (a mistake of ours),
what is in the batch is dropped and the core is thrown away and made again from what is durable,
while the API says why; nothing that was answered is lost. A peer whose words provoke that again and
again is stopped. A core that breaks before it is up ends the process.
"""

import asyncio
import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

from gatepost import __version__
from gatepost.adapters.registry import missing
from gatepost.adapters.roster import AgentRoster
from gatepost.adapters.site import Limits, Site
from gatepost.api.http.connection import Connection
from gatepost.api.http.door import Surface
from gatepost.api.http.listener import Api
from gatepost.config.announced import announced
from gatepost.config.files import write
from gatepost.config.first import first_config
from gatepost.config.paths import Layout, check, create, layout, make_sockets
from gatepost.config.schema import Settings as Configured
from gatepost.config.sources import environment
from gatepost.core.address import check_name, is_node_id
from gatepost.core.events import loud
from gatepost.core.identity import is_endpoint
from gatepost.core.origin import Document
from gatepost.core.views import Event, Made, NodeStatus
from gatepost.errors import GatepostError
from gatepost.host import keys as host_keys
from gatepost.host.alarm import Alarm, say
from gatepost.host.clock import LoopClock, wall
from gatepost.host.custody import Custody
from gatepost.host.entropy import SystemEntropy
from gatepost.host.files import FileWatch, boot_id, free
from gatepost.host.inotify import Inotify, file_watch
from gatepost.host.machine import HostMachine
from gatepost.node.atrest import Resting, read
from gatepost.node.configbook import ConfigBook
from gatepost.node.health.watch import Health
from gatepost.node.inside import Broken, Inside
from gatepost.node.lawbook import LawFiles
from gatepost.node.lookout import Lookout
from gatepost.node.node import Node
from gatepost.node.operator import Operator
from gatepost.node.settings import Settings
from gatepost.policy.defaults import GRANTS, POLICY
from gatepost.store.database import Lock, failure, open_database, open_reader
from gatepost.store.store import Store
from gatepost.store.survey import survey
from gatepost.store.writer import ThreadCommitter
from gatepost.transports.link import LinkTransport

PRIVATE = 0o077
"""The umask: nobody but this user reads what a node writes."""
RETRY = 1.0
DRAIN = 5.0
PROVOKED = 3
"""How many mistakes a peer may bring about before it is stopped."""
Ready = Callable[[NodeStatus], None]
News = Callable[[Event | GatepostError], None]
"""Prints what a running node has to say where it was started."""


def initialise(home: Path, name: str, listen: str = "", advertise: str = "") -> Made:
    """Make a node in `home`. Raises `home.exists`, `home.unwritable`, `address.invalid`."""
    check_name(name, "name")
    if is_node_id(name):
        raise GatepostError("usage.invalid", what=f"`{name}` is read as a node id", command="init")
    os.umask(PRIVATE)
    for endpoint in (listen, advertise):
        if endpoint and not is_endpoint(endpoint):
            raise GatepostError("usage.invalid", what=f"`{endpoint}` is not HOST:PORT")
    places = layout(home, anew=True)
    if places.config.exists():
        raise GatepostError("home.exists", what=f"a node lives in {places.home}", where=str(home))
    create(places)
    entropy = SystemEntropy()
    now = wall()
    keys, kit = host_keys.create(
        places.keys, endpoints=announced(listen, advertise), now=now, random=entropy.bytes
    )
    write(places.policy, POLICY)
    write(places.grants, GRANTS)
    open_database(places.database).close()
    write(places.config, first_config(name, listen, advertise))
    return Made(name=name, node=keys.node, home=str(places.home), listen=listen, kit=kit)


def custody(home: Path) -> Custody:
    """The keys of the node of `home`: to be shown, or to be succeeded while it does not run."""
    places = layout(home)
    check(places)
    hold = partial(Lock, places.run / "node.lock")
    return Custody(places.keys, hold, SystemEntropy().bytes, wall)


def start(home: Path, ready: Ready, news: News, flags: Mapping[str, str]) -> None:
    """Run the node of `home` until SIGINT or SIGTERM; `ready` once it answers.

    `flags` are settings by dotted key, stronger than file and environment.
    """
    sys.setswitchinterval(0.0005)  # the commit thread waits for the loop, never the other way round
    gc.set_threshold(50_000, 50, 50)  # a batch makes many objects and no cycles
    os.umask(PRIVATE)
    places = layout(home, anew=True)
    check(places)
    make_sockets(places)
    asyncio.run(_run(places, ready, news, flags))


def at_rest(places: Layout, policy: Sequence[Document] | None = None) -> Resting:
    """A node as its files describe it; `policy` are other texts of its law. `policy.invalid`."""
    return Resting(read(places, environment(), machine(places), wall(), policy))


def machine(places: Layout) -> HostMachine:
    """The machine around a home, to be looked at."""
    own = environment()
    return HostMachine(places, own, survey, lambda spec: missing(spec, own.get("PATH")))


@dataclass
class _Frame:
    """What outlives a core: configuration, keys, loop, and the wish to stop.

    `told` is the trouble that was printed last, "" since a core is up. `provoked` counts by peer
    the mistakes its words brought about; `up` says the core has started.
    """

    places: Layout
    config: ConfigBook
    keys: host_keys.HostKeys
    clock: LoopClock
    entropy: SystemEntropy
    alarm: Alarm
    news: News
    limits: Limits = field(default_factory=Limits)
    told: str = ""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    provoked: Counter[str] = field(default_factory=Counter[str])
    up: bool = False

    @property
    def configured(self) -> Configured:
        """The settings in force."""
        return self.config.settings


async def _run(places: Layout, ready: Ready, news: News, flags: Mapping[str, str]) -> None:
    lock = Lock(places.run / "node.lock")
    config = ConfigBook(places, environment(), flags)
    configured = config.settings
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    keys = host_keys.load_existing(places.keys)
    keys.announce(announced(configured.listen, configured.advertise), clock.now())
    alarm = Alarm(loop, harmless=Connection)
    frame = _Frame(places, config, keys, clock, SystemEntropy(), alarm, news)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, frame.stop.set)
    try:
        while not frame.stop.is_set():
            try:
                await _core(frame, ready)
            except (GatepostError, ExceptionGroup) as raised:
                await _broken(frame, _recoverable(frame, _only(raised)))
            ready = _silent if frame.up else ready
    finally:
        lock.release()


async def _core(frame: _Frame, ready: Ready) -> None:
    """One life of the node, to its end or its failure."""
    places, configured, clock = frame.places, frame.configured, frame.clock
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[Exception] = loop.create_future()
    frame.up = False
    store = Store(
        open_database(places.database, create=False),
        open_reader(places.database),
        clock,
        ThreadCommitter(loop.call_soon_threadsafe),
        lambda error: None if failed.done() else failed.set_result(error),
    )
    node, law = _node(frame, store)
    health = Health(node, law, frame.config, machine(places), clock)
    async with asyncio.TaskGroup() as tasks:
        transport = LinkTransport(
            keys=frame.keys,
            owner=node.peers,
            entropy=frame.entropy,
            clock=clock,
            tasks=tasks,
            certificate=frame.keys.tls_certificate,
            key=frame.keys.tls_key,
        )
        watch = file_watch(loop)
        lookout = Lookout(node, law, frame.config, places, clock, partial(free, places.home))
        lookout.start()
        inside = Inside(node)
        inside.config, inside.health = frame.config, health
        roster = AgentRoster(_site(frame, watch, tasks), places.tokens, node.desk, node.tokens)
        inside.operator = Operator(
            node, law, roster, lambda: (*frame.config.alerts(), *health.needs_you())
        )
        api = Api(inside, operator_token=configured.operator.auth == "token")
        try:
            await _open(frame, node, law, transport, api, roster, failed)
            if not failed.done():
                _up(frame, node, health, ready)
            await _until(frame.stop, failed)
        except asyncio.CancelledError:
            store.fail(RuntimeError("a task of the node broke off"))
            raise
        finally:
            lookout.stop()
            health.stop()
            await _close(node, store, transport, api, roster, failed)
            watch.close()
    if failed.done():
        raise _failure(frame, node, failed.result())


def _node(frame: _Frame, store: Store) -> tuple[Node, LawFiles]:
    """A node over a store, tied to the files of its law and its settings, and to the alarm."""
    config, frame.alarm.told = frame.config, store.fail
    law = LawFiles(frame.places, frame.clock, (config.settings.name, frame.keys.node))
    node = Node(store, frame.clock, frame.entropy, frame.keys, _settings(frame), law.law)
    law.changed = node.law_changed
    law.refused = lambda fault: node.events.emit("policy.refused", text=fault.what)
    law.directory = node.overview.directory
    config.changed = partial(_tune, frame, node)
    config.peers = lambda: node.declaring.take(config.declared)
    config.event = lambda kind, text: node.events.emit(kind, text=text)
    _tune(frame, node, config.settings)
    return node, law


def _up(frame: _Frame, node: Node, health: Health, ready: Ready) -> None:
    gc.freeze()
    if frame.told:
        node.events.emit("node.recovered", text=frame.told)
    frame.up, frame.told = True, ""
    ready(node.overview.status())
    health.start()


def _site(frame: _Frame, watch: Inotify | FileWatch, tasks: asyncio.TaskGroup) -> Site:
    places = frame.places
    return Site(
        runs=places.run / "agents",
        boot=boot_id(),
        clock=frame.clock,
        watch=watch,
        tasks=tasks,
        environment=environment(),
        socket=str(places.agent_socket),
        token_of=lambda agent: (places.tokens / agent).read_text().strip(),
        limits=frame.limits,
    )


async def _open(
    frame: _Frame,
    node: Node,
    law: LawFiles,
    transport: LinkTransport,
    api: Api,
    roster: AgentRoster,
    failed: asyncio.Future[Exception],
) -> None:
    started = asyncio.Event()
    if frame.configured.listen:
        host, _, port = frame.configured.listen.rpartition(":")
        await transport.listen(host.strip("[]"), int(port))
    node.start(transport, started.set)
    node.declaring.take(frame.config.declared)
    law.begin()
    for peer, times in frame.provoked.items():
        if times >= PROVOKED:
            node.distrust(peer, "bug")
    await _until(started, failed)
    if failed.done():
        return
    # Adapters claim their agents before any client can.
    for agent in list(node.agents.values()):
        await roster.start(agent.spec)
    await api.listen_unix(Surface.agent, frame.places.agent_socket)
    await api.listen_unix(Surface.operator, frame.places.operator_socket)
    for surface, listen in (
        (Surface.agent, frame.configured.agent.listen),
        (Surface.operator, frame.configured.operator.listen),
    ):
        if listen:
            host, _, port = listen.rpartition(":")
            await api.listen_tcp(surface, host.strip("[]"), int(port))


async def _close(
    node: Node,
    store: Store,
    transport: LinkTransport,
    api: Api,
    roster: AgentRoster,
    failed: asyncio.Future[Exception],
) -> None:
    await api.stop()
    await roster.close(0.0 if failed.done() else DRAIN)
    node.close()
    await transport.close()
    while not store.idle and not failed.done():
        durable = asyncio.Event()  # the commits under way, and what they cause
        store.then(durable.set)
        await _until(durable, failed)
    store.close()


async def _until(event: asyncio.Event, failed: asyncio.Future[Exception]) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(event.wait())
        await asyncio.wait([waiting, failed], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


async def _broken(frame: _Frame, error: GatepostError) -> None:
    """Say why for a moment, then try again."""
    gc.unfreeze()  # the core that failed
    if frame.told != error.code:
        frame.told = error.code
        frame.news(error)
    api = Api(Broken(error, frame.config), operator_token=frame.configured.operator.auth == "token")
    await api.listen_unix(Surface.agent, frame.places.agent_socket)
    await api.listen_unix(Surface.operator, frame.places.operator_socket)
    try:
        await asyncio.wait_for(frame.stop.wait(), RETRY)
    except TimeoutError:
        return
    finally:
        await api.stop()


def _failure(frame: _Frame, node: Node, error: Exception) -> Exception:
    """Why the store of a core closed, as `_run` takes it."""
    frame.provoked[node.peers.provoker] += 1
    found = failure(error, str(frame.places.database))
    if isinstance(found, GatepostError) or not frame.up:
        return found
    return GatepostError("node.recovering", why=type(found).__name__)


def _recoverable(frame: _Frame, error: Exception) -> GatepostError:
    """What the API says while the core is made again. Raises what no new core would mend."""
    if isinstance(error, GatepostError):
        if error.entry.retryable:
            return error
    elif frame.up:
        say(error)
        return GatepostError("node.recovering", why=type(error).__name__)
    raise error from None


def _only(error: Exception) -> Exception:
    """The one error in a group of one: a task group wraps what it passes on."""
    inner = cast("tuple[Exception, ...]", getattr(error, "exceptions", ()))
    return _only(inner[0]) if len(inner) == 1 else error


def _settings(frame: _Frame) -> Settings:
    configured = frame.configured
    return Settings(
        name=configured.name,
        version=__version__,
        home=str(frame.places.home),
        listen=configured.listen,
        pid=os.getpid(),
    )


def _tune(frame: _Frame, node: Node, configured: Configured) -> None:
    """Take up what applies to a running node, at its start and whenever it changes."""
    node.settings.tune(configured)
    frame.limits.tune(configured)
    node.events.say(loud(configured.log.level), frame.news)
    frame.keys.announce(announced(configured.listen, configured.advertise), frame.clock.now())


def _silent(status: NodeStatus) -> None:
    """Ready again after a failure: said by the log, not by the first screen."""
