import pytest
import torch

from training.config import AugmentationConfig
from training.data.augment import augment, mix

OFF = AugmentationConfig(flip=0, rotate=0, scale=0, shift=0, brightness=0, erase=0, mixup=0)


@pytest.fixture
def faces():
    return torch.randn(32, 1, 48, 48, generator=torch.Generator().manual_seed(0))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def only(**options):
    return AugmentationConfig(**{**vars(OFF), **options})


def test_the_same_generator_draws_the_same(faces):
    first = augment(faces, AugmentationConfig(), generator(7))
    assert torch.equal(first, augment(faces, AugmentationConfig(), generator(7)))
    assert not torch.equal(first, augment(faces, AugmentationConfig(), generator(8)))


def test_nothing_is_drawn_from_elsewhere(faces):
    torch.manual_seed(1)
    first = augment(faces, AugmentationConfig(), generator(7))
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert torch.equal(first, augment(faces, AugmentationConfig(), generator(7)))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("shape", [(4, 1, 48, 48), (3, 3, 64, 64), (1, 1, 48, 48)])
def test_the_shape_is_kept_and_the_input_is_not_touched(shape):
    batch = torch.randn(shape)
    before = batch.clone()
    out = augment(batch, AugmentationConfig(erase=1.0), generator())
    assert (out.shape, out.dtype) == (batch.shape, torch.float32)
    assert out.isfinite().all()
    assert torch.equal(batch, before)


def test_with_everything_off_a_face_stays_as_it_is(faces):
    assert torch.allclose(augment(faces, OFF, generator()), faces, atol=1e-4)


def test_a_certain_flip_is_a_mirror(faces):
    assert torch.allclose(augment(faces, only(flip=1.0), generator()), faces.flip(3), atol=1e-4)


def test_about_half_of_the_faces_are_flipped(faces):
    out = augment(faces, only(flip=0.5), generator())
    flipped = sum(torch.allclose(out[i], faces[i].flip(2), atol=1e-4) for i in range(len(faces)))
    kept = sum(torch.allclose(out[i], faces[i], atol=1e-4) for i in range(len(faces)))
    assert flipped + kept == 32
    assert 8 <= flipped <= 24


def test_each_face_has_its_own_draw(faces):
    same = faces[:1].expand(32, -1, -1, -1)
    for option in ({"rotate": 20}, {"scale": 0.2}, {"shift": 0.15}, {"brightness": 0.2}, {"erase": 1.0}):
        out = augment(same, only(**option), generator())
        assert len({tuple(face.flatten()[::5].tolist()) for face in out}) > 28, option


def test_turning_and_zooming_keep_a_disc_a_disc():
    """A sign astray would shear it into an ellipse."""
    y, x = torch.meshgrid(torch.arange(48.0) - 23.5, torch.arange(48.0) - 23.5, indexing="ij")
    discs = ((x**2 + y**2) < 15**2).float().expand(32, 1, 48, 48)
    assert (augment(discs, only(rotate=40), generator()) - discs).abs().mean() < 0.02
    zoomed = augment(discs, only(rotate=40, scale=0.2), generator())[:, 0]
    across, down = zoomed.amax(dim=1).sum(dim=1), zoomed.amax(dim=2).sum(dim=1)
    assert (across - down).abs().max() < 1.5
    assert across.min() < 27 and across.max() > 33


def test_shifts_stay_within_their_share_of_the_side():
    dots = torch.zeros(64, 1, 48, 48)
    dots[:, :, 20:28, 20:28] = 1.0
    out = augment(dots, only(shift=0.15), generator())
    across = torch.arange(48.0)
    x = (out.sum(dim=(1, 2)) * across).sum(dim=1) / out.sum(dim=(1, 2, 3)) - 23.5
    assert x.abs().max() <= 0.15 * 48 + 0.1
    assert x.abs().max() > 4
    assert x.min() < 0 < x.max()


def test_brightness_moves_a_plain_face_and_no_further_than_asked():
    plain = torch.ones(256, 1, 8, 8)
    out = augment(plain, only(brightness=0.2), generator())
    assert torch.allclose(out, out[:, :, :1, :1].expand_as(out), atol=1e-5)
    values = out[:, 0, 0, 0]
    assert 0.4 <= values.min() < 0.8
    assert 1.2 < values.max() <= 1.6 + 1e-5


def test_erased_is_a_rectangle_of_the_mean_grey(faces):
    out = augment(faces + 10, only(erase=1.0), generator())
    for face in out[:, 0]:
        rows, columns = torch.where(face == 0)
        assert len(rows) == (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
        assert 0.01 < len(rows) / face.numel() < 0.25


def test_about_a_quarter_is_erased():
    faces = torch.full((400, 1, 48, 48), 5.0)
    out = augment(faces, only(erase=0.25), generator())
    hit = (out == 0).flatten(1).any(dim=1).float().mean()
    assert 0.17 < hit < 0.33


def test_mixup_blends_faces_and_their_targets_alike(faces):
    targets = {"fer2013": torch.eye(32), "ferplus": torch.zeros(32, 8)}
    targets["ferplus"][:, 0] = 1
    mixed, blended = mix(faces, targets, 0.2, generator(3))
    weight = blended["fer2013"].max(dim=1).values
    assert torch.allclose(blended["fer2013"].sum(dim=1), torch.ones(32))
    assert 0.5 <= weight.min() <= 1
    for row in range(32):
        expected = sum(blended["fer2013"][row, other] * faces[other] for other in range(32))
        assert torch.allclose(mixed[row], expected, atol=1e-5)
    assert torch.allclose(blended["ferplus"][:, 0], torch.ones(32))
    again, _ = mix(faces, targets, 0.2, generator(3))
    assert torch.equal(mixed, again)


def test_a_face_mixed_with_one_without_a_label_has_part_of_a_label(faces):
    target = torch.zeros(32, 7)
    target[::2, 1] = 1
    _, blended = mix(faces, {"ferplus": target}, 1.0, generator(1))
    sums = blended["ferplus"].sum(dim=1)
    assert ((sums >= 0) & (sums <= 1 + 1e-6)).all()
    assert ((sums > 0.01) & (sums < 0.99)).any()
