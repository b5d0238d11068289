import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from courses.enrollment import roster
from courses.enrollment.mail import send_invitations
from courses.models import Enrollment, Invitation
from tests.courses.enrollment.factories import confirm_address, make_cohort
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def course():
    return make_course(instructor=make_instructor("ines"))


def do(course, text, *, invite=False):
    ines = course.enrollments.instructors().get().user
    return roster.carry_out(course=course, text=text, invite=invite, made_by=ines, site="https://attune.example/")


@pytest.mark.parametrize(
    "content",
    [
        b"email,name,role,cohort\nalice@example.org,Alice,student,Spring\n",
        "\ufeffEmail;Role;Cohort\r\nAlice@Example.org;Student;spring\r\n".encode(),
        b'cohort\temail\n"Spring"\talice@example.org\n\n',
    ],
)
def test_the_usual_files_are_read(course, content):
    alice, spring = make_user("alice"), make_cohort(course, "Spring")
    do(course, roster.decode(content))
    mine = Enrollment.objects.get(user=alice)
    assert (mine.role, mine.status, mine.cohort) == ("student", "active", spring)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nAlice\n", "first line names the columns"),
        ("email\n", "nobody in this file"),
        ("email,colour\na@b.org,red\n", "no column “colour”"),
        ("email,email\na@b.org,a@b.org\n", "there twice"),
        ("email\n" + "".join(f"p{i}@x.org\n" for i in range(5001)), "5000 people at once"),
    ],
)
def test_a_file_that_is_no_list_says_so(course, text, words):
    with pytest.raises(roster.Unreadable, match=words):
        roster.plan_import(course=course, text=text, invite=False)


def test_another_encoding_says_so():
    with pytest.raises(roster.Unreadable, match="UTF-8"):
        roster.decode("email\nrenée@example.org".encode("latin-1"))


def test_each_error_has_its_line_and_nothing_is_done(course):
    alice = make_user("alice")
    text = (
        "email,role,cohort\nalice@example.org,,\nnobody,,\n\nbob@example.org,,\nALICE@example.org,,\n"
        "dora@example.org,king,\nemil@example.org,,Autumn\nines@example.org,student,\n"
    )
    plan = roster.plan_import(course=course, text=text, invite=False)
    assert {line.number: line.error.split(".")[0] for line in plan.errors} == {
        3: "“nobody” is not an e-mail address",
        5: "Nobody here has this address",
        6: "This address is in line 2 already",
        7: "“king” is no role; the roles are student, assistant, instructor, observer",
        8: "This course has no cohort “Autumn”",
        9: "Teaches this course; change their role on the page of people",
    }
    with pytest.raises(roster.NotAsPlanned):
        do(course, text)
    assert not Enrollment.objects.filter(user=alice).exists()


def test_planning_changes_nothing_and_costs_the_same(course, django_assert_num_queries):
    for i in range(20):
        make_user(f"p{i}")
    text = "email\n" + "".join(f"p{i}@example.org\n" for i in range(20))
    # cohorts; users; their enrollments; open invitations; does anybody wait
    with django_assert_num_queries(5):
        plan = roster.plan_import(course=course, text=text, invite=True)
    assert plan.summary == {"enroll": 20, "change": 0, "invite": 0, "nothing": 0}
    assert not course.enrollments.students().exists()


def test_what_is_so_already_is_left_and_what_differs_changes(course):
    alice, bob, charlie = (make_user(name) for name in ("alice", "bob", "charlie"))
    confirm_address(bob)
    enroll(alice, course), enroll(bob, course), enroll(charlie, course, status="withdrawn")
    plan = do(course, "email,role\nalice@example.org,student\nbob@example.org,observer\ncharlie@example.org,\n")
    assert plan.summary == {"enroll": 1, "change": 1, "invite": 0, "nothing": 1}
    roles = {e.user.email[:3]: (e.role, e.status) for e in course.enrollments.exclude(role="instructor")}
    assert roles == {"ali": ("student", "active"), "bob": ("observer", "active"), "cha": ("student", "active")}


def test_beyond_the_seats_people_wait(course):
    course.seats = 1
    course.save()
    make_user("alice"), make_user("bob")
    plan = do(course, "email\nalice@example.org\nbob@example.org\n")
    assert [line.words for line in plan.lines] == ["Is enrolled.", "Goes on the waiting list: all seats are taken."]
    assert [e.status for e in course.enrollments.students()] == ["active", "waiting"]


def test_strangers_get_one_mail_each_that_shows_nobody_else(course):
    text = "email,name,role\nzoe@example.org,Zoë,observer\nyan@example.org,,\n"
    do(course, text, invite=True)
    send_invitations()
    assert sorted(message.to for message in mail.outbox) == [["yan@example.org"], ["zoe@example.org"]]
    assert not any(message.cc or message.bcc for message in mail.outbox)
    zoe = Invitation.objects.get(email="zoe@example.org")
    [hers] = [message for message in mail.outbox if message.to == ["zoe@example.org"]]
    assert f"https://attune.example/join/{zoe.token}/" in hers.body and "Hello Zoë," in hers.body
    assert "yan@" not in hers.body
    assert not course.enrollments.exclude(role="instructor").exists()

    plan = do(course, text, invite=True)  # the same file again
    send_invitations()
    assert plan.summary["nothing"] == 2 and len(mail.outbox) == 2


def test_nobody_is_made_an_instructor_by_mail(course):
    plan = roster.plan_import(course=course, text="email,role\nzoe@example.org,instructor\n", invite=True)
    assert "need an account first" in plan.errors[0].error


ROLES = ["assistant", "observer", "instructor"]


@pytest.mark.parametrize("role", ROLES)
def test_an_address_that_nobody_confirmed_makes_nobody_more_than_a_student(client, course, role):
    """Mallory signed up with the address of somebody else, who is to help to teach."""
    mallory = make_user("mallory", email="Teacher.Aide@school.example")
    line = f"email,role\nteacher.aide@school.example,{role}\n"
    with pytest.raises(roster.NotAsPlanned) as refused:
        do(course, line)
    assert "never confirmed its address. Tick “invite”" in refused.value.plan.errors[0].error
    client.force_login(mallory)
    gradebook = reverse("gradebook:gradebook", args=[course.slug])
    if role == "instructor":
        plan = roster.plan_import(course=course, text=line, invite=True)
        assert "has to confirm its address first" in plan.errors[0].error
    else:
        plan = do(course, line, invite=True)
        assert "an invitation goes there by e-mail" in plan.lines[0].words
        assert do(course, line, invite=True).summary["nothing"] == 1, "no second mail"
    assert client.get(gradebook).status_code == 404
    assert not mallory.enrollments.exists()

    enroll(mallory, course)  # the course is open to all
    plan = roster.plan_import(course=course, text=line, invite=True)
    assert "change its role on the page of people" in plan.errors[0].error


@pytest.mark.parametrize("role", ROLES)
def test_who_showed_that_an_address_is_theirs_gets_the_role(course, role):
    anton, ivo, mallory = make_user("anton"), make_instructor("ivo"), make_user("mallory")
    EmailAddress.objects.create(user=mallory, email="own@example.org", verified=True)
    EmailAddress.objects.create(user=mallory, email=mallory.email, verified=False)
    confirm_address(anton)
    do(course, f"email,role\nanton@example.org,{role}\nivo@example.org,{role}\n")
    assert [anton.enrollments.get().role, ivo.enrollments.get().role] == [role, role]
    plan = roster.plan_import(course=course, text=f"email,role\nmallory@example.org,{role}\n", invite=False)
    assert plan.errors, "another address that is theirs counts for nothing"


def test_as_a_student_and_in_the_role_they_have_everybody_is_known(course):
    alice, anton = make_user("alice"), make_user("anton")
    enroll(anton, course, role="assistant")
    plan = do(course, "email,role\nalice@example.org,student\nanton@example.org,assistant\n")
    assert plan.summary == {"enroll": 1, "change": 0, "invite": 0, "nothing": 1}
    assert alice.enrollments.get().status == "active"
