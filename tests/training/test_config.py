"""A configuration is right, or it is an error that names the key, what was given and what is allowed."""

from pathlib import Path

import pytest
import yaml

from training.config import RANGES, Config, ConfigError, load_config, to_dict
from training.run import check_model

RECIPES = sorted((Path(__file__).parents[2] / "training" / "configs").glob("*.yaml"))


def error_of(*overrides: str, path: Path | None = None) -> str:
    with pytest.raises(ConfigError) as raised:
        load_config(path, list(overrides))
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


def test_the_default_recipe_says_every_key_with_its_default():
    assert load_config() == Config()
    recipe = yaml.safe_load((Path(__file__).parents[2] / "training" / "config.yaml").read_text())
    assert to_dict(Config()).keys() == recipe.keys()
    for section, keys in to_dict(Config()).items():
        if isinstance(keys, dict):
            assert keys.keys() == recipe[section].keys()


def test_values_from_the_command_line_win_over_the_file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("seed: 3\noptimiser:\n  lr: 0.01\n")
    config = load_config(path, ["optimiser.lr=0.05", "model.widths=[8, 16]", "data.path=null", "data.ferplus=false"])
    assert (config.seed, config.optimiser.lr, config.optimiser.momentum) == (3, 0.05, 0.9)
    assert (config.model.widths, config.data.path, config.data.ferplus) == ((8, 16), None, False)


def test_what_is_saved_with_a_run_is_read_back_the_same(tmp_path):
    config = load_config(None, ["seed=9", "model.widths=[4, 8]", "model.blocks=[1, 1]", "loss.smoothing=0"])
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(to_dict(config)))
    assert load_config(tmp_path / "config.yaml") == config


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_named_recipe_is_a_configuration_whose_network_can_be_built(recipe):
    config = load_config(recipe)
    assert config.name == recipe.stem
    check_model(config)


def test_an_empty_file_is_all_defaults(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert load_config(tmp_path / "empty.yaml") == Config()


@pytest.mark.parametrize(
    ("override", "wrong", "near"),
    [
        ("optimiser.learning_rate=1", "optimiser.learning_rate", "optimiser.lr"),
        ("optimizer.lr=1", "optimizer", "optimiser"),
        ("loop.epoch=3", "loop.epoch", "loop.epochs"),
        ("sed=3", "sed", "seed"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(override, wrong, near):
    sentence = error_of(override)
    assert sentence.startswith(f"'{wrong}' is not a configuration key; did you mean '")
    if near != "optimiser.lr":  # nothing there resembles "learning_rate"
        assert sentence == f"'{wrong}' is not a configuration key; did you mean '{near}'?"


def test_an_unknown_key_in_a_file_is_an_error_too(tmp_path):
    (tmp_path / "recipe.yaml").write_text("loop:\n  batchsize: 64\n")
    sentence = error_of(path=tmp_path / "recipe.yaml")
    assert sentence == "'loop.batchsize' is not a configuration key; did you mean 'loop.batch_size'?"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("loop.epochs=many", "'loop.epochs' takes a value of type int; given: 'many'"),
        ("loop.epochs=2.5", "'loop.epochs' takes a value of type int; given: 2.5"),
        ("loop.epochs=true", "'loop.epochs' takes a value of type int; given: True"),
        ("optimiser.lr=fast", "'optimiser.lr' takes a value of type float; given: 'fast'"),
        ("optimiser.lr=", "'optimiser.lr' takes a value of type float; given: None"),
        ("data.ferplus=1", "'data.ferplus' takes a value of type bool; given: 1"),
        ("model.widths=8", "'model.widths' is a list, such as [32, 64]; given: 8"),
        ("model.widths=[8, wide]", "'model.widths' takes a value of type int; given: 'wide'"),
        ("optimiser=sgd", "'optimiser' holds keys of its own; a single value was given: 'sgd'"),
        ("seed.more=1", "'seed.more' is not a configuration key: 'seed' holds a value"),
        ("name=1.5", "'name' takes a value of type str; given: 1.5"),
        ("name=true", "'name' takes a value of type str; given: True"),
    ],
)
def test_a_value_of_the_wrong_kind(override, words):
    assert error_of(override).startswith(words)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.dropout=1", "'model.dropout' is 1.0; allowed: 0.0 to 0.95."),
        ("data.holdout=0.6", "'data.holdout' is 0.6; allowed: 0.0 to 0.5."),
        ("loop.epochs=0", "'loop.epochs' is 0; allowed: 1 to 100000."),
        ("loop.batch_size=1", "'loop.batch_size' is 1; allowed: 2 to 65536."),
        ("optimiser.lr=-0.1", "'optimiser.lr' is -0.1; allowed: 1e-08 to 100.0."),
        ("optimiser.lr=.nan", "'optimiser.lr' is nan; allowed: 1e-08 to 100.0."),
        ("model.channels=2", "'model.channels' is 2; allowed: 1, 3."),
        ("model.stem_stride=3", "'model.stem_stride' is 3; allowed: 1, 2."),
        ("model.input_size=10", "'model.input_size' is 10; allowed: 24 to 1024."),
        ("loop.device=tpu", "'loop.device' is 'tpu'; allowed: auto, cpu, cuda, mps."),
        ("data.set=affect", "'data.set' is 'affect'; allowed: fer2013, synthetic."),
        ("wandb.mode=[]", "'wandb.mode' is []; allowed: disabled, offline, online."),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(override, words):
    sentence = error_of(override)
    if override.startswith("data.set"):  # the list of data sets grows
        assert sentence.startswith("'data.set' is 'affect'; allowed: fer2013, ")
    else:
        assert sentence == words


@pytest.mark.parametrize(
    "override",
    ["seed=-1", "seed=99999999999999999999999", "model.widths=[0, 8]", "model.blocks=[-1]", "augmentation.rotate=.inf"],
)
def test_a_value_that_would_fail_later_fails_now_and_is_named(override):
    key = override.partition("=")[0]
    assert error_of(override).startswith(f"'{key}' is ")


@pytest.mark.parametrize("name", ['""', "../elsewhere", "a/b", ".hidden", '"."'])
def test_a_name_is_a_folders_name_since_the_checkpoint_goes_there(name):
    assert error_of(f"name={name}").startswith("'name' is ")


def test_a_name_leaves_room_for_a_number_in_the_registry():
    assert load_config(None, ["name=" + "x" * 64])
    assert error_of("name=" + "x" * 65) == "'name' has 65 characters; allowed: up to 64."


def test_a_variant_that_is_a_number_needs_no_quotes():
    assert load_config(None, ["model.variant=18"]).model.variant == "18"


def test_a_path_and_drawn_faces_contradict_each_other():
    sentence = error_of("data.path=/faces", "data.set=synthetic")
    assert sentence.startswith("'data.path' names a data set (/faces), but 'data.set' is synthetic")


def test_labels_of_which_any_is_right_are_not_mixed():
    assert error_of("data.votes=multi_target").endswith("add --set augmentation.mixup=0.")
    assert load_config(None, ["data.votes=multi_target", "augmentation.mixup=0"])


def test_every_range_is_about_a_key_that_exists_and_holds_its_default():
    tree = to_dict(Config())
    for key, (low, high) in RANGES.items():
        section, _, name = key.rpartition(".")
        value = (tree[section] if section else tree)[name]
        values = value if isinstance(value, list) else [value]
        assert all(one is None or low <= one <= high for one in values), key


def test_small_numbers_may_be_written_as_yaml_does_not_know_them():
    assert load_config(None, ["optimiser.weight_decay=5e-4"]).optimiser.weight_decay == 5e-4
    assert load_config(None, ["optimiser.lr=1"]).optimiser.lr == 1.0


@pytest.mark.parametrize("override", ["lr", "=3", "", "optimiser.lr 0.05"])
def test_an_override_that_is_none(override):
    expected = f"--set takes key=value, such as optimiser.lr=0.05, not '{override}'."
    assert error_of(override) == expected


def test_an_override_that_is_no_yaml():
    assert error_of("model.widths=[8, ") == "The value in --set model.widths=[8,  cannot be read as YAML."


@pytest.mark.parametrize("content", ["a: [", "\t- x", "a: b: c"])
def test_a_file_that_is_no_yaml(tmp_path, content):
    path = tmp_path / "recipe.yaml"
    path.write_text(content)
    assert error_of(path=path).startswith(f"{path} is not valid YAML: ")


@pytest.mark.parametrize("content", ["- a\n- b\n", "just words"])
def test_a_file_that_holds_no_keys(tmp_path, content):
    path = tmp_path / "recipe.yaml"
    path.write_text(content)
    assert error_of(path=path).startswith(f"{path} must hold keys and values")


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not valid YAML" in error_of(path=path)


def test_a_file_that_cannot_be_read(tmp_path):
    missing = tmp_path / "nowhere.yaml"
    assert error_of(path=missing) == f"The configuration {missing} cannot be read: No such file or directory."
    assert error_of(path=tmp_path) == f"The configuration {tmp_path} cannot be read: Is a directory."
