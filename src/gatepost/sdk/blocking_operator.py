"""The operator's client without `await`: every call of `OperatorClient`, signature and all."""

from gatepost.sdk.operator import OperatorClient
from gatepost.sdk.waited import Waited, each, waited


class BlockingOperator(Waited[OperatorClient]):
    """The operator of one node; a context manager. See `OperatorClient` for what each call does."""

    status = waited(OperatorClient.status)
    health = waited(OperatorClient.health)
    add_agent = waited(OperatorClient.add_agent)
    remove_agent = waited(OperatorClient.remove_agent)
    agents = waited(OperatorClient.agents)
    remote_agents = waited(OperatorClient.remote_agents)
    invite = waited(OperatorClient.invite)
    paired = waited(OperatorClient.paired)
    accept = waited(OperatorClient.accept)
    peers = waited(OperatorClient.peers)
    ping = waited(OperatorClient.ping)
    block = waited(OperatorClient.block)
    unblock = waited(OperatorClient.unblock)
    trust = waited(OperatorClient.trust)
    remove_peer = waited(OperatorClient.remove_peer)
    set_endpoint = waited(OperatorClient.set_endpoint)
    rename_peer = waited(OperatorClient.rename_peer)
    grant = waited(OperatorClient.grant)
    revoke = waited(OperatorClient.revoke)
    rules = waited(OperatorClient.rules)
    can = waited(OperatorClient.can)
    who_can = waited(OperatorClient.who_can)
    tested = waited(OperatorClient.tested)
    drafted = waited(OperatorClient.drafted)
    difference = waited(OperatorClient.difference)
    explain = waited(OperatorClient.explain)
    messages = waited(OperatorClient.messages)
    message = waited(OperatorClient.message)
    cancel = waited(OperatorClient.cancel)
    prune = waited(OperatorClient.prune)
    config = waited(OperatorClient.config)
    set_config = waited(OperatorClient.set_config)
    undo_config = waited(OperatorClient.undo_config)
    create_token = waited(OperatorClient.create_token)
    tokens = waited(OperatorClient.tokens)
    revoke_token = waited(OperatorClient.revoke_token)
    pause = waited(OperatorClient.pause)
    resume = waited(OperatorClient.resume)
    events = each(OperatorClient.events)
