"""The operating-system process of a child: started, watched, stopped.

It leads a session and process group of its own, so a stop reaches its children too, and a signal to
the node's terminal reaches none of them. It is started through `sh`, which writes its process id
into the locked file and then becomes the command: so there is no moment at which the command runs
without that mark. The lock is the inherited descriptor 9; it is free again when the last process
that has it ends. Its end is seen through a pidfd where there is one, else by looking ten times a
second. It works for processes of an earlier life of the node too (`adopt`); those cannot be waited
for, so their exit status stays unknown.
"""

import errno
import fcntl
import os
import shutil
import signal
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping, Sequence

from gatepost.adapters.process.files import Files
from gatepost.errors import GatepostError
from gatepost.ports import Clock, Timer

_LOCK_FD = 9
_LAUNCH = f'echo $$ >&{_LOCK_FD} && exec "$@"'
_LOOK = 0.1
_PASSED = ("HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE")
_PASSED_TOO = ("TERM", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV")
_FAMILIES = ("LC_", "XDG_")


def environment(of_node: Mapping[str, str], socket: str, token: str, agent: str) -> dict[str, str]:
    """What a child finds in its environment.

    A harmless part of the node's own, and how to reach the node as its agent.
    """
    names = (*_PASSED, *_PASSED_TOO)
    kept = {k: v for k, v in of_node.items() if k in names or k.startswith(_FAMILIES)}
    return kept | {"GATEPOST_SOCKET": socket, "GATEPOST_TOKEN": token, "GATEPOST_AGENT": agent}


def find(command: Sequence[str], path: str | None) -> GatepostError | None:
    """Why a command cannot be started, None when it is there."""
    if command and shutil.which(command[0], path=path):
        return None
    name = command[0] if command else ""
    return GatepostError(
        "adapter.no_command",
        what=f"there is no command `{name}`" if name else "the agent has no command",
        why="it is not on the node's PATH, or may not be executed",
    )


def lock(files: Files) -> int:
    """Make and lock the lock file of a new child; the descriptor keeps it."""
    fd = os.open(files.lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    if fd <= _LOCK_FD:  # the child's own descriptors must not land on it
        low, fd = fd, fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LOCK_FD + 1)
        os.close(low)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return fd


def launch(files: Files, lock_fd: int, command: Sequence[str], env: Mapping[str, str]) -> int:
    """Start a command with its pipe and files.

    The process id. Raises OSError when the machine cannot.
    """
    write = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    fds = [
        os.open(files.inlet, os.O_RDWR | os.O_CLOEXEC),
        os.open(files.out, write),
        os.open(files.err, write | os.O_CREAT, 0o600),
        lock_fd,
    ]
    try:
        return os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", _LAUNCH, "sh", *command],
            env,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, fd, to)
                for fd, to in zip(fds, (0, 1, 2, _LOCK_FD), strict=True)
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
        )
    finally:
        for fd in fds[:3]:
            os.close(fd)


class Program:
    """A running process group. `ended` is called once, with the exit status in words."""

    def __init__(
        self,
        files: Files,
        pid: int,
        own: bool,
        clock: Clock,
        loop: AbstractEventLoop,
        ended: Callable[[str], None],
    ) -> None:
        """Watch process `pid`; `own` when this life of the node started it."""
        self.pid = pid
        self.running = True
        self._files = files
        self._own = own
        self._clock = clock
        self._loop = loop
        self._ended = ended
        self._fd = -1
        self._timer: Timer | None = None
        self._kill: Timer | None = None
        self._watch()

    def stop(self, grace: float) -> None:
        """SIGTERM now, SIGKILL after `grace` seconds. Asking again changes nothing."""
        if self.running and self._kill is None:
            self._kill = self._clock.call_later(grace, self.kill)
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL now."""
        if self.running:
            self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Look at it no longer; it goes on by itself."""
        self.running = False
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
        for timer in (self._timer, self._kill):
            if timer is not None:
                timer.cancel()

    def _watch(self) -> None:
        try:
            self._fd = _pidfd(self.pid)
        except ProcessLookupError:
            self._clock.call_soon(self._gone)
            return
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._gone)
        else:
            self._timer = self._clock.call_later(_LOOK, self._look)

    def _look(self) -> None:
        if not self.running:
            return
        if self._own:
            over = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        else:
            over = not self._files.held()
        if over:
            self._gone()
        else:
            self._timer = self._clock.call_later(_LOOK, self._look)

    def _gone(self) -> None:
        if not self.running:
            return
        # Nothing of a run outlives it. Before it is waited for: then its number may be another's.
        if self._own or self._files.held():
            self._signal(signal.SIGKILL)
        status = self._wait()
        self.close()
        self._ended(status)

    def _wait(self) -> str:
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return "ended"  # started by an earlier life of the node
        return _words(status) if pid else "ended"

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # it has ended; macOS says "permission" of a group of zombies


def _pidfd(pid: int) -> int:
    """A descriptor that is readable when the process has ended; -1 where there is no such thing."""
    if sys.platform != "linux":
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EPERM, errno.EMFILE):
            return -1  # an old kernel, a sandbox, no descriptors left
        raise


def _words(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}"
    return f"ended by signal {-code} ({signal.strsignal(-code)})"
