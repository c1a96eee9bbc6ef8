"""TOML text -> Policy -> Decision. Says what to do about a finding; never what is true.

    schema.parse_policy    text of one policy -> Policy, or PolicyInvalid with every problem
    combine.resolve        texts of all policies that apply -> the strictest of them
    engine.decide          Policy, findings, coverage and evidence -> Decision

No file is read here: `sources.policy_files` finds the texts.
"""
