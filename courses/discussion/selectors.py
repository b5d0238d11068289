"""What the discussion's pages show, in a fixed number of queries however much was written."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet

from accounts.models import User, Visitor
from courses.discussion.permissions import Standing, standing
from courses.models import Course, Enrollment, Lesson, Post, PostReport, PostVote, Thread
from courses.release.locks import locked_ids

THREADS, POSTS, QUEUE = 20, 30, 50
FILTERS = ("all", "unanswered", "mine")


def searchable(user: Visitor) -> QuerySet[Thread]:
    """The threads that a search may find for this person: `title`, and the words in `posts__body`."""
    return Thread.objects.visible_to(user).filter(deleted_at=None).select_related("lesson__module__course")


def lesson_threads(user: User, lesson: Lesson, page: str | None) -> Page:
    return Paginator(_listed(Thread.objects.visible_to(user).filter(lesson=lesson)), THREADS).get_page(page)


def course_threads(user: User, course: Course, show: str, page: str | None) -> Page:
    """Without those beside lessons that are closed to this person."""
    threads = Thread.objects.visible_to(user).for_course(course).exclude(lesson__in=locked_ids(user))
    if show == "unanswered":
        threads = threads.unanswered(course)
    elif show == "mine":
        threads = threads.by(user)
    return Paginator(_listed(threads), THREADS).get_page(page)


def newest_threads(user: User, lesson: Lesson, most: int) -> tuple[list[Thread], int]:
    """Of a lesson that this person may see: its newest threads, and how many there are. One query, two from `most`."""
    moderates = lesson.course.is_staffed_by(user)
    threads = Thread.objects.in_seen_lesson(lesson, user=user, moderates=moderates)
    newest = list(threads.order_by("-last_post_at", "-pk").with_counts()[:most])
    return newest, threads.count() if len(newest) == most else len(newest)


def waiting_questions(user: User, course: Course, page: str | None) -> Page:
    """Oldest first: who waits longest is answered next."""
    threads = Thread.objects.visible_to(user).unanswered(course)
    return Paginator(_listed(threads).order_by("created_at", "pk"), QUEUE).get_page(page)


def open_reports(course: Course, page: str | None) -> Page:
    """Posts that were reported, with their reasons; the one that waits longest first."""
    reports = PostReport.objects.open().order_by("created_at")
    posts = (
        Post.objects.for_course(course)
        .filter(Exists(PostReport.objects.open().filter(post=OuterRef("pk"))))
        .annotate(reported=reports.filter(post=OuterRef("pk")).values("created_at")[:1])
        .select_related("author", "thread__lesson")
        .prefetch_related(Prefetch("reports", reports.select_related("user"), to_attr="open_reports"))
    )
    return Paginator(posts.order_by("reported", "pk"), QUEUE).get_page(page)


def standing_in(user: User, course: Course) -> Standing | None:
    """None for those who are not in the course."""
    return standing(user, course) if user.is_superuser or course.is_taken_by(user) else None


def _listed(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    return threads.with_counts().select_related("author", "lesson", "block")


@dataclass
class ShownPost:
    """A post and what this reader may do with it."""

    post: Post
    is_team: bool
    is_accepted: bool
    i_voted: bool
    may_see: bool
    can: dict[str, bool]


def shown_posts(user: User, thread: Thread, standing: Standing, page: str | None) -> Page:
    """A page of the thread's posts as ShownPost, the opening one first. Four queries."""
    posts = (
        thread.posts.select_related("author", "endorsed_by")
        .annotate(
            helpful=Count("votes"),
            i_voted=Exists(PostVote.objects.filter(post=OuterRef("pk"), user_id=user.pk)),
            is_team=Exists(
                Enrollment.objects.active().filter(
                    course=thread.course, user=OuterRef("author"), role__in=("instructor", "assistant")
                )
            ),
        )
        .order_by("-is_opening", "created_at", "pk")
    )
    shown = Paginator(posts, POSTS).get_page(page)
    shown.object_list = [_shown(post, thread, standing) for post in shown.object_list]
    return shown


def _shown(post: Post, thread: Thread, standing: Standing) -> ShownPost:
    post.thread = thread
    return ShownPost(
        post,
        is_team=post.is_team,
        is_accepted=thread.accepted_id == post.pk,
        i_voted=post.i_voted,
        may_see=post.hidden_at is None or standing.moderates or post.author_id == standing.user_id,
        can={
            "edit": standing.may_edit(post),
            "delete": standing.may_delete(post),
            "accept": standing.may_accept(post),
            "endorse": standing.may_endorse(post),
            "vote": standing.may_vote(post),
            "report": standing.may_report(post),
            "moderate": standing.moderates and post.deleted_at is None,
            "history": post.edited_at is not None and standing.may_read_history(post),
        },
    )


def page_of(post: Post) -> int:
    """On which page of its thread a post stands."""
    if post.is_opening:
        return 1
    earlier = post.thread.posts.filter(created_at__lt=post.created_at).exclude(pk=post.pk).count()
    same = post.thread.posts.filter(created_at=post.created_at, pk__lt=post.pk).count()
    return (earlier + same) // POSTS + 1
