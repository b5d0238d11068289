import pytest
import torch
from torch import nn

from training.config import OptimiserConfig, ScheduleConfig
from training.optim import AveragedWeights, build_optimiser, learning_rate

PEAK = 0.4
STEPS, EPOCHS = 10, 20


def rates(name="one_cycle", scores=(), **options) -> list[float]:
    config = ScheduleConfig(**{"name": name, "warmup": 0.25, **options})
    return [learning_rate(step, STEPS, EPOCHS, PEAK, config, scores) for step in range(STEPS * EPOCHS)]


def test_one_cycle_climbs_and_then_falls():
    curve = rates()
    top = curve.index(max(curve))
    assert top == 50  # a quarter of all steps
    assert curve[0] == pytest.approx(PEAK / 25)
    assert curve[top] == pytest.approx(PEAK)
    assert curve[:51] == sorted(curve[:51])
    assert curve[50:] == sorted(curve[50:], reverse=True)
    assert curve[25] == pytest.approx((PEAK / 25 + PEAK) / 2)  # a cosine is halfway at its middle
    assert 0 < curve[-1] < PEAK / 1000


@pytest.mark.parametrize("warmup", [0.0, 0.9])
@pytest.mark.parametrize("name", ["one_cycle", "cosine", "step", "plateau"])
def test_every_schedule_stays_between_nothing_and_its_peak(name, warmup):
    for steps, epochs in ((1, 1), (1, 2), (7, 3)):
        config = ScheduleConfig(name=name, warmup=warmup)
        curve = [learning_rate(step, steps, epochs, PEAK, config) for step in range(steps * epochs)]
        assert all(0 < rate <= PEAK for rate in curve)


def test_cosine_warms_up_in_a_line_and_falls_to_nothing():
    curve = rates("cosine")
    assert curve[:50] == pytest.approx([PEAK * (step + 1) / 50 for step in range(50)])
    assert curve[50] == pytest.approx(PEAK)
    assert curve[125] == pytest.approx(PEAK / 2)
    assert curve[-1] < PEAK / 1000


def test_step_cuts_every_so_many_epochs():
    curve = rates("step", warmup=0.0, every=5, gamma=0.5)
    assert {epoch: curve[epoch * STEPS] for epoch in (0, 4, 5, 10, 19)} == pytest.approx(
        {0: PEAK, 4: PEAK, 5: PEAK / 2, 10: PEAK / 4, 19: PEAK / 8}
    )


def test_plateau_cuts_when_scores_no_longer_rise():
    def rate(*scores):
        return rates("plateau", scores, warmup=0.0, patience=2, gamma=0.1)[0]

    assert rate() == rate(0.1) == rate(0.1, 0.2, 0.3) == rate(0.3, 0.2) == pytest.approx(PEAK)
    assert rate(0.3, 0.2, 0.3) == pytest.approx(PEAK / 10)
    assert rate(0.3, 0.2, 0.3, 0.4, 0.1) == pytest.approx(PEAK / 10)
    assert rate(0.3, 0.2, 0.3, 0.1, 0.1) == pytest.approx(PEAK / 100)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop"])
def test_every_optimiser_walks_downhill_and_decays_matrices_only(name):
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    optimiser = build_optimiser(model, OptimiserConfig(name=name, lr=0.01, weight_decay=0.05))
    decays = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    assert [decays[id(p)] for p in model.parameters()] == [0.05, 0, 0, 0, 0.05, 0]
    inputs, wanted = torch.randn(32, 4), torch.randn(32, 1)
    losses = []
    for _ in range(20):
        loss = nn.functional.mse_loss(model(inputs), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


class OneWeight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("batches", torch.tensor(0))


def test_the_average_is_the_exponential_one():
    model = OneWeight()
    averaged = AveragedWeights(model, decay=0.9)
    expected = 0.0
    for step, value in enumerate([1.0, 2.0, 5.0, 3.0] * 30):
        with torch.no_grad():
            model.weight.fill_(value)
            model.batches.fill_(step)
        averaged.update(model, step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert averaged.state["weight"].item() == pytest.approx(expected, rel=1e-5)
        assert averaged.state["batches"] == step  # counts are no averages
    assert 2 < expected < 4


def test_the_average_forgets_the_random_start():
    model = OneWeight()
    with torch.no_grad():
        model.weight.fill_(100.0)
    averaged = AveragedWeights(model, decay=0.999)
    with torch.no_grad():
        model.weight.fill_(1.0)
    for step in range(50):
        averaged.update(model, step)
    assert averaged.state["weight"].item() == pytest.approx(1.0, abs=0.05)


def test_without_averaging_the_state_is_the_models():
    model = OneWeight()
    averaged = AveragedWeights(model, decay=0.0)
    with torch.no_grad():
        model.weight.fill_(3.0)
    averaged.update(model, 7)
    assert averaged.state["weight"].item() == 3.0


def test_the_average_is_a_copy_that_the_next_step_does_not_move():
    model = OneWeight()
    averaged = AveragedWeights(model, decay=0.5)
    with torch.no_grad():
        model.weight.fill_(3.0)
    assert averaged.state["weight"].item() == 0.0
