"""Search over what a person may see: PostgreSQL's full text where there is one, LIKE elsewhere."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector
from django.db import connection
from django.db.models import Case, CharField, F, FloatField, Model, Q, QuerySet, Value, When
from django.db.models.functions import Cast
from django.utils.safestring import SafeString

from accounts.models import Visitor
from courses.release.locks import locked_ids
from courses.search.snippets import END, START, marked, passage
from courses.search.sources import Source, all_sources

SHORTEST = 2
LONGEST = 200
MOST_WORDS = 8
PAGE_SIZE = 20
MOST_PAGES = 50  # nobody reads further, and each page further costs more
LANGUAGE = "english"  # how PostgreSQL finds the stem of a word
IN_TITLE = 1.0  # LIKE knows two ranks: found in the title, or only in the text


@dataclass(frozen=True)
class Hit:
    kind: str
    label: str
    title: SafeString
    place: str
    snippet: SafeString
    url: str


@dataclass(frozen=True)
class Page:
    query: str
    hits: list[Hit]
    total: int
    number: int
    pages: int
    kinds: list[Source]

    @property
    def is_too_short(self) -> bool:
        return len(self.query) < SHORTEST


def search(user: Visitor, query: str, kinds: Collection[str] = (), page: int = 1) -> Page:
    """The hits of a page, best first. One query for which lessons are closed (up to five where some have dates or
    prerequisites), one for which hits there are, one for each kind shown, and one to count them where nobody could
    page through them all."""
    query = " ".join(query.replace("\0", " ").split())[:LONGEST]
    sources = {source.kind: source for source in all_sources()}
    wanted = [source for source in sources.values() if not kinds or source.kind in kinds]
    if len(query) < SHORTEST or not wanted:
        return Page(query, [], 0, 1, 1, list(sources.values()))
    # What a lesson says is nobody's before it opens to them; its title stands in the outline all the same.
    locked = locked_ids(user) if any(source.lesson for source in wanted) else []
    parts = [_ranked(source, source.rows_without(locked, user), query) for source in wanted]
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    # All that can be paged through comes at once: three small columns, and cheaper than counting in a query of its own.
    most = PAGE_SIZE * MOST_PAGES
    rows = list(found.order_by("-hit_rank", "hit_kind", "hit_pk")[: most + 1])
    total = found.count() if len(rows) > most else len(rows)
    pages = min(MOST_PAGES, max(1, -(-total // PAGE_SIZE)))
    page = min(max(page, 1), pages)
    start = (page - 1) * PAGE_SIZE
    hits = _hits(user, rows[start : start + PAGE_SIZE], sources, query)
    return Page(query, hits, total, page, pages, list(sources.values()))


def words_of(query: str) -> list[str]:
    return [word for word in query.replace('"', " ").split() if word.strip("-")][:MOST_WORDS] or [query]


def _ranked(source: Source, rows: QuerySet, query: str) -> QuerySet:
    """(kind, pk, rank) of what is found among them."""
    rows = rows.order_by()
    rows = _full_text(source, rows, query) if connection.vendor == "postgresql" else _like(source, rows, query)
    return rows.annotate(
        hit_kind=Value(source.kind, output_field=CharField()), hit_pk=F("pk"), hit_rank=Cast("rank", FloatField())
    ).values_list("hit_kind", "hit_pk", "hit_rank")


def _websearch(query: str) -> SearchQuery:
    return SearchQuery(query, config=LANGUAGE, search_type="websearch")


def _full_text(source: Source, rows: QuerySet, query: str) -> QuerySet:
    vector = source.vector or (
        SearchVector(source.title, weight="A", config=LANGUAGE) + SearchVector(source.text, weight="B", config=LANGUAGE)
    )
    rows = rows.annotate(vector=vector, rank=SearchRank(F("vector"), _websearch(query)))
    # The half of a word is no word to the full text; in a title it is found all the same.
    return rows.filter(Q(vector=_websearch(query)) | Q(**{f"{source.title}__icontains": query}))


def _like(source: Source, rows: QuerySet, query: str) -> QuerySet:
    def each(*fields: str) -> Q:
        """Every word is in one of the fields."""
        return reduce(
            and_,
            (reduce(lambda a, b: a | b, (Q(**{f"{f}__icontains": word}) for f in fields)) for word in words_of(query)),
        )

    rank = Case(When(each(source.title), then=Value(IN_TITLE)), default=Value(0.0), output_field=FloatField())
    return rows.filter(each(source.title, source.text)).annotate(rank=rank)


def _hits(user: Visitor, rows: list[tuple[str, int, float]], sources: dict[str, Source], query: str) -> list[Hit]:
    found: dict[tuple[str, int], Hit] = {}
    for kind in {row[0] for row in rows}:
        source, ids = sources[kind], [pk for row_kind, pk, _ in rows if row_kind == kind]
        for row in _with_headlines(source, source.rows(user).filter(pk__in=ids), query).select_related(*source.joins):
            found[kind, row.pk] = Hit(
                kind,
                source.label,
                _shown(row, source.title, "headline_title", query, whole=True),
                source.place(row),
                _shown(row, source.text, "headline_text", query),
                source.url(row),
            )
    return [found[kind, pk] for kind, pk, _ in rows if (kind, pk) in found]


def _with_headlines(source: Source, rows: QuerySet, query: str) -> QuerySet:
    if connection.vendor != "postgresql":
        return rows
    options = {"config": LANGUAGE, "start_sel": START, "stop_sel": END}
    return rows.annotate(
        headline_title=SearchHeadline(source.title, _websearch(query), highlight_all=True, **options),
        headline_text=SearchHeadline(source.text, _websearch(query), max_words=35, min_words=20, **options),
    )


def _shown(row: Model, field: str, headline: str, query: str, *, whole: bool = False) -> SafeString:
    """PostgreSQL marked its hit; where it saw none, or elsewhere, the words are looked for as they were typed."""
    text = getattr(row, headline, "")
    return marked(text) if START in text else passage(getattr(row, field), words_of(query), whole=whole)
