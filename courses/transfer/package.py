"""A Common Cartridge (1.0 to 1.3) or a SCORM 1.2 package as a course: its titles, their order and what can be read of
its pages, files, pictures, videos, links and discussion topics. Both are IMS content packages: `imsmanifest.xml` holds
a tree of items, and each item names a resource. What a package would run (scripts, tests, tools) is left out and said.

Sources: IMS Content Packaging 1.1.2; 1EdTech Common Cartridge 1.1, 5.3 (file base); SCORM 1.2 CAM, 2.3 (manifest).
"""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from posixpath import normpath, relpath
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from bs4 import BeautifulSoup
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from markdownify import MarkdownConverter

from courses.transfer.archive import Archive
from courses.transfer.fields import NotACourse
from courses.transfer.markdown_folder import OUTSIDE, MarkdownLesson

MANIFEST = "imsmanifest.xml"
FILE_BASE = "$IMS-CC-FILEBASE$"
WEB_RESOURCES = "web_resources"  # where makers of cartridges keep what pages show
DEEPEST = 50  # items within items
NOT_READ = {
    "imsqti": gettext_lazy("a test; its questions are not read, write them here"),
    "imsbasiclti": gettext_lazy("a tool of another site; it is not connected"),
    "assignment": gettext_lazy("an assignment; write it here"),
    "associatedcontent": gettext_lazy("data for another learning system"),
}
SCHEME = re.compile(r"(?!https?:|mailto:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)  # all that is not for readers
PAGE = re.compile(r"\.x?html?($|[?#])", re.IGNORECASE)
RUNS = ("script", "iframe", "object", "embed", "applet", "input", "button", "select", "textarea")
PAGES = (".html", ".htm", ".xhtml")


@dataclass
class Item:
    title: str
    resource: str = ""
    is_visible: bool = True
    items: list["Item"] = field(default_factory=list)

    def leaves(self) -> list["Item"]:
        own = [self] if self.resource else []
        return own + [leaf for item in self.items for leaf in item.leaves()]


@dataclass(frozen=True)
class Resource:
    kind: str
    base: str  # the folder its addresses start from
    href: str

    @property
    def path(self) -> str:
        return normpath(f"{self.base}/{unquote(self.href.split('?')[0].split('#')[0])}") if self.href else ""


def manifest_of(archive: Archive) -> str | None:
    """The name of the manifest that lies highest in the zip."""
    names = [name for name in archive.entries if PurePosixPath(name).name == MANIFEST]
    return min(names, key=lambda name: (name.count("/"), name), default=None)


def read(archive: Archive, left_out: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The package as an exported course would say it, and where each file lies in the zip. Raises NotACourse."""
    name = manifest_of(archive)
    assert name is not None
    try:
        return _Package(archive, name, left_out).document()
    except RecursionError:
        raise NotACourse(_("This package is nested too deeply to be read.")) from None


def _xml(archive: Archive, name: str) -> Element:
    try:
        return fromstring(archive.content(name), forbid_dtd=True)
    except NotACourse:
        raise
    except (ParseError, DefusedXmlException, LookupError, ValueError):
        raise NotACourse(_("“%(name)s” is not XML that can be read.") % {"name": name[:80]}) from None


def _tag(element: Element) -> str:
    """Makers use a dozen namespaces for the same words."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Element | None, tag: str) -> list[Element]:
    return [child for child in element if _tag(child) == tag] if element is not None else []


def _child(element: Element | None, *path: str) -> Element | None:
    for tag in path:
        element = next(iter(_children(element, tag)), None)
    return element


def _text(element: Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def _attribute(element: Element, name: str) -> str:
    found = (value for key, value in element.attrib.items() if key.rpartition("}")[2] == name)
    return next(found, "").replace("\x00", "")


class _Package:
    def __init__(self, archive: Archive, name: str, left_out: list[str]) -> None:
        self.archive, self.left_out = archive, left_out
        self.root = str(PurePosixPath(name).parent)
        self.manifest = _xml(archive, name)
        self.resources = self._resources()
        self.paths: dict[str, str] = {}

    def _resources(self) -> dict[str, Resource]:
        holder = _child(self.manifest, "resources")
        bases = [_attribute(element, "base") for element in (self.manifest, holder) if element is not None]
        base = "/".join([self.root, *bases])
        found = {}
        for row in _children(holder, "resource"):
            files = [_attribute(file, "href") for file in _children(row, "file")]
            href = _attribute(row, "href") or next(iter(files), "")
            kind = _attribute(row, "type").lower()
            found[_attribute(row, "identifier")] = Resource(kind, f"{base}/{_attribute(row, 'base')}", href)
        return found

    def document(self) -> tuple[dict[str, Any], dict[str, str]]:
        organizations = _child(self.manifest, "organizations")
        rows = _children(organizations, "organization")
        if not rows:
            raise NotACourse(_("This package names files, but no order of lessons."))
        default = _attribute(organizations, "default")
        organization = next((row for row in rows if _attribute(row, "identifier") == default), rows[0])
        top = self._items(organization, 0)
        title = self._course_title(_text(_child(organization, "title")))
        if len(top) == 1 and not top[0].resource and top[0].items and not top[0].title:
            top = top[0].items  # a cartridge has one nameless item around all
        modules: list[dict] = []
        loose: list[Item] = []
        for item in [*top, None]:
            if item is not None and not item.items:
                loose.append(item)
                continue
            if loose:
                modules.append(self._module(Item(title, items=loose)))
                loose = []
            if item is not None:
                modules.append(self._module(item))
        return {"course": {"title": title}, "modules": modules}, self.paths

    def _course_title(self, of_organization: str) -> str:
        general = _child(self.manifest, "metadata", "lom", "general", "title")
        return (_text(_child(general, "string")) or _text(general) or of_organization or _("Imported course"))[:120]

    def _items(self, parent: Element, depth: int) -> list[Item]:
        if depth > DEEPEST:
            raise NotACourse(_("This package is nested too deeply to be read."))
        return [
            Item(
                _text(_child(row, "title"))[:120],
                _attribute(row, "identifierref"),
                _attribute(row, "isvisible").lower() != "false",
                self._items(row, depth + 1),
            )
            for row in _children(parent, "item")
        ]

    def _module(self, module: Item) -> dict[str, Any]:
        """Its items are lessons; what lies deeper is in the lesson above it."""
        items = [Item(module.title, module.resource, module.is_visible)] if module.resource else []
        return {"title": module.title or "Module", "lessons": [self._lesson(item) for item in [*items, *module.items]]}

    def _lesson(self, item: Item) -> dict[str, Any]:
        title = item.title or "Lesson"
        blocks = [block for leaf in item.leaves() for block in self._blocks(leaf)]
        if not blocks:
            self.left_out.append(_("“%(title)s” came as an empty lesson.") % {"title": title})
        if not item.is_visible:
            self.left_out.append(
                _("“%(title)s”: it was hidden there; publish it here when you want it seen.") % {"title": title}
            )
        return {"title": title, "blocks": blocks}

    def _blocks(self, item: Item) -> list[dict[str, Any]]:
        title = item.title or _("Untitled")
        resource = self.resources.get(item.resource)
        if resource is None:
            self.left_out.append(_("“%(title)s”: the package does not say where it lies.") % {"title": title})
            return []
        for word, what in NOT_READ.items():
            if resource.kind.startswith(word) and not resource.path.lower().endswith(PAGES):
                self.left_out.append(_("“%(title)s”: %(what)s.") % {"title": title, "what": what})
                return []
        if resource.href.lower().startswith(("http://", "https://")):
            return [_link(title, resource.href)]
        if resource.path not in self.archive.entries:
            self.left_out.append(
                _("“%(title)s”: its file “%(file)s” is not in the zip.") % {"title": title, "file": resource.href[:80]}
            )
            return []
        if resource.kind.startswith("imswl"):
            return self._web_link(title, resource)
        if resource.kind.startswith("imsdt"):
            return self._topic(title, resource)
        if resource.path.lower().endswith(PAGES):
            return self._page(title, resource.path, self.archive.content(resource.path))
        return self._file(title, resource.path)

    def _web_link(self, title: str, resource: Resource) -> list[dict[str, Any]]:
        url = _child(_xml(self.archive, resource.path), "url")
        address = _attribute(url, "href") if url is not None else ""
        if not address.lower().startswith(("http://", "https://")):
            self.left_out.append(_("“%(title)s”: its address is none on the web.") % {"title": title})
            return []
        return [_link(title, address)]

    def _topic(self, title: str, resource: Resource) -> list[dict[str, Any]]:
        text = _child(_xml(self.archive, resource.path), "text")
        words = (text.text or "") if text is not None else ""
        self.left_out.append(
            _("“%(title)s”: a discussion topic came as a text; each lesson has its own discussion.") % {"title": title}
        )
        if text is not None and _attribute(text, "texttype").lower() != "text/html":
            return [{"kind": "text", "title": title, "body": words.strip()}] if words.strip() else []
        return self._page(title, resource.path, words)

    def _page(self, title: str, path: str, html: bytes | str) -> list[dict[str, Any]]:
        soup = BeautifulSoup(html, "html.parser")  # of bytes, by what their own <meta charset> says
        running = soup.find_all(RUNS)
        for element in soup.find_all([*RUNS, "style", "head", "noscript"]):
            element.decompose()
        if running:
            self.left_out.append(
                _("“%(title)s”: what runs in its page (scripts, frames, fields) was left out.") % {"title": title}
            )
        for image in soup.find_all("img"):
            image["alt"] = " ".join((image.get("alt") or "").replace("[", "(").replace("]", ")").split())
        for element, name in [(e, "src") for e in soup.find_all("img")] + [(e, "href") for e in soup.find_all("a")]:
            if element.get(name):
                element[name] = self._address(path, element[name])
            if SCHEME.match(element.get(name) or ""):
                del element[name]
        between = [a for a in soup.find_all("a", href=PAGE) if not OUTSIDE.match(a["href"])]
        for element in between:
            del element["href"]
        if between:
            self.left_out.append(
                _("“%(title)s”: its links to other pages of the package became plain words.") % {"title": title}
            )
        markdown = _Markdown(heading_style="ATX", bullets="-").convert_soup(soup)
        heading, _mark, rest = (markdown := markdown.replace("\x00", "").strip()).partition("\n")
        if heading.lstrip("#").strip().casefold() == title.casefold():
            markdown = rest  # the block's title says it
        blocks = MarkdownLesson(self.archive, self.paths, self.left_out).blocks_of(path, title, markdown.strip())
        if not blocks:
            self.left_out.append(_("“%(title)s”: its page has no words or pictures of its own.") % {"title": title})
        return blocks

    def _address(self, path: str, address: str) -> str:
        """An address in a page, relative to the page and as Markdown can hold it."""
        token, here = "%24IMS-CC-FILEBASE%24", str(PurePosixPath(path).parent)
        address = address.strip().replace(token, FILE_BASE)
        if FILE_BASE not in address:
            return address.replace(" ", "%20")
        target = address.partition(FILE_BASE)[2].split("?")[0].lstrip("/")
        for folder in (here, f"{self.root}/{WEB_RESOURCES}", self.root):
            found = normpath(f"{folder}/{unquote(target)}")
            if found in self.archive.entries:
                return relpath(found, here).replace("%", "%25").replace(" ", "%20")
        return target.replace(" ", "%20")

    def _file(self, title: str, path: str) -> list[dict[str, Any]]:
        lesson = MarkdownLesson(self.archive, self.paths, self.left_out)
        file = lesson.file(path, PurePosixPath(path).name, quoted=False)
        if file is None:
            return []
        block = {"title": title, "asset": file}
        kind = lesson.type_of(file).split("/")[0]
        if kind == "image":
            return [{**block, "kind": "image", "alt_text": title}]
        return [{**block, "kind": "video" if kind == "video" else "file"}]


class _Markdown(MarkdownConverter):
    """A picture stands on a line of its own, where it becomes a part of the lesson."""

    def convert_img(self, el, text, parent_tags) -> str:
        source = el.get("src") or ""
        return f"\n\n![{el.get('alt') or ''}](<{source}>)\n\n" if source and ">" not in source else ""


def _link(title: str, address: str) -> dict[str, Any]:
    words = title.replace("[", "(").replace("]", ")")
    return {"kind": "text", "title": title, "body": f"[{words}](<{address.replace('>', '%3E').replace('<', '%3C')}>)"}
