from django.core.management.base import BaseCommand

from lms.server import serve


class Command(BaseCommand):
    help = "Serve pages, sockets and (without REDIS_URL) the inference worker, all in this process."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **_) -> None:
        self.check()
        shown = f"[{host}]" if ":" in host else host
        serve(host, port, lambda: self._say(f"Attune is ready: http://{shown}:{port}/  (stop with Ctrl+C)"))
        self._say("Attune has stopped.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
