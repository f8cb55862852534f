"""The reference is BERT: with Hugging Face's weights it computes what Hugging Face's model does."""

import pytest
import torch

from data_utils.pretrained import rename_weights
from solutions.bert.classifier import SimplifiedBertClassifier

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow  # importing it takes most of the time

CONFIGURATIONS = {
    "small": {"layers": 2, "heads": 3, "size": 12, "inner": 20, "classes": 2, "attention": "eager"},
    "one head": {
        "layers": 1,
        "heads": 1,
        "size": 10,
        "inner": 7,
        "classes": 3,
        "attention": "sdpa",
    },
    "deep": {"layers": 5, "heads": 4, "size": 16, "inner": 64, "classes": 2, "attention": "eager"},
    "wide": {"layers": 3, "heads": 8, "size": 64, "inner": 96, "classes": 7, "attention": "sdpa"},
}
VOCABULARY, TOKENS = 57, 11


@pytest.fixture(params=CONFIGURATIONS, name="pair")
def make_pair(request):
    """Hugging Face's model with random lively weights, and the reference with the same."""
    sizes = CONFIGURATIONS[request.param]
    config = transformers.BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=sizes["size"],
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"],
        intermediate_size=sizes["inner"],
        max_position_embeddings=128,
        num_labels=sizes["classes"],
        attn_implementation=sizes["attention"],
    )
    torch.manual_seed(len(request.param))
    theirs = transformers.BertForSequenceClassification(config).double().eval()
    with torch.no_grad():
        for name, value in theirs.named_parameters():
            # At the 0.02 that BERT starts from, a missing factor would hardly show.
            value.normal_(mean=1.0 if "LayerNorm.weight" in name else 0.0, std=0.3)
    ours = SimplifiedBertClassifier(
        VOCABULARY,
        sizes["size"],
        sizes["layers"],
        sizes["heads"],
        sizes["inner"],
        n_classes=sizes["classes"],
    )
    ours = ours.double().eval()
    ours.load_state_dict(rename_weights(theirs.state_dict()))
    return theirs, ours


@pytest.fixture
def batch_with_padding():
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(0, VOCABULARY, (4, TOKENS), generator=generator)
    lengths = torch.tensor([TOKENS, 6, 1, 9])
    return ids, (torch.arange(TOKENS)[None, :] < lengths[:, None]).long()


def test_logits_are_equal_with_padding_and_without(pair, batch_with_padding):
    theirs, ours = pair
    ids, mask = batch_with_padding
    for given in (mask, None):
        want = theirs(input_ids=ids, attention_mask=given).logits
        assert (ours(ids, given) - want).abs().max() <= 1e-10


def test_logits_are_equal_in_float32(pair, batch_with_padding):
    theirs, ours = (model.float() for model in pair)
    ids, mask = batch_with_padding
    want = theirs(input_ids=ids, attention_mask=mask).logits
    assert (ours(ids, mask) - want).abs().max() <= 1e-5


def test_hidden_states_are_equal_after_every_layer(pair, batch_with_padding):
    theirs, ours = pair
    ids, mask = batch_with_padding
    want = theirs(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
    hidden = ours.embedding(ids)
    assert (hidden - want[0]).abs().max() <= 1e-10
    assert len(want) == len(ours.encoder.transformer_layers) + 1
    for block, expected in zip(ours.encoder.transformer_layers, want[1:], strict=True):
        hidden = block(hidden, mask)
        assert (hidden - expected).abs().max() <= 1e-10
    assert (ours.pooler(hidden) - theirs.bert.pooler(want[-1])).abs().max() <= 1e-10


def test_gradients_are_equal_for_every_weight(pair, batch_with_padding):
    theirs, ours = pair
    ids, mask = batch_with_padding
    labels = torch.tensor([0, 1, 1, 0])
    torch.nn.functional.cross_entropy(
        theirs(input_ids=ids, attention_mask=mask).logits, labels
    ).backward()
    torch.nn.functional.cross_entropy(ours(ids, mask), labels).backward()
    gradients = {name: value.grad for name, value in theirs.named_parameters()}
    # The segment's vector is part of our position rows, and its gradient is their sum, so only
    # the rows' own gradients are comparable: hand the conversion a segment gradient of zero.
    gradients["bert.embeddings.token_type_embeddings.weight"] = torch.zeros(1, 1).double()
    # Hugging Face keeps the padding row of its word table from learning.
    row = theirs.config.pad_token_id
    want = rename_weights(gradients)
    for name, value in ours.named_parameters():
        got, expected = value.grad.clone(), want[name]
        if name == "embedding.word_embeddings.weight":
            got[row] = expected[row] = 0.0
        assert (got - expected).abs().max() <= 1e-10, name
