"""The written specification, derived from the declarations.

``pages`` writes the manual page of a command, ``data`` the machine-readable form of a whole dialect, ``witnessed`` reads
the exchanges that others made, ``derive`` puts the files where they belong and can tell whether they are fresh.

What is derived is never edited; what is witnessed (``protocol-spec/*/vectors``, the prose) is never generated.
"""
