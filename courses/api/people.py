"""Who takes a course and who may: places, cohorts, invitations and lists of people, over REST."""

from typing import Any

from django.db.models import Q
from django.forms import model_to_dict
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.api import filters
from courses.api.base import Conflict, CourseAPI, TaughtAPI, checked, formed, require_teacher, taught_course
from courses.api.serializers import EnrollmentSerializer, EnrollSerializer, TaughtCourse
from courses.enrollment import forms, roster, services
from courses.enrollment.models import INVITED_CHOICES
from courses.models import Cohort, Course, Enrollment, Invitation

ROW = {"min_value": 1, "max_value": 2**63 - 1}


class MembershipSerializer(serializers.Serializer):
    role = serializers.ChoiceField(Enrollment.Role.choices, required=False)
    cohort = serializers.IntegerField(**ROW, required=False, allow_null=True)


class AnswerSerializer(serializers.Serializer):
    accept = serializers.BooleanField()


def enrolled(view, course: Course, *, code: str, words: str, invitation: Invitation | None) -> dict[str, Any]:
    try:
        enrollment = services.enroll_student(
            user=view.request.user, course=course, code=code, words=words, invitation=invitation
        )
    except services.CourseNotOpen as error:
        raise Conflict(str(error)) from None
    return EnrollmentSerializer(enrollment, context=view.get_serializer_context()).data


class Enrollments(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """One's own, and those of the courses one teaches or assists in."""

    serializer_class = EnrollmentSerializer
    filterset_class = filters.EnrollmentFilter
    permission_classes = [IsAuthenticated]

    def get_queryset(self):
        rows = Enrollment.objects.select_related("user")
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        user = self.request.user  # the page of people is open to assistants too
        return rows.filter(Q(user_id=user.pk) | Q(course__in=Course.objects.staffed_by(user)))

    @extend_schema(request=EnrollSerializer, responses={201: EnrollmentSerializer})
    def create(self, request):
        """Take a course, with its code or an invitation where it asks for one; `status` says what came of it. Doing it
        twice is doing it once."""
        sent = checked(EnrollSerializer, request)
        course, invitation = sent.pop("course", None), sent["invitation"]
        if course is None:
            return Response(enrolled(self, invitation.course, **sent), status=status.HTTP_201_CREATED)
        found = get_object_or_404(Course.objects.visible_to(request.user), pk=course)
        return Response(enrolled(self, found, **sent), status=status.HTTP_201_CREATED)

    @extend_schema(request=MembershipSerializer, responses={200: EnrollmentSerializer})
    def partial_update(self, request, pk=None):
        """Give somebody another role or cohort, in a course you teach."""
        enrollment, sent = self._taught(), checked(MembershipSerializer, request)
        now = {"role": enrollment.role, "cohort": enrollment.cohort_id}
        wanted = formed(forms.MembershipForm(now | sent, course=enrollment.course))
        try:
            services.change_membership(enrollment=enrollment, **wanted)
        except (services.LastInstructor, services.NoSeat) as error:
            raise Conflict(str(error)) from None
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """Leave a course; or, in one you teach, take somebody out. What they did there is kept."""
        enrollment = self.get_object()
        if enrollment.user_id == request.user.pk:
            services.withdraw_student(user=request.user, course=enrollment.course)
            return Response(status=status.HTTP_204_NO_CONTENT)
        try:
            services.remove_person(enrollment=self._taught())
        except services.LastInstructor as error:
            raise Conflict(str(error)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=AnswerSerializer, responses={200: EnrollmentSerializer})
    @action(methods=["post"], detail=True)
    def answer(self, request, pk=None):
        """Let somebody in who asked to join a course you teach, or decline."""
        enrollment, sent = self._taught(), checked(AnswerSerializer, request)
        services.answer_request(enrollment=enrollment, accept=sent["accept"])
        return Response(self.get_serializer(self.get_object()).data)

    def _taught(self) -> Enrollment:
        enrollment = self.get_object()
        require_teacher(self.request.user, enrollment.course)
        return enrollment


class CohortSerializer(serializers.ModelSerializer):
    course = TaughtCourse(queryset=Course.objects.all())

    class Meta:
        model = Cohort
        fields = ["id", "course", "name", "starts_on", "ends_on"]
        validators = []  # they are the form's


class Cohorts(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, TaughtAPI):
    """Those who take a course together, in the courses you teach. Without it, its people stay in the course."""

    serializer_class = CohortSerializer
    filterset_class = filters.CohortFilter
    rows = Cohort.objects.all

    @extend_schema(request=CohortSerializer, responses={201: CohortSerializer})
    def create(self, request):
        """Make a cohort of a course you teach."""
        sent = checked(CohortSerializer, request)
        form = forms.CohortForm(sent, instance=Cohort(course=sent["course"]))
        formed(form)
        return Response(CohortSerializer(form.save()).data, status=status.HTTP_201_CREATED)


class InvitationSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField(help_text="The link to give away.")
    email = serializers.CharField(read_only=True, help_text="Empty: for whoever has the link.")

    class Meta:
        model = Invitation
        fields = [
            *("id", "course", "url", "token", "email", "role", "cohort", "most_uses", "uses", "expires_at"),
            *("revoked_at", "created_at"),
        ]
        read_only_fields = fields

    def get_url(self, invitation: Invitation) -> str:
        return self.context["request"].build_absolute_uri(invitation.get_absolute_url())


class NewInvitationSerializer(serializers.Serializer):
    course = TaughtCourse(queryset=Course.objects.all())
    role = serializers.ChoiceField(INVITED_CHOICES, default="student")
    cohort = serializers.IntegerField(**ROW, required=False, allow_null=True)
    most_uses = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, allow_null=True, help_text="Empty: any number."
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class Invitations(mixins.ListModelMixin, mixins.RetrieveModelMixin, TaughtAPI):
    """The links into the courses you teach."""

    serializer_class = InvitationSerializer
    filterset_class = filters.InvitationFilter
    rows = Invitation.objects.all

    @extend_schema(request=NewInvitationSerializer, responses={201: InvitationSerializer})
    def create(self, request):
        """Make a link into a course you teach."""
        sent = checked(NewInvitationSerializer, request)
        course = sent.pop("course")
        wanted = formed(forms.InvitationForm(sent, course=course))
        made = services.make_invitation(course=course, made_by=request.user, **wanted)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """Take a link back. Who came by it stays."""
        services.revoke_invitation(invitation=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class JoiningSerializer(serializers.ModelSerializer):
    moved_up = serializers.IntegerField(read_only=True, default=0, help_text="Who came in from the waiting list by it.")

    class Meta:
        model = Course
        fields = ["enrollment", "enrollment_code", "seats", "moved_up"]
        extra_kwargs = {"seats": {"max_value": 2**31 - 1}}


class Joining(APIView):
    """Who may join a course you teach, and how many."""

    @extend_schema(responses=JoiningSerializer)
    def get(self, request, pk: int):
        return Response(JoiningSerializer(taught_course(request, pk)).data)

    @extend_schema(request=JoiningSerializer(partial=True), responses=JoiningSerializer)
    def patch(self, request, pk: int):
        """A course with a code and none given makes one up."""
        course = taught_course(request, pk)
        sent = JoiningSerializer(course, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        now = model_to_dict(course, forms.JoiningForm.Meta.fields)
        wanted = formed(forms.JoiningForm(now | sent.validated_data, instance=course))
        moved = services.set_joining(
            course=course, mode=wanted["enrollment"], code=wanted["enrollment_code"], seats=wanted["seats"]
        )
        return Response(JoiningSerializer(Course.objects.get(pk=pk)).data | {"moved_up": len(moved)})


class PeopleSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=forms.LARGEST_FILE, help_text="CSV: email, and name, role, cohort.")
    invite = serializers.BooleanField(default=False, help_text="Mail those who have no account.")
    confirm = serializers.BooleanField(default=False, help_text="Do it; otherwise the answer is what it would do.")


class LineSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    email = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    cohort = serializers.IntegerField(source="cohort.pk", default=None, allow_null=True)
    action = serializers.CharField()
    words = serializers.CharField()
    error = serializers.CharField()


class PlanSerializer(serializers.Serializer):
    done = serializers.BooleanField()
    summary = serializers.DictField(child=serializers.IntegerField())
    lines = LineSerializer(many=True)


class PeopleImport(APIView):
    """Many people at once into a course you teach."""

    @extend_schema(request=PeopleSerializer, responses={200: PlanSerializer, 422: PlanSerializer})
    def post(self, request, pk: int):
        """What a list would do, and with `confirm` all of it, or nothing where a line has an error (422)."""
        course, sent = taught_course(request, pk), checked(PeopleSerializer, request)
        what = {"course": course, "text": sent["text"], "invite": sent["invite"]}
        try:
            if sent["confirm"]:
                plan = roster.carry_out(**what, made_by=request.user, site=request.build_absolute_uri("/"))
            else:
                plan = roster.plan_import(**what)
        except roster.Unreadable as error:
            raise serializers.ValidationError({"text": [str(error)]}) from None
        except roster.NotAsPlanned as error:
            return Response(_told(error.plan, done=False), status=422)
        return Response(_told(plan, done=sent["confirm"]))


def _told(plan: roster.Plan, *, done: bool) -> dict[str, Any]:
    return PlanSerializer({"done": done, "summary": plan.summary, "lines": plan.lines}).data
