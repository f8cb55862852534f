"""Become the template: enter namespaces if asked to, set the import path, import torch, serve.

Runs as the first code in the sandbox: ``python -I -S -B bootstrap.py JSON``. Standard library
only until the sandbox stands.
"""

import json
import os
import socket
import sys


def main(text: str) -> None:
    """Carry out the plan the trusted side made (``autograder.trusted.sandbox``)."""
    plan = json.loads(text)
    control_fd = int(plan["control_fd"])
    sys.path[:] = plan["sys_path"]
    if sys.platform == "linux":
        _end_with_the_grader(control_fd)
    if plan["unshare"]:
        from autograder.untrusted import linux, namespaces

        namespaces.leave_namespaces()
        namespaces.become_init(control_fd)
        namespaces.build_root(
            plan["visible"], plan["hidden"], plan["devices"], plan["scratch"], plan["scratch_mib"]
        )
        linux.drop_privileges()
    from autograder.untrusted import template

    template.main(control_fd, trains=plan["trains"])


def _end_with_the_grader(control_fd: int) -> None:
    """Do not outlive whoever started this, not even while torch is imported and nobody listens."""
    from autograder.untrusted.linux import die_with_parent

    die_with_parent()
    # It may have died before that was asked for.
    with socket.socket(fileno=os.dup(control_fd)) as control:
        try:
            gone = not control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            gone = False
    if gone:
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
