"""What the tests of intake share: small limits, staging, and a refusal in one sentence."""

import json
import zipfile

import pytest

from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.intake import IntakeLimits, stage_submission

NAMES, FILES = ("Scale", "Stack"), ("scale.py", "stack.py")
CLASS = "class Scale:\n    pass\n"
SMALL = IntakeLimits(source_mib_max=0.1, notebook_mib_max=0.2, total_mib_max=0.3, files_max=20)


def stage(path, limits=SMALL):
    return stage_submission(path, NAMES, FILES, limits)


def refuse(path, limits=SMALL):
    with pytest.raises(UngradableSubmission) as refusal:
        stage(path, limits)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    return sentence


def write_zip(path, entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return path


def notebook(*cells):
    return json.dumps({"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4})


def paths(staged):
    return sorted(file.path for file in staged.files)
