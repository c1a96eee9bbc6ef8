"""Parsers that are not ours, run in a child process that can answer and do nothing else.

What runs here is decided by the parser, never by the input: libraries that recurse, or that were not
written for hostile bytes, read unadmitted bytes only in a child. The child has budgets (memory, CPU
time, open files, no file writes), where the kernel offers it no file system and no system calls
beyond those of a computing process, and one pipe on which it answers in length-prefixed JSON. That
answer is untrusted and checked like a file.

    runner.py         the parent: start, feed, wait, bound, kill
    frames.py         the length-prefixed strict JSON that both sides speak
    room.py           what the child gives up before it reads the first byte of input
    child.py          the child's entry and its closed table of tasks
    fickling_task.py  a task: fickling reads a pickle stream
    yaml_task.py      a task: PyYAML's parser lists what documents consist of
    python_task.py    a task: the compiler's parser lists what a source does at import
    template_task.py  a task: Jinja's parser reads chat templates, whose trees are judged there
                      (template_parser, template_judge, template_flow, template_growth, template_steps,
                      template_names)
    decompress_task.py
                      a task: bzip2, xz, lzma, zstd and lz4, by their libraries
    seven_zip_task.py a task: py7zr unpacks a 7z archive
    rooms.py          the parent of `isolation = "all"`: a conversation with one forked child per file
    fork_server.py    the process that those children are forked from
    renderer.py       chat templates rendered: one forked child per call
    render_server.py  the process that those children are forked from
    render_task.py    what such a child does; render_data.py: how values get there
    errands.py        a scanner's errand, run in a child
    second_reader.py  what the pipeline calls: a reading, and its comparison with our own trace

This package never imports pickle or multiprocessing: an answer can hold data and nothing else.
"""
