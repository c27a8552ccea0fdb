"""What one switch is told in its file: one TOML file, read strictly, into frozen values.

Each module's docstring shows the tables that it reads, with their usual values; ``protocol-spec/switch/configuration.md``
is made of them.  Whatever means nothing is refused with the file, the line, the field and what was expected there.

* ``switchfile``: the file as a whole, and what concerns the process;
* ``hsms``: the appliances; ``partners``: what was agreed with whoever is at the end of a link;
* ``tables``: the files that the operator changes while the switch runs: prefixes, services, response codes.

The links themselves are read by ``switch.link.config``, keys and terminals by ``switch.keys.config``, the issuer by
``switch.issuer.config``, the rules of store-and-forward by ``switch.saf.rules``.
"""
