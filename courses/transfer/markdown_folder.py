"""A folder of Markdown files as a course: folders are modules, files are lessons, `##` headings are text blocks. An
image alone in its paragraph becomes a picture; a link to another file of the zip becomes a file below the text."""

import hashlib
import re
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

from courses import assets
from courses.transfer.archive import PIECE, Archive

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
PICTURE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)
COVERS = ("readme", "index")  # at the top: the course's title and description


def _files(archive: Archive) -> list[str]:
    return [n for n in archive.entries if not any(p.startswith((".", "__MACOSX")) for p in PurePosixPath(n).parts)]


def is_one(archive: Archive) -> bool:
    return any(name.lower().endswith(".md") for name in _files(archive))


def natural(name: str) -> list:
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in re.split(r"(\d+)", name)]


def title_of(name: str) -> str:
    """ "02-the-oven" is "The oven"."""
    words = re.sub(r"^\d+[\s._-]*", "", name).replace("_", " ").replace("-", " ").strip() or name
    return (words[:1].upper() + words[1:])[:120]


def read(archive: Archive, left_out: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The folder as an exported course would say it, and where each file lies in the zip."""
    return _Folder(archive, left_out).document()


class _Folder:
    def __init__(self, archive: Archive, left_out: list[str]) -> None:
        self.archive, self.left_out, self.paths = archive, left_out, {}
        self.used: set[str] = set()

    def document(self) -> tuple[dict[str, Any], dict[str, str]]:
        names = _files(self.archive)
        top = {PurePosixPath(name).parts[0] for name in names}
        root = top.pop() if len(top) == 1 and all("/" in name for name in names) else ""
        course = {"title": title_of(root) if root else _("Imported course"), "summary": "", "description": ""}
        modules: dict[str, list[dict]] = {}
        texts = [name for name in names if name.lower().endswith(".md")]
        for name in sorted(texts, key=lambda n: [natural(part) for part in PurePosixPath(n).parts]):
            path = PurePosixPath(name).relative_to(root) if root else PurePosixPath(name)
            folder = str(path.parent)
            head, title, body = self.parts_of(self.archive.text(name))
            if folder == "." and path.stem.lower() in COVERS:
                course["title"] = (head.get("title") or title or course["title"])[:120]
                course["summary"] = head.get("summary", "")[:240]
                course["description"] = body.strip()
                continue
            modules.setdefault(folder, []).append(self.lesson(name, head, title or title_of(path.stem), body))
        for name in names:
            if name not in self.used and not name.lower().endswith(".md"):
                self.left_out.append(_("“%(name)s”: no lesson shows it.") % {"name": name})
        tree = [
            {
                "title": (course["title"] if f == "." else " / ".join(map(title_of, f.split("/"))))[:120],
                "lessons": lessons,
            }
            for f, lessons in modules.items()
        ]
        return {"course": course, "modules": tree}, self.paths

    def parts_of(self, text: str) -> tuple[dict[str, str], str, str]:
        """Front matter, the `# Title` if the text begins with one, and the rest."""
        head: dict[str, str] = {}
        text = text.replace("\r\n", "\n").replace("\x00", "")
        if match := re.match(r"---\n(.*?\n)?---[ \t]*(\n|$)", text, re.DOTALL):
            for line in (match[1] or "").splitlines():
                key, _mark, value = line.partition(":")
                head[key.strip().lower()] = value.strip().strip("\"'")
            text = text[match.end() :]
        title = ""
        if match := re.match(r"\s*# +([^\n]+?)(?: +#+)?[ \t]*(\n|$)", text):
            title, text = match[1][:120], text[match.end() :]
        return head, title, text

    def lesson(self, name: str, head: dict[str, str], title: str, body: str) -> dict[str, Any]:
        data: dict[str, Any] = {"title": (head.get("title") or title)[:120], "summary": head.get("summary", "")[:240]}
        minutes = head.get("minutes", "")
        if re.fullmatch(r"[0-9]{1,4}", minutes):
            data["minutes"] = int(minutes)
        elif minutes:
            self.left_out.append(_("“%(name)s”: its minutes are no number.") % {"name": name})
        text = MarkdownLesson(self.archive, self.paths, self.left_out)
        blocks = text.blocks_of(name, data["title"], body)
        self.used |= text.used
        return {**data, "blocks": blocks}


class MarkdownLesson:
    """One Markdown text as blocks; pictures and files that it names are looked up in the zip."""

    def __init__(self, archive: Archive, paths: dict[str, str], left_out: list[str]) -> None:
        self.archive, self.paths, self.left_out = archive, paths, left_out
        self.blocks: list[dict] = []
        self.after: list[dict] = []
        self.lines: list[str] = []
        self.used: set[str] = set()

    def blocks_of(self, name: str, title: str, body: str) -> list[dict[str, Any]]:
        """`name` is where the text lies in the zip; addresses in it are relative to that."""
        self.heading, fence = title, ""
        for line in body.splitlines():
            mark = FENCE.match(line)
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            elif fence:
                pass
            elif match := re.match(r"## +(.+?)(?: +#+)?\s*$", line):
                self.close()
                self.heading = match[1][:120]
                continue
            elif (match := PICTURE.fullmatch(line.strip())) and (file := self.file(name, match[2])):
                self.close()
                self.picture(name, match[2], match[1][:400], file)
                continue
            else:
                line = LINK.sub(lambda link: self.link(name, link), line)
            self.lines.append(line)
        self.close()
        return self.blocks

    def picture(self, name: str, target: str, alt: str, file: dict[str, str]) -> None:
        title = alt[:120] or file["name"][:120]
        if not self.type_of(file).startswith("image/"):
            self.left_out.append(
                _("“%(name)s”: the picture “%(target)s” is of a kind that is not shown here; it is a file.")
                % {"name": name, "target": target}
            )
            self.blocks.append({"kind": "file", "title": title, "asset": file})
            return
        if not alt.strip():
            self.left_out.append(
                _("“%(name)s”: the picture “%(target)s” has no words for those who can't see it.")
                % {"name": name, "target": target}
            )
        self.blocks.append({"kind": "image", "title": title, "alt_text": alt, "asset": file})

    def type_of(self, file: dict[str, str]) -> str:
        with self.archive.open(self.paths[file["sha256"]]) as opened:
            return assets.type_of(opened.read(64))

    def close(self) -> None:
        """End the text block that is being read; files that it links to follow it."""
        text = "\n".join(self.lines).strip("\n")
        if text.strip():
            self.blocks.append({"kind": "text", "title": self.heading, "body": text})
        self.blocks += self.after
        self.lines, self.after = [], []

    def link(self, name: str, link: re.Match) -> str:
        target = link[2]
        if OUTSIDE.match(target):
            return link[0]
        file = None if unquote(target).split("#")[0].lower().endswith(".md") else self.file(name, target)
        if file:
            self.after.append({"kind": "file", "title": link[1][:120], "asset": file})
        elif target.split("#")[0].lower().endswith(".md"):
            self.left_out.append(
                _("“%(name)s”: the link to “%(target)s” became plain words.") % {"name": name, "target": target}
            )
        return link[1]

    def file(self, name: str, target: str, *, quoted: bool = True) -> dict[str, str] | None:
        if quoted and OUTSIDE.match(target):
            return None
        path = normpath(str(PurePosixPath(name).parent / (unquote(target) if quoted else target)))
        if path not in self.archive.entries:
            self.left_out.append(_("“%(name)s”: “%(target)s” is not in the zip.") % {"name": name, "target": target})
            return None
        if not self.archive.entries[path].file_size:
            self.left_out.append(_("“%(name)s”: “%(target)s” is empty.") % {"name": name, "target": target})
            return None
        self.used.add(path)
        digest = hashlib.sha256()
        with self.archive.open(path) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
        self.paths[digest.hexdigest()] = path
        return {"sha256": digest.hexdigest(), "name": PurePosixPath(path).name}
