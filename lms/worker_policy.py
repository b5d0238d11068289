"""The content security policy of the worker that reads faces in the browser."""

from wsgiref.headers import Headers

WORKER = "/js/on_device_worker.js"
# A worker has the policy of its own file, not its page's: this one may compile WebAssembly, and fetch from here alone.
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"


def add_worker_policy(headers: Headers, path: str, url: str) -> None:
    """For WhiteNoise, which answers before the middleware that gives pages theirs."""
    if url.endswith(WORKER):
        headers["Content-Security-Policy"] = POLICY
