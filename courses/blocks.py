"""The kinds of blocks: what each needs from its author, what its page part is given, what can complete it.

    register(BlockType("video", "Video", "play-btn", rules=(NONE, SEEN, WATCHED), missing=..., show=...))

A kind's page part is `courses/blocks/_<kind>.html`; it is rendered with `shown`, the ShownBlock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses import addresses
from courses.models import Block, BlockKind, CompletionRule, Reflection

NONE, SEEN, WATCHED = CompletionRule.NONE, CompletionRule.SEEN, CompletionRule.WATCHED
SUBMITTED, PASSED = CompletionRule.SUBMITTED, CompletionRule.PASSED


@dataclass(frozen=True)
class BlockType:
    """`missing(block)` is the sentence that tells the author what is left to give, "" when nothing; until then students
    do not see the block. `show(user, block, query)` is what the page part needs beyond the block and its text; `query`
    is the address's part after the question mark."""

    kind: str
    label: str
    icon: str
    rules: tuple[CompletionRule, ...] = (NONE, SEEN)
    missing: Callable[[Block], str] = lambda block: ""
    show: Callable[[Any, Block, Mapping[str, str]], Any] = lambda user, block, query: None
    teaser: str = ""  # what the author reads in the menu of kinds
    made: Callable[[Block], Any] = lambda block: None  # called when an author adds one
    details_label: str = ""  # the button by which its author goes on, such as to a quiz's questions,
    details_url: Callable[[Block], str] = lambda block: ""  # and where it leads
    # What lies beside the block, when a course leaves as a zip, and making it again from that.
    export: Callable[[Block], dict] = lambda block: {}
    build: Callable[[Block, dict], None] = lambda block, data: None

    @property
    def template(self) -> str:
        return f"courses/blocks/_{self.kind}.html"


_types: dict[str, BlockType] = {}


def register(block_type: BlockType) -> None:
    _types[block_type.kind] = block_type


def type_of(kind: str) -> BlockType:
    return _types[kind]


def all_types() -> list[BlockType]:
    return [_types[kind] for kind in BlockKind.values if kind in _types]


def _needs_text(block: Block) -> str:
    return "" if block.body.strip() else _("Write its text.")


def _needs_picture(block: Block) -> str:
    if block.asset_id is None:
        return _("Choose a picture.")
    return "" if block.alt_text.strip() else _("Say what the picture shows, for those who do not see it.")


def _needs_video(block: Block) -> str:
    if block.asset_id is None and not addresses.video_at(block.address):
        return _("Upload a video, or give its address at YouTube or Vimeo.")
    return ""


def _needs_file(block: Block) -> str:
    return "" if block.asset_id else _("Choose a file.")


def _needs_page(block: Block) -> str:
    return "" if addresses.embeddable(block.address) else _("Give the address of a page on an allowed site.")


def _needs_question(block: Block) -> str:
    return "" if block.body.strip() else _("Write what to reflect on.")


def _show_video(user, block: Block, query) -> addresses.OutsideVideo | None:
    return None if block.asset_id else addresses.video_at(block.address)


def _show_page(user, block: Block, query) -> str | None:
    return addresses.embeddable(block.address)


def _show_reflection(user, block: Block, query) -> Reflection | None:
    return Reflection.objects.filter(user_id=user.pk, block=block).first()


register(
    BlockType(
        "text",
        gettext_lazy("Text"),
        "file-text",
        missing=_needs_text,
        teaser=gettext_lazy("Words, formulas, code, tables"),
    )
)
register(
    BlockType(
        "image",
        gettext_lazy("Picture"),
        "image",
        missing=_needs_picture,
        teaser=gettext_lazy("With words for those who can't see it"),
    )
)
register(
    BlockType(
        "video",
        gettext_lazy("Video"),
        "play-btn",
        (NONE, SEEN, WATCHED),
        _needs_video,
        _show_video,
        gettext_lazy("A file, or one at YouTube or Vimeo"),
    )
)
register(
    BlockType(
        "file", gettext_lazy("File"), "paperclip", missing=_needs_file, teaser=gettext_lazy("Something to download")
    )
)
register(
    BlockType(
        "embed",
        gettext_lazy("Page"),
        "window",
        missing=_needs_page,
        show=_show_page,
        teaser=gettext_lazy("From an allowed site"),
    )
)
register(
    BlockType(
        "reflection",
        gettext_lazy("Reflection"),
        "pencil",
        (NONE, SUBMITTED),
        _needs_question,
        _show_reflection,
        gettext_lazy("A question to answer for oneself"),
    )
)
