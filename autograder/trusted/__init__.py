"""The trusted side: intake, sandbox, supervision, comparison, verdict. Runs no student code."""
