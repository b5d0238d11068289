"""Who reads whose history, and from how many students up a class is shown."""

import pytest
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from courses.models import Block
from emotion import consents, selectors, services
from emotion.core.labels import EXPRESSIONS
from emotion.models import EmotionReading
from tests.emotion.factories import ALLOWED, SHARED, make_bucket, make_class, make_consent, make_session
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


def places(timeline) -> list[tuple[int, int]]:
    return [(point["block"], point["seconds"]) for point in timeline["points"]]


# A class


def test_below_five_students_a_class_is_not_shown(lesson):
    make_class(lesson, 4)
    assert selectors.class_timeline(lesson=lesson) == {"students": None, "points": [], "blocks": []}


def test_one_student_in_five_sessions_is_no_class(session, lesson):
    for _ in range(5):
        make_bucket(make_session(session.user, lesson))
    assert selectors.class_timeline(lesson=lesson)["students"] is None


def test_from_five_students_up_it_is(lesson):
    for number, session in enumerate(make_class(lesson, 5, place=1, neutral=2, sadness=8)):
        make_bucket(session, place=0, faces=number + 1, happiness=number + 1)
    timeline = selectors.class_timeline(lesson=lesson)
    block = lesson.blocks.first()
    assert timeline["students"] == 5
    assert timeline["blocks"] == [{"number": b.pk, "title": b.title} for b in lesson.blocks.all()]
    assert places(timeline) == [(block.pk, 0), (block.pk, 10)]
    first, second = timeline["points"]
    assert (first["faces"], first["expressions"]["happiness"]) == (15, 0.8)  # of five, as if one did not
    assert second["expressions"] == {**dict.fromkeys(EXPRESSIONS, 0), "neutral": 0.2, "sadness": 0.8}


def test_a_place_that_fewer_than_five_reached_is_left_out(lesson):
    sessions = make_class(lesson, 6, place=0)
    for session in sessions[:5]:
        make_bucket(session, place=1)
    for session in sessions[:4]:
        make_bucket(session, place=2)
        make_bucket(session, place=3)
    assert [seconds for _, seconds in places(selectors.class_timeline(lesson=lesson))] == [0, 10]


def test_five_who_were_there_do_not_show_the_face_of_one(lesson):
    """Four had no face in view: a mean over the fifth would be that student's own expression."""
    sessions = make_class(lesson, 5, place=0)
    for session in sessions[:4]:
        make_bucket(session, place=1, faces=0, no_face=10)
    make_bucket(sessions[4], place=1, faces=10, sadness=10)
    assert [seconds for _, seconds in places(selectors.class_timeline(lesson=lesson))] == [0]


def test_the_learning_states_of_a_class_are_shares_of_its_windows(lesson):
    make_class(lesson, 5, confused=1, unsure=3)
    [point] = selectors.class_timeline(lesson=lesson)["points"]
    assert (point["windows"], point["states"]["confused"], point["states"]["unsure"]) == (20, 0.25, 0.75)


def test_five_who_were_there_do_not_show_the_state_of_one(lesson):
    make_class(lesson, 4)
    make_class(lesson, 1, frustrated=2)
    [point] = selectors.class_timeline(lesson=lesson)["points"]
    assert (point["windows"], point["states"]) == (0, None)
    assert selectors.describe_states([point]) == ""


def test_states_in_a_sentence_begin_with_the_commonest_and_say_what_was_not_told(lesson):
    make_class(lesson, 5, confused=1, engaged=2, unsure=1)
    points = selectors.class_timeline(lesson=lesson)["points"]
    expected = "Looked engaged 50%, confused 25% of the time; 25% of the time there was no telling."
    assert selectors.describe_states(points) == expected


def test_states_that_were_never_told_are_said_to_be_so(session):
    make_bucket(session, unsure=3)
    timeline = selectors.own_timeline(user=session.user, lesson=session.lesson)
    assert selectors.describe_states(timeline["points"]) == "There was no telling how it went."


def test_an_earlier_edition_of_the_text_is_left_out(lesson):
    make_class(lesson, 5)
    lesson.edition = 2
    lesson.save()
    assert selectors.class_timeline(lesson=lesson)["points"] == []


def test_another_lesson_is_left_out(lesson):
    make_class(lesson, 5)
    assert selectors.class_timeline(lesson=lesson.module.lessons.last())["students"] is None


def test_erased_students_no_longer_count(lesson):
    sessions = make_class(lesson, 5)
    services.erase_history(user=sessions[0].user)
    assert selectors.class_timeline(lesson=lesson)["students"] is None


# One's own


def test_ones_own_timeline_is_only_ones_own(session, lesson, ines):
    make_bucket(session, place=3, faces=4, fear=1, neutral=3)
    make_class(lesson, 5)
    timeline = selectors.own_timeline(user=session.user, lesson=lesson)
    assert places(timeline) == [(lesson.blocks.first().pk, 30)]
    (point,) = timeline["points"]
    assert (point["faces"], point["expressions"]["fear"], point["expressions"]["neutral"]) == (4, 0.25, 0.75)
    assert selectors.own_timeline(user=ines, lesson=lesson)["points"] == []


def test_minutes_and_sessions_of_a_place_are_added_up(session, lesson):
    make_bucket(session, faces=1, happiness=1)
    make_bucket(make_session(session.user, lesson), faces=3, sadness=3)
    (point,) = selectors.own_timeline(user=session.user, lesson=lesson)["points"]
    assert (point["faces"], point["expressions"]["happiness"], point["expressions"]["sadness"]) == (4, 0.25, 0.75)


def test_points_run_in_the_order_of_the_lesson(session, lesson):
    first, second = lesson.blocks.all()
    first.position, second.position = 9, 1
    first.save()
    second.save()
    for block, place in ((first, 0), (second, 1), (second, 0)):
        make_bucket(session, block=block, place=place)
    timeline = selectors.own_timeline(user=session.user, lesson=lesson)
    assert places(timeline) == [(second.pk, 0), (second.pk, 10), (first.pk, 0)]


def test_a_place_where_no_face_was_read_is_told_as_such(session, lesson):
    make_bucket(session, faces=0, no_face=3, several_faces=2, unclear=1, happiness=0)
    timeline = selectors.own_timeline(user=session.user, lesson=lesson)
    (point,) = timeline["points"]
    assert (point["expressions"], point["no_face"], point["several_faces"], point["unclear"]) == (None, 3, 2, 1)
    assert selectors.table_rows(timeline)[0]["percentages"] == [None] * len(EXPRESSIONS)
    assert selectors.table_rows(timeline)[0]["other"] == 6
    assert selectors.describe_timeline(timeline["points"]) == ""


# What a student shares


@pytest.fixture
def sharing(alice, lesson):
    session = make_session(alice, lesson, share=True)
    make_bucket(session)
    return session


def shared(viewer, session):
    lesson = session.lesson
    timeline = selectors.shared_timeline(viewer=viewer, student_id=session.user_id, lesson=lesson)
    names = [student["name"] for student in selectors.students_who_share(viewer=viewer, lesson=lesson)]
    assert bool(names) == bool(timeline["points"])
    return names


def test_who_teaches_the_course_reads_what_is_shared(sharing, ines):
    assert shared(ines, sharing) == ["Alice"]
    assert shared(make_admin(), sharing) == ["Alice"]


def test_nobody_else_does(sharing, course):
    other = make_instructor("ivo")
    make_course(instructor=other)
    charlie = make_user("charlie")
    enroll(charlie, course)
    assistant = make_user("asta")
    enroll(assistant, course, role="assistant")
    for viewer in (other, charlie, assistant, sharing.user):
        assert shared(viewer, sharing) == []


def test_what_is_not_shared_is_not_read(session, ines):
    make_bucket(session)
    assert shared(ines, session) == []


def test_sharing_ends_with_the_consent_and_with_the_choice(sharing, ines, course):
    consents.give_consent(user=sharing.user, course=course, choices=ALLOWED)
    assert shared(ines, sharing) == []
    consents.give_consent(user=sharing.user, course=course, choices=SHARED)
    assert shared(ines, sharing) == ["Alice"]
    consents.withdraw_consent(user=sharing.user, course=course)
    assert shared(ines, sharing) == []


def test_a_new_consent_shares_nothing_of_the_time_before(sharing, ines, course):
    consents.withdraw_consent(user=sharing.user, course=course)
    make_consent(sharing.user, course, share=True)
    assert shared(ines, sharing) == []


def test_an_instructor_who_left_reads_nothing_more(sharing, ines):
    ines.enrollments.update(status="withdrawn")
    assert shared(ines, sharing) == []


def test_students_are_listed_once_by_name(lesson, ines):
    for session in make_class(lesson, 3, share=True):
        make_bucket(session, place=1)
    alice = make_user("zoe", display_name="")
    enroll(alice, lesson.course)
    make_bucket(make_session(alice, lesson, share=True))
    make_session(make_user("silent"), lesson, share=True)  # shares, but has nothing to show
    rows = selectors.students_who_share(viewer=ines, lesson=lesson)
    assert sorted(row["name"] for row in rows) == ["Student1", "Student2", "Student3", "zoe"]


def test_ones_own_history_stays_when_the_lesson_is_rewritten(session, lesson):
    first, gone = lesson.blocks.all()
    make_bucket(session, block=first, faces=4, fear=1, neutral=3)
    make_bucket(session, block=gone, place=2, faces=4, happiness=4)
    lesson.edition = 2
    lesson.save()
    Block.objects.filter(pk=gone.pk).update(removed_at=timezone.now())
    timeline = selectors.own_timeline(user=session.user, lesson=lesson)
    assert (timeline["edition"], timeline["editions"]) == (1, [1])
    assert places(timeline) == [(first.pk, 0), (gone.pk, 20)]
    assert [block["title"] for block in timeline["blocks"]] == [first.title, gone.title], "named, though it is gone"
    entry = selectors.own_course(user=session.user, course=lesson.course)[0]
    assert (entry["edition"], entry["is_former"], entry["faces"]) == (1, True, 8)

    make_bucket(session, block=first, place=5, edition=2, faces=2, sadness=2)
    now = selectors.own_timeline(user=session.user, lesson=lesson)
    assert (now["edition"], now["editions"], places(now)) == (2, [2, 1], [(first.pk, 50)])
    assert selectors.own_timeline(user=session.user, lesson=lesson, edition=1) == {**timeline, "editions": [2, 1]}
    assert selectors.own_timeline(user=session.user, lesson=lesson, edition=7)["points"] == []
    entry = selectors.own_course(user=session.user, course=lesson.course)[0]
    assert (entry["edition"], entry["is_former"], entry["faces"]) == (2, False, 2)


# A course


def test_ones_own_course_is_lesson_by_lesson(session, lesson):
    make_bucket(session, faces=4, happiness=1, sadness=3, no_face=2)
    make_bucket(make_session(session.user, lesson), place=3, faces=4, happiness=4)
    make_bucket(session, edition=9)
    make_class(lesson, 5)
    first, second = selectors.own_course(user=session.user, course=lesson.course)
    assert (first["lesson"], first["title"], first["faces"], first["no_face"]) == (lesson.pk, lesson.title, 8, 2)
    assert (first["expressions"]["happiness"], first["expressions"]["sadness"]) == (0.625, 0.375)
    assert (second["faces"], second["expressions"]) == (None, None)


def test_a_draft_is_in_ones_own_course_only_once_published(session, lesson):
    make_bucket(session)
    lesson.status = "draft"
    lesson.save()
    assert lesson.pk not in [entry["lesson"] for entry in selectors.own_course(user=session.user, course=lesson.course)]


def test_a_class_is_lesson_by_lesson_from_five_students_up(lesson):
    make_class(lesson, 5, neutral=2, sadness=8)
    second = lesson.module.lessons.last()
    make_class(second, 4)
    first, second = selectors.class_course(course=lesson.course)
    assert (first["students"], first["faces"], first["expressions"]["sadness"]) == (5, 50, 0.8)
    assert {second[name] for name in ("students", "faces", "no_face", "expressions", "as_of")} == {None}


def test_the_course_adds_up_only_what_the_lesson_shows(lesson):
    """Else the place of one student would be the difference between the two."""
    sessions = make_class(lesson, 5, neutral=10)
    make_bucket(sessions[0], place=7, faces=90, anger=90)
    for session in sessions[:4]:
        make_bucket(session, place=1, faces=0, no_face=10, happiness=0)
    make_bucket(sessions[4], place=1, faces=10, sadness=10)
    entry = selectors.class_course(course=lesson.course)[0]
    assert entry["expressions"] == {**dict.fromkeys(EXPRESSIONS, 0.0286), "neutral": 0.8}
    assert entry["faces"] == 50


def test_a_course_costs_the_same_for_many_lessons(course, alice):
    for lesson in course.modules.get().lessons.all():
        make_bucket(make_session(alice, lesson))
    with assertNumQueries(2):  # sums; lessons
        selectors.own_course(user=alice, course=course)


# Sentences and tables


def test_a_timeline_in_one_sentence():
    def point(faces, **some):
        return {"faces": faces, "expressions": {**dict.fromkeys(EXPRESSIONS, 0), **some}}

    points = [point(3, happiness=1.0), point(1, sadness=1.0), {"faces": 0, "expressions": None}]
    assert selectors.describe_timeline(points) == "Mostly happiness (75%), then sadness (25%)."


def test_a_timeline_as_a_table(session, lesson):
    make_bucket(session, place=7, faces=4, fear=1, neutral=3, no_face=2)
    gone = lesson.blocks.last()
    make_bucket(session, block=gone, place=0)
    gone.delete()
    rows = selectors.table_rows(selectors.own_timeline(user=session.user, lesson=lesson))
    assert [(row["block"], row["place"], row["faces"], row["other"]) for row in rows] == [
        ("Block 1", "1:10", 4, 2),
        ("Elsewhere", "0:00", 10, 0),
    ]
    assert rows[0]["percentages"] == [75, 0, 0, 0, 0, 0, 25, 0]


# What it costs


def test_timelines_cost_the_same_for_many_students_and_frames(lesson, ines):
    for session in make_class(lesson, 12, share=True):
        for place in range(1, 6):
            make_bucket(session, place=place)
    alice = session.user
    selectors.class_timeline(lesson=lesson)
    with assertNumQueries(5):  # what was put together; whether there is any; sums; who is let in; blocks
        assert len(selectors.class_timeline(lesson=lesson)["points"]) == 6
    with assertNumQueries(2):  # blocks; sums
        selectors.own_timeline(user=alice, lesson=lesson)
    with assertNumQueries(2):  # blocks; sums of the shared sessions
        selectors.shared_timeline(viewer=ines, student_id=alice.pk, lesson=lesson)
    with assertNumQueries(1):  # sessions with their students
        assert len(selectors.students_who_share(viewer=ines, lesson=lesson)) == 12
    assert not EmotionReading.objects.exists()  # timelines read buckets only
