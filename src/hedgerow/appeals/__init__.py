"""Appeals: kept as they come (`keeping`), the verdict explained (`explaining`), answered by a person (`answering`).

Wrong verdicts become examples (`examples`); how often verdicts are wrong says `rates`.
"""
