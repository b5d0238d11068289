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
    with pytest.raises(ValueError, match=r"No architecture is called 'alexnet'; known ones: .*attune.*resnet"):
        architectures.build("alexnet", heads=HEADS)


def test_an_unknown_option_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"'attune' does not take 'colour'; it takes: widths"):
        architectures.build("attune", heads=HEADS, colour=True)


NETWORKS = [
    ("attune", {}),
    ("custom_cnn", {}),
    ("vgg", {"variant": "compact", "attention": "cbam"}),
    ("vgg", {"variant": "11"}),
    ("resnet", {"variant": "thin"}),
    ("resnet", {"variant": "18", "attention": "se"}),
    ("efficientnet", {"variant": "b0", "attention": "self_attention"}),
]


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_each_network_learns_one_batch_by_heart(name, options):
    """Eight random pictures with random labels: a network whose parts are wired wrongly cannot."""
    torch.manual_seed(0)
    heads = {"fer2013": EXPRESSIONS_7}
    network = architectures.build(name, heads=heads, input_size=32, dropout=0.0, **options)
    pictures, labels = torch.randn(8, 1, 32, 32), torch.arange(8) % 7
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(network(pictures)["fer2013"], labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if loss < 0.05:
            break
    assert loss < 0.05


@pytest.mark.parametrize("variant", ["13", "16", "19"])
def test_deeper_vggs_answer(variant):
    network = architectures.build("vgg", heads=HEADS, channels=3, variant=variant).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 48, 48))["ferplus"].shape == (1, 8)


@pytest.mark.parametrize(
    ("name", "variant"), [("resnet", "34"), ("resnet", "50"), ("efficientnet", "b3"), ("efficientnet", "v2_s")]
)
@pytest.mark.parametrize("size", [48, 224])
def test_larger_backbones_answer_at_either_size(name, variant, size):
    network = architectures.build(name, heads=HEADS, input_size=size, variant=variant).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 1, size, size))["fer2013"].shape == (1, 7)


def test_custom_cnn_has_the_layers_that_weights_from_elsewhere_have():
    network = architectures.build("custom_cnn", heads={"one": EXPRESSIONS_7})
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items() if key.endswith("weight")}
    assert shapes == {
        "conv1.weight": (32, 1, 3, 3),
        "bn1.weight": (32,),
        "conv2.weight": (64, 32, 3, 3),
        "bn2.weight": (64,),
        "conv3.weight": (128, 64, 3, 3),
        "bn3.weight": (128,),
        "conv4.weight": (256, 128, 3, 3),
        "bn4.weight": (256,),
        "fc1.weight": (512, 256 * 3 * 3),
        "fc2.weight": (128, 512),
        "fc3.weight": (7, 128),
    }
    large = architectures.build("custom_cnn", heads={"one": EXPRESSIONS}, channels=3, input_size=224).state_dict()
    assert large["conv5.weight"].shape == (512, 256, 3, 3)
    assert large["fc1.weight"].shape == (1024, 512 * 7 * 7)
    assert large["fc2.weight"].shape == (256, 1024)
    assert large["fc3.weight"].shape == (8, 256)


def test_custom_cnn_flattens_in_the_order_channel_row_column():
    network = architectures.build("custom_cnn", heads={"one": EXPRESSIONS_7}).eval()
    seen = []
    network.fc1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    picture = torch.rand(1, 1, 48, 48)
    network(picture)
    network.to(memory_format=torch.channels_last)(picture.contiguous(memory_format=torch.channels_last))
    assert torch.allclose(seen[0], seen[1], atol=1e-5)


@pytest.mark.parametrize(("name", "first"), [("resnet", "features.0"), ("vgg", "features.0")])
def test_colour_weights_serve_grey_pictures_by_summing(tmp_path, name, first):
    """ImageNet weights from a local file: a grey face gives what it gives as three equal colours."""
    from torchvision import models

    variant = {"resnet": "18", "vgg": "11"}[name]
    torch.manual_seed(1)
    source = models.resnet18(weights=None) if name == "resnet" else models.vgg11_bn(weights=None)
    path = tmp_path / "imagenet.pth"
    torch.save(source.state_dict(), path)
    grey, colour = (
        architectures.build(name, heads=HEADS, channels=channels, variant=variant, weights=str(path)).eval()
        for channels in (1, 3)
    )
    picture = torch.rand(2, 1, 48, 48)
    with torch.inference_mode():
        one = grey.get_submodule(first)(picture)
        three = colour.get_submodule(first)(picture.expand(-1, 3, -1, -1))
    assert torch.allclose(one, three, atol=1e-5)


def test_weights_of_another_network_are_named(tmp_path):
    from torchvision import models

    path = tmp_path / "other.pth"
    torch.save(models.resnet34(weights=None).state_dict(), path)
    with pytest.raises(ValueError, match=r"has in addition layer1\.2.* it belongs to another network"):
        architectures.build("resnet", heads=HEADS, channels=3, variant="18", weights=str(path))
    path.write_bytes(b"no weights at all")
    with pytest.raises(ValueError, match="cannot be read as weights"):
        architectures.build("resnet", heads=HEADS, channels=3, variant="18", weights=str(path))


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("resnet", {"variant": "19"}, "resnet has no variant '19'; known ones: thin, 18"),
        ("vgg", {"attention": "mirror"}, "No attention is called 'mirror'"),
        ("custom_cnn", {"input_size": 50}, "multiples of 16 here; 50 is none"),
        ("attune", {"channels": 2}, "1 or 3 channels, not 2"),
        ("attune", {"input_size": 8}, "24 to 1024 px, not 8"),
        ("timm:resnet18", {}, "timm"),
    ],
)
def test_what_does_not_fit_is_one_sentence(name, options, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        architectures.build(name, heads=HEADS, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"widths": [8, 8], "blocks": [1]}, {"widths": [], "blocks": []}, {"widths": [0], "blocks": [1]}]
)
def test_stages_that_do_not_make_a_network_are_an_error(options):
    with pytest.raises(ValueError, match="widths"):
        architectures.build("attune", heads=HEADS, **options)
