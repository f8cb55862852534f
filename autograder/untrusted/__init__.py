"""The untrusted side: runs inside the sandbox, next to student code.

Imports the standard library, torch, ``autograder.boundary`` and its own modules, nothing else.
Whatever it returns is a claim by the student, checked again on the trusted side.
"""
