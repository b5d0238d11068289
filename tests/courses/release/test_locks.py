import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses import completion, selectors, services
from courses.models import Asset, Block, CohortLessonDate, Enrollment, Lesson, Progress, QuizAttempt
from courses.release.locks import Locked, lock_of, locks_of, why_circular, with_conditions
from emotion import services as emotion_services
from tests.courses.enrollment.factories import make_cohort
from tests.emotion.factories import make_consent, open_gate
from tests.factories import enroll, make_course, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
JSON = {"content_type": "application/json"}


@pytest.fixture
def course(ines):
    return make_course(lessons=3, instructor=ines)


@pytest.fixture
def alice(client, course):
    alice = make_user("alice")
    enroll(alice, course)
    client.force_login(alice)
    return alice


@pytest.fixture
def lessons(course):
    return list(Lesson.objects.for_course(course).in_course_order())


def opens(row, **fields):
    type(row).objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()


def test_a_date_says_when(alice, lessons):
    when = datetime.datetime(timezone.now().year + 1, 12, 3, 9, tzinfo=datetime.UTC)
    opens(lessons[1], opens_at=when)
    lock = lock_of(alice, lessons[1])
    assert lock.words == f"Opens on 3 December {when.year}, 09:00"
    with timezone.override("Europe/Berlin"):
        assert lock.words.endswith("10:00")
    opens(lessons[1], opens_at=timezone.now() - DAY)
    assert lock_of(alice, lessons[1]) is None
    assert lock_of(alice, lessons[0]) is None


def test_what_comes_first_is_named_until_it_is_done(alice, lessons):
    first, second, third = lessons
    third.prerequisites.set([first, second])
    assert lock_of(alice, third).words == "After: Lesson 1.1, Lesson 1.2"
    services.complete_lesson(user=alice, lesson=first)
    assert lock_of(alice, third).words == "After: Lesson 1.2"
    services.complete_lesson(user=alice, lesson=second)
    assert lock_of(alice, third) is None


def test_a_draft_that_nobody_can_complete_locks_nothing(alice, lessons):
    lessons[1].prerequisites.add(lessons[0])
    opens(lessons[0], status="draft")
    assert lock_of(alice, lessons[1]) is None


def test_days_count_from_joining_or_from_the_cohorts_start(alice, course, lessons):
    opens(lessons[1], opens_after_days=7)
    mine = Enrollment.objects.get(user=alice)
    assert lock_of(alice, lessons[1]).opens_at == mine.created_at + 7 * DAY
    alice.time_zone = "Europe/Berlin"
    starts = timezone.localdate() + 3 * DAY
    Enrollment.objects.filter(pk=mine.pk).update(cohort=make_cohort(course, starts_on=starts))
    expected = datetime.datetime.combine(starts + 7 * DAY, datetime.time.min, tzinfo=alice.tzinfo)
    assert lock_of(alice, lessons[1]).opens_at == expected
    Enrollment.objects.filter(pk=mine.pk).update(cohort=None, created_at=timezone.now() - 8 * DAY)
    assert lock_of(alice, lessons[1]) is None


def test_a_cohorts_own_date_stands_in_for_the_others(alice, course, lessons):
    spring, autumn = make_cohort(course), make_cohort(course)
    opens(lessons[1], opens_at=timezone.now() + 30 * DAY)
    CohortLessonDate.objects.create(cohort=spring, lesson=lessons[1], opens_at=timezone.now() - DAY)
    CohortLessonDate.objects.create(cohort=autumn, lesson=lessons[0], opens_at=timezone.now() + DAY)
    assert lock_of(alice, lessons[1])
    Enrollment.objects.filter(user=alice).update(cohort=spring)
    assert lock_of(alice, lessons[1]) is None
    assert lock_of(alice, lessons[0]) is None
    Enrollment.objects.filter(user=alice).update(cohort=autumn)
    assert lock_of(alice, lessons[0]) and lock_of(alice, lessons[1])


def test_a_module_locks_all_of_its_lessons(alice, course, lessons):
    later = course.modules.create(title="Later", position=2)
    inside = later.lessons.create(title="Inside", status="published")
    later.prerequisites.add(lessons[0])
    assert lock_of(alice, inside).words == "After: Lesson 1.1"
    services.complete_lesson(user=alice, lesson=lessons[0])
    assert lock_of(alice, inside) is None
    opens(later, opens_at=timezone.now() + DAY)
    assert lock_of(alice, inside).opens_at


def test_what_was_completed_stays_open(alice, client, lessons):
    services.complete_lesson(user=alice, lesson=lessons[1])
    opens(lessons[1], opens_at=timezone.now() + DAY)
    assert lock_of(alice, lessons[1]) is None
    assert client.get(lessons[1].get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    ("role", "dated", "after"),
    [("instructor", False, False), ("assistant", False, False), ("observer", True, False), ("student", True, True)],
)
def test_who_is_locked_out(course, lessons, role, dated, after):
    bob = make_user("bob")
    enroll(bob, course, role=role)
    opens(lessons[1], opens_at=timezone.now() + DAY)
    lessons[2].prerequisites.add(lessons[0])
    assert bool(lock_of(bob, lessons[1])) is dated
    assert bool(lock_of(bob, lessons[2])) is after


def test_every_way_into_a_locked_lesson_is_closed(alice, client, course, lessons):
    lesson = lessons[1]
    quiz = make_quiz(lesson=lesson)
    text = lesson.blocks.first()
    reflection = Block.objects.create(lesson=lesson, kind="reflection", title="Think", body="?", position=9)
    lesson.prerequisites.add(lessons[0])
    for name, pk, sent in (
        ("complete", lesson.pk, {}),
        ("progress", lesson.pk, {"block": text.pk}),
        ("block-progress", text.pk, {"seconds": 30}),
        ("block-progress", text.pk, {"second": 3, "watched": "ff"}),
        ("reflection", reflection.pk, {"text": "mine"}),
        ("quizzes:submit", quiz.pk, {f"q-{q}": c for q, c in right_answers(quiz).items()}),
        ("quizzes:begin", quiz.pk, {}),
    ):
        page = client.post(reverse(name if ":" in name else f"courses:{name}", args=[pk]), sent)
        assertContains(page, "is not open yet. After: Lesson 1.1.", status_code=403)
    assertContains(client.get(lesson.get_absolute_url()), "After: Lesson 1.1.", status_code=403)
    answer = client.post(reverse("courses:complete", args=[lesson.pk]), headers={"accept": "application/json"})
    assert answer.status_code == 403 and "After: Lesson 1.1." in answer.json()["detail"]
    assert not Progress.objects.exists() and not QuizAttempt.objects.exists()
    with pytest.raises(Locked):
        completion.note_seen(user=alice, block=text, seconds=3)


def test_a_file_that_only_a_locked_lesson_shows_is_closed(alice, client, course, lessons, settings, tmp_path):
    from django.core.files.base import ContentFile

    settings.MEDIA_ROOT = tmp_path
    asset = Asset(course=course, name="answers.txt", content_type="text/plain", size=2, sha256="0")
    asset.file.save("answers.txt", ContentFile(b"42"))
    Block.objects.create(lesson=lessons[1], kind="file", title="Answers", position=9, asset=asset)
    opens(lessons[1], opens_at=timezone.now() + DAY)
    assert client.get(asset.get_absolute_url()).status_code == 403
    Block.objects.create(lesson=lessons[0], kind="file", title="Answers", position=9, asset=asset)
    assert client.get(asset.get_absolute_url()).status_code == 200


def test_emotion_is_closed_where_the_lesson_is(alice, client, course, lessons):
    open_gate()
    make_consent(alice, course)
    lessons[1].prerequisites.add(lessons[0])
    with pytest.raises(emotion_services.Refused, match=r"After: Lesson 1\.1"):
        emotion_services.start_session(user=alice, lesson=lessons[1])
    started = client.post("/api/v1/lesson-sessions/", {"lesson": lessons[1].pk}, **JSON)
    assert started.status_code == 403 and "After: Lesson 1.1" in started.json()["detail"]
    said = client.post(f"/api/v1/lessons/{lessons[1].pk}/self-reports/", {"state": "confused"}, **JSON)
    assert said.status_code == 403 and "After: Lesson 1.1" in said.json()["detail"]
    assert client.post("/api/v1/lesson-sessions/", {"lesson": lessons[0].pk}, **JSON).status_code == 201


def test_the_outline_says_why_and_home_offers_what_is_open(alice, client, course, lessons):
    opens(lessons[0], opens_at=timezone.now() + DAY)
    lessons[2].prerequisites.add(lessons[0])
    page = client.get(course.get_absolute_url())
    assertContains(page, "Opens on ")
    assertContains(page, "After: Lesson 1.1")
    assertContains(page, f'href="/lessons/{lessons[1].pk}/"')
    assertNotContains(page, f'href="/lessons/{lessons[2].pk}/"')
    home = selectors.home(alice)
    assert home.resume.next_open.lesson == lessons[1]
    answer = client.post(reverse("courses:complete", args=[lessons[1].pk]))
    assert answer.url == course.get_absolute_url()
    assertContains(client.get("/home/"), "Opens on ")
    assert selectors.home(alice).resume is None


def test_many_lessons_cost_as_much_as_few(alice, course):
    cohort = make_cohort(course)
    Enrollment.objects.filter(user=alice).update(cohort=cohort)
    for number in range(2, 5):
        module = course.modules.create(title=f"M{number}", position=number)
        module.prerequisites.add(Lesson.objects.for_course(course).first())
        for position in range(1, 6):
            lesson = module.lessons.create(title=f"L{position}", position=position, status="published")
            lesson.prerequisites.add(Lesson.objects.for_course(course).first())
            CohortLessonDate.objects.create(cohort=cohort, lesson=lesson, opens_at=timezone.now() + DAY)
    # lessons; progress; my enrollment with cohort; its dates; what lessons need; what modules need
    with assertNumQueries(6):
        outline = selectors.outline(alice, course)
    assert sum(bool(item.lock) for item in outline.lessons) == 15


def test_a_course_without_dates_pays_nothing(alice, lessons):
    rows = list(with_conditions(Lesson.objects.all()).select_related("module"))
    with assertNumQueries(0):
        assert locks_of(alice, rows) == {}


def test_circles_are_refused_in_words(course, lessons):
    first, second, third = lessons
    second.prerequisites.add(first)
    third.prerequisites.add(second)
    assert why_circular(course, row=third, wanted=[first]) == ""
    assert why_circular(course, row=first, wanted=[first]) == "“Lesson 1.1” cannot come after itself."
    words = why_circular(course, row=first, wanted=[third])
    assert words.startswith("This goes in a circle: “Lesson 1.1” comes after “Lesson 1.3”")
    assert "belong to another course" in why_circular(
        course, row=first, wanted=[make_course().modules.get().lessons.first()]
    )
    assert "comes after" in why_circular(course, row=first.module, wanted=[first]) or "itself" in why_circular(
        course, row=first.module, wanted=[first]
    )


def test_an_instructor_sets_them_on_the_lessons_page(client, ines, course, lessons):
    client.force_login(ines)
    address = reverse("admin:courses_lesson_change", args=[lessons[0].pk])
    page = client.get(address)
    assertContains(page, "Prerequisites")
    other = make_course("Elsewhere").modules.get().lessons.first()
    offered = page.context["adminform"].form.fields["prerequisites"].queryset
    assert lessons[1] in offered and other not in offered

    sent = {"module": lessons[0].module_id, "title": "First", "minutes": 5, "edition": 1, "status": "published"}
    sent |= {f"{name}-{count}_FORMS": 0 for name in ("blocks", "cohort_dates") for count in ("TOTAL", "INITIAL")}
    assert client.post(address, {**sent, "prerequisites": [lessons[1].pk], "opens_after_days": 3}).status_code == 302
    lessons[0].refresh_from_db()
    assert (lessons[0].opens_after_days, list(lessons[0].prerequisites.all())) == (3, [lessons[1]])

    address = reverse("admin:courses_lesson_change", args=[lessons[1].pk])
    refused = client.post(address, {**sent, "prerequisites": [lessons[0].pk]})
    assertContains(refused, "This goes in a circle")
