"""What headers the workers' files are served with: of the one that reads faces, and of the one that keeps lessons."""

from wsgiref.headers import Headers

WORKER = "/js/on_device_worker.js"
# A worker has the policy of its own file, not its page's: this one may compile WebAssembly, and fetch from here alone.
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"


# Without this header it would speak for the addresses under its own folder only.
SERVICE_WORKER = "/js/service_worker.js"


def add_worker_policy(headers: Headers, path: str, url: str) -> None:
    """For WhiteNoise, which answers before the middleware that gives pages theirs."""
    if url.endswith(WORKER):
        headers["Content-Security-Policy"] = POLICY
    if url.endswith(SERVICE_WORKER):
        headers["Service-Worker-Allowed"] = "/"
        headers["Cache-Control"] = "no-cache"
