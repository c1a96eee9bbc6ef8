"""Sans-IO parsers: a bounded view in, a frozen record or a FormatError out.

No file, no network, no process and no opinion here. The records are what scanners describe, and
what the resolver builds objects from: one parser judges and loads.
"""
