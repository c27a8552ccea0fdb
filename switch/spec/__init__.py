"""What is derived from the dialects' files for readers.

``python -m switch.spec.derive`` writes ``protocol-spec/iso8583``.
"""
