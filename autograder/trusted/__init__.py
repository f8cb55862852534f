"""The trusted side: intake, sandbox, supervision, comparison, verdict. Runs no student code.

Where to look, in the order of a grading:

    what was handed in     intake, archives, folders, notebooks, wanted, class_mentions
    the sandbox            sandbox, template_process, memory_group, workers, wires
    one submission         session, submission, loaded_layer, built, faults, outcomes, errors
    what checks hold       student, twins, promises, composites, chance, compare, seeds
    the reference's half   reference, background, parameters, matching, layouts,
                           tree_matching
    running the checks     plugin, check_session
    why a layer is wrong   diagnose, candidates, examination, draws, cross_examination, evidence,
                           locate, patterns, advice
"""
