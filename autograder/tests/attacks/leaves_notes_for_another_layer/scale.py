import contextlib
import os

for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~")):
    with contextlib.suppress(OSError):
        with open(os.path.join(folder, "left-by-attack"), "w") as stream:
            stream.write("what the checks of Scale asked")


class Scale:
    def __init__(self, width):
        raise RuntimeError("a note was left")
