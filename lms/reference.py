"""The pages of docs/reference, made from the code that they describe; tests/lms/test_reference.py holds them to it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable

from django.core.management import get_commands, load_command_class
from drf_spectacular.generators import SchemaGenerator

from lms import env, settings
from training.config import DEFAULT_CONFIG

OWN_APPS = ("accounts", "courses", "emotion", "training", "lms")
MADE = "<!-- Made by `manage.py make_reference`; do not edit. -->\n"
# What every command of Django has.
COMMON = {"help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color"} | {
    "skip_checks"
}


def settings_page() -> str:
    rows = [
        (
            ", ".join(f"`{name}`" for name in names),
            ", ".join(sorted({env.READ[name].allowed for name in names})),
            default,
            text,
        )
        for names, text, default in described_settings()
    ]
    return (
        f"# Settings\n\n{MADE}\nEach is a variable of the environment. A value that is not allowed stops the start "
        "with a sentence that names it.\n\n" + _table(("variable", "allowed", "without it", "what it is"), rows)
    )


def described_settings() -> list[tuple[list[str], str, str]]:
    """(names, description, default) of each entry in the docstring of lms/settings.py."""
    entries: list[list[str]] = []
    for line in (settings.__doc__ or "").splitlines()[2:]:
        if line and not line.startswith(" "):
            entries.append(list(re.split(r" {2,}", line, maxsplit=1)))
        elif line:
            entries[-1][1] += " " + line.strip()
    found = []
    for names, text in entries:
        text, default = re.fullmatch(r"(.*?)\s*\(([^()]*)\)\s*", text).groups()
        found.append((names.split(", "), " ".join(text.split()), default))
    return found


def commands_page() -> str:
    parts = [f"# Commands\n\n{MADE}\n`./run manage NAME` or `python manage.py NAME`; `--help` says the same.\n"]
    for name, app in sorted(get_commands().items()):
        if app in OWN_APPS and name != "make_reference":
            parts.append(_command(name, load_command_class(app, name)))
    return "\n".join(parts)


def _command(name: str, command) -> str:
    parser = command.create_parser("manage.py", name)
    rows = [
        (f"`{_written(action)}`", _default(action), action.help or "")
        for action in parser._actions
        if action.dest not in COMMON
    ]
    table = "\n" + _table(("argument", "without it", "what it is"), rows) if rows else ""
    return f"## {name}\n\n{' '.join(command.help.split())}\n{table}"


def _written(action: argparse.Action) -> str:
    metavar = action.metavar or action.dest
    if not action.option_strings:
        return str(metavar).upper()
    value = "" if action.nargs == 0 else " " + str("|".join(map(str, action.choices)) if action.choices else metavar)
    return action.option_strings[-1] + value


def _default(action: argparse.Action) -> str:
    if action.required:
        return "(must be given)"
    return "" if action.default in (None, False, True, "", [], argparse.SUPPRESS) else f"`{action.default}`"


def config_page() -> str:
    """config.yaml itself: its comments are the description."""
    return (
        f"# Keys of config.yaml\n\n{MADE}\n`train_fer` reads `training/config.yaml`, or what `--config` names; "
        "`--set section.key=value` changes one key. An unknown key is an error that names the nearest known one.\n\n"
        f"```yaml\n{DEFAULT_CONFIG.read_text()}```\n"
    )


def api_page() -> str:
    schema = SchemaGenerator().get_schema(public=True)
    rows = [
        (f"`{method.upper()}`", f"`{path}`", _first_sentence(operation.get("description", "")))
        for path, methods in sorted(schema["paths"].items())
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    return (
        f"# Addresses of the API\n\n{MADE}\n[The API](../api.md) says how it is used; `/api/schema/` has the schema of "
        "each answer.\n\n" + _table(("method", "address", "what it does"), rows)
    )


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    """A word in angle brackets would be HTML, and a bar the next cell."""
    text = " ".join(text.split()).replace("|", "\\|")
    return text if "`" in text else text.replace("<", "&lt;")


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "training-config.md": config_page,
    "api.md": api_page,
}
