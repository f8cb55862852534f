"""Map the weights of Hugging Face's BertForSequenceClassification to the reference's names.

Pure: a dictionary of tensors in, a dictionary of tensors out. Proven in
``tests/test_reference_is_bert.py``.
"""

from collections.abc import Mapping

from torch import Tensor

# Hugging Face's name → ours; {i} is the number of the block.
OUTER_NAMES = {
    "bert.embeddings.word_embeddings.weight": "embedding.word_embeddings.weight",
    "bert.embeddings.LayerNorm": "embedding.ln",
    "bert.pooler.dense": "pooler.dense",
    "classifier": "classifier",
}
BLOCK_NAMES = {
    "attention.self.query": "attn.query",
    "attention.self.key": "attn.key",
    "attention.self.value": "attn.value",
    "attention.output.dense": "attn.final_linear",
    "attention.output.LayerNorm": "attn.ln",
    "intermediate.dense": "ff.fc1",
    "output.dense": "ff.fc2",
    "output.LayerNorm": "ff.ln",
}
POSITIONS = "bert.embeddings.position_embeddings.weight"
SEGMENTS = "bert.embeddings.token_type_embeddings.weight"


def convert_weights(theirs: Mapping[str, Tensor], n_layers: int) -> dict[str, Tensor]:
    """Return the reference's state for the state of a BertForSequenceClassification.

    Our model has no segments: a tweet is one segment, number 0, so the vector of that segment,
    which BERT adds at every place, is added to every row of the position table once and for all.

    Arguments:
        theirs: Hugging Face's ``state_dict()``.
        n_layers: how many blocks the model has.

    Raises:
        KeyError: if a weight that BERT has is missing.
    """
    ours = {"embedding.position_embeddings.weight": theirs[POSITIONS] + theirs[SEGMENTS][0]}
    ours["embedding.word_embeddings.weight"] = theirs["bert.embeddings.word_embeddings.weight"]
    pairs = {k: v for k, v in OUTER_NAMES.items() if not k.endswith(".weight")}
    for i in range(n_layers):
        for name, own in BLOCK_NAMES.items():
            pairs[f"bert.encoder.layer.{i}.{name}"] = f"encoder.transformer_layers.{i}.{own}"
    for name, own in pairs.items():
        for part in ("weight", "bias"):
            ours[f"{own}.{part}"] = theirs[f"{name}.{part}"]
    return ours
