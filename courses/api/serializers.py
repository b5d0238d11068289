"""What the API shows of courses, and takes. Writes go through the same services as the authors' pages."""

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User, validate_time_zone
from courses import blocks
from courses.forms import LONGEST_DAY
from courses.markdown import render
from courses.models import (
    Block,
    BlockProgress,
    Course,
    Enrollment,
    Invitation,
    Lesson,
    Module,
    Progress,
    Reflection,
)
from courses.services import LONGEST_REFLECTION
from courses.studio.forms import LARGEST_VALUE

ADDRESS = {"type": "string", "format": "uri-reference", "nullable": True}


class CourseSerializer(serializers.ModelSerializer):
    slug = serializers.CharField(read_only=True)
    html = serializers.SerializerMethodField(help_text="The description as students see it.")
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Course
        fields = ["id", "slug", "title", "summary", "description", "html", "status", "url", "created_at"]
        read_only_fields = ["created_at"]
        extra_kwargs = {"status": {"required": False}}

    def get_html(self, course: Course) -> str:
        return str(render(course.description))


class TaughtCourse(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        return Course.objects.taught_by(self.context["request"].user)


class TaughtModule(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        return Module.objects.taught_by(self.context["request"].user).select_related("course")


class TaughtLesson(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        return Lesson.objects.taught_by(self.context["request"].user).select_related("module__course")


class ModuleSerializer(serializers.ModelSerializer):
    course = TaughtCourse(queryset=Course.objects.all())

    class Meta:
        model = Module
        fields = ["id", "course", "title", "position"]
        read_only_fields = ["position"]
        validators = []  # positions are given by the services, so that they never meet


class LessonSerializer(serializers.ModelSerializer):
    module = TaughtModule(queryset=Module.objects.all())
    course = serializers.IntegerField(source="module.course_id", read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Lesson
        fields = ["id", "course", "module", "title", "summary", "minutes", "position", "edition", "status", "url"]
        read_only_fields = ["position", "edition"]
        validators = []
        extra_kwargs = {"status": {"required": False}}


class BlockSerializer(serializers.ModelSerializer):
    """Students read a block's HTML; its source and what its author has left to give are for those who teach it."""

    lesson = TaughtLesson(queryset=Lesson.objects.all())
    html = serializers.CharField(read_only=True)
    missing = serializers.CharField(
        read_only=True, help_text="What its author has left to give. Until then it is empty."
    )
    file = serializers.SerializerMethodField(help_text="The address of its picture, video or file.")
    captions = serializers.SerializerMethodField(help_text="The address of a video's captions.")
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="To change a block: the version you have read."
    )

    class Meta:
        model = Block
        fields = [
            *("id", "lesson", "kind", "title", "html", "body", "missing", "position", "file", "captions"),
            *("alt_text", "address", "rule", "rule_value", "version"),
        ]
        read_only_fields = ["position"]
        validators = []  # positions are given by the services, so that they never meet
        extra_kwargs = {"rule_value": {"max_value": 3600}, "body": {"max_length": 200_000, "allow_null": True}}

    @extend_schema_field(ADDRESS)
    def get_file(self, block: Block) -> str | None:
        return block.asset.get_absolute_url() if block.asset else None

    @extend_schema_field(ADDRESS)
    def get_captions(self, block: Block) -> str | None:
        return block.captions.get_absolute_url() if block.captions else None

    def to_representation(self, block: Block) -> dict:
        block.missing = blocks.type_of(block.kind).missing(block)
        block.html = "" if block.missing else str(render(block.body))
        shown = super().to_representation(block)
        if not self._teaches(block):
            shown["body"] = None
            if shown["missing"]:
                shown |= {"missing": _("Not ready yet."), "alt_text": "", "address": "", "file": None, "captions": None}
        return shown

    def _teaches(self, block: Block) -> bool:
        user = self.context["request"].user
        return user.is_superuser or block.lesson.module.course_id in self.context["taught"]

    def validate(self, attrs: dict) -> dict:
        if attrs.get("body", "") is None:  # as whoever does not teach it reads it
            attrs["body"] = ""
        kind = attrs.get("kind") or self.instance.kind
        if self.instance and attrs.get("kind", kind) != self.instance.kind:
            raise serializers.ValidationError({"kind": _("A block keeps its kind.")})
        if self.instance and "version" not in attrs:
            raise serializers.ValidationError({"version": _("Say which version of the block you have read.")})
        rule = attrs.get("rule", self.instance.rule if self.instance else Block.Rule.NONE)
        value = attrs.get("rule_value", self.instance.rule_value if self.instance else 0)
        if rule not in blocks.type_of(kind).rules:
            raise serializers.ValidationError({"rule": _("This part cannot be completed in that way.")})
        largest = LARGEST_VALUE.get(rule, 0)
        if largest and not 1 <= value <= largest:
            raise serializers.ValidationError(
                {"rule_value": _("For this rule, from 1 to %(largest)s.") % {"largest": largest}}
            )
        if not largest:
            attrs["rule_value"] = 0
        return attrs


class PersonSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="__str__", read_only=True)

    class Meta:
        model = User
        fields = ["id", "name"]
        read_only_fields = fields


class EnrollmentSerializer(serializers.ModelSerializer):
    user = PersonSerializer(read_only=True)

    class Meta:
        model = Enrollment
        fields = ["id", "user", "course", "role", "status", "cohort", "words", "created_at"]
        read_only_fields = fields


class JoinSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=100, allow_blank=True, default="", help_text="Of a course with a code.")
    words = serializers.CharField(
        max_length=1000, allow_blank=True, default="", help_text="To those who teach it, where they let people in."
    )
    invitation = serializers.CharField(
        max_length=40, allow_blank=True, default="", help_text="The last part of an invitation's link."
    )

    def validate_invitation(self, token: str) -> Invitation | None:
        found = Invitation.objects.select_related("course", "cohort").filter(token=token).first() if token else None
        if token and found is None:
            raise serializers.ValidationError(_("There is no such invitation."))
        return found


class EnrollSerializer(JoinSerializer):
    course = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="An invitation knows its own."
    )

    def validate(self, attrs: dict) -> dict:
        if not attrs["invitation"] and "course" not in attrs:
            raise serializers.ValidationError({"course": _("Name a course, or give an invitation.")})
        return attrs


class ProgressSerializer(serializers.ModelSerializer):
    user = PersonSerializer(read_only=True)
    course = serializers.IntegerField(source="lesson.module.course_id", read_only=True)

    class Meta:
        model = Progress
        fields = ["id", "user", "course", "lesson", "last_block", "started_at", "last_seen_at", "completed_at"]
        read_only_fields = fields


class PlaceSerializer(serializers.Serializer):
    block = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, allow_null=True, help_text="The part it was left at."
    )


class BlockProgressSerializer(serializers.ModelSerializer):
    watched_percent = serializers.IntegerField(read_only=True)

    class Meta:
        model = BlockProgress
        fields = ["block", "seen_seconds", "watched_percent", "video_second", "completed_at"]
        read_only_fields = fields


class BlockReportSerializer(serializers.Serializer):
    seconds = serializers.IntegerField(
        min_value=0, max_value=LONGEST_DAY, required=False, help_text="In view so far, altogether."
    )
    second = serializers.IntegerField(
        min_value=0, max_value=LONGEST_DAY, required=False, help_text="Where a video is now."
    )
    length = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_DAY,
        required=False,
        help_text="Its seconds; else it is taken for 600.",
    )
    watched = serializers.RegexField(
        r"^[0-9a-f]{1,25}$", required=False, help_text="Which hundredths of it ran, as hexadecimal bits."
    )


class ReflectionSerializer(serializers.ModelSerializer):
    version = serializers.CharField(read_only=True, help_text="Send it as `over` to write on.")

    class Meta:
        model = Reflection
        fields = ["block", "text", "version", "updated_at"]
        read_only_fields = fields


class ReflectedSerializer(serializers.Serializer):
    text = serializers.CharField(allow_blank=True, max_length=LONGEST_REFLECTION, trim_whitespace=False)
    over = serializers.CharField(
        allow_blank=True, max_length=40, default="", help_text="The `version` you read; empty where there was none."
    )


class RemainingSerializer(serializers.Serializer):
    block = serializers.IntegerField(source="block.pk")
    title = serializers.CharField(source="block.title")
    words = serializers.CharField()


class StillOpenSerializer(serializers.Serializer):
    detail = serializers.CharField()
    remaining = RemainingSerializer(many=True)


class WhatRemainsSerializer(serializers.Serializer):
    saved_at = serializers.DateTimeField()
    remaining = RemainingSerializer(many=True)


class MoveSerializer(serializers.Serializer):
    before = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, allow_null=True, help_text="Its next neighbour; empty: last."
    )


class LessonMoveSerializer(MoveSerializer):
    module = TaughtModule(
        queryset=Module.objects.all(), required=False, allow_null=True, help_text="Of the same course; empty: its own."
    )


class AttachSerializer(serializers.Serializer):
    use = serializers.ChoiceField(["image", "video", "captions", "file"])
    file = serializers.FileField(max_length=500, allow_empty_file=True)


class MeSerializer(serializers.ModelSerializer):
    time_zone = serializers.CharField(max_length=64, validators=[validate_time_zone])
    locale = serializers.ChoiceField(settings.LANGUAGES, allow_blank=True)

    class Meta:
        model = User
        fields = ["id", "email", "display_name", "time_zone", "locale", "is_staff", "date_joined"]
        read_only_fields = ["email", "is_staff", "date_joined"]
