"""Hugging Face's BertForSequenceClassification, to fine-tune, save and load again.

Runs in a notebook or a script; transformers is imported when the first model is made. Train these
models with `train(..., finetuning=True)`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from torch import nn

from data_utils.errors import DataProblem
from data_utils.weight_files import CONFIG_FILE, reach_hub, read_config, refuse_other_models

HEAD = "classifier"


def fine_tune_model(
    name_or_path: str | os.PathLike[str], n_classes: int = 2, head_only: bool = False
) -> nn.Module:
    """Return Hugging Face's BertForSequenceClassification with published weights, to be trained.

    Arguments:
        name_or_path: a name on the Hugging Face hub, downloaded once, or a local folder.
        n_classes: how many logits; a head for another number is drawn anew.
        head_only: only the `classifier` on top learns, BERT itself stays as it is: far faster, less
            accurate. Otherwise all weights learn.

    Raises DataProblem when the model cannot be had or is no BERT.
    """
    model = _load(name_or_path, num_labels=n_classes, ignore_mismatched_sizes=True)
    if head_only:
        for name, weight in model.named_parameters():
            weight.requires_grad = name.startswith(f"{HEAD}.")
    return model


def save_model(model: nn.Module, folder: str | os.PathLike[str]) -> None:
    """Save a model of `fine_tune_model` into a folder, made if need be, for `load_model`."""
    theirs: Any = model
    if not hasattr(theirs, "save_pretrained"):
        raise DataProblem(
            "save_model is for the models of fine_tune_model: your own are saved by "
            "train(..., checkpoint=...) and loaded by load_best"
        )
    if Path(folder).is_file():
        raise DataProblem(f"{folder} is a file, and a model is saved into a folder")
    theirs.save_pretrained(folder)


def load_model(folder: str | os.PathLike[str]) -> nn.Module:
    """Return the model that `save_model` saved, in eval mode and with every weight trainable.

    Raises DataProblem when there is no model in the folder.
    """
    if not (Path(folder) / CONFIG_FILE).is_file():
        raise DataProblem(f"there is no saved model in {folder}: it has no {CONFIG_FILE}")
    return _load(folder)


def _load(name_or_path: str | os.PathLike[str], **settings: Any) -> nn.Module:
    source = os.fspath(name_or_path)
    # Checked here because transformers turns any model into a BERT, with nothing but a warning.
    refuse_other_models(source, read_config(source))
    from transformers import BertForSequenceClassification

    model: Any
    try:
        try:
            # A folder, or what was downloaded before: neither takes the network.
            model = BertForSequenceClassification.from_pretrained(
                source, local_files_only=True, **settings
            )
        except OSError:
            if Path(source).is_dir():
                raise
            reach_hub(source)
            model = BertForSequenceClassification.from_pretrained(source, **settings)
    except DataProblem:
        raise
    except Exception as error:  # files may be damaged in many ways
        reason = str(error).strip().partition("\n")[0]
        raise DataProblem(f"{source} cannot be loaded as a BERT ({reason})") from error
    model.eval()
    return cast("nn.Module", model)
