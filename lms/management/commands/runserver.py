from django.core.management.base import BaseCommand, CommandError
from django.utils import autoreload

from lms.server import serve


class Command(BaseCommand):
    help = "The wiring of `serve`, restarted when the code changes. For development."
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("addrport", nargs="?", default="127.0.0.1:8000", help="port, or host:port")
        parser.add_argument("--noreload", action="store_false", dest="use_reloader")

    def handle(self, *, addrport: str, use_reloader: bool, **_) -> None:
        host, _, port = addrport.rpartition(":")
        host = host.strip("[]") or "127.0.0.1"
        if not port.isdigit():
            raise CommandError(f"'{addrport}' is not a port or host:port, such as 8000 or 127.0.0.1:8000.")
        if use_reloader:
            # The parent only watches; the child that it restarts is the one with the server and the worker.
            autoreload.run_with_reloader(self._serve, host, int(port))
        else:
            self._serve(host, int(port))

    def _serve(self, host: str, port: int) -> None:
        self.check()
        serve(
            host,
            port,
            lambda: self.stdout.write(f"Attune is ready: http://{host}:{port}/  (stop with Ctrl+C)"),
        )
