"""What a class says of a lesson, whoever answers, however often and in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from emotion.models import SELF_REPORTED
from emotion.self_reports import SMALLEST_GROUP, _said

ANSWERS = st.lists(st.tuples(st.integers(1, 40), st.sampled_from(sorted(SELF_REPORTED))), max_size=120)


@given(ANSWERS)
def test_two_looks_differ_by_nothing_or_by_five_students(answers):
    """After each answer somebody looks; no two of these looks can be subtracted to find fewer than five."""
    shown = 0
    states = dict.fromkeys(SELF_REPORTED, 0)
    for end in range(len(answers) + 1):
        said = _said("", answers[:end])
        students = said.students or 0
        assert students == 0 or students >= SMALLEST_GROUP
        now = said.states or dict.fromkeys(SELF_REPORTED, 0)
        assert sum(now.values()) == students
        changed = sum(abs(now[state] - states[state]) for state in SELF_REPORTED)
        assert changed in (0, students - shown) and (students - shown) % SMALLEST_GROUP == 0
        shown, states = students, now
