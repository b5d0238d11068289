import pytest
import torch
from torch.nn import functional as F

from training.losses import HeadsLoss, any_of_loss, inverse_frequency_weights, soft_cross_entropy


@pytest.fixture
def logits():
    return torch.randn(6, 7, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels():
    return torch.tensor([0, 3, 6, 2, 2, 5])


def one_hot(labels):
    return F.one_hot(labels, 7).float()


def test_hard_labels_are_the_usual_cross_entropy(logits, labels):
    assert soft_cross_entropy(logits, one_hot(labels)).item() == pytest.approx(F.cross_entropy(logits, labels).item())


def test_smoothing_is_the_usual_smoothing(logits, labels):
    expected = F.cross_entropy(logits, labels, label_smoothing=0.1)
    assert soft_cross_entropy(logits, one_hot(labels), 0.1).item() == pytest.approx(expected.item())


def test_votes_are_taken_as_the_distribution_they_are(logits):
    votes = torch.softmax(torch.randn(6, 7), dim=1)
    expected = F.cross_entropy(logits, votes)
    assert soft_cross_entropy(logits, votes).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("options", [{}, {"smoothing": 0.1}, {"gamma": 2.0}, {"class_weights": torch.arange(1.0, 8)}])
def test_rows_without_a_label_weigh_nothing(logits, labels, options):
    targets = one_hot(labels)
    targets[[1, 4]] = 0
    labelled = [0, 2, 3, 5]
    with_them = soft_cross_entropy(logits, targets, **options)
    without = soft_cross_entropy(logits[labelled], targets[labelled], **options)
    assert with_them.item() == pytest.approx(without.item())


def test_rows_without_a_label_move_no_weight(logits, labels):
    logits.requires_grad_()
    targets = one_hot(labels)
    targets[1] = 0
    soft_cross_entropy(logits, targets, 0.1).backward()
    assert logits.grad[1].abs().max() == 0
    assert logits.grad[0].abs().max() > 0


def test_a_batch_without_any_label_costs_nothing(logits):
    logits.requires_grad_()
    loss = soft_cross_entropy(logits, torch.zeros(6, 7), 0.1)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_a_mixed_row_of_which_half_has_a_label_weighs_half(logits, labels):
    targets = one_hot(labels)
    targets[0] *= 0.5
    rows = -(F.log_softmax(logits, dim=1) * targets).sum(dim=1)
    assert soft_cross_entropy(logits, targets).item() == pytest.approx((rows.sum() / 5.5).item())


def test_focal_loss_forgives_what_is_known_well():
    known, unknown = torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    target = torch.tensor([[1.0, 0.0]])
    p = torch.softmax(known, dim=1)[0, 0]
    plain = soft_cross_entropy(known, target)
    assert soft_cross_entropy(known, target, gamma=2.0).item() == pytest.approx((plain * (1 - p) ** 2).item(), rel=1e-4)
    ratio = soft_cross_entropy(unknown, target, gamma=2.0) / soft_cross_entropy(unknown, target)
    assert ratio > 0.9


def test_class_weights_are_pytorchs(logits, labels):
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0, 1.5, 0.1])
    expected = F.cross_entropy(logits, labels, weight=weights)
    assert soft_cross_entropy(logits, one_hot(labels), class_weights=weights).item() == pytest.approx(expected.item())


def test_inverse_frequency_weighs_each_class_that_occurs_alike():
    targets = one_hot(torch.tensor([0] * 90 + [3] * 10))
    weights = inverse_frequency_weights(targets)
    assert (weights[0] * 90).item() == pytest.approx((weights[3] * 10).item())
    assert (weights[0] * 90 + weights[3] * 10).item() == pytest.approx(100)
    assert weights[1] == 1  # never occurs


def test_heads_add_up_and_each_is_smoothed_as_it_says(logits, labels):
    targets = {"fer2013": one_hot(labels), "ferplus": one_hot(labels)}
    both = {"fer2013": logits, "ferplus": logits * 2}
    loss = HeadsLoss({"fer2013": 0.1})(both, targets)
    expected = F.cross_entropy(logits, labels, label_smoothing=0.1) + F.cross_entropy(logits * 2, labels)
    assert loss.item() == pytest.approx(expected.item())


def test_any_of_several_labels_is_right_and_the_likeliest_counts():
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0], [5.0, 0.0, 0.0]], requires_grad=True)
    targets = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])  # the last has no label
    loss = any_of_loss(logits, targets)
    p = logits.softmax(dim=1)
    torch.testing.assert_close(loss, -(p[0, 0].log() + p[1, 1].log()) / 2)
    loss.backward()
    assert logits.grad[2].abs().sum() == 0
    assert logits.grad.isfinite().all()
    heads = HeadsLoss({}, any_of=frozenset({"ferplus"}))
    torch.testing.assert_close(heads({"ferplus": logits}, {"ferplus": targets}), loss)
    assert any_of_loss(logits, torch.zeros(3, 3)) == 0
