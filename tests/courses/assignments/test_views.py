from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from courses import services as learning
from courses.assignments import deadlines, grades, services
from courses.assignments.signals import marks_released
from courses.models import Enrollment, Lesson, Mark, Notification, Progress, Submission, SubmissionFile
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def lesson(ines) -> Lesson:
    make_course(lessons=1, blocks=0, instructor=ines)
    return Lesson.objects.get()


@pytest.fixture
def alice(client, lesson):
    alice = make_user("alice")
    enroll(alice, lesson.course)
    client.force_login(alice)
    return alice


def url(name, *args):
    return reverse(f"assignments:{name}", args=args)


def hand_in(client, assignment, **fields):
    return client.post(url("hand-in", assignment.pk), fields, follow=True)


def mark(client, submission, **fields):
    return client.post(url("grade", submission.pk), fields, follow=True)


def test_a_draft_is_kept_and_handed_in_once(client, alice, lesson):
    assignment = make_assignment(lesson=lesson)
    saved = client.post(url("save", assignment.pk), {"text": "Half a"}, headers=JSON)
    assert saved.json()["saved_at"]
    assertContains(client.get(lesson.get_absolute_url()), "Half a")
    assertContains(hand_in(client, assignment, text="Half a thought, now whole."), "Handed in")
    hand_in(client, assignment)  # the second half of a double press
    submission = Submission.objects.get()
    assert (submission.text, submission.submitted_at is not None) == ("Half a thought, now whole.", True)


def test_two_tabs_write_in_one_draft(alice, lesson):
    assignment = make_assignment(lesson=lesson)
    services.save_draft(user=alice, assignment=assignment, text="One")
    services.save_draft(user=alice, assignment=assignment, text="Two")
    assert Submission.objects.get().text == "Two"


def test_nothing_cannot_be_handed_in(client, alice, lesson):
    assignment = make_assignment(lesson=lesson)
    assertContains(hand_in(client, assignment, text="  "), "nothing to hand in yet")
    assert not Submission.objects.submitted().exists()


def test_it_is_handed_in_again_as_often_as_allowed(client, alice, lesson):
    assignment = make_assignment(lesson=lesson, resubmissions=1)
    hand_in(client, assignment, text="First")
    assertContains(client.get(lesson.get_absolute_url()), "Hand in once more")
    hand_in(client, assignment, text="Second")
    page = hand_in(client, assignment, text="Third")
    assertContains(page, "as often as it is taken")
    assertNotContains(page, "data-draft-state")
    assert [s.text for s in Submission.objects.order_by("number")] == ["First", "Second"]


def test_after_the_last_day_nothing_is_taken(client, alice, lesson):
    now = timezone.now()
    assignment = make_assignment(lesson=lesson, due_at=now - timedelta(days=2), late_until=now - timedelta(hours=1))
    assertContains(client.get(lesson.get_absolute_url()), "no longer taken")
    assert client.post(url("save", assignment.pk), {"text": "x"}, headers=JSON).status_code == 422
    hand_in(client, assignment, text="Please")
    assert not Submission.objects.exists()


def test_a_draft_that_is_open_when_it_closes_is_not_handed_in_later(client, alice, lesson):
    assignment = make_assignment(lesson=lesson)
    services.save_draft(user=alice, assignment=assignment, text="Nearly")
    type(assignment).objects.update(late_until=timezone.now() - timedelta(minutes=1))
    hand_in(client, assignment)
    assert not Submission.objects.submitted().exists()
    assert Submission.objects.get().text == "Nearly"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.exe", b"MZ", "Files of these kinds"),
        ("a.png", b"<script>", "not a PNG file"),
        ("a.pdf", b"PK", "not a PDF file"),
        ("a.txt", b"", "empty"),
        ("a.txt", b"0" * (1024 * 1024 + 1), "1 MB is the most"),
    ],
)
def test_a_file_that_is_not_taken_says_why(client, alice, lesson, name, content, words):
    assignment = make_assignment(lesson=lesson, largest_mb=1)
    answer = client.post(url("add-file", assignment.pk), {"file": SimpleUploadedFile(name, content)}, headers=JSON)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert not SubmissionFile.objects.exists()


def test_files_are_for_their_writer_and_those_who_mark(client, alice, lesson, ines, files):
    assignment = make_assignment(lesson=lesson, most_files=1)
    post = lambda: client.post(url("add-file", assignment.pk), {"file": SimpleUploadedFile("a.png", PNG)}, headers=JSON)  # noqa: E731
    assert post().status_code == 200
    assert "1 files are the most" in post().json()["detail"]
    kept = SubmissionFile.objects.get()
    address = url("file", kept.pk, kept.name)
    assert client.get(address)["Content-Disposition"].startswith("attachment")
    client.force_login(ines)
    assert client.get(address).status_code == 404, "a draft is its writer's alone"
    services.hand_in(user=alice, assignment=assignment)
    assert client.get(address).status_code == 200
    bob = make_user("bob")
    enroll(bob, lesson.course)
    for outsider in (bob, make_user("charlie"), make_instructor("ivo")):
        client.force_login(outsider)
        assert client.get(address).status_code == 404
    assistant = make_user("anna")
    enroll(assistant, lesson.course, role="assistant")
    client.force_login(assistant)
    assert client.get(address).status_code == 200


def test_a_file_leaves_the_disk_with_its_draft_and_stays_once_handed_in(
    client, alice, lesson, files, django_capture_on_commit_callbacks
):
    assignment = make_assignment(lesson=lesson)
    for name in ("a.png", "b.png"):
        services.add_file(user=alice, assignment=assignment, upload=SimpleUploadedFile(name, PNG))
    first, second = SubmissionFile.objects.all()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("remove-file", first.pk))
    services.hand_in(user=alice, assignment=assignment)
    assertContains(client.post(url("remove-file", second.pk), follow=True), "stays as it was")
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1
    with django_capture_on_commit_callbacks(execute=True):
        learning.erase_learning(alice)
    assert not [path for path in files.rglob("*") if path.is_file()]


def test_marks_are_seen_when_they_are_released_all_together(
    client, alice, lesson, ines, django_capture_on_commit_callbacks
):
    assignment = make_assignment(lesson=lesson, rubric=True)
    bob = make_user("bob")
    enroll(bob, lesson.course)
    hers, his = make_submission(alice, assignment), make_submission(bob, assignment)
    clear, right = assignment.criteria.all()
    client.force_login(ines)
    page = mark(client, hers, **{f"level-{clear.pk}": 0, f"level-{right.pk}": 1, "comment": "Well argued."})
    assert page.redirect_chain[-1][0] == url("grade", his.pk), "on to the next without a mark"
    assertContains(
        mark(client, his, **{f"level-{clear.pk}": 2, "comment": "kept words"}), "kept words", status_code=422
    )
    mark(client, his, **{f"level-{clear.pk}": 2, f"level-{right.pk}": 2})
    client.force_login(alice)
    assertNotContains(client.get(lesson.get_absolute_url()), "Well argued.")
    assert grades.scores(lesson.course) == {}
    heard = []
    listen = lambda assignment_id, user_ids, **kwargs: heard.append((assignment_id, user_ids))  # noqa: E731
    marks_released.connect(listen)
    client.force_login(ines)
    with django_capture_on_commit_callbacks(execute=True):
        assertContains(client.post(url("release", assignment.pk), follow=True), "2 marks are out")
    marks_released.disconnect(listen)
    assert heard == [(assignment.pk, [alice.pk, bob.pk])]
    told = Notification.objects.filter(kind="marks").values_list("user__display_name", "url")
    assert sorted(told) == [("Alice", assignment.get_absolute_url()), ("Bob", assignment.get_absolute_url())]
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "Well argued.")
    assertContains(page, "6 / 8")
    key = f"assignment-{assignment.pk}"
    assert grades.scores(lesson.course) == {(key, alice.pk): 6, (key, bob.pk): 0}
    assert [(item.key, item.points) for item in grades.items(lesson.course)] == [(key, 8)]


@pytest.mark.parametrize("points", ["-1", "11", "many", ""])
def test_points_out_of_range_are_refused_and_nothing_typed_is_lost(client, alice, lesson, ines, points):
    submission = make_submission(alice, make_assignment(lesson=lesson, points=10))
    client.force_login(ines)
    assertContains(mark(client, submission, points=points, comment="My words"), "My words", status_code=422)
    assert not Mark.objects.exists()


def test_two_who_mark_one_submission_notice_each_other(client, alice, lesson, ines):
    anton = make_user("anton")
    enroll(anton, lesson.course, role="assistant")
    assignment = make_assignment(lesson=lesson)
    hand_in(client, assignment, text="Mine.")
    submission = Submission.objects.get()
    address = url("grade", submission.pk)
    client.force_login(ines)
    assert 'name="over" value=""' in client.get(address).content.decode()  # nobody has marked it yet
    client.force_login(anton)
    client.post(address, {"points": "4", "comment": "Anton's words", "over": ""})
    client.force_login(ines)
    told = client.post(address, {"points": "7", "comment": "Ines's words", "over": ""})
    assert told.status_code == 422
    assertContains(told, "Anton marked this meanwhile, with 4 points", status_code=422)
    assertContains(told, "Ines&#x27;s words", status_code=422)  # nothing typed is lost
    assert Mark.objects.get().points == 4
    client.post(address, {"points": "7", "comment": "Ines's words", "over": Mark.objects.get().version})
    assert Mark.objects.get().points == 7


@pytest.mark.parametrize("sent", [{}, {"over": "2020-01-01T00:00:00+00:00"}], ids=["without over", "stale"])
def test_a_form_that_knows_no_mark_or_an_old_one_takes_nobodys_place(client, alice, lesson, ines, sent):
    anton = make_user("anton")
    enroll(anton, lesson.course, role="assistant")
    assignment = make_assignment(lesson=lesson, rubric=True)
    submission = make_submission(alice, assignment)
    clear, right = assignment.criteria.all()
    his = {clear.pk: 0, right.pk: 0}
    services.mark_submission(submission=submission, marker=anton, points=None, levels=his, comment="Anton's words")
    client.force_login(ines)
    hers = {f"level-{clear.pk}": "2", f"level-{right.pk}": "1", "comment": "Ines's words"}
    told = client.post(url("grade", submission.pk), hers | sent)
    assertContains(told, "Anton marked this meanwhile, with 8 points", status_code=422)
    page = told.content.decode()
    assert "Ines&#x27;s words" in page
    for row, level in ((clear, 2), (right, 1)):
        assert f'name="level-{row.pk}" value="{level}" checked' in page
    assert Mark.objects.get().comment == "Anton's words"
    # What the page brings along with them lets a second press replace his mark.
    client.post(url("grade", submission.pk), hers | {"over": Mark.objects.get().version})
    assert Mark.objects.get().comment == "Ines's words"


def test_lateness_is_taken_off_and_said(client, alice, lesson, ines):
    due = timezone.now() - timedelta(days=1, hours=2)
    assignment = make_assignment(lesson=lesson, due_at=due, late_percent=10)
    assertContains(client.get(lesson.get_absolute_url()), "20% would be taken off now")
    submission = make_submission(alice, assignment)
    services.mark_submission(submission=submission, marker=ines, points=9, levels={}, comment="")
    services.release_marks(assignment=assignment)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "7.2 / 10")
    assertContains(page, "9 points, less 20% for being late")


def test_a_worse_second_try_overwrites_nothing(alice, lesson, ines):
    assignment = make_assignment(lesson=lesson)
    for points in (9, 4):
        submission = make_submission(alice, assignment)
        services.mark_submission(submission=submission, marker=ines, points=points, levels={}, comment="")
    services.release_marks(assignment=assignment)
    assert grades.scores(lesson.course) == {(f"assignment-{assignment.pk}", alice.pk): 9}


@pytest.mark.parametrize(
    ("rule", "points", "done"), [("submitted", 0, True), ("passed", 4, False), ("passed", 5, True)]
)
def test_what_completes_the_lesson(client, alice, lesson, ines, rule, points, done):
    assignment = make_assignment(lesson=lesson, rule=rule)
    hand_in(client, assignment, text="Work.")
    services.mark_submission(submission=Submission.objects.get(), marker=ines, points=points, levels={}, comment="")
    services.release_marks(assignment=assignment)
    assert Progress.objects.filter(user=alice).exclude(completed_at=None).exists() is done


def test_who_gets_where(client, alice, lesson, ines):
    assignment = make_assignment(lesson=lesson)
    submission = make_submission(alice, assignment)
    kept = SubmissionFile.objects.create(submission=submission, name="a", size=1, file="a")
    students = [
        ("post", url("save", assignment.pk)),
        ("post", url("add-file", assignment.pk)),
        ("post", url("hand-in", assignment.pk)),
        ("post", url("remove-file", kept.pk)),
    ]
    markers = [
        ("get", url("submissions", assignment.pk)),
        ("get", url("grade", submission.pk)),
        ("post", url("release", assignment.pk)),
    ]
    client.logout()
    for method, address in students + markers:
        assert getattr(client, method)(address).url.startswith("/accounts/login/")
    assistant = make_user("anna")
    enroll(assistant, lesson.course, role="assistant")
    for user, pages, allowed in (
        (alice, markers, False),
        (make_user("charlie"), students + markers, False),
        (make_instructor("ivo"), students + markers, False),
        (ines, students, False),
        (ines, markers, True),
        (assistant, markers, True),
        (assistant, students, False),
    ):
        client.force_login(user)
        for method, address in pages:
            status = getattr(client, method)(address).status_code
            assert (status in (200, 302)) is allowed, (user, address, status)


@pytest.fixture
def many(alice, lesson):
    """An assignment with the work of Alice and of 300 others, who come before her by name."""
    assignment = make_assignment(lesson=lesson)
    others = User.objects.bulk_create(User(email=f"a{n:03}@example.org", display_name=f"A {n:03}") for n in range(300))
    Enrollment.objects.bulk_create(Enrollment(user=other, course=lesson.course) for other in others)
    now = timezone.now()
    Submission.objects.bulk_create(
        Submission(user=user, assignment=assignment, text="Work.", submitted_at=now) for user in [*others, alice]
    )
    return assignment


def test_the_list_costs_the_same_for_many_students_and_comes_in_pages(
    client, many, lesson, ines, django_assert_num_queries
):
    few = make_assignment(lesson=lesson)
    client.force_login(ines)
    # session, user, unread; the assignment; cohorts; how many people, a page of them, what they handed in last; what is
    # to be done; the first without a mark; the rubric
    with django_assert_num_queries(11):
        page = client.get(url("submissions", many.pk))
    assertContains(page, "Mark 301 submissions")
    assertContains(page, "A 000")
    assertNotContains(page, "A 050")
    assertNotContains(page, "Older")
    first = many.submissions.get(user__display_name="A 000")
    assertContains(page, f'button-filled" href="{url("grade", first.pk)}"')
    with django_assert_num_queries(11):
        assertContains(client.get(url("submissions", many.pk), {"page": 7}), "Alice")
    with django_assert_num_queries(11):
        assertContains(client.get(url("submissions", few.pk)), "nothing yet")


def test_marking_goes_through_many_by_name_at_the_same_cost(client, many, ines, django_assert_num_queries):
    client.force_login(ines)
    order = list(many.submissions.order_by("user__display_name"))
    # session, user, unread; the submission with its mark and course, files, rubric; its name, its place, the one
    # before, the one after, the next without a mark; what the student handed in before
    with django_assert_num_queries(12):
        page = client.get(url("grade", order[100].pk))
    assertContains(page, "101 / 301")
    for place in (99, 101):
        assertContains(page, url("grade", order[place].pk))
    page = mark(client, order[100], points="7")
    assert page.redirect_chain[-1][0] == url("grade", order[101].pk)
    page = mark(client, order[-1], points="7")
    assert page.redirect_chain[-1][0] == url("grade", order[0].pk), "from the last on to the first without a mark"
    again = make_submission(order[0].user, many)
    page = client.get(url("grade", again.pk))
    assertContains(page, "1 / 301")
    assertContains(client.get(url("submissions", many.pk)), "Mark 299 submissions")


def test_what_is_due(alice, lesson):
    now = timezone.now()
    soon = make_assignment(lesson=lesson, due_at=now + timedelta(days=1))
    make_assignment(lesson=lesson, due_at=now - timedelta(days=9), late_until=now - timedelta(days=1))
    make_assignment(lesson=lesson)
    assert [(title, block) for _, title, _, block in deadlines.due(alice, [lesson.course])] == [
        ("An essay", soon.block_id)
    ]
    services.hand_in(user=alice, assignment=soon, text="Done.")
    assert deadlines.due(alice, [lesson.course]) == []


def test_a_removed_part_is_gone_everywhere(client, alice, lesson):
    assignment = make_assignment(lesson=lesson, due_at=timezone.now() + timedelta(days=1))
    type(assignment.block).objects.update(removed_at=timezone.now())
    assert client.post(url("save", assignment.pk), {"text": "x"}).status_code == 404
    assert grades.items(lesson.course) == deadlines.due(alice, [lesson.course]) == []


def test_what_was_handed_in_is_exported(alice, lesson):
    make_submission(alice, make_assignment(lesson=lesson), text="My words.")
    assert learning.export_learning(alice)["submissions"][0]["text"] == "My words."
