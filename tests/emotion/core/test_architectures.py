import pytest
import torch

from emotion.core import architectures
from emotion.core.labels import EXPRESSIONS, EXPRESSIONS_7

HEADS = {"fer2013": EXPRESSIONS_7, "ferplus": EXPRESSIONS}


@pytest.mark.parametrize("size", [48, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_head_answers_with_its_classes(size, channels):
    network = architectures.build("attune", heads=HEADS, channels=channels, widths=[8, 16], blocks=[1, 1]).eval()
    logits = network(torch.rand(5, channels, size, size))
    assert {head: tuple(rows.shape) for head, rows in logits.items()} == {"fer2013": (5, 7), "ferplus": (5, 8)}


def test_the_default_network_answers_too():
    logits = architectures.build("attune", heads=HEADS).eval()(torch.rand(1, 1, 48, 48))
    assert logits["ferplus"].isfinite().all()


def test_a_face_is_answered_alike_alone_and_in_a_batch():
    network = architectures.build("attune", heads=HEADS, widths=[8, 8], blocks=[1, 1]).eval()
    batch = torch.rand(4, 1, 48, 48)
    with torch.inference_mode():
        alone = torch.cat([network(batch[i : i + 1])["fer2013"] for i in range(4)])
        assert torch.allclose(network(batch)["fer2013"], alone, atol=1e-5)


def test_an_unknown_name_is_an_error_that_lists_the_known():
    with pytest.raises(ValueError, match=r"No architecture is called 'resnet'; known ones: .*attune"):
        architectures.build("resnet", heads=HEADS)


def test_an_unknown_option_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"'attune' does not take these options: .*colour"):
        architectures.build("attune", heads=HEADS, colour=True)


@pytest.mark.parametrize(
    "options", [{"widths": [8, 8], "blocks": [1]}, {"widths": [], "blocks": []}, {"widths": [0], "blocks": [1]}]
)
def test_stages_that_do_not_make_a_network_are_an_error(options):
    with pytest.raises(ValueError, match="widths"):
        architectures.build("attune", heads=HEADS, **options)
