"""Published weights in the reference's seven classes give the published model's logits."""

import json

import pytest
import torch
from torch import nn

from data_utils.errors import DataProblem
from data_utils.pretrained import load_pretrained, rename_weights
from solutions.bert.classifier import SimplifiedBertClassifier

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow  # importing it takes most of the time

VOCABULARY, TOKENS = 57, 11
# Logits here are about 1, float32 rounds them to 1e-7 and a few dozen operations add up. Leaving
# out the segment's vector moves them by 1e-1.
FLOAT32_ALLOWANCE = 1e-5
SIZES = {
    "small": {"layers": 2, "heads": 3, "size": 12, "inner": 20, "positions": 128},
    "long table": {"layers": 1, "heads": 1, "size": 10, "inner": 7, "positions": 512},
    "wide": {"layers": 3, "heads": 8, "size": 64, "inner": 96, "positions": 130},
}


def make_config(layers=2, heads=3, size=12, inner=20, positions=128, classes=2, **more):
    return transformers.BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=size,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions,
        num_labels=classes,
        **more,
    )


def make_theirs(kind="BertForSequenceClassification", **sizes):
    torch.manual_seed(1)
    model = getattr(transformers, kind)(make_config(**sizes)).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            # At the 0.02 that BERT starts from, a missing factor would hardly show.
            value.normal_(mean=1.0 if "LayerNorm.weight" in name else 0.0, std=0.3)
    return model


def make_ours(layers=2, heads=3, size=12, inner=20, positions=128, classes=2):
    torch.manual_seed(2)
    model = SimplifiedBertClassifier(VOCABULARY, size, layers, heads, inner, n_classes=classes)
    return model.eval()


def save_as_bin(model, folder, rename=lambda name: name, **settings):
    """Write a checkpoint as the libraries of 2019 did."""
    folder.mkdir()
    state = {rename(name): value for name, value in model.state_dict().items()}
    torch.save(state, folder / "pytorch_model.bin", **settings)
    model.config.save_pretrained(folder)


def with_the_names_of_2019(name):
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
        "LayerNorm.bias", "LayerNorm.beta"
    )


@pytest.fixture
def batch_with_padding():
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(0, VOCABULARY, (4, TOKENS), generator=generator)
    lengths = torch.tensor([TOKENS, 6, 1, 9])
    return ids, (torch.arange(TOKENS)[None, :] < lengths[:, None]).long()


def furthest_logit(ours, theirs, ids, mask):
    with torch.no_grad():
        return (ours(ids, mask) - theirs(input_ids=ids, attention_mask=mask).logits).abs().max()


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_logits_are_those_of_hugging_face(tmp_path, sizes, batch_with_padding):
    theirs, ours = make_theirs(**sizes), make_ours(**sizes)
    theirs.save_pretrained(tmp_path)
    report = load_pretrained(ours, tmp_path)
    ids, mask = batch_with_padding
    assert furthest_logit(ours, theirs, ids, mask) <= FLOAT32_ALLOWANCE
    assert furthest_logit(ours, theirs, ids, None) <= FLOAT32_ALLOWANCE
    # As long as the table goes.
    ids = torch.randint(0, VOCABULARY, (2, 128), generator=torch.Generator().manual_seed(1))
    assert furthest_logit(ours, theirs, ids, None) <= FLOAT32_ALLOWANCE
    assert report.as_initialised == ()
    assert set(report.loaded) == {name for name, _ in ours.named_parameters()}


def test_every_form_of_file_gives_the_same_weights(tmp_path):
    theirs = make_theirs()
    theirs.save_pretrained(tmp_path / "safetensors")
    theirs.save_pretrained(tmp_path / "cut", max_shard_size="5KB")
    assert len(list((tmp_path / "cut").glob("*.safetensors"))) > 1
    save_as_bin(theirs, tmp_path / "bin")
    save_as_bin(
        theirs, tmp_path / "old", with_the_names_of_2019, _use_new_zipfile_serialization=False
    )
    states = []
    for name in ("safetensors", "cut", "bin", "old"):
        ours = make_ours()
        load_pretrained(ours, tmp_path / name)
        states.append(ours.state_dict())
    for state in states[1:]:
        assert all(torch.equal(state[name], value) for name, value in states[0].items())


@pytest.mark.parametrize("kind", ["BertModel", "BertForPreTraining"])
def test_without_a_head_everything_but_the_head_is_loaded(tmp_path, kind, batch_with_padding):
    theirs, ours = make_theirs(kind), make_ours()
    head = ours.classifier.weight.clone()
    theirs.save_pretrained(tmp_path)
    report = load_pretrained(ours, tmp_path)
    assert report.as_initialised == ("classifier.weight", "classifier.bias")
    assert "left as initialised, to be trained: classifier.weight" in str(report)
    assert torch.equal(ours.classifier.weight, head)
    ids, mask = batch_with_padding
    body = theirs if kind == "BertModel" else theirs.bert
    with torch.no_grad():
        pooled = ours.pooler(ours.encoder(ours.embedding(ids), mask))
        want = body(input_ids=ids, attention_mask=mask).pooler_output
    assert (pooled - want).abs().max() <= FLOAT32_ALLOWANCE


def test_a_checkpoint_without_pooler_leaves_it_as_initialised(tmp_path):
    make_theirs("BertForMaskedLM").save_pretrained(tmp_path)
    report = load_pretrained(make_ours(), tmp_path)
    assert {name.split(".")[0] for name in report.as_initialised} == {"pooler", "classifier"}


def test_a_head_for_other_classes_is_left_out_and_mentioned(tmp_path):
    make_theirs(classes=5).save_pretrained(tmp_path)
    report = load_pretrained(make_ours(), tmp_path)
    assert report.as_initialised == ("classifier.weight", "classifier.bias")
    assert "its head is for 5 classes and yours for 2" in str(report)


def test_the_models_precision_and_mode_stay_as_they_were(tmp_path):
    make_theirs().save_pretrained(tmp_path)
    ours = make_ours().double().train()
    load_pretrained(ours, tmp_path)
    assert {value.dtype for value in ours.parameters()} == {torch.float64}
    assert ours.training
    assert all(value.requires_grad for value in ours.parameters())


def remove_key_map(model):
    del model.encoder.transformer_layers[1].attn.key


def remove_layers(model):
    del model.encoder.transformer_layers


def remove_bias(model):
    model.encoder.transformer_layers[0].ff.fc1 = nn.Linear(12, 20, bias=False)


def repeat_block(model):
    model.encoder.transformer_layers[1] = model.encoder.transformer_layers[0]


def narrow_map(model):
    model.encoder.transformer_layers[0].ff.fc1 = nn.Linear(12, 19)


def lengthen_positions(model):
    model.embedding.position_embeddings = nn.Embedding(200, 12)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (remove_key_map, "your MultiHeadAttention has no attribute 'key'"),
        (remove_layers, "your EncoderBlock has no attribute 'transformer_layers'"),
        (remove_bias, "your Linear has no attribute 'bias'"),
        (repeat_block, "one and the same object"),
        (narrow_map, r"ff.fc1.weight has shape \(19, 12\) in your model and \(20, 12\) in"),
        (lengthen_positions, "vectors for 128 positions only, and your model wants 200"),
    ],
)
def test_a_model_that_does_not_fit_is_told_why_and_left_alone(tmp_path, spoil, message):
    make_theirs().save_pretrained(tmp_path)
    ours = make_ours()
    spoil(ours)
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    with pytest.raises(DataProblem, match=message):
        load_pretrained(ours, tmp_path)
    assert all(torch.equal(before[name], value) for name, value in ours.state_dict().items())


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"layers": 3}, "your model has 3 blocks and .* has 2: n_layers has to be 2"),
        ({"heads": 4}, "heads of your model have size 3 and .* 4: n_heads has to be 3"),
        ({"size": 15}, r"embedding.word_embeddings.weight has shape \(57, 15\)"),
        ({"inner": 21}, r"ff.fc1.weight has shape \(21, 12\)"),
    ],
)
def test_a_model_of_other_sizes_is_refused(tmp_path, sizes, message):
    make_theirs().save_pretrained(tmp_path)
    with pytest.raises(DataProblem, match=message):
        load_pretrained(make_ours(**sizes), tmp_path)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"model_type": "roberta"}, "of type 'roberta' and not a BERT"),
        ({"hidden_act": "relu"}, "has hidden_act 'relu'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type 'relative_key'"),
    ],
)
def test_a_model_that_computes_otherwise_is_refused(tmp_path, setting, message):
    make_theirs().save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | setting))
    with pytest.raises(DataProblem, match=message):
        load_pretrained(make_ours(), tmp_path)


def test_another_layer_norm_eps_is_mentioned(tmp_path):
    make_theirs(layer_norm_eps=1e-5).save_pretrained(tmp_path)
    report = load_pretrained(make_ours(), tmp_path)
    assert "its LayerNorm adds 1e-05 to the variance and yours 1e-12" in str(report)


def test_weights_without_settings_are_loaded_all_the_same(tmp_path):
    make_theirs().save_pretrained(tmp_path)
    (tmp_path / "config.json").unlink()
    assert load_pretrained(make_ours(), tmp_path).as_initialised == ()


def test_renaming_says_which_weight_is_not_there():
    weights = dict(make_theirs().state_dict())
    del weights["bert.encoder.layer.1.output.dense.bias"]
    with pytest.raises(DataProblem, match=r"has no 'encoder.layer.1.output.dense.bias', so it is"):
        rename_weights(weights)
