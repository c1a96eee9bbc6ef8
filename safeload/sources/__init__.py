"""Where bytes come from: the only code that opens a checkpoint's files.

A source lists its files as a Manifest and hands out one blob per file. What a blob has returned once
it returns again, and its digest is the digest of exactly that content.
"""
