"""What is derived for readers: the dialects from their files, the life of a link from its tables, what
operators need from the modules that do it.

``python -m switch.spec.derive`` writes ``protocol-spec/iso8583`` and ``protocol-spec/switch``; ``python -m
switch.spec.acceptance`` writes ``protocol-spec/acceptance.md``, which row of what is wanted is shown by which tests.
"""
