"""The worker as a plain child process, for systems without Linux's namespaces.

Runs next to student code with the limits the system offers. Speaks over its standard input and
output, which it takes away from student code first. It cannot keep student code from reading
files of the user's; the report says so.
"""

import os
import sys


def main(cpu_s: int, memory_mib: int) -> None:
    """Serve one submission until the grader closes the pipe."""
    reader = os.fdopen(os.dup(0), "rb")
    writer = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    folder = os.path.dirname(os.path.abspath(__file__))
    project = os.path.dirname(os.path.dirname(folder))
    sys.path = [entry for entry in sys.path if os.path.abspath(entry or ".") != folder]
    sys.path.insert(0, project)
    from autograder.untrusted import worker
    from autograder.untrusted.warm_up import warm_up

    sys.path = [entry for entry in sys.path if os.path.abspath(entry or ".") != project]
    warm_up(trains=False)  # whoever trains waits for it: others start sooner
    _limit_resources(cpu_s, memory_mib)
    worker.serve(worker.FileWire(reader, writer))


def _limit_resources(cpu_s: int, memory_mib: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no rlimits
        return
    wanted = {"RLIMIT_CPU": cpu_s, "RLIMIT_CORE": 0, "RLIMIT_DATA": memory_mib * 2**20 * 2}
    for name, value in wanted.items():
        try:
            number = getattr(resource, name)
            _, hard = resource.getrlimit(number)
            ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (ceiling, hard))
        except (AttributeError, ValueError, OSError):
            continue


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
