"""Become the template: enter namespaces if asked to, set the import path, import torch, serve.

Runs as the first code in the sandbox: ``python -I -S -B bootstrap.py JSON``. Standard library
only until the sandbox stands.
"""

import json
import sys


def main(text: str) -> None:
    """Carry out the plan the trusted side made (``autograder.trusted.sandbox``)."""
    plan = json.loads(text)
    control_fd = int(plan["control_fd"])
    sys.path[:] = plan["sys_path"]
    if plan["unshare"]:
        from autograder.untrusted import linux, namespaces

        namespaces.leave_namespaces()
        namespaces.become_init(control_fd)
        namespaces.build_root(
            plan["visible"], plan["hidden"], plan["devices"], plan["scratch"], plan["scratch_mib"]
        )
        linux.drop_privileges()
    from autograder.untrusted import template

    template.main(control_fd)


if __name__ == "__main__":
    main(sys.argv[1])
