"""Published weights of BERT, put into the model you wrote yourself.

Runs in a notebook or a script. `load_pretrained` reads weights only, never Hugging Face's model:
what computes afterwards is your own seven classes, and with these weights they give the logits of
`BertForSequenceClassification` (to rounding). How the files are found and read is in
`weight_files.py`; Hugging Face's model itself, to fine-tune, in `fine_tuning.py`.

The exercise leaves out one part of BERT. BERT adds a third vector to each token, which says whether
it belongs to the first or the second of two texts (token_type_embeddings, a table of two rows). A
tweet is a single text, so all its tokens get row 0. Row 0 is therefore added to every row of the
position table, once, here: word + (position + row 0) is the sum that BERT computes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from data_utils.errors import DataProblem
from data_utils.fine_tuning import fine_tune_model, load_model, save_model
from data_utils.weight_files import Checkpoint, read_checkpoint, refuse_other_models

__all__ = [
    "LoadReport",
    "fine_tune_model",
    "load_model",
    "load_pretrained",
    "rename_weights",
    "save_model",
]

# BERT's name (without the prefix "bert.") → where it belongs in your model.
WORDS = ("embeddings.word_embeddings.weight", "embedding.word_embeddings.weight")
POSITIONS = ("embeddings.position_embeddings.weight", "embedding.position_embeddings.weight")
SEGMENTS = "embeddings.token_type_embeddings.weight"
# These have a weight and a bias.
EMBEDDING_NORM = ("embeddings.LayerNorm", "embedding.ln")
BLOCK_PARTS = {
    "attention.self.query": "attn.query",
    "attention.self.key": "attn.key",
    "attention.self.value": "attn.value",
    "attention.output.dense": "attn.final_linear",
    "attention.output.LayerNorm": "attn.ln",
    "intermediate.dense": "ff.fc1",
    "output.dense": "ff.fc2",
    "output.LayerNorm": "ff.ln",
}
THEIR_BLOCKS, OUR_BLOCKS = "encoder.layer", "encoder.transformer_layers"
POOLER, HEAD = "pooler.dense", "classifier"  # the same in both; not every checkpoint has them


@dataclass(frozen=True)
class LoadReport:
    """What `load_pretrained` did; print it."""

    source: str
    loaded: tuple[str, ...]  # your weights that now have the checkpoint's values
    as_initialised: tuple[str, ...]  # your weights it has no values for: they need training
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{len(self.loaded)} weights loaded from {self.source}"]
        if self.as_initialised:
            lines.append(f"left as initialised, to be trained: {', '.join(self.as_initialised)}")
        return "\n".join([*lines, *self.notes])


def load_pretrained(model: nn.Module, name_or_path: str | os.PathLike[str]) -> LoadReport:
    """Put the published weights of a BERT into your own SimplifiedBertClassifier.

    Arguments:
        model: of the checkpoint's sizes, with the attributes the exercise names. For
            "bert-base-uncased" that is `SimplifiedBertClassifier(30522, 768, 12, 12, 3072)`.
        name_or_path: a name on the Hugging Face hub, downloaded once, or a local folder as Hugging
            Face's `save_pretrained` writes it. Checkpoints of BertModel, BertForPreTraining and
            BertForSequenceClassification all serve.

    Returns a LoadReport. A published BERT has no head for your classes: `classifier` then stays as
    it was drawn, the report says so, and the model has to be trained before it is of any use. A
    head for another number of classes counts as none. Of a position table with more rows than yours
    (BERT has 512) the first are taken.

    Raises DataProblem, in one sentence, when the checkpoint cannot be had or read, when the model
    lacks an attribute, and when a shape or the number of heads or blocks differs. The model is then
    as it was.
    """
    checkpoint = read_checkpoint(name_or_path)
    source = checkpoint.source
    refuse_other_models(source, checkpoint.config)
    values = rename_weights(checkpoint.weights, source)
    _check_sizes(model, checkpoint, values)
    notes = _compare_settings(model, checkpoint)

    targets = {name: _find_weight(model, name) for name in _expected_names(model)}
    if f"{HEAD}.weight" in values:
        ours, theirs = targets[f"{HEAD}.weight"].shape, values[f"{HEAD}.weight"].shape
        if ours != theirs:
            notes.append(f"its head is for {theirs[0]} classes and yours for {ours[0]}: left out")
            values = {name: v for name, v in values.items() if not name.startswith(HEAD)}
    rows = len(targets[POSITIONS[1]])
    if len(values[POSITIONS[1]]) > rows:
        values[POSITIONS[1]] = values[POSITIONS[1]][:rows]
    owners: dict[int, str] = {}
    for name, value in values.items():
        target = targets[name]
        if target.shape != value.shape:
            raise DataProblem(
                f"{name} has shape {tuple(target.shape)} in your model and {tuple(value.shape)} in "
                f"{source}"
            )
        if owners.setdefault(id(target), name) != name:
            raise DataProblem(
                f"{owners[id(target)]} and {name} are one and the same object in your model, and "
                "BERT has two"
            )

    with torch.no_grad():
        for name, value in values.items():
            targets[name].copy_(value)
    rest = [name for name, weight in model.named_parameters() if id(weight) not in owners]
    return LoadReport(source, tuple(values), tuple(rest), tuple(notes))


def rename_weights(
    theirs: Mapping[str, Tensor], source: str = "the checkpoint"
) -> dict[str, Tensor]:
    """Return BERT's weights under the names they have in a SimplifiedBertClassifier.

    Arguments:
        theirs: a `state_dict()` of BertModel or of a model built on it.
        source: what to call it in messages.

    Segment 0 is added to the positions (see above). Pooler and head are left out if they are not
    there, and everything the exercise has no use for always. Raises DataProblem when a weight that
    every BERT has is missing.
    """
    found = {_plain_name(name): value for name, value in theirs.items()}

    def take(name: str) -> Tensor:
        if name not in found:
            raise DataProblem(f"{source} has no '{name}', so it is not a BERT")
        return found[name]

    pairs = [EMBEDDING_NORM]
    for i in range(_count_blocks(found)):
        for part, own in BLOCK_PARTS.items():
            pairs.append((f"{THEIR_BLOCKS}.{i}.{part}", f"{OUR_BLOCKS}.{i}.{own}"))
    pairs += [(name, name) for name in (POOLER, HEAD) if f"{name}.weight" in found]
    ours = {WORDS[1]: take(WORDS[0]), POSITIONS[1]: take(POSITIONS[0]) + take(SEGMENTS)[0]}
    for name, own in pairs:
        for part in ("weight", "bias"):
            ours[f"{own}.{part}"] = take(f"{name}.{part}")
    return ours


def _plain_name(name: str) -> str:
    """Return a weight's name as BertModel has it today."""
    name = name.removeprefix("bert.")
    # The first checkpoints, "bert-base-uncased" among them, keep TensorFlow's names.
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _count_blocks(plain_names: Mapping[str, Tensor]) -> int:
    depth = len(THEIR_BLOCKS.split("."))
    numbers = {
        name.split(".")[depth] for name in plain_names if name.startswith(f"{THEIR_BLOCKS}.")
    }
    return len(numbers)


def _expected_names(model: nn.Module) -> list[str]:
    """Return the names of all weights BERT has a value for, for as many blocks as `model` has."""
    parts = [EMBEDDING_NORM[1]]
    for i in range(len(_find(model, OUR_BLOCKS))):
        parts += [f"{OUR_BLOCKS}.{i}.{own}" for own in BLOCK_PARTS.values()]
    parts += [POOLER, HEAD]
    pairs = [f"{part}.{kind}" for part in parts for kind in ("weight", "bias")]
    return [WORDS[1], POSITIONS[1], *pairs]


def _find_weight(model: nn.Module, name: str) -> Tensor:
    found = _find(model, name)
    if not isinstance(found, Tensor):
        raise DataProblem(f"{name} should be a tensor in your model: it is {found!r}")
    return found


def _find(model: nn.Module, name: str) -> Any:
    """Follow a dotted name through the model; DataProblem says at which step there is nothing."""
    found: Any = model
    for step in name.split("."):
        owner = found
        found = owner[int(step)] if step.isdigit() else getattr(owner, step, None)
        if found is None:
            raise DataProblem(
                f"your {type(owner).__name__} has no attribute '{step}', and the weights of BERT "
                f"go by the exercise's names ({name})"
            )
    return found


def _check_sizes(model: nn.Module, checkpoint: Checkpoint, values: Mapping[str, Tensor]) -> None:
    blocks = _find(model, OUR_BLOCKS)
    theirs = sum(name.endswith("attn.query.weight") for name in values)
    if len(blocks) != theirs:
        raise DataProblem(
            f"your model has {len(blocks)} blocks and {checkpoint.source} has {theirs}: n_layers "
            f"has to be {theirs}"
        )
    rows, wanted = len(values[POSITIONS[1]]), len(_find_weight(model, POSITIONS[1]))
    if rows < wanted:
        raise DataProblem(
            f"{checkpoint.source} has vectors for {rows} positions only, and your model wants "
            f"{wanted}"
        )
    # No shape tells the number of heads, and with another one every logit is wrong.
    size, heads = checkpoint.config.get("hidden_size"), checkpoint.config.get("num_attention_heads")
    head_size = getattr(getattr(blocks[0], "attn", None), "head_size", None) if theirs else None
    same_size = size == _find_weight(model, WORDS[1]).shape[-1]
    if same_size and heads and head_size and head_size * heads != size:
        raise DataProblem(
            f"the heads of your model have size {head_size} and those of {checkpoint.source} "
            f"{size // heads}: n_heads has to be {heads}"
        )


def _compare_settings(model: nn.Module, checkpoint: Checkpoint) -> list[str]:
    """Return notes on settings that differ a little; DataProblem for those that differ a lot."""
    for key, ours in (("hidden_act", "gelu"), ("position_embedding_type", "absolute")):
        if checkpoint.config.get(key, ours) != ours:
            raise DataProblem(
                f"{checkpoint.source} has {key} '{checkpoint.config[key]}', and the exercise's "
                f"model '{ours}'"
            )
    theirs = checkpoint.config.get("layer_norm_eps")
    own = getattr(_find(model, EMBEDDING_NORM[1]), "eps", None)
    if theirs is None or own is None or theirs == own:
        return []
    return [f"its LayerNorm adds {theirs} to the variance and yours {own}: logits differ a little"]
