"""Who may do what in a course's discussion. Each asks for rows of the enrollment once; a page keeps the answer."""

from dataclasses import dataclass

from courses.discussion.querysets import TEAM
from courses.models import Course, Post, Thread

WRITERS = ("student", *TEAM)


@dataclass(frozen=True)
class Standing:
    """What one person may do in one course's discussion."""

    user_id: int | None
    writes: bool
    moderates: bool

    def may_reply(self, thread: Thread) -> bool:
        return self.writes and (self.moderates or not thread.is_locked)

    def may_edit(self, post: Post) -> bool:
        return self.writes and post.is_live and post.author_id == self.user_id and self.may_reply(post.thread)

    def may_delete(self, post: Post) -> bool:
        return post.deleted_at is None and post.author_id is not None and post.author_id == self.user_id

    def may_accept(self, post: Post) -> bool:
        """The one who asked, or the teaching team; a question's live reply."""
        asked = post.thread.author_id is not None and post.thread.author_id == self.user_id
        return (
            self.writes
            and (asked or self.moderates)
            and post.is_live
            and not post.is_opening
            and post.thread.kind == Thread.Kind.QUESTION
        )

    def may_endorse(self, post: Post) -> bool:
        return self.moderates and post.is_live and not post.is_opening

    def may_vote(self, post: Post) -> bool:
        return self.writes and post.is_live and post.author_id != self.user_id

    may_report = may_vote

    def may_read_history(self, post: Post) -> bool:
        return self.moderates or (post.author_id is not None and post.author_id == self.user_id)


def standing(user, course: Course) -> Standing:
    """One query."""
    role = course.role_of(user)
    moderates = user.is_superuser or role in TEAM
    # A course that is over can be read, and nothing more is added to it.
    writes = (moderates or role in WRITERS) and course.status != Course.Status.ARCHIVED
    return Standing(user.pk, writes, moderates)
