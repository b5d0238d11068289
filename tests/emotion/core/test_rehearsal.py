"""A rule tried on what was: it fires when a state lasted, and then it rests as the real one does."""

from emotion.core.rehearsal import rehearse


def row(minute: int, place: int, *, block: int = 1, windows: int = 1):
    return (60.0 * minute, block, place, windows)


def test_a_state_that_lasts_fires_once():
    seen = [row(minute, 6 * minute + n) for minute in range(2) for n in range(6)]
    assert rehearse(seen, lasting_seconds=75, cooldown_seconds=1200) == [60.0]


def test_it_has_to_last_in_one_piece():
    apart = [row(0, place) for place in (0, 1, 2)] + [row(1, place) for place in (8, 9, 10)]
    assert rehearse(apart, lasting_seconds=40, cooldown_seconds=60) == []
    elsewhere = [row(0, 0), row(0, 1), row(0, 2, block=2), row(0, 3, block=2)]
    assert rehearse(elsewhere, lasting_seconds=40, cooldown_seconds=60) == []


def test_then_it_rests_for_its_cooldown_and_never_less_than_ten_minutes():
    always = [row(minute, 6 * minute + n) for minute in range(45) for n in range(6)]
    assert rehearse(always, lasting_seconds=60, cooldown_seconds=0) == [0.0, 600.0, 1200.0]
    assert rehearse(always, lasting_seconds=60, cooldown_seconds=1800) == [0.0, 1800.0]
