"""Discussions over REST. Who may is asked of the same Standing as on the pages."""

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, Throttled, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from courses.api.base import Conflict, CourseAPI, checked
from courses.api.filters import PostFilter, ThreadFilter
from courses.api.serializers import PersonSerializer
from courses.discussion import services
from courses.discussion.permissions import Standing, standing
from courses.discussion.views import ACTIONS
from courses.markdown import render
from courses.models import Lesson, Post, Thread
from courses.release.locks import require_open

LONGEST_BODY = Post._meta.get_field("body").max_length


class ThreadSerializer(serializers.ModelSerializer):
    course = serializers.IntegerField(source="lesson.module.course_id", read_only=True)
    title = serializers.CharField(source="shown_title", read_only=True)
    author = PersonSerializer(read_only=True, allow_null=True)
    replies = serializers.IntegerField(read_only=True)

    class Meta:
        model = Thread
        fields = [
            *("id", "course", "lesson", "block", "kind", "title", "author", "replies", "accepted"),
            *("is_pinned", "is_locked", "is_hidden", "created_at", "last_post_at"),
        ]
        read_only_fields = fields


class NewThreadSerializer(serializers.Serializer):
    lesson = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    block = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True)
    kind = serializers.ChoiceField(Thread.Kind.choices, default=Thread.Kind.QUESTION)
    title = serializers.CharField(max_length=160)
    body = serializers.CharField(max_length=LONGEST_BODY)


class PostSerializer(serializers.ModelSerializer):
    """What is hidden from you, and what was deleted, has no words left."""

    author = PersonSerializer(read_only=True, allow_null=True)
    body = serializers.SerializerMethodField()
    html = serializers.SerializerMethodField()
    helpful = serializers.SerializerMethodField(help_text="How many people it helped.")

    class Meta:
        model = Post
        fields = [
            *("id", "thread", "author", "is_opening", "body", "html", "helpful", "created_at", "edited_at"),
            *("endorsed_at", "hidden_at", "deleted_at"),
        ]
        read_only_fields = fields

    def get_body(self, post: Post) -> str:
        return post.body if self._is_shown(post) else ""

    def get_html(self, post: Post) -> str:
        return str(render(post.body)) if self._is_shown(post) else ""

    def get_helpful(self, post: Post) -> int:
        return len(post.votes.all())

    def _is_shown(self, post: Post) -> bool:
        if post.hidden_at is None:
            return True
        may = self.context["view"].standing_in(post.course)
        return may.moderates or (post.author_id is not None and post.author_id == may.user_id)


class NewPostSerializer(serializers.Serializer):
    thread = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    body = serializers.CharField(max_length=LONGEST_BODY)


class EditedPostSerializer(serializers.Serializer):
    body = serializers.CharField(max_length=LONGEST_BODY)
    title = serializers.CharField(max_length=160, required=False, help_text="Of the thread, with its opening post.")


class ActionSerializer(serializers.Serializer):
    action = serializers.ChoiceField(list(ACTIONS))


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=240)


class ModerationSerializer(serializers.Serializer):
    action = serializers.ChoiceField(list(services.THREAD_ACTIONS))
    reason = serializers.CharField(max_length=240, required=False, allow_blank=True)


class FollowSerializer(serializers.Serializer):
    on = serializers.BooleanField()


class DiscussionAPI(CourseAPI):
    permission_classes = [IsAuthenticated]

    def get_object(self):
        row = super().get_object()
        if self.action != "destroy":  # one's own words can always go
            require_open(user=self.request.user, lesson=row.lesson if isinstance(row, Thread) else row.thread.lesson)
        return row

    def standing_in(self, course) -> Standing:
        """Asked once for each course of a page."""
        known = self.__dict__.setdefault("_standings", {})
        if course.pk not in known:
            known[course.pk] = standing(self.request.user, course)
        return known[course.pk]

    def allow(self, allowed: bool) -> None:
        if not allowed:
            raise PermissionDenied(_("You may not do this in this discussion."))


class Threads(mixins.ListModelMixin, mixins.RetrieveModelMixin, DiscussionAPI):
    """What people ask and answer beside the lessons one may read."""

    serializer_class = ThreadSerializer
    filterset_class = ThreadFilter
    rows = staticmethod(lambda: Thread.objects.with_counts().select_related("author", "lesson__module__course"))
    lesson = "lesson"

    @extend_schema(request=NewThreadSerializer, responses={201: ThreadSerializer})
    def create(self, request):
        """Ask or say something about a lesson."""
        sent = checked(NewThreadSerializer, request)
        lesson = Lesson.objects.visible_to(request.user).filter(pk=sent.pop("lesson")).first()
        if lesson is None:
            raise ValidationError({"lesson": _("There is no such lesson for you.")})
        require_open(user=request.user, lesson=lesson)
        may = self.standing_in(lesson.course)
        self.allow(may.writes)
        block = sent.pop("block", None)
        sent["block"] = lesson.blocks.filter(pk=block).first() if block else None
        if block and sent["block"] is None:
            raise ValidationError({"block": _("That part does not belong to this lesson.")})
        thread = _posted(services.start_thread, user=request.user, lesson=lesson, moderates=may.moderates, **sent)
        shown = self.get_queryset().get(pk=thread.pk)
        return Response(self.get_serializer(shown).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=FollowSerializer, responses={204: None})
    @action(methods=["post"], detail=True)
    def follow(self, request, pk=None):
        """Hear of its replies, or no more."""
        services.subscribe(thread=self.get_object(), user=request.user, is_on=checked(FollowSerializer, request)["on"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ModerationSerializer, responses={200: ThreadSerializer})
    @action(methods=["post"], detail=True)
    def moderate(self, request, pk=None):
        """Pin it or close it, or take that back. For the teaching team."""
        thread = self.get_object()
        self.allow(self.standing_in(thread.course).moderates)
        services.moderate_thread(thread=thread, moderator=request.user, **checked(ModerationSerializer, request))
        return Response(self.get_serializer(self.get_object()).data)


class Posts(mixins.ListModelMixin, mixins.RetrieveModelMixin, DiscussionAPI):
    """The words of the threads one may read, in their order."""

    serializer_class = PostSerializer
    filterset_class = PostFilter
    rows = staticmethod(
        lambda: (
            Post.objects.select_related("author", "thread__lesson__module__course")
            .prefetch_related(Prefetch("votes"))
            .order_by("thread", "-is_opening", "created_at", "pk")
        )
    )
    lesson = "thread__lesson"

    @extend_schema(request=NewPostSerializer, responses={201: PostSerializer})
    def create(self, request):
        """Reply in a thread."""
        sent = checked(NewPostSerializer, request)
        threads = Thread.objects.visible_to(request.user).select_related("lesson__module__course")
        thread = threads.filter(pk=sent["thread"]).first()
        if thread is None:
            raise ValidationError({"thread": _("There is no such thread for you.")})
        may = self.standing_in(thread.course)
        self.allow(may.writes)
        post = _posted(services.reply, user=request.user, thread=thread, moderates=may.moderates, body=sent["body"])
        return Response(self.get_serializer(post).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=EditedPostSerializer, responses={200: PostSerializer})
    def partial_update(self, request, pk=None):
        """Change your own words. What they said before stays readable to you and the teaching team."""
        post = self.get_object()
        self.allow(self.standing_in(post.course).may_edit(post))
        _posted(services.edit_post, post=post, **checked(EditedPostSerializer, request))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """Delete your own words for good."""
        post = self.get_object()
        self.allow(self.standing_in(post.course).may_delete(post))
        services.delete_post(post=post)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ActionSerializer, responses={200: PostSerializer})
    @action(methods=["post"], detail=True)
    def act(self, request, pk=None):
        """Accept, endorse or find it helpful, or take that back."""
        post = self.get_object()
        allowed, do = ACTIONS[checked(ActionSerializer, request)["action"]]
        self.allow(getattr(self.standing_in(post.course), allowed)(post))
        do(post, request.user)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=ReasonSerializer, responses={204: None})
    @action(methods=["post"], detail=True)
    def report(self, request, pk=None):
        """Tell the teaching team. Once a person and post."""
        post = self.get_object()
        self.allow(self.standing_in(post.course).may_report(post))
        services.report_post(post=post, user=request.user, **checked(ReasonSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ReasonSerializer, responses={200: PostSerializer})
    @action(methods=["post"], detail=True)
    def hide(self, request, pk=None):
        """Out of sight for all but its author and the teaching team, who does this."""
        post = self._moderated()
        services.hide_post(post=post, moderator=request.user, **checked(ReasonSerializer, request))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: PostSerializer})
    @action(methods=["post"], detail=True)
    def show(self, request, pk=None):
        """Show it again, or settle what was reported of it. For the teaching team."""
        services.show_post(post=self._moderated(), moderator=request.user)
        return Response(self.get_serializer(self.get_object()).data)

    def _moderated(self) -> Post:
        post = self.get_object()
        self.allow(self.standing_in(post.course).moderates)
        return post


def _posted(service, **what):
    try:
        return service(**what)
    except services.TooManyPosts as error:
        raise Throttled(detail=str(error)) from None
    except services.Closed as error:
        raise Conflict(str(error)) from None
