"""Find and read the files of a published model: a folder on this machine, or a name on the hub.

Runs anywhere; only a name on the hub needs the network, and only the first time. Weights come as
plain tensors, either from safetensors files or from torch's older .bin files, the latter with
`weights_only=True`: neither can run code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data_utils.errors import DataProblem

# In this order; an index lists the files of a model that is cut into several.
WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
CONFIG_FILE = "config.json"

# How long an unreachable hub may keep us waiting.
HUB_TIMEOUT_S = 10.0

# Returns the path of a file of the model, or None if the model has no such file.
Finder = Callable[[str], Path | None]


@dataclass(frozen=True)
class Checkpoint:
    """A published model's tensors by name, and its settings ({} when it came without)."""

    source: str
    weights: dict[str, Tensor]
    config: dict[str, Any]


def read_checkpoint(name_or_path: str | os.PathLike[str]) -> Checkpoint:
    """Read a model from a folder, or from the Hugging Face hub by its name.

    Raises DataProblem when there is no such model, its files hold no weights, or, after about
    HUB_TIMEOUT_S, when the hub cannot be reached and the model was not downloaded before.
    """
    source = os.fspath(name_or_path)
    for find in _choose_finders(source):
        for name in WEIGHT_FILES:
            path = find(name)
            parts = [] if path is None else _list_parts(path, find)
            if not parts:
                continue
            weights: dict[str, Tensor] = {}
            for part in parts:
                weights.update(_read_tensors(part))
            config_path = find(CONFIG_FILE)
            return Checkpoint(source, weights, _read_json(config_path) if config_path else {})
    raise DataProblem(
        f"{source} has no weights: none of {', '.join(WEIGHT_FILES)} is there, with all its parts"
    )


def read_config(name_or_path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a model's settings. Raises DataProblem as `read_checkpoint` does."""
    source = os.fspath(name_or_path)
    for find in _choose_finders(source):
        path = find(CONFIG_FILE)
        if path is not None:
            return _read_json(path)
    raise DataProblem(f"{source} has no {CONFIG_FILE}, so it is no model of Hugging Face's")


def refuse_other_models(source: str, config: Mapping[str, Any]) -> None:
    """Raise DataProblem if the settings tell of another model than BERT."""
    kind = config.get("model_type", "bert")
    if kind != "bert":
        raise DataProblem(f"{source} is a model of type '{kind}' and not a BERT")


def _choose_finders(source: str) -> list[Finder]:
    if Path(source).is_dir():
        return [_look_in_folder(Path(source))]
    if Path(source).is_file():
        raise DataProblem(f"{source} is a file: give the folder it is in")
    # A name on the hub is "model" or "owner/model"; anything else was meant as a path.
    if source.startswith((".", "/", "~")) or source.count("/") > 1 or "\\" in source:
        raise DataProblem(f"there is no folder {source}")
    # What was downloaded before is enough, be it the less wanted kind of file: no network.
    return [_look_in_cache(source), _look_on_hub(source)]


def reach_hub(source: str, name: str = CONFIG_FILE) -> bool:
    """Return whether the hub's model `source` has a file `name`.

    Asks once, without the retries of the libraries, which take minutes. Raises DataProblem when
    there is no such model, and after about HUB_TIMEOUT_S when the hub cannot be reached.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    try:
        get_hf_file_metadata(hf_hub_url(source, name), timeout=HUB_TIMEOUT_S)
    except EntryNotFoundError:
        return False
    except RepositoryNotFoundError as error:
        raise DataProblem(
            f"{source} is neither a folder nor the name of a public model on the Hugging Face hub"
        ) from error
    except Exception as error:  # which ones a hub client raises changes with its releases
        raise DataProblem(
            f"{source} is not on this machine and the Hugging Face hub cannot be reached: connect "
            "to the internet once, or give the path of a folder with the model"
        ) from error
    return True


def _look_in_folder(folder: Path) -> Finder:
    def find(name: str) -> Path | None:
        return folder / name if (folder / name).is_file() else None

    return find


def _look_in_cache(source: str) -> Finder:
    from huggingface_hub import try_to_load_from_cache

    def find(name: str) -> Path | None:
        try:
            path = try_to_load_from_cache(source, name)
        except ValueError as error:
            raise DataProblem(f"{source!r} is neither a folder nor a model's name") from error
        # Besides a path and None there is a mark for files known not to exist.
        return Path(path) if isinstance(path, str) else None

    return find


def _look_on_hub(source: str) -> Finder:
    from huggingface_hub import hf_hub_download

    def find(name: str) -> Path | None:
        if not reach_hub(source, name):
            return None
        try:
            return Path(hf_hub_download(source, name))
        except Exception as error:  # as above
            raise DataProblem(f"{name} of {source} could not be downloaded ({error})") from error

    return find


def _list_parts(path: Path, find: Finder) -> list[Path]:
    """Return the file itself, or all files that an index lists, or none if one of them is gone."""
    if path.suffix != ".json":
        return [path]
    names = sorted(set(_read_json(path).get("weight_map", {}).values()))
    # A name is that of a file beside the index; a path could lead anywhere.
    found = [find(name) if name == Path(name).name else None for name in names]
    return [] if None in found else [part for part in found if part is not None]


def _read_tensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are no pickle end in errors of every kind
        raise DataProblem(f"{path} cannot be read: it is damaged, or no file of weights") from error
    if not isinstance(content, dict):
        raise DataProblem(f"{path} holds a {type(content).__name__} and no weights by name")
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataProblem(f"{path} cannot be read as JSON") from error
    if not isinstance(content, dict):
        raise DataProblem(f"{path} should hold a JSON object")
    return content
