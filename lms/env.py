"""Reading settings from the environment. A bad value stops the start with a sentence naming the variable."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


@dataclass(frozen=True)
class Reading:
    """What a variable may be, in words, and what holds without it."""

    allowed: str
    default: object = None


READ: dict[str, Reading] = {}  # each variable that was asked for: docs/reference/settings.md is made of it


def read_bool(name: str, default: bool = False) -> bool:
    READ.setdefault(name, Reading("true or false", default))
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; allowed are true and false (or 1 and 0).")


def read_text(name: str, default: str) -> str:
    READ.setdefault(name, Reading("text", default))
    return os.environ.get(name, "").strip() or default


def read_secret(name: str, *, shortest: int) -> str:
    READ.setdefault(name, Reading(f"text, {shortest} characters or more"))
    value = os.environ.get(name, "").strip()
    if value and len(value) < shortest:
        raise ImproperlyConfigured(f"{name} has {len(value)} characters; it needs {shortest} or more.")
    return value


def read_reason(name: str, *, shortest: int, longest: int) -> str:
    """A sentence that says why, or nothing."""
    READ.setdefault(name, Reading(f"a sentence of {shortest} to {longest} characters"))
    value = os.environ.get(name, "").strip()
    if value and not shortest <= len(value) <= longest:
        raise ImproperlyConfigured(
            f"{name} has {len(value)} characters; it is a reason in words, of {shortest} to {longest}."
        )
    return value


def read_int(name: str, default: int, *, lowest: int) -> int:
    READ.setdefault(name, Reading(f"a whole number from {lowest} up", default))
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < lowest:
        raise ImproperlyConfigured(f"{name} is {value!r}; allowed is a whole number from {lowest} up.")
    return int(value)


def read_choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    READ.setdefault(name, Reading(", ".join(allowed), default))
    value = os.environ.get(name, default).strip().lower()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")
    return value


def read_list(name: str, default: list[str]) -> list[str]:
    READ.setdefault(name, Reading("a comma-separated list", default))
    value = os.environ.get(name)
    if value is None:
        return default
    items = [item.strip() for item in value.split(",") if item.strip()]
    if not items:
        raise ImproperlyConfigured(f"{name} is empty; give a comma-separated list or leave it unset.")
    return items


def read_url(name: str, schemes: tuple[str, ...]) -> str | None:
    READ.setdefault(name, Reading(" or ".join(f"{scheme}://..." for scheme in schemes)))
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        # The value itself may hold a password, so only its scheme is told.
        raise ImproperlyConfigured(
            f"{name} has the scheme {parts.scheme!r}; "
            f"it must look like {schemes[0]}://host:port (allowed schemes: {', '.join(schemes)})."
        )
    try:
        parts.port  # noqa: B018  (reading the port is what validates it)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} has a port that is not a number between 0 and 65535.") from error
    return value


def read_url_with_key(prefix: str) -> tuple[str, str, str]:
    """Address, key and secret from <prefix>_URL, _KEY and _SECRET, or all from an address that holds them."""
    url = read_url(f"{prefix}_URL", ("https", "http"))
    READ[f"{prefix}_KEY"] = READ[f"{prefix}_SECRET"] = Reading("text")
    if url is None:
        return "", "", ""
    parts = urlsplit(url)
    key = read_text(f"{prefix}_KEY", unquote(parts.username or ""))
    secret = read_text(f"{prefix}_SECRET", unquote(parts.password or ""))
    if not key or not secret:
        raise ImproperlyConfigured(f"{prefix}_URL is set; {prefix}_KEY and {prefix}_SECRET have to be, too.")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), key, secret


def read_postgres(name: str = "DATABASE_URL") -> dict | None:
    """The DATABASES entry for ``postgres://user:password@host:port/name?option=value``, or None if unset."""
    url = read_url(name, ("postgres", "postgresql"))
    if url is None:
        return None
    parts = urlsplit(url)
    database = unquote(parts.path.lstrip("/"))
    if not database:
        raise ImproperlyConfigured(f"{name} names no database; it must end in /name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": str(parts.port or 5432),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def make_data_dir(name: str, default: Path) -> Path:
    READ.setdefault(name, Reading("a folder", default))
    path = Path(os.environ.get(name) or default).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name} is {str(path)!r}, which cannot be made: {error.strerror}.") from error
    return path


def read_secret_key(name: str, kept_in: Path) -> str:
    """The key from the environment, or one made at the first start, in a file only its owner reads."""
    READ.setdefault(name, Reading("text, 32 characters or more"))
    value = os.environ.get(name, "")
    if value:
        if len(value) < 32:
            raise ImproperlyConfigured(f"{name} has {len(value)} characters; it needs 32 or more.")
        return value
    # The key is written in full before it gets its name, so a process starting at the same moment reads all
    # or nothing; link() refuses to replace, so the first one wins and both go on with the same key.
    if not kept_in.exists():
        draft = kept_in.with_name(f"{kept_in.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, kept_in)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    try:
        return kept_in.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name} is not set and {kept_in} cannot be read: {error.strerror}.") from error


def count_cores() -> int:
    """The cores that this process may use: a container's share, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
